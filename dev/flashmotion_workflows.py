"""The workflow of FlashMotion: a drawn box moves an object, by the 5B model in four steps."""

from dev.workflow_canvas import TEXT_ENCODER, VAE_22, Canvas, Placed
from dev.workflow_parts import (
    LEFT,
    LOW,
    MIDDLE,
    MODELS,
    PROMPT,
    RIGHT,
    along,
    box,
    frame_of,
    motion,
)

GENERATOR, ADAPTER = "FastGenerator/model.pt", "FastAdapter/ResNet/model.pt"
FRAMES, FPS = 121, 24
NOTE_BOX = """## Boxes in place of points

Draw a box around the object: region tool (**R**), **Shift** and drag, then give it a path. **X**
shows the boxes as the model gets them; so does the preview.

- **diffusion_models/FastGenerator/model.pt** and **model_patches/FastAdapter/ResNet/model.pt**: of
  *quanhaol/FlashMotion* on Hugging Face. Keep these folders: the folder says what the file is.
- **vae/wan2.2_vae.safetensors**: press **R** after a download.

We have not seen the published files. If the loader refuses one, run **wanmove inspect FILE**, and
send us what it prints.

Needs ComfyUI 0.33 or newer. Four steps, cfg 1, no negative prompt."""


def flashmotion_box(canvas: Canvas, name: str) -> None:
    """A box of the editor, its maps, and FlashMotion's four steps."""
    names = {"diffusion_model": GENERATOR, "vae": VAE_22, "clip_vision": "none", "shift": -1.0}
    loader = canvas.add("WanMoveModelLoader", (LEFT, 0), (400, 290), **{**MODELS, **names})
    picture = canvas.add("LoadImage", (LEFT - 440, LOW), (400, 360), image="example.png")
    image = canvas.add(
        "WanMoveFitStartImage", (LEFT, LOW), (400, 210), image=picture, length=FRAMES
    )
    adapter = canvas.add(
        "WanMoveFlashMotionLoader", (MIDDLE, 290), (340, 130), adapter=ADAPTER, kind="auto"
    )
    drawing = motion(canvas, image, box("ball", "#ff7a4d", (210, 330), (640, 320)), frames=FRAMES)
    maps = _maps(canvas, loader, image, drawing)
    canvas.note(NOTE_BOX, (LEFT - 440, LOW + 430), (840, 210))
    column = RIGHT + 840
    guided = canvas.add(
        "WanMoveFlashMotionApply",
        (column, 0),
        (340, 190),
        model=_over(loader, column),
        adapter=along(adapter, MIDDLE + 360, column - 60, 0),
        maps_latent=maps,
    )
    _sampled(canvas, guided, loader, image, name)


def _maps(canvas: Canvas, loader: Placed, image: Placed, drawing: Placed) -> Placed:
    """Draw the boxes, show them over the picture, encode them."""
    drawn = canvas.add(
        "WanMoveTrajectoryMaps",
        (RIGHT, LOW),
        (360, 420),
        masks=drawing.out(5),
        tracks=drawing,
        image=along(image, MIDDLE - 40, RIGHT - 40, 1),
    )
    canvas.add("PreviewImage", (RIGHT + 420, LOW + 260), (340, 330), images=drawn.out(2))
    return canvas.add(
        "WanMoveEncodeTrajectoryMaps",
        (RIGHT + 420, LOW),
        (340, 190),
        vae=_over(loader.out(2), RIGHT + 420, LOW),
        maps=drawn,
    )


def _over(output: Placed, x: int, y: int = 0) -> Placed:
    """An output of the loader, led above the first row and down to the node at (x, y)."""
    lane = -70 - 25 * output.slot
    return output.via((MIDDLE - 40, lane), (x - 40, lane), *([(x - 40, y)] if y else []))


def _sampled(canvas: Canvas, guided: Placed, loader: Placed, image: Placed, name: str) -> None:
    """Core's latent with the start image, and its sampler `lcm` with our noise levels."""
    x = RIGHT + 840
    latent = canvas.add(
        "Wan22ImageToVideoLatent",
        (MIDDLE, 0),
        (340, 200),
        vae=loader.out(2),
        start_image=image,
        **frame_of(image),
    )
    prompt = canvas.add(
        "WanMoveTextEncodeCached",
        (RIGHT - 460, 0),
        (375, 360),
        prompt=PROMPT,
        text_encoder=TEXT_ENCODER,
        negative_prompt="",
    )
    guider = canvas.add(
        "BasicGuider",
        (x, 260),
        (340, 80),
        model=guided,
        conditioning=along(prompt, RIGHT - 60, x - 40, -2),
    )
    sigmas = canvas.add(
        "WanMoveFewStepSigmas", (x, LOW), (340, 80), preset="FlashMotion / Turbo, as published"
    )
    solver = canvas.add("KSamplerSelect", (x, LOW + 150), (340, 80), sampler_name="lcm")
    noise = canvas.add("RandomNoise", (x, LOW + 300), (340, 90), noise_seed=0)
    joined = canvas.add(
        "SamplerCustomAdvanced",
        (x + 420, 0),
        (340, 130),
        noise=noise,
        guider=guider,
        sampler=solver,
        sigmas=sigmas,
        latent_image=along(latent, MIDDLE + 360, x + 380, 2),
    )
    vae = _over(loader.out(2), x + 420, 210)
    frames = canvas.add("VAEDecode", (x + 420, 210), (340, 80), samples=joined, vae=vae)
    video = canvas.add("CreateVideo", (x + 420, 360), (340, 130), images=frames, fps=float(FPS))
    prefix = f"video/{name}"
    canvas.add("SaveVideo", (x + 840, 0), (480, 480), video=video, filename_prefix=prefix)


FLASHMOTION = {"wan-move-16-flashmotion-box": flashmotion_box}
