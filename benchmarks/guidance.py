"""Guidance against the reference's functions, ComfyUI core's, and a bare copy of the latent.

    python -m benchmarks.guidance [--repeats 30 --slow-repeats 3]

All in one process on one thread, side by side, on one latent of 81 frames 480x832; CPU time, so
that other work on the machine counts less. Set WANMOVE_REFERENCE to a checkout of
ali-vilab/Wan-Move and COMFYUI_PATH to one of ComfyUI to time their own functions; only these
functions are taken out of their files. With neither, the tests' slow oracle stands in.
"""

import argparse
import ast
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tests.oracles import guidance as oracle
from wanmove_core import LatentGrid, Tracks, project_tracks, replicate_first_frame

GRID = LatentGrid(81, 480, 832)

Method = Callable[[Tensor, Tracks], Tensor]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=30, help="of the fast ones; best counts")
    parser.add_argument("--slow-repeats", type=int, default=3, help="of the loops; best counts")
    parser.add_argument("--points", type=int, nargs="*", default=[1, 16, 200, 1024, 4096])
    options = parser.parse_args()
    torch.set_num_threads(1)

    slow = slow_methods()
    head = ["tracks", "project", "replicate", "both", "`clone()`", "ratio"]
    head += ["both, new memory", "`clone()`, new memory", "ratio"]
    for name in slow:
        head += [name, f"{name} / ours"]
    print(f"81 frames 480x832, latent {list(make_latent().shape)} float32, ms of CPU time on one")
    print(f"thread, best of {options.repeats} (loops {options.slow_repeats}), {torch.__version__}.")
    print("New memory: results are kept, so every call gets pages that it has to touch first.\n")
    print("| " + " | ".join(head) + " |")
    print("|" + "---:|" * len(head))
    for points in options.points:
        print("| " + " | ".join(measure(points, slow, options)) + " |", flush=True)


def make_latent() -> Tensor:
    rng = torch.Generator().manual_seed(0)
    return torch.randn(1, 16, GRID.latent_frames, GRID.rows, GRID.cols, generator=rng)


def make_tracks(points: int) -> Tracks:
    """Points from anywhere to anywhere at constant speed, all visible, as a busy drawing has."""
    rng = torch.Generator().manual_seed(points)
    ends = torch.rand(2, points, 2, generator=rng) * torch.tensor([831.0, 479.0])
    time_ = torch.linspace(0, 1, GRID.num_frames)[:, None, None]
    positions = ends[0] + (ends[1] - ends[0]) * time_
    return Tracks(positions, torch.ones(GRID.num_frames, points, dtype=torch.bool))


def measure(points: int, slow: dict[str, Method], options: argparse.Namespace) -> list[str]:
    latent, tracks = make_latent(), make_tracks(points)
    cells, visible = project_tracks(tracks, GRID)
    repeats = options.repeats
    guide(latent, tracks)  # warm up
    project = best_of(repeats, lambda: project_tracks(tracks, GRID))
    replicate = best_of(repeats, lambda: replicate_first_frame(latent, cells, visible))
    row = [str(points), f"{1e3 * project:.2f}", f"{1e3 * replicate:.2f}"]
    for keep in (False, True):
        both = best_of(repeats, lambda: guide(latent, tracks), keep=keep)
        clone = best_of(repeats, latent.clone, keep=keep)
        row += [f"{1e3 * both:.2f}", f"{1e3 * clone:.2f}", f"{both / clone:.1f}"]
    ours = best_of(repeats, lambda: guide(latent, tracks))
    for method in slow.values():
        work = latent.clone()  # the others write into it
        check_same_cells(method(work, tracks), latent, tracks)
        loop = best_of(options.slow_repeats, lambda run=method, to=work: run(to, tracks))
        row += [f"{1e3 * loop:.1f}", f"{loop / ours:.0f}x"]
    return row


def guide(latent: Tensor, tracks: Tracks) -> Tensor:
    return replicate_first_frame(latent, *project_tracks(tracks, GRID))


def check_same_cells(theirs: Tensor, latent: Tensor, tracks: Tracks) -> None:
    """Where tracks meet the winner is theirs to draw; the cells that change are the same."""
    ours = guide(latent, tracks)
    if not torch.equal((theirs != latent).any(1), (ours != latent).any(1)):
        raise SystemExit("The methods do not change the same cells: nothing to compare.")


def best_of(repeats: int, call: Callable[[], object], *, keep: bool = False) -> float:
    """CPU seconds of the best run; with `keep`, earlier results stay in memory."""
    kept: list[object] = []
    best = float("inf")
    for _ in range(repeats):
        start = time.process_time()
        result = call()
        best = min(best, time.process_time() - start)
        if keep:
            kept.append(result)
        del result
    return best


def slow_methods() -> dict[str, Method]:
    methods: dict[str, Method] = {}
    if "WANMOVE_REFERENCE" in os.environ:
        path = Path(os.environ["WANMOVE_REFERENCE"]) / "wan/modules/trajectory.py"
        names = functions_of(path, "get_pos_emb", "create_pos_feature_map", "replace_feature")
        methods["reference"] = reference_method(names)
    if "COMFYUI_PATH" in os.environ:
        path = Path(os.environ["COMFYUI_PATH"]) / "comfy_extras/nodes_wanmove.py"
        names = functions_of(path, "create_pos_embeddings", "replace_feature")
        methods["ComfyUI"] = comfyui_method(names)
    return methods or {"oracle": oracle_method}


def functions_of(path: Path, *names: str) -> dict[str, Any]:
    """Run only these definitions of a file: importing all of it has effects and needs more."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    wanted = [
        node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name in names
    ]
    namespace: dict[str, Any] = {"torch": torch, "SKIP_ZERO": False}
    exec(compile(ast.Module(wanted, []), str(path), "exec"), namespace)
    return namespace


def reference_method(names: dict[str, Any]) -> Method:
    def run(latent: Tensor, tracks: Tracks) -> Tensor:
        channels = latent.shape[1]
        _, cells = names["create_pos_feature_map"](
            tracks.positions, tracks.visibility, list(GRID.strides), GRID.height, GRID.width,
            channels, device="cpu",
        )  # fmt: skip
        return names["replace_feature"](latent, cells[None])

    return run


def comfyui_method(names: dict[str, Any]) -> Method:
    def run(latent: Tensor, tracks: Tracks) -> Tensor:
        cells = names["create_pos_embeddings"](
            tracks.positions, tracks.visibility, list(GRID.strides), GRID.height, GRID.width
        )
        return names["replace_feature"](latent, cells[None], 1.0)

    return run


def oracle_method(latent: Tensor, tracks: Tracks) -> Tensor:
    size = (GRID.num_frames, GRID.height, GRID.width)
    positions, visibility = tracks.positions.tolist(), tracks.visibility.tolist()
    cells = oracle.project(positions, visibility, size, GRID.strides, "sample")
    return oracle.replicate(latent, cells, tracks.num_points)


if __name__ == "__main__":
    main()
