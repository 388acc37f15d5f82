"""Blind pairs for people to judge: two alternatives, sides shuffled, votes counted with intervals.

The page does not name the runs: the videos are copied under numbers, and a separate key file tells
which is which. Source: the human study (2AFC) of Wan-Move's paper.
"""

import hashlib
import json
import random
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import MediaError, OptionError, printable
from ..media.writer import replacing
from .datasets import videos_in
from .intervals import share_interval
from .page_style import STYLE
from .run_folder import read_json, write_json

QUESTIONS = {
    "motion": "Which one moves better?",
    "picture": "Which one looks better?",
}
_SIDES = ("left", "right")
_MOST_VOTES = 1_000_000


def write_vote(
    first: Path, second: Path, page: Path, *, seed: int = 0, limit: int | None = None
) -> tuple[int, Path]:
    """Write a page of blind pairs, its videos beside it, and the key.

    Args:
        first, second: folders of videos, or of runs with a videos/ inside.
        page: the .html to write; its videos go into STEM_videos/, the key into STEM_key.json.
        seed: of the order and of the sides.
        limit: how many pairs at most.

    Returns:
        How many pairs there are, and the key.

    Raises:
        OptionError: one folder twice, or no video that both have.
        MediaError: a folder that is not there or cannot be written to.
    """
    folders = [_videos_of(path) for path in (first, second)]
    if folders[0].resolve() == folders[1].resolve():
        raise OptionError(f"the two folders must differ; got {first} twice. Name another run.")
    names = [set(videos_in(folder)) for folder in folders]
    shared = sorted(names[0] & names[1])
    if not shared:
        raise OptionError(
            f"{first} and {second} must share a video's name; got none. Compare runs of one "
            "data set."
        )
    shuffle = random.Random(seed)
    shuffle.shuffle(shared)
    shared = shared[:limit]
    videos = page.with_name(f"{page.stem}_videos")
    pairs = []
    for number, name in enumerate(shared):
        order = [0, 1]
        shuffle.shuffle(order)
        for side, which in zip(_SIDES, order, strict=True):
            _copy(folders[which] / f"{name}.mp4", videos / f"{number:04d}_{side}.mp4")
        pairs.append({"id": name, **dict(zip(_SIDES, order, strict=True))})
    key = {"kind": "wanmove vote key", "runs": [_name(first), _name(second)], "pairs": pairs}
    key["digest"] = _digest(key)
    place = page.with_name(f"{page.stem}_key.json")
    write_json(place, key)
    with replacing(page) as temporary:
        temporary.write_text(_page(len(pairs), str(key["digest"]), videos.name), encoding="utf-8")
    return len(pairs), place


def count_votes(key_file: Path, vote_files: Sequence[Path]) -> dict[str, Any]:
    """Count votes that the page saved.

    Returns:
        `runs`, and per question `wins` of each run, `votes`, and of the first run's share of them
        `rate` with its 95 % interval `low`, `high`.

    Raises:
        MediaError: a file that is not what the page and `write_vote` write.
        OptionError: votes for another page.
    """
    key = _read(key_file, "wanmove vote key", {"runs", "pairs", "digest"})
    if key["digest"] != _digest({name: key[name] for name in key if name != "digest"}):
        raise _not_ours(key_file, "wanmove vote key")
    wins = {question: [0, 0] for question in QUESTIONS}
    for path in vote_files:
        given = _read(path, "wanmove votes", {"votes", "digest"})
        if given["digest"] != key["digest"]:
            raise OptionError(
                f"{path} must be of the page of {key_file}; got votes of another one. "
                "Name that page's key."
            )
        for vote in _votes(given, len(key["pairs"]), path):
            wins[vote["question"]][key["pairs"][vote["pair"]][vote["choice"]]] += 1
    result: dict[str, Any] = {"runs": key["runs"], "questions": {}}
    for question, (mine, others) in wins.items():
        votes = mine + others
        low, high = share_interval(mine, votes)
        result["questions"][question] = {
            "wins": [mine, others],
            "votes": votes,
            "rate": mine / votes if votes else None,
            "low": low,
            "high": high,
        }
    return result


def format_votes(result: dict[str, Any]) -> str:
    """The count as people read it."""
    first, second = result["runs"]
    lines = []
    for question, count in result["questions"].items():
        rate = "-" if count["rate"] is None else f"{count['rate']:.1%}"
        lines.append(
            f"{question:8s} {first} wins {rate} [{count['low']:.1%}, {count['high']:.1%}] "
            f"of {count['votes']} votes against {second}"
        )
    return "\n".join(lines) + "\n"


def _votes(document: dict[str, Any], pairs: int, path: Path) -> list[dict[str, Any]]:
    votes = document["votes"]
    if not isinstance(votes, list) or len(votes) > _MOST_VOTES:
        raise _not_ours(path, "wanmove votes")
    for vote in votes:
        good = (
            isinstance(vote, dict)
            and vote.get("question") in list(QUESTIONS)
            and vote.get("choice") in _SIDES
            and isinstance(vote.get("pair"), int)
            and 0 <= vote["pair"] < pairs
        )
        if not good:
            raise _not_ours(path, "wanmove votes")
    return votes


def _read(path: Path, kind: str, keys: set[str]) -> dict[str, Any]:
    document = read_json(path)
    if document is None or document.get("kind") != kind or not keys <= document.keys():
        raise _not_ours(path, kind)
    return document


def _not_ours(path: Path, kind: str) -> MediaError:
    got = "another or a damaged file" if path.exists() else "no such file"
    return MediaError(f"{path} must be the JSON of {kind}; got {got}. Check the path.")


def _videos_of(path: Path) -> Path:
    if not path.is_dir():
        raise MediaError(f"{path} must be a folder of videos; got none there. Check the path.")
    return path / "videos" if (path / "videos").is_dir() else path


def _name(path: Path) -> str:
    return printable(path.absolute().name)


def _copy(source: Path, target: Path) -> None:
    with replacing(target) as temporary:
        shutil.copyfile(source, temporary)


def _digest(key: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:16]


def _page(pairs: int, digest: str, videos: str) -> str:
    text = (Path(__file__).parent / "vote.html").read_text(encoding="utf-8")
    data = json.dumps({"pairs": pairs, "digest": digest, "videos": videos, "questions": QUESTIONS})
    return text.replace("/*STYLE*/", STYLE).replace("/*DATA*/null", data.replace("<", "\\u003c"))
