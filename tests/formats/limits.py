"""What every refusal must look like, and a process with little memory to provoke it in."""

import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[2]
MAX_SECONDS = 2.0


def check_message(message, name, fragment):
    assert "\n" not in message
    assert message.isprintable()
    assert len(message) < 500
    assert name in message, message
    assert " must " in message and "; got " in message, message
    assert message.endswith("."), message
    assert fragment in message, message


def run_under_limits(sources):
    """Outcomes of reading in another process with 1 GiB to spare; it must survive them all."""
    done = subprocess.run(
        [sys.executable, str(pathlib.Path(__file__).with_name("read_under_limits.py"))],
        input="".join(json.dumps(str(source)) + "\n" for source in sources),
        capture_output=True, text=True, timeout=240, cwd=ROOT, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    outcomes = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, f"after {outcomes[-1:]}: {done.stderr[-2000:]}"
    assert len(outcomes) == len(sources)
    return outcomes


def check_seconds(outcome):
    """A busy machine costs CPU seconds too: the least of three tries must be short."""
    source, seconds = outcome["source"], [outcome["seconds"]]
    while seconds[-1] >= MAX_SECONDS and len(seconds) < 3:
        seconds += [again["seconds"] for again in run_under_limits([source])]
    assert min(seconds) < MAX_SECONDS, (source, seconds)
