"""Does guidance guide? End-point error of the small model on held-out scenes, with ablations.

Every row uses the same scenes and the same starting noise. The model was trained with latent
replication only, so the other strategies are compared at inference alone.

    python -m benchmarks.motion_control [--quick] [--out DIR]
"""

import argparse
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from benchmarks.toy_scenes import (
    FEW_STEPS,
    TOY,
    TestScene,
    decode,
    encode,
    first_tracks,
    generate,
    load_toy,
    make_test_scenes,
    measure,
)
from training.vae_model import to_video
from wanmove_core import project_tracks, replicate_first_frame

TRACKS = 64


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Args:
        group, name: where it belongs and what it varies.
        guided: scene -> conditioning latent.
        options: further arguments of `generate`.
        fp8: use the fp8 file in place of the bf16 one.
        lora: add the one of four steps.
    """

    group: str
    name: str
    guided: Callable[[TestScene], Tensor]
    options: dict[str, Any] = field(default_factory=dict)
    fp8: bool = False
    lora: bool = False


def replicate(test: TestScene, *, count: int = TRACKS, temporal: str = "sample", **kw) -> Tensor:
    """The conditioning latent with features copied along the first `count` tracks."""
    cells, visible = project_tracks(first_tracks(test.tracks, count), test.grid, temporal=temporal)
    if kw.get("collision") == "random":
        kw["generator"] = torch.Generator().manual_seed(0)
    return replicate_first_frame(test.latent, cells, visible, **kw)


def replicate_pixels(test: TestScene, vae: Any) -> Tensor:
    """Encode a clip whose grey frames carry the tracks' start pixels, 3x3 px each."""
    clip = test.start.clone()
    tracks = first_tracks(test.tracks, TRACKS)
    frames, height, width = clip.shape[2:]
    for frame in range(1, frames):
        for point in tracks.visibility[frame].nonzero().squeeze(1).tolist():
            x0, y0 = tracks.positions[0, point].round().long().tolist()
            x1, y1 = tracks.positions[frame, point].round().long().tolist()
            for dy in (-1, 0, 1):
                for dx in (-1, 0, 1):
                    inside = 0 <= x1 + dx < width and 0 <= y1 + dy < height
                    if inside and 0 <= x0 + dx < width and 0 <= y0 + dy < height:
                        clip[:, :, frame, y1 + dy, x1 + dx] = clip[:, :, 0, y0 + dy, x0 + dx]
    return encode(vae, clip)


def random_embedding(test: TestScene) -> Tensor:
    """Mark every track by a random vector of its own along its way, first frame included."""
    generator = torch.Generator().manual_seed(1)
    cells, visible = project_tracks(first_tracks(test.tracks, TRACKS), test.grid)
    out = test.latent.clone()
    for point in range(len(cells)):
        vector = torch.randn(16, generator=generator)
        for frame in visible[point].nonzero().squeeze(1).tolist():
            row, col = cells[point, frame].tolist()
            out[0, :, frame, row, col] = vector
    return out


def make_rows(vae: Any, *, quick: bool) -> list[Row]:
    """Everything that is compared; `quick` leaves out the sweeps."""
    rows = [
        Row("guidance", "64 tracks", replicate),
        Row("guidance", "unguided", lambda test: test.latent),
        Row("precision", "fp8 weights", replicate, fp8=True),
        Row("steps", "4, with the LoRA of four steps", replicate, {"steps": 4}, lora=True),
    ]
    if quick:
        return rows
    rows += [
        Row("strategy", "pixel replication", lambda test: replicate_pixels(test, vae)),
        Row("strategy", "random track embedding", random_embedding),
    ]
    for count in (1, 8, 200, 1024):
        rows.append(Row("tracks", str(count), lambda test, n=count: replicate(test, count=n)))
    for rule in ("last", "first", "mean", "random"):
        guided = lambda test, r=rule: replicate(test, count=1024, collision=r)  # noqa: E731
        rows.append(Row("collision, 1024 tracks", rule, guided))
    rows.append(Row("temporal", "mean", lambda test: replicate(test, temporal="mean")))
    for scale in (1.5, 2.0, 3.0):
        options = {"motion_scale": scale}
        rows.append(Row("motion scale (positive branch only)", f"{scale:g}", replicate, options))
    for strength in (0.25, 0.5, 0.75, 1.25, 1.5):
        guided = lambda test, s=strength: replicate(test, strength=s)  # noqa: E731
        rows.append(Row("strength", f"{strength:g}", guided))
    for steps in (2, 4, 16):
        rows.append(Row("steps", str(steps), replicate, {"steps": steps}))
    return rows


def interval(values: list[float]) -> tuple[float, float]:
    """Mean and half-width of its 95 % confidence interval."""
    half = 1.96 * float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return float(np.mean(values)), half


def summarise(row: tuple[str, str], figures: dict[str, list[float]]) -> dict[str, Any]:
    """One JSON entry."""
    entry: dict[str, Any] = {"group": row[0], "name": row[1]}
    for name, values in figures.items():
        entry[name], entry[f"{name}_ci"] = interval(values)
    entry["per_scene_object"] = [round(value, 3) for value in figures["object"]]
    return entry


def run(
    count: int, *, quick: bool, folder: Path, out: Path, version: Literal[1, 2] = 1
) -> list[dict[str, Any]]:
    """Measure every row and print it as it is done."""
    model, vae = load_toy("bf16", folder)
    scenes = make_test_scenes(vae, count, version=version)
    own = torch.cat([s.tracker_error.distance[s.tracker_error.counted] for s in scenes])
    lines = [
        f"{count} scenes, {sum(s.measured for s in scenes)} measured tracks; the tracker's own "
        f"error on the true clips: mean {own.mean():.3f} px, median {own.median():.3f} px.",
        "",
        "| what | variant | object EPE, px | background EPE, px | PSNR, dB |",
        "|---|---|---|---|---|",
    ]
    print("\n".join(lines), flush=True)
    truth = torch.cat([encode(vae, to_video(s.scene.frames[None])) for s in scenes])
    entries = [summarise(("floor", "VAE of the true clip"), measure(decode(vae, truth), scenes))]
    lines.append(show(entries[-1]))
    for row in make_rows(vae, quick=quick):
        use = model
        if row.fp8 or row.lora:
            dtype = "fp8" if row.fp8 else "bf16"
            use, _ = load_toy(dtype, folder, lora=FEW_STEPS if row.lora else None)
        guided = [row.guided(test) for test in scenes]
        options = dict(row.options)
        if "motion_scale" in options:
            options["unguided"] = [test.latent for test in scenes]
        entries.append(
            summarise((row.group, row.name), measure(generate(use, vae, guided, **options), scenes))
        )
        lines.append(show(entries[-1]))
    out.mkdir(parents=True, exist_ok=True)
    (out / "motion_control.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    report = {"scenes": count, "tracker_mean": float(own.mean()), "rows": entries}
    (out / "motion_control.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    plot(entries, out / "motion_control.png")
    return entries


def show(entry: dict[str, Any]) -> str:
    """Print and return one line of the table."""
    cells = [f"{entry[n]:.2f} ± {entry[f'{n}_ci']:.2f}" for n in ("object", "background", "psnr")]
    line = f"| {entry['group']} | {entry['name']} | {' | '.join(cells)} |"
    print(line, flush=True)
    return line


def plot(entries: list[dict[str, Any]], path: Path) -> None:
    """Bars of the object error with confidence intervals."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axis = plt.subplots(figsize=(7, 0.28 * len(entries) + 1))
    names = [f"{entry['group']}: {entry['name']}" for entry in entries]
    values, halves = ([entry[k] for entry in entries] for k in ("object", "object_ci"))
    axis.barh(names, values, xerr=halves, height=0.7, color="#4a78b5", ecolor="#222222")
    axis.invert_yaxis()
    axis.set_xlabel("object end-point error, px (95 % confidence)")
    axis.grid(axis="x", alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, dpi=90)
    plt.close(figure)


def main() -> None:
    """Parse arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="8 scenes, four rows")
    parser.add_argument("--scenes", type=int)
    parser.add_argument("--version", type=int, choices=(1, 2), default=1, help="of the world")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--model", type=Path, default=TOY)
    parser.add_argument("--out", type=Path, default=Path("out/motion_control"))
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    count = args.scenes or (8 if args.quick else 64)
    run(count, quick=args.quick, folder=args.model, out=args.out, version=args.version)


if __name__ == "__main__":
    main()
