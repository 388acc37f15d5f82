"""The inputs of Transform Tracks, in the order in which they are applied."""

from comfy_api.latest import io


def transform_inputs() -> list[io.Input]:
    """One input per field of `Transform`; `offset` is two."""
    return [
        io.Int.Input(
            "max_points",
            default=0,
            min=0,
            max=65536,
            tooltip="Keep at most this many points, evenly chosen; 0 keeps all. The model was "
            "trained with up to 200.",
        ),
        io.Boolean.Input("reverse", default=False, tooltip="Play backwards."),
        io.Int.Input(
            "repeat", default=1, min=1, max=64, tooltip="Times to play the motion in a row."
        ),
        io.Float.Input(
            "smooth",
            default=0.0,
            min=0.0,
            max=100.0,
            step=0.1,
            tooltip="Smooths the motion over about this many frames; 0 does nothing.",
        ),
        io.Float.Input(
            "scale",
            default=1.0,
            min=-100.0,
            max=100.0,
            step=0.01,
            tooltip="Enlarges about the pivot. With pivot start: more or less motion.",
        ),
        io.Float.Input(
            "rotate",
            default=0.0,
            min=-3600.0,
            max=3600.0,
            step=0.5,
            tooltip="Degrees about the pivot, clockwise.",
        ),
        io.Combo.Input(
            "pivot",
            options=["centre", "start"],
            default="centre",
            tooltip="What scale and rotate turn about: the centre of all points, which changes "
            "their arrangement too; or each point's own start, which changes the motion alone.",
        ),
        _pixels("offset_x", "Pixels to the right."),
        _pixels("offset_y", "Pixels down."),
    ]


def _pixels(name: str, tooltip: str) -> io.Float.Input:
    return io.Float.Input(name, default=0.0, min=-16384.0, max=16384.0, step=1.0, tooltip=tooltip)
