"""Did the motion go where it was asked to: end-point error, PSNR, SSIM."""
