"""As much of ComfyUI as the nodes import, so that they run where there is none.

What the fakes do is only what the real ones promise; tests/host checks the nodes on the real ones.
"""

import enum
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import torch

LATENT_CHANNELS = 16


_TYPES = {"ClipVisionOutput": "CLIP_VISION_OUTPUT", "ModelPatch": "MODEL_PATCH"}


@dataclass
class Slot:
    """An input or output of a schema."""

    kind: str
    id: str
    options: dict[str, Any]

    def get_io_type(self) -> str:
        return _TYPES.get(self.kind, self.kind.upper())

    def as_dict(self) -> dict[str, Any]:
        return self.options


class _Kind:
    def __init__(self, name: str) -> None:
        self._name = name

    def Input(self, id: str, **options: Any) -> Slot:
        return Slot(self._name, id, options)

    Output = Input

    def TemplatePrefix(self, slot: Slot, **options: Any) -> dict[str, Any]:
        return {"slot": slot, **options}


@dataclass
class Schema:
    node_id: str
    display_name: str
    category: str
    description: str
    inputs: list[Slot]
    outputs: list[Slot]
    search_aliases: list[str] = field(default_factory=list)
    hidden: list[Any] = field(default_factory=list)
    is_output_node: bool = False
    has_intermediate_output: bool = False


class NodeOutput:
    def __init__(self, *result: Any, ui: Any = None) -> None:
        self.result, self.ui = result, ui


class Hidden(enum.Enum):
    unique_id = enum.auto()


class ComfyNode:
    SCHEMA = None
    hidden = SimpleNamespace(unique_id="1")


class ComfyExtension:
    async def on_load(self) -> None: ...


class _Ui:
    def __init__(self, value: Any, **_options: Any) -> None:
        self.value = value

    def as_dict(self) -> dict[str, Any]:
        return {type(self).__name__: self.value}


class PreviewText(_Ui): ...


class PreviewImage(_Ui):
    def as_dict(self) -> dict[str, Any]:
        return {"images": self.value}


class Io:
    Schema, NodeOutput, Hidden, ComfyNode = Schema, NodeOutput, Hidden, ComfyNode
    # The nodes name this one in an annotation.
    Input = Slot

    def __getattr__(self, name: str) -> _Kind:
        return _Kind(name)


class VAE:
    """Encodes frames 4k-3 .. 4k to their mean, a cell to its first three channels' mean."""

    def encode(self, clip: torch.Tensor) -> torch.Tensor:
        frames, height, width, _ = clip.shape
        cells = clip.reshape(frames, height // 8, 8, width // 8, 8, 3).mean((2, 4))
        latent = cells[::4].movedim(-1, 0)[None]
        return latent.repeat(1, 6, 1, 1, 1)[:, :LATENT_CHANNELS]


class Clip:
    """Encodes a prompt to its length; counts how often."""

    encoded: list[str]

    def __init__(self) -> None:
        self.encoded = []

    def tokenize(self, text: str) -> str:
        return text

    def encode_from_tokens_scheduled(self, text: str) -> list[Any]:
        self.encoded.append(text)
        return [[torch.full((1, 2, 4), float(len(text))), {"pooled_output": None}]]


class Model:
    """A model patcher that records what is done to it."""

    def __init__(self) -> None:
        self.model = SimpleNamespace(model_config=None)
        self.wrappers: list[tuple[str, str]] = []
        self.patches: dict[str, Any] = {}

    def clone(self) -> "Model":
        copy = Model()
        copy.wrappers, copy.patches = list(self.wrappers), dict(self.patches)
        return copy

    def add_wrapper_with_key(self, kind: str, key: str, _wrapper: Any) -> None:
        self.wrappers.append((kind, key))

    def add_object_patch(self, name: str, value: Any) -> None:
        self.patches[name] = value


class ModelSampling:
    def __init__(self, _config: Any) -> None: ...

    def set_parameters(self, shift: float, multiplier: int) -> None:
        self.shift, self.multiplier = shift, multiplier


class Constant: ...


class ProgressBar:
    def __init__(self, total: int) -> None:
        self.total, self.done = total, 0

    def update_absolute(self, done: int) -> None:
        self.done = done


class CFGGuider:
    def __init__(self, model: Any) -> None:
        self.model_patcher = model

    def set_conds(self, positive: Any, negative: Any) -> None:
        self.original_conds = {"positive": positive, "negative": negative}

    def set_cfg(self, cfg: float) -> None:
        self.cfg = cfg


def conditioning_set_values(conditioning: Any, values: dict[str, Any]) -> list[Any]:
    return [[embedding, {**given, **values}] for embedding, given in conditioning]


def pad_to_patch_size(latent: torch.Tensor, patch_size: tuple[int, ...]) -> torch.Tensor:
    sides = zip(patch_size, latent.shape[2:], strict=True)
    missing = [end for patch, side in reversed(list(sides)) for end in (0, -side % patch)]
    return torch.nn.functional.pad(latent, missing, mode="circular")


def fake_modules(base: Path) -> dict[str, ModuleType]:
    """Modules by name. Folders are below `base`."""
    wrappers = SimpleNamespace(
        OUTER_SAMPLE="outer_sample",
        PREDICT_NOISE="predict_noise",
        DIFFUSION_MODEL="diffusion_model",
    )
    sampler = SimpleNamespace(SAMPLERS=["euler", "uni_pc"], SCHEDULERS=["simple", "beta"])
    contents: dict[str, dict[str, Any]] = {
        "comfy": {},
        "comfy.model_management": {
            "intermediate_device": lambda: torch.device("cpu"),
            "OOM_EXCEPTION": torch.OutOfMemoryError,
            "throw_exception_if_processing_interrupted": lambda: None,
        },
        "comfy.sd": {"VAE": type("RealVAE", (), {}), "CLIPType": SimpleNamespace(WAN="wan")},
        "comfy.clip_vision": {},
        "comfy.utils": {"ProgressBar": ProgressBar},
        "comfy.samplers": {"KSampler": sampler, "CFGGuider": CFGGuider},
        "comfy.model_sampling": {"ModelSamplingDiscreteFlow": ModelSampling, "CONST": Constant},
        "comfy.patcher_extension": {"WrappersMP": wrappers},
        "comfy.ldm": {},
        "comfy.ldm.common_dit": {"pad_to_patch_size": pad_to_patch_size},
        "comfy.ldm.wan": {},
        "comfy.ldm.wan.model": {},
        "comfy.model_patcher": {},
        "comfy.ops": {},
        "comfy_api": {},
        "comfy_api.latest": {
            "io": Io(),
            "ui": SimpleNamespace(PreviewText=PreviewText, PreviewImage=PreviewImage),
            "ComfyExtension": ComfyExtension,
        },
        "comfyui_version": {"__version__": "0.0.0"},
        "folder_paths": _folders(base),
        "latent_preview": {},
        "node_helpers": {"conditioning_set_values": conditioning_set_values},
        "nodes": {"common_ksampler": lambda **inputs: (inputs,)},
        "server": {"PromptServer": SimpleNamespace(instance=None)},
    }
    modules = {}
    for name, members in contents.items():
        module = modules[name] = ModuleType(name)
        vars(module).update(members)
        parent, _, leaf = name.rpartition(".")
        if parent:
            setattr(modules[parent], leaf, module)
    return modules


def _folders(base: Path) -> dict[str, Any]:
    def annotated(name: str) -> str:
        folder = "input"
        if name.endswith(" [output]"):
            name, folder = name.removesuffix(" [output]"), "output"
        return str(base / folder / name)

    def save_path(prefix: str, root: str) -> tuple[str, str, int]:
        folder = Path(root) / Path(prefix).parent
        folder.mkdir(parents=True, exist_ok=True)
        return str(folder), Path(prefix).name, 1

    folders = {"get_annotated_filepath": annotated, "get_save_image_path": save_path}
    for name in ("input", "output", "temp", "user"):
        folders[f"get_{name}_directory"] = lambda name=name: str(base / name)
    return {
        **folders,
        "get_filename_list": lambda _folder: ["model.safetensors"],
        "get_folder_paths": lambda folder: [str(base / folder)],
        "add_model_folder_path": lambda _name, _path: None,
        "models_dir": str(base / "models"),
        "get_full_path": lambda folder, name: (
            str(base / folder / name) if (base / folder / name).is_file() else None
        ),
    }
