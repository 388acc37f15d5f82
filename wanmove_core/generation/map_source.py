"""Where the trajectory maps of a job come from, as a job sees it."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from ..grid import Size
from ..shapes import Tensor

if TYPE_CHECKING:
    from .job import Job


@runtime_checkable
class MapSource(Protocol):
    """Reads or draws the trajectory maps of a job."""

    def read(self, job: "Job", image_size: Size) -> Tensor | None:
        """Return the maps, of the video's frames and size; None where nothing guides."""
        ...

    def describe(
        self, tracks: tuple[Path, ...], digest: Callable[[Path], dict[str, str]]
    ) -> dict[str, Any]:
        """What the maps depend on besides the tracks, as JSON values."""
        ...

    def absolute(self) -> "MapSource":
        """Return the same with files that are found from any folder."""
        ...
