"""Train an adapter that moves the small model's objects by boxes: FlashMotion's first stage.

The generator is the small Wan-Move model, frozen and without tracks; a ResNet adapter learns from
trajectory maps with exact masks, by the flow loss. Goes on where it stopped.

    python -m training.train_boxes training/runs/boxes --scenes 400 --minutes 20 --out FILE
"""

import argparse
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from benchmarks.flashmotion import maps_of, objects_of
from benchmarks.toy_scenes import encode
from training.dit_model import Predict, predictor
from training.shipped import FOLDER as SHIPPED
from training.vae_model import to_video
from training.world import make_scene
from wanmove_core import LatentGrid
from wanmove_core.bench.world import HELD_OUT_SEED
from wanmove_core.checkpoints.adapter_loading import adapter_state
from wanmove_core.checkpoints.adapter_modules import ResNetAdapter
from wanmove_core.checkpoints.loading import load_components
from wanmove_core.generation.adapters import attached
from wanmove_core.start_image.conditioning import conditioning_input, known_mask
from wanmove_core.train.loop import Draw, Loop, Player
from wanmove_core.train.plan import Plan

CHANNELS = 32
BATCH = 8
SHIFT = 3.0
FIRST_SEED = 3_000_000  # away from the scenes of the VAE and of the transformer


def make_cache(path: Path, vae: Any, count: int, first_seed: int) -> dict[str, Tensor]:
    """Latents of scenes, of their start images and of their maps; read where there are enough."""
    if path.exists():
        kept = load_file(path)
        if len(kept["clean"]) >= count:
            return kept
    rows: dict[str, list[Tensor]] = {"clean": [], "given": [], "maps": []}
    seed = first_seed
    from benchmarks.flashmotion import BoxScene

    while len(rows["clean"]) < count:
        scene = make_scene(seed)
        seed += 1
        objects = objects_of(scene)
        if not objects:
            continue
        start = torch.zeros(1, 3, *scene.frames.shape[:3])
        start[:, :, 0] = to_video(scene.frames[None])[:, :, 0]
        one = BoxScene(scene, objects, encode(vae, start))
        known = known_mask(LatentGrid(*scene.frames.shape[:3]))
        rows["clean"].append(encode(vae, to_video(scene.frames[None])))
        rows["given"].append(conditioning_input(one.start, known))
        rows["maps"].append(maps_of(vae, one))
    cache = {name: torch.cat(parts).half() for name, parts in rows.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(cache, path)
    return cache


def flow_loss(
    model: Any, predict: Predict, adapter: Any, batch: dict[str, Tensor], draw: torch.Generator
) -> Tensor:
    """Mean squared error of the velocity; what changes over time counts up to five times."""
    clean = batch["clean"].float()
    even = torch.sigmoid(torch.randn(len(clean), generator=draw))
    times = SHIFT * even / (1 + (SHIFT - 1) * even)
    noise = torch.randn(clean.shape, generator=draw)
    s = times.view(-1, 1, 1, 1, 1)
    with attached(model, adapter, batch["maps"].float(), strength=1.0):
        flow = predict((1 - s) * clean + s * noise, times, batch["given"].float())
    change = (clean - clean[:, :, :1]).square().mean(1, keepdim=True)
    weights = 1 + (2 * change).clamp(max=4)
    return (weights / weights.mean() * (flow.float() - (noise - clean)).square()).mean()


def main() -> None:
    """Cache, train, and write the adapter."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scenes", type=int, default=400)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    parts = load_components([SHIPPED], dtype="fp32", needs=("transformer", "vae"))
    model = parts.transformer.requires_grad_(False)
    cache = make_cache(args.folder / "cache.safetensors", parts.vae, args.scenes, FIRST_SEED)
    few = min(32, args.scenes)
    check = make_cache(args.folder / "held_out.safetensors", parts.vae, few, HELD_OUT_SEED + 5000)
    predict = predictor(model)
    torch.manual_seed(0)
    width = model.config.num_attention_heads * model.config.attention_head_dim
    adapter = ResNetAdapter(
        channels=CHANNELS, width=width, blocks=len(model.blocks), latent_channels=16
    )
    for layer in adapter.out_projectors:  # begins as the model alone
        torch.nn.init.zeros_(layer.weight)
        torch.nn.init.zeros_(layer.bias)

    def loss(draw: Draw) -> dict[str, Tensor]:
        chosen = draw.rng.integers(len(cache["clean"]), size=BATCH)
        batch = {name: values[chosen] for name, values in cache.items()}
        return {"loss": flow_loss(model, predict, adapter, batch, draw.generator)}

    optimiser = torch.optim.AdamW(adapter.parameters(), lr=2e-3, betas=(0.9, 0.95))
    player = Player("adapter", adapter, [optimiser], loss, decay=0.99)

    def report(_step: int) -> dict[str, float]:
        other = {**check, "maps": check["maps"].roll(1, 0)}
        figures = {}
        with player.averaged(), torch.no_grad():
            for name, batch in (("held_out", check), ("wrong_boxes", other)):
                seeded = torch.Generator().manual_seed(0)
                figures[name] = float(flow_loss(model, predict, adapter, batch, seeded))
        return figures

    Loop(args.folder, [player], Plan(minutes=args.minutes), report=report).run()
    with player.averaged():
        state, metadata = adapter_state(adapter, "slow")
    save_file({k: v.bfloat16() for k, v in state.items()}, args.out, metadata=metadata)


if __name__ == "__main__":
    main()
