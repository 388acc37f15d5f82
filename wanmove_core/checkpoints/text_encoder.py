"""Load umT5 and its tokenizer."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from transformers import AutoTokenizer, UMT5Config, UMT5EncoderModel

from ..errors import CheckpointError
from .assembly import build_empty, check_names, check_scales, fill
from .checkpoint import Checkpoint, axis_length, count_layers
from .fp8 import check_formats, take_scales
from .keymaps import TEXT_ENCODER_KEYS

_TRY_SECONDS = 120.0
_TRY_SENTENCEPIECE = """
import sys, sentencepiece
model = sentencepiece.SentencePieceProcessor()
model.LoadFromSerializedProto(sys.stdin.buffer.read())
model.encode("a cat", add_eos=True)
"""
_TRY_TOKENIZERS = """
import sys, tokenizers
tokenizers.Tokenizer.from_buffer(sys.stdin.buffer.read()).encode("a cat")
"""
_ATTENTION = "encoder.block.0.layer.0.SelfAttention"
# The embedding is tied; the tokenizer travels in the file; a full umT5 has a decoder too.
_SURPLUS = ("encoder.embed_tokens.", "spiece_model", "decoder.", "lm_head.")


@dataclass(frozen=True)
class PromptTokenizer:
    """Turns a prompt into umT5's token numbers.

    Args:
        encode: text -> numbers, ending in the end token.
        end_token: number of the end token.
    """

    encode: Callable[[str], list[int]]
    end_token: int


def load_text_encoder(
    checkpoint: Checkpoint,
    *,
    compute_dtype: torch.dtype,
    quantize: bool = False,
    device: torch.device | str = "cpu",
) -> UMT5EncoderModel:
    """Build the umT5 encoder that a checkpoint's shapes describe, and give it the weights.

    Args:
        checkpoint: identified as a text encoder.
        compute_dtype: type of the weights that are not float8, and of the arithmetic.
        quantize: round the linear layers to float8 when the file has wider weights.
        device: where the weights go.

    Raises:
        CheckpointError: weights that are missing, surplus, misshapen or of an unreadable type.
    """
    check_formats(checkpoint)
    weights = checkpoint.in_library_names(TEXT_ENCODER_KEYS)
    scales = take_scales(weights)

    def size(name: str, axis: int) -> int:
        return axis_length(checkpoint.path, weights, name, axis)

    heads = size(f"{_ATTENTION}.relative_attention_bias.weight", 1)
    config = UMT5Config(
        vocab_size=size("shared.weight", 0),
        d_model=size("shared.weight", 1),
        d_kv=size(f"{_ATTENTION}.q.weight", 0) // heads,
        d_ff=size("encoder.block.0.layer.1.DenseReluDense.wi_0.weight", 0),
        num_layers=count_layers(weights, "encoder.block."),
        num_heads=heads,
        relative_attention_num_buckets=size(f"{_ATTENTION}.relative_attention_bias.weight", 0),
        feed_forward_proj="gated-gelu",
    )
    model = build_empty(lambda: _tied(config))
    check_names(model, weights, checkpoint.path, surplus=_SURPLUS)
    check_scales(model, scales, checkpoint.path)
    fill(
        model,
        weights,
        scales,
        dtype_of=lambda _name: compute_dtype,
        device=device,
        rounded_to_fp8=_is_linear if quantize else None,
    )
    return model


def _is_linear(name: str) -> bool:
    """Whether a weight is a linear layer's; the biases of relative positions are an embedding."""
    parts = (".SelfAttention.", ".DenseReluDense.")
    return any(part in name for part in parts) and "relative_attention_bias" not in name


def _tied(config: UMT5Config) -> UMT5EncoderModel:
    model = UMT5EncoderModel(config)
    model.set_input_embeddings(model.shared)
    return model


def load_tokenizer(checkpoint: Checkpoint | None, folder: Path | None) -> PromptTokenizer:
    """Load umT5's tokenizer: from a folder of tokenizer files, else from inside the checkpoint.

    Args:
        checkpoint: a text encoder that may hold its sentencepiece model (ComfyUI's do).
        folder: has `spiece.model` or `tokenizer.json`; None if there is none.

    Raises:
        CheckpointError: there is no tokenizer, or it cannot be read.
    """
    if folder is not None:
        return _open_tokenizer_folder(folder)
    if checkpoint is not None and "spiece_model" in checkpoint.weights:
        proto: Tensor = checkpoint.weights["spiece_model"].read()
        return _open_sentencepiece(proto.numpy().tobytes(), str(checkpoint.path))
    where = checkpoint.path if checkpoint else "the model folder"
    raise CheckpointError(
        f"{where} must come with umT5's tokenizer; got none. Add the google/umt5-xxl folder "
        "(spiece.model or tokenizer.json), or use ComfyUI's umT5 file, which contains it."
    )


def _open_tokenizer_folder(folder: Path) -> PromptTokenizer:
    if (folder / "spiece.model").is_file():
        proto = (folder / "spiece.model").read_bytes()
        return _open_sentencepiece(proto, str(folder / "spiece.model"))
    _try_apart(_TRY_TOKENIZERS, (folder / "tokenizer.json").read_bytes(), folder, "tokenizer.json")
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise CheckpointError(
            f"{folder} must hold umT5's tokenizer; got files that cannot be read "
            f"({type(error).__name__}). Download google/umt5-xxl again."
        ) from error
    return PromptTokenizer(
        encode=lambda text: list(tokenizer(text, add_special_tokens=True).input_ids),
        end_token=tokenizer.eos_token_id,
    )


def _try_apart(code: str, data: bytes, source: object, kind: str) -> None:
    """Load a tokenizer in a process that may die: damaged ones abort it.

    Raises:
        CheckpointError: it cannot be loaded, or does not encode a text.
    """
    try:
        tried = subprocess.run(
            [sys.executable, "-c", code],
            input=data,
            capture_output=True,
            check=False,
            timeout=_TRY_SECONDS,
        )
        fine = tried.returncode == 0
    except subprocess.TimeoutExpired:
        fine = False
    if not fine:
        raise CheckpointError(
            f"{source}: the tokenizer must be a {kind}; got {len(data)} bytes that are not. "
            "Download the file again."
        )


def _open_sentencepiece(proto: bytes, source: str) -> PromptTokenizer:
    import sentencepiece

    _try_apart(_TRY_SENTENCEPIECE, proto, source, "sentencepiece model")
    processor = sentencepiece.SentencePieceProcessor()
    try:
        processor.LoadFromSerializedProto(proto)
    except RuntimeError as error:
        raise CheckpointError(
            f"{source}: the tokenizer must be a sentencepiece model; got {len(proto)} bytes that "
            "are not. Download the file again."
        ) from error
    return PromptTokenizer(
        encode=lambda text: list(processor.encode(text, add_eos=True)),
        end_token=processor.eos_id(),
    )
