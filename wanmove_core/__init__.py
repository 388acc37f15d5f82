"""Tracks and latents: the tensor library behind the Wan-Move nodes and command line."""
