"""Tracks of a scene that a moving camera sees."""
