"""`python -m tests.hostile [--full] [--seed N]`: mutate every fixture, and count what happens."""

import argparse
import logging
import sys
import time

from tests.hostile.apart import attack_apart
from tests.hostile.fixtures import KINDS
from tests.hostile.mutations import MUTATIONS, SLICE


def main() -> int:
    """Print tried, refused, read and wrong; 1 if anything was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile")
    parser.add_argument("--full", action="store_true", help=f"{MUTATIONS} mutations of each file")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", choices=list(KINDS), action="append")
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    began, wrong = time.monotonic(), 0
    logging.disable(logging.WARNING)
    for kind in args.kind or KINDS:
        count = MUTATIONS if args.full else SLICE
        outcome = attack_apart(kind, count, seed=args.seed, at_once=args.processes)
        wrong += len(outcome.wrong)
        sys.stdout.write(f"{kind:12} {outcome}\n")
        for line in outcome.wrong[:5]:
            sys.stdout.write(f"  {line}\n")
        sys.stdout.flush()
    sys.stdout.write(f"wrong = {wrong}, {time.monotonic() - began:.0f} s\n")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
