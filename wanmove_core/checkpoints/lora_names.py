"""The one parser of LoRA names, in all tools' spellings: which layer a weight changes, and how.

Known spellings: ComfyUI (`diffusion_model.`, `lora_down` or `lora_A`, `diff`, `diff_b`), lightx2v
(`diff_m` for modulations), kohya and musubi (`lora_unet_` and underscores), diffusers and peft
(`transformer.`, `base_model.model.`, `lora_A.default`), DiffSynth (`pipe.dit.`), OneTrainer
(`lora_transformer_`), and mixtures of them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from .keymaps import TRANSFORMER_KEYS

# Separators are taken for each other: tools write dots as underscores, all or some.
_SEPARATORS = re.compile(r"[._/]+")
_PREFIX = re.compile(
    r"(?:lora_|lycoris_|base_model_|model_|diffusion_model_|transformer_|unet_|dit_|pipe_|net_"
    r"|module_|wan_)"
)
_ADAPTER = r"(?:\.[A-Za-z][\w-]{0,40})?"  # peft names its adapter, "default" if nothing else
_CHANGE = re.compile(
    r"(?P<down>[._]lora(?:_A" + _ADAPTER + r"|_down|[._]down|_linear_layer[._]down)(?:[._]weight)?"
    r")$|(?P<up>[._]lora(?:_B" + _ADAPTER + r"|_up|[._]up|_linear_layer[._]up)(?:[._]weight)?)$"
    r"|(?P<bias>[._](?:diff_b|lora_B" + _ADAPTER + r"\.bias|lora_up\.bias))$"
    r"|(?P<alpha>[._](?:lora_|network_)?alpha)$"
    r"|(?P<modulation>[._]diff_m)$"
    r"|(?P<weight>[._]diff)$"
)
# What is longer than any name of a layer with its change is no name of one.
_LONGEST_NAME = 300
# Changes that are no low-rank product: leaving them out would give another result.
_OTHER_KINDS = re.compile(
    r"[._](?:(hada|lokr)_[wt]\d|dora_scale|lora_magnitude_vector|lora_mid|(b?oft)_blocks|oft_diag)"
)
_BLOCK = re.compile(r"blocks_(\d{1,4})_")


@dataclass
class NamedChanges:
    """A file's names, sorted.

    Args:
        known: for each name, the layer's path in the module and what it changes: "down", "up",
            "alpha", "weight" or "bias".
        absent: names of blocks that the transformer does not have.
        other_kinds: names of the transformer's changes that are not low-rank products.
        skipped: names of other parts.
    """

    known: dict[str, tuple[str, str]] = field(default_factory=dict)
    absent: list[str] = field(default_factory=list)
    other_kinds: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def is_lora(names: Iterable[str]) -> bool:
    """Whether a file's weights are changes of layers, by their names."""
    return any(
        _OTHER_KINDS.search(name[-_LONGEST_NAME:])
        or ((change := _change(name)) is not None and change[1] != "alpha")
        for name in names
    )


def sort_names(names: Iterable[str], parameters: Iterable[str]) -> NamedChanges:
    """Find the layer of each weight of a LoRA.

    Args:
        names: of the file's weights.
        parameters: names of the transformer's parameters, in diffusers' naming.
    """
    targets = _spellings(parameters)
    blocks = [int(found[1]) for found in map(_BLOCK.match, targets) if found]
    sorted_ = NamedChanges()
    for name in names:
        change = _change(name)
        layer = change[0] if change else name[:_LONGEST_NAME]
        plain = _without_prefixes(layer, targets)
        target = targets.get(plain) or targets.get(f"{plain}_modulation")
        if change is not None and target is not None:
            sorted_.known[name] = target, change[1]
        elif _OTHER_KINDS.search(name[-_LONGEST_NAME:]) and _BLOCK.match(plain):
            sorted_.other_kinds.append(name)
        elif change and (block := _BLOCK.match(plain)) and int(block[1]) > max(blocks, default=-1):
            sorted_.absent.append(name)
        else:
            sorted_.skipped.append(name)
    return sorted_


def _change(name: str) -> tuple[str, str] | None:
    """The layer's part of a name, and what is changed."""
    found = _CHANGE.search(name) if len(name) <= _LONGEST_NAME else None
    if found is None:
        return None
    role = str(found.lastgroup)
    return name[: found.start()], "weight" if role == "modulation" else role


def _spellings(parameters: Iterable[str]) -> dict[str, str]:
    """Both namings of every layer, or of a parameter that is in no layer -> its path."""
    spellings: dict[str, str] = {}
    for name in parameters:
        path, _, leaf = name.rpartition(".")
        in_layer = leaf in ("weight", "bias", "down", "up")
        target = re.sub(r"(?<!\.base)(\.base)+$", "", path) if in_layer else name
        weight = f"{target}.weight" if in_layer else target
        original = str(TRANSFORMER_KEYS.to_original(weight)).removesuffix(".weight")
        for spelling in (target, original):
            spellings[_plain(spelling)] = target
    return spellings


def _without_prefixes(name: str, targets: dict[str, str]) -> str:
    """A layer's name without what tools put before it."""
    plain = _plain(name)
    while plain not in targets and (found := _PREFIX.match(plain)):
        plain = plain[found.end() :]
    return plain


def _plain(name: str) -> str:
    return _SEPARATORS.sub("_", name).strip("_")
