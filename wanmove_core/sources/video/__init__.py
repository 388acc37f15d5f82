"""Tracks from the motion of another video."""
