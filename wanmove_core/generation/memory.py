"""GPU memory that a video needs, computed without a GPU from the tensors' shapes."""

import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from ..grid import Size
from ..shapes import Tensor

GIB = 2**30
# Not in the sums: what CUDA itself and fragments take.
BESIDE = 1.0
_BYTES = {"bf16": 2, "fp16": 2, "fp32": 4, "fp8": 1}
_LAYERS, _WIDTH = 40, 5120
_UMT5 = {"bf16": 10.6, "fp16": 10.6, "fp32": 21.2, "fp8": 6.3}  # GiB
_CLIP, _VAE_WEIGHTS = 1.2, 0.5
_LEAF = 0.3  # the largest layer, which --offload layer brings at a time; two are there at once


@dataclass(frozen=True)
class Needs:
    """GiB of each stage of one video.

    Args:
        encode: the start image.
        text: the prompts.
        sample: the transformer.
        decode: the frames.
    """

    encode: float
    text: float
    sample: float
    decode: float

    @property
    def peak(self) -> float:
        """The largest need of any stage, including CUDA's own."""
        return max(self.encode, self.text, self.sample, self.decode) + BESIDE


def needs_of(
    size: Size,
    frames: int,
    *,
    dtype: str = "bf16",
    text_dtype: str = "bf16",
    text_on_cpu: bool = False,
    offload: str = "none",
    tiling: bool = False,
    keep: float = 0.0,
) -> Needs:
    """Compute the memory that the released 14B model needs for a video.

    Args:
        size, frames: of the video, or of one clip of a long video.
        dtype, text_dtype: of transformer and umT5.
        text_on_cpu: whether umT5 works on the CPU.
        offload, tiling, keep: as the options of `wanmove generate`.
    """
    weights = transformer_weights() * _BYTES[dtype] / GIB
    tile = (256, 256) if tiling else size
    decode, encode = vae_peak(tile, decodes=True), vae_peak(size, decodes=False)
    if tiling:  # the whole video is put together from its tiles, in float32
        decode += 2 * 3 * 4 * frames * size[0] * size[1] / GIB
    activations = transformer_activations(size, frames)
    text = 0.0 if text_on_cpu else _UMT5[text_dtype]
    streamed = min(2 * _LEAF + keep, weights)
    sample = activations + (streamed if offload == "layer" else weights)
    vae = _VAE_WEIGHTS
    if offload == "none":
        rest = weights + text + _CLIP + vae
        return Needs(encode + rest, rest, sample + rest - weights, decode + rest)
    if offload == "layer":
        text = min(text, 2 * _LEAF)
    return Needs(encode + vae, text, sample, decode + vae)


@cache
def transformer_weights() -> int:
    """Count the parameters of the 14B transformer."""
    with torch.device("meta"):
        return sum(p.numel() for p in _transformer(1).parameters()) + (_LAYERS - 1) * sum(
            p.numel() for p in _transformer(1).blocks.parameters()
        )


@cache
def transformer_activations(size: Size, frames: int) -> float:
    """Compute the GiB that one pass of the transformer needs besides its weights."""
    rows, cols, latent_frames = size[1] // 8, size[0] // 8, (frames - 1) // 4 + 1

    def run(model: Any) -> None:
        model(
            hidden_states=torch.empty(1, 36, latent_frames, rows, cols, dtype=torch.bfloat16),
            timestep=torch.zeros(1, dtype=torch.int64),
            encoder_hidden_states=torch.empty(1, 512, 4096, dtype=torch.bfloat16),
            encoder_hidden_states_image=torch.empty(1, 257, 1280, dtype=torch.bfloat16),
            return_dict=False,
        )

    # Layers come one after another: two need as much as forty.
    return _peak(lambda: _transformer(2), run, torch.bfloat16) / GIB


def kept_attention(size: Size, frames: int, *, branches: int = 2) -> float:
    """Compute the GiB of self attention that `--cache attention` keeps from step to step, bf16."""
    tokens = ((frames - 1) // 4 + 1) * (size[1] // 16) * (size[0] // 16)
    return branches * _LAYERS * tokens * _WIDTH * _BYTES["bf16"] / GIB


@cache
def vae_peak(size: Size, *, decodes: bool) -> float:
    """Compute the GiB that the VAE needs besides its weights, frame by frame, for any length."""
    from diffusers import AutoencoderKLWan

    def run(vae: Any) -> None:
        if decodes:
            vae.decode(torch.empty(1, 16, 3, size[1] // 8, size[0] // 8), return_dict=False)
        else:
            vae.encode(torch.empty(1, 3, 9, size[1], size[0]), return_dict=False)

    return _peak(lambda: AutoencoderKLWan().eval(), run, torch.float32) / GIB


def _transformer(layers: int) -> Any:
    from diffusers import WanTransformer3DModel

    return WanTransformer3DModel(
        num_layers=layers, in_channels=36, image_dim=1280, added_kv_proj_dim=5120
    ).eval()


def _peak(make: Callable[[], Any], run: Callable[[Any], None], dtype: torch.dtype) -> int:
    """Bytes alive at most while a model runs, its weights apart; on tensors without memory."""
    default = torch.get_default_dtype()
    with FakeTensorMode(), torch.no_grad(), _flat_attention():
        torch.set_default_dtype(dtype)
        try:
            model = make()
        finally:
            torch.set_default_dtype(default)
        with _Meter([*model.parameters(), *model.buffers()]) as meter:
            run(model)
    return meter.most


@contextmanager
def _flat_attention() -> Iterator[None]:
    """Attention that holds no scores of all pairs of tokens, as the kernels on a GPU do."""
    functional: Any = torch.nn.functional
    exact = functional.scaled_dot_product_attention
    functional.scaled_dot_product_attention = lambda query, *_a, **_k: torch.empty_like(query)
    try:
        yield
    finally:
        functional.scaled_dot_product_attention = exact


class _Meter(TorchDispatchMode):
    """Adds up the storages that are alive, and remembers the most.

    Args:
        apart: tensors that do not count: a layer looks at its weights through a view.
    """

    def __init__(self, apart: Sequence[Tensor] = ()) -> None:
        super().__init__()
        self.live = self.most = 0
        self._apart = {tensor.untyped_storage()._cdata for tensor in apart}
        self._seen: dict[int, int] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(out):
            if isinstance(tensor, torch.Tensor):
                self._watch(tensor.untyped_storage())
        return out

    def _watch(self, storage: Any) -> None:
        key = storage._cdata
        if key not in self._seen and key not in self._apart:
            self._seen[key] = storage.nbytes()
            self.live += storage.nbytes()
            self.most = max(self.most, self.live)
            weakref.finalize(storage, self._gone, key)

    def _gone(self, key: int) -> None:
        self.live -= self._seen.pop(key, 0)


# From the fastest to what needs least: (options to add, what they mean); --keep is added.
WAYS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("no options", {}),
    ("--vae-tiling", {"tiling": True}),
    ("--text-encoder-device cpu", {"text_on_cpu": True}),
    ("--offload model", {"offload": "model"}),
    ("--offload model --vae-tiling", {"offload": "model", "tiling": True}),
    ("--offload model --dtype fp8", {"offload": "model", "dtype": "fp8"}),
    (
        "--offload model --dtype fp8 --vae-tiling",
        {"offload": "model", "dtype": "fp8", "tiling": True},
    ),
    ("--offload layer", {"offload": "layer"}),
    ("--offload layer --vae-tiling", {"offload": "layer", "tiling": True}),
)


def fastest_way(gib: float, size: Size, frames: int) -> tuple[str, Needs] | None:
    """Choose the fastest options that fit a GPU of so many GiB; None: no options fit."""
    for options, meaning in WAYS:
        needs = needs_of(size, frames, **meaning)
        if needs.peak > gib:
            continue
        spare = int(gib - BESIDE - needs.sample)  # while sampling, whole GiB
        if meaning.get("offload") != "layer" or spare == 0:
            return options, needs
        return f"{options} --keep {spare}", needs_of(size, frames, **meaning, keep=float(spare))
    return None
