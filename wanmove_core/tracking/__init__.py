"""Points followed through a video."""
