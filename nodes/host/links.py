"""Check values that come over links against the schema, as the host checks typed values.

The host looks at the limits of typed values alone, and lets NaN through even there
(execution.py:965, ComfyUI 0.18.1).
"""

import functools
import inspect
import math
import numbers
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from ...wanmove_core import OptionError, ShapeError
from ...wanmove_core.formats.checks import shown

_VISION_WIDTH = 1280  # of ViT-H, which all Wan image-to-video models were trained with


def checked(execute: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a node's `execute`: refuse each input without the schema's type and range.

    An optional input of None counts as not connected.

    Raises:
        OptionError: a value that is not a number, text or choice of the schema, or out of range.
        ShapeError: a value that is not the picture, mask, latent or prompt that it must be.
    """

    @functools.wraps(execute)
    def run(cls: Any, **inputs: Any) -> Any:
        slots = {slot.id: slot for slot in (cls.SCHEMA or cls.define_schema()).inputs}
        given = {}
        for name, value in inputs.items():
            slot = slots.get(name)
            if value is None and slot is not None and slot.as_dict().get("optional"):
                continue
            kind = None if slot is None else slot.get_io_type()
            given[name] = _CHECKS[kind](slot, value) if kind in _CHECKS else value
            if kind == "COMBO":
                _check_choice(cls, slot, value)
        return execute(cls, **given)

    return run


def _number(slot: Any, value: Any) -> float:
    if isinstance(value, torch.Tensor) and value.numel() == 1:
        value = value.item()
    limits = slot.as_dict()
    low, high = limits["min"], limits["max"]
    if not isinstance(value, numbers.Real) or not low <= value <= high:
        raise OptionError(
            f"{slot.id} must be a number from {low:g} to {high:g}; got {_shown(value)}. "
            "Look at what is connected."
        )
    return float(value)


def _whole(slot: Any, value: Any) -> int:
    if isinstance(value, torch.Tensor) and value.numel() == 1:
        value = value.item()
    limits = slot.as_dict()
    low, high = limits["min"], limits["max"]
    fits = isinstance(value, numbers.Real) and low <= value <= high
    if not fits or value != math.floor(value):
        raise OptionError(
            f"{slot.id} must be an integer from {low} to {high}; got {_shown(value)}. "
            "Look at what is connected."
        )
    return int(value)


def _text(slot: Any, value: Any) -> str:
    if not isinstance(value, str):
        raise OptionError(
            f"{slot.id} must be text; got {_shown(value)}. Look at what is connected."
        )
    half = next((letter for letter in value if "\ud800" <= letter <= "\udfff"), None)
    if half is not None:
        raise OptionError(
            f"{slot.id} must be text that UTF-8 can hold; got half of a character, "
            f"{half!a}. Type it again."
        )
    return value


def _switch(slot: Any, value: Any) -> bool:
    if not isinstance(value, numbers.Real):
        raise OptionError(
            f"{slot.id} must be true or false; got {_shown(value)}. Look at what is connected."
        )
    return bool(value)


def _check_choice(cls: Any, slot: Any, value: str) -> None:
    """Refuse what the list lacks, unless the node looks for itself, as the host does too."""
    judge = getattr(cls, "validate_inputs", None)
    if value in slot.as_dict()["options"] or (
        judge and slot.id in inspect.signature(judge).parameters
    ):
        return
    # The list as it is now: a file may have come since the server started.
    now = next(fresh for fresh in cls.define_schema().inputs if fresh.id == slot.id)
    options = now.as_dict()["options"]
    if value not in options:
        few = ", ".join(options) if len(options) <= 8 else f"the {len(options)} listed"
        raise OptionError(
            f"{slot.id} must be one of {few}; got {_shown(value)}. Choose one of the list."
        )


def _image(slot: Any, value: Any) -> torch.Tensor:
    """IMAGE as float32; a batch of nothing stays for the node to refuse."""
    if not isinstance(value, torch.Tensor) or value.ndim != 4 or not value.is_floating_point():
        raise _wrong(slot, "an IMAGE: [batch, height, width, channels] of 0 to 1", value)
    return _with_pixels(slot, value, value.shape[1:3]).float()


def _mask(slot: Any, value: Any) -> torch.Tensor:
    """MASK as [batch, height, width]; some nodes leave the batch out, or add an axis of 1."""
    if not isinstance(value, torch.Tensor) or value.is_complex():
        raise _wrong(slot, "a MASK: [batch, height, width]", value)
    mask = value[None] if value.ndim == 2 else value
    mask = mask.squeeze(1) if mask.ndim == 4 and mask.shape[1] == 1 else mask
    if mask.ndim != 3:
        raise _wrong(slot, "a MASK: [batch, height, width]", value)
    return _with_pixels(slot, mask, mask.shape[1:])


def _with_pixels(slot: Any, picture: torch.Tensor, size: Sequence[int]) -> torch.Tensor:
    if min(size) == 0:
        raise ShapeError(
            f"{slot.id} must have pixels; got {size[1]}x{size[0]}. "
            "Look at what the node before it gives."
        )
    return picture


def _latent(slot: Any, value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise _wrong(slot, "a LATENT", value)
    return value


def _conditioning(slot: Any, value: Any) -> Any:
    if value == [] and slot.id == "negative":  # KSampler takes it, so a workflow may have it
        return value
    entries = value if isinstance(value, (list, tuple)) and value else [None]
    for entry in entries:
        pair = isinstance(entry, (list, tuple)) and len(entry) >= 2
        prompt = pair and isinstance(entry[0], torch.Tensor) and entry[0].ndim == 3
        if not prompt or not isinstance(entry[1], Mapping):
            raise _wrong(slot, "CONDITIONING, an encoded prompt", value)
    return value


def _model(slot: Any, value: Any) -> Any:
    if not hasattr(value, "clone") or not hasattr(value, "model"):
        raise _wrong(slot, "a MODEL", value)
    return value


def _check_clip_vision(slot: Any, value: Any) -> Any:
    states = getattr(value, "penultimate_hidden_states", None)
    if not isinstance(states, torch.Tensor):
        raise _wrong(slot, "a CLIP_VISION_OUTPUT", value)
    if states.ndim != 3 or states.shape[-1] != _VISION_WIDTH:
        raise ShapeError(
            f"{slot.id} must be of clip_vision_h, {_VISION_WIDTH} numbers a token; got "
            f"{states.shape[-1]}. Choose clip_vision_h.safetensors in the loader."
        )
    return value


def _wrong(slot: Any, expected: str, value: Any) -> ShapeError:
    return ShapeError(
        f"{slot.id} must be {expected}; got {_shown(value)}. Connect a node whose output is one."
    )


def _shown(value: Any) -> str:
    """`value` in a few words on one line."""
    if value is None:
        return "none"
    if isinstance(value, torch.Tensor) and not value.is_nested:
        return f"a tensor {list(value.shape)} of {str(value.dtype).removeprefix('torch.')}"
    if isinstance(value, (bool, int, float, str, list, tuple)):
        return shown(value)
    return type(value).__name__


_CHECKS: dict[str, Callable[[Any, Any], Any]] = {
    "INT": _whole,
    "FLOAT": _number,
    "STRING": _text,
    "COMBO": _text,
    "BOOLEAN": _switch,
    "IMAGE": _image,
    "MASK": _mask,
    "LATENT": _latent,
    "CONDITIONING": _conditioning,
    "MODEL": _model,
    "CLIP_VISION_OUTPUT": _check_clip_vision,
}
