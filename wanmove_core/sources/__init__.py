"""Where tracks come from besides drawing: cameras, regions, other videos, rotations."""
