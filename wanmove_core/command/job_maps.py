"""Where a job's trajectory maps come from: files of maps, or a drawing, or tracks with masks."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..choices import MapShape
from ..errors import MediaError, OptionError

if TYPE_CHECKING:
    import numpy as np

    from ..generation.job import Job
    from ..shapes import Tensor


@dataclass(frozen=True)
class MapFiles:
    """Maps of files, or drawn from a job's tracks.

    Args:
        maps: a folder or a video of maps; None: drawn.
        masks: one an object, in the start image; with none the tracks are a drawing with regions.
        shape: how objects are drawn.
    """

    maps: Path | None
    masks: tuple[Path, ...]
    shape: MapShape

    def read(self, job: "Job", image_size: tuple[int, int]) -> "Tensor | None":
        """Return the maps, of the video's frames and size; None where nothing guides."""
        return read_motion(self, job, image_size)

    def describe(self, tracks: tuple[Path, ...], digest: Callable[[Path], Any]) -> dict[str, Any]:
        """What the maps depend on besides the tracks, as JSON values."""
        files = [self.maps] if self.maps else []
        if self.maps is not None and self.maps.is_dir():
            files = sorted(file for file in self.maps.iterdir() if file.is_file())
        files += self.masks
        return {
            **({"map_shape": self.shape} if tracks else {}),
            **({"maps": [digest(path) for path in files]} if files else {}),
        }

    def absolute(self) -> "MapFiles":
        """Return the same with files that are found from any folder."""
        maps = self.maps and self.maps.absolute()
        return MapFiles(maps, tuple(path.absolute() for path in self.masks), self.shape)


def read_motion(given: MapFiles, job: "Job", image_size: tuple[int, int]) -> "Tensor | None":
    """Read or draw the trajectory maps, with the video's frames and size; None without maps.

    Raises:
        WanMoveError: a file that cannot be read, or does not fit.
    """
    import torch

    from ..media.map_files import read_maps
    from ..motion.fit import fit_tracks
    from ..view.map_objects import OutlinedObject, fit_frames, fit_masks, objects_from_masks
    from ..view.trajectory_maps import check_first_map, draw_trajectory_maps
    from .tracks.maps import read_objects

    settings = job.settings
    size, frames = settings.output_size(image_size), settings.num_frames
    if given.maps is not None:
        maps, _ = read_maps(given.maps)
        if len(maps) != frames:
            raise MediaError(
                f"{given.maps} must have the video's {frames} frames; got {len(maps)}. "
                f"Draw them so, or give --frames {len(maps)}."
            )
        maps = fit_frames(maps, size, settings.fit_mode)
        check_first_map(maps[0])
        return torch.from_numpy(maps)
    if not job.tracks:
        return None
    if not given.masks:
        (source, *rest) = job.tracks
        if rest:
            raise OptionError("--tracks must be one file without --mask; got several. Add --mask.")
        objects, _ = read_objects(source, size=image_size, frames=frames)
        moved = [
            OutlinedObject(
                _fitted(one.outline, image_size, size, settings.fit_mode), one.shown, size
            )
            for one in objects
            if isinstance(one, OutlinedObject)
        ]
        return draw_trajectory_maps(moved, size, shape=given.shape)
    from ..generation.job import read_inputs
    from ..motion.retime import retime_tracks

    _, tracks = read_inputs(job)
    if tracks is None:
        raise OptionError(
            f"--tracks must move the object of each --mask; got no tracks in {job.tracks[0]}. "
            "Draw one for each."
        )
    tracks = fit_tracks(
        retime_tracks(tracks, frames, settings.retime), image_size, size, mode=settings.fit_mode
    )
    masks = fit_masks(_read_masks(given.masks, image_size), size, settings.fit_mode)
    return draw_trajectory_maps(objects_from_masks(masks, tracks), size, shape=given.shape)


def _fitted(outline: "np.ndarray", image_size: Any, size: Any, mode: Any) -> "np.ndarray":
    import torch

    from ..motion.fit import fit_tracks
    from ..tracks import Tracks

    positions = torch.from_numpy(outline)
    shown = torch.ones(positions.shape[:2], dtype=torch.bool)
    fitted: np.ndarray = fit_tracks(
        Tracks(positions, shown), image_size, size, mode=mode
    ).positions.numpy()
    return fitted


def _read_masks(paths: tuple[Path, ...], size: tuple[int, int]) -> "np.ndarray":
    import numpy as np

    from .tracks.inputs import read_mask

    masks = [read_mask(path) for path in paths]
    for path, mask in zip(paths, masks, strict=True):
        if mask.shape != (size[1], size[0]):
            raise MediaError(
                f"{path} must be of the start image's size, {size[0]}x{size[1]}; got "
                f"{mask.shape[1]}x{mask.shape[0]}. Resize it."
            )
    return np.stack(masks)
