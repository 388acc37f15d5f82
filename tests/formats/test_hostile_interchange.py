"""Hostile files of other programs: one line that names the place, no hang, no great memory."""

import json
import pathlib
import sys

import pytest

from wanmove_core.errors import TrackFormatError
from wanmove_core.formats import read_tracks

from .limits import check_message, check_seconds, run_under_limits

CORPUS = pathlib.Path(__file__).parents[1] / "fixtures" / "hostile_interchange"
EXPECTED = json.loads((CORPUS / "expected.json").read_text())
SVG = "<svg xmlns='http://www.w3.org/2000/svg'>"
KEYFRAMES = (
    "Adobe After Effects 8.0 Keyframe Data\n\nTransform\tPosition\n\tFrame\tX pixels\tY pixels\n"
)
MARKER = '{"frame":1,"co":[0.5,0.5]},'


def large_cases():
    """Files too large to keep: their text, and what the refusal says."""
    laughs = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 50}'>" for n in range(1, 9_000))
    return {
        "laughs.svg": (f"<!DOCTYPE svg [<!ENTITY l0 'ha'>{laughs}]>{SVG}", "entities"),
        "deep.svg": (SVG + "<g>" * 900_000, "128 deep"),
        "wide.svg": (SVG + "<g/>" * 300_000, "200000 elements"),
        "moves.svg": (f"{SVG}<path d='{'M0 0' * 490_000}'/></svg>", "100000 commands"),
        "closes.svg": (f"{SVG}<path d='M0 0{'z' * 1_900_000}'/></svg>", "100000 commands"),
        "spaces.svg": (f"{SVG}<path d='M0 0{' ' * 1_900_000}x'/></svg>", "character 190000"),
        "path.svg": (f"{SVG}<path d='M0 0{'l1 1' * 600_000}'/></svg>", "2000000 characters"),
        "paths.svg": (SVG + "<path d='M0 0h9'/>" * 90_000, "10000 paths"),
        "transforms.svg": (f"{SVG}<g transform='{'scale(1)' * 300_000}'/></svg>", "characters"),
        "points.svg": (f"{SVG}<polygon points='{'0 0 ' * 480_000}'/></svg>", "segments"),
        "many_points.svg": (f"{SVG}<polygon points='{'0 0 ' * 600_000}'/></svg>", "characters"),
        "attributes.svg": (SVG + "<g " + "".join(f"a{n}='' " for n in range(99_999)), "XML"),
        "digits.svg": (f"{SVG}<path d='M0 {'7' * 1_900_000}'/></svg>", "a number within"),
        "lines.ae.txt": (KEYFRAMES + "Transform\tX\n" * 500_000, "400000 lines"),
        "one_line.ae.txt": (KEYFRAMES + "\t1" * 2_000_000, "End of Keyframe Data"),
        "digits.ae.txt": (KEYFRAMES + "\t1\t5\t" + "7" * 3_000_000, "y must be a number"),
        "properties.ae.txt": (KEYFRAMES + "T\tX\n" * 390_000, "End of Keyframe Data"),
        "deep.nk": ("Tracker4 {" * 500_000, "levels deep"),
        "words.nk": ("Tracker4 {\n" + "a " * 1_100_000, "1000000 words"),
        "nodes.nk": ("Tracker4 { a b }\n" * 400_000, "1000000 words"),
        "quote.nk": ('Tracker4 {\n "' + "a" * 6_000_000, "close every brace"),
        "backslashes.nk": ('Tracker4 {\n "' + "\\" * 6_000_000, "close every brace"),
        "spaces.nk": ("Tracker4 {\n" + " " * 6_000_000, "close every brace"),
        "keys.nk": ("Tracker3 { track1 {{curve x1" + " 1.5" * 900_000 + "} {2}} }", "Nuke counts"),
        "markers.blender.json": (
            '{"tracks":[{"markers":[' + MARKER * 450_000 + MARKER[:-1] + "]}]}", "100000 markers"
        ),
        "tracks.blender.json": (
            '{"tracks":[' + '{"markers":[]},' * 450_000 + '{"markers":[]}]}', "10000 tracks"
        ),
        "rows.csv": ("1,5,6\n" * 200_000, "100000 lines"),
        "row.csv": ("1,5,6\n2,5," + "7" * 900_000, "frame 2: y"),
    }  # fmt: skip


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs RLIMIT_AS and /proc")
def test_both_corpora_within_one_gibibyte(tmp_path):
    large = large_cases()
    for name, (text, _) in large.items():
        (tmp_path / name).write_text(text)
    sources = [CORPUS / name for name in EXPECTED] + [tmp_path / name for name in large]
    assert len(sources) > 100
    for source, outcome in zip(sources, run_under_limits(sources), strict=True):
        fragment = EXPECTED.get(source.name) or large[source.name][1]
        assert outcome["outcome"].startswith("refused: "), (source.name, outcome["outcome"])
        check_message(outcome["outcome"].removeprefix("refused: "), source.name, fragment)
        check_seconds(outcome)


@pytest.mark.parametrize("name", EXPECTED)
def test_each_file_is_refused_with_its_place(name):
    with pytest.raises(TrackFormatError) as caught:
        read_tracks(CORPUS / name)
    assert type(caught.value) is TrackFormatError
    check_message(str(caught.value), name, EXPECTED[name])
