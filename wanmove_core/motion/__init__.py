"""Tracks to tracks: length, frame, joined, transformed, animated; and the curves of paths."""
