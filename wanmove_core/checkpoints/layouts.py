"""Find the parts of a model among files, whatever the layout of their folders."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import CheckpointError
from ..family import WAN21_I2V, WAN22_TI2V, ModelFamily
from .checkpoint import Checkpoint, group_shards, open_checkpoint
from .classify import (
    ADAPTER,
    IMAGE_ENCODER,
    TEXT_ENCODER,
    TRANSFORMER,
    VAE,
    Identity,
    identify,
)
from .fp8 import FLOAT8

_log = logging.getLogger("wanmove")

SUFFIXES = {".safetensors", ".sft", ".pth", ".pt", ".bin", ".gguf"}
# ComfyUI's folders of single files.
COMFYUI_FOLDERS = ("diffusion_models", "unet", "text_encoders", "clip", "vae", "clip_vision")
_SUBFOLDERS = (*COMFYUI_FOLDERS, "transformer", "text_encoder", "image_encoder")
_TOKENIZER_FOLDERS = ("tokenizer", "google/umt5-xxl", "umt5-xxl", ".")
_TOKENIZER_FILES = ("spiece.model", "tokenizer.json")
_NEEDED = {
    TRANSFORMER: (
        f"a Wan-Move image-to-video transformer ({WAN21_I2V.input_channels} input channels)",
        "Download Ruihang/Wan-Move-14B-480P, or Wan21-WanMove_fp8_scaled_e4m3fn_KJ.safetensors "
        "of Kijai/WanVideo_comfy_fp8_scaled",
    ),
    VAE: ("a Wan 2.1 VAE", "Download Wan2.1_VAE.pth or wan_2.1_vae.safetensors"),
    TEXT_ENCODER: (
        "a umT5-XXL text encoder, or prompt embeddings in its place",
        "Download models_t5_umt5-xxl-enc-bf16.pth or umt5_xxl_fp8_e4m3fn_scaled.safetensors",
    ),
    IMAGE_ENCODER: (
        "a CLIP ViT-H/14 image encoder",
        "Download models_clip_open-clip-xlm-roberta-large-vit-huge-14.pth or "
        "clip_vision_h.safetensors",
    ),
}
_NEEDED_5B = (
    "a Wan 2.2 VAE, which belongs to the 5B transformer",
    "Download Wan2.2_VAE.pth or wan2.2_vae.safetensors",
)


@dataclass
class Inventory:
    """The checkpoints that a set of paths holds. Made by `survey`.

    Args:
        roots: the paths as given, for messages.
        parts: part -> checkpoints that can serve as it.
        others: files of other models, with descriptions.
        damaged: files in a folder that could not be opened.
        tokenizer: a folder with umT5's tokenizer files.
        families: file of a transformer or VAE -> the model family that it belongs to.
        given: files that were given by name, not found in a folder.
    """

    roots: tuple[Path, ...]
    parts: dict[str, list[Checkpoint]] = field(default_factory=dict)
    others: list[tuple[Path, Identity]] = field(default_factory=list)
    damaged: list[CheckpointError] = field(default_factory=list)
    tokenizer: Path | None = None
    families: dict[Path, ModelFamily] = field(default_factory=dict)
    given: set[Path] = field(default_factory=set)

    def add(self, checkpoint: Checkpoint, identity: Identity) -> None:
        """Add a checkpoint under its part."""
        self.parts.setdefault(str(identity.part), []).append(checkpoint)
        if identity.family is not None:
            self.families[checkpoint.path] = identity.family

    @property
    def family(self) -> ModelFamily:
        """Return the family of the transformer: of the one given by name, else Wan-Move's."""
        files = [checkpoint.path for checkpoint in self.parts.get(TRANSFORMER, [])]
        named = [path for path in files if path in self.given] or files
        found = {self.families.get(path, WAN21_I2V) for path in named}
        return found.pop() if len(found) == 1 else WAN21_I2V


def survey(paths: Sequence[Path]) -> Inventory:
    """Open every file below the paths and recognise it.

    A file that is given by name must be a part of the model. In a folder, files of other models are
    skipped, so ComfyUI's `models` folder can be given.

    Raises:
        CheckpointError: a path that does not exist, or a file given by itself that is damaged or
            of another model.
    """
    inventory = Inventory(tuple(paths))
    files = [path for path in paths if not path.is_dir()]
    for group in group_shards(files):
        checkpoint = open_checkpoint(group)
        identity = identify(checkpoint)
        if identity.part in (None, ADAPTER):
            raise wrong_model(checkpoint.path, identity)
        inventory.add(checkpoint, identity)
        inventory.given.add(checkpoint.path)
    for folder in (path for path in paths if path.is_dir()):
        _survey_folder(folder, inventory)
    inventory.tokenizer = next(_tokenizer_folders(paths), None)
    return inventory


def _survey_folder(folder: Path, inventory: Inventory) -> None:
    for group in group_shards(list(_weight_files(folder))):
        try:
            checkpoint = open_checkpoint(group)
        except CheckpointError as error:
            _log.debug("passed over: %s", error)
            inventory.damaged.append(error)
            continue
        identity = identify(checkpoint)
        if identity.part in (None, ADAPTER):
            inventory.others.append((checkpoint.path, identity))
        else:
            inventory.add(checkpoint, identity)


def _weight_files(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.suffix.lower() in SUFFIXES and path.is_file():
            yield path
    for name in _SUBFOLDERS:
        for path in (folder / name).rglob("*"):
            if path.suffix.lower() in SUFFIXES and path.is_file():
                yield path


def _tokenizer_folders(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        root = path if path.is_dir() else path.parent
        for name in _TOKENIZER_FOLDERS:
            folder = root / name
            if any((folder / file).is_file() for file in _TOKENIZER_FILES):
                yield folder


def wrong_model(path: Path, identity: Identity) -> CheckpointError:
    """Make the error that says what a file is, and what is needed instead."""
    if identity.description == "a LoRA":
        return CheckpointError(
            f"{path} must be a whole model; got a LoRA. Give it with --lora, next to the "
            "checkpoint it changes."
        )
    if identity.resembles == ADAPTER:
        return CheckpointError(
            f"{path} must be a whole model; got {identity.description}. Give it with --adapter, "
            f"next to the 5B checkpoint, or look at it: wanmove inspect {path}."
        )
    needed, fix = _NEEDED.get(
        identity.resembles or "", ("a part of Wan-Move", _NEEDED[TRANSFORMER][1])
    )
    return CheckpointError(f"{path} must be {needed}; got {identity.description}. {fix}.")


def choose(inventory: Inventory, part: str, dtype: str) -> Checkpoint:
    """Pick the one checkpoint for a part.

    If there are several, "fp8" chooses the one stored as fp8. Any other type chooses one that is
    not stored as fp8; of several of those, the one stored in the given type.

    Args:
        inventory: of the given paths.
        part: one of the names in `classify`.
        dtype: "bf16", "fp16", "fp32" or "fp8".

    Raises:
        CheckpointError: no checkpoint for it, or several that are equally good.
    """
    # A transformer and a VAE of another family in the same folder are of no use here.
    candidates = [
        checkpoint
        for checkpoint in inventory.parts.get(part, [])
        if inventory.families.get(checkpoint.path, inventory.family) == inventory.family
    ]
    if not candidates:
        raise _none_found(inventory, part)
    if len(candidates) > 1:
        stored = {id(c): storage(c) for c in candidates}
        exact = [c for c in candidates if stored[id(c)] == dtype]
        wide = [c for c in candidates if stored[id(c)] not in ("fp8", "gguf")]
        candidates = exact or (wide if dtype != "fp8" else []) or candidates
    if len(candidates) > 1:
        listed = ", ".join(str(c.path) for c in candidates)
        raise CheckpointError(
            f"the checkpoint paths must hold one {part.replace('_', ' ')} stored as {dtype}; got "
            f"{len(candidates)}: {listed}. Give the files of one model instead of the folder."
        )
    return candidates[0]


def storage(checkpoint: Checkpoint) -> str:
    """Return the type of a checkpoint's matrices: "bf16", "fp16", "fp32", "fp8" or "gguf"."""
    sizes: dict[str, int] = {}
    for weight in checkpoint.weights.values():
        if weight.file.is_gguf:
            return "gguf"
        name = "fp8" if weight.dtype in FLOAT8 else _NAMES.get(str(weight.dtype), "other")
        sizes[name] = sizes.get(name, 0) + weight.file.weights[weight.name].bytes
    # A scaled fp8 file keeps large embeddings in a wider type; any fp8 makes it one.
    return "fp8" if "fp8" in sizes else max(sizes, key=lambda name: sizes[name])


_NAMES = {"torch.bfloat16": "bf16", "torch.float16": "fp16", "torch.float32": "fp32"}


def _none_found(inventory: Inventory, part: str) -> CheckpointError:
    """Say what is there instead: a damaged file, a relative of the part, or other models."""
    needed, fix = _NEEDED_5B if (part, inventory.family) == (VAE, WAN22_TI2V) else _NEEDED[part]
    for path, identity in inventory.others:
        if identity.resembles == part:
            return wrong_model(path, identity)
    if inventory.damaged:
        return inventory.damaged[0]
    found = [f"{path.name}: {identity.description}" for path, identity in inventory.others]
    found += [
        f"{checkpoint.path.name}: {name.replace('_', ' ')}"
        for name, checkpoints in inventory.parts.items()
        for checkpoint in checkpoints
    ]
    where = ", ".join(str(root) for root in inventory.roots)
    got = "; ".join(found[:4]) or "no model files"
    return CheckpointError(f"{where} must contain {needed}; got {got}. {fix}.")
