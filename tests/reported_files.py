"""Track files that people reported elsewhere: what each must become at every entrance."""

from pathlib import Path

REPORTED = Path(__file__).parent / "fixtures" / "reported"
# Tracks, frames, a position (frame, track, x, y), and a word of what is said.
READ = {
    "ae30.txt": (1, 81, (3, 0, 5, 20), "30"),
    "ae_powerpin.txt": (4, 24, (1, 0, 22, 11), "24"),
    "bgrect.svg": (1, 81, (80, 0, 50, 50), ""),
    "csv_from1001.csv": (1, 2, (1, 0, 12, 22), ""),
    "kj_norm.json": (1, 2, (0, 0, 0.5, 0.25), "normalized"),
}
REFUSED = {
    "single_track.txt": "line 1 must be a header or row",  # MoveBench's captions
    "b_ls.jsonl": "must be complete JSON",  # a batch
}
