"""Choose and load the tools that figures are computed with."""

import logging
from pathlib import Path

import torch

from ..errors import CheckpointError, OptionError
from ..shapes import Tensor
from ..tracks import Tracks
from .compare import Tools, Tracker
from .extractors import Extractor, load_extractor
from .protocol import METRICS, Protocol
from .weights import file_digest

_log = logging.getLogger("wanmove")

_FREE = ("psnr", "ssim", "track")
_WITH_WEIGHTS = ("flow", "fid", "fvd", "lpips")


def load_tools(
    protocol: Protocol,
    *,
    metrics: tuple[str, ...] | None = None,
    weights: dict[str, Path | None] | None = None,
    tracker: Path | None = None,
    masks: bool = False,
    device: torch.device | str = "cpu",
) -> Tools:
    """Load the networks of the metrics.

    Args:
        protocol: what the figures mean.
        metrics: of METRICS. None: all that can be computed here; each metric that is left out is
            logged with the reason, and without RAFT, flow EPE is computed by DIS under its own
            name.
        weights: files by metric, from options.
        tracker: file of a CoTracker; None: our own tracker.
        masks: whether masks of the generated videos are given.
        device: for the networks.

    Raises:
        OptionError: a metric that is not known, or no library for one that was named.
        CheckpointError: no weights for a metric that was named, or damaged ones.
    """
    chosen = [*_FREE, *(["iou"] if masks else [])] if metrics is None else _known(metrics)
    given = weights or {}
    place = torch.device(device)
    extractors: dict[str, Extractor] = {}
    for metric in _WITH_WEIGHTS:
        named = given.get(metric)
        if metrics is not None and metric not in chosen:
            if named is not None:
                raise OptionError(
                    f"{named} must go with {metric} in --metrics; got {','.join(metrics)}. "
                    "Add it, or leave the file out."
                )
            continue
        # A file or metric that was named is a wish for it, so that it must work.
        if metrics is not None or named is not None:
            extractors[metric] = load_extractor(metric, named, place)
            continue
        try:
            extractors[metric] = load_extractor(metric, None, place)
        except (CheckpointError, OptionError) as error:
            _log.info("%s is left out: %s", metric, error)
    if metrics is None:
        chosen += [*extractors, *(() if "flow" in extractors else ("flow-dis",))]
    ordered = tuple(metric for metric in METRICS if metric in chosen)
    follow, name = _tracker(tracker, place) if "track" in ordered else (_own_tracker, "")
    return Tools(protocol, ordered, follow, name, extractors)


def _known(metrics: tuple[str, ...]) -> list[str]:
    for metric in metrics:
        if metric not in METRICS:
            raise OptionError(
                f"--metrics must be of {','.join(METRICS)}; got {metric[:40]!r}. Use one of them."
            )
    if not metrics:
        raise OptionError(f"--metrics must name one of {','.join(METRICS)}; got none. Name one.")
    return list(metrics)


def _tracker(path: Path | None, device: torch.device) -> tuple[Tracker, str]:
    """The function that follows points, and its name for the records."""
    if path is None:
        return _own_tracker, "wanmove 2"
    from ..tracking.cotracker import load_cotracker, track_with_cotracker

    model = load_cotracker(path).to(device)

    def follow(frames: Tensor, points: Tensor) -> Tracks:
        return track_with_cotracker(model, frames.numpy(), points.double().numpy(), device=device)

    return follow, f"CoTracker {file_digest(path)}"


def _own_tracker(frames: Tensor, points: Tensor) -> Tracks:
    from ..tracking.video import track_points

    return track_points(frames, points)
