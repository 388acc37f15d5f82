"""Input that must be refused: one line that names the place, no hang, crash, or great memory."""

import json
import os
import pathlib
import sys

import numpy as np
import pytest

from wanmove_core.errors import TrackFormatError
from wanmove_core.formats import ReadOptions, parse_tracks, read_tracks

from .limits import check_message, check_seconds, run_under_limits

ROOT = pathlib.Path(__file__).parents[2]
CORPUS = ROOT / "tests" / "fixtures" / "hostile_tracks"
EXPECTED = json.loads((CORPUS / "expected.json").read_text())
REFUSED = [name for name, fragment in EXPECTED.items() if not name.endswith("_visibility.npy")]
CANARY = pathlib.Path("/tmp/wanmove-was-unpickled")


def fragment_of(name):
    pair = name.replace("_tracks.npy", "_visibility.npy")
    return EXPECTED[name] or EXPECTED[pair]


def large_cases(folder):
    """Files too large to keep: what a name leads to, and what the refusal says."""

    def text(name, content):
        (folder / name).write_text(content)

    header = "{'descr': '|i1', 'fortran_order': False, 'shape': (81, 300000, 2), }".ljust(117)
    npy = b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little") + header.encode() + b"\n"
    with (folder / "many_points.npy").open("wb") as file:
        file.write(npy)
        file.truncate(len(npy) + 81 * 300_000 * 2)
    with (folder / "huge_file.npy").open("wb") as file:
        file.write(npy)
        file.truncate(300 * 2**20)
    with (folder / "huge_zeros.json").open("wb") as file:
        file.truncate(100 * 2**20)
    text("many_lists.json", "[" + "[]," * 1_000_001 + "[]]")
    text("many_numbers.json", "[" + "1," * 4_000_001 + "1]")
    text("many_strings.json", "[" + '"",' * 4_000_001 + '""]')
    text("open_quotes.json", '["' + '\\"' * 8_000_000)
    text("backslashes.json", "[" + "\\" * 20_000_000)
    text("quotes.json", '"' * 9_000_000)
    text("spaces.json", "[" + " " * 30_000_000)
    text("single_quotes.txt", "[" + "'" * 900_000)
    text("literal.txt", "[" + "('x')," * 150_000)
    text("keys.json", "{" + ",".join(f'"{i}":1' for i in range(300_000)) + "}")
    text("keys_twice.json", "{" + ",".join(f'"{i}":1' for i in range(300_000)) + ',"7":1}')
    text("huge_integer.json", '[{"x": ' + "7" * 30_000_000 + ', "y": 2}]')
    short = '[{"x":1,"y":2}],' * 300
    text("long_track.json", f"[{short}[" + ",".join(['{"x":1,"y":2}'] * 20_000) + "]]")
    drawn = '{"points":[[1,2],[3,4]]},' * 10_001
    text("many_splines.json", f"[{drawn[:-1]}]")
    text("many_knots.json", '[{"points":[' + "[1,2]," * 100_001 + "[1,2]]}]")
    text("many_anchors.json", '{"coordinates":[],"coord_width":1,"coord_height":1,"p_coordinates":'
         + "[" + "[1,2]," * 20_000 + "[1,2]]}")  # fmt: skip
    text("many_lines.csv", "0,0,1,2\n" * 1_000_001)
    text("endless_quote.csv", '0,0,1,"2\n' + "7777777\n" * 20_000)
    text("one_line.csv", "0,0,1,2," * 4_000_000)
    return {
        "many_points.npy": "81 frames x 300000 tracks", "huge_file.npy": "300.0 MiB",
        "huge_zeros.json": "100.0 MiB", "many_lists.json": "lists and objects",
        "many_numbers.json": "values", "many_strings.json": "strings",
        "open_quotes.json": "complete JSON", "backslashes.json": "complete JSON",
        "quotes.json": "strings", "spaces.json": "complete JSON",
        "single_quotes.txt": "complete JSON", "literal.txt": "complete JSON",
        "keys.json": "known format", "keys_twice.json": "'7' twice",
        "huge_integer.json": "track 0, frame 0: x", "long_track.json": "20000 frames x 301",
        "many_splines.json": "10001 tracks", "many_knots.json": "100002 points",
        "many_anchors.json": "20001 tracks", "many_lines.csv": "1000000 lines",
        "endless_quote.csv": "be CSV", "one_line.csv": "characters in a line",
    }  # fmt: skip


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs RLIMIT_AS and /proc")
def test_the_corpus_within_one_gibibyte(tmp_path):
    CANARY.unlink(missing_ok=True)
    large = large_cases(tmp_path)
    sources = [CORPUS / name for name in REFUSED] + [tmp_path / name for name in large]
    assert len(sources) > 160
    outcomes = run_under_limits(sources)
    for source, outcome in zip(sources, outcomes, strict=True):
        fragment = large.get(source.name) or fragment_of(source.name)
        assert outcome["outcome"].startswith("refused: "), (source.name, outcome["outcome"])
        check_message(outcome["outcome"].removeprefix("refused: "), source.name, fragment)
        check_seconds(outcome)
    assert not CANARY.exists()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs RLIMIT_AS and /proc")
def test_large_but_good_files_are_read_within_one_gibibyte(tmp_path):
    np.save(tmp_path / "large.npy", np.ones((1, 81, 100_000, 2), np.float32))
    tracks = '[{"x":1.5,"y":2.5}' + ',{"x":1.5,"y":2.5}' * 80 + "]"
    (tmp_path / "large.json").write_text("[" + ",".join([tracks] * 8_000) + "]")
    rows = "".join(f"{t},{n},1.5,2.5,1\n" for n in range(4_000) for t in range(81))
    (tmp_path / "large.csv").write_text(rows)
    outcomes = run_under_limits([tmp_path / f"large.{kind}" for kind in ("npy", "json", "csv")])
    shapes = [outcome["outcome"] for outcome in outcomes]
    assert shapes == ["read [81, 100000, 2]", "read [81, 8000, 2]", "read [81, 4000, 2]"]


@pytest.mark.parametrize("name", REFUSED)
def test_each_file_is_refused_with_its_place(name):
    with pytest.raises(TrackFormatError) as caught:
        read_tracks(CORPUS / name)
    check_message(str(caught.value), name, fragment_of(name))


def test_paths_that_are_no_files(tmp_path):
    (tmp_path / "loop.npy").symlink_to("loop.npy")
    os.mkfifo(tmp_path / "pipe.npy")
    (tmp_path / "good.npy").write_bytes((CORPUS / "text_tracks.npy").read_bytes())
    (tmp_path / "good_visibility.npy").symlink_to("nowhere.npy")
    cases = {
        tmp_path: "a folder",
        tmp_path / "missing.npy": "no such file",
        tmp_path / "loop.npy": "symbolic links",
        tmp_path / "pipe.npy": "a device or pipe",
        pathlib.Path("/dev/zero"): "a device or pipe",
        tmp_path / ("long" * 100): "too long",
        tmp_path / "nul\0.npy": "null byte",
        tmp_path / "good.npy": "no such file",
        tmp_path / "line\nbreak.npy": "line\\nbreak.npy must",
    }
    for path, fragment in cases.items():
        with pytest.raises(TrackFormatError) as caught:
            read_tracks(path)
        check_message(str(caught.value), "", fragment)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads it")
def test_a_file_without_permission(tmp_path):
    (tmp_path / "secret.npy").write_bytes(b"")
    (tmp_path / "secret.npy").chmod(0)
    with pytest.raises(TrackFormatError, match="permission denied"):
        read_tracks(tmp_path / "secret.npy")


def test_text_never_opens_a_path(tmp_path):
    (tmp_path / "a.json").write_text('[{"x": 1, "y": 2}]')
    with pytest.raises(TrackFormatError, match="frame, track, x, y"):
        parse_tracks(str(tmp_path / "a.json"))


def test_structures_from_memory_are_refused_alike():
    class Odd:
        pass

    values = [
        [],
        [Odd()],
        {"track_path": Odd()},
        {"track_path": [[[1, "a"]]]},
        {"x": 1},
        [[{"x": Odd(), "y": 1}]],
        {"paths": Odd()},
        [None],
        ["", ""],
        {"tracks": None},
    ]
    itself: list = []
    itself.append(itself)
    deep: dict = {}
    for _ in range(5_000):
        deep = {"tracks": [deep]}
    values += [itself, deep, {"version": 1, "tracks": Odd()}, {"version": 1, "tracks": {1: {2}}}]
    for value in values:
        if value == [None]:
            assert not parse_tracks(value).tracks.visibility.any()
            continue
        with pytest.raises(TrackFormatError) as caught:
            parse_tracks(value, name="input")
        check_message(str(caught.value), "input", "")


@pytest.mark.parametrize("wanted", ["npy", "csv", "kling", "kj-points", "ltx-points", "tracks"])
def test_a_format_that_the_content_is_not(wanted):
    with pytest.raises(TrackFormatError):
        parse_tracks(b'{"strokes": [[[0, 0]]]}', options=ReadOptions(format=wanted))


def test_num_frames_cannot_multiply_without_bound():
    text = json.dumps([[{"x": 1, "y": 2}]] * 500)
    with pytest.raises(TrackFormatError, match="100000 frames x 500 tracks"):
        parse_tracks(text, options=ReadOptions(num_frames=100_000))
