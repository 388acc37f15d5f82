"""End-point error of tracks."""

from dataclasses import dataclass
from typing import Any

import torch

from ..errors import ShapeError
from ..shapes import Bool, Float, Tensor
from ..tracks import Tracks

MAX_SHOWN = 2000  # tracks that the editor gets of a measurement
MAX_PLACES = 100_000  # and positions of all of them: about 1 MB of JSON


@dataclass(frozen=True, eq=False)
class EndPointError:
    """How far the points of a video are from where they were asked to be.

    Args:
        distance: float32 [frames, points], pixels.
        counted: bool [frames, points], True where the request is visible; frame 0 never
            counts, because there the points are given.
        lost: bool [frames, points], True where a point counts but the tracker lost it.
    """

    distance: Float[Tensor, "frames points"]
    counted: Bool[Tensor, "frames points"]
    lost: Bool[Tensor, "frames points"]

    @property
    def mean(self) -> float:
        """Mean over all counted frames and points, px; NaN when nothing counts."""
        return float(self.distance[self.counted].mean())

    @property
    def median(self) -> float:
        """Median over all counted frames and points, px; NaN when nothing counts."""
        values = self.distance[self.counted]
        return float(values.median()) if len(values) else float("nan")

    @property
    def lost_share(self) -> float:
        """Share of the counted points that the tracker lost, 0..1."""
        return float(self.lost.sum() / self.counted.sum().clamp(min=1))

    def worst_first(self) -> list[dict[str, Any]]:
        """Return one row per track that counts in some frame, largest mean error first.

        Returns:
            Rows of `track` (its index), `mean`, `last` (at its last counted frame), `max`
            (pixels), `worst_frame`, `frames` counted and `lost` among them.
        """
        rows = []
        for point in self.counted.any(0).nonzero().squeeze(1).tolist():
            counted = self.counted[:, point]
            frames = counted.nonzero().squeeze(1)
            values = self.distance[counted, point]
            rows.append(
                {
                    "track": point,
                    "mean": float(values.mean()),
                    "last": float(values[-1]),
                    "max": float(values.max()),
                    "worst_frame": int(frames[values.argmax()]),
                    "frames": len(frames),
                    "lost": int(self.lost[:, point].sum()),
                }
            )
        return sorted(rows, key=lambda row: (-row["mean"], row["track"]))

    def summary(self) -> dict[str, float | int]:
        """Return the figures of the whole clip, for JSON: pixels, counts and shares."""
        return {
            "mean": self.mean,
            "median": self.median,
            "tracks": int(self.counted.any(0).sum()),
            "counted": int(self.counted.sum()),
            "lost_share": self.lost_share,
        }


def end_point_error(asked: Tracks, got: Tracks) -> EndPointError:
    """Measure how far a video's points are from the request.

    Args:
        asked: the tracks that were requested, in pixels of the video.
        got: the same points as re-tracked in the video, from `track_points`.

    Returns:
        Distances in pixels, over the frames from 1 on where the request is visible. A point
        that is hidden in frame 0 of the request guides nothing and is not counted. A point that the
        tracker lost counts with the tracker's last guess: without it, a video in which the object
        fell apart would score too well.

    Raises:
        ShapeError: the two differ in frames or points.

    Source:
        Wan-Move's paper measures the same L2 with CoTracker in place of our tracker.
    """
    if asked.positions.shape != got.positions.shape:
        raise ShapeError(
            "asked and got must have the same frames and points; got "
            f"{list(asked.positions.shape)} and {list(got.positions.shape)}. "
            "Resample the tracks to the video's frames."
        )
    distance = (asked.positions - got.positions.to(asked.positions)).norm(dim=-1).float()
    counted = asked.visibility & asked.visibility[:1]
    counted = torch.cat([torch.zeros_like(counted[:1]), counted[1:]])
    return EndPointError(distance, counted, counted & ~got.visibility.to(counted.device))


def asked_and_got(
    asked: Tracks, got: Tracks, error: EndPointError, width: int, height: int
) -> dict[str, Any]:
    """Give what the editor shows of a measurement, for JSON.

    Args:
        asked: the tracks that were requested, in pixels of the video.
        got: the same points as re-tracked in the video.
        error: of these two.
        width: of the video, pixels.
        height: of the video, pixels.

    Returns:
        `width`, `height`, `frames`, the number of `points`, `step` (every so many frames have a
        position), and `tracks`: the worst first, at most MAX_SHOWN, each with its `point` (its
        index), `error` (mean, pixels), `lost` frames, `asked` (x and y in the first and the last
        frame) and `got` (x and y of every `step`-th frame).
    """
    rows = error.worst_first()[:MAX_SHOWN]
    step = -(-asked.num_frames * max(len(rows), 1) // MAX_PLACES)
    ends = asked.positions[[0, -1]].double()
    found = got.positions[::step].double()

    def places(positions: Float[Tensor, "frames 2"]) -> list[float]:
        return [round(value, 1) for value in positions.flatten().tolist()]

    return {
        "width": width,
        "height": height,
        "frames": asked.num_frames,
        "points": asked.num_points,
        "step": step,
        "tracks": [
            {
                "point": row["track"],
                "error": round(row["mean"], 2),
                "lost": row["lost"],
                "asked": places(ends[:, row["track"]]),
                "got": places(found[:, row["track"]]),
            }
            for row in rows
        ],
    }


def hide_outside(tracks: Tracks, width: int, height: int) -> Tracks:
    """Hide points outside a video of (width, height) pixels, where they cannot be seen.

    Returns:
        New tracks; positions on the right and bottom edge count as inside, as for guidance.
    """
    size = torch.tensor([width, height], device=tracks.positions.device)
    inside = ((tracks.positions >= 0) & (tracks.positions <= size)).all(-1)
    return Tracks(tracks.positions, tracks.visibility & inside, tracks.frame)
