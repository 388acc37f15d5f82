"""The definition JSON of Wan2GP's Motion Designer (its .npy export is read by npy.py)."""

from typing import Any

import numpy as np

from ..motion.curves import sample_curve
from .checks import MAX_FRAMES, check_count, check_list, check_number, check_size, refusal, shown
from .content import Content, RawTrack, ReadOptions
from .splines import check_drawn, frame_count, labelled, parse_knots

_DRAWN = ("path", "polygon")
# Relative speed at the given times; the ratio takes the place of 2. "none" is even speed.
_SPEEDS = {
    "none": ((0.0, 1), (1.0, 1)),
    "accelerate": ((0.0, 1), (1.0, 2)),
    "decelerate": ((0.0, 2), (1.0, 1)),
    "accelerate-decelerate": ((0.0, 1), (0.5, 2), (1.0, 1)),
    "decelerate-accelerate": ((0.0, 2), (0.5, 1), (1.0, 2)),
}


def parse_wan2gp(value: Any, name: str, options: ReadOptions) -> Content:
    """Read a Motion Designer definition: one track per layer that has a path.

    Scale and rotation of cut-out objects are left out; the track of such an object is that of its
    centre.

    Raises:
        TrackFormatError: names the layer and what is wrong with it.

    Source: deepbeepmeep/Wan2GP plugins/wan2gp-motion-designer/assets/app.js @b0c3e95. Differs:
        a layer that ends with the scene reaches the end of its path in the last frame, where
        the export stops one frame short.
    """
    layers = check_list(value["layers"], f"{name}: layers")
    scene = value.get("scene")
    if not isinstance(scene, dict):
        raise refusal(f"{name}: scene", "be an object", shown(scene), "Export it again")
    total = check_count(scene.get("totalFrames"), f"{name}: totalFrames", 1, MAX_FRAMES)
    fps = check_number(scene.get("fps", 16), f"{name}: fps", 0.01, 1000)
    resolution = value.get("resolution")
    if not isinstance(resolution, dict):
        raise refusal(f"{name}: resolution", "be an object", shown(resolution), "Export it again")
    size = check_size(resolution.get("width"), resolution.get("height"), f"{name}: resolution")
    frames = frame_count(options, total)
    drawn = [layer.get(key) for layer in layers if isinstance(layer, dict) for key in _DRAWN]
    check_drawn(name, frames, drawn, len(layers))
    # The scene's frame numbers at the frames wanted.
    clock = np.linspace(0, total - 1, frames)
    tracks = [
        track
        for i, layer in enumerate(layers)
        if (track := _layer_track(layer, f"{name}: track {i}", clock, total)) is not None
    ]
    if not tracks:
        raise refusal(
            name, "have a layer with a path", f"{len(layers)} without", "Draw a trajectory first"
        )
    return Content(tracks, "wan2gp", canvas_size=size, fps=fps)


def _layer_track(layer: Any, subject: str, clock: np.ndarray, total: int) -> RawTrack | None:
    if not isinstance(layer, dict):
        raise refusal(subject, "be an object", shown(layer), "Export it again")
    path, polygon = layer.get("path"), layer.get("polygon")
    knots = parse_knots(path, subject) if path else np.empty((0, 2))
    only_path = layer.get("shapeType") == "trajectory"
    if polygon and not only_path:
        knots = np.concatenate([[_centroid(parse_knots(polygon, f"{subject}: polygon"))], knots])
    if not len(knots):
        return None
    start = check_number(layer.get("startFrame", 0), f"{subject}: startFrame", 0, MAX_FRAMES)
    end = check_number(layer.get("endFrame", total), f"{subject}: endFrame", 0, MAX_FRAMES)
    start, end = min(start, total - 1), min(max(end, start), total - 1)
    time = np.clip((clock - start) / max(end - start, 1e-9), 0, 1)
    tension = check_number(layer.get("tension", 0), f"{subject}: tension", 0, 1)
    samples = sample_curve(
        knots,
        _speed_progress(layer, subject, time),
        kind="cardinal" if tension > 0 else "linear",
        tension=1 - tension,
    )
    # Its trajectory export hides outside of the window whatever the flag says.
    hides = only_path or layer.get("hideOutsideRange") is True
    inside = (clock >= start) & (clock <= end)
    return labelled(layer, samples, inside if hides else np.ones_like(inside))


def _speed_progress(layer: dict[str, Any], subject: str, time: np.ndarray) -> np.ndarray:
    """Share of the way at each time: the area under a speed that changes linearly."""
    mode = layer.get("speedMode", "none")
    if not isinstance(mode, str) or mode not in _SPEEDS:
        raise refusal(
            f"{subject}: speedMode", f"be one of {', '.join(_SPEEDS)}", shown(mode), "Change it"
        )
    ratio = check_number(layer.get("speedRatio", 1), f"{subject}: speedRatio", 1, 100)
    times = np.array([at for at, _ in _SPEEDS[mode]])
    speeds = np.array([ratio if speed == 2 else 1.0 for _, speed in _SPEEDS[mode]])
    span, rise = np.diff(times), np.diff(speeds)
    reached = np.concatenate([[0.0], np.cumsum(span * (speeds[:-1] + speeds[1:]) / 2)])
    part = np.clip(np.searchsorted(times, time, side="right") - 1, 0, len(span) - 1)
    since = time - times[part]
    area = reached[part] + since * speeds[part] + since**2 * rise[part] / span[part] / 2
    return area / reached[-1]


def _centroid(polygon: np.ndarray) -> np.ndarray:
    """Centre of area; the first corner where a polygon has no area."""
    x, y = polygon.T
    next_x, next_y = np.roll(x, -1), np.roll(y, -1)
    cross = x * next_y - next_x * y
    area = cross.sum() / 2
    if area == 0:
        return polygon[0]
    return np.array([((x + next_x) * cross).sum(), ((y + next_y) * cross).sum()]) / (6 * area)


def is_wan2gp(value: Any) -> bool:
    """Whether a value is of this format."""
    return isinstance(value, dict) and "layers" in value and "scene" in value
