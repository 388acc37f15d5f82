"""Tracks: where points are in every frame, and in which frames they count."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .errors import GridError, ShapeError
from .family import Size


@dataclass(frozen=True, eq=False)
class Tracks:
    """Point tracks over a clip. Checked once, here; everything else relies on it.

    Args:
        positions: floating [frames, points, 2], (x, y) in pixels of the output frame, x right,
            y down; the frame covers 0 <= x <= width. Points may lie outside of it. Finite.
        visibility: bool [frames, points], True where the point guides that frame.
        frame: (width, height) of the frame that the positions are pixels of; None: unknown, each
            consumer takes its own frame.

    Raises:
        ShapeError: the axes do not fit, the dtypes are others, or a position is not finite.
        GridError: a frame without pixels.

    Use `Tracks.from_arrays` for untrusted arrays (float visibility, a batch axis, NaN for hidden).
    """

    positions: Tensor
    visibility: Tensor
    frame: Size | None = None

    def __post_init__(self) -> None:
        shape = tuple(self.positions.shape)
        if len(shape) != 3 or shape[2] != 2 or shape[0] < 1:
            raise ShapeError(
                "positions must be [frames, points, 2] with at least one frame; "
                f"got {list(shape)}. Tracks.from_arrays drops a batch axis."
            )
        if tuple(self.visibility.shape) != shape[:2]:
            raise ShapeError(
                f"visibility must be [frames, points] = {list(shape[:2])} to match positions; "
                f"got {list(self.visibility.shape)}. Tracks.from_arrays expands one column to all."
            )
        if not self.positions.is_floating_point() or self.visibility.dtype != torch.bool:
            raise ShapeError(
                "positions must be floating and visibility bool; got "
                f"{self.positions.dtype} and {self.visibility.dtype}. Use Tracks.from_arrays."
            )
        if self.visibility.device != self.positions.device:
            raise ShapeError(
                "positions and visibility must be on one device; got "
                f"{self.positions.device} and {self.visibility.device}. Move one with .to()."
            )
        if not _all_finite(self.positions):
            frame, point, _ = (~torch.isfinite(self.positions)).nonzero()[0].tolist()
            raise ShapeError(
                f"track {point}, frame {frame}: x and y must be finite; got "
                f"{self.positions[frame, point].tolist()}. Tracks.from_arrays hides such points."
            )
        if self.frame is not None and (len(self.frame) != 2 or min(self.frame) < 1):
            raise GridError(
                f"frame must be (width, height) of at least 1 px; got {self.frame}. Give the size "
                "of the picture that the tracks were made on."
            )

    @classmethod
    def from_arrays(
        cls, positions: Any, visibility: Any = None, frame: Size | None = None
    ) -> "Tracks":
        """Make tracks from arrays as people and other programs store them.

        Args:
            positions: [frames, points, 2] or [1, frames, points, 2], any int or float dtype;
                a point with NaN or infinity is hidden in that frame and stored as (0, 0).
            visibility: None (all visible), or [frames, points], [frames, 1], [frames], each
                also with a leading axis of 1; bool, or a number where above 0.5 is visible.
            frame: (width, height) that the positions are pixels of; None: unknown.

        Returns:
            New tensors, never a view of the arguments; float64 stays, all else becomes float32.

        Raises:
            ShapeError: the axes do not fit together, or there are no numbers in them.
        """
        given = _tensor("positions", positions)
        if given.ndim == 4 and given.shape[0] == 1:
            given = given[0]
        given = given.to(torch.float64 if given.dtype == torch.float64 else torch.float32)
        if given.ndim != 3 or given.shape[2] != 2:
            raise ShapeError(
                "positions must be [frames, points, 2]; "
                f"got {list(given.shape)}. Put the frames first and (x, y) last."
            )
        if visibility is None:
            seen = torch.ones(given.shape[:2], dtype=torch.bool, device=given.device)
        else:
            seen = _visibility_like(visibility, given)
        if _all_finite(given):
            return cls(given.clone(), seen, frame)
        whole = torch.isfinite(given).all(-1)
        return cls(torch.where(whole[..., None], given, 0.0), seen & whole, frame)

    @property
    def num_frames(self) -> int:
        """T, the number of video frames."""
        return self.positions.shape[0]

    @property
    def num_points(self) -> int:
        """N, the number of tracks."""
        return self.positions.shape[1]

    def to(self, device: torch.device | str) -> "Tracks":
        """The same tracks on `device`."""
        return Tracks(self.positions.to(device), self.visibility.to(device), self.frame)


def _all_finite(values: Tensor) -> bool:
    # NaN and infinity survive a sum, which takes a fifth of the time. Huge values overflow it: then
    # each is looked at.
    return bool(values.sum().isfinite()) or bool(values.isfinite().all())


def _tensor(name: str, given: Any) -> Tensor:
    if isinstance(given, Tensor):
        plain = given.layout == torch.strided and not given.is_nested and not given.is_meta
        if not plain or given.is_complex():
            kind = str(given.dtype).removeprefix("torch.")
            raise ShapeError(
                f"{name} must hold real numbers; got a tensor of {kind}, {given.layout}, on "
                f"{given.device}. Make it dense and real."
            )
        return given
    try:
        array = np.asarray(given)
    except ValueError as error:
        raise ShapeError(
            f"{name} must have one shape; got lists of different lengths. "
            "Bring all tracks to the same number of frames."
        ) from error
    if array.dtype.kind not in "biuf":
        raise ShapeError(
            f"{name} must hold numbers; got {array.dtype}. Save plain arrays of numbers."
        )
    # Copied: torch cannot share memory that is read-only or of foreign byte order.
    values = torch.from_numpy(array.astype(np.float64))
    wide = isinstance(given, np.ndarray) and array.dtype.kind == "f" and array.itemsize > 4
    return values if wide else values.float()


def _visibility_like(visibility: Any, positions: Tensor) -> Tensor:
    frames, points = positions.shape[:2]
    given = _tensor("visibility", visibility).to(positions.device)
    if given.ndim == 3 and given.shape[0] == 1:
        given = given[0]
    if given.ndim == 1 and given.shape[0] == frames:
        given = given[:, None]
    if given.ndim != 2 or given.shape[0] != frames or given.shape[1] not in (1, points):
        raise ShapeError(
            f"visibility must be [frames, points] = [{frames}, {points}] to match positions; "
            f"got {list(given.shape)}. Save both from the same tracker run."
        )
    seen = given if given.dtype == torch.bool else given > 0.5
    return seen.expand(frames, points).clone()
