"""Train the VAE's decoder further. The encoder and with it every cached latent stay as they are.

Goes on where it stopped; `--minutes` is the total.

    torchrun --nproc-per-node 2 -m training.train_decoder --minutes 20
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKLWan

from training.make_latents import folded_vae
from training.parallel import average, finish, start
from training.run_folder import RUNS, Ema, load_checkpoint, save_checkpoint
from training.train_vae import ScenePool, Stage, gradient_step, report
from wanmove_core.bench.world import FRAMES

FOLDER = RUNS / "decoder"
PEAK_LR = 6e-4
STAGE = Stage(1.01, 1, FRAMES, 48, 48)
# Away from the scenes of train_vae and of make_latents.
FIRST_SEED = 2_000_000


def trained_vae() -> AutoencoderKLWan:
    """The VAE with the decoder as far as it is trained."""
    vae = folded_vae()
    if state := load_checkpoint(FOLDER / "checkpoint.pt"):
        vae.load_state_dict(state["ema"]["shadow"])
    return vae


def train(minutes: float, *, folder: Path = FOLDER, rank: int = 0, report_s: float = 200) -> None:
    """Train until the summed training time reaches `minutes`."""
    vae = folded_vae()
    vae.encoder.requires_grad_(False)
    vae.quant_conv.requires_grad_(False)
    live = [p for p in vae.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(live, lr=PEAK_LR, betas=(0.9, 0.98), weight_decay=0)
    ema = Ema(vae, 0.995)
    spent, step = 0.0, 0
    if state := load_checkpoint(folder / "checkpoint.pt"):
        vae.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        ema.load_state_dict(state["ema"])
        spent, step = state["spent_s"], state["step"]
    rng = np.random.default_rng([step, rank, 5])
    pool = ScenePool(size=200, next_seed=FIRST_SEED + 2 * step + 4_000_000 * rank)
    torch.manual_seed(2 * step + rank)
    losses: list[float] = []
    last_report = spent
    while spent < minutes * 60:
        began = time.monotonic()
        share = spent / (minutes * 60)
        decay = max(0.02, min(1.0, 1.3 * (1 - share)))
        for group in optimiser.param_groups:
            group["lr"] = PEAK_LR * min(1.0, (step + 1) / 30) * decay
        loss = gradient_step(vae, pool.draw(rng, STAGE), noisy=True)
        spent, loss = average(vae, spent + time.monotonic() - began, loss)
        torch.nn.utils.clip_grad_norm_(live, 1.0)
        optimiser.step()
        ema.update(vae)
        losses.append(loss)
        step += 1
        if spent - last_report > report_s or spent >= minutes * 60:
            last_report = spent
            if rank == 0:
                row = {"minutes": round(spent / 60, 2), "step": step, "frames": FRAMES}
                report(vae, ema, folder, row | {"loss": round(float(np.mean(losses)), 4)})
                state = {"model": vae.state_dict(), "optimiser": optimiser.state_dict()}
                state |= {"ema": ema.state_dict(), "spent_s": spent, "step": step}
                save_checkpoint(folder / "checkpoint.pt", state)
            losses = []


def main() -> None:
    """Parse arguments and train."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=20, help="total training time")
    parser.add_argument("--threads", type=int, default=1, help="per process")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--report-seconds", type=float, default=200)
    args = parser.parse_args()
    rank = start(args.threads)
    train(args.minutes, folder=args.folder, rank=rank, report_s=args.report_seconds)
    finish()


if __name__ == "__main__":
    main()
