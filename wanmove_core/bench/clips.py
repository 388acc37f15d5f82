"""A clip's files as frames and tracks."""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image

from ..errors import MediaError
from ..evaluate.metrics import hide_outside
from ..formats.read import read_tracks
from ..formats.write import write_tracks
from ..grid import Size
from ..media.image import read_image
from ..media.video import read_video
from ..motion.fit import fit_tracks
from ..motion.retime import retime_tracks
from ..shapes import Float, Tensor, UInt8
from ..tracks import Tracks
from .case import Case
from .masks import label_files, read_labels
from .weights import file_digest

_log = logging.getLogger("wanmove")

_POINTS_PER_OBJECT = 16
_EDGE_PX = 3


def read_clip(path: Path) -> UInt8[Tensor, "frames height width 3"]:
    """Read a video, or a folder of numbered pictures.

    Raises:
        MediaError: not a video or folder of pictures, damaged, or pictures of several sizes.
    """
    if not path.is_dir():
        return read_video(path)
    pictures = [read_image(one) for one in _pictures(path)]
    sizes = {tuple(picture.shape) for picture in pictures}
    if len(sizes) != 1:
        raise MediaError(
            f"{path} must hold pictures of one size; got {len(sizes)} sizes. Check the download."
        )
    return torch.stack(pictures)


def clip_length(path: Path) -> int | None:
    """Count the frames of a folder of pictures; None for a video."""
    return len(_pictures(path)) if path.is_dir() else None


def _pictures(path: Path) -> list[Path]:
    found = sorted(one for one in path.iterdir() if one.suffix.lower() in {".jpg", ".png"})
    if not found:
        raise MediaError(f"{path} must hold pictures (.jpg, .png); got none. Check the download.")
    return found


def digest_of(path: Path | None) -> str | None:
    """Compute a digest of a file, or of all files in a folder; None without a path.

    Raises:
        MediaError: it cannot be read.
    """
    if path is None:
        return None
    try:
        if not path.is_dir():
            return file_digest(path)
        files = sorted(one for one in path.iterdir() if one.is_file())
        parts = "|".join(f"{one.name}={file_digest(one)}" for one in files)
        return hashlib.sha256(parts.encode()).hexdigest()[:16]
    except OSError as error:
        raise MediaError(
            f"{path} must be a readable file; got {error.strerror}. Check the path."
        ) from error


def same_length_and_size(
    generated: Tensor, reference: Tensor, name: str, *, frames: int | None, size: Size | None
) -> tuple[Tensor, Tensor]:
    """Cut both clips to the frames that both have, and scale them where the protocol says so.

    Raises:
        MediaError: they differ in size, and the protocol does not scale.
    """
    count = min(len(generated), len(reference), frames or len(generated))
    if len(generated) != len(reference) and count < (frames or count + 1):
        _log.warning(
            "%s: %d frames were made and the true video has %d; the first %d are compared.",
            name,
            len(generated),
            len(reference),
            count,
        )
    generated, reference = generated[:count], reference[:count]
    if size is not None:
        return _scaled(generated, size), _scaled(reference, size)
    if generated.shape != reference.shape:
        made, true = (f"{clip.shape[2]}x{clip.shape[1]}" for clip in (generated, reference))
        step = "Make it at that size, or scale both by --size, which changes every figure."
        if generated.shape[1] >= 2 * reference.shape[1]:
            step = "It looks like a file of --vis_track or with drawn tracks: score the plain one."
        raise MediaError(f"{name} must have the true video's size, {true}; got {made}. {step}")
    return generated, reference


def _scaled(frames: Tensor, size: Size) -> Tensor:
    if (frames.shape[2], frames.shape[1]) == size:
        return frames
    return torch.from_numpy(
        np.stack([cv2.resize(f, size, interpolation=cv2.INTER_LINEAR) for f in frames.numpy()])
    )


def asked_tracks(case: Case, video_size: Size, num_frames: int) -> Tracks:
    """Read a case's tracks in pixels and frames of its generated video.

    Raises:
        TrackFormatError, MediaError: a file that cannot be read.
    """
    assert case.tracks is not None
    size = image_size(case.image) if case.image else video_size
    tracks = read_tracks(case.tracks, visibility=case.visibility, size=size)
    tracks = retime_tracks(fit_tracks(tracks, size, video_size), num_frames, mode=case.retime)
    return hide_outside(tracks, *video_size)


def image_size(image: Path) -> Size:
    """Read (width, height) of a picture without decoding it.

    Raises:
        MediaError: no file, or not a picture.
    """
    try:
        with Image.open(image) as opened:
            return opened.size
    except (OSError, Image.DecompressionBombError, SyntaxError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "another kind of file"
        raise MediaError(
            f"{image} must be a readable picture; got {reason}. Check the path."
        ) from error


def with_followed_tracks(
    case: Case, folder: Path, tracker: Callable[[Tensor, Tensor], Tracks]
) -> Case:
    """Return the case with tracks that were tracked through its true video from its first masks.

    Args:
        case: with a reference and masks.
        folder: cache of the tracks.
        tracker: uint8 [T, H, W, 3] and points [N, 2] to Tracks.

    Raises:
        MediaError: no object in the first mask.
    """
    path = folder / f"{case.id}_tracks.npy"
    if not path.is_file():
        assert case.masks is not None and case.reference is not None
        points = points_in_masks(label_files(case.masks)[0])
        write_tracks(tracker(read_clip(case.reference), torch.from_numpy(points).float()), path)
    return replace(case, tracks=path, visibility=None, retime="cut")


def points_in_masks(path: Path) -> Float[np.ndarray, "points 2"]:
    """Up to 16 points spread over each object of a label picture, away from its edge.

    Returns:
        (x, y) in pixels, float64, the same for the same picture.

    Raises:
        MediaError: no object in it.
    """
    labels = read_labels(path)
    points: list[tuple[float, float]] = []
    for label in np.unique(labels[labels != 0]).tolist():
        mask = np.pad((labels == label).astype(np.uint8), 1)
        depth = cv2.distanceTransform(mask, cv2.DIST_L2, 5)[1:-1, 1:-1]
        inner = depth >= min(_EDGE_PX, float(depth.max()))
        rows, columns = inner.nonzero()
        # The first is the one furthest inside; each next one is furthest from all before.
        chosen = int(depth[rows, columns].argmax())
        gap = np.full(len(rows), np.inf)
        for _ in range(min(_POINTS_PER_OBJECT, len(rows))):
            points.append((float(columns[chosen]), float(rows[chosen])))
            gap = np.minimum(gap, np.hypot(columns - columns[chosen], rows - rows[chosen]))
            chosen = int(gap.argmax())
    if not points:
        raise MediaError(f"{path} must show an object; got none. Check the masks.")
    return np.array(points) + 0.5  # the middle of a pixel, counted from the frame's corner
