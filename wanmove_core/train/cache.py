"""Clips as the transformer sees them, encoded once: latents, start images, tracks, prompts.

A cache is a folder: `cache.json` states what it was made from and lists the clips; each shard
`clips_00000.safetensors` holds the tensors of some clips; `no_prompt.safetensors` the embeddings of
the empty and of the default negative prompt. All clips of a cache have one size and length; a
training run can read several caches.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ..errors import MediaError
from ..grid import LatentGrid
from ..media.writer import replacing
from ..shapes import Bool, Float
from ..tracks import Tracks

_INDEX = "cache.json"
_NO_PROMPT = "no_prompt.safetensors"
_DAMAGED = (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError)
VERSION = 1


@dataclass(frozen=True, eq=False)
class Sample:
    """One clip.

    Args:
        latent: of the video, normalised.
        start: the conditioning latent without tracks, normalised.
        positions, visibility: of points tracked through the clip, in pixels of the clip.
        prompt: embedding of the caption without padding; of "" without a caption.
        image: CLIP's features of the first frame; no tokens where the model has no CLIP.
    """

    latent: Float[Tensor, "channels latent_frames rows cols"]
    start: Float[Tensor, "channels latent_frames rows cols"]
    positions: Float[Tensor, "frames points 2"]
    visibility: Bool[Tensor, "frames points"]
    prompt: Float[Tensor, "tokens width"]
    image: Float[Tensor, "image_tokens image_width"]

    @property
    def tracks(self) -> Tracks:
        """The tracked points."""
        return Tracks(self.positions, self.visibility)

    def tensors(self) -> dict[str, Tensor]:
        """Return the tensors of a shard: latents and features as float16."""
        kept = {name: getattr(self, name) for name in self.__dataclass_fields__}
        half = ("latent", "start", "prompt", "image")
        return {name: t.half() if name in half else t for name, t in kept.items()}


@dataclass(frozen=True)
class Facts:
    """The description of a cache.

    Args:
        width, height, frames: of every clip.
        made_from: the models that encoded the clips, for the trained file's metadata.
        clips: name, shard and caption of each clip, in order.
    """

    width: int
    height: int
    frames: int
    made_from: dict[str, Any] = field(default_factory=dict)
    clips: list[dict[str, Any]] = field(default_factory=list)

    @property
    def cells(self) -> int:
        """Pixels of a clip over all frames: what it costs."""
        return self.width * self.height * self.frames

    @cached_property
    def grid(self) -> LatentGrid:
        """The latent grid of every clip."""
        return LatentGrid(self.frames, self.height, self.width)


@dataclass(frozen=True, eq=False)
class NoPrompt:
    """What a model is given in place of a prompt, without padding.

    Args:
        empty: embedding of "".
        negative: embedding of the default negative prompt.
    """

    empty: Float[Tensor, "tokens width"]
    negative: Float[Tensor, "negative_tokens width"]


class CacheWriter:
    """Adds clips to a cache; existing clips stay.

    Args:
        folder: of the cache.
        facts: without clips. Must be those of an existing cache.

    Raises:
        MediaError: the folder holds a cache of another size, length or model.
    """

    def __init__(self, folder: Path, facts: Facts) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / _INDEX).exists():
            there = read_facts(folder)
            same = Facts(there.width, there.height, there.frames, there.made_from)
            if same != facts:
                raise MediaError(
                    f"{folder} must be a cache made with the same size and model; got "
                    f"{there.width}x{there.height}x{there.frames} of {there.made_from}. "
                    "Use another folder."
                )
            facts = there
        self.facts = facts
        self.names = {clip["name"] for clip in facts.clips}

    def add(self, clips: Mapping[str, tuple[str, Sample]]) -> None:
        """Write a shard of clips, name -> (caption, sample), then list them."""
        shard = f"clips_{len({clip['shard'] for clip in self.facts.clips}):05d}.safetensors"
        tensors = {
            f"{name}/{key}": tensor.contiguous()
            for name, (_, sample) in clips.items()
            for key, tensor in sample.tensors().items()
        }
        with replacing(self.folder / shard) as temporary:
            save_file(tensors, temporary)
        for name, (caption, _) in clips.items():
            self.facts.clips.append({"name": name, "shard": shard, "caption": caption})
            self.names.add(name)
        with replacing(self.folder / _INDEX) as temporary:
            content = {"version": VERSION, **asdict(self.facts)}
            temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")

    def set_no_prompt(self, no_prompt: NoPrompt) -> None:
        """Write what stands in place of a prompt."""
        with replacing(self.folder / _NO_PROMPT) as temporary:
            save_file(
                {"empty": no_prompt.empty.half(), "negative": no_prompt.negative.half()}, temporary
            )


def read_facts(folder: Path) -> Facts:
    """Read the description of a cache.

    Raises:
        MediaError: not a cache, or of a later version.
    """
    path = folder / _INDEX
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        version = content.pop("version")
        facts = Facts(**content)
        whole = all({"name", "shard", "caption"} <= clip.keys() for clip in facts.clips)
    except _DAMAGED as error:
        raise MediaError(
            f"{folder} must be a folder that `wanmove train prepare` wrote; got {error}. "
            "Prepare the clips first."
        ) from error
    if version != VERSION or not whole:
        raise MediaError(
            f"{path} must be of version {VERSION}; got {version}. Prepare the clips again."
        )
    return facts


class Cache:
    """Reads the clips of a cache. Files are mapped, not loaded.

    Args:
        folder: that `CacheWriter` wrote.

    Raises:
        MediaError: it is not a cache, or a shard is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.facts = read_facts(folder)
        self._files: dict[str, Any] = {}

    def __len__(self) -> int:
        return len(self.facts.clips)

    def __getitem__(self, index: int) -> Sample:
        clip = self.facts.clips[index]
        path = self.folder / clip["shard"]
        try:
            if clip["shard"] not in self._files:
                self._files[clip["shard"]] = safe_open(path, "pt")
            file = self._files[clip["shard"]]
            read = {
                name: file.get_tensor(f"{clip['name']}/{name}")
                for name in Sample.__dataclass_fields__
            }
        except (OSError, SafetensorError) as error:
            raise MediaError(
                f"{path} must hold the clip {clip['name']}; got {error}. Prepare the clips again."
            ) from error
        wide = {n: t.float() if t.dtype == torch.float16 else t for n, t in read.items()}
        return Sample(**wide)

    @cached_property
    def no_prompt(self) -> NoPrompt:
        """What stands in place of a prompt; no tokens in a cache that does not say.

        Raises:
            MediaError: the file is damaged.
        """
        path = self.folder / _NO_PROMPT
        if not path.exists():
            none = self[0].prompt[:0]
            return NoPrompt(none, none)
        try:
            with safe_open(path, "pt") as file:
                return NoPrompt(*(file.get_tensor(n).float() for n in ("empty", "negative")))
        except (OSError, SafetensorError) as error:
            raise MediaError(
                f"{path} must hold the empty and the negative prompt; got {error}. "
                "Prepare the clips again."
            ) from error

    def split(self, held_out: int) -> tuple[list[int], list[int]]:
        """Split the samples' indices into those to train on and one of each held-out video.

        Args:
            held_out: number of videos, of which no sample is trained on; at most half.
        """
        videos: dict[str, list[int]] = {}
        for index, clip in enumerate(self.facts.clips):
            name, _, _cut = clip["name"].rpartition("#")
            videos.setdefault(name or clip["name"], []).append(index)
        order = sorted(videos, key=_digest)
        count = min(held_out, len(order) // 2)
        learned = [index for name in order[count:] for index in videos[name]]
        return sorted(learned), sorted(videos[name][0] for name in order[:count])


def _digest(name: str) -> str:
    import hashlib

    return hashlib.sha256(name.encode()).hexdigest()
