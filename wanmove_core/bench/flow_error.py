"""Flow EPE: the difference of motion between two videos, pixel by pixel, frame to frame."""

from collections.abc import Callable
from itertools import pairwise

import cv2
import numpy as np

from ..shapes import Float, UInt8
from .extractors import FLOW_SIZE, Extractor, raft_flow

Flow = Callable[[np.ndarray], np.ndarray]
_PAIRS = 4


def flow_error(
    flow: Flow,
    first: UInt8[np.ndarray, "frames height width 3"],
    second: UInt8[np.ndarray, "frames height width 3"],
) -> float:
    """Mean end-point error between the flow of two videos, pixels per frame at 480x832.

    It does not use the requested tracks: a video that moves as the true one scores 0 even if it
    ignores the tracks. Track EPE measures those.

    Args:
        flow: frames [n + 1, height, width, 3] to fields [n, 2, 480, 832]; `raft` or `dis`.
        first, second: RGB, of one length, two frames at least.

    Source:
        The public copies of MoveBench's suite, utils/epe.py: all pixels, all pairs.
    """
    total, count = 0.0, 0
    for start in range(0, len(first) - 1, _PAIRS):
        part = slice(start, start + _PAIRS + 1)
        gap = flow(first[part]) - flow(second[part])
        total += float(np.hypot(gap[:, 0], gap[:, 1]).sum(dtype=np.float64))
        count += gap[:, 0].size
    return total / count


def raft(extractor: Extractor) -> Flow:
    """RAFT's flow, as the official suite has it."""
    return lambda frames: raft_flow(extractor, frames)


def dis(frames: UInt8[np.ndarray, "frames height width 3"]) -> Float[np.ndarray, "pairs 2 480 832"]:
    """Dense inverse search flow, if RAFT is missing: another figure, never mixed with RAFT's.

    Source: Kroeger et al. 2016, as OpenCV has it.
    """
    rows, columns = FLOW_SIZE
    grey = [
        cv2.resize(
            cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2GRAY),
            (columns, rows),
            interpolation=cv2.INTER_LINEAR,
        )
        for frame in frames
    ]
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    fields = [search.calc(one, other, None) for one, other in pairwise(grey)]
    return np.moveaxis(np.stack(fields), -1, 1)
