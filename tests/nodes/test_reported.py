"""The reported files through Load Tracks."""

import shutil

import pytest

from tests.reported_files import READ, REFUSED, REPORTED

AS_STORED = {"width": 0, "height": 0, "length": 0}


@pytest.mark.parametrize("name", READ)
def test_files_and_their_text_load_alike(pack, name: str) -> None:
    tracks, frames, (frame, track, x, y), word = READ[name]
    shutil.copy(REPORTED / name, pack.base / "input" / name)
    text = (REPORTED / name).read_text(encoding="utf-8")
    for given in ({"file": name}, {"text": text}, {"text": "\ufeff" + text}):
        loaded, info = pack.run("WanMoveLoadTracks", **AS_STORED, **given)
        assert loaded["track_path"].shape == (frames, tracks, 2)
        assert loaded["track_path"][frame, track].tolist() == pytest.approx([x, y])
        assert f"{tracks} tracks, {frames} frames" in info and word in info


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_tracks_is_one_line(pack, name: str) -> None:
    shutil.copy(REPORTED / name, pack.base / "input" / name)
    for given in ({"file": name}, {"text": (REPORTED / name).read_text(encoding="utf-8")}):
        with pytest.raises(ValueError, match=REFUSED[name]) as told:
            pack.run("WanMoveLoadTracks", **AS_STORED, **given)
        assert str(told.value).isprintable() and len(str(told.value)) <= 500
