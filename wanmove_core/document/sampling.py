"""A document's tracks as points per frame: path, timing, windows, spread.

The same mathematics as web/js/editor/sample.js; both equal tests/fixtures/curves.json.
"""

import math
from dataclasses import replace

import numpy as np
import torch

from ..errors import TrackFormatError
from ..motion.curves import bezier_segments, flatten_segments, sample_polyline
from ..shapes import Bool, Float
from ..tracks import Tracks
from .parents import Placed, parent_indices, place_tracks
from .retime import ascending, retimed, retimed_windows
from .schema import EditorDocument, EditorTrack, Spread
from .timing import all_keys, played_frames, travelled

MAX_POINTS = 65_536
MAX_PLACES = 20_000_000  # points in all frames together: 180 MB
# Vogel's spiral turns by this much per point: an even cover of a disc for any count.
_GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))
_CHORDS_PER_SEGMENT = 64


def sample_document(document: EditorDocument) -> Tracks:
    """Place every point of a drawing in every frame.

    Args:
        document: from `parse_document`. Hidden tracks are left out.

    Returns:
        Tracks in pixels of the document's canvas, float32, in the document's order: a
        track's spread points follow each other. A document without tracks gives no points.

    Raises:
        TrackFormatError: the spreads make more than MAX_POINTS points, or the frames more than
            MAX_PLACES of them.
    """
    shown = [index for index, track in enumerate(document.tracks) if not track.hidden]
    drawn = [document.tracks[index] for index in shown]
    offsets = [_spread_offsets(track.spread) for track in drawn]
    total = sum(len(offset) for offset in offsets)
    if total > MAX_POINTS:
        raise TrackFormatError(
            f"The drawing must have at most {MAX_POINTS} points; got {total}. "
            "Lower the point count of its spreads."
        )
    frames = document.num_frames
    if total * frames > MAX_PLACES:
        raise TrackFormatError(
            f"The drawing must have at most {MAX_PLACES} points in all its frames; got {total} in "
            f"{frames} frames. Lower the point count of its spreads, or shorten it."
        )
    positions = np.empty((frames, total, 2), dtype=np.float32)
    visibility = np.empty((frames, total), dtype=bool)
    placed, first = _placed(document, shown), 0
    for index, track, offset in zip(shown, drawn, offsets, strict=True):
        own = slice(first, first := first + len(offset))
        posed = _posed(offset, track.spread, frames, placed[index].carried)
        positions[:, own] = placed[index].own[:, None] + posed
        visibility[:, own] = _seen(track, frames)[:, None]
    return Tracks(
        torch.from_numpy(positions),
        torch.from_numpy(visibility),
        (document.width, document.height),
    )


def without_rings(document: EditorDocument) -> EditorDocument:
    """Return the drawing without the rings of the Draw tool: one point per path."""
    tracks = (
        replace(track, spread=None) if track.spread and track.spread.ring else track
        for track in document.tracks
    )
    return replace(document, tracks=tuple(tracks))


def scale_document(
    document: EditorDocument, *, width: int, height: int, num_frames: int
) -> EditorDocument:
    """Stretch a drawing to another canvas and retime it to another length.

    Returns:
        A new document. Frames scale such that the first and last stay first and last.
    """
    sx, sy = width / document.width, height / document.height
    pace = (num_frames - 1) / max(document.num_frames - 1, 1)

    def frame(value: float | None) -> float | None:
        return None if value is None else retimed(value, pace)

    def track(given: EditorTrack) -> EditorTrack:
        knots = tuple(
            replace(
                knot,
                x=knot.x * sx,
                y=knot.y * sy,
                arriving=(knot.arriving[0] * sx, knot.arriving[1] * sy),
                leaving=(knot.leaving[0] * sx, knot.leaving[1] * sy),
            )
            for knot in given.knots
        )
        timing = replace(
            given.timing,
            start=frame(given.timing.start),
            end=frame(given.timing.end),
            keys=ascending(
                replace(key, frame=retimed(key.frame, pace)) for key in given.timing.keys
            ),
        )
        windows = given.windows and retimed_windows(given.windows, pace)
        spread = given.spread and _scale_spread(given.spread, sx, sy, pace)
        return replace(given, knots=knots, timing=timing, windows=windows, spread=spread)

    return replace(
        document,
        width=width,
        height=height,
        num_frames=num_frames,
        tracks=tuple(track(given) for given in document.tracks),
    )


def _scale_spread(spread: Spread, sx: float, sy: float, pace: float) -> Spread:
    """Scale a line along its own direction, and a disc uniformly by the area."""
    radians = math.radians(spread.angle)
    across, down = sx * math.cos(radians), sy * math.sin(radians)
    grown = math.hypot(across, down) if spread.shape == "line" else math.sqrt(abs(sx * sy))
    return replace(
        spread,
        size=spread.size * grown,
        angle=spread.angle if sx == sy else math.degrees(math.atan2(down, across)),
        offsets=tuple((x * sx, y * sy) for x, y in spread.offsets),
        polygon=tuple((x * sx, y * sy) for x, y in spread.polygon),
        keys=ascending(replace(key, frame=retimed(key.frame, pace)) for key in spread.keys),
    )


def region_outlines(
    document: EditorDocument,
) -> list[tuple[Float[np.ndarray, "frames vertices 2"], Bool[np.ndarray, " frames"]]]:
    """Place the outline of every region in every frame, and say where it guides.

    Args:
        document: from `parse_document`. Hidden tracks are left out, pins, and regions without
            an outline.
    """
    frames, found = document.num_frames, []
    for index, track in enumerate(document.tracks):
        outline = track.spread.polygon if track.spread else ()
        if track.hidden or len(outline) < 3 or (track.spread and track.spread.pins):
            continue
        placed = _placed(document, [index])[index]
        posed = _posed(np.array(outline, np.float64), track.spread, frames, placed.carried)
        found.append((placed.own[:, None] + posed, _seen(track, frames)))
    return found


def _placed(document: EditorDocument, wanted: list[int]) -> dict[int, Placed]:
    """Tracks with the motion of those that carry them along."""
    frames, tracks = document.num_frames, document.tracks
    links = parent_indices([track.id for track in tracks], [track.parent for track in tracks])

    def rest(index: int) -> Placed:
        spread, still = tracks[index].spread, np.zeros(frames)
        turn = _pose(spread, frames)[1] if spread and spread.keys else still
        return Placed(sample_track(tracks[index], frames), turn - turn[0], still)

    return place_tracks(links, rest, wanted)


def sample_track(track: EditorTrack, frames: int) -> Float[np.ndarray, "frames 2"]:
    """Place the track's own point, without its spread, in every frame."""
    knots = np.array([(knot.x, knot.y) for knot in track.knots], dtype=np.float64)
    if len(knots) == 1:
        return np.repeat(knots, frames, axis=0)
    chords = 1 if track.curve == "polyline" else _CHORDS_PER_SEGMENT
    polyline = knots if track.curve == "polyline" else flatten_segments(_segments(track), chords)
    reached = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(polyline, axis=0), axis=1))])
    keys = all_keys(track, frames)
    lengths = travelled(reached, chords, keys, played_frames(track.timing, keys, frames))
    return sample_polyline(polyline, lengths / max(reached[-1], 1e-300))


def _segments(track: EditorTrack) -> Float[np.ndarray, "segments 4 2"]:
    knots = np.array([(knot.x, knot.y) for knot in track.knots], dtype=np.float64)
    if track.curve == "catmull-rom":
        return bezier_segments(knots, "centripetal")
    offsets = np.array([(knot.arriving, knot.leaving) for knot in track.knots], dtype=np.float64)
    return bezier_segments(knots, "bezier", handles=knots[:, None] + offsets)


def _spread_offsets(spread: Spread | None) -> Float[np.ndarray, "points 2"]:
    """The cluster around a point, at scale 1 and angle 0."""
    if spread is None:
        return np.zeros((1, 2))
    if spread.shape == "region":
        return np.array(spread.offsets, dtype=np.float64).reshape(-1, 2)
    index, turn = np.arange(spread.count), math.radians(spread.angle)
    if spread.shape == "line":
        along = (index / max(spread.count - 1, 1) - (0.5 if spread.count > 1 else 0)) * spread.size
        return along[:, None] * np.array([math.cos(turn), math.sin(turn)])
    radius = spread.size / 2 * np.sqrt(index / max(spread.count - 1, 1))
    theta = index * _GOLDEN_ANGLE + turn
    return radius[:, None] * np.stack([np.cos(theta), np.sin(theta)], axis=1)


def _posed(
    offsets: Float[np.ndarray, "points 2"],
    spread: Spread | None,
    frames: int,
    carried: Float[np.ndarray, " frames"],
) -> Float[np.ndarray, "frames points 2"]:
    """The cluster turned and scaled as its keys and its parents say."""
    if spread is None or (not spread.keys and not carried.any()):
        return np.repeat(offsets[None], frames, axis=0)
    scale, angle = _pose(spread, frames) if spread.keys else (np.ones(frames), np.zeros(frames))
    angle = angle + carried
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    turn = np.stack([np.stack([cos, sin], -1), np.stack([-sin, cos], -1)], 1)
    return np.einsum("nj,fjc->fnc", offsets, turn)


def _pose(
    spread: Spread, frames: int
) -> tuple[Float[np.ndarray, " frames"], Float[np.ndarray, " frames"]]:
    """Scale and angle in radians of a cluster with keys, linear between them."""
    when, at = [key.frame for key in spread.keys], np.arange(frames)
    scale = np.interp(at, when, [key.scale for key in spread.keys])
    return scale, np.radians(np.interp(at, when, [key.angle for key in spread.keys]))


def _seen(track: EditorTrack, frames: int) -> Bool[np.ndarray, " frames"]:
    """In which frames a track guides."""
    if track.windows is None:
        return np.ones(frames, dtype=bool)
    windows = np.array(track.windows, dtype=np.float64).reshape(-1, 2)
    first = np.clip(np.ceil(windows[:, 0]), 0, frames).astype(int)
    end = np.clip(np.floor(windows[:, 1]) + 1, 0, frames).astype(int)
    edges = np.zeros(frames + 1, dtype=int)
    np.add.at(edges, first[first < end], 1)
    np.add.at(edges, end[first < end], -1)
    return np.cumsum(edges)[:-1] > 0
