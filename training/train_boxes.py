"""Train an adapter that moves a small model's objects by boxes: FlashMotion's first stage.

The generator is a small model, Wan-Move's or with --model another, frozen and without tracks; the
adapter learns from trajectory maps of exact masks, then of boxes, by the flow loss. Goes on where
it stopped.

    python -m training.train_boxes training/runs/boxes --scenes 800 --minutes 20 --out FILE
    python -m training.train_boxes training/runs/control --kind controlnet --rate 3e-4 --out FILE
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor

from training.boxes import add_options, flow_loss, make_caches, new_adapter, write_adapter
from training.dit_model import predictor
from wanmove_core.checkpoints.adapter_loading import load_adapter
from wanmove_core.checkpoints.loading import load_components
from wanmove_core.train.attention import use_matrix_attention
from wanmove_core.train.loop import Loop
from wanmove_core.train.plan import Plan
from wanmove_core.train.player import Draw, Player
from wanmove_core.train.recipe import draw_times

BATCH = 8


def main() -> None:
    """Cache, train, and write the adapter."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_options(parser)
    parser.add_argument("--kind", choices=("resnet", "controlnet"), default="resnet")
    parser.add_argument("--start", type=Path, help="an adapter to begin with")
    parser.add_argument("--masks", type=float, default=0.2, help="first share, with maps of masks")
    parser.add_argument("--rate", type=float, default=2e-3)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    parts = load_components([args.model], dtype="fp32", needs=("transformer", "vae"))
    model = parts.transformer.requires_grad_(False)
    scenes, held_out = make_caches(args.cache or args.folder, parts, args.scenes)
    adapter = (
        load_adapter(args.start, compute_dtype=torch.float32)
        if args.start
        else new_adapter(args.kind, model)
    ).requires_grad_(True)
    for module in (model, getattr(adapter, "copy", model)):
        use_matrix_attention(module)
    predict, shift = predictor(model, adapter), parts.family.shifts[0]

    def loss(draw: Draw) -> dict[str, Tensor]:
        chosen = draw.rng.integers(len(scenes["clean"]), size=BATCH)
        batch = {name: values[chosen] for name, values in scenes.items()}
        early = loop.plan.share(loop.step, loop.spent) < args.masks
        batch["maps"] = batch["mask" if early else "box"]
        times = draw_times(BATCH, draw.generator, shift)
        return {"loss": flow_loss(model, predict, adapter, batch, times=times, draw=draw.generator)}

    optimiser = torch.optim.AdamW(adapter.parameters(), lr=args.rate, betas=(0.9, 0.95))
    player = Player("adapter", adapter, [optimiser], loss, decay=0.99)

    def report(_step: int) -> dict[str, float]:
        figures = {}
        wrong = held_out["box"].roll(1, 0)
        with player.averaged(), torch.no_grad():
            for name, maps in (("held_out", held_out["box"]), ("wrong_boxes", wrong)):
                seeded = torch.Generator().manual_seed(0)
                times = draw_times(len(maps), seeded, shift)
                batch = {**held_out, "maps": maps}
                figures[name] = float(
                    flow_loss(model, predict, adapter, batch, times=times, draw=seeded)
                )
        return figures

    loop = Loop(args.folder, [player], Plan(minutes=args.minutes), report=report)
    loop.run()
    with player.averaged():
        write_adapter(args.out, adapter, "slow")


if __name__ == "__main__":
    main()
