"""The motion editor as a local page: `wanmove draw`."""
