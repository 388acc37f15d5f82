"""The state of a run, to resume it, in one safetensors file: nothing is unpickled."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from ..errors import CheckpointError
from ..media.writer import replacing
from .processes import spread_like

_WITHIN = "/"  # between the names of a dict and of its entry


def trained(module: nn.Module) -> dict[str, nn.Parameter]:
    """Return the trained parameters by name."""
    return {name: p for name, p in module.named_parameters() if p.requires_grad}


class Average:
    """An exponential moving average of a module's trained parameters.

    Args:
        module: whose trained parameters are averaged.
        decay: share that stays in a step; less in the first steps, (1 + n) / (10 + n).
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self._module = module
        self._decay = decay
        self.steps = 0
        self.weights = {
            name: p.detach().to(torch.float32, copy=True) for name, p in trained(module).items()
        }

    @torch.no_grad()
    def update(self) -> None:
        """Move the average towards the module."""
        self.steps += 1
        share = 1 - min(self._decay, (1 + self.steps) / (10 + self.steps))
        for name, parameter in trained(self._module).items():
            self.weights[name].lerp_(parameter.float(), share)

    @torch.no_grad()
    def swap(self) -> None:
        """Exchange the module's weights and the average, in place; twice changes nothing."""
        for name, parameter in trained(self._module).items():
            live = parameter.detach().to(torch.float32, copy=True)
            parameter.copy_(self.weights[name])
            self.weights[name] = live


def write_state(path: Path, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
    """Write tensors and JSON facts; a kill at any moment leaves the old or the new file."""
    whole = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        save_file(whole, temporary, {"facts": json.dumps(facts)})


def read_state(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """Read what `write_state` wrote, on the CPU; None if the file does not exist.

    Raises:
        CheckpointError: the file is damaged or of another kind.
    """
    if not path.exists():
        return None
    try:
        with safe_open(path, "pt") as file:
            facts = json.loads((file.metadata() or {})["facts"])
            names = list(file.keys())
            return {name: file.get_tensor(name) for name in names}, facts
    except (SafetensorError, KeyError, ValueError, OSError, RecursionError) as error:
        raise CheckpointError(
            f"{path} must be the state of a training run; got {error}. "
            "Delete it to begin again, or restore it."
        ) from error


def optimiser_state(optimiser: torch.optim.Optimizer, prefix: str) -> Iterator[tuple[str, Any]]:
    """Yield the state of an optimiser as (name, tensor or number).

    bitsandbytes keeps its tensors in a dict of their own within each weight's state.
    """
    for index, entry in optimiser.state_dict()["state"].items():
        for key, value in entry.items():
            inner = value.items() if isinstance(value, dict) else [("", value)]
            for name, part in inner:
                yield f"{prefix}.{index}.{key}{_WITHIN if name else ''}{name}", part


def restore_optimiser(optimiser: torch.optim.Optimizer, prefix: str, saved: dict[str, Any]) -> None:
    """Restore the state that `optimiser_state` gave, in place."""
    state: dict[int, dict[str, Any]] = {}
    for name, value in saved.items():
        if name.startswith(f"{prefix}."):
            index, key = name.removeprefix(f"{prefix}.").split(".", 1)
            key, _, inner = key.partition(_WITHIN)
            entry = state.setdefault(int(index), {})
            if inner:
                entry = entry.setdefault(key, {})
            entry[inner or key] = value
    learning: list[Tensor] = [p for group in optimiser.param_groups for p in group["params"]]
    for place, entry in state.items():
        for key, value in entry.items():
            if isinstance(value, Tensor) and value.shape == learning[place].shape:
                entry[key] = spread_like(value, learning[place])
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": state, "param_groups": groups})
