"""Pictures of tracks and of what guidance makes of them."""
