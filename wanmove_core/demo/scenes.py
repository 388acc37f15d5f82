"""What the demo shows: start frames and drawn tracks that lie beside the small model."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class DemoScene:
    """One request of the demo.

    Args:
        name: of its files, and of its folder below `demo/`.
        title: a few words.
        caption: one sentence.
        drawn: the file of what was drawn.
    """

    name: str
    title: str
    caption: str
    drawn: str = "curve_tracks.npy"

    def files(self, folder: Path) -> tuple[Path, Path]:
        """Start frame and what was drawn on it, in the small model's folder."""
        place = folder / "demo" / self.name
        return place / "start.png", place / self.drawn


SCENES: tuple[DemoScene, ...] = (
    DemoScene("fish", "One path", "The fish is asked to swim along the curve; the rest is pinned."),
    DemoScene("launch", "Two paths", "The rocket takes off while the ball falls."),
    DemoScene("camera", "The camera", "Every point is asked to move as if the camera came closer."),
)
# Boxes guide it in place of tracks, at the size that the adapter of boxes was trained at.
BOX = DemoScene(
    "box",
    "A box",
    "A box was drawn around the dark block and moved; the video is of 96x64.",
    "drawing.json",
)
BOX_ADAPTER = "wanmove_toy_boxes_resnet_fast"
