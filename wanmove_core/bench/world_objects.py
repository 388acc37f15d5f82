"""Recognisable objects: outlined, shaded drawings in a named colour, and their shadows."""

import cv2
import numpy as np

# RGB in 0..1; every object of a scene has another one, so that a prompt can name it.
COLOURS = {
    "red": (0.82, 0.24, 0.2),
    "orange": (0.93, 0.56, 0.2),
    "yellow": (0.93, 0.8, 0.28),
    "green": (0.3, 0.62, 0.32),
    "blue": (0.25, 0.42, 0.78),
    "purple": (0.55, 0.34, 0.68),
    "pink": (0.92, 0.55, 0.66),
    "white": (0.9, 0.9, 0.86),
}
# How the parts of a drawing are painted: a share of the object's colour, or a colour of its own.
_PAINTS = {
    "main": (1.0, None),
    "shade": (0.72, None),
    "cream": (0.0, (0.93, 0.89, 0.78)),
    "wood": (0.0, (0.5, 0.36, 0.26)),
    "glass": (0.0, (0.66, 0.8, 0.88)),
    "dark": (0.0, (0.16, 0.15, 0.18)),
}
# Each drawing is done this many times larger and averaged down.
_ENLARGE = 3
# Share of the radius.
_STROKE, _SHADOW_BLUR = 0.07, 0.12
_SHADOW_DEPTH = 0.38


def _ring(x: float, y: float, rx: float, ry: float, *, count: int = 40) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.stack([x + rx * np.cos(angle), y + ry * np.sin(angle)], -1)


def _box(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]])


def _star(count: int, inner: float) -> np.ndarray:
    angle = np.arange(2 * count) * np.pi / count - np.pi / 2
    radius = np.where(np.arange(2 * count) % 2 == 0, 1.0, inner)
    return radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], -1)


def _heart() -> np.ndarray:
    t = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    x = 16 * np.sin(t) ** 3
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return np.stack([x, -y - 2], -1) / 17


def _flower() -> list[tuple[str, np.ndarray]]:
    petals = [
        ("main", _ring(0.58 * np.cos(a), 0.58 * np.sin(a), 0.4, 0.4))
        for a in np.arange(6) * np.pi / 3
    ]
    return [*petals, ("cream", _ring(0.0, 0.0, 0.34, 0.34))]


# Parts in the order of painting, (x, y) in -1..1, y down.
DRAWINGS: dict[str, list[tuple[str, np.ndarray]]] = {
    "ball": [
        ("main", _ring(0.0, 0.0, 0.95, 0.95)),
        ("cream", _ring(0.0, 0.0, 0.95, 0.28)),
    ],
    "star": [
        ("main", _star(5, 0.48)),
        ("dark", _ring(-0.17, -0.05, 0.07, 0.1)),
        ("dark", _ring(0.17, -0.05, 0.07, 0.1)),
    ],
    "heart": [("main", _heart())],
    "fish": [
        ("shade", np.array([[0.45, 0.0], [1.0, -0.5], [0.86, 0.0], [1.0, 0.5]])),
        ("shade", np.array([[-0.2, -0.4], [0.15, -0.8], [0.35, -0.35]])),
        ("main", _ring(-0.2, 0.0, 0.78, 0.52)),
        ("cream", _ring(-0.6, -0.12, 0.15, 0.15)),
        ("dark", _ring(-0.63, -0.12, 0.07, 0.07)),
    ],
    "boat": [
        ("wood", _box(-0.06, -0.95, 0.06, 0.3)),
        ("cream", np.array([[0.1, -0.85], [0.85, 0.15], [0.1, 0.15]])),
        ("cream", np.array([[-0.1, -0.65], [-0.7, 0.15], [-0.1, 0.15]])),
        ("main", np.array([[-0.98, 0.28], [0.98, 0.28], [0.62, 0.85], [-0.62, 0.85]])),
    ],
    "car": [
        ("main", np.array([[-0.5, -0.12], [-0.3, -0.58], [0.35, -0.58], [0.6, -0.12]])),
        ("glass", np.array([[-0.34, -0.14], [-0.2, -0.46], [0.0, -0.46], [0.0, -0.14]])),
        ("glass", np.array([[0.1, -0.14], [0.1, -0.46], [0.28, -0.46], [0.42, -0.14]])),
        ("main", np.array([[-1, -0.1], [0.9, -0.1], [1, 0.1], [1, 0.4], [-1, 0.4]])),
        ("dark", _ring(-0.55, 0.42, 0.27, 0.27)),
        ("dark", _ring(0.55, 0.42, 0.27, 0.27)),
        ("cream", _ring(-0.55, 0.42, 0.1, 0.1)),
        ("cream", _ring(0.55, 0.42, 0.1, 0.1)),
    ],
    "house": [
        ("cream", _box(-0.72, -0.15, 0.72, 0.9)),
        ("main", np.array([[-0.98, -0.1], [0.0, -0.95], [0.98, -0.1]])),
        ("wood", _box(-0.2, 0.3, 0.2, 0.9)),
        ("glass", _box(0.34, 0.1, 0.6, 0.4)),
        ("glass", _box(-0.6, 0.1, -0.34, 0.4)),
    ],
    "rocket": [
        ("shade", np.array([[-0.3, 0.2], [-0.75, 0.8], [-0.3, 0.65]])),
        ("shade", np.array([[0.3, 0.2], [0.75, 0.8], [0.3, 0.65]])),
        (
            "main",
            np.array(
                [
                    [0, -1],
                    [0.24, -0.66],
                    [0.36, -0.2],
                    [0.36, 0.3],
                    [0.26, 0.75],
                    [-0.26, 0.75],
                    [-0.36, 0.3],
                    [-0.36, -0.2],
                    [-0.24, -0.66],
                ]
            ),
        ),
        ("glass", _ring(0.0, -0.25, 0.18, 0.18)),
    ],
    "flower": _flower(),
    "mushroom": [
        ("cream", np.array([[-0.28, 0.0], [0.28, 0.0], [0.36, 0.9], [-0.36, 0.9]])),
        ("main", np.concatenate([_ring(0.0, 0.1, 0.95, 0.95)[20:], [[0.95, 0.18], [-0.95, 0.18]]])),
        ("cream", _ring(-0.4, -0.3, 0.16, 0.16)),
        ("cream", _ring(0.3, -0.45, 0.18, 0.18)),
        ("cream", _ring(0.55, -0.08, 0.12, 0.12)),
    ],
}


def draw_object(kind: str, colour: str, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """Draw one object in the middle of a square picture.

    Args:
        kind: a name in `DRAWINGS`.
        colour: a name in `COLOURS`.
        radius: px of the picture.

    Returns:
        colour float32 [size, size, 3] in 0..1 and alpha float32 [size, size] in 0..1.
    """
    size = int(np.ceil(radius * 2.6))
    large = size * _ENLARGE
    middle, unit = (large - 1) / 2, radius * _ENLARGE
    main = np.array(COLOURS[colour], np.float32)
    ink = 0.45 * main + 0.04
    picture = np.empty((large, large, 3), np.float32)
    picture[:] = ink
    cover = np.zeros((large, large), np.uint8)
    stroke = max(1, round(2 * _STROKE * unit))
    for paint, outline in DRAWINGS[kind]:
        share, own = _PAINTS[paint]
        fill = share * main if own is None else np.array(own, np.float32)
        points = [np.rint(middle + unit * outline).astype(np.int32)]
        cv2.fillPoly(picture, points, fill.tolist())
        cv2.polylines(picture, points, True, ink.tolist(), stroke // 2 + 1)
        cv2.fillPoly(cover, points, 255)
        cv2.polylines(cover, points, True, 255, stroke)
    picture *= _light(large, middle, unit)
    # As much blur as averaging over a pixel of the video: harder edges alias and cost the VAE dear.
    blur = 1.7 * _ENLARGE
    alpha = cv2.GaussianBlur(cover.astype(np.float32) / 255, (0, 0), blur)
    picture = cv2.GaussianBlur(np.clip(picture, 0, 1), (0, 0), blur)
    small = (size, size)
    return (
        cv2.resize(picture, small, interpolation=cv2.INTER_AREA),
        cv2.resize(alpha, small, interpolation=cv2.INTER_AREA),
    )


def _light(size: int, middle: float, unit: float) -> np.ndarray:
    """Brightness [size, size, 1] under a lamp at the upper left, as on a rounded body."""
    y, x = (np.mgrid[:size, :size].astype(np.float32) - np.float32(middle)) / np.float32(unit)
    slope = 1.04 - 0.24 * (0.55 * x + 0.8 * y) - 0.12 * (x * x + y * y)
    shine = 0.3 * np.exp(-((x + 0.38) ** 2 + (y + 0.42) ** 2) / 0.05)
    return np.clip(slope + shine, 0.45, 1.5)[..., None]


def shadow_of(alpha: np.ndarray, radius: float) -> np.ndarray:
    """The cast shadow's alpha: blurred and never above a half, so it owns no pixel."""
    soft = cv2.GaussianBlur(alpha, (0, 0), max(0.5, _SHADOW_BLUR * radius))
    return (_SHADOW_DEPTH * soft).astype(np.float32)
