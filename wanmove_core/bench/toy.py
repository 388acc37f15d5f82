"""A small benchmark in MoveBench's layout, made from the synthetic world: no download."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from ..errors import OptionError
from ..evaluate.metrics import end_point_error
from ..media.video_writer import write_video
from ..media.writer import replacing
from ..tracking.video import track_points
from ..tracks import Tracks
from .datasets import TOY_MARK
from .run_folder import write_json
from .world import FRAMES, HEIGHT, HELD_OUT_SEED, WIDTH, Scene, make_scene

# Away from the scenes that training validates on.
FIRST_SEED = HELD_OUT_SEED + 10_000
_MOST_CLIPS = 1000
# Points whose own texture the tracker can follow: on the true clip it errs by less than this.
_TRACKABLE_PX = 0.75
_EDGE_PX = 3.0
_OBJECT_POINTS, _STILL_POINTS = 12, 8
_LEAST = 4


@dataclass(frozen=True, eq=False)
class ToyClip:
    """A scene and the points that its tracks start at, by layer; layer 0 is the background."""

    seed: int
    scene: Scene
    points: dict[int, np.ndarray]

    @property
    def objects(self) -> list[int]:
        """Layers with enough points to follow, the best one first."""
        return sorted((k for k in self.points if k > 0), key=lambda k: -len(self.points[k]))


def write_toy_bench(folder: Path, clips: int = 6) -> list[str]:
    """Write a benchmark: a third of its clips or more have tracks on several objects.

    Args:
        folder: gets en/ and zh/, each with the lists, start images, tracks, masks and videos.
        clips: how many; the same number gives the same files.

    Returns:
        The ids.

    Raises:
        OptionError: no clips, or more than 1000.
        MediaError: the folder cannot be written to.
    """
    if not 1 <= clips <= _MOST_CLIPS:
        raise OptionError(f"--clips must be 1 to {_MOST_CLIPS}; got {clips}. Use 6.")
    chosen = _choose(clips)
    write_json(folder / TOY_MARK, {"world": 1, "seeds": [clip.seed for clip in chosen]})
    for language in ("en", "zh"):
        home = folder / language
        lists: dict[str, list[str]] = {"single": [], "multi": []}
        for clip in chosen:
            name = f"Toy_{'two' if len(clip.objects) > 1 else 'one'}_{clip.seed - FIRST_SEED}"
            _write_clip(home, name, clip)
            lists["single"].append(name)
            if len(clip.objects) > 1:
                lists["multi"].append(name)
        for mode, names in lists.items():
            with replacing(home / f"{mode}_track.txt") as temporary:
                # No captions: the small model knows the empty prompt only.
                temporary.write_text("".join(f"{name}.mp4,\n" for name in names), "utf-8")
    return lists["single"]


def _choose(clips: int) -> list[ToyClip]:
    chosen: list[ToyClip] = []
    lone = clips - (clips + 2) // 3
    seed = FIRST_SEED
    while len(chosen) < clips:
        clip = _clip(seed)
        seed += 1
        if not clip.objects or len(clip.points.get(0, ())) < _LEAST:
            continue
        if len(clip.objects) > 1 or lone > 0:
            chosen.append(clip)
            lone -= len(clip.objects) == 1
    return chosen


def _clip(seed: int) -> ToyClip:
    """A scene with those points, inside of its layers, that can be followed."""
    scene = make_scene(seed, version=1)
    rng = np.random.default_rng([7, seed])
    points = rng.uniform([0, 0], [WIDTH - 1, HEIGHT - 1], (1200, 2))
    owner = scene.owner(points)
    angles = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    ring = [points + _EDGE_PX * np.array([np.cos(a), np.sin(a)]) for a in angles]
    inner = np.all([scene.owner(moved) == owner for moved in ring], axis=0)
    numbers = [
        np.flatnonzero(inner & (owner == layer))[: 2 * _OBJECT_POINTS]
        for layer in range(len(scene.layers))
    ]
    candidates = np.concatenate(numbers)
    good = candidates[_trackable(scene, points[candidates])]
    chosen = {}
    for layer in range(len(scene.layers)):
        mine = points[good[owner[good] == layer]]
        if len(mine) >= _LEAST:
            chosen[layer] = mine[: _OBJECT_POINTS if layer else _STILL_POINTS]
    return ToyClip(seed, scene, chosen)


def _trackable(scene: Scene, points: np.ndarray) -> np.ndarray:
    asked = _tracks(scene, points)
    got = track_points(torch.from_numpy(scene.frames), asked.positions[0])
    error = end_point_error(asked, got)
    worst = torch.where(error.counted, error.distance, 0.0).amax(0)
    good = (worst < _TRACKABLE_PX) & (error.counted.sum(0) >= FRAMES // 2)
    return good.numpy()


def _tracks(scene: Scene, points: np.ndarray) -> Tracks:
    """Exact tracks; the world counts from pixel centres, `Tracks` from the frame's corner."""
    positions, visibility = scene.tracks(points)
    return Tracks(torch.from_numpy(positions + 0.5).float(), torch.from_numpy(visibility))


def _write_clip(home: Path, name: str, clip: ToyClip) -> None:
    frames = clip.scene.frames
    write_video(home / "video" / f"{name}.mp4", torch.from_numpy(frames))
    with replacing(home / "first_frame" / f"{name}.jpg") as temporary:
        Image.fromarray(frames[0]).save(temporary, quality=95)
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float64)
    owner = clip.scene.owner(np.stack([x.ravel(), y.ravel()], -1)).reshape(HEIGHT, WIDTH)
    with replacing(home / "first_frame_mask" / f"{name}.png") as temporary:
        Image.fromarray(owner.astype(np.uint8)).save(temporary)
    modes = {"single": clip.objects[:1]}
    if len(clip.objects) > 1:
        modes["multi"] = clip.objects
    for mode, layers in modes.items():
        points = np.concatenate([clip.points[layer] for layer in [*layers, 0]])
        tracks = _tracks(clip.scene, points)
        for kind, array in (("tracks", tracks.positions), ("visibility", tracks.visibility)):
            with replacing(home / "track" / mode / f"{name}_{kind}.npy") as temporary:
                np.save(temporary, array.numpy()[None])
