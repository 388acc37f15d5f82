"""The figures of one clip: pictures against pictures, and tracks against the request."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from ..evaluate.fidelity import psnr, ssim
from ..evaluate.metrics import EndPointError, end_point_error
from ..shapes import Float, Tensor, UInt8
from ..tracks import Tracks
from .extractors import Extractor, clip_features, frame_features, perceptual_distances
from .flow_error import dis, flow_error, raft
from .protocol import PSNR_CAP, Protocol

Tracker = Callable[[Tensor, Tensor], Tracks]
_STILL_PX = 1.0


@dataclass(frozen=True, eq=False)
class Tools:
    """The tools that figures are computed with.

    Args:
        protocol: of the figures.
        metrics: which of METRICS.
        tracker: uint8 [T, H, W, 3] and points [N, 2] to Tracks.
        tracker_name: for the records; figures of two trackers never mix.
        extractors: loaded networks by metric.
    """

    protocol: Protocol
    metrics: tuple[str, ...]
    tracker: Tracker
    tracker_name: str
    extractors: dict[str, Extractor] = field(default_factory=dict)

    def weights(self) -> dict[str, str]:
        """Digests of weights, and the tracker: the same for all scores of one mean."""
        digests = {metric: extractor.digest for metric, extractor in self.extractors.items()}
        return digests | ({"track": self.tracker_name} if "track" in self.metrics else {})


def picture_figures(
    tools: Tools,
    generated: UInt8[Tensor, "frames height width 3"],
    reference: UInt8[Tensor, "frames height width 3"],
) -> dict[str, float]:
    """PSNR, SSIM, LPIPS and flow EPE of a clip, means over its frames.

    Args:
        tools: with the metrics to compute.
        generated, reference: RGB of one size and length.

    Returns:
        Figures by the keys of COLUMNS. Flow EPE is of all pairs of frames in both protocols: the
        motion from the given frame to the next is made by the model.
    """
    start = tools.protocol.first
    made, true = generated[start:], reference[start:]
    figures: dict[str, float] = {}
    if "psnr" in tools.metrics:
        figures["psnr"] = float(psnr(made, true).clamp(max=PSNR_CAP).mean())
    if "ssim" in tools.metrics:
        figures["ssim"] = float(ssim(made, true, kind=tools.protocol.ssim).mean())
    if "lpips" in tools.metrics:
        distances = perceptual_distances(tools.extractors["lpips"], made.numpy(), true.numpy())
        figures["lpips"] = float(distances.mean(dtype=np.float64))
    whole = generated.numpy(), reference.numpy()
    if "flow" in tools.metrics:
        figures["flow_epe"] = flow_error(raft(tools.extractors["flow"]), *whole)
    if "flow-dis" in tools.metrics:
        figures["flow_dis_epe"] = flow_error(dis, *whole)
    return figures


def features_of(
    tools: Tools, kind: str, frames: UInt8[Tensor, "frames height width 3"]
) -> Float[np.ndarray, "samples features"]:
    """Features of a clip for "fid" (every counted frame) or "fvd" (the whole clip)."""
    if kind == "fid":
        return frame_features(tools.extractors["fid"], frames[tools.protocol.first :].numpy())
    return clip_features(tools.extractors["fvd"], frames.numpy())


@dataclass(frozen=True, eq=False)
class Followed:
    """A request, the tracked points, and the error between them."""

    asked: Tracks
    got: Tracks
    error: EndPointError


def follow(tools: Tools, frames: UInt8[Tensor, "frames height width 3"], asked: Tracks) -> Followed:
    """Follow the request's points through a video."""
    got = tools.tracker(frames, asked.positions[0])
    return Followed(asked, got, end_point_error(asked, got))


def track_figures(followed: Followed) -> dict[str, float]:
    """Track EPE of a clip, px: mean, at each track's last frame, per distance; the lost share.

    Track EPE grows with time and with speed. The error at the last frame shows the growth with
    time. The error per distance is the mean error over the mean length of the requested paths;
    it is left out if the request does not move.
    """
    error = followed.error
    rows = error.worst_first()
    figures = {
        "track_epe": error.mean,
        "track_last": float(np.mean([row["last"] for row in rows])),
        "track_lost": error.lost_share,
    }
    steps = (followed.asked.positions[1:] - followed.asked.positions[:-1]).norm(dim=-1)
    travelled = torch.where(error.counted[1:], steps, 0.0).sum(0)
    mean = float(travelled[error.counted.any(0)].mean())
    if mean >= _STILL_PX:
        figures["track_per_distance"] = error.mean / mean
    return figures


def per_track(followed: Followed) -> list[dict[str, Any]]:
    """The rows of a clip's table of tracks, worst first."""
    return [
        {key: round(value, 3) if isinstance(value, float) else value for key, value in row.items()}
        for row in followed.error.worst_first()
    ]
