"""Tracks of a region of the picture that moves, turns or bends."""
