"""Draw tracks over frames: dots with fading trails on a clip, whole paths on a still image."""

import numpy as np
import torch

from ..errors import OptionError, ShapeError
from ..grid import Size
from ..motion.retime import resample_tracks
from ..shapes import Shaped, Tensor, UInt8
from ..tracks import Tracks
from .canvas import SHIFT, Canvas, Colour, find_canvas
from .colours import track_colours
from .trails import Dots, TrailPainter, draw_dots

_FARTHEST = 16384.0  # px; beyond it OpenCV's fixed-point coordinates overflow
_OUTLINE = (24, 22, 28)  # RGB, near black
_RADIUS_PER_DIAGONAL = 1 / 165  # for few tracks; many get smaller dots
_FEW, _SMALLEST = 24, 1.8  # tracks; pixels


def draw_tracks(
    frames: Shaped[Tensor, "frames height width 3"],
    tracks: Tracks,
    *,
    colours: UInt8[Tensor, "points 3"] | None = None,
    radius: float | int | None = None,
    trail: int = 24,
    opacity: float | int = 0.85,
) -> Shaped[Tensor, "frames height width 3"]:
    """Draw each track as a dot with a fading trail.

    A hidden point has no dot, and its trail has a gap. Dots lie above all trails, later tracks
    above earlier ones, newer parts of trails above older ones.

    Args:
        frames: RGB, of the tracks' size; uint8, or float32 0..1.
        tracks: of any length: stretched in time to the frames, as `resample_tracks` does. To see
            the whole motion on one image use `draw_paths`.
        colours: RGB of every track; by default `track_colours`.
        radius: of the dots in pixels; by default from the frame's size and the number of tracks.
        trail: frames until a part of a trail has faded; 0 draws dots alone.
        opacity: of the newest part of a trail, 0..1. Dots are opaque.

    Returns:
        New frames with the device and dtype of `frames`.

    Raises:
        OptionError: an option out of range.
        ShapeError: frames of another dtype, or not as many colours as tracks.
    """
    tracks = resample_tracks(tracks, frames.shape[0])
    drawer = TrackDrawer(
        tracks,
        (frames.shape[2], frames.shape[1]),
        colours=colours,
        radius=radius,
        trail=trail,
        opacity=opacity,
    )
    return drawer.draw(frames)


class TrackDrawer:
    """Draws as `draw_tracks`, on frames that come some at a time.

    Args:
        tracks: of the length of all frames.
        size: (width, height) of the frames.
        colours, radius, trail, opacity: see `draw_tracks`, as are the errors.
    """

    def __init__(
        self,
        tracks: Tracks,
        size: Size,
        *,
        colours: UInt8[Tensor, "points 3"] | None = None,
        radius: float | int | None = None,
        trail: int = 24,
        opacity: float | int = 0.85,
    ) -> None:
        canvas = find_canvas()
        self._palette, radius = _check_style(size, tracks, colours, radius, opacity)
        if trail < 0:
            raise OptionError(
                f"trail must be 0 frames or more; got {trail}. Use 24 for one second."
            )
        self._points, self._visible = _to_fixed_point(tracks), tracks.visibility.cpu().numpy()
        self._corners = _dot(radius)
        self._trail, self._opacity = trail, opacity
        self._painter = TrailPainter(
            canvas, (size[1], size[0]), width=_line_width(radius), trail=trail, outline=_OUTLINE
        )
        self._next = 0

    def draw(
        self, frames: Shaped[Tensor, "frames height width 3"]
    ) -> Shaped[Tensor, "frames height width 3"]:
        """Draw on the next frames; returns new ones with the device and dtype of `frames`."""
        if frames.dtype not in (torch.uint8, torch.float32):
            raise ShapeError(f"frames must be uint8 or float32; got {frames.dtype}. Convert them.")
        points, visible, palette = self._points, self._visible, self._palette
        # NumPy's memory comes in huge pages, torch's in small ones, whose faults would take half
        # of the time; and torch copies with all threads.
        drawn = np.empty(frames.shape, str(frames.dtype).removeprefix("torch."))
        torch.from_numpy(drawn).copy_(frames)
        for index, frame in enumerate(drawn, self._next):
            if index and self._trail:
                moved = (points[index] != points[index - 1]).any(-1)
                steps = np.flatnonzero(visible[index] & visible[index - 1] & moved)
                ends = points[index - 1 : index + 1, steps].swapaxes(0, 1)
                self._painter.advance(ends, palette[steps])
            shown = np.flatnonzero(visible[index])
            dots = Dots(points[index, shown], palette[shown], self._corners)
            self._painter.paint(frame, dots, opacity=self._opacity)
        self._next += len(drawn)
        return torch.from_numpy(drawn).to(frames.device)


def draw_paths(
    image: UInt8[Tensor, "height width 3"],
    tracks: Tracks,
    *,
    colours: UInt8[Tensor, "points 3"] | None = None,
    radius: float | int | None = None,
    opacity: float | int = 0.9,
) -> UInt8[Tensor, "height width 3"]:
    """Draw the whole path of each track on one image: a dot where it starts, an arrow at its end.

    Args:
        image: RGB, of the tracks' size.
        tracks: of any length. A path breaks where the track is hidden.
        colours: RGB of every track; by default `track_colours`.
        radius: of the dots in pixels; by default from the image's size and the number of tracks.
        opacity: of the drawing, 0..1.

    Returns:
        A new image on the device of `image`.

    Raises:
        OptionError: an option out of range.
        ShapeError: not as many colours as tracks.
    """
    canvas = find_canvas()
    size = (image.shape[1], image.shape[0])
    palette, radius = _check_style(size, tracks, colours, radius, opacity)
    points, visible = _to_fixed_point(tracks), tracks.visibility.cpu().numpy()
    source = image.cpu().contiguous().numpy()
    drawn = source.copy()
    dot = _dot(radius)
    shown = [track for track in range(tracks.num_points) if visible[:, track].any()]
    for track in shown:
        _draw_path(
            canvas, drawn, _runs(points[:, track], visible[:, track]), palette[track], radius
        )
    if _line_width(radius) == 1:  # thin lines are many: keep the image visible through them
        drawn = canvas.mix(drawn, source, 0.6)
    for track in shown:
        seen = points[visible[:, track], track]
        head = _arrow_head(_runs(points[:, track], visible[:, track])[-1], 2.4 * radius)
        if head is not None:
            canvas.lines(drawn, [np.concatenate([head, head[:1]])], _OUTLINE, 2)
            canvas.polygons(drawn, head[None], palette[track][None])
        draw_dots(canvas, drawn, Dots(seen[:1], palette[track][None], dot), _OUTLINE)
    return torch.from_numpy(canvas.mix(drawn, source, opacity)).to(image.device)


def draw_outlines(
    frames: UInt8[Tensor, "frames height width 3"], corners: Tracks, colour: Colour
) -> UInt8[Tensor, "frames height width 3"]:
    """Draw the closed line through the tracks in each frame, such as that of a box; new frames."""
    canvas = find_canvas()
    drawn = frames.cpu().numpy().copy()
    for frame, line in zip(drawn, _to_fixed_point(corners), strict=True):
        canvas.lines(frame, [np.concatenate([line, line[:1]])], colour, 2)
    return torch.from_numpy(drawn).to(frames.device)


def _runs(path: np.ndarray, visible: np.ndarray) -> list[np.ndarray]:
    """The parts of a path [frames, 2] between its hidden gaps."""
    seen = np.flatnonzero(visible)
    return [path[run] for run in np.split(seen, np.flatnonzero(np.diff(seen) > 1) + 1)]


def _draw_path(
    canvas: Canvas, image: np.ndarray, runs: list[np.ndarray], colour: np.ndarray, radius: float
) -> None:
    width = _line_width(radius)
    # Thin lines are many: their outlines would blacken the image.
    outline = [(width + 2, _OUTLINE)] if width > 1 else []
    for thickness, shade in (*outline, (width, tuple(colour.tolist()))):
        canvas.lines(image, runs, shade, thickness)


def _dot(radius: float) -> np.ndarray:
    """Fixed-point corners [2, corners, 2] of an outline and a disc around 0.

    Own polygons, since OpenCV turns small circles into squares.
    """
    turn = np.linspace(0, 2 * np.pi, max(12, int(2.5 * radius)), endpoint=False)
    radii = np.array([radius + min(max(0.3 * radius, 0.8), 3.0), radius])
    corners = radii[:, None, None] * np.stack([np.cos(turn), np.sin(turn)], -1)
    return np.round(corners * (1 << SHIFT)).astype(np.int32)


def _arrow_head(path: np.ndarray, length: float) -> np.ndarray | None:
    """A triangle at the end of a fixed-point path, or None where it hardly moves."""
    length *= 1 << SHIFT
    tip = path[-1].astype(np.float64)
    away = np.linalg.norm(path - tip, axis=1)
    far = np.flatnonzero(away >= length)
    if not far.size:
        return None
    # From the last point that is one head away: the direction at the very end may be noise.
    along = (tip - path[far[-1]]) / away[far[-1]]
    across = np.array([-along[1], along[0]])
    front, back = tip + 0.35 * length * along, tip - 0.65 * length * along
    corners = [front, back + 0.5 * length * across, back - 0.5 * length * across]
    return np.round(corners).astype(np.int32)


def _to_fixed_point(tracks: Tracks) -> np.ndarray:
    """[frames, points, 2] int32 in 1/16 px; pixel centres are whole."""
    positions = tracks.positions.detach().cpu().double().numpy() - 0.5
    return np.round(positions.clip(-_FARTHEST, _FARTHEST) * (1 << SHIFT)).astype(np.int32)


def _check_style(
    size: Size,
    tracks: Tracks,
    colours: Tensor | None,
    radius: float | int | None,
    opacity: float | int,
) -> tuple[np.ndarray, float]:
    if not 0 <= opacity <= 1:
        raise OptionError(f"opacity must be 0..1; got {opacity}. Use 0.85.")
    if radius is not None and not 0 < radius <= 1000:
        raise OptionError(
            f"radius must be above 0 and at most 1000 px; got {radius}. Leave it out."
        )
    if colours is not None and colours.shape[0] != tracks.num_points:
        raise ShapeError(
            f"colours must be one for each of {tracks.num_points} tracks; "
            f"got {colours.shape[0]}. Leave them out for distinct ones."
        )
    palette = track_colours(tracks.num_points) if colours is None else colours
    if radius is None:
        diagonal = float(np.hypot(*size))
        crowd = min(1.0, (_FEW / max(tracks.num_points, 1)) ** 0.25)
        radius = max(diagonal * _RADIUS_PER_DIAGONAL * crowd, _SMALLEST)
    return palette.cpu().numpy(), float(radius)


def _line_width(radius: float) -> int:
    return max(round(0.55 * radius), 1)
