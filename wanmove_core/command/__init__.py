"""The `wanmove` command: the only place with argparse."""
