"""FlashMotion's adapters: what they add to a Wan model's tokens after each of its blocks.

Both take the latent of a clip's trajectory maps. The ResNet's residuals depend on nothing else,
so its body runs once a video; the ControlNet is a copy of the model that runs beside it. The
published adapters' own layout is not known to us; this one is what our training writes.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from torch import nn

from ..shapes import Float, Tensor

_PATCH = 2  # latent cells per token, in both directions


class ResNetAdapter(nn.Module):
    """A small convolutional network on the token grid, with one output a block.

    Args:
        channels: C, of its body.
        width: D, the model's tokens.
        blocks: of the model.
        latent_channels: of the trajectory latent.
        operations: the module that provides `Conv2d`; ComfyUI's casts weights at each use.
        options: dtype and device, for the layers.
    """

    def __init__(
        self,
        *,
        channels: int,
        width: int,
        blocks: int,
        latent_channels: int = 48,
        operations: Any = nn,
        **options: Any,
    ) -> None:
        super().__init__()
        self.width = width

        def conv(inputs: int, outputs: int, kernel: int) -> nn.Module:
            layer: nn.Module = operations.Conv2d(
                inputs, outputs, kernel, padding=kernel // 2, **options
            )
            return layer

        self.conv_in = conv(latent_channels * _PATCH**2, channels, 1)
        self.blocks = nn.ModuleList(
            nn.Sequential(conv(channels, channels, 3), nn.SiLU(), conv(channels, channels, 3))
            for _ in range(blocks)
        )
        self.out_projectors = nn.ModuleList(conv(channels, width, 1) for _ in range(blocks))

    def features(
        self, maps: Float[Tensor, "batch channels frames rows cols"]
    ) -> list[Float[Tensor, "pictures body token_rows token_cols"]]:
        """Run the body once; its result serves every step."""
        pictures = maps.movedim(2, 1).flatten(0, 1)
        hidden = self.conv_in(nn.functional.pixel_unshuffle(pictures, _PATCH))
        out = []
        for block in self.blocks:
            hidden = hidden + block(hidden)
            out.append(hidden)
        return out

    def residual(
        self, index: int, features: Sequence[Tensor], batch: int
    ) -> Float[Tensor, "batch tokens width"]:
        """Return what is added to the tokens after block `index`."""
        projected: Tensor = self.out_projectors[index](features[index])
        return projected.flatten(2).movedim(1, 2).reshape(batch, -1, projected.shape[1])


class ControlNetAdapter(nn.Module):
    """A copy of the model that sees the noisy latent and the maps, with one output a block.

    Args:
        copy: diffusers `WanTransformer3DModel` that takes the model's input and, joined to it,
            the maps' latent; it sees no features of CLIP. Its head is not used and may be missing.
        width: D, its tokens.
        operations: the module that provides `Linear`, as for `ResNetAdapter`.
    """

    def __init__(self, copy: nn.Module, width: int, operations: Any = nn) -> None:
        super().__init__()
        self.copy, self.width = copy, width
        blocks = len(copy.blocks)  # type: ignore[arg-type]
        # 1x1 convolutions over tokens, as published; written as what they are.
        self.out_projectors = nn.ModuleList(operations.Linear(width, width) for _ in range(blocks))

    def residuals(self, **inputs: Any) -> Iterator[Float[Tensor, "batch tokens width"]]:
        """Run the copy block by block; yield the residual of each block.

        Args:
            inputs: what the copy's `forward` takes.
        """
        model: Any = self.copy
        hidden, text, time, rotary = _embed(model, **inputs)
        for block, projector in zip(model.blocks, self.out_projectors, strict=True):
            hidden = block(hidden, text, time, rotary)
            yield projector(hidden)


def _embed(
    model: Any, *, hidden_states: Tensor, timestep: Tensor, encoder_hidden_states: Tensor
) -> tuple[Tensor, Tensor, Tensor, Any]:
    """What diffusers' `WanTransformer3DModel.forward` does before its first block.

    The time is one for all tokens, or one for each.

    Source: diffusers 0.42.1 models/transformers/transformer_wan.py.
    """
    rotary = model.rope(hidden_states)
    hidden = model.patch_embedding(hidden_states).flatten(2).transpose(1, 2)
    each = timestep.shape[1] if timestep.ndim == 2 else None
    _, projection, text, _ = model.condition_embedder(
        timestep.flatten(), encoder_hidden_states, None, timestep_seq_len=each
    )
    return hidden, text, projection.unflatten(-1, (6, -1)), rotary
