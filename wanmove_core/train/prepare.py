"""Clips to a cache: cut, fitted, tracked and encoded once for all training runs."""

import logging
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from ..checkpoints.components import Components
from ..checkpoints.image_encoder import encode_image
from ..errors import MediaError, OptionError, WanMoveError
from ..family import WAN21_I2V
from ..generation.prompts import embed_prompt
from ..generation.settings import NEGATIVE_PROMPT, check_multiple
from ..grid import Fit, LatentGrid, Size
from ..guidance.options import check_ranges
from ..media.video import probe_video, read_frames
from ..motion.retime import check_num_frames
from ..shapes import Float, Tensor, UInt8
from ..start_image.conditioning import fit_image
from ..start_image.constant_tail import encode_padded
from ..tracking.video import track_video
from ..tracks import Tracks
from .cache import CacheWriter, Facts, NoPrompt, Sample

_MOST_POINTS = 65_536
_log = logging.getLogger("wanmove")

# (frames uint8 RGB, points [N, 2]) -> their tracks.
Follow = Callable[[Iterable[Any], np.ndarray], Tracks]


@dataclass(frozen=True)
class Clip:
    """A video to train on: its name in the cache, its file, its caption (or "")."""

    name: str
    video: Path
    caption: str = ""


@dataclass(frozen=True)
class PrepareOptions:
    """How clips become samples.

    Args:
        size: (width, height) of the samples, multiples of 16; clips are scaled and cropped to it.
        frames: of a sample, a multiple of 4 plus 1.
        fps: of the samples; frames of faster clips are dropped. The model was trained at 16.
        cuts: samples per clip at most, one after the other.
        grid: columns and rows of the points that are tracked.

    Raises:
        GridError, OptionError: a value out of range.
    """

    size: Size = (832, 480)
    frames: int = 81
    fps: float = 16.0
    cuts: int = 4
    grid: tuple[int, int] = (32, 32)

    def __post_init__(self) -> None:
        check_multiple(self.size, WAN21_I2V)
        LatentGrid(self.frames, self.size[1], self.size[0])
        check_num_frames(self.frames)
        check_ranges(self, (("fps", 0.01, 1000), ("cuts", 1, 10_000)))
        if not 1 <= math.prod(self.grid) <= _MOST_POINTS:
            raise OptionError(
                f"points must be 1 to {_MOST_POINTS}; got {math.prod(self.grid)}. Change it."
            )


def prepare(
    clips: Iterable[Clip],
    components: Components,
    out: Path,
    options: PrepareOptions,
    *,
    follow: Follow = track_video,
    device: torch.device | str = "cpu",
    made_from: dict[str, Any] | None = None,
) -> list[str]:
    """Add clips to a cache; skip clips that are in it.

    Args:
        clips: any number.
        components: VAE; umT5 and CLIP where the model has them.
        out: folder of the cache.
        options: how.
        follow: the tracker.
        device: of the encoders.
        made_from: the encoders, for the trained file's metadata.

    Returns:
        One line for each clip that could not be used.
    """
    width, height = options.size
    writer = CacheWriter(out, Facts(width, height, options.frames, made_from or {}))
    empty, negative = (_prompt(components, text, device) for text in ("", NEGATIVE_PROMPT))
    writer.set_no_prompt(NoPrompt(empty, negative))
    failed = []
    for clip in clips:
        if f"{clip.name}#0" in writer.names:
            continue
        try:
            samples = {
                f"{clip.name}#{number}": (
                    clip.caption,
                    make_sample(
                        frames, clip.caption, components, options, follow=follow, device=device
                    ),
                )
                for number, frames in enumerate(cut(clip.video, options))
            }
            writer.add(samples)
            _log.info("%s: %d samples", clip.name, len(samples))
        except WanMoveError as error:
            failed.append(f"{clip.name}: {error}")
            _log.warning("left out: %s", failed[-1])
    return failed


def cut(
    video: Path, options: PrepareOptions
) -> Iterator[UInt8[np.ndarray, "frames height width 3"]]:
    """Cut a clip into samples of the given rate, length and size.

    Raises:
        MediaError: it cannot be read, or is shorter than one sample.
    """
    part: list[np.ndarray] = []
    made = 0
    for frame in _even_frames(video, options.fps):
        part.append(fitted(frame, options.size))
        if len(part) == options.frames:
            yield np.stack(part)
            part, made = [], made + 1
            if made == options.cuts:
                return
    if made == 0:
        raise MediaError(
            f"{video} must have {options.frames} frames at {options.fps:g} per second; got "
            f"{len(part)}. Use a longer clip, or ask for fewer frames."
        )


def _even_frames(video: Path, fps: float) -> Iterator[UInt8[np.ndarray, "height width 3"]]:
    """The frames nearest to even times; of slower clips, as many as there are."""
    rate = probe_video(video).fps or fps
    step, wanted = 1 / min(fps, rate), 0
    times: list[float] = []
    last, begin, shown = None, 0.0, 0.0
    for index, frame in enumerate(read_frames(video, times=times)):
        time = times[index] if math.isfinite(times[index]) else index / rate
        if last is None:
            begin = time
        while last is not None and begin + wanted * step <= (shown + time) / 2:
            yield last
            wanted += 1
        last, shown = frame, time
    if last is not None and begin + wanted * step <= shown + step / 2:
        yield last


def fitted(
    frame: UInt8[np.ndarray, "height width 3"], size: Size
) -> UInt8[np.ndarray, "to_height to_width 3"]:
    """Scale a frame, without aliasing, and crop it in the middle to (width, height)."""
    x, y, width, height = Fit.between((frame.shape[1], frame.shape[0]), size, "crop").source
    pixels = torch.from_numpy(np.ascontiguousarray(frame[y : y + height, x : x + width]))
    pixels = pixels.permute(2, 0, 1)[None].float()
    scaled = functional.interpolate(
        pixels, size=(size[1], size[0]), mode="bilinear", antialias=True
    )
    return scaled[0].round().clamp(0, 255).byte().permute(1, 2, 0).numpy()


@torch.no_grad()
def make_sample(
    frames: UInt8[np.ndarray, "frames height width 3"],
    caption: str,
    components: Components,
    options: PrepareOptions,
    *,
    follow: Follow,
    device: torch.device | str,
) -> Sample:
    """Track points through one sample's frames, and encode them."""
    tracks = follow(frames, grid_points(options))
    vae = components.vae
    image = torch.from_numpy(frames)
    pixels = fit_image(image, options.size).to(device, vae.dtype).movedim(0, 1)[None]
    mean, std = (
        torch.tensor(values, device=pixels.device).view(1, -1, 1, 1, 1)
        for values in (vae.config.latents_mean, vae.config.latents_std)
    )
    latent = vae.encode(pixels).latent_dist.mode().float()
    start = encode_padded(vae, pixels[:, :, :1], options.frames).float()
    features = torch.zeros(0, 1)
    if components.image_encoder is not None:
        features = encode_image(components.image_encoder, pixels[:, :, 0])[0].float().cpu()
    return Sample(
        ((latent - mean) / std)[0].cpu(),
        ((start - mean) / std)[0].cpu(),
        tracks.positions,
        tracks.visibility,
        _prompt(components, caption, device),
        features,
    )


def grid_points(options: PrepareOptions) -> Float[np.ndarray, "points 2"]:
    """Points (x, y) in the middle of even cells of the frame."""
    (columns, rows), (width, height) = options.grid, options.size
    x = (np.arange(columns) + 0.5) * width / columns
    y = (np.arange(rows) + 0.5) * height / rows
    grid_x, grid_y = np.meshgrid(x, y)
    return np.stack([grid_x.ravel(), grid_y.ravel()], -1).astype(np.float32)


def _prompt(
    components: Components, caption: str, device: torch.device | str
) -> Float[Tensor, "tokens width"]:
    """A caption's embedding without its padding; of a model with a table, "" for others."""
    if components.text_encoder is None and caption not in components.prompt_embeds:
        caption = ""
    embed = embed_prompt(components, caption, device)[0].float().cpu()
    used = embed.abs().sum(-1).nonzero()
    return embed[: int(used.max()) + 1 if len(used) else 0].clone()
