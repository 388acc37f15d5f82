"""Read every file named on stdin with 1 GiB of address space to spare; report as JSON lines.

Run as a program by test_hostile.py, so that a crash, a hang or a huge allocation ends this
process and not the test run.
"""

import json
import pathlib
import resource
import sys
import time

from wanmove_core.errors import TrackFormatError
from wanmove_core.formats import read_tracks

SPARE_BYTES = 2**30


def address_space() -> int:
    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()


def main() -> None:
    # Torch starts its threads and pools at the first use; that is not the reader's memory.
    read_tracks('[[{"x": 1, "y": 2}], [{"x": 1, "y": 2}, {"x": 3, "y": 4}]]', num_frames=9)
    limit = address_space() + SPARE_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    for line in sys.stdin:
        source = json.loads(line)
        began = time.process_time()
        try:
            tracks = read_tracks(source)
            outcome = f"read {list(tracks.positions.shape)}"
        except TrackFormatError as error:
            outcome = f"refused: {error}"
        # Everything else ends the process: it is what the corpus is there to find.
        seconds = time.process_time() - began
        report = {"source": source, "outcome": outcome, "seconds": seconds}
        sys.stdout.write(json.dumps(report) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
