"""What a document or file asks for is bounded by its work, and honest work is fast."""

import json
import time

import numpy as np
import pytest

from wanmove_core import TrackFormatError, Tracks
from wanmove_core.document.sampling import sample_document
from wanmove_core.document.schema import parse_document
from wanmove_core.formats import to_document
from wanmove_core.formats.coordinates import coordinates_json
from wanmove_core.formats.registry import WRITTEN, function
from wanmove_core.formats.samples import decimal, decimals_of, shortest, shortest_of
from wanmove_core.formats.to_document import import_document
from wanmove_core.formats.write import write_tracks

KNOTS = [{"x": 8, "y": 16}, {"x": 48, "y": 16}]


def document(track, count, frames):
    head = {"version": 1, "width": 832, "height": 480, "fps": 16, "frames": frames}
    return json.dumps({**head, "tracks": [{"id": "t", "knots": KNOTS, **track}] * count})


@pytest.mark.parametrize(
    "text",
    [
        document({"curve": "polyline"}, 1000, 500),
        document(
            {"timing": {"keys": [{"frame": i + 0.5, "at": i % 2} for i in range(9999)]}}, 1, 10_000
        ),
        document(
            {
                "timing": {
                    "keys": [
                        {"frame": i + 0.5, "at": i % 2, "ease": [0.1, i % 7, 0.9, 0]}
                        for i in range(300)
                    ]
                }
            },
            20,
            10_000,
        ),
        document({"windows": [[i, i] for i in range(10_000)]}, 1, 10_000),
    ],
    ids=["points x frames", "keys x frames", "eases x frames", "windows x frames"],
)
def test_documents_of_much_work_are_sampled_at_once(text):
    parsed = parse_document(text)
    began = time.process_time()
    sample_document(parsed)
    assert time.process_time() - began < 1.5  # 2 to 10 s, a frame at a time


def test_short_numbers_of_an_array_are_those_of_each():
    rng = np.random.default_rng(0)
    wide = 10 ** rng.uniform(-14, 6, 3000) * rng.choice([-1, 1], 3000)
    values = np.concatenate([wide, rng.random(3000) * 900, np.arange(-5, 5), [0.1, 1e6, -0.0]])
    values = values.astype(np.float32)
    assert shortest_of(values).tolist() == [shortest(value) for value in values]
    assert decimals_of(480 - wide) == [decimal(value) for value in 480 - wide]


@pytest.mark.parametrize("name", [name for name in WRITTEN if name not in ("npy", "kling")])
def test_an_export_of_360_000_points_takes_no_longer_than_a_second_or_two(name):
    positions = np.random.default_rng(0).random((900, 400, 2), dtype=np.float32) * 400
    tracks = Tracks.from_arrays(positions, np.ones((900, 400), bool))
    began = time.process_time()
    function(WRITTEN[name].write)(tracks, (832, 480), 16.0)
    assert time.process_time() - began < 2.0  # 2.4 to 5.5 s, a point at a time


def test_text_of_more_points_than_are_read_is_not_written(tmp_path):
    tracks = Tracks.from_arrays(np.zeros((1, 1, 2), np.float32), np.ones((1, 1), bool))
    wide = Tracks(tracks.positions.expand(10_000, 401, 2), tracks.visibility.expand(10_000, 401))
    with pytest.raises(TrackFormatError, match="4000000 points in all"):
        write_tracks(wide, tmp_path / "a.json")


def test_what_is_imported_can_be_opened_or_is_refused(monkeypatch):
    monkeypatch.setattr(to_document, "MAX_DOCUMENT_BYTES", 100_000)
    noise = np.random.default_rng(0).random((30, 100, 2), dtype=np.float32) * 400

    def drawing(tracks):
        seen = np.ones((30, tracks), bool)
        text = coordinates_json(Tracks.from_arrays(noise[:, :tracks], seen))
        return import_document(text.encode(), num_frames=30)

    with pytest.raises(TrackFormatError, match="more detail than that"):
        drawing(100)
    assert len(parse_document(drawing(40)).tracks) == 40


@pytest.mark.parametrize("deepest", [40, 0])
def test_frames_left_out_stay_within_the_tolerance(monkeypatch, deepest):
    monkeypatch.setattr(to_document, "_DEEPEST", deepest)
    frames = np.arange(500.0)
    path = np.stack([frames, np.where(frames % 2, 500 - frames, 0) * (frames > 250)], axis=1)
    kept = to_document._needed_frames(path)
    between = np.stack([np.interp(frames, kept, path[kept, axis]) for axis in (0, 1)], axis=1)
    assert np.abs(between - path).max() <= 0.25 and len(kept) < 300
