"""What the stages of box training share: scenes with their maps, new adapters, the flow loss."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from diffusers import WanTransformer3DModel
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from benchmarks.flashmotion import make_scenes, maps_of
from benchmarks.toy_scenes import encode
from training.dit_model import Predict
from training.shipped import FOLDER as SHIPPED
from training.vae_model import to_video
from wanmove_core.bench.world import HELD_OUT_SEED
from wanmove_core.checkpoints.adapter_loading import adapter_state
from wanmove_core.checkpoints.adapter_modules import ControlNetAdapter, ResNetAdapter
from wanmove_core.checkpoints.components import Components
from wanmove_core.checkpoints.fp8 import Fp8Linear
from wanmove_core.generation.adapters import attached
from wanmove_core.train.processes import Processes
from wanmove_core.train.recipe import motion_weights

CHANNELS = 32  # of the ResNet's body
FIRST_SEED = 3_000_000  # away from the scenes of the VAE and of the transformer
_MOVING = 5.0  # largest loss weight of cells that change over time
_HELD_OUT = 32  # scenes
_TESTED = HELD_OUT_SEED + 5000  # the first of them
_SHARD = 16  # scenes in a file of a cache
_CAPTIONS = "captions"

BoxCache = dict[str, Tensor]  # "clean", "given", and the latents of maps: "box" and "mask"
AnyAdapter = ResNetAdapter | ControlNetAdapter


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that the stages have in common."""
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", type=Path, default=SHIPPED, help="folder of the generator")
    parser.add_argument("--cache", type=Path, help="folder of the scenes (the run's)")
    parser.add_argument("--scenes", type=int, default=400)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--out", type=Path, required=True)


def make_caches(
    folder: Path,
    parts: Components,
    count: int,
    *,
    first_seed: int = FIRST_SEED,
    with_maps: bool = True,
) -> tuple[BoxCache, BoxCache]:
    """Scenes to learn and scenes that are held out, as latents; read where they exist.

    Several processes share the work. Of `count` seeds those are left out whose scene has no object
    in frame 0.
    """
    few = min(_HELD_OUT, count)
    return (
        _make_cache(folder / "scenes", parts, range(first_seed, first_seed + count), with_maps),
        _make_cache(folder / "held_out", parts, range(_TESTED, _TESTED + few), with_maps),
    )


def _make_cache(folder: Path, parts: Components, seeds: range, with_maps: bool) -> BoxCache:
    processes = Processes.join(torch.device("cpu"))
    shards = {
        folder / f"{first}.safetensors": seeds[first : first + _SHARD]
        for first in range(0, len(seeds), _SHARD)
    }
    for path in list(shards)[processes.rank :: processes.count]:
        if not path.exists():
            _write_shard(path, parts, shards[path], with_maps)
    processes.wait()
    read = [load_file(path) for path in shards]
    return {name: torch.cat([shard[name] for shard in read]) for name in read[0]}


def _write_shard(path: Path, parts: Components, seeds: Sequence[int], with_maps: bool) -> None:
    rows: dict[str, list[Tensor]] = {name: [] for name in ("clean", "given", "box", "mask")}
    captions = []
    for one in make_scenes(parts, len(seeds), seeds):
        rows["clean"].append(encode(parts.vae, to_video(one.scene.frames[None])))
        rows["given"].append(one.given)
        if with_maps:
            rows["box"].append(maps_of(parts.vae, one))
            rows["mask"].append(maps_of(parts.vae, one, shape="mask"))
        captions.append(", ".join(one.scene.story.clauses()) if one.scene.story else "")
    shard = {
        name: torch.cat(tensors).half().contiguous() for name, tensors in rows.items() if tensors
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    save_file(shard, part, {_CAPTIONS: json.dumps(captions)})
    part.rename(path)
    print(f"{path}: {len(captions)} scenes", flush=True)


def captions_of(folder: Path) -> list[str]:
    """The captions of the scenes to learn, in the cache's order."""
    captions: list[str] = []
    for path in sorted((folder / "scenes").glob("*.safetensors"), key=lambda path: int(path.stem)):
        with safe_open(path, "pt") as shard:
            captions += json.loads(shard.metadata()[_CAPTIONS])
    return captions


def new_adapter(kind: str, model: WanTransformer3DModel) -> AnyAdapter:
    """A "resnet" or "controlnet" that adds nothing yet."""
    if kind == "controlnet":
        return new_controlnet(model)
    adapter = ResNetAdapter(
        channels=CHANNELS,
        width=_width(model),
        blocks=len(model.blocks),
        latent_channels=model.config.out_channels,
    )
    _silence(adapter)
    return adapter


def new_controlnet(model: WanTransformer3DModel) -> ControlNetAdapter:
    """A copy of the model that takes the maps' latent too, and adds nothing yet."""
    config = {**model.config, "image_dim": None, "added_kv_proj_dim": None}
    config["in_channels"] += model.config.out_channels
    copy = WanTransformer3DModel.from_config(config)
    state = _wide_state(model)
    own = copy.state_dict()
    wide = torch.zeros_like(own["patch_embedding.weight"])
    wide[:, : model.config.in_channels] = state["patch_embedding.weight"]
    copy.load_state_dict({name: state[name] for name in own} | {"patch_embedding.weight": wide})
    # The copy's own prediction is not used, so it has none.
    del copy.proj_out, copy.norm_out, copy.scale_shift_table
    adapter = ControlNetAdapter(copy.float(), _width(model))
    _silence(adapter)
    return adapter


def _wide_state(model: WanTransformer3DModel) -> dict[str, Tensor]:
    """The model's weights; those that it keeps in float8, as what they stand for."""
    layers = {name: layer for name, layer in model.named_modules() if isinstance(layer, Fp8Linear)}
    wide = {f"{name}.weight": layer.widened(torch.float32) for name, layer in layers.items()}
    return {**model.state_dict(), **wide}


def _width(model: WanTransformer3DModel) -> int:
    return int(model.config.num_attention_heads * model.config.attention_head_dim)


def _silence(adapter: AnyAdapter) -> None:
    for layer in adapter.out_projectors:
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)


def write_adapter(path: Path, adapter: AnyAdapter, stage: str) -> None:
    """Write an adapter in bf16, in this project's layout; of several processes, the first does."""
    if Processes.join(torch.device("cpu")).rank > 0:
        return
    state, metadata = adapter_state(adapter, stage)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.bfloat16() for name, tensor in state.items()}, path, metadata=metadata)


def flow_loss(
    model: Any,
    predict: Predict,
    adapter: AnyAdapter,
    batch: dict[str, Tensor],
    *,
    times: Tensor,
    draw: torch.Generator,
) -> Tensor:
    """Mean squared error of the velocity at these times; what moves counts more.

    Args:
        model: frozen.
        predict: its `predictor`.
        adapter: is trained.
        batch: "clean", "given" and the latent of "maps".
        times: [B], 0 to 1.
        draw: of the noise.
    """
    clean = batch["clean"].float()
    noise = torch.randn(clean.shape, generator=draw)
    s = times.view(-1, 1, 1, 1, 1)
    with attached(model, adapter, batch["maps"].float(), strength=1.0):
        flow = predict((1 - s) * clean + s * noise, times, batch["given"].float())
    weights = motion_weights(clean, _MOVING)
    return (weights * (flow.float() - (noise - clean)).square()).mean()
