"""The types of the readers: options in, raw tracks and a track file out."""

import logging
from dataclasses import dataclass, field
from typing import Any, get_args

import numpy as np
import torch

from ..choices import Unit
from ..errors import OptionError
from ..family import Size
from ..motion.fit import fit_tracks
from ..motion.frame import with_frame
from ..motion.retime import resample_tracks
from ..tracks import Tracks
from .checks import MAX_COORDINATE, MAX_FRAMES, MAX_TEXT_POINTS, check_points, refusal

_log = logging.getLogger("wanmove")

DEFAULT_FRAMES = 81
# Pairs that trackers and editors write for "not there": Wan2GP and the reference -1,
# comfyui_cotracker_node -100.
HIDDEN_PAIRS = (-1.0, -100.0)
_CORNER = 2.0  # px; shares of the picture may pass its edge


@dataclass(frozen=True)
class ReadOptions:
    """Options for what a file does not state.

    Args:
        size: (width, height) of the output frame in pixels; tracks are stretched to it when
            the size that they were drawn on is known. None leaves them as they are.
        canvas_size: (width, height) of the picture that the tracks were drawn on, for files
            that do not say. What a file itself states is used first.
        num_frames: frames of the result. None keeps the length of sampled tracks, and samples
            editor documents at their stated length, else 81 frames.
        unit: "pixels"; "normalized": 0..1 over the picture; "auto": what the format says,
            else pixels. It never depends on the size of the numbers.
        format: a name of FORMATS, or "auto" to tell from the content.

    Raises:
        OptionError: a value outside its range.
    """

    size: Size | None = None
    canvas_size: Size | None = None
    num_frames: int | None = None
    unit: Unit = "auto"
    format: str = "auto"

    def __post_init__(self) -> None:
        for name in ("size", "canvas_size"):
            value = getattr(self, name)
            if value is not None and not _is_size(value):
                raise OptionError(
                    f"{name} must be (width, height) in pixels; got {value!r}. Use (832, 480)."
                )
        frames = self.num_frames
        if frames is not None and not (
            isinstance(frames, int) and not isinstance(frames, bool) and 1 <= frames <= MAX_FRAMES
        ):
            raise OptionError(
                f"num_frames must be an integer from 1 to {MAX_FRAMES}; got {frames!r}. Use 81."
            )
        if self.unit not in get_args(Unit):
            raise OptionError(
                f"unit must be auto, pixels or normalized; got {self.unit!r}. Use auto."
            )


@dataclass(frozen=True)
class TrackFile:
    """Tracks, and what else their file states.

    Args:
        tracks: in pixels of `size`.
        format: name of the format, as in FORMATS.
        size: (width, height) of the frame that the positions are pixels of; None when neither
            the file nor the caller said.
        canvas: (width, height) of the picture that the tracks were drawn on; None: unknown.
        notes: what a person should know of how it was read, a sentence each.
        fps: frames per second, where the file declares it.
        names: one per track where the format has names, else empty.
        colors: one CSS colour per track where the format has colours, else empty.
    """

    tracks: Tracks
    format: str
    size: Size | None = None
    fps: float | None = None
    names: tuple[str, ...] = ()
    colors: tuple[str, ...] = ()
    canvas: Size | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class RawTrack:
    """One track as a reader found it.

    Args:
        points: float64 [frames, 2]; NaN in both where the file has no position.
        visible: bool [frames] where the file says so, else None.
        name: the user's name for it, or "".
        color: a CSS colour, or "".
    """

    points: np.ndarray
    visible: np.ndarray | None = None
    name: str = ""
    color: str = ""


@dataclass(frozen=True)
class Content:
    """Everything that a reader found in one file.

    Args:
        tracks: at least one, of any lengths.
        format: name of the format.
        canvas_size: (width, height) that the file declares.
        normalized: positions are 0..1 over the picture.
        fps: where declared.
    """

    tracks: list[RawTrack] = field(default_factory=list)
    format: str = ""
    canvas_size: Size | None = None
    normalized: bool = False
    fps: float | None = None


def hidden_pairs(points: np.ndarray) -> np.ndarray:
    """Find points whose coordinates are a pair that means hidden, such as (-1, -1)."""
    marks = points[..., 0] == HIDDEN_PAIRS[0]
    for value in HIDDEN_PAIRS[1:]:
        marks |= points[..., 0] == value
    return marks & (points[..., 0] == points[..., 1])


def finish(content: Content, name: str, options: ReadOptions) -> TrackFile:
    """Check, join, retime and scale what a reader found.

    Args:
        content: of one file.
        name: of that file, for messages.
        options: the caller's.

    Returns:
        Tracks as float32 in pixels.

    Raises:
        TrackFormatError: no tracks, too many, or a position out of range.
    """
    frames = max((len(raw.points) for raw in content.tracks), default=0)
    for count in (frames, options.num_frames or frames):
        check_points(name, count, len(content.tracks), MAX_TEXT_POINTS)
    tracks = join_tracks(content.tracks, name)
    return scale_tracks(tracks, content, name, options)


def join_tracks(raw_tracks: list[RawTrack], name: str) -> Tracks:
    """Join raw tracks, each retimed to the longest one."""
    frames = max(len(raw.points) for raw in raw_tracks)
    positions = torch.zeros(frames, len(raw_tracks), 2)
    visibility = torch.zeros(frames, len(raw_tracks), dtype=torch.bool)
    lengths = np.array([len(raw.points) for raw in raw_tracks])
    for length in np.unique(lengths):
        members = np.flatnonzero(lengths == length)
        points = np.stack([raw_tracks[i].points for i in members], axis=1)
        seen = np.stack([_visible(raw_tracks[i]) for i in members], axis=1)
        points = checked_positions(points, seen, name, members)
        group = Tracks(torch.from_numpy(points), torch.from_numpy(seen))
        group = resample_tracks(group, frames)
        columns = torch.from_numpy(members)
        positions[:, columns], visibility[:, columns] = group.positions, group.visibility
    return Tracks(positions, visibility)


def _visible(raw: RawTrack) -> np.ndarray:
    there = ~np.isnan(raw.points).any(axis=1)
    if raw.visible is not None:
        return raw.visible & there
    return there & ~hidden_pairs(raw.points)


def checked_positions(
    points: np.ndarray, seen: np.ndarray, name: str, track_numbers: Any = None
) -> np.ndarray:
    """Return float32 positions, zero where missing; raise if a visible one is out of range."""
    outside = ~(np.abs(points) <= MAX_COORDINATE).all(axis=-1)
    if (outside & seen).any():
        frame, column = (int(i) for i in np.argwhere(outside & seen)[0])
        track = column if track_numbers is None else int(track_numbers[column])
        x, y = (float(v) for v in points[frame, column])
        raise refusal(
            f"{name}: track {track}, frame {frame}: x and y",
            f"lie within {MAX_COORDINATE:.0f} px of the frame",
            f"({x!r}, {y!r})",
            "Correct the point, or leave it out to hide it",
        )
    return np.where(outside[..., None], 0.0, points).astype(np.float32)


def scale_tracks(tracks: Tracks, content: Content, name: str, options: ReadOptions) -> TrackFile:
    """Convert joined tracks to the length, unit and size that the caller asked for."""
    if options.num_frames is not None:
        tracks = resample_tracks(tracks, options.num_frames)
    canvas = content.canvas_size or options.canvas_size
    normalized = content.normalized if options.unit == "auto" else options.unit == "normalized"
    note = "" if normalized or options.unit != "auto" else _unit_note(tracks, canvas)
    if note:
        _log.warning("%s: %s", name, note)
    if normalized:
        canvas = canvas or options.size
        if canvas is None:
            raise refusal(
                name,
                "come with a size, since its positions are 0..1 over the picture",
                "none",
                "Pass size=(width, height) of the output frame",
            )
        tracks = Tracks(tracks.positions * torch.tensor(canvas), tracks.visibility)
    tracks = with_frame(tracks, canvas)
    if options.size is not None and canvas is not None and options.size != canvas:
        tracks = fit_tracks(tracks, canvas, options.size)
    return TrackFile(
        tracks,
        content.format,
        size=options.size or canvas,
        fps=content.fps,
        names=_labels(raw.name for raw in content.tracks),
        colors=_labels(raw.color for raw in content.tracks),
        canvas=canvas,
        notes=(note,) if note else (),
    )


def _labels(values: Any) -> tuple[str, ...]:
    labels = tuple(values)
    return labels if any(labels) else ()


def _is_size(value: Any) -> bool:
    return (
        isinstance(value, tuple)
        and len(value) == 2
        and all(isinstance(v, int) and not isinstance(v, bool) and 1 <= v <= 65536 for v in value)
    )


def _unit_note(tracks: Tracks, canvas: Size | None) -> str:
    """A hint only: a still point near the corner looks the same, so nothing is changed."""
    if not tracks.visibility.any():
        return ""
    x, y = tracks.positions[tracks.visibility].abs().amax(0).tolist()
    if canvas is not None and y > _CORNER:  # readers of programs that count y from the bottom
        y = float((canvas[1] - tracks.positions[..., 1][tracks.visibility]).abs().max())
    if max(x, y) > _CORNER:
        return ""
    where = "" if canvas is None else f" of {canvas[0]}x{canvas[1]}"
    return (
        f"all positions are within {_CORNER:g} px of the corner{where}. If they are 0..1 over the "
        "picture, read them with the unit normalized."
    )
