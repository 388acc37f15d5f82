"""The product's central operation: tracks and an encoded start image to guided latents."""

from dataclasses import dataclass, replace

import torch

from ..choices import FitMode
from ..errors import OptionError
from ..grid import LatentGrid, Size
from ..motion.frame import Placed, place_in_frame
from ..motion.retime import retime_tracks
from ..shapes import Float, Tensor
from ..start_image.conditioning import guide_branches
from ..start_image.encoded import EncodedStart
from ..tracks import Tracks
from .lint import Finding, lint_tracks
from .options import GuidanceOptions
from .project import Projection, project_tracks
from .replicate import FeatureSource, replicate_first_frame
from .report import GuidanceReport, check_effect, guidance_report
from .segments import KnownFrames, Segment


@dataclass(frozen=True, eq=False)
class Guided:
    """The guided latents, with what guidance did and found.

    Args:
        positive, negative: conditioning latents of both branches of classifier-free guidance.
        still: the same without tracks.
        tracks: in pixels and frames of the video; None for plain image to video.
        report: what each track did; None without tracks.
        placed: one line that says how the tracks were mapped into the video's frame; "" if
            unchanged.
        findings: of the lint: what is likely to go wrong.
    """

    positive: Float[Tensor, "batch channels latent_frames rows cols"]
    negative: Float[Tensor, "batch channels latent_frames rows cols"]
    still: Float[Tensor, "batch channels latent_frames rows cols"]
    tracks: Tracks | None = None
    report: GuidanceReport | None = None
    placed: str = ""
    findings: tuple[Finding, ...] = ()
    strength: float = 1.0

    def __str__(self) -> str:
        if self.report is None or self.report.num_points == 0:
            return "No tracks: plain image to video."
        lines = [self.report, *self.findings]
        if self.placed:
            lines.insert(1, f"frame: {self.placed}.")
        if self.strength == 0:
            lines.insert(1, "strength: 0, so that no track acts: plain image to video.")
        return "\n".join(map(str, lines))

    def check_effect(self) -> "Guided":
        """Refuse tracks without any effect; return self. Callers ask this before sampling.

        Raises:
            ShapeError: no track has an effect.
        """
        if self.report is not None:
            check_effect(self.report, self.strength)
        return self


def guide(
    start: EncodedStart,
    tracks: Tracks | None,
    options: GuidanceOptions | None = None,
    *,
    source: FeatureSource | None = None,
) -> Guided:
    """Copy the first frame's features along the tracks into the conditioning latent.

    Args:
        start: the encoded start image; it is not changed.
        tracks: of any length; None is plain image to video.
        options: how to guide; None: the defaults.
        source: where features come from; None: the first frame.

    Returns:
        New latents; without tracks, those of `start`. Tracks without effect are reported, not
        refused.

    Raises:
        WanMoveError: tracks or options that do not fit.

    Source:
        Wan-Move wan/wan_move.py:260-283 @27409be.
    """
    options = options or GuidanceOptions()
    still = start.latent
    if tracks is None:
        return Guided(still, still, still)
    in_frame, how = place_in_frame(
        tracks,
        start.size,
        image_size=start.image_size,
        fit_mode=start.fit_mode,
        track_space=options.track_space,
    )
    placed = retime_tracks(in_frame, start.grid.num_frames, options.retime)
    projected = project_tracks(placed.to(still.device), start.grid, temporal=options.temporal)
    if start.more_known:
        projected = _without_known(projected, start)
    shuffled = options.collision == "random"
    guided = replicate_first_frame(
        still,
        *projected,
        strength=options.strength,
        collision=options.collision,
        generator=torch.Generator().manual_seed(options.seed) if shuffled else None,
        known_latent_frames=start.known_latent_frames,
        source=source,
    )
    if source is not None:
        # A track that has a feature is as good as one that is seen at the start.
        cells, visible = projected
        has_feature = (source.origins[:, :1] >= 0).to(visible.device)
        projected = cells, torch.cat([has_feature, visible[:, 1:]], dim=1)
    report = guidance_report(
        placed,
        start.grid,
        temporal=options.temporal,
        known_latent_frames=start.known_latent_frames,
        projected=projected,
    )
    positive, negative = guide_branches(still, guided, options.branch)
    if source is not None:  # what lint knows of starts is not true of clips that go on
        return Guided(positive, negative, still, placed, report, how, (), options.strength)
    findings = lint_tracks(
        # Stretching in time is worth a word; cutting and holding were asked for.
        in_frame if options.retime == "time" else placed,
        start.grid,
        report=report,
        fitted=placed,
        projected=projected if options.temporal == "sample" else None,
    )
    found = tuple(findings)
    return Guided(positive, negative, still, placed, report, how, found, options.strength)


def _without_known(projected: Projection, start: EncodedStart) -> Projection:
    """Leave latent frames alone that hold known frames: what they show is given."""
    cells, visible = projected
    held = [start.grid.latent_frame_of(frame) for frame in start.more_known]
    visible = visible.clone()
    visible[:, held] = False
    return cells, visible


def guide_next(
    first: EncodedStart,
    start: EncodedStart,
    tracks: Tracks,
    options: GuidanceOptions,
    *,
    frame: int,
    num_frames: int,
) -> Guided:
    """Guide a clip that continues a video, by features of the video's first frame.

    A track that is not visible in the video's first frame takes its feature from the clip's first
    frame.

    Args:
        first: the encoded first frame of the video.
        start: the encoded frame that the clip starts with, of the same size.
        tracks: of the whole video.
        options: how to guide.
        frame: number of the video frame that the clip starts with.
        num_frames: of the whole video.

    Raises:
        OptionError: the clip ends after the video.
    """
    segment = Segment(1, frame, start.grid.num_frames)
    if segment.last >= num_frames:
        raise OptionError(
            f"the clip must end with the video's {num_frames} frames; got frames {frame} to "
            f"{segment.last}. Make it shorter, or the video longer."
        )
    placed, how = place_tracks(
        tracks,
        replace(first.grid, num_frames=num_frames),
        options,
        image_size=first.image_size,
        fit_mode=first.fit_mode,
    )
    known = KnownFrames(placed)
    known.add(first, 0)
    source = known.add(start, frame)
    here = replace(options, track_space="video")
    return replace(guide(start, segment.cut(placed), here, source=source), placed=how)


def place_tracks(
    tracks: Tracks,
    grid: LatentGrid,
    options: GuidanceOptions,
    *,
    image_size: Size,
    fit_mode: FitMode,
) -> Placed:
    """Map tracks to the length and the pixels of a video; return them and one line that says how.

    Args:
        tracks: of any length.
        grid: of the video.
        options: `retime` and `track_space` are used.
        image_size: (width, height) of the start image before it was fitted to the video.
        fit_mode: how it was fitted.

    Raises:
        ShapeError: tracks of another frame.
    """
    placed, how = place_in_frame(
        tracks,
        (grid.width, grid.height),
        image_size=image_size,
        fit_mode=fit_mode,
        track_space=options.track_space,
    )
    return Placed(retime_tracks(placed, grid.num_frames, options.retime), how)
