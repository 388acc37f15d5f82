"""Training: latents cached from clips, Wan-Move's recipe, and a loop that resumes exactly."""
