"""The named choices of guidance, each listed once: command line and node schemas read them here.

Imports nothing heavy: the command line's help must not wait for torch.
"""

from typing import Any, Literal, get_args

Temporal = Literal["sample", "mean"]
Collision = Literal["last", "first", "mean", "random"]
Branch = Literal["both", "positive"]
Retime = Literal["time", "cut", "hold"]
# What the pixels of tracks belong to: the video, or the start image before it was fitted.
TrackSpace = Literal["video", "start image"]
FitMode = Literal["crop", "stretch", "pad"]
# "area" keeps the image's aspect ratio within the area of `size`, as the reference does; "native"
# is the image's own size, as it does for MoveBench; the others make exactly `size`.
Blend = Literal["chain", "windows"]
Resize = Literal["area", "native", "stretch", "crop", "pad"]
# What positions in a file are: "auto" is what its format says, else pixels; "normalized" is 0..1.
Unit = Literal["auto", "pixels", "normalized"]

# What trajectory maps show after frame 0.
MapShape = Literal["box", "mask"]

MAX_STRENGTH = 2.0


def options_of(kind: Any) -> list[str]:
    """List the values of a Literal, for combos and option lists."""
    return list(get_args(kind))
