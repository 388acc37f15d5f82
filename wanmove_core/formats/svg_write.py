"""Tracks as an SVG picture, for vector programs and back."""

from ..family import Size
from ..tracks import Tracks
from .samples import frame_ranges, held, shortest, shortest_of


def write_svg(tracks: Tracks, size: Size, fps: float) -> str:
    """One polyline for each track, with one vertex a frame.

    Hidden frames repeat the last visible position; `data-visible` says which those are.
    """
    positions = tracks.positions.detach().cpu().double().numpy()
    visible = tracks.visibility.cpu().numpy()
    width, height = size
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" data-fps="{shortest(fps)}">'
    ]
    for track in range(tracks.num_points):
        seen = visible[:, track]
        own = held(positions[:, track], seen)
        points = " ".join(f"{x},{y}" for x, y in shortest_of(own).tolist())
        ranges = " ".join(f"{first}-{last}" for first, last in frame_ranges(seen))
        lines.append(
            f'<polyline id="track{track}" fill="none" stroke="#1f77b4" stroke-width="2" '
            f'data-frames="{len(own)}" data-visible="{ranges}" points="{points}"/>'
        )
    return "\n".join([*lines, "</svg>", ""])
