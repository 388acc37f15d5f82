"""Recognise FlashMotion's adapters by the names and shapes of their weights."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from .checkpoint import Checkpoint, Weight

AdapterKind = Literal["resnet", "controlnet"]
FORMAT = "wanmove-flashmotion"
PROJECTORS = "out_projectors"
_FAMILY = re.compile(r"(?P<family>.+)\.(?P<index>\d+)\.weight")
_STAGES = ("slow", "fast")
_PATCH_CELLS = 4  # 2x2 latent cells make a token


@dataclass(frozen=True)
class Adapter:
    """The kind and the sizes of an adapter.

    Args:
        kind: "controlnet" is a copy of the model, "resnet" a small network of its own.
        width: of the model's tokens, D.
        blocks: of the model.
        family: name of the layers whose outputs are added, one a block.
        latent_channels: of the trajectory latent; 0 where the layout is not known.
        channels: of a ResNet's body.
        stage: "slow" is for the base model with many steps, "fast" for the few-step generator; None
            where neither the file nor its folder tells. The weights do not tell.
    """

    kind: AdapterKind
    width: int
    blocks: int
    family: str
    latent_channels: int
    channels: int = 0
    stage: str | None = None

    @property
    def known(self) -> bool:
        """Whether this is a layout that can be loaded."""
        return self.latent_channels > 0

    @property
    def description(self) -> str:
        """What it is, with an article."""
        name = "ControlNet" if self.kind == "controlnet" else "ResNet"
        stage = f"{self.stage} " if self.stage else ""
        layout = "" if self.known else ", in a layout that is not known yet"
        size = f"{self.blocks} blocks of width {self.width}"
        return f"a {stage}FlashMotion {name} adapter ({size}{layout})"


def find_adapter(checkpoint: Checkpoint) -> Adapter | None:
    """Recognise an adapter; None for anything else. Reads no tensor.

    A ControlNet has attention and one square output layer per block. A ResNet has convolutions, no
    attention, and one output layer per block.
    """
    weights = checkpoint.weights
    attention = {name for name in weights if name.endswith(".self_attn.q.weight")}
    for family, shapes in _families(weights).items():
        width = shapes[0][0]
        if attention and len(attention) == len(shapes) and shapes[0][1] == width:
            inputs = _axis(weights, "patch_embedding.weight", 1)
            # 48 would be a sum or the trajectory alone, which is not known.
            latent = _JOINED.get(inputs, 0)
            found = Adapter("controlnet", width, len(shapes), family, latent)
            return replace(found, stage=_stage(checkpoint))
        if not attention and _has_wide_convolution(weights):
            inputs, channels = _axis(weights, "conv_in.weight", 1), shapes[0][1]
            ours = family == PROJECTORS and _is_our_body(weights, len(shapes), channels)
            latent = inputs // _PATCH_CELLS if ours else 0
            found = Adapter("resnet", width, len(shapes), family, latent, channels)
            return replace(found, stage=_stage(checkpoint))
    return None


# The model's whole input and the maps' latent, to the latent's channels: of the 5B, and of Wan 2.1
# image-to-video, whose input carries the start image too.
_JOINED = {48 + 48: 48, 36 + 16: 16}


def _families(weights: Mapping[str, Weight]) -> dict[str, list[tuple[int, ...]]]:
    """Layers `NAME.0.weight`, `NAME.1.weight`, ... of one shape, 1x1 if they are convolutions."""
    found: dict[str, dict[int, tuple[int, ...]]] = {}
    for name, weight in weights.items():
        match = _FAMILY.fullmatch(name)
        if match:
            found.setdefault(match["family"], {})[int(match["index"])] = weight.shape
    return {
        family: [shapes[index] for index in range(len(shapes))]
        for family, shapes in found.items()
        if len(shapes) > 1
        and set(shapes) == set(range(len(shapes)))
        and len(set(shapes.values())) == 1
        and len(shapes[0]) in (2, 4, 5)
        and set(shapes[0][2:]) <= {1}
    }


def _has_wide_convolution(weights: Mapping[str, Weight]) -> bool:
    return any(weight.shape[2:] in ((3, 3), (3, 3, 3)) for weight in weights.values())


def _is_our_body(weights: Mapping[str, Weight], blocks: int, channels: int) -> bool:
    """Whether the layers between input and outputs are those of `ResNetAdapter`."""
    wanted = {
        f"blocks.{block}.{layer}.weight": (channels, channels, 3, 3)
        for block in range(blocks)
        for layer in (0, 2)
    }
    return all(name in weights and weights[name].shape == shape for name, shape in wanted.items())


def _axis(weights: Mapping[str, Weight], name: str, axis: int) -> int:
    shape = weights[name].shape if name in weights else ()
    return shape[axis] if len(shape) > axis else 0


def _stage(checkpoint: Checkpoint) -> str | None:
    """What the file says of itself, else its folders: SlowAdapter/ResNet/model.pt."""
    said = checkpoint.metadata.get("stage")
    if said in _STAGES:
        return said
    for part in reversed(checkpoint.path.absolute().parts):
        for stage in _STAGES:
            if part.lower().startswith(f"{stage}adapter"):
                return stage
    return None
