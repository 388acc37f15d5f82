"""Say what tracks do to a latent, and which of them do nothing and why."""

from dataclasses import dataclass

import torch

from ..choices import Temporal
from ..errors import ShapeError
from ..grid import LatentGrid
from ..shapes import Bool, Tensor
from ..tracks import Tracks
from .project import Projection, project_tracks


@dataclass(frozen=True)
class GuidanceReport:
    """Counts of what guidance does. `str()` gives one line of text.

    The four tuples hold indices of tracks that guide nothing, each track in one of them.

    Args:
        num_points: tracks given.
        num_guiding: tracks that reach at least one cell.
        num_still: of those, tracks that never leave their first cell (anchors).
        edited_cells: cells that get a copied feature.
        shared_cells: of those, cells that several tracks visit at once (`collision` decides).
        hidden_starts: seen later, but hidden in latent frame 0, which features come from.
        outside_starts: seen later, but outside of the picture in latent frame 0.
        start_only: seen in no latent frame after the given ones.
        never_seen: seen in no latent frame at all.
    """

    num_points: int
    num_guiding: int
    num_still: int
    edited_cells: int
    shared_cells: int
    hidden_starts: tuple[int, ...]
    outside_starts: tuple[int, ...]
    start_only: tuple[int, ...]
    never_seen: tuple[int, ...]

    def __str__(self) -> str:
        text = (
            f"{self.num_guiding} of {self.num_points} tracks guide {self.edited_cells} latent "
            f"cells ({self.shared_cells} of them shared; still tracks: {self.num_still})"
        )
        return "; ".join(filter(None, (text, self.reasons))) + "."

    @property
    def reasons(self) -> str:
        """Which tracks have no effect, and why; "" where all have."""
        parts = []
        for points, reason in (
            (self.hidden_starts, "hidden at the start, so there is nothing to copy"),
            (self.outside_starts, "outside of the picture at the start"),
            (self.start_only, "visible at the start only"),
            (self.never_seen, "never visible inside the picture"),
        ):
            if points:
                listed = ", ".join(map(str, points[:8]))
                listed += f" and {len(points) - 8} more" if len(points) > 8 else ""
                parts.append(f"{len(points)} without effect, {reason}: {listed}")
        return "; ".join(parts)


def guidance_report(
    tracks: Tracks,
    grid: LatentGrid,
    *,
    temporal: Temporal = "sample",
    known_latent_frames: int = 1,
    projected: Projection | None = None,
) -> GuidanceReport:
    """Count what `replicate_first_frame` will do with these tracks.

    Args:
        tracks, grid, temporal: as for `project_tracks`.
        known_latent_frames: as for `replicate_first_frame`.
        projected: the result of `project_tracks` for them, if it is already computed.

    Raises:
        ShapeError, OptionError: as `project_tracks`.
    """
    cells, visible = projected or project_tracks(tracks, grid, temporal=temporal)
    start, seen = visible[:, 0], visible.any(1)
    guided = (visible & start[:, None])[:, known_latent_frames:]
    guiding = guided.any(1)
    # By plane: operations on (row, col) pairs are several times slower.
    row, col = cells.unbind(-1)
    place = row * grid.cols + col
    moved = (place[:, known_latent_frames:] != place[:, :1]) & guided

    frame = torch.arange(grid.latent_frames, device=cells.device)
    index = (frame * (grid.rows * grid.cols) + place)[:, known_latent_frames:]
    # Counting cells is 20 times faster than sorting visits.
    visits = torch.bincount(index[guided], minlength=1)
    asked_at_start = tracks.visibility[0].to(visible.device)
    return GuidanceReport(
        num_points=tracks.num_points,
        num_guiding=int(guiding.sum()),
        num_still=int((guiding & ~moved.any(1)).sum()),
        edited_cells=int((visits > 0).sum()),
        shared_cells=int((visits > 1).sum()),
        hidden_starts=indices_of(seen & ~start & ~asked_at_start),
        outside_starts=indices_of(seen & ~start & asked_at_start),
        start_only=indices_of(start & ~guiding),
        never_seen=indices_of(~seen),
    )


def check_effect(report: GuidanceReport, strength: float = 1.0) -> None:
    """Refuse tracks without any effect.

    No tracks at all, a drawing without tracks and strength 0 are plain image to video.

    Raises:
        ShapeError: no track has an effect.
    """
    if report.num_points == 0 or strength == 0 or report.num_guiding:
        return
    way = (
        "Start them on the object, inside the picture"
        if report.outside_starts or not report.hidden_starts
        else "Show them in the first frame"
    )
    raise ShapeError(
        f"tracks must act on the video; got {report.reasons}. {way}, or connect no tracks."
    )


def indices_of(chosen: Bool[Tensor, " points"]) -> tuple[int, ...]:
    """Where a mask of tracks is set."""
    return tuple(chosen.nonzero().squeeze(1).tolist())
