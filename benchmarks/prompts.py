"""Does the small model do what a prompt says, and do tracks win over it?

    python -m benchmarks.prompts [--scenes 12] [--steps 8] [--guidance-scale 1]

Held-out scenes of 192x128 with an object whose colour the prompt can name. Without tracks the
prompt asks the object to move right, left, down or up: how far its points go that way by the last
frame, px, beyond how far they go without a prompt. The true clips of such prompts go 20 to 60 px.
With the scene's true tracks: the end-point error, px, without a prompt and with one that asks for
the way that is farthest from that of the tracks. Mean and 95 % interval over the scenes.
"""

import argparse
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.motion_control import interval
from benchmarks.toy_scenes import TOY, exact_tracks
from wanmove_core import Tracks
from wanmove_core.bench.world import HELD_OUT_SEED, make_scene
from wanmove_core.bench.world_layers import Scene
from wanmove_core.checkpoints.loading import load_components
from wanmove_core.evaluate.metrics import end_point_error
from wanmove_core.generation.pipeline import WanMovePipeline
from wanmove_core.generation.settings import GenerationSettings
from wanmove_core.tracking.video import track_points

# x right, y down.
WAYS = {"right": (1, 0), "left": (-1, 0), "down": (0, 1), "up": (0, -1)}
POINTS = 24
_LEAST_MOTION = 8.0  # px, so that the tracks say something that a prompt can contradict


@dataclass(frozen=True)
class Case:
    """A scene, an object's points in it with their true tracks, and the object's colour."""

    scene: Scene
    tracks: Tracks
    colour: str

    @property
    def motion(self) -> np.ndarray:
        """Where the points truly go by the last frame, px."""
        return (self.tracks.positions[-1] - self.tracks.positions[0]).mean(0).numpy()

    @property
    def opposite(self) -> str:
        """The way that is farthest from the true one."""
        return min(WAYS, key=lambda way: float(self.motion @ WAYS[way]))


def make_cases(count: int) -> list[Case]:
    """Scenes in which the nearest object moves and stays in the picture."""
    cases: list[Case] = []
    seed = HELD_OUT_SEED
    while len(cases) < count:
        scene = make_scene(seed, version=2)
        seed += 1
        actor = scene.story.actors[-1]
        height, width = scene.frames.shape[1:3]
        points = np.random.default_rng([11, seed]).uniform(0, [width - 1, height - 1], (4000, 2))
        points = points[scene.owner(points) == actor.layer][:POINTS]
        if len(points) < POINTS:
            continue
        case = Case(scene, exact_tracks(scene, points), actor.colour)
        if case.tracks.visibility.all() and np.hypot(*case.motion) >= _LEAST_MOTION:
            cases.append(case)
    return cases


def displacement(frames: Tensor, case: Case) -> np.ndarray:
    """Mean way of the points from frame 0 to the last, px, as the tracker sees it."""
    got = track_points(frames, case.tracks.positions[0]).positions
    return (got[-1] - got[0]).mean(0).numpy()


def measure(pipeline: WanMovePipeline, case: Case, settings: GenerationSettings) -> dict[str, Any]:
    """The figures of one scene."""
    start = torch.from_numpy(case.scene.frames[0])

    def made(tracks: Tracks | None, prompt: str) -> Tensor:
        return pipeline.generate(start, tracks, (prompt, ""), settings)

    still = displacement(made(None, ""), case)
    along = [
        float((displacement(made(None, f"the {case.colour} one moves {way}"), case) - still) @ unit)
        for way, unit in WAYS.items()
    ]
    errors = {
        name: end_point_error(
            case.tracks, track_points(made(case.tracks, prompt), case.tracks.positions[0])
        ).mean
        for name, prompt in (
            ("guided, no prompt", ""),
            ("guided, contrary prompt", f"the {case.colour} one moves {case.opposite}"),
        )
    }
    return {"way of the prompt, px": float(np.mean(along)), **errors}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--scenes", type=int, default=12, help="2 or more (default 12)")
    parser.add_argument("--steps", type=int, default=8, help="of the sampler (default 8)")
    parser.add_argument("--guidance-scale", type=float, default=1.0, help="(default 1)")
    args = parser.parse_args()
    pipeline = WanMovePipeline(load_components([TOY], dtype="bf16"))
    settings = GenerationSettings(
        size=(192, 128),
        resize="stretch",
        num_frames=17,
        steps=args.steps,
        guidance_scale=args.guidance_scale,
        seed=0,
    )
    rows: dict[str, list[float]] = {}
    for case in make_cases(args.scenes):
        for name, value in measure(pipeline, case, settings).items():
            rows.setdefault(name, []).append(value)
    print(f"{args.scenes} scenes, {args.steps} steps, guidance scale {args.guidance_scale:g}")
    for name, values in rows.items():
        mean, half = interval(values)
        print(f"  {name:26s} {mean:6.1f} ± {half:.1f}")


if __name__ == "__main__":
    main()
