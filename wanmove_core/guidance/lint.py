"""Find what is likely to go wrong with tracks, and say what to do about it."""

from dataclasses import dataclass

import torch

from ..errors import ShapeError
from ..grid import LatentGrid
from ..motion.retime import retime_tracks
from ..shapes import Bool, Float, Int, Tensor
from ..tracks import Tracks
from .project import Projection, project_tracks
from .report import GuidanceReport, guidance_report, indices_of

# Share of the frame's diagonal. A step this long in one frame is a cut, not a motion.
_TELEPORT = 0.12
_FEW_POINTS = 4
# Depth maps are not more exact than this.
_CLEARLY_FARTHER = 1.1
_SHOWN = 8


@dataclass(frozen=True)
class Finding:
    """One thing to look at. `str()` gives one line for people.

    Args:
        rule: its short name, as in `hidden-start`.
        message: what is wrong, and what to do.
        points: indices of the tracks concerned; empty if the finding concerns all of them.
    """

    rule: str
    message: str
    points: tuple[int, ...] = ()

    def __str__(self) -> str:
        shown = ", ".join(map(str, self.points[:_SHOWN]))
        more = len(self.points) - _SHOWN
        shown += f" and {more} more" if more > 0 else ""
        return f"{self.rule}: {self.message}" + (f" Tracks: {shown}." if shown else "")


def lint_tracks(
    tracks: Tracks,
    grid: LatentGrid,
    *,
    distance: Float[Tensor, " points"] | None = None,
    report: GuidanceReport | None = None,
    fitted: Tracks | None = None,
    projected: Projection | None = None,
) -> list[Finding]:
    """Find what guidance ignores and what the model cannot follow.

    Args:
        tracks: in pixels of the output frame.
        grid: of the video to make.
        distance: of each track from the camera, in any unit; used to find far tracks that lie on
            top of nearer ones. None: not checked.
        report, fitted, projected: the report, the tracks at the grid's length, and their
            projection, if they are already computed for these tracks and this grid.

    Returns:
        Findings in the order in which to solve them; empty for good tracks.

    Raises:
        ShapeError: `distance` does not hold one value per track.
    """
    if distance is not None and len(distance) != tracks.num_points:
        raise ShapeError(
            f"distance must be one for each of {tracks.num_points} tracks; got {len(distance)}. "
            "Read it from the depth map where each track starts."
        )
    found = [*_length(tracks, grid), *_size(tracks, grid.width, grid.height)]
    fitted = fitted or retime_tracks(tracks, grid.num_frames, "time")
    report = report or guidance_report(fitted, grid)
    found += _effect(report, grid)
    found += _teleports(fitted, grid.width, grid.height)
    found += _numbers(report, grid)
    cells, visible = projected or project_tracks(fitted, grid)
    visits = _visits(cells, visible, grid)
    found += _collisions(visits, report)
    if distance is not None:
        found += _order(visits, distance.to(fitted.positions.device))
    return found


def _length(tracks: Tracks, grid: LatentGrid) -> list[Finding]:
    if tracks.num_frames == grid.num_frames:
        return []
    return [
        Finding(
            "length",
            f"the tracks have {tracks.num_frames} frames and the video {grid.num_frames}, so their "
            "speed changes by stretching. Make them as long as the video.",
        )
    ]


def _size(tracks: Tracks, width: int, height: int) -> list[Finding]:
    # By coordinate: operations on [.., 2] pairs are several times slower.
    x, y = tracks.positions.unbind(-1)
    if not tracks.visibility.all():
        x, y = x[tracks.visibility], y[tracks.visibility]
    if x.numel() == 0:
        return []
    low, high = zip(*((a.item(), b.item()) for a, b in map(torch.aminmax, (x, y))), strict=True)
    outside = 0.0
    if min(low) < 0 or high[0] > width or high[1] > height:
        outside = ((x < 0) | (x > width) | (y < 0) | (y > height)).float().mean().item()
    if max(high) <= 1.5 and min(low) >= 0:
        text = (
            f"all positions lie within {max(high):.2f} px, so they look like shares of the frame. "
            "Multiply x by the width and y by the height."
        )
    elif outside > 0.25:
        text = (
            f"positions reach x {low[0]:.0f} to {high[0]:.0f}, y {low[1]:.0f} to {high[1]:.0f}, "
            f"and {outside:.0%} lie outside of {width}x{height}. "
            "Fit the tracks from the size that they were drawn on."
        )
    else:
        return []
    return [Finding("size", text)]


def _effect(report: GuidanceReport, grid: LatentGrid) -> list[Finding]:
    """What the guidance report says, with advice."""
    rules = (
        (
            "hidden-start",
            report.hidden_starts,
            "hidden in the first frame, so there is nothing to copy and they guide nothing. "
            "Start them visible, or place them on what hides them.",
        ),
        (
            "outside-start",
            report.outside_starts,
            "start outside of the picture, so they guide nothing. Begin their paths inside.",
        ),
        (
            "never-visible",
            report.never_seen,
            "never visible inside the picture. Delete them, or check their size.",
        ),
        (
            "start-only",
            report.start_only,
            "visible in the first frame only, so they guide nothing. Show them for longer than "
            f"{grid.strides[0]} frames.",
        ),
    )
    return [
        Finding(rule, _counted(len(points), text), points) for rule, points, text in rules if points
    ]


def _teleports(tracks: Tracks, width: int, height: int) -> list[Finding]:
    """Steps too long to be a motion, between two frames in which the point is visible."""
    limit = _TELEPORT * (width**2 + height**2) ** 0.5
    both = tracks.visibility[1:] & tracks.visibility[:-1]
    x, y = (part.diff(dim=0) for part in tracks.positions.unbind(-1))
    far = (x.square_().add_(y.square_()) > limit**2) & both
    points = indices_of(far.any(0))
    if not points:
        return []
    frame = int(far[:, points[0]].int().argmax()) + 1
    text = (
        f"jump more than {limit:.0f} px in one frame (track {points[0]} at frame {frame}). "
        "Hide the point between two shots of it, or give the way more frames."
    )
    return [Finding("teleport", _counted(len(points), text), points)]


def _numbers(report: GuidanceReport, grid: LatentGrid) -> list[Finding]:
    found = []
    moving = report.num_guiding - report.num_still
    if report.num_guiding > 0 and moving == 0:
        found.append(
            Finding(
                "no-motion",
                f"no point ever leaves its {grid.strides[2]}x{grid.strides[1]} px cell, so the "
                "tracks only hold things still. Move them farther.",
            )
        )
    elif 0 < moving < _FEW_POINTS:
        found.append(
            Finding(
                "few-points",
                f"only {moving} moving points. The model moves a whole object more "
                "surely with several points spread over it: duplicate the path across the object.",
            )
        )
    return found


@dataclass(frozen=True)
class _Visits:
    """Which point visits which cell after the first, and which is on top."""

    point: Int[Tensor, " visits"]
    cell: Int[Tensor, " visits"]
    top: Int[Tensor, " visits"]
    home: Int[Tensor, "points 2"]


def _visits(
    cells: Int[Tensor, "points frames 2"], visible: Bool[Tensor, "points frames"], grid: LatentGrid
) -> _Visits:
    point, frame = (visible & visible[:, :1])[:, 1:].nonzero(as_tuple=True)
    row, col = cells[:, 1:].unbind(-1)
    cell = frame * (grid.rows * grid.cols) + (row * grid.cols + col)[point, frame]
    top = point.new_full((grid.latent_frames * grid.rows * grid.cols,), -1)
    top.scatter_reduce_(0, cell, point, reduce="amax")
    return _Visits(point, cell, top[cell], cells[:, 0])


def _collisions(visits: _Visits, report: GuidanceReport) -> list[Finding]:
    """Cells in which the track on top comes from elsewhere; neighbours may share a cell."""
    apart = (visits.home[visits.point] - visits.home[visits.top]).abs().amax(-1)
    crossed = visits.cell[apart > 1].unique().numel()
    if crossed <= 0.1 * max(report.edited_cells, 1):
        return []
    text = (
        f"{crossed} of {report.edited_cells} guided cells are visited by tracks from different "
        "places at once, and only one of them counts. Put what is nearer to the camera last, or "
        "hide the tracks that pass behind."
    )
    return [Finding("collision", text)]


def _order(visits: _Visits, distance: Float[Tensor, " points"]) -> list[Finding]:
    """Cells in which the track on top, the last one, is farther away than another."""
    wrong = distance[visits.top] > distance[visits.point] * _CLEARLY_FARTHER
    points = tuple(visits.top[wrong].unique().tolist())
    if not points:
        return []
    text = (
        f"on top of nearer ones in {visits.cell[wrong].unique().numel()} cells, though farther "
        "away. Hide them where they pass behind, or put the nearer tracks last."
    )
    return [Finding("depth-order", _counted(len(points), text), points)]


def _counted(count: int, text: str) -> str:
    return f"{count} {'track' if count == 1 else 'tracks'} {text}"
