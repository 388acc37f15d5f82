"""JSON that our own commands write and read again, damaged or written by others."""

import argparse
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from wanmove_core.bench.page import report_page
from wanmove_core.bench.run_folder import RunFolder
from wanmove_core.bench.summary import load_run, summarise
from wanmove_core.bench.tables import format_csv, format_tables
from wanmove_core.bench.vote import count_votes, format_votes, write_vote
from wanmove_core.command.batch import read_batch
from wanmove_core.command.main import make_parser
from wanmove_core.draw_page.session import DrawSession
from wanmove_core.errors import WanMoveError
from wanmove_core.generation.speed import read_ratios
from wanmove_core.sources.camera.pose_files import parse_poses
from wanmove_core.train.cache import VERSION, Cache

Fixture = tuple[Path, Callable[[Path], object]]
_PROTOCOL = {"name": "wanmove", "version": 1, "frames": None, "size": None}


def own_files(made: Path) -> Iterator[Fixture]:
    """Files of a benchmark's run, votes, a cache, ratios, an autosave, poses and a batch."""
    run = RunFolder(made / "run")
    facts = {"protocol": _PROTOCOL, "weights": {"track": "wanmove 2"}, "seed": 3}
    dataset = {"kind": "folder", "name": "video", "variant": ""}
    run.open({**facts, "asked": ["a", "b"], "dataset": dataset})
    for position, name in enumerate("ab"):
        run.write_record("scores", name, _score(name, position) | facts)
    yield made / "run" / "run.json", _reader(made, "run.json")
    yield made / "run" / "scores" / "a.json", _reader(made, "scores/a.json")
    yield from _votes(made)
    clip = {"name": "a#0", "shard": "a.safetensors", "caption": "x"}
    size = {"width": 96, "height": 64, "frames": 17}
    cache = {"version": VERSION, **size, "made_from": {}, "clips": [clip]}
    yield _json(made / "cache.json", cache, _read_cache)
    yield _json(made / "ratios.json", {"mag_ratios": [1.0, 0.9, 1.1]}, read_ratios)
    head = {"version": 1, "width": 96, "height": 64, "fps": 16, "frames": 17, "tracks": []}
    work = {"document": json.dumps(head), "prompt": "a", "seed": 3}
    Image.new("RGB", (96, 64)).save(made / "start.png")
    yield _json(made / "autosave.json", work, _autosave(made))
    unit = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0.5]]
    poses = {"w2c": [unit, unit], "K": [[9, 0, 4], [0, 9, 4], [0, 0, 1]], "width": 8, "height": 8}
    yield _json(made / "poses.json", poses, lambda path: parse_poses(_text(path)))
    line = {"image": "a.png", "prompt": "p", "out": "a.mp4", "size": [64, 48], "seed": 3}
    (made / "batch.jsonl").write_text(json.dumps(line) + "\n" + json.dumps(line) + "\n")
    yield made / "batch.jsonl", _read_batch


def _score(name: str, position: int) -> dict[str, Any]:
    return {
        "id": name,
        "position": position,
        "group": "g",
        "caption": "a ball",
        "frames": 17,
        "figures": {"psnr": 30.0, "track_epe": 2.5},
        "points": 7,
        "missing": {"fid": "none"},
        "size": [96, 64],
        "features": {},
        "pictures": {"strip": f"strips/{name}.jpg"},
        "per_track": [{"track": 0, "mean": 1.5, "worst_frame": 3}],
    }


def _json(path: Path, value: Any, read: Callable[[Path], object]) -> Fixture:
    path.write_text(json.dumps(value), encoding="utf-8")
    return path, read


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace")


def _reader(made: Path, part: str) -> Callable[[Path], None]:
    """Put the mutated file into a copy of the run; read and show all of it."""
    copy = made / f"copy_of_{part.replace('/', '_')}"
    shutil.copytree(made / "run", copy)

    def read(path: Path) -> None:
        shutil.copy(path, copy / part)
        run = load_run([copy])
        summaries = [summarise(run)]
        format_tables(summaries)
        format_csv(summaries)
        report_page([run], summaries, made / "report.html")

    return read


def _votes(made: Path) -> Iterator[Fixture]:
    for folder in ("one", "two"):
        (made / folder).mkdir()
        (made / folder / "a.mp4").write_bytes(b"video")
    _, key = write_vote(made / "one", made / "two", made / "vote.html")
    vote = {"question": "motion", "choice": "left", "pair": 0}
    digest = json.loads(key.read_text(encoding="utf-8"))["digest"]
    votes = made / "votes.json"
    votes.write_text(
        json.dumps({"kind": "wanmove votes", "digest": digest, "votes": [vote]}), encoding="utf-8"
    )
    yield key, lambda path: format_votes(count_votes(path, [votes]))
    yield votes, lambda path: format_votes(count_votes(key, [path]))


def _read_cache(path: Path) -> None:
    folder = path.parent / "cache"
    folder.mkdir(exist_ok=True)
    shutil.copy(path, folder / "cache.json")
    _ = [clip["name"] for clip in Cache(folder).facts.clips]


def _autosave(made: Path) -> Callable[[Path], None]:
    def read(path: Path) -> None:
        """A damaged one is told in the log and left alone."""
        out = path.with_name("out.npy")
        shutil.copy(path, out.with_suffix(".autosave.json"))
        session = DrawSession(made / "start.png", out)
        if session.saved:
            raise WanMoveError("left alone")

    return read


def _read_batch(path: Path) -> None:
    args: argparse.Namespace = make_parser().parse_args(["generate", "--batch", str(path)])
    errors = [line.error for line in read_batch(path, args) if line.error is not None]
    if errors:
        raise errors[0]
