"""Version 2 of the world: things that one recognises, their shadows, camera moves and prompts.

Made for 192x128 and 17 frames; every length is in 1/128 of the height, so other sizes show the
same at another resolution.
"""

from dataclasses import dataclass

import numpy as np

from .world_layers import SUPERSAMPLE, Layer, similarity
from .world_objects import COLOURS, DRAWINGS, draw_object, shadow_of
from .world_scenery import make_scenery
from .world_textures import Texture

# What a prompt can ask of an object, and the direction (x right, y down) where it has one.
DIRECTIONS = {
    "moves left": (-1.0, 0.0),
    "moves right": (1.0, 0.0),
    "moves up": (0.0, -1.0),
    "moves down": (0.0, 1.0),
}
ACTIONS = (*DIRECTIONS, "turns", "stays")
CAMERAS = ("moves in", "moves out")
_FREE = ""
_ACTION_SHARES = (0.1, 0.1, 0.1, 0.1, 0.1, 0.12, 0.38)


@dataclass(frozen=True)
class Actor:
    """One object of a scene: its drawing, colour and layer, and what it does ("" = freely)."""

    kind: str
    colour: str
    layer: int
    action: str


@dataclass(frozen=True)
class Story:
    """What happens in a scene.

    Args:
        actors: the objects, farthest first.
        camera: one of `CAMERAS`, or "".
    """

    actors: tuple[Actor, ...]
    camera: str

    def clauses(self) -> list[str]:
        """What a prompt can say of this scene, a clause for each object and the camera."""
        said = [f"the {a.colour} one {a.action}" for a in self.actors if a.action]
        return [*said, f"the camera {self.camera}"] if self.camera else said


def make_layers(
    rng: np.random.Generator, height: int, width: int, frames: int, photo: Texture | None
) -> tuple[list[Layer], Story]:
    """Background, then for each object its shadow and itself, farthest first."""
    unit = height / 128
    camera, name = _camera(rng, height, width, frames)
    layers = [_background(rng, height, width, frames, photo)]
    actors = []
    count = int(rng.choice([1, 2, 3, 4], p=[0.3, 0.4, 0.2, 0.1]))
    for colour in rng.permutation(list(COLOURS))[:count]:
        kind = str(rng.choice(list(DRAWINGS)))
        action = str(rng.choice([*ACTIONS, _FREE], p=_ACTION_SHARES))
        radius = rng.uniform(18.0, 30.0) * unit
        picture, alpha = draw_object(kind, str(colour), radius * SUPERSAMPLE)
        centres = _path(rng, action, (width, height), frames, unit)
        places = _places(rng, action, picture.shape[0], centres)
        fall = np.eye(3)
        fall[:2, 2] = np.array([0.14, 0.2]) * radius
        shade = shadow_of(alpha, radius * SUPERSAMPLE)
        layers.append(Layer(np.zeros_like(picture), shade, fall @ places))
        actors.append(Actor(kind, str(colour), len(layers), action))
        layers.append(Layer(picture, alpha, places))
    moved = [Layer(one.colour, one.alpha, camera @ one.to_frame) for one in layers]
    return moved, Story(tuple(actors), name)


def _background(
    rng: np.random.Generator, height: int, width: int, frames: int, photo: Texture | None
) -> Layer:
    margin = round(0.35 * height)
    rows, cols = (SUPERSAMPLE * (side + 2 * margin) for side in (height, width))
    picture = make_scenery(rng, rows, cols, SUPERSAMPLE * height / 128, photo)
    pivot = (np.array([cols, rows]) - 1) / 2
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    place = similarity(middle, 0.0, 1 / SUPERSAMPLE, pivot)
    return Layer(picture, np.ones((rows, cols), np.float32), np.repeat(place[None], frames, 0))


def _camera(
    rng: np.random.Generator, height: int, width: int, frames: int
) -> tuple[np.ndarray, str]:
    """What the camera does to output pixels, [frames, 3, 3], and its name in a prompt."""
    kind = rng.choice(["still", "pan", *CAMERAS], p=[0.5, 0.2, 0.15, 0.15])
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    share = np.linspace(0, 1, frames)
    scales, shifts = np.ones(frames), np.zeros((frames, 2))
    if kind == "pan":
        heading, turn = rng.uniform(0, 2 * np.pi), rng.uniform(-0.6, 0.6)
        angle = heading + turn * share
        reach = rng.uniform(8.0, 30.0) * height / 128
        shifts = (reach * share)[:, None] * np.stack([np.cos(angle), np.sin(angle)], -1)
    elif kind == CAMERAS[0]:
        scales = 1 + rng.uniform(0.12, 0.35) * share
    elif kind == CAMERAS[1]:
        scales = 1 / (1 + rng.uniform(0.12, 0.3) * share)
    matrices = [
        similarity(middle + shift, 0.0, scale, middle)
        for scale, shift in zip(scales, shifts, strict=True)
    ]
    return np.stack(matrices), str(kind) if kind in CAMERAS else ""


def _places(rng: np.random.Generator, action: str, size: int, centres: np.ndarray) -> np.ndarray:
    """The object's transforms [frames, 3, 3], before the camera."""
    share = np.linspace(0, 1, len(centres))
    turn = grow = 0.0
    if action == "turns":
        turn = rng.choice([-1, 1]) * rng.uniform(0.7, 1.5)
    elif action != "stays":
        turn = rng.uniform(-0.7, 0.7) if rng.random() < 0.5 else 0.0
        grow = rng.uniform(-0.2, 0.25) if rng.random() < 0.4 else 0.0
    start, pivot = rng.uniform(-0.25, 0.25), np.full(2, (size - 1) / 2)
    return np.stack(
        [
            similarity(centre, start + turn * s, (1 + grow * s) / SUPERSAMPLE, pivot)
            for centre, s in zip(centres, share, strict=True)
        ]
    )


def _path(
    rng: np.random.Generator, action: str, frame: tuple[int, int], frames: int, unit: float
) -> np.ndarray:
    """The object's centres [frames, 2]: a curve that starts in view and mostly stays there."""
    margin = 20 * unit
    low, high = np.array([margin, margin]), np.array(frame) - margin
    if action in ("turns", "stays"):
        return np.repeat(rng.uniform(low, high)[None], frames, axis=0)
    reach = rng.uniform(24.0, 76.0) * unit
    for _ in range(30):
        start = rng.uniform(low, high)
        if action in DIRECTIONS:
            step = np.array(DIRECTIONS[action])
        else:
            heading = rng.uniform(0, 2 * np.pi)
            step = np.array([np.cos(heading), np.sin(heading)])
        end = start + reach * step
        if ((end >= low - 8 * unit) & (end <= high + 8 * unit)).all():
            break
    bow = rng.uniform(-0.12, 0.12) if action in DIRECTIONS else rng.uniform(-0.5, 0.5)
    middle = (start + end) / 2 + bow * np.array([-(end - start)[1], (end - start)[0]])
    t = np.linspace(0, 1, frames)[:, None]
    if rng.random() < 0.4:
        t = t * t * (3 - 2 * t)
    return (1 - t) ** 2 * start + 2 * t * (1 - t) * middle + t**2 * end
