"""Tracks and an encoded start image to a guided latent, with a report and a lint."""
