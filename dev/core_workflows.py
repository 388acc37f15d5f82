"""Workflows with ComfyUI's own newer nodes: depth, masks, more frames, its own Wan-Move and ATI."""

from dev.application_workflows import source_workflow
from dev.workflow_canvas import DEPTH, SAM, TEXT_ENCODER, Canvas, Placed
from dev.workflow_parts import (
    BALL,
    LEFT,
    LOW,
    MIDDLE,
    MODELS,
    PROMPT,
    RIGHT,
    Stage,
    along,
    frame_of,
    motion,
    saved,
)

ATI = "Wan2_1-I2V-ATI-14B_fp8_e4m3fn.safetensors"
NOTE_DEPTH = """## Depth from the picture

**Depth Anything 3** makes the depth map (ComfyUI 0.30 or newer; put its file into
**models/geometry_estimation**). It goes into Camera Tracks, or into Rotation Tracks with the
object's mask. White is near: **depth_kind: inverse**."""
NOTE_MASK = """## A mask from words

**SAM 3** finds the object that the prompt names (ComfyUI 0.30 or newer). Its mask goes into Region
Tracks, which moves the object by keys: no drawing needed.

**motion: path** follows a drawing instead."""
NOTE_CORE = """## ComfyUI's own node

The drawing goes into **WanMoveTrackToVideo** as it is: the same TRACKS. Encode Start Image and
Trajectory Guidance take the place of that node when you want a moved point to cost milliseconds, a
report, or several tracks that cross."""
NOTE_ATI = """## ATI

The same drawing for ByteDance's ATI: connect **coordinates** to the tracks of
**WanTrackToVideo**, and load an ATI model."""


def depth(canvas: Canvas, name: str) -> None:
    """Depth Anything 3 into Camera Tracks."""

    def make(canvas: Canvas, placed: Stage) -> Placed:
        loader = canvas.add("LoadDA3Model", (MIDDLE, LOW), (320, 110), model_name=DEPTH)
        seen = canvas.add(
            "DA3Inference",
            (MIDDLE + 400, LOW),
            (320, 200),
            da3_model=loader,
            image=along(placed.image, MIDDLE - 40, MIDDLE + 360, 1),
        )
        drawn = canvas.add("DA3Render", (MIDDLE + 400, LOW + 280), (320, 140), da3_geometry=seen)
        return canvas.add(
            "WanMoveCameraTracks",
            (MIDDLE + 800, LOW),
            (400, 560),
            depth=drawn,
            **frame_of(placed.image, MIDDLE + 760),
            move="orbit-left",
        )

    source_workflow(canvas, name, (NOTE_DEPTH, 150), 2140, make)


def mask(canvas: Canvas, name: str) -> None:
    """SAM 3 into Region Tracks."""

    def make(canvas: Canvas, placed: Stage) -> Placed:
        model = canvas.add("CheckpointLoaderSimple", (MIDDLE, LOW), (320, 120), ckpt_name=SAM)
        words = canvas.add("CLIPTextEncode", (MIDDLE, LOW + 200), (320, 160), clip=model.out(1))
        words.node["widgets_values"] = ["the red ball"]
        found = canvas.add(
            "SAM3_Detect",
            (MIDDLE + 400, LOW),
            (320, 230),
            model=model,
            image=along(placed.image, MIDDLE - 40, MIDDLE + 360, 1),
            conditioning=words,
        )
        return canvas.add(
            "WanMoveRegionTracks",
            (MIDDLE + 800, LOW),
            (400, 702),
            mask=found,
            **frame_of(placed.image, MIDDLE + 760),
            motion="keys",
            shift_x=200.0,
            pins=200,
        )

    source_workflow(canvas, name, (NOTE_MASK, 150), 2140, make)


def _without_encode(canvas: Canvas, kind: str, name: str, note: str, model: str) -> None:
    """The drawing into one of core's nodes, which encodes by itself."""
    loader = canvas.add(
        "WanMoveModelLoader", (LEFT, 0), (400, 290), **{**MODELS, "diffusion_model": model}
    )
    picture = canvas.add("LoadImage", (LEFT - 440, LOW), (400, 360), image="example.png")
    image = canvas.add("WanMoveFitStartImage", (LEFT, LOW), (400, 210), image=picture)
    seen = canvas.add(
        "CLIPVisionEncode",
        (MIDDLE, 290),
        (340, 100),
        clip_vision=loader.out(3),
        image=along(picture, LEFT - 20, MIDDLE - 40, 0),
    )
    seen.node["widgets_values"] = ["none"]
    prompts = canvas.add(
        "WanMoveTextEncodeCached",
        (RIGHT - 460, 0),
        (375, 360),
        prompt=PROMPT,
        text_encoder=TEXT_ENCODER,
    )
    placed = Stage(loader, picture, image, image, loader, RIGHT)
    drawn = motion(canvas, image, BALL)
    guided = canvas.add(
        kind,
        (RIGHT, 0),
        (340, 330),
        positive=prompts,
        negative=prompts.out(1),
        vae=placed.over(loader.out(2), RIGHT),
        tracks=drawn.out(1) if kind == "WanTrackToVideo" else drawn,
        start_image=along(image, MIDDLE - 40, RIGHT - 40, 1),
        clip_vision_output=placed.between(seen, MIDDLE + 360),
    )
    latent = canvas.add(
        "KSampler",
        (placed.after, 0),
        (340, 330),
        model=placed.over(loader, placed.after),
        positive=guided,
        negative=guided.out(1),
        latent_image=guided.out(2),
        steps=40,
        cfg=5.0,
        sampler_name="uni_pc",
        scheduler="simple",
    )
    canvas.note(note, (LEFT, LOW + 430), (400, 150))
    saved(canvas, latent, placed, x=placed.after, y=510, name=name, smooth=True)


def core(canvas: Canvas, name: str) -> None:
    """The editor before ComfyUI's own Wan-Move node; twice as many frames at the end."""
    _without_encode(canvas, "WanMoveTrackToVideo", name, NOTE_CORE, MODELS["diffusion_model"])


def ati(canvas: Canvas, name: str) -> None:
    """The editor before ComfyUI's node for ATI."""
    _without_encode(canvas, "WanTrackToVideo", name, NOTE_ATI, ATI)


CORE = {
    "wan-move-12-depth": depth,
    "wan-move-13-mask": mask,
    "wan-move-14-core-node": core,
    "wan-move-15-ati": ati,
}
