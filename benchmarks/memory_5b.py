"""Memory that Wan2.2-TI2V-5B and FlashMotion's adapters take, computed without a card.

Weights are counted on the meta device; activations are the most bytes alive at once in a forward
of shapes alone. Nothing here was measured on a card: add 1 GiB for CUDA and fragments.

    python -m benchmarks.memory_5b [--size 1280x704] [--frames 121]
"""

import argparse
import contextlib
import weakref
from collections.abc import Callable
from typing import Any

import torch
from diffusers import AutoencoderKLWan, WanTransformer3DModel
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

from wanmove_core.checkpoints.adapter_modules import ControlNetAdapter, ResNetAdapter
from wanmove_core.family import WAN22_TI2V
from wanmove_core.generation.adapters import attached

GIB = 1 << 30
WIDTH, BLOCKS = 3072, 30


class Peak(TorchDispatchMode):
    """Counts the bytes of storages that are alive, and the most there ever were."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.most = 0
        self._known: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        for tensor in out if isinstance(out, tuple | list) else (out,):
            if isinstance(tensor, torch.Tensor):
                self._count(tensor.untyped_storage())
        return out

    def _count(self, storage: Any) -> None:
        key = storage._cdata
        if key in self._known:
            return
        self._known.add(key)
        size = storage.nbytes()
        self.now += size
        self.most = max(self.most, self.now)
        weakref.finalize(storage, self._free, key, size)

    def _free(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.now -= size


def transformer(layers: int, inputs: int = 48) -> WanTransformer3DModel:
    """The 5B's architecture with some of its layers."""
    return WanTransformer3DModel(
        num_attention_heads=24,
        in_channels=inputs,
        out_channels=48,
        ffn_dim=14336,
        num_layers=layers,
        cross_attn_norm=True,
    )


def weights(make: Callable[[], Any], bytes_each: float = 2) -> float:
    """GiB of a module's weights."""
    with torch.device("meta"):
        return sum(p.numel() for p in make().parameters()) * bytes_each / GIB


def peak(run: Callable[[], None]) -> float:
    """GiB alive at most while `run` computes with shapes alone."""
    with FakeTensorMode(allow_non_fake_inputs=True), torch.no_grad(), Peak() as counted:
        run()
    return counted.most / GIB


def forward(size: tuple[int, int], frames: int, adapter: str | None) -> float:
    """Activations of one forward in bfloat16; two layers and three need the same."""
    found = []
    for layers in (2, 3):

        def run(layers: int = layers) -> None:
            torch.set_default_dtype(torch.bfloat16)
            model = transformer(layers)
            grid = ((frames - 1) // 4 + 1, size[1] // 16, size[0] // 16)
            latent = torch.empty(1, 48, *grid, dtype=torch.bfloat16)
            maps = latent if adapter else None
            extra: Any = None
            if adapter == "resnet":
                extra = ResNetAdapter(channels=128, width=WIDTH, blocks=layers)
            elif adapter:
                extra = ControlNetAdapter(transformer(layers, 96), WIDTH)
            torch.set_default_dtype(torch.float32)
            times = torch.zeros(1, grid[0] * grid[1] * grid[2] // 4)
            text = torch.empty(1, 512, 4096, dtype=torch.bfloat16)
            given = torch.utils._python_dispatch._get_current_dispatch_mode()
            held = given.now if isinstance(given, Peak) else 0
            with attached(model, extra, maps, strength=1.0):
                given.most = given.now
                model(
                    hidden_states=latent,
                    timestep=times,
                    encoder_hidden_states=text,
                    return_dict=False,
                )
            given.most -= held

        found.append(peak(run))
    return max(found)


def vae(size: tuple[int, int], frames: int, *, decodes: bool) -> float:
    """Activations of the VAE in float32: the whole clip in, or out a latent frame at a time."""

    def run() -> None:
        module = AutoencoderKLWan(
            base_dim=160,
            decoder_base_dim=256,
            z_dim=48,
            is_residual=True,
            in_channels=12,
            out_channels=12,
            patch_size=2,
            scale_factor_spatial=16,
        )
        given = torch.utils._python_dispatch._get_current_dispatch_mode()
        held = given.now
        if decodes:
            from wanmove_core.generation.decoding import decode_stream

            module.register_to_config(latents_mean=[0.0] * 48, latents_std=[1.0] * 48)
            rows, cols = size[1] // 16, size[0] // 16
            latent = torch.empty(1, 48, min((frames - 1) // 4 + 1, 4), rows, cols)
            given.most = given.now
            for _ in decode_stream(module, latent):
                pass
        else:
            video = torch.empty(1, 3, frames, size[1], size[0])
            given.most = given.now
            module.encode(video)
        given.most -= held

    return peak(run)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", default="1280x704")
    parser.add_argument("--frames", type=int, default=WAN22_TI2V.longest_clip)
    args = parser.parse_args()
    width, height = (int(part) for part in args.size.split("x"))
    size = (width, height)
    print(f"GiB at {args.size}, {args.frames} frames; computed, not measured on a card\n")
    rows: dict[str, Callable[[], float]] = {
        "transformer, bf16": lambda: weights(lambda: transformer(BLOCKS)),
        "transformer, fp8": lambda: weights(lambda: transformer(BLOCKS), 1),
        "ResNet adapter, 128 channels": lambda: weights(
            lambda: ResNetAdapter(channels=128, width=WIDTH, blocks=BLOCKS)
        ),
        "ControlNet adapter, bf16": lambda: weights(
            lambda: ControlNetAdapter(transformer(BLOCKS, 96), WIDTH)
        ),
        "a step's activations": lambda: forward(size, args.frames, None),
        "... with a ResNet": lambda: forward(size, args.frames, "resnet"),
        "... with a ControlNet": lambda: forward(size, args.frames, "controlnet"),
        "VAE, maps in, float32": lambda: vae(size, args.frames, decodes=False),
        "VAE, frames out, float32": lambda: vae(size, args.frames, decodes=True),
    }
    for name, find in rows.items():
        with contextlib.suppress(NotImplementedError):
            print(f"| {name} | {find():.2f} |", flush=True)


if __name__ == "__main__":
    main()
