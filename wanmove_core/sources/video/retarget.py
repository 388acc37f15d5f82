"""Retarget the motion of a video to another picture: separate the camera, move and scale."""

from dataclasses import dataclass

import numpy as np
import torch

from ...errors import OptionError, ShapeError
from ...motion.retime import MAX_FRAMES, check_num_frames, resample_tracks
from ...opencv import require_opencv
from ...shapes import Bool, Float
from ...tracks import Tracks

CAMERAS = ("keep", "remove", "only")
FITS = ("uniform", "stretch", "none")
_RANSAC_PX = 2.0
# A homography has 8 unknowns; more points than that must agree for it to mean anything.
_HOMOGRAPHY_POINTS, _AFFINE_POINTS = 12, 6


@dataclass(frozen=True)
class Box:
    """A rectangle: left, top, right, bottom, in pixels, on the pixels' outer edges."""

    left: float
    top: float
    right: float
    bottom: float

    def __post_init__(self) -> None:
        numbers = (self.left, self.top, self.right, self.bottom)
        if not (np.isfinite(numbers).all() and self.left < self.right and self.top < self.bottom):
            raise OptionError(
                "a box must be left, top, right, bottom with left < right and top < bottom; got "
                f"{', '.join(f'{number:g}' for number in numbers)}. Swap them."
            )

    @property
    def centre(self) -> np.ndarray:
        """(x, y)."""
        return np.array([(self.left + self.right) / 2, (self.top + self.bottom) / 2])

    @property
    def size(self) -> np.ndarray:
        """Width and height."""
        return np.array([self.right - self.left, self.bottom - self.top])


def mask_box(mask: Bool[np.ndarray, "height width"], name: str = "mask") -> Box:
    """The box around a mask.

    Raises:
        ShapeError: an empty mask.
    """
    y, x = mask.nonzero()
    if len(x) == 0:
        raise ShapeError(f"{name} must mark something; got an empty mask. Paint the subject.")
    return Box(float(x.min()), float(y.min()), float(x.max()) + 1, float(y.max()) + 1)


def camera_motion(
    tracks: Tracks, background: Bool[np.ndarray, " points"] | None = None
) -> Float[np.ndarray, "frames 3 3"]:
    """Estimate how the camera moved a video's picture.

    The motion that most points share, as a homography from frame 0 to each frame; an affine
    transform where few points are seen. Exact for a camera that turns or zooms and for a flat
    scene; nearer things of a deep scene keep their parallax.

    Args:
        tracks: of points all over the video, most of them not on the moving subject.
        background: which points may count; None is all.

    Returns:
        Matrices that map (x, y, 1) of frame 0; the first is the identity. Frames with too few
        visible points are interpolated from the frames around them.

    Raises:
        ShapeError: too few points to tell.

    Source: Fischler and Bolles 1981 (RANSAC), with MAGSAC++ (Barath et al. 2020) as OpenCV has it.
    """
    positions = tracks.positions.cpu().double().numpy()
    seen = tracks.visibility.cpu().numpy()
    seen = seen & seen[:1] & (True if background is None else background)
    found: list[np.ndarray | None] = [np.eye(3)]
    found += [
        _transform(positions[0, seen[frame]], positions[frame, seen[frame]])
        for frame in range(1, len(positions))
    ]
    known = {frame: matrix for frame, matrix in enumerate(found) if matrix is not None}
    if len(known) < min(2, len(found)):
        raise ShapeError(
            f"tracks must show at least {_AFFINE_POINTS} background points in a later frame; got "
            "fewer. Track more points, or keep the camera's motion."
        )
    columns = np.stack(list(known.values())).reshape(len(known), 9).T
    frames = np.arange(len(found))
    filled = [np.interp(frames, list(known), column) for column in columns]
    return np.stack(filled, axis=1).reshape(-1, 3, 3)


def split_camera(
    tracks: Tracks, camera: Float[np.ndarray, "frames 3 3"], part: str = "remove"
) -> Tracks:
    """Remove the camera's motion from tracks, or keep only it.

    Args:
        tracks: of a video.
        camera: from `camera_motion`.
        part: "keep" changes nothing; "remove" gives the motion of objects, as if the camera stood
            still; "only" moves every start point with the camera.

    Returns:
        New tracks with the same visibility; with "only" every point is visible.

    Raises:
        OptionError: another part.
        ShapeError: another number of frames.
    """
    if part not in CAMERAS:
        raise OptionError(f"camera must be one of {', '.join(CAMERAS)}; got {part!r}. Pick one.")
    if len(camera) != tracks.num_frames:
        raise ShapeError(
            f"camera must have the tracks' {tracks.num_frames} frames; got {len(camera)}. "
            "Estimate it from the same tracks."
        )
    if part == "keep":
        return tracks
    positions = tracks.positions.cpu().double().numpy()
    if part == "only":
        start = np.broadcast_to(positions[:1], positions.shape)
        moved = _apply(camera, start)
        shown = tracks.visibility[:1].expand(tracks.visibility.shape).clone()
        return Tracks(torch.from_numpy(moved).to(tracks.positions), shown, tracks.frame)
    moved = _apply(np.linalg.inv(camera), positions)
    return Tracks(
        torch.from_numpy(moved).to(tracks.positions), tracks.visibility.clone(), tracks.frame
    )


def place_tracks(tracks: Tracks, source: Box, target: Box, *, fit: str = "uniform") -> Tracks:
    """Move a subject's motion onto another subject.

    Args:
        tracks: of points on the source subject.
        source: the subject's box in frame 0 of its video.
        target: the new subject's box in the start image.
        fit: "uniform" keeps the motion's direction, scaled by the boxes' areas; "stretch" fits
            width and height each; "none" only moves it.

    Returns:
        New tracks.

    Raises:
        OptionError: another fit.
    """
    ratio = target.size / source.size
    scales = {"uniform": np.full(2, np.sqrt(ratio.prod())), "stretch": ratio, "none": np.ones(2)}
    if fit not in scales:
        raise OptionError(f"fit must be one of {', '.join(scales)}; got {fit!r}. Pick one.")
    positions = tracks.positions.cpu().double().numpy()
    moved = (positions - source.centre) * scales[fit] + target.centre
    return Tracks(torch.from_numpy(moved).to(tracks.positions), tracks.visibility.clone())


def scale_motion(tracks: Tracks, strength: float) -> Tracks:
    """Multiply the displacement of every point from its start.

    Raises:
        OptionError: a strength that is not finite.
    """
    if not np.isfinite(strength):
        raise OptionError(f"strength must be a finite number; got {strength}. Use 1.")
    start = tracks.positions[:1]
    return Tracks(
        start + (tracks.positions - start) * strength, tracks.visibility.clone(), tracks.frame
    )


def change_speed(tracks: Tracks, speed: float, num_frames: int | None = None) -> Tracks:
    """Play tracks faster or slower.

    Args:
        tracks: the motion.
        speed: at 2 the motion ends halfway and the end is held; at 0.5 only the first half is
            played.
        num_frames: frames of the result; None keeps the number.

    Returns:
        New tracks.

    Raises:
        OptionError: a speed that is not positive, or makes the motion last 100000 frames.
    """
    if not (np.isfinite(speed) and speed > 0):
        raise OptionError(f"speed must be more than 0; got {speed}. Use 1.")
    count = tracks.num_frames if num_frames is None else num_frames
    check_num_frames(count)
    lasts = (tracks.num_frames - 1) / speed
    if lasts >= MAX_FRAMES:
        raise OptionError(
            f"speed must leave the motion shorter than {MAX_FRAMES} frames; got {speed}. Use 0.5."
        )
    length = max(1, round(lasts) + 1)
    played = resample_tracks(tracks, length)
    keep = torch.arange(count).clamp(max=length - 1).to(played.positions.device)
    return Tracks(played.positions[keep], played.visibility[keep], played.frame)


def _transform(start: np.ndarray, end: np.ndarray) -> np.ndarray | None:
    """The transform that most points agree on; None if there are too few."""
    # Imported late: OpenCV is slow to import, and ComfyUI imports this module at its start.
    cv2 = require_opencv("Motion transfer")

    if len(start) >= _HOMOGRAPHY_POINTS:
        matrix, _ = cv2.findHomography(start, end, cv2.USAC_MAGSAC, _RANSAC_PX, None, 2000, 0.999)
        if matrix is not None:
            return np.asarray(matrix)
    if len(start) >= _AFFINE_POINTS:
        affine, _ = cv2.estimateAffine2D(start, end, ransacReprojThreshold=_RANSAC_PX)
        if affine is not None:
            return np.vstack([affine, [0.0, 0.0, 1.0]])
    return None


def _apply(matrices: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Map [frames, points, 2] by a matrix each."""
    homogeneous = np.concatenate([points, np.ones_like(points[..., :1])], axis=-1)
    mapped = homogeneous @ matrices.transpose(0, 2, 1)
    return mapped[..., :2] / mapped[..., 2:]
