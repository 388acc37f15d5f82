"""Long videos: the first clip is today's, clips share a frame, an aborted job goes on."""

import os
from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from tests.generation.small_parts import PROMPT, fresh_components, small_image, small_tracks
from wanmove_core import OptionError, Tracks
from wanmove_core.generation.caches import Caching
from wanmove_core.generation.denoising import Conditions
from wanmove_core.generation.long_video import Before, sample_chain
from wanmove_core.generation.parallel import ALONE
from wanmove_core.generation.pipeline import WanMovePipeline
from wanmove_core.generation.segment_store import SegmentStore
from wanmove_core.generation.settings import NEGATIVE_PROMPT, GenerationSettings
from wanmove_core.generation.windows import WindowedBranches, _part, plan_windows, pyramid
from wanmove_core.guidance.segments import KnownFrames, Segment, plan_segments

SETTINGS = GenerationSettings((64, 48), 25, 2, window=9, retime="cut")
PROMPTS = (PROMPT, NEGATIVE_PROMPT)


@pytest.fixture(scope="module")
def pipeline():
    return WanMovePipeline(fresh_components())


def chain(pipeline, settings=SETTINGS, **more):
    return torch.cat(
        list(sample_chain(pipeline, small_image(), small_tracks(25), PROMPTS, settings, **more))
    )


@pytest.fixture(scope="module")
def whole(pipeline):
    return chain(pipeline)


def test_segments_cover_every_frame_and_share_one():
    assert plan_segments(241, 81) == [Segment(0, 0, 81), Segment(1, 80, 81), Segment(2, 160, 81)]
    assert plan_segments(13, 9) == [Segment(0, 0, 9), Segment(1, 8, 5)]
    assert plan_segments(9, 9) == [Segment(0, 0, 9)] and plan_segments(1, 1) == [Segment(0, 0, 1)]
    with pytest.raises(OptionError, match="window must be a multiple of 4 plus 1"):
        replace(SETTINGS, window=8)


def test_the_first_clip_is_bitwise_the_video_of_its_length(pipeline, whole):
    short = replace(SETTINGS, num_frames=9, window=None)
    tracks = small_tracks(25)
    cut = Tracks(tracks.positions[:9], tracks.visibility[:9])
    alone = pipeline.generate(small_image(), cut, PROMPTS, short)
    assert whole.shape == (25, 32, 64, 3)
    assert torch.equal(whole[:9], alone)


def test_tracks_after_the_first_clip_change_what_comes_after_it(pipeline, whole):
    tracks = small_tracks(25)
    still = tracks.positions.clone()
    still[9:] = still[8]
    held = Tracks(still, tracks.visibility)
    other = torch.cat(list(sample_chain(pipeline, small_image(), held, PROMPTS, SETTINGS)))
    assert torch.equal(other[:9], whole[:9]) and not torch.equal(other[9:], whole[9:])


def test_an_aborted_job_goes_on_at_its_segment(pipeline, whole, tmp_path):
    store, asked = SegmentStore(tmp_path / "a.mp4", "digest"), []

    class Killed(Exception):
        pass

    def stop_in_the_second(done, steps):
        asked.append(done)
        if done == 3:
            raise Killed

    with pytest.raises(Killed):
        chain(pipeline, store=store, progress=stop_in_the_second)
    assert [path.name for path in store.folder.iterdir()] == ["0000.safetensors"]
    asked.clear()
    again = chain(pipeline, store=store, progress=lambda done, steps: asked.append((done, steps)))
    assert asked == [(3, 6), (4, 6), (5, 6), (6, 6)]
    assert torch.equal(again, whole)


def test_a_damaged_segment_is_made_again(pipeline, whole, tmp_path):
    store = SegmentStore(tmp_path / "a.mp4", "digest")
    chain(pipeline, store=store)
    (store.folder / "0001.safetensors").write_bytes(b"no tensors")
    assert torch.equal(chain(pipeline, store=store), whole)
    store.clear()
    assert not list(tmp_path.iterdir())


def test_what_killed_runs_left_goes_after_a_week(tmp_path):
    names = (".0123456789ab.part.mp4", ".0123456789ab.party", "0123456789ab.part.mp4")
    for name in names:
        for age in ("old", "new"):
            (tmp_path / age).mkdir(exist_ok=True)
            (tmp_path / age / name).write_bytes(b"x")
            if age == "old":
                os.utime(tmp_path / age / name, (0, 0))
    for age, left in (("old", names[1:]), ("new", names)):
        SegmentStore(tmp_path / age / "a.mp4", "digest")
        assert sorted(path.name for path in (tmp_path / age).iterdir()) == sorted(left)


def test_features_come_from_where_a_track_was_first_known(pipeline):
    """Track 0 is known from the start, track 1 appears in clip 0, track 2 is never known."""
    positions = torch.tensor([[20.0, 12.0], [40.0, 20.0], [50.0, 4.0]]).repeat(25, 1, 1)
    visibility = torch.ones(25, 3, dtype=torch.bool)
    visibility[8, 0] = False  # hidden in the frame that clips 0 and 1 share
    visibility[:3, 1] = False
    visibility[::8, 2] = False
    known = KnownFrames(Tracks(positions, visibility))
    start = pipeline.encode_start(small_image(), replace(SETTINGS, num_frames=9, window=None))
    origins = [known.add(start, segment.first).origins.tolist() for segment in plan_segments(25, 9)]
    assert origins[0] == [[0, 1, 2], [-1, -1, -1], [-1, -1, -1]]
    assert origins[1] == origins[2] == [[0, 1, 2], [1, 2, 5], [-1, -1, -1]]


def test_windows_hold_every_frame_and_lead_with_the_start_image():
    windows = plan_windows(61, 21)
    assert all(len(window) == 21 and window[0] == 0 for window in windows)
    assert sorted({frame for window in windows for frame in window}) == list(range(61))
    overlap = [len(set(a[1:]) & set(b[1:])) for a, b in pairwise(windows)]
    assert min(overlap) >= 5
    assert plan_windows(21, 21) == [list(range(21))]
    assert pyramid(5).tolist() == [1, 2, 3, 2, 1]


def test_windows_of_a_model_that_says_one_thing_say_it_too(monkeypatch):
    """Weights add up to one in every frame."""

    class One:
        def __init__(self, *_args, **_options):
            pass

        def velocity(self, latent, _timestep, **_scales):
            return latent * 2

    monkeypatch.setattr("wanmove_core.generation.windows.Branches", One)
    told = Conditions(*[torch.zeros(1, 20, 15, 3, 4)] * 3, *[torch.zeros(1, 2, 3)] * 3)
    windows = plan_windows(15, 6, 2)
    branches = WindowedBranches(None, told, ALONE, windows, reuse=Caching())
    latent = torch.randn(1, 2, 15, 3, 4, generator=torch.Generator().manual_seed(0))
    got = branches.velocity(latent, 5, guidance_scale=1.0, motion_scale=0.0)
    assert torch.allclose(got, latent * 2, atol=1e-6)


def test_a_window_is_conditioned_as_a_clip_of_its_length():
    """Where nothing is guided or known it sees the empty frames of a clip, not those far behind."""
    rng = torch.Generator().manual_seed(1)
    still = torch.randn(1, 20, 15, 3, 4, generator=rng)
    still[:, :4] = 0.0
    still[:, :4, 0] = still[:, :4, 14] = 1.0  # the start image and a given last frame
    positive = still.clone()
    positive[:, 4:, 11, 1, 2] += 1.0
    told = Conditions(positive, still, still, *[torch.zeros(1, 2, 3)] * 3)
    window = [0, 10, 11, 12, 13, 14]
    part = _part(told, window)
    for seen, whole in ((part.positive, positive), (part.negative, still), (part.still, still)):
        assert torch.equal(seen[:, :, [0, 5]], whole[:, :, [0, 14]])
        empty = seen[:, :, 1:5] == still[:, :, 1:5]
        guided = seen is part.positive
        assert empty[:, :, 1, 1, 2].all() != guided  # place 2, which is latent frame 11
        empty[:, :, 1, 1, 2] = True
        assert empty.all()
    assert torch.equal(part.positive[:, :, 2, 1, 2], positive[:, :, 11, 1, 2])
    assert torch.equal(_part(told, list(range(6))).positive, positive[:, :, :6])


def test_both_ways_make_the_length_that_was_asked_for(pipeline, whole):
    frames = pipeline.generate(
        small_image(), small_tracks(25), PROMPTS, replace(SETTINGS, blend="windows")
    )
    assert frames.shape == whole.shape and not torch.equal(frames, whole)


def test_metadata_names_window_and_mode_of_long_videos_alone():
    assert SETTINGS.as_dict()["window"] == 9 and SETTINGS.as_dict()["blend"] == "chain"
    assert not {"window", "blend"} & set(replace(SETTINGS, num_frames=9).as_dict())
    assert not replace(SETTINGS, window=0).is_long
    assert GenerationSettings(num_frames=241).clip_frames == 81


def test_a_last_frame_is_given_to_the_clip_that_holds_it(pipeline):
    """Mask, latent, and the cells of tracks: what is known is not overwritten."""
    settings = replace(SETTINGS, num_frames=9, window=None)
    start = pipeline.encode_start(small_image(), settings, {8: small_image()})
    plain = pipeline.encode_start(small_image(), settings)
    assert start.more_known == (8,) and not torch.equal(start.latent, plain.latent)
    conditions = pipeline.guide(start, small_tracks(9), pipeline.encode_prompts(*PROMPTS), settings)
    mask, guided = conditions.positive[0, :4], conditions.positive[0, 4:]
    assert mask[:, 0].eq(1).all() and mask[3, 2].eq(1).all() and mask[:3, 2].eq(0).all()
    assert torch.equal(guided[:, 2], start.latent[0, :, 2])
    assert not torch.equal(guided[:, 1], start.latent[0, :, 1])


def test_known_frames_go_to_their_clip_of_a_chain(pipeline, whole):
    ended = chain(pipeline, known={24: small_image()})
    assert torch.equal(ended[:17], whole[:17]) and not torch.equal(ended[17:], whole[17:])


def test_tracks_of_a_whole_take_features_from_its_first_frame(pipeline):
    """With the whole of the tracks they are other features than the last frame has."""
    before = Before(small_image(), 9)
    whole, part = small_tracks(25), replace(SETTINGS, num_frames=17, seed=1)
    last = small_image(64, 32).roll(5, 0)
    go = {"pipeline": pipeline, "image": last, "prompts": PROMPTS, "settings": part}
    own = Tracks(whole.positions[8:], whole.visibility[8:])
    with_first = torch.cat(list(sample_chain(**go, tracks=whole, before=before)))
    without = torch.cat(list(sample_chain(**go, tracks=own)))
    assert with_first.shape == without.shape and not torch.equal(with_first, without)
