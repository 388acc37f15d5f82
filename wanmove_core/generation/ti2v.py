"""Image, trajectory maps and prompt to video with Wan2.2-TI2V-5B and models tuned from it."""

from dataclasses import dataclass
from typing import Any

import torch

from ..errors import OptionError
from ..grid import LatentGrid
from ..shapes import Float, Tensor, UInt8
from ..start_image.conditioning import KnownImages, fit_image
from .denoising import Noise
from .guided import AdapterPipeline
from .pipeline import Progress
from .sampling import make_solver
from .settings import GenerationSettings


@dataclass(frozen=True, eq=False)
class Ti2vConditions:
    """The model's inputs besides noise and time.

    Args:
        first: the start image's latent, normalised: the video's first latent frame.
        grid: of the video.
        prompt, negative_prompt: zero-padded embeddings.
        maps: the trajectory maps' latent, normalised; None for no guidance.
    """

    first: Float[Tensor, "1 channels 1 rows cols"]
    grid: LatentGrid
    prompt: Float[Tensor, "1 tokens width"]
    negative_prompt: Float[Tensor, "1 tokens width"]
    maps: Float[Tensor, "1 channels latent_frames rows cols"] | None = None


class Ti2vPipeline(AdapterPipeline):
    """Generates videos with a model whose first latent frame is the start image.

    Args:
        options: of `AdapterPipeline`.

    Raises:
        OptionError: several processes, or caches with an adapter.

    Source:
        `Wan22FewstepInferencePipeline.inference`, Wan2.2-TI2V-5B-Turbo
        pipeline/wan22_fewstep_inference.py @26d5995, and `WanTI2V.i2v`, Wan2.2
        wan/textimage2video.py @42bf4cf. Differs: any size of the grid and any length; the image
        keeps its aspect ratio; timesteps are exact, where bfloat16 rounds 750 to 752; the noise
        comes from the seed.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if self.ranks.world > 1:
            raise OptionError(
                f"{self.family.title} must run in one process; got {self.ranks.world}. "
                "Start wanmove generate without torchrun."
            )

    @torch.no_grad()
    def generate(
        self,
        image: UInt8[Tensor, "height width 3"],
        motion: UInt8[Tensor, "frames map_height map_width 3"] | None,
        prompts: tuple[str, str],
        settings: GenerationSettings,
        *,
        progress: Progress | None = None,
    ) -> UInt8[Tensor, "to_frames to_height to_width 3"]:
        """Make a video: RGB frames on the CPU. See `sample`."""
        return self.decode(self.sample(image, motion, prompts, settings, progress=progress))

    @torch.no_grad()
    def sample(
        self,
        image: UInt8[Tensor, "height width 3"],
        motion: UInt8[Tensor, "frames map_height map_width 3"] | None,
        prompts: tuple[str, str],
        settings: GenerationSettings,
        *,
        known: KnownImages | None = None,
        progress: Progress | None = None,
    ) -> Float[Tensor, "1 channels latent_frames rows cols"]:
        """Make the latent of a video.

        Args:
            image: RGB start image.
            motion: trajectory maps of the video's frames and size; None for no guidance.
            prompts: (prompt, negative prompt).
            settings: everything else.
            known: must be empty: this family takes only the first frame.
            progress: called with (steps done, steps in all).

        Raises:
            WanMoveError: inputs that do not fit together.
        """
        if known:
            raise OptionError(
                f"known frames must be of a model that takes them; got {sorted(known)} for "
                f"{self.family.title}. Leave them out."
            )
        text = self.encode_prompts(*prompts)
        size = settings.output_size((image.shape[1], image.shape[0]))
        grid = LatentGrid(settings.num_frames, size[1], size[0], self.family.strides)
        maps = None if motion is None else self.encode_maps(motion, grid)
        pixels = fit_image(image[None], size, mode=settings.fit_mode)
        first = self._encode_video(pixels[:, :, None])
        conditions = Ti2vConditions(first, grid, *text, maps)
        return self.denoise(conditions, settings, progress=progress)

    @torch.no_grad()
    def denoise(
        self,
        conditions: Any,
        settings: GenerationSettings,
        *,
        progress: Progress | None = None,
    ) -> Float[Tensor, "1 channels latent_frames rows cols"]:
        """Turn noise into the latent of a video; its first frame is the given one.

        Args:
            conditions: `Ti2vConditions`.
            settings: how to sample; `strength` is the adapter's.
            progress: called with (steps done, steps in all).
        """
        grid, first = conditions.grid, conditions.first
        schedule = settings.schedule((grid.width, grid.height))
        shape = (1, self.family.channels, grid.latent_frames, grid.rows, grid.cols)
        noise = Noise(settings.seed, shape, self.placement.device)
        solver = make_solver(settings.solver, schedule, noise)
        latent = _with_first(noise(), first)
        steps = len(schedule.timesteps)
        start, end = (share * steps for share in settings.guidance_range)
        place = self.placement
        with (
            place.use(self.components.transformer, place.device) as model,
            self._guided(conditions.maps, settings.strength),
        ):
            for index, timestep in enumerate(schedule.timesteps):
                scale = settings.guidance_scale if start <= index < end else 1.0
                velocity = _velocity(model, latent, timestep, conditions, scale)
                latent = _with_first(solver.step(velocity, latent), first)
                if progress is not None:
                    progress(index + 1, steps)
        return latent


def _with_first(latent: Tensor, first: Tensor) -> Tensor:
    """The latent with the start image as its first frame."""
    return torch.cat([first.to(latent), latent[:, :, 1:]], 2)


def _velocity(
    model: Any, latent: Tensor, timestep: float | int, told: Ti2vConditions, scale: float
) -> Tensor:
    """Predict the velocity, with classifier-free guidance where `scale` is not 1; float32."""
    dtype = model.patch_embedding.weight.dtype
    frames, rows, cols = latent.shape[2:]
    _, high, wide = model.config.patch_size
    # A time for each token: the first frame is clean.
    times = torch.full((frames, rows // high * (cols // wide)), float(timestep))
    times[0] = 0
    given = {
        "hidden_states": latent.to(dtype),
        "timestep": times.flatten()[None].to(latent.device),
        "return_dict": False,
    }
    with model.cache_context("positive"):
        answer: Tensor = model(encoder_hidden_states=told.prompt.to(dtype), **given)[0].float()
    if scale != 1:
        with model.cache_context("negative"):
            negative = model(encoder_hidden_states=told.negative_prompt.to(dtype), **given)[0]
        answer = negative.float() + scale * (answer - negative.float())
    return answer
