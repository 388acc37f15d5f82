"""Videos longer than the model's clip: a chain of clips that share a frame.

Every clip starts with the last frame of the clip before, as floats. Guidance does not use that
frame alone: each track copies the feature of the known frame in which it was first visible, so
motion is not forgotten and looks do not drift through copies of copies.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch

from ..guidance.guide import place_tracks
from ..guidance.report import guidance_report
from ..guidance.segments import KnownFrames, Segment, plan_segments
from ..shapes import Float, Tensor, UInt8
from ..start_image.conditioning import KnownImages
from ..tracks import Tracks
from .decoding import decode_stream, to_pixels
from .pipeline import Progress, WanMovePipeline
from .segment_store import SegmentStore
from .settings import GenerationSettings
from .start import Start

_log = logging.getLogger("wanmove")

Prompts = tuple[str, str]


@dataclass(frozen=True, eq=False)
class Before:
    """A video to continue, when the tracks span the whole video.

    Args:
        first: its first frame, from which features come.
        frames: number of its frames.
    """

    first: UInt8[Tensor, "height width 3"]
    frames: int


@torch.no_grad()
def sample_chain(
    pipeline: WanMovePipeline,
    image: UInt8[Tensor, "height width 3"],
    tracks: Tracks | None,
    prompts: Prompts,
    settings: GenerationSettings,
    *,
    known: KnownImages | None = None,
    before: Before | None = None,
    store: SegmentStore | None = None,
    progress: Progress | None = None,
) -> Iterator[UInt8[Tensor, "frames to_height to_width 3"]]:
    """Make a long video, a few frames at a time.

    The first clip equals, bit for bit, a video of that length with the tracks cut to it.

    Args:
        pipeline: with the model loaded. Of several ranks only the first yields.
        image, tracks, prompts, progress: as for `WanMovePipeline.generate`.
        settings: with the length of the whole video; clip k uses the seed plus k.
        known: given later frames of the video, by number.
        before: the video that this one continues; `image` is its last frame.
        store: keeps finished clips, so that an interrupted video resumes.

    Yields:
        RGB frames on the CPU.
    """
    segments = plan_segments(settings.num_frames, settings.clip_frames)
    text = pipeline.encode_prompts(*prompts)
    start = pipeline.encode_start(
        image, replace(settings, num_frames=segments[0].num_frames), _within(known, segments[0])
    )
    placed, sources, offset = None, None, 0
    if tracks is not None:
        offset = before.frames - 1 if before is not None else 0
        placed = _place(tracks, start, settings, offset)
        sources = KnownFrames(placed)
        whole = replace(start.grid, num_frames=settings.num_frames + offset)
        _log.info("%s", guidance_report(placed, whole, temporal=settings.temporal))
        if before is not None:
            one = replace(settings, num_frames=1, window=None)
            sources.add(pipeline.encode_start(before.first, one), 0)
    first, last = start, None
    for segment in segments:
        if last is not None:
            start = pipeline.encode_known(
                last,
                segment.num_frames,
                like=first,
                match_colour=settings.match_colour,
                known=_within(known, segment),
            )
        part, source = None, None
        if placed is not None and sources is not None:
            shifted = replace(segment, first=segment.first + offset)
            part, source = shifted.cut(placed), sources.add(start, shifted.first)
        latent = store.load(segment.index) if store is not None else None
        if not pipeline.ranks.from_first(latent is not None):
            own = replace(
                settings, num_frames=segment.num_frames, seed=settings.seed + segment.index
            )
            _log.info("Clip %d of %d.", segment.index + 1, len(segments))
            conditions = pipeline.guide(start, part, text, own, source=source, placed=True)
            watch = _share(progress, segment.index, len(segments))
            latent = pipeline.denoise(conditions, own, progress=watch)
            if store is not None and pipeline.ranks.writes:
                store.save(segment.index, latent)
        shown = None
        if pipeline.ranks.writes and latent is not None:
            for shown in _decode(pipeline, latent):
                # The shared frame has been shown as the last one of the clip before.
                if segment.index == 0 or shown.shape[2] > 1:
                    yield to_pixels(shown)
        last = pipeline.ranks.from_first(None if shown is None else shown[:, :, -1:].cpu())


def _within(known: KnownImages | None, segment: Segment) -> KnownImages:
    """The known frames of a clip but its first, by their number in it."""
    return {
        frame - segment.first: image
        for frame, image in (known or {}).items()
        if segment.first < frame <= segment.last
    }


def _place(tracks: Tracks, start: Start, settings: GenerationSettings, offset: int) -> Tracks:
    return place_tracks(
        tracks,
        replace(start.grid, num_frames=settings.num_frames + offset),
        settings.guidance_options,
        image_size=start.image_size,
        fit_mode=start.fit_mode,
    ).tracks


def _decode(
    pipeline: WanMovePipeline, latent: Tensor
) -> Iterator[Float[Tensor, "1 3 frames height width"]]:
    place, tiled = pipeline.placement, pipeline.tile_decode
    with place.use(pipeline.components.vae, place.device) as vae:
        pieces = decode_stream(vae, latent.to(place.device), tiled=tiled)
        for piece in pieces:
            # A decode in tiles gives all frames at once: what is shared must stand alone.
            yield from (piece,) if piece.shape[2] <= 4 else (piece[:, :, :1], piece[:, :, 1:])


def _share(progress: Progress | None, index: int, count: int) -> Progress | None:
    """The progress of one clip as a part of the whole video's."""
    if progress is None:
        return None
    tell = progress
    return lambda done, steps: tell(index * steps + done, count * steps)
