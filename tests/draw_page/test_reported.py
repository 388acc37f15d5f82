"""The reported files through the local page: as imports, as --tracks, and as start images."""

import json

import pytest

from tests.draw_page.asking import ask
from tests.reported_files import READ, REFUSED, REPORTED
from wanmove_core.document.sampling import sample_document
from wanmove_core.document.schema import parse_document
from wanmove_core.draw_page.session import DrawSession
from wanmove_core.errors import TrackFormatError


@pytest.mark.parametrize("name", READ)
def test_imports_become_drawings(page, name):
    tracks = READ[name][0]
    body = (REPORTED / name).read_bytes()
    status, text, _ = ask(page, f"tracks?name={name}&width=96&height=64&frames=17", body)
    assert status == 200
    document = parse_document(text.decode())
    assert (document.width, document.height) == (96, 64) and len(document.tracks) == tracks
    sampled = sample_document(document)
    assert sampled.positions.isfinite().all() and sampled.visibility.any()


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_tracks_is_one_line(page, name):
    body = (REPORTED / name).read_bytes()
    status, text, _ = ask(page, f"tracks?name={name}&width=96&height=64&frames=17", body)
    told = json.loads(text)["error"]
    assert status == 400 and REFUSED[name] in told and told.isprintable()
    with pytest.raises(TrackFormatError, match=REFUSED[name]):
        DrawSession(REPORTED / "phone.jpg", page.session.out, REPORTED / name)


@pytest.mark.parametrize(("name", "size"), [("phone.jpg", (480, 832)), ("exif.tiff", (48, 80))])
def test_start_images_are_upright(tmp_path, name, size):
    assert DrawSession(REPORTED / name, tmp_path / "a.npy").size == size
    session = DrawSession(REPORTED / name, tmp_path / "a.npy", REPORTED / "ae30.txt")
    assert len(parse_document(session.work.document).tracks) == 1
