"""FlashMotion's adapters: what they add to a Wan model's tokens after each of its blocks.

Both take the latent of a clip's trajectory maps. The ResNet's residuals depend on nothing else,
so its body runs once a video; the ControlNet is a copy of the model that runs beside it. The
published adapters' own layout is not known to us; this one is `checkpoints/flashmotion.py`'s.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import nn

from ..errors import ShapeError
from ..shapes import Float, Tensor

_PATCH = 2  # latent cells per token, in both directions


class ResNetAdapter(nn.Module):
    """A small convolutional network on the token grid, with one output a block.

    Args:
        channels: C, of its body.
        width: D, the model's tokens.
        blocks: of the model.
        latent_channels: of the trajectory latent.
        operations: where `Conv2d` comes from; ComfyUI's casts weights at each use.
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
        """Run the body: the same for every step, so keep what it returns."""
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
        """What is added to the tokens after block `index`."""
        projected: Tensor = self.out_projectors[index](features[index])
        return projected.flatten(2).movedim(1, 2).reshape(batch, -1, projected.shape[1])


class ControlNetAdapter(nn.Module):
    """A copy of the model that sees the noisy latent and the maps, with one output a block.

    Args:
        copy: diffusers `WanTransformer3DModel` with twice the latent's channels. Its head is
            not used and may be missing.
        width: D, its tokens.
    """

    def __init__(self, copy: nn.Module, width: int) -> None:
        super().__init__()
        self.copy = copy
        blocks = len(copy.blocks)  # type: ignore[arg-type]
        self.out_projectors = nn.ModuleList(nn.Conv2d(width, width, 1) for _ in range(blocks))

    def residuals(self, **inputs: Any) -> Iterator[Float[Tensor, "batch tokens width"]]:
        """Run the copy block by block: each step of the iterator is one block's residual.

        Args:
            inputs: what the copy's `forward` takes.
        """
        model: Any = self.copy
        hidden, text, time, rotary = _embed(model, **inputs)
        for block, projector in zip(model.blocks, self.out_projectors, strict=True):
            hidden = block(hidden, text, time, rotary)
            yield _project(projector, hidden)


def _project(projector: nn.Module, hidden: Tensor) -> Tensor:
    """A 1x1 convolution over tokens."""
    out: Tensor = projector(hidden.movedim(1, 2)[..., None])
    return out[..., 0].movedim(1, 2)


def _embed(
    model: Any, *, hidden_states: Tensor, timestep: Tensor, encoder_hidden_states: Tensor
) -> tuple[Tensor, Tensor, Tensor, Any]:
    """What diffusers' `WanTransformer3DModel.forward` does before its first block.

    Source: diffusers 0.42.1 models/transformers/transformer_wan.py, the branch of a timestep for
    every token.
    """
    rotary = model.rope(hidden_states)
    hidden = model.patch_embedding(hidden_states).flatten(2).transpose(1, 2)
    time, projection, text, _ = model.condition_embedder(
        timestep.flatten(), encoder_hidden_states, None, timestep_seq_len=timestep.shape[1]
    )
    return hidden, text, projection.unflatten(2, (6, -1)), rotary


@contextmanager
def resnet_attached(
    model: Any, adapter: ResNetAdapter, maps: Tensor, *, strength: float
) -> Iterator[None]:
    """Add a ResNet adapter's residuals after the model's blocks, within a `with` block.

    Args:
        model: diffusers `WanTransformer3DModel`.
        adapter: on the model's device.
        maps: the trajectory latent, normalised as the video's own.
        strength: what the residuals are multiplied with.
    """
    check_fit(model, len(adapter.blocks), adapter.out_projectors[0].weight.shape[0])  # type: ignore
    features = adapter.features(maps)
    with ExitStack() as stack:
        for index, block in enumerate(model.blocks):

            def add(_block: Any, _inputs: Any, out: Tensor, index: int = index) -> Tensor:
                residual = adapter.residual(index, features, maps.shape[0])
                return out + (strength * residual).to(out.dtype)

            stack.callback(block.register_forward_hook(add).remove)
        yield


@contextmanager
def controlnet_attached(
    model: Any, adapter: ControlNetAdapter, maps: Tensor, *, strength: float
) -> Iterator[None]:
    """Run a ControlNet adapter beside the model, block by block, within a `with` block.

    Args:
        model: diffusers `WanTransformer3DModel`, called with keyword arguments.
        adapter: on the model's device.
        maps: the trajectory latent, normalised as the video's own.
        strength: what the residuals are multiplied with.
    """
    check_fit(model, len(adapter.out_projectors), adapter.out_projectors[0].weight.shape[0])  # type: ignore
    running: list[Iterator[Tensor]] = []

    def begin(_model: Any, _args: Any, inputs: dict[str, Any]) -> None:
        latent = inputs["hidden_states"]
        joined = torch.cat([latent, maps.to(latent).expand(len(latent), -1, -1, -1, -1)], 1)
        running[:] = [
            adapter.residuals(
                hidden_states=joined,
                timestep=inputs["timestep"],
                encoder_hidden_states=inputs["encoder_hidden_states"],
            )
        ]

    def add(_block: Any, _inputs: Any, out: Tensor) -> Tensor:
        return out + (strength * next(running[0])).to(out.dtype)

    with ExitStack() as stack:
        stack.callback(model.register_forward_pre_hook(begin, with_kwargs=True).remove)
        for block in model.blocks:
            stack.callback(block.register_forward_hook(add).remove)
        yield


def check_fit(model: Any, blocks: int, width: int) -> None:
    """Refuse an adapter of another model's size.

    Raises:
        ShapeError: another number of blocks, or another width.
    """
    own = model.config.num_attention_heads * model.config.attention_head_dim
    if (len(model.blocks), own) != (blocks, width):
        raise ShapeError(
            f"adapter must fit the model's {len(model.blocks)} blocks of width {own}; got "
            f"{blocks} of {width}. Use the adapter that was trained for this model."
        )
