"""The two protocols, whose figures never mix, and the columns of the tables."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from ..errors import OptionError
from ..grid import Size

ProtocolName = Literal["wanmove", "movebench"]
# Raise it when a figure changes its meaning: older scores are then made again, never mixed in.
VERSION = 1
# Frames equal to the true ones have an infinite PSNR, which no mean survives.
PSNR_CAP = 100.0

METRICS = ("psnr", "ssim", "track", "flow", "flow-dis", "lpips", "fid", "fvd", "iou")


@dataclass(frozen=True)
class Protocol:
    """How pictures are compared.

    Args:
        name: "movebench" is the official suite's way as its public copies show it: SSIM over
            three axes, the given first frame counts. "wanmove" is ours: SSIM of Wang et al.,
            without the first frame.
        frames: how many frames of each clip; None is all.
        size: (width, height) that both videos are scaled to first; None is their own.

    Raises:
        OptionError: fewer than two frames.
    """

    name: ProtocolName = "wanmove"
    frames: int | None = None
    size: Size | None = None

    def __post_init__(self) -> None:
        if self.frames is not None and self.frames < 2:
            raise OptionError(
                f"--frames must be 2 or more; got {self.frames}. Leave it out for all."
            )

    @property
    def ssim(self) -> Literal["2d", "3d"]:
        """Which SSIM."""
        return "3d" if self.name == "movebench" else "2d"

    @property
    def first(self) -> int:
        """The first frame whose picture counts."""
        return 0 if self.name == "movebench" else 1

    def as_dict(self) -> dict[str, Any]:
        """For JSON, with the version."""
        size = list(self.size) if self.size else None
        return {**asdict(self), "size": size, "version": VERSION}


@dataclass(frozen=True)
class Column:
    """A column of the tables.

    Args:
        key: of the figure.
        metric: which metric computes it.
        title: its head.
        digits: after the point.
        better: 1 where more is better, -1 where less is.
        unit: of the figure.
        over_set: computed over all clips at once, so that it depends on their number.
    """

    key: str
    metric: str
    title: str
    digits: int
    better: Literal[-1, 1]
    unit: str = ""
    over_set: bool = False


COLUMNS = (
    Column("track_epe", "track", "track EPE", 2, -1, "px"),
    Column("track_last", "track", "last-frame EPE", 2, -1, "px"),
    Column("track_per_distance", "track", "EPE/distance", 3, -1),
    Column("track_lost", "track", "lost", 3, -1, "share"),
    Column("flow_epe", "flow", "flow EPE (RAFT)", 2, -1, "px/frame"),
    Column("flow_dis_epe", "flow-dis", "flow EPE (DIS)", 2, -1, "px/frame"),
    Column("fid", "fid", "FID", 2, -1, over_set=True),
    Column("fvd", "fvd", "FVD", 1, -1, over_set=True),
    Column("psnr", "psnr", "PSNR", 2, 1, "dB"),
    Column("ssim", "ssim", "SSIM", 4, 1),
    Column("lpips", "lpips", "LPIPS (VGG)", 4, -1),
    Column("mask_iou", "iou", "mask IoU", 4, 1),
    Column("box_iou", "iou", "box IoU", 4, 1),
)

# Below this many clips the bias of FVD is larger than what it measures.
SMOKE_CLIPS = 48


def title_of(column: Column, protocol: ProtocolName) -> str:
    """A column's head; the two kinds of SSIM have their own."""
    if column.key != "ssim":
        return column.title
    return "SSIM 3-D" if protocol == "movebench" else "SSIM 2-D"
