"""Start image to video for the VAE to conditioning latent, by the shortest exact way."""
