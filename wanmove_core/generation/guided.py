"""Pipelines that trajectory maps guide, through an adapter of FlashMotion."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from ..errors import OptionError, ShapeError
from ..grid import LatentGrid
from ..shapes import Float, Tensor, UInt8
from ..start_image.conditioning import KnownImages
from .adapters import attached
from .decoding import latent_statistics
from .pipeline import Progress, WanMovePipeline
from .settings import GenerationSettings


class AdapterPipeline(WanMovePipeline):
    """What pipelines with an adapter share: the maps' latent, and the adapter at work.

    Args:
        adapter: of FlashMotion, on the CPU; None: plain image-to-video.
        options: of `WanMovePipeline`.

    Raises:
        OptionError: caches or several processes, which do not go with an adapter.
    """

    def __init__(self, *arguments: Any, adapter: Any = None, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if adapter is not None and (self.ranks.world > 1 or self.speed.cache != "none"):
            raise OptionError(
                "a FlashMotion adapter must run alone and without --cache; got one of them. "
                "Leave --cache and several processes out."
            )
        self.adapter = adapter
        if adapter is not None:
            adapter.to(self.placement.resting_device)

    @torch.no_grad()
    def encode_maps(
        self, maps: UInt8[Tensor, "frames height width 3"], grid: LatentGrid
    ) -> Float[Tensor, "1 channels latent_frames rows cols"]:
        """Encode trajectory maps as a video.

        Raises:
            ShapeError: maps of another length or size than the video, or no adapter to read them.
        """
        if self.adapter is None:
            raise ShapeError("maps must come with --adapter; got none. Add --adapter FILE.")
        if maps.shape[:3] != (grid.num_frames, grid.height, grid.width):
            frames, height, width = maps.shape[:3]
            raise ShapeError(
                f"maps must have the video's {grid.num_frames} frames of {grid.width}x"
                f"{grid.height} px; got {frames} of {width}x{height}. Draw them so: wanmove "
                f"tracks maps --frames {grid.num_frames} --size {grid.width}x{grid.height}."
            )
        return self._encode_video((maps.float() / 127.5 - 1).movedim(-1, 0)[None])

    def _encode_video(self, video: Float[Tensor, "1 3 frames height width"]) -> Tensor:
        place = self.placement
        with place.use(self.components.vae, place.device) as vae:
            latent = vae.encode(video.to(place.device, vae.dtype)).latent_dist.mode()
            mean, std = latent_statistics(vae, latent)
            normalised: Tensor = ((latent - mean) / std).float()
        return normalised

    @contextmanager
    def _guided(self, maps: Tensor | None, strength: float) -> Iterator[None]:
        """Let the adapter act on the transformer within a `with` block, where there are maps."""
        place, model = self.placement, self.components.transformer
        adapter = self.adapter if maps is not None and strength > 0 else None
        with place.use(adapter, place.device):
            if adapter is not None and maps is not None:
                maps = maps.to(place.device, model.patch_embedding.weight.dtype)
            with attached(model, adapter, maps, strength=strength):
                yield


class MapPipeline(AdapterPipeline):
    """A Wan-Move model that trajectory maps guide in place of tracks: a clip from an image."""

    @torch.no_grad()
    def sample(
        self,
        image: UInt8[Tensor, "height width 3"],
        motion: Any,
        prompts: tuple[str, str],
        settings: GenerationSettings,
        *,
        known: KnownImages | None = None,
        progress: Progress | None = None,
    ) -> Float[Tensor, "1 channels latent_frames rows cols"]:
        """Make the latent of a video; `motion` are maps of its size, or None. See `generate`."""
        text = self.encode_prompts(*prompts)
        start = self.encode_start(image, settings, known)
        maps = None if motion is None else self.encode_maps(motion, start.grid)
        conditions = self.guide(start, None, text, settings)
        with self._guided(maps, settings.strength):
            return self.denoise(conditions, settings, progress=progress)
