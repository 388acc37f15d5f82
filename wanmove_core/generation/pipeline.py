"""Image, tracks and prompt to video: the reference's arithmetic on diffusers' modules."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace

import torch

from ..checkpoints.components import Components
from ..checkpoints.image_encoder import encode_image
from ..grid import LatentGrid
from ..guidance.guide import guide
from ..guidance.replicate import FeatureSource
from ..shapes import Float, Tensor, UInt8
from ..start_image.conditioning import (
    KnownImages,
    conditioning_input,
    fit_image,
    known_mask,
    with_known,
)
from ..tracks import Tracks
from .caches import caching
from .decoding import decode_stream, match_statistics, to_pixels
from .denoising import Conditions, Noise
from .parallel import ALONE, Ranks, splitting_tokens
from .placement import Placement
from .preview import Preview
from .prompts import embed_prompt
from .sampling import make_solver
from .settings import GenerationSettings
from .speed import SpeedOptions, prepare_transformer
from .start import Start, encode_clip
from .windows import make_branches

_log = logging.getLogger("wanmove")

Progress = Callable[[int, int], None]


class WanMovePipeline:
    """Generates videos with one loaded model.

    The parts of the work are methods of their own, so that a caller with many tracks for one
    image, or many seeds, repeats only what changes.

    Args:
        components: from `load_components`.
        placement: which device each part works on, and when it leaves it.
        speed: options that make the transformer faster.
        tile_decode: decode in overlapping tiles, which takes less memory and changes the video
            a little at their seams.
        ranks: the processes that sample one video together.
        preview: shows the clean latent after each step.

    Source:
        `WanMove.generate`, Wan-Move wan/wan_move.py:142 @27409be. Differs: any length, not 81
        frames alone; the noise comes from a CPU generator, so that a seed means the same video
        on every device; nothing reads the global RNG.
    """

    def __init__(
        self,
        components: Components,
        placement: Placement | None = None,
        *,
        speed: SpeedOptions | None = None,
        tile_decode: bool = False,
        ranks: Ranks = ALONE,
        preview: Preview | None = None,
    ) -> None:
        self.components = components
        self.placement = placement or Placement("cpu")
        self.speed = speed or SpeedOptions()
        self.tile_decode = tile_decode
        self.ranks = ranks
        self.preview = preview if ranks.writes else None
        self.family = components.family
        prepare_transformer(components.transformer, self.speed, self.placement.device)
        self.placement.place(components)

    @torch.no_grad()
    def generate(
        self,
        image: UInt8[Tensor, "height width 3"],
        tracks: Tracks | None,
        prompts: tuple[str, str],
        settings: GenerationSettings,
        *,
        progress: Progress | None = None,
    ) -> UInt8[Tensor, "frames to_height to_width 3"]:
        """Make a video.

        Args:
            image: RGB start image.
            tracks: in pixels of the image, of any length; None for no guidance.
            prompts: (prompt, negative prompt).
            settings: everything else.
            progress: called with (steps done, steps in all).

        Returns:
            RGB frames on the CPU.

        Raises:
            WanMoveError: inputs that do not fit together.
        """
        return self.decode(self.sample(image, tracks, prompts, settings, progress=progress))

    @torch.no_grad()
    def sample(
        self,
        image: UInt8[Tensor, "height width 3"],
        tracks: Tracks | None,
        prompts: tuple[str, str],
        settings: GenerationSettings,
        *,
        known: KnownImages | None = None,
        progress: Progress | None = None,
    ) -> Float[Tensor, "1 channels latent_frames rows cols"]:
        """Make the latent of a video; see `generate`. `known` images are later frames of it."""
        text = self.encode_prompts(*prompts)
        start = self.encode_start(image, settings, known)
        conditions = self.guide(start, tracks, text, settings)
        return self.denoise(conditions, settings, progress=progress)

    @torch.no_grad()
    def encode_prompts(self, prompt: str, negative_prompt: str) -> tuple[Tensor, Tensor]:
        """Embed both prompts, [1, 512, channels] each."""
        parts, place = self.components, self.placement
        with place.use(parts.text_encoder, place.text_encoder_device):
            embeds = [
                embed_prompt(parts, text, place.text_encoder_device)
                for text in (prompt, negative_prompt)
            ]
        return embeds[0].to(place.device), embeds[1].to(place.device)

    @torch.no_grad()
    def encode_start(
        self,
        image: UInt8[Tensor, "height width 3"],
        settings: GenerationSettings,
        known: KnownImages | None = None,
    ) -> Start:
        """Encode the start image, and other known frames of the clip, with CLIP and the VAE."""
        place = self.placement
        image_size = (image.shape[1], image.shape[0])
        width, height = settings.output_size(image_size)
        grid = LatentGrid(settings.num_frames, height, width)
        pixels = fit_image(image[None], (width, height), mode=settings.fit_mode).to(place.device)
        places, frames = with_known(pixels[:, :, None], known, settings.fit_mode)
        latent = self._encode(frames, grid.num_frames)
        features = self._features(image)
        return Start(latent, grid, image_size, settings.fit_mode, 1, places, features)

    @torch.no_grad()
    def encode_known(
        self,
        frame: Float[Tensor, "1 3 1 height width"],
        num_frames: int,
        *,
        like: Start,
        match_colour: bool = False,
        known: KnownImages | None = None,
    ) -> Start:
        """Encode a decoded frame as the start of another clip.

        Args:
            frame: -1..1, of the video's size.
            num_frames: of the clip.
            like: the start of the first clip.
            match_colour: give the frame's latent channels the mean and deviation of those of
                `like`.
            known: later frames of the clip that are given.
        """
        grid = replace(like.grid, num_frames=num_frames)
        frame = frame.to(self.placement.device)
        places, frames = with_known(frame, known, like.fit_mode)
        latent = self._encode(frames, num_frames)
        if match_colour:
            latent[:, :, :1] = match_statistics(latent[:, :, :1], like.latent[:, :, :1])
        features = self._features(to_pixels(frame)[0])
        size = (grid.width, grid.height)
        return Start(latent, grid, size, like.fit_mode, 1, places, features)

    def _encode(self, frames: Tensor, num_frames: int) -> Tensor:
        with self.placement.use(self.components.vae, self.placement.device) as vae:
            return encode_clip(vae, frames, num_frames)

    def _features(self, image: Tensor) -> Tensor:
        """CLIP sees the image itself, before it is brought to the output size."""
        parts, place = self.components, self.placement
        if parts.image_encoder is None:
            width = parts.transformer.config.image_dim
            return torch.zeros(1, self.family.image_tokens, width, device=place.device)
        whole = fit_image(image[None], (image.shape[1], image.shape[0])).to(place.device)
        with place.use(parts.image_encoder, place.device) as encoder:
            return encode_image(encoder, whole)

    def guide(
        self,
        start: Start,
        tracks: Tracks | None,
        text: tuple[Tensor, Tensor],
        settings: GenerationSettings,
        *,
        source: FeatureSource | None = None,
        placed: bool = False,
    ) -> Conditions:
        """Guide the conditioning latent along the tracks, and log what they do.

        Args:
            start: from `encode_start`.
            tracks: in pixels of the start image; None for no guidance.
            text: from `encode_prompts`.
            settings: how to guide.
            source: where features come from; None: the first frame.
            placed: whether the tracks are already in pixels and frames of the video.
        """
        options = settings.guidance_options
        options = replace(options, track_space="video") if placed else options
        guided = guide(start, tracks, options, source=source)
        # Of clips that go on, the report of one would not know what the others know.
        if guided.report is not None and source is None:
            _log.info("%s", guided)
        known = known_mask(start.grid, more=start.more_known).to(guided.still.device)
        return Conditions(
            conditioning_input(guided.positive, known),
            conditioning_input(guided.negative, known),
            conditioning_input(guided.still, known),
            *text,
            features=start.features,
        )

    @torch.no_grad()
    def denoise(
        self,
        conditions: Conditions,
        settings: GenerationSettings,
        *,
        progress: Progress | None = None,
    ) -> Float[Tensor, "1 channels latent_frames rows cols"]:
        """Turn noise into the latent of a video.

        Args:
            conditions: from `guide`.
            settings: as for `guide`.
            progress: called with (steps done, steps in all).

        Returns:
            Normalised latent, float32, on the pipeline's device.
        """
        shape = conditions.positive.shape[2:]
        _, rows, cols = shape
        _, row_stride, col_stride = self.family.strides
        schedule = settings.schedule((cols * col_stride, rows * row_stride))
        noise = Noise(settings.seed, (1, self.family.channels, *shape), self.placement.device)
        solver = make_solver(settings.solver, schedule, noise)
        latent = noise()
        steps = len(schedule.timesteps)
        start, end = (share * steps for share in settings.guidance_range)
        with (
            self.placement.use(self.components.transformer, self.placement.device) as model,
            caching(model, self.speed, steps) as reuse,
            splitting_tokens(model, self.ranks),
        ):
            branches = make_branches(model, conditions, self.ranks, reuse, settings)
            for index, timestep in enumerate(schedule.timesteps):
                in_range = start <= index < end
                velocity = branches.velocity(
                    latent,
                    timestep,
                    guidance_scale=settings.guidance_scale if in_range else 1.0,
                    motion_scale=settings.motion_scale if in_range else 0.0,
                )
                if self.preview is not None:
                    self.preview.show(latent - schedule.sigmas[index] * velocity)
                latent = solver.step(velocity, latent)
                if progress is not None:
                    progress(index + 1, steps)
        return latent

    @torch.no_grad()
    def decode(
        self, latent: Float[Tensor, "1 channels latent_frames rows cols"]
    ) -> UInt8[Tensor, "frames height width 3"]:
        """Decode a latent to RGB frames on the CPU."""
        return torch.cat(list(self.decode_stream(latent)))

    @torch.no_grad()
    def decode_stream(
        self, latent: Float[Tensor, "1 channels latent_frames rows cols"]
    ) -> Iterator[UInt8[Tensor, "frames height width 3"]]:
        """Decode a latent a few frames at a time; joined they are those of `decode`."""
        with self.placement.use(self.components.vae, self.placement.device) as vae:
            for frames in decode_stream(vae, latent, tiled=self.tile_decode):
                yield to_pixels(frames)
