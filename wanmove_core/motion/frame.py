"""The one rule that maps tracks into the frame of a consumer: a video, its start image, a clip."""

from dataclasses import replace
from typing import NamedTuple

from ..choices import FitMode, TrackSpace
from ..errors import ShapeError
from ..family import Size
from ..tracks import Tracks
from .fit import fit_tracks


class Placed(NamedTuple):
    """Tracks in the pixels of a consumer's frame, and how they were mapped.

    Args:
        tracks: with the consumer's frame.
        how: one line that says how they were mapped; "" if nothing changed.
    """

    tracks: Tracks
    how: str


def place_in_frame(
    tracks: Tracks,
    size: Size,
    *,
    image_size: Size | None = None,
    fit_mode: FitMode = "stretch",
    track_space: TrackSpace = "video",
) -> Placed:
    """Map tracks into the frame of a video.

    The tracks' frame may be the video's, the start image's before its fit, or a scaled copy of
    one of these; they are tried in this order. Tracks without a frame are taken as `track_space`
    says.

    Args:
        tracks: of any frame.
        size: (width, height) of the video, pixels.
        image_size: (width, height) of the start image before its fit, pixels; None: no start image.
        fit_mode: how the start image was fitted.
        track_space: the frame of tracks that do not state one.

    Raises:
        ShapeError: the tracks' frame is another one.
    """
    known = tracks.frame
    image = size if image_size is None else image_size
    source = known or (image if track_space == "start image" else size)
    through = f"through the start image's {fit_mode} to {_text(size)}"
    if source == size:
        placed, how = with_frame(tracks, size), ""
    elif same_aspect(source, size):
        placed, how = fit_tracks(tracks, source, size), f"scaled to {_text(size)}"
    elif source == image or same_aspect(source, image):
        scaled = fit_tracks(tracks, source, image)
        placed, how = fit_tracks(scaled, image, size, mode=fit_mode), through
    else:
        raise ShapeError(
            f"tracks must belong to {_wanted(size, image)}; got tracks of {_text(source)}. "
            "Draw them on that frame. In ComfyUI, Fit Start Image (Wan-Move) brings both to it; on "
            "the command line, --tracks-size names theirs."
        )
    if known is None:
        taken = f"frame unknown, taken as {_text(source)}"
        return Placed(placed, f"{taken}, {how}" if how else taken)
    return Placed(placed, how and f"tracks of {_text(known)} {how}")


def common_frame(tracks: list[Tracks]) -> tuple[list[Tracks], str]:
    """Map tracks that will be joined into the frame of the first one that has a frame.

    Returns:
        The tracks, and one line about those whose frame was another one or unknown.

    Raises:
        ShapeError: frames of different aspect ratios.
    """
    known = next((item.frame for item in tracks if item.frame), None)
    if known is None:
        return list(tracks), ""
    placed = [place_in_frame(item, known) for item in tracks]
    said = [f"input {index}: {how}" for index, (_, how) in enumerate(placed) if how]
    return [item for item, _ in placed], "; ".join(said)


def with_frame(tracks: Tracks, frame: Size | None) -> Tracks:
    """Return the same tracks with this frame."""
    return tracks if tracks.frame == frame else replace(tracks, frame=frame)


def same_aspect(one: Size, other: Size) -> bool:
    """Tell whether two sizes have the same aspect ratio, within one pixel of the smaller size."""
    return abs(one[0] * other[1] - other[0] * one[1]) <= max(*one, *other)


def _text(size: Size) -> str:
    return f"{size[0]}x{size[1]}"


def _wanted(size: Size, image: Size) -> str:
    if size == image:
        return f"the frame of {_text(size)}"
    return f"the video ({_text(size)}) or its start image ({_text(image)})"
