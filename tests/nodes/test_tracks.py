"""Track files, joining and changing tracks, on the fake host."""

import numpy as np
import pytest
import torch

from tests.nodes.conftest import HEIGHT, LENGTH, WIDTH


@pytest.mark.parametrize("kind", ["npy", "json", "csv"])
def test_tracks_saved_and_loaded(pack, tracks, kind: str) -> None:
    saving = {"tracks": tracks, "filename_prefix": f"{kind}/t", "format": kind}
    (path,) = pack.run("WanMoveSaveTracks", **saving)
    size = {"width": WIDTH, "height": HEIGHT}
    loaded, info = pack.run("WanMoveLoadTracks", file=f"{path} [output]", **size)
    torch.testing.assert_close(loaded["track_path"], tracks["track_path"])
    assert info.startswith(f"3 tracks, {LENGTH} frames")


PROGRAMS = {
    "svg": "_tracks.svg",
    "after-effects": "_tracks.ae.txt",
    "nuke": "_tracks.nk",
    "blender": "_tracks.blender.json",
    "kling": "_tracks.kling.json",
}


@pytest.mark.parametrize("kind", PROGRAMS)
def test_tracks_saved_for_other_programs_load_again(pack, tracks, kind: str) -> None:
    frame = {"width": WIDTH, "height": HEIGHT}
    saving = {"tracks": tracks, "filename_prefix": f"{kind}/t", "format": kind, "fps": 24.0}
    (path,) = pack.run("WanMoveSaveTracks", **saving, **frame)
    assert path.endswith(PROGRAMS[kind])
    reading = {"file": f"{path} [output]", "length": LENGTH, **frame}
    loaded, info = pack.run("WanMoveLoadTracks", **reading)
    assert f"{WIDTH}x{HEIGHT}" in info
    seen = tracks["track_visibility"]
    whole_pixels = 0.51 if kind == "kling" else 0.01
    torch.testing.assert_close(
        loaded["track_path"][seen], tracks["track_path"][seen], atol=whole_pixels, rtol=0
    )


def test_loading_validates_and_fingerprints(pack) -> None:
    node = pack.nodes["WanMoveLoadTracks"]
    path = pack.base / "input/some.npy"
    np.save(path, np.zeros((5, 1, 2), np.float32))
    assert node.validate_inputs(file="some.npy") is True
    before = node.fingerprint_inputs(file="some.npy")
    np.save(path, np.zeros((9, 1, 2), np.float32))
    assert node.fingerprint_inputs(file="some.npy") != before
    assert "must lie in" in node.validate_inputs(file="../../secret.npy")
    assert "must exist in" in node.validate_inputs(file="none.npy")
    assert node.validate_inputs() is True


def test_a_missing_file_is_no_matter_beside_linked_text(pack) -> None:
    """The host hands over None for an input that is linked, and leaves out one that is not."""
    node = pack.nodes["WanMoveLoadTracks"]
    assert node.validate_inputs(file="none.npy", text=None) is True
    assert node.validate_inputs(file="none.npy", text="[[0, 0]]") is True
    assert "must exist in" in node.validate_inputs(file="none.npy", text="")
    np.save(pack.base / "input/there.npy", np.zeros((5, 1, 2), np.float32))
    assert node.fingerprint_inputs(file="none.npy", text=None) is None
    assert node.fingerprint_inputs(file="there.npy", text="[[0, 0]]") is None
    assert node.fingerprint_inputs(file="there.npy", text=None) is not None


def test_combining(pack, tracks) -> None:
    short = {name: value[:5] for name, value in tracks.items()}
    joined, said = pack.run("WanMoveCombineTracks", tracks={"tracks_0": tracks, "tracks_1": short})
    assert joined["track_path"].shape == (LENGTH, 6, 2) and "track_frame" not in joined
    known = {**tracks, "track_frame": (WIDTH, HEIGHT)}
    twice = {**tracks, "track_path": tracks["track_path"] * 2}
    twice["track_frame"] = (2 * WIDTH, 2 * HEIGHT)
    given = {"tracks_0": tracks, "tracks_1": known, "tracks_2": twice}
    joined, said = pack.run("WanMoveCombineTracks", tracks=given)
    assert joined["track_frame"] == (WIDTH, HEIGHT)
    assert torch.equal(joined["track_path"], tracks["track_path"].repeat(1, 3, 1))
    assert said.startswith(f"input 0: frame unknown, taken as {WIDTH}x{HEIGHT}; input 2: tracks of")


def test_transforming(pack, tracks) -> None:
    (same,) = pack.run("WanMoveTransformTracks", tracks=tracks)
    assert torch.equal(same["track_path"], tracks["track_path"])
    (moved,) = pack.run("WanMoveTransformTracks", tracks=tracks, offset_y=3.0, length=5)
    assert len(moved["track_path"]) == 5
    expected = tracks["track_path"][0] + torch.tensor([0.0, 3.0])
    torch.testing.assert_close(moved["track_path"][0], expected)


def test_files_are_listed_whatever_the_case_of_their_names(pack) -> None:
    shown = ("LOUD.NPY", "quiet.json", "exported.zip")
    for name in (*shown, "picture.png"):
        (pack.base / "input" / name).touch()
    listed = pack.module("nodes.host.files").listed_files()
    assert set(shown) <= set(listed) and "picture.png" not in listed
