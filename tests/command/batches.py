"""Batches of small videos."""

import json

from tests.generation.small_parts import PROMPT
from wanmove_core.command import main as cli

SMALL = ["--size", "64x48", "--frames", "5", "--steps", "1", "--guidance-scale", "1"]


def run(folder, entries, *more):
    text = "\n".join(e if isinstance(e, str) else json.dumps(e) for e in entries)
    (folder / "jobs.jsonl").write_text(text, encoding="utf-8")
    batch = ["--batch", str(folder / "jobs.jsonl"), "--checkpoint", "some.safetensors"]
    return cli.main(["generate", *batch, *SMALL, *more])


def entry(out, **more):
    return {
        "image": "start.png",
        "tracks": ["cat_tracks.npy"],
        "prompt": PROMPT,
        "out": out,
        **more,
    }
