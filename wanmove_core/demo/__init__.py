"""`wanmove demo`: the whole path on a small model, and a page that shows it."""
