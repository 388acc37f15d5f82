"""Adapters at work: their residuals, added after each block of a diffusers model."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import Any

import torch

from ..checkpoints.adapter_modules import ControlNetAdapter, ResNetAdapter
from ..errors import ShapeError
from ..shapes import Tensor


def attached(
    model: Any, adapter: Any, maps: Tensor | None, *, strength: float
) -> AbstractContextManager[None]:
    """Let an adapter act on a model within a `with` block; without maps the model is unchanged.

    Args:
        model: diffusers `WanTransformer3DModel`, called with keyword arguments.
        adapter: `ResNetAdapter` or `ControlNetAdapter`, on the model's device.
        maps: the trajectory latent, normalised as the video's own.
        strength: what the residuals are multiplied with.

    Raises:
        ShapeError: the adapter is of another model's size.
    """
    if maps is None or adapter is None:
        return nullcontext()
    if isinstance(adapter, ResNetAdapter):
        return resnet_attached(model, adapter, maps, strength=strength)
    return controlnet_attached(model, adapter, maps, strength=strength)


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
    check_fit(model, len(adapter.blocks), adapter.width)
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
    check_fit(model, len(adapter.out_projectors), adapter.width)
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
