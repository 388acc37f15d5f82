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
    """

    name: str
    title: str
    caption: str

    def files(self, folder: Path) -> tuple[Path, Path]:
        """Start frame and tracks, in the small model's folder."""
        place = folder / "demo" / self.name
        return place / "start.png", place / "curve_tracks.npy"


SCENES: tuple[DemoScene, ...] = (
    DemoScene("fish", "One path", "The fish is asked to swim along the curve; the rest is pinned."),
    DemoScene("launch", "Two paths", "The rocket takes off while the ball falls."),
    DemoScene("camera", "The camera", "Every point is asked to move as if the camera came closer."),
)
