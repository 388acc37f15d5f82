"""Draw the pictures of the source nodes' help pages: web/docs/images/*_tracks.jpg.

.venv/bin/python -m dev.make_source_pictures
"""

from pathlib import Path

import cv2
import numpy as np
import torch

from wanmove_core import Tracks
from wanmove_core.sources.camera.shots import plan_shot, scene_points, shoot
from wanmove_core.sources.depth import Lens
from wanmove_core.sources.region.fill import Fill
from wanmove_core.sources.region.motion import Following, Keyed, Puppet, RegionKey, region_tracks
from wanmove_core.sources.rotation.turn import TurnKey, rotation_tracks
from wanmove_core.view.draw import draw_paths

FOLDER = Path(__file__).parents[1] / "web/docs/images"
WIDTH, HEIGHT, FRAMES = 416, 240, 49
LENS = Lens(WIDTH, HEIGHT, 50)
SKY, GROUND, BODY = (58, 66, 80), (82, 88, 80), (128, 142, 172)


def main() -> None:
    """Write the pictures."""
    FOLDER.mkdir(exist_ok=True)
    for name, panels in (
        ("camera", camera_panels()),
        ("region", region_panels()),
        ("rotation", rotation_panels()),
    ):
        # A white line between two panels.
        spaced = [np.pad(item, ((0, 0), (0, 6), (0, 0)), constant_values=255) for item in panels]
        picture = np.concatenate(spaced, axis=1)[:, :-6, ::-1]
        cv2.imwrite(str(FOLDER / f"{name}_tracks.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 82])


def panel(image: np.ndarray, tracks: Tracks, radius: float = 2.5) -> np.ndarray:
    return draw_paths(torch.from_numpy(image), tracks, radius=radius).numpy()


def balls() -> tuple[np.ndarray, np.ndarray]:
    """A picture of two balls on a floor before a wall, and its distances."""
    row, col = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    rays = LENS.lift(np.stack([col, row], -1), np.ones((HEIGHT, WIDTH)))
    wall, floor = np.full((HEIGHT, WIDTH), 12.0), 1.5 / np.maximum(rays[..., 1], 1e-6)
    distance = np.minimum(wall, floor)
    image = np.where((floor < wall)[..., None], GROUND, SKY).astype(np.float64)
    for centre, radius, colour in (
        ((0.3, 0.3, 6.0), 1.2, (196, 120, 104)),
        ((-3.0, 0.6, 9.0), 0.9, (104, 140, 190)),
    ):
        found = sphere(rays, np.array(centre), radius)
        hit = found < distance
        normal = (rays * np.where(hit, found, 0.0)[..., None] - centre) / radius
        light = 0.55 + 0.45 * np.clip(normal @ [-0.5, -0.7, -0.5], 0, 1)
        image = np.where(hit[..., None], np.array(colour) * light[..., None], image)
        distance = np.where(hit, found, distance)
    return image.astype(np.uint8), distance


def sphere(rays: np.ndarray, centre: np.ndarray, radius: float) -> np.ndarray:
    """The distance along z at which each ray meets a ball, infinite where it does not."""
    a, b = (rays**2).sum(-1), rays @ centre
    root = b**2 - a * (centre @ centre - radius**2)
    return np.where(root > 0, (b - np.sqrt(root.clip(min=0))) / a, np.inf)


def camera_panels() -> list[np.ndarray]:
    image, distance = balls()
    points = scene_points(LENS, 120)
    panels = []
    for move in ("push-in", "orbit-left"):
        shot = plan_shot(LENS, FRAMES, moves=[(move, 0.7)], distance=distance)
        panels.append(panel(image, shoot(points, shot), 2.0))
    return panels


def figure() -> tuple[np.ndarray, np.ndarray]:
    """A picture of a figure, and its mask."""
    mask = np.zeros((HEIGHT, 278), np.uint8)
    cv2.circle(mask, (139, 52), 22, 255, -1)
    cv2.rectangle(mask, (120, 72), (158, 146), 255, -1)
    for a, b in (((122, 80), (72, 110)), ((72, 110), (92, 154)), ((156, 80), (206, 110))):
        cv2.line(mask, a, b, 255, 13)
    for a, b in (((206, 110), (186, 154)), ((130, 146), (122, 214)), ((148, 146), (156, 214))):
        cv2.line(mask, a, b, 255, 15)
    image = np.where(mask[..., None] > 0, BODY, SKY).astype(np.uint8)
    return image, mask > 0


def region_panels() -> list[np.ndarray]:
    image, mask = figure()
    time = np.linspace(0, 1, FRAMES)
    path = np.stack([60 * time, -26 * np.sin(np.pi * time)], -1)[:, None]
    rest = np.array([[139, 60], [139, 130], [92, 152], [186, 152], [122, 208], [156, 208]])
    handles = np.repeat(rest[None].astype(float), FRAMES, axis=0)
    angle = 2.4 * time
    handles[:, 2] = [72, 110] + 44 * np.stack([np.sin(angle + 2.7), -np.cos(angle + 2.7)], -1)
    motions = (
        Following(all_visible(path)),
        Keyed([RegionKey(0), RegionKey(FRAMES - 1, rotate=35, stretch=0.85)], FRAMES, "bottom"),
        Puppet(all_visible(handles)),
    )
    return [
        panel(image, region_tracks(mask, motion, fill=Fill(70, margin=3), pins=60), 2.2)
        for motion in motions
    ]


def all_visible(positions: np.ndarray) -> Tracks:
    return Tracks.from_arrays(positions)


def rotation_panels() -> list[np.ndarray]:
    """A ball with a nose, which turns to the right and nods."""
    row, col = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    rays = LENS.lift(np.stack([col, row], -1), np.ones((HEIGHT, WIDTH)))
    head = sphere(rays, np.array([0.0, 0.0, 5.0]), 1.1)
    nose = sphere(rays, np.array([0.0, 0.1, 3.9]), 0.25)
    distance = np.minimum(head, nose)
    mask = np.isfinite(distance)
    image = np.where(mask[..., None], (206, 172, 148), SKY).astype(np.uint8)
    image[np.isfinite(nose) & (nose < head)] = (186, 140, 118)
    distance = np.where(mask, distance, 9.0)
    keys = [TurnKey(0), TurnKey(FRAMES - 1, 45)]
    return [
        panel(image, rotation_tracks(mask, distance, keys, FRAMES, axis=axis, count=90, pins=60))
        for axis in ("vertical", "horizontal")
    ]


if __name__ == "__main__":
    main()
