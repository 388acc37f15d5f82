"""The verbs of `wanmove bench`."""
