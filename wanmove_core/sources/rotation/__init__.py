"""Tracks of an object that turns in space."""
