"""Tracks and an encoded start image -> guided latents. Knows no host."""

from dataclasses import dataclass
from typing import Any

import torch

from ..wanmove_core import (
    Tracks,
    fit_tracks,
    guidance_report,
    guide_branches,
    project_tracks,
    replicate_first_frame,
    retime_tracks,
)
from ..wanmove_core.guidance.lint import lint_tracks


@dataclass(frozen=True)
class Guided:
    """Conditioning latents of both branches, and what was done."""

    positive: torch.Tensor
    negative: torch.Tensor
    report: str


def place_tracks(tracks: Tracks, encoded: Any, *, track_space: str, retime: str) -> Tracks:
    """Bring tracks to the video's length and pixels."""
    tracks = retime_tracks(tracks, encoded.grid.num_frames, retime)
    if track_space == "video":
        return tracks
    size = (encoded.grid.width, encoded.grid.height)
    return fit_tracks(tracks, encoded.image_size, size, mode=encoded.resize)


def guide(
    encoded: Any,
    tracks: Tracks | None,
    *,
    strength: float,
    branch: str,
    collision: str,
    temporal: str,
    track_space: str,
    retime: str,
    collision_seed: int,
) -> Guided:
    """Edit the conditioning latent along the tracks; without tracks it stays the same tensor."""
    latent = encoded.latent
    if tracks is None:
        return Guided(latent, latent, "No tracks: plain image to video.")
    given = tracks
    tracks = place_tracks(tracks, encoded, track_space=track_space, retime=retime)
    cells, visible = project_tracks(tracks, encoded.grid, temporal=temporal)
    known = encoded.known_latent_frames
    generator = torch.Generator().manual_seed(collision_seed) if collision == "random" else None
    guided = replicate_first_frame(
        latent,
        cells,
        visible,
        strength=strength,
        collision=collision,
        generator=generator,
        known_latent_frames=known,
    )
    report = guidance_report(tracks, encoded.grid, temporal=temporal, known_latent_frames=known)
    # Stretching in time is worth a word, other ways of fitting were asked for.
    judged = given if track_space == "video" and retime == "time" else tracks
    lines = [report, *lint_tracks(judged, encoded.grid, report=report)]
    return Guided(*guide_branches(latent, guided, branch), "\n".join(map(str, lines)))
