"""Constant-tail encoding against the VAE's full encode: time, difference, memory, work.

    python -m benchmarks.constant_tail [--height 128 --width 192 --frames 81 --pairs 3]

Runs the diffusers Wan 2.1 VAE at its real width with random weights; the work does not depend
on what the weights are.
"""

import argparse
import resource
import subprocess
import sys
import time
import weakref
from statistics import median

import torch
from diffusers import AutoencoderKLWan
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from wanmove_core.start_image.constant_tail import encode_padded

TARGET_RATIO, TARGET_DIFFERENCE, TARGET_MEMORY = 3.6, 2e-6, 1.1


def main() -> None:
    options = parse_options()
    torch.set_num_threads(options.threads)
    if options.peak:
        print(measure_peak(options))
        return
    print_peaks(options)  # first: a child starts with the peak of the process that forked it
    print_tensor_peaks(options.frames)
    print_counted_work(options.counted_frames)
    print_paired_times(options)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--height", type=int, default=128)
    parser.add_argument("--width", type=int, default=192)
    parser.add_argument("--frames", type=int, default=81)
    parser.add_argument("--pairs", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--counted-frames", type=int, nargs="*", default=[17, 33, 81, 161])
    parser.add_argument("--peak", choices=["nothing", "full", "held"], help=argparse.SUPPRESS)
    return parser.parse_args()


def make_vae() -> AutoencoderKLWan:
    torch.manual_seed(0)
    return AutoencoderKLWan().eval().requires_grad_(False)


def make_image(options: argparse.Namespace) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.rand(1, 3, 1, options.height, options.width, generator=generator) * 2 - 1


@torch.no_grad()
def encode_full(vae: AutoencoderKLWan, image: Tensor, num_frames: int) -> Tensor:
    grey = image.new_zeros(1, 3, num_frames - 1, *image.shape[3:])
    return vae.encode(torch.cat([image, grey], 2)).latent_dist.mode()


class PeakOfTensors(TorchDispatchMode):
    """Most bytes alive at once in tensors made inside: exact, and works on the meta device."""

    def __init__(self) -> None:
        super().__init__()
        self.alive = self.peak = 0
        self.seen: dict[int, weakref.ref] = {}

    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        result = function(*arguments, **(options or {}))
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor):
                self.count(tensor.untyped_storage())
        return result

    def count(self, storage: torch.UntypedStorage) -> None:
        key, size = id(storage), storage.nbytes()
        if key in self.seen:
            return

        def forget(_: weakref.ref) -> None:
            self.alive -= size
            del self.seen[key]

        self.seen[key] = weakref.ref(storage, forget)
        self.alive += size
        self.peak = max(self.peak, self.alive)


def print_tensor_peaks(frames: int) -> None:
    with torch.device("meta"):
        vae, image = AutoencoderKLWan().eval(), torch.empty(1, 3, 1, 480, 832)
    peaks = []
    for encode in (encode_full, encode_padded):
        with PeakOfTensors() as tracker:
            encode(vae, image, frames)
        peaks.append(tracker.peak / 2**20)
    full, held = peaks
    verdict = "met" if held / full <= TARGET_MEMORY else "MISSED"
    print(
        f"Tensors alive at once, {frames} frames 832x480 (meta device): full {full:.0f} MiB, "
        f"held {held:.0f} MiB, {held / full:.2f} times (target {TARGET_MEMORY}: {verdict})"
    )


def print_counted_work(counted_frames: list[int]) -> None:
    print("Counted work at 832x480, real width (meta device)")
    with torch.device("meta"):
        vae, image = AutoencoderKLWan().eval(), torch.empty(1, 3, 1, 480, 832)
    for frames in counted_frames:
        counts = []
        for encode in (encode_full, encode_padded):
            with FlopCounterMode(display=False) as counter:
                encode(vae, image, frames)
            counts.append(counter.get_total_flops() / 1e12)
        full, held = counts
        print(
            f"  {frames:4d} frames: {full:6.1f} -> {held:5.1f} TFLOP, {full / held:.2f} times less"
        )


def print_paired_times(options: argparse.Namespace) -> None:
    print(
        f"CPU time, {options.frames} frames {options.width}x{options.height}, float32, "
        f"{options.threads} thread(s), {options.pairs} pairs in one process"
    )
    vae, image = make_vae(), make_image(options)
    encode_padded(vae, image, 5)
    ratios, difference = [], 0.0
    for _ in range(options.pairs):
        spent, latents = [], []
        for encode in (encode_full, encode_padded):
            start = time.process_time()
            latents.append(encode(vae, image, options.frames))
            spent.append(time.process_time() - start)
        full, held = spent
        ratios.append(full / held)
        difference = max(difference, (latents[0] - latents[1]).abs().max().item())
        print(f"  full {full:6.1f} s, held {held:5.1f} s: {full / held:.2f} times")
    verdict = "met" if median(ratios) >= TARGET_RATIO else "MISSED"
    print(f"  median {median(ratios):.2f} times (target {TARGET_RATIO}: {verdict})")
    verdict = "met" if difference <= TARGET_DIFFERENCE else "MISSED"
    print(f"  largest difference {difference:.2g} on a scale of {latents[0].abs().max():.2f} "
          f"(target {TARGET_DIFFERENCE}: {verdict})")  # fmt: skip


def print_peaks(options: argparse.Namespace) -> None:
    """Peak resident memory, each in a fresh process, less that of a process that only loads."""
    peaks = {}
    for what in ("nothing", "full", "held"):
        command = [sys.executable, "-m", "benchmarks.constant_tail", "--peak", what]
        for name in ("height", "width", "frames", "threads"):
            command += [f"--{name}", str(getattr(options, name))]
        peaks[what] = float(subprocess.run(command, capture_output=True, check=True).stdout)
    full, held = peaks["full"] - peaks["nothing"], peaks["held"] - peaks["nothing"]
    verdict = "met" if held / full <= TARGET_MEMORY else "MISSED"
    print(
        f"Peak memory beyond the loaded model: full {full:.0f} MiB, held {held:.0f} MiB, "
        f"{held / full:.2f} times (target {TARGET_MEMORY}: {verdict})"
    )


def measure_peak(options: argparse.Namespace) -> float:
    vae, image = make_vae(), make_image(options)
    if options.peak == "full":
        encode_full(vae, image, options.frames)
    elif options.peak == "held":
        encode_padded(vae, image, options.frames)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
