"""Linear layers whose weights stay float8 in memory.

Formats: a bare float8 weight (scale 1); ComfyUI's older `scale_weight` next to it with a
`scaled_fp8` marker in the file; the newer `weight_scale` with a `comfy_quant` tensor per layer or
`_quantization_metadata` in the header. A float8 weight means `weight * scale`, never the bare
weight, wherever a scale is given.
"""

import json
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from ..errors import CheckpointError
from ..shapes import Float
from .checkpoint import Checkpoint, Weight, without_prefix

FLOAT8 = (torch.float8_e4m3fn, torch.float8_e5m2)
SCALE_SUFFIXES = (".weight_scale", ".scale_weight")
_READABLE_FORMATS = ("float8_e4m3fn", "float8_e5m2")
# Scales of the activations, and notes on the format. We multiply in the compute type, which is
# more exact than quantised activations, so they are not needed.
_SURPLUS_SUFFIXES = (".scale_input", ".input_scale", ".comfy_quant")


class Fp8Linear(nn.Linear):
    """A linear layer that keeps float8 weights and widens them at each use.

    `weight` holds the float8 numbers as int8: libraries leave integer weights alone, where they
    would cast float8 ones in `.to(dtype)`, or cast the input to the weight's type (umT5 does).

    Args:
        weight: [out, in] float8, kept without a copy.
        scale: factor of the weight: one number, or one for each output.
        bias: [out], in the compute type.
        compute_dtype: type of the weights that adapters (LoRA) put next to it.
    """

    weight_scale: Tensor
    multiplies_in_fp8 = False

    def __init__(
        self,
        weight: Float[Tensor, "out in_"],
        scale: Tensor,
        bias: Tensor | None,
        *,
        compute_dtype: torch.dtype,
    ) -> None:
        out_features, in_features = weight.shape
        super().__init__(in_features, out_features, bias=False, device="meta")
        self.weight = nn.Parameter(weight.view(torch.int8), requires_grad=False)
        self.float8 = weight.dtype
        if bias is not None:
            self.bias = nn.Parameter(bias, requires_grad=False)
        scale = scale.to(torch.float32)
        self.register_buffer("weight_scale", scale.reshape(-1, 1) if scale.numel() > 1 else scale)
        # peft gives its adapters this type instead of the weight's.
        self.compute_dtype = compute_dtype

    def forward(self, input: Float[Tensor, "*batch in_"]) -> Float[Tensor, "*batch out"]:
        """Multiply by `weight * scale`, computed in float32 and rounded to the input's type."""
        if self.multiplies_in_fp8:
            weight8 = self.weight.view(self.float8)
            return multiply_in_fp8(input, weight8, self.weight_scale, self.bias)
        return nn.functional.linear(input, self.widened(input.dtype), self.bias)

    def widened(self, dtype: torch.dtype) -> Float[Tensor, "out in_"]:
        """Return `weight * scale`, computed in float32 and rounded to `dtype`."""
        return widen(self.weight.view(self.float8), self.weight_scale, dtype)


def multiply_in_fp8(
    input: Float[Tensor, "*batch in_"],
    weight: Float[Tensor, "out in_"],
    scale: Tensor,
    bias: Tensor | None,
) -> Float[Tensor, "*batch out"]:
    """Multiply with both sides in float8: each token with a scale of its own.

    Args:
        input: of any floating type, which the result has too.
        weight: float8; both its sides multiples of 16.
        scale: of the weight: one number, or one for each output.
        bias: added after.

    Source:
        Wan's report, section 4.4.3: a scale a token, a scale a tensor.
    """
    rows = input.reshape(-1, input.shape[-1])
    limit = torch.finfo(torch.float8_e4m3fn).max
    tiny = torch.finfo(torch.float32).tiny
    of_rows = (rows.abs().amax(1, keepdim=True).float() / limit).clamp(min=tiny)
    narrow = (rows.float() / of_rows).to(torch.float8_e4m3fn)
    of_columns = scale.float().reshape(1, -1).expand(1, len(weight)).contiguous()
    # Scales by row are computed in bfloat16 alone.
    out = torch._scaled_mm(
        narrow, weight.t(), scale_a=of_rows, scale_b=of_columns, out_dtype=torch.bfloat16
    ).to(input.dtype)
    out = out if bias is None else out + bias.to(out.dtype)
    return out.reshape(*input.shape[:-1], len(weight))


def widen(weight: Tensor, scale: Tensor, dtype: torch.dtype) -> Tensor:
    """Convert a float8 weight to `dtype`: weight * scale in float32, rounded once."""
    return (weight.to(torch.float32) * scale.to(weight.device, torch.float32)).to(dtype)


_ROWS = 64  # of a weight, rounded at a time


def round_to_fp8(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Round a weight to float8_e4m3fn with one scale that uses the type's whole range.

    Returns:
        The float8 weight and the scale, such that `weight * scale` is about the input.
    """
    limit = torch.finfo(torch.float8_e4m3fn).max
    largest = torch.stack(weight.aminmax()).to(torch.float32).abs().amax()
    # A layer of zeros needs no scale; the smallest normal number keeps the division finite.
    scale = (largest / limit).clamp(min=torch.finfo(torch.float32).tiny)
    rounded = torch.empty_like(weight, dtype=torch.float8_e4m3fn)
    # A few rows at a time: float32 copies of whole weights would be most of the memory in use.
    for wide, narrow in zip(weight.split(_ROWS), rounded.split(_ROWS), strict=True):
        narrow.copy_(wide.to(torch.float32) / scale)
    return rounded, scale


def take_scales(weights: dict[str, Weight]) -> dict[str, Weight]:
    """Move the scales out of a checkpoint's weights; drop tensors that describe the format.

    Args:
        weights: library name -> weight.

    Returns:
        Path of the layer -> its scale. `weights` is left with the layers' own tensors.
    """
    scales: dict[str, Weight] = {}
    for name in list(weights):
        for suffix in SCALE_SUFFIXES:
            if name.endswith(suffix):
                scales[name.removesuffix(suffix)] = weights.pop(name)
        if name.endswith(_SURPLUS_SUFFIXES) or name == "scaled_fp8":
            del weights[name]
    return scales


def check_formats(checkpoint: Checkpoint) -> None:
    """Refuse quantisations that are not one scale per weight (nvfp4, mxfp8, int8).

    Raises:
        CheckpointError: such a format, named.
    """
    for layer, quantisation in _quantisations(checkpoint):
        if quantisation not in _READABLE_FORMATS:
            raise CheckpointError(
                f"{checkpoint.path}: {layer} must be bf16, fp16, fp32 or scaled fp8; got "
                f"{quantisation}. Use another version of this model."
            )
        if not any(f"{layer}{suffix}" in checkpoint.weights for suffix in SCALE_SUFFIXES):
            raise CheckpointError(
                f"{checkpoint.path} must have the scale of {layer}; got its float8 weight alone. "
                "Download the whole file."
            )
    for name, weight in checkpoint.weights.items():
        if name.endswith((".weight_scale_2", "._data", ".qweight")):
            raise CheckpointError(
                f"{checkpoint.path} must be bf16, fp16, fp32 or scaled fp8; got a quantisation "
                f"of another kind ({weight.name}). Use another version of this model."
            )


def _quantisations(checkpoint: Checkpoint) -> Iterable[tuple[str, str]]:
    """Name the format of every layer that the file describes."""
    text = checkpoint.metadata.get("_quantization_metadata")
    if text is not None:
        layers = _parse(checkpoint, text).get("layers", {})
        for layer, entry in layers.items() if isinstance(layers, dict) else ():
            yield without_prefix(layer), _format_of(entry)
    for name, weight in checkpoint.weights.items():
        if name.endswith(".comfy_quant"):
            note = _parse(checkpoint, weight.read().numpy().tobytes())
            yield name.removesuffix(".comfy_quant"), _format_of(note)


def _format_of(entry: object) -> str:
    return str(entry.get("format")) if isinstance(entry, Mapping) else "an unreadable note"


def _parse(checkpoint: Checkpoint, text: str | bytes) -> dict[str, object]:
    try:
        note = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(
            f"{checkpoint.path}: the notes on its quantisation must be JSON; got {error}. "
            "Download the file again."
        ) from error
    return note if isinstance(note, dict) else {}
