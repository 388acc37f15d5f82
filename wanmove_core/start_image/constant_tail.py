"""Encode a clip whose end stands still without computing the part that stands still.

Image-to-video conditioning encodes one image followed by grey frames. The Wan 2.1 VAE is causal and
its layers see a bounded number of past frames. So the output of each layer becomes constant some
frames after its input does: two frames later for a 3-frame convolution; a layer that halves the
frame rate halves that frame number. From that frame on the output is repeated instead of computed.
Layers at full resolution, where nearly all work lies, settle within 11 frames of 81; the result is
that of `vae.encode`, up to the rounding of convolution kernels that depend on the number of frames.
"""

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import torch
from torch import nn

from ..errors import GridError, ShapeError
from ..family import WAN21_I2V
from ..shapes import Float, Tensor
from .vae_structure import (
    CausalConv,
    EncoderLayers,
    Layer,
    PerFrame,
    Residual,
    TimeStride,
    VaeStructureError,
    read_encoder,
)

logger = logging.getLogger("wanmove")

_TIME_STRIDE = WAN21_I2V.strides[0]


@torch.no_grad()
def encode_padded(
    vae: nn.Module,
    frames: Float[Tensor, "batch channels start_frames height width"],
    num_frames: int,
    *,
    whole: Callable[[], Tensor] | None = None,
    is_oom: Callable[[BaseException], bool] | None = None,
) -> Float[Tensor, "batch latent_channels latent_frames rows cols"]:
    """Encode start frames followed by grey ones, as image-to-video conditioning needs it.

    Uses the constant-tail path. For an unknown VAE it uses the VAE's own encode, and logs the
    reason as a warning.

    Args:
        vae: see `encode_constant_tail`.
        frames: the start frames in -1..1 on the device and in the dtype of the VAE.
        num_frames: length of the clip, a multiple of 4 plus 1.
        whole: encodes the whole clip to mean latents, for the fallback. By default it is the VAE's
            own encode, of diffusers (mode of the distribution), ComfyUI or the official code.
        is_oom: tells whether an error means that the device is out of memory; then the fallback is
            used.

    Returns:
        The mean of the latent distribution, not normalised by the latent statistics.

    Raises:
        GridError: the length is not a multiple of 4 plus 1.
        ShapeError: there are no start frames, or more than `num_frames`.
    """
    _check_length(frames, num_frames)
    grey = torch.zeros_like(frames[:, :, :1])
    start = frames if frames.shape[2] == num_frames else torch.cat([frames, grey], 2)
    try:
        return encode_constant_tail(vae, start, num_frames)
    except (VaeStructureError, RuntimeError) as refusal:
        if not isinstance(refusal, VaeStructureError) and not (is_oom and is_oom(refusal)):
            raise
        logger.warning("Encoding all %d frames, which is slower: %s", num_frames, refusal)
    if whole is not None:
        return whole()
    grey = grey.expand(-1, -1, num_frames - frames.shape[2], -1, -1)
    return _encode_whole(vae, torch.cat([frames, grey], 2))


@torch.no_grad()
def encode_constant_tail(
    vae: nn.Module,
    frames: Float[Tensor, "batch channels start_frames height width"],
    num_frames: int,
) -> Float[Tensor, "batch latent_channels latent_frames rows cols"]:
    """Encode a clip that ends in repeats of the last of `frames`.

    Args:
        vae: the Wan 2.1 VAE of diffusers, ComfyUI (the module inside of its VAE object, loaded to
            its device) or the official code.
        frames: pixels in -1..1 on the device and in the dtype of the VAE.
        num_frames: length of the clip, a multiple of 4 plus 1, at least that of `frames`.

    Returns:
        The mean of the latent distribution, not normalised by the latent statistics: what
        `vae.encode(clip).latent_dist.mode()` of diffusers and `vae.encode(clip)` of ComfyUI give.

    Raises:
        VaeStructureError: the VAE is not the plain Wan 2.1 VAE; nothing has been computed.
        GridError: the length is not a multiple of 4 plus 1.
        ShapeError: there are no start frames, or more than `num_frames`.

    Source:
        `WanVAE_.encode`, Wan-Move wan/modules/vae.py:517 @27409be. Differs: frames that repeat
        are held in every layer; memory is that of one chunk, as there.
    """
    _check_length(frames, num_frames)
    encoder = read_encoder(vae, frames.shape[3], frames.shape[4])
    _load_offloaded(vae)
    parts = frames.split(1) if encoder.one_by_one else (frames,)
    return torch.cat([_encode_held(encoder, part, num_frames) for part in parts])


def _encode_held(encoder: EncoderLayers, frames: Tensor, num_frames: int) -> Tensor:
    streams = [_start(layer) for layer in encoder.layers]
    features: list[Tensor] = []
    held = 0
    begin, end = 0, 1
    # From here on only the small layers compute, which many frames at once suit better. The large
    # ones, whose activations take the memory, stand still.
    alone = frames.shape[2] + _settling_frames(encoder.layers)
    while begin < num_frames:
        given = frames[:, :, begin:end]
        chunk = _Chunk(given if given.shape[2] else None, end - begin - given.shape[2])
        for stream in streams:
            chunk = stream(chunk)
        if chunk.frames is not None:
            features.append(chunk.frames)
        held += chunk.repeats
        begin, end = end, end + encoder.chunk if end < alone else num_frames
    if held:
        features.append(features[-1][:, :, -1:].expand(-1, -1, held, -1, -1))
    # All frames at once, as the reference does: the same kernel, so the same bits.
    return encoder.head(torch.cat(features, 2)).chunk(2, dim=1)[0]


def _settling_frames(layers: tuple[Layer, ...]) -> int:
    """Frames until all layers before the first halving of the frame rate have settled."""
    frames = 0
    for layer in layers:
        if isinstance(layer, TimeStride):
            break
        steps = layer.branch if isinstance(layer, Residual) else (layer,)
        frames += 2 * sum(isinstance(step, CausalConv) for step in steps)
    return frames


@dataclass
class _Chunk:
    """Some consecutive frames: computed ones, then repeats of the last frame computed so far.

    In a stream of chunks no computed frame ever follows a repeat.
    """

    frames: Tensor | None
    repeats: int

    @property
    def computed(self) -> int:
        return 0 if self.frames is None else self.frames.shape[2]


# One layer with what it remembers of the frames that passed it.
_Stream: TypeAlias = Callable[[_Chunk], _Chunk]


class _WindowStream:
    """A 3-frame window that moves by `stride` frames.

    An output repeats once its window and the one before hold nothing but the repeated frame.
    """

    def __init__(self, layer: CausalConv | TimeStride) -> None:
        self._layer = layer
        self._stride = 1 if isinstance(layer, CausalConv) else 2
        # Input frames that the next window needs. Before the first frame a causal convolution
        # sees two of zeros, which its module adds.
        self._cache: Tensor | None = None
        self._cached = 2 if isinstance(layer, CausalConv) else 0
        self._run = 0  # how many of the frames seen last are the same one
        self._settled = False

    def push(self, chunk: _Chunk) -> _Chunk:
        if not chunk.computed + chunk.repeats:
            return chunk
        if self._cache is None and isinstance(self._layer, TimeStride) and not self._settled:
            return self._pass_first(chunk)
        available = self._cached + chunk.computed + chunk.repeats
        outputs = max((available - 3) // self._stride + 1, 0)
        self._cached = available - outputs * self._stride
        if self._settled:
            return _Chunk(None, outputs)

        run_begin = chunk.computed - 1 if chunk.computed else -self._run
        self._run = chunk.repeats + (1 if chunk.computed else self._run)
        before = available - chunk.computed - chunk.repeats
        constant_from = max(math.ceil((run_begin + before) / self._stride), 0)
        self._settled = outputs > constant_from
        if not self._settled:
            frames = self._compute(chunk, chunk.repeats)
            return _Chunk(frames, 0)
        needed = constant_from * self._stride + 3 - before
        frames = self._compute(chunk, needed - chunk.computed)
        self._cache = None
        return _Chunk(frames, outputs - constant_from - 1)

    def _pass_first(self, chunk: _Chunk) -> _Chunk:
        self._cache, self._cached, self._run = chunk.frames, 1, 1
        return chunk

    def _compute(self, chunk: _Chunk, repeats: int) -> Tensor | None:
        """Feed the computed frames and `repeats` of the last one to the layer."""
        known = [frames for frames in (self._cache, chunk.frames) if frames is not None]
        new = [chunk.frames] if chunk.frames is not None else []
        frames = torch.cat([*new, *[known[-1][:, :, -1:]] * repeats], 2) if repeats else known[-1]
        cache = self._cache
        if isinstance(self._layer, CausalConv):
            short = cache is not None and frames.shape[2] < 2
            recent = torch.cat([known[0], frames], 2) if short else frames
            # A copy, since a view would keep the whole chunk in memory.
            self._cache = recent[:, :, -2:].clone()
            return self._layer.conv(frames, cache)
        window = torch.cat([known[0], frames], 2)
        self._cache = window[:, :, -self._cached :].clone()
        return self._layer.conv(window) if window.shape[2] >= 3 else None


class _ResidualStream:
    def __init__(self, layer: Residual) -> None:
        self._branch = [_start(step) for step in layer.branch]
        self._shortcut = layer.shortcut
        self._last: Tensor | None = None  # of the shortcut, which settles before the branch

    def push(self, chunk: _Chunk) -> _Chunk:
        branch = chunk
        for stream in self._branch:
            branch = stream(branch)
        total = branch.frames
        if total is None:
            if branch.repeats:
                self._last = None  # the branch has settled: never needed again
            return branch
        if chunk.frames is not None:
            shortcut = self._shortcut(chunk.frames)
            total[:, :, : chunk.computed] += shortcut
            self._last = shortcut[:, :, -1:].clone()
        if branch.computed > chunk.computed and self._last is not None:
            total[:, :, chunk.computed :] += self._last
        return branch


def _start(layer: Layer) -> _Stream:
    if isinstance(layer, PerFrame):
        return partial(_push_per_frame, layer.apply)
    if isinstance(layer, Residual):
        return _ResidualStream(layer).push
    return _WindowStream(layer).push


def _push_per_frame(apply: Callable[[Tensor], Tensor], chunk: _Chunk) -> _Chunk:
    return chunk if chunk.frames is None else _Chunk(apply(chunk.frames), chunk.repeats)


def _load_offloaded(vae: Any) -> None:
    """Bring an offloaded VAE to its device, as the `encode` of diffusers would.

    Source: `apply_forward_hook`, diffusers utils/accelerate_utils.py (0.42).
    """
    hook = getattr(vae, "_hf_hook", None)
    if hook is not None:
        hook.pre_forward(vae)


def _encode_whole(vae: Any, clip: Tensor) -> Tensor:
    if type(vae).__name__ == "WanVAE_":
        return vae.encode(clip, [0.0, 1.0])  # mean and inverse deviation: leave it unnormalised
    encoded = vae.encode(clip)
    return encoded.latent_dist.mode() if hasattr(encoded, "latent_dist") else encoded


def _check_length(frames: Tensor, num_frames: int) -> None:
    if num_frames < 1 or (num_frames - 1) % _TIME_STRIDE:
        lower = max(num_frames - 1, 0) // _TIME_STRIDE * _TIME_STRIDE + 1
        raise GridError(
            f"num_frames must be a multiple of {_TIME_STRIDE} plus 1; got {num_frames}. "
            f"Use {lower} or {lower + _TIME_STRIDE}."
        )
    if not 1 <= frames.shape[2] <= num_frames:
        raise ShapeError(
            f"frames must hold 1 to num_frames = {num_frames} start frames; "
            f"got {frames.shape[2]}. Cut them or ask for a longer clip."
        )
