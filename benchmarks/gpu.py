"""What a GPU needs for one video of the 14B model: time and memory, with random weights.

    python -m benchmarks.gpu [--out out/gpu.md] [--seconds 390]

One pass of the transformer at 832x480x81, in bf16 and fp8, with each attention kernel that is
installed; caches; decoding in a stream and in tiles; guidance along 1024 tracks. Peak memory is
beside what benchmarks.memory computes. What does not run is named with its reason. Rows that would
begin after --seconds are left out. The file is written anew after each row, so that a run that is
killed leaves what it measured. Weights are random: shapes decide time and memory, not values.
"""

import argparse
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKLWan, WanTransformer3DModel
from torch import nn

from wanmove_core import LatentGrid, Tracks, WanMoveError, project_tracks, replicate_first_frame
from wanmove_core.checkpoints.fp8 import Fp8Linear
from wanmove_core.generation.caches import caching
from wanmove_core.generation.decoding import decode_stream
from wanmove_core.generation.denoising import Branches, Conditions
from wanmove_core.generation.memory import GIB, needs_of
from wanmove_core.generation.parallel import ALONE
from wanmove_core.generation.speed import ATTENTION, SpeedOptions, prepare_transformer

_TRACKS = 1024


@dataclass
class Sizes:
    """The model and the video; `small` is for a test on a CPU."""

    layers: int = 40
    heads: int = 40
    ffn: int = 13824
    text: int = 4096
    vae: int = 96
    size: tuple[int, int] = (832, 480)
    frames: int = 81
    steps: int = 10


SMALL = Sizes(2, 2, 64, 16, 8, (64, 32), 9, 4)


@dataclass
class Table:
    """Rows as they are measured; on CUDA with the peak of memory."""

    device: torch.device
    until: float
    rows: list[str]
    out: Path | None = None

    def add(
        self,
        name: str,
        work: Callable[[], object],
        *,
        computed: float | None = None,
        warm: bool = False,
    ) -> None:
        """Time a call, after one to warm up unless it is `warm`, or say why it does not run."""
        if time.perf_counter() > self.until:
            return self.skip(name, "left out: no time left")
        try:
            if not warm:
                work()
            self._sync()
            cuda = self.device.type == "cuda"
            if cuda:
                torch.cuda.reset_peak_memory_stats(self.device)
            begin = time.perf_counter()
            work()
            self._sync()
        # Kernels from the hub also fail with OSError, without a network, and with ValueError.
        except (WanMoveError, RuntimeError, ImportError, ValueError, OSError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            return self.skip(name, f"does not run: {reason}")
        spent = time.perf_counter() - begin
        peak = f"{torch.cuda.max_memory_allocated(self.device) / GIB:.1f}" if cuda else "-"
        told = "-" if computed is None else f"{computed:.1f}"
        return self._row(name, f"{1000 * spent:.1f} | {peak} | {told}")

    def skip(self, name: str, reason: str) -> None:
        """A row without figures."""
        self._row(name, f"{reason} | - | -")

    def _sync(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def _row(self, name: str, cells: str) -> None:
        self.rows.append(f"| {name} | {cells} |")
        print(self.rows[-1], flush=True)
        if self.out is not None:
            self.out.write_text("\n".join([*self.rows, ""]), encoding="utf-8")


@contextmanager
def made_on(device: torch.device, dtype: torch.dtype) -> Iterator[None]:
    """Make modules where and as they will be used: twice the memory is not there."""
    default = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with device, torch.no_grad():
            yield
    finally:
        torch.set_default_dtype(default)


def transformer(sizes: Sizes, device: torch.device) -> Any:
    """The 14B's shape with random weights."""
    width = 128 * sizes.heads
    with made_on(device, torch.bfloat16):
        return WanTransformer3DModel(
            num_layers=sizes.layers,
            num_attention_heads=sizes.heads,
            ffn_dim=sizes.ffn,
            text_dim=sizes.text,
            in_channels=36,
            image_dim=1280,
            added_kv_proj_dim=width,
        ).eval()


def to_fp8(model: Any) -> None:
    """Hold the blocks' linear weights in float8, in place."""
    for block in model.blocks:
        for module in list(block.modules()):
            for name, part in list(module.named_children()):
                if type(part) is nn.Linear:
                    weight = part.weight.data.to(torch.float8_e4m3fn)
                    one = torch.ones((), device=weight.device)
                    bias = None if part.bias is None else part.bias.data
                    small = Fp8Linear(weight, one, bias, compute_dtype=torch.bfloat16)
                    setattr(module, name, small)


def conditions_of(sizes: Sizes, device: torch.device) -> Conditions:
    """Random inputs of both branches."""
    grid = LatentGrid(sizes.frames, sizes.size[1], sizes.size[0])
    generator = torch.Generator().manual_seed(0)

    def numbers(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator).to(device, torch.bfloat16)

    latent = numbers(1, 20, grid.latent_frames, grid.rows, grid.cols)
    text = numbers(1, 512, sizes.text)
    return Conditions(latent, latent, latent, text, text, features=numbers(1, 257, 1280))


def run_steps(model: Any, told: Conditions, options: SpeedOptions, steps: int) -> None:
    """Sample with one branch; the step itself costs nothing beside the passes."""
    latent = torch.zeros_like(told.positive[:, 4:])
    with caching(model, options, steps) as reuse, torch.no_grad():
        branches = Branches(model, told, ALONE, reuse=reuse)
        for step in range(steps):
            time_left = 1000 * (1 - step / steps)
            velocity = branches.velocity(latent, time_left, guidance_scale=1.0, motion_scale=0.0)
            latent = latent - velocity.to(latent) / steps


def measure_transformer(table: Table, sizes: Sizes) -> None:
    """One pass by precision and kernel, and ten steps by cache."""
    model, told = transformer(sizes, table.device), conditions_of(sizes, table.device)
    plain = SpeedOptions()

    def computed(dtype: str) -> float | None:
        if sizes is SMALL:
            return None
        return needs_of(sizes.size, sizes.frames, dtype=dtype, offload="model").sample

    def one_pass() -> None:
        run_steps(model, told, plain, 1)

    for kernel in ATTENTION:
        if kernel == "flex":  # only compiled
            continue
        try:
            prepare_transformer(model, SpeedOptions(attention=kernel), table.device)
        except (WanMoveError, OSError) as error:
            table.skip(f"pass, bf16, {kernel}", f"does not run: {str(error).splitlines()[0]}")
            continue
        table.add(f"pass, bf16, {kernel}", one_pass, computed=computed("bf16"))
    prepare_transformer(model, plain, table.device)
    for cache in ("none", "taylor", "attention"):
        options = SpeedOptions(cache=cache)
        table.add(
            f"{sizes.steps} steps, bf16, cache {cache}",
            lambda options=options: run_steps(model, told, options, sizes.steps),
            warm=True,  # by the passes above; once more would be minutes
        )
    to_fp8(model)
    table.add("pass, fp8 weights", one_pass, computed=computed("fp8"))

    def in_fp8() -> None:
        prepare_transformer(model, SpeedOptions(fp8_gemm=True), table.device)
        one_pass()

    table.add("pass, fp8 weights, --fp8-gemm", in_fp8, computed=computed("fp8"))


def measure_vae(table: Table, sizes: Sizes) -> None:
    """Decoding by its three ways, in float32 as the command line does."""
    with made_on(table.device, torch.float32):
        vae = AutoencoderKLWan(base_dim=sizes.vae).eval()
    grid = LatentGrid(sizes.frames, sizes.size[1], sizes.size[0])
    latent = torch.zeros(1, 16, grid.latent_frames, grid.rows, grid.cols, device=table.device)
    for name, tiled in (("streaming", False), ("--vae-tiling", True)):
        needs = None
        if sizes is not SMALL:
            needs = needs_of(sizes.size, sizes.frames, offload="layer", tiling=tiled).decode
        table.add(
            f"decode, {name}",
            lambda tiled=tiled: [None for _ in decode_stream(vae, latent, tiled=tiled)],
            computed=needs,
        )


def measure_guidance(table: Table, sizes: Sizes) -> None:
    """1024 tracks into a conditioning latent."""
    grid = LatentGrid(sizes.frames, sizes.size[1], sizes.size[0])
    generator = torch.Generator().manual_seed(0)
    ends = torch.rand(2, _TRACKS, 2, generator=generator) * torch.tensor(sizes.size)
    path = torch.lerp(ends[0], ends[1], torch.linspace(0, 1, sizes.frames)[:, None, None])
    tracks = Tracks(path, torch.ones(path.shape[:2], dtype=torch.bool)).to(table.device)
    latent = torch.zeros(1, 16, grid.latent_frames, grid.rows, grid.cols, device=table.device)
    table.add(
        f"guidance, {_TRACKS} tracks",
        lambda: replicate_first_frame(latent, *project_tracks(tracks, grid)),
    )


def main(words: list[str] | None = None) -> None:
    """Print the table, and write it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--seconds", type=float, default=390)
    parser.add_argument("--small", action="store_true", help="tiny shapes, for a test")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args(words)
    begin = time.perf_counter()
    device = torch.device(args.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise SystemExit("No GPU found: nothing was measured.")
    sizes = SMALL if args.small else Sizes()
    card = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    size = f"{sizes.size[0]}x{sizes.size[1]}x{sizes.frames}, {sizes.layers} layers"
    head = [f"{card}, torch {torch.__version__}, {size}, random weights", ""]
    head += ["| work | ms | peak, GiB | computed, GiB |", "|---|---|---|---|"]
    print("\n".join(head))
    if args.out is not None:
        args.out.parent.mkdir(parents=True, exist_ok=True)
    table = Table(device, begin + args.seconds, head, args.out)
    measure_guidance(table, sizes)
    measure_vae(table, sizes)
    measure_transformer(table, sizes)


if __name__ == "__main__":
    logging.getLogger("wanmove").setLevel(logging.ERROR)
    main()
