"""`python -m wanmove_core`: the `wanmove` command where scripts are not on the path."""

import sys

from .command.main import main

sys.exit(main())
