"""From the user units of an svg element to its parent's; the outermost gives the canvas."""

from ..family import Size
from .checks import check_size, refusal, shown
from .svg_shapes import (
    IDENTITY,
    Attributes,
    Matrix,
    UnknownUnitError,
    multiply,
    parse_length,
    parse_numbers,
)

_SHARES = {"Min": 0.0, "Mid": 0.5, "Max": 1.0}


def viewport(element: Attributes, subject: str, *, outermost: bool) -> tuple[Matrix, Size | None]:
    """The matrix for an svg element's children, and the size of the picture.

    Args:
        element: its attributes, untrusted.
        subject: file and element, for messages.
        outermost: whether it is the picture itself. Its size is width and height in CSS pixels,
            else those of the viewBox, rounded; its drawing is stretched by that rounding.

    Returns:
        The matrix, and (width, height) where the outermost element states one, else None.

    Raises:
        TrackFormatError: an attribute that is not what it must be.

    Source: SVG 2, section 8.2 "Computing the equivalent transform of an SVG viewport".
    """
    box = parse_numbers(element.get("viewBox", ""), f"{subject}: viewBox")
    if box and (len(box) != 4 or min(box[2:]) <= 0):
        raise refusal(
            f"{subject}: viewBox", "be x, y and a width and height above 0",
            shown(element["viewBox"]), "Export it again",
        )  # fmt: skip
    extent = _extent(element, box, subject)
    if extent is None:
        return IDENTITY, None
    fit = _fit(box, extent, element.get("preserveAspectRatio", "")) if box else IDENTITY
    if outermost:
        width, height = (max(round(side), 1) for side in extent)
        size = check_size(width, height, f"{subject}: picture")
        scale = (size[0] / extent[0], 0.0, 0.0, size[1] / extent[1], 0.0, 0.0)
        return multiply(scale, fit, subject), size
    x, y = (parse_length(element.get(side, "0"), f"{subject}: {side}") for side in "xy")
    return multiply((1.0, 0.0, 0.0, 1.0, x, y), fit, subject), None


def _extent(element: Attributes, box: list[float], subject: str) -> tuple[float, float] | None:
    """Width and height in the units around the element; None where neither side is stated."""
    width, height = (_side(element.get(side), f"{subject}: {side}") for side in ("width", "height"))
    if width is not None and height is not None:
        return width, height
    if not box:
        return None
    if width is not None:
        return width, width * box[3] / box[2]
    if height is not None:
        return height * box[2] / box[3], height
    return box[2], box[3]


def _side(text: str | None, subject: str) -> float | None:
    """A width or height; None where it is left to whoever shows the picture."""
    if text is None or text.strip().endswith("%") or text.strip() == "auto":
        return None
    try:
        value = parse_length(text, subject)
    except UnknownUnitError:
        return None
    if value <= 0:
        raise refusal(subject, "be above 0", shown(text), "Export it again")
    return value


def _fit(box: list[float], size: tuple[float, float], rule: str) -> Matrix:
    """How a viewBox lies in its viewport."""
    x, y, width, height = box
    scale_x, scale_y = size[0] / width, size[1] / height
    align, _, meet = rule.strip().partition(" ")
    if align != "none":
        scale_x = scale_y = (max if meet.strip() == "slice" else min)(scale_x, scale_y)
    # As in xMidYMax; both are Mid where nothing is said.
    share_x, share_y = (_SHARES.get(align[i : i + 3], 0.5) for i in (1, 5))
    left = (size[0] - width * scale_x) * share_x
    top = (size[1] - height * scale_y) * share_y
    return scale_x, 0.0, 0.0, scale_y, left - x * scale_x, top - y * scale_y
