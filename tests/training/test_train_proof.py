"""The training proof: what it measures was never trained on, and is a world of its own."""

import time

import numpy as np

from benchmarks import train_proof
from training import unseen_world
from wanmove_core.bench.world import HELD_OUT_SEED


def test_held_out_scenes_are_never_trained_on(monkeypatch, tmp_path):
    filled = {}

    def fill(out, model, *, facts, make, seeds):
        filled[out.name] = {
            (facts.made_from["world"], make(seed).frames.tobytes()) for seed in seeds
        }
        assert {make(seed).frames.shape for seed in (3,)} == {
            (facts.frames, facts.height, facts.width, 3)
        }

    monkeypatch.setattr(train_proof, "fill", fill)
    folders = train_proof.make_held_out(tmp_path, tmp_path, 6)
    train_proof.fill_unseen(tmp_path / "seen", tmp_path, train_proof.seeds_until(0.0))
    held_out = {world: filled[folder.name] for world, folder in folders.items()}
    assert {world: len(scenes) for world, scenes in held_out.items()} == {"unseen": 6, "known": 3}
    assert len(filled["seen"]) == 16 and not filled["seen"] & held_out["unseen"]
    assert {world for world, _ in filled["seen"] | held_out["unseen"]} == {"unseen"}
    assert {world for world, _ in held_out["known"]} == {train_proof.KNOWN_VERSION}


def test_seeds_to_learn_from_go_on_until_the_moment_and_end_before_the_held_out_ones(monkeypatch):
    moment = time.monotonic() + 0.2
    seeds = list(train_proof.seeds_until(moment))
    assert time.monotonic() >= moment and seeds[:3] == [1, 2, 3] and len(seeds) > 16
    monkeypatch.setattr(train_proof, "HELD_OUT_SEED", 40)
    assert list(train_proof.seeds_until(float("inf"))) == list(range(1, 40)) and HELD_OUT_SEED > 40


def test_the_unseen_world_draws_its_old_scenes():
    for seed, brightness, drift in (
        (0, 127.1065, 53.9558),
        (HELD_OUT_SEED + 3, 116.6938, -55.6144),
    ):
        scene = unseen_world.make_scene(seed)
        motion = sum(layer.to_frame[-1, :2, 2].sum() for layer in scene.layers)
        assert scene.frames.shape == (17, *unseen_world.SIZE, 3)
        assert abs(scene.frames.mean() - brightness) < 0.01, scene.frames.mean()
        assert abs(motion - drift) < 1e-3, motion


def test_every_pattern_and_motion_is_drawn():
    for name, make in unseen_world.PATTERNS.items():
        numbers = make(np.random.default_rng(1), 96, 128, 1.0)
        assert numbers.shape == (96, 128) and len(np.unique(numbers)) > 2, name
        assert numbers.min() >= 0 and numbers.max() < 4, name
    for motion in unseen_world.MOTIONS:
        way, turn = motion(np.random.default_rng(1), np.linspace(0, 1, 17))
        assert way.shape == (17, 2) and turn.shape == (17,)
        step = np.linalg.norm(np.diff(way, axis=0), axis=1)
        assert step.mean() > 0.5 and step.max() < 5, motion
