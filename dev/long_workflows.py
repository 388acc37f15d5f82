"""Workflows of videos longer than the model's clip: windows, and a chain of clips."""

from dataclasses import replace

from dev.workflow_canvas import Canvas, Placed
from dev.workflow_parts import BALL, LEFT, LOW, MIDDLE, Stage, guided_inputs, motion, saved, stage

WINDOWS_LENGTH, CHAIN_LENGTH = 241, 161
NOTE_WINDOWS = """## Long video in windows

The whole length is guided at once and sampled in overlapping windows (ComfyUI's own node).

- **context_length 77**: with the start image, which every window sees first, that is 81.
- **retain_first_frame** must be on: else later windows see no start image. ComfyUI
  0.26 has it, 0.18 does not.

Soft seams, 1.6 to 2 times the work. Another way: *wan-move-11-long-chain*."""
NOTE_CHAIN = """## Long video as a chain

The second clip starts with the last frame of the first. Its motion does not start anew: **Continue
Guidance** copies the features of the true first frame along the whole video's tracks.

- Draw the whole motion in the editor: its **frames** are the video's.
- First clip: **retime: cut** keeps the speed of the whole.
- The shared frame is dropped before the clips are joined.

For a third clip repeat the lower row with all frames so far."""


def windows(canvas: Canvas, name: str) -> None:
    """Core's context windows over our guidance."""
    canvas.note(NOTE_WINDOWS, (LEFT, LOW + 430), (400, 220))
    placed = stage(canvas)
    placed.image.node["widgets_values"][2] = WINDOWS_LENGTH
    drawn = motion(canvas, placed.image, BALL, frames=WINDOWS_LENGTH)
    canvas.connect(drawn, placed.guided, "tracks")
    model = placed.over(placed.models, placed.after)
    windowed = canvas.add(
        "WanContextWindowsManual",
        (placed.after, 0),
        (340, 320),
        model=model,
        context_length=77,
        context_overlap=32,
        context_schedule="standard_static",
        retain_first_frame=True,
    )
    right = replace(placed, right=placed.right + 420)
    latent = canvas.add(
        "WanMoveSampler",
        (right.after, 0),
        (340, 400),
        model=windowed,
        **{
            slot: wire.via((placed.after - 40, y), (right.after - 40, y))
            for (slot, wire), y in zip(
                guided_inputs(placed.guided).items(), (345, 365, 385), strict=True
            )
        },
    )
    saved(canvas, latent, right, x=right.after, y=510, name=name)


def _clip(canvas: Canvas, placed: Stage, guided: Placed, x: int, seed: int) -> Placed:
    """Sample and decode one clip."""
    model = placed.over(placed.models, x)
    latent = canvas.add(
        "WanMoveSampler", (x, 0), (340, 400), model=model, **guided_inputs(guided), seed=seed
    )
    vae = placed.over(placed.models.out(2), x)
    vae = vae.via(*vae.way, (x - 40, 470))
    return canvas.add("VAEDecode", (x, 470), (340, 80), samples=latent, vae=vae)


def chain(canvas: Canvas, name: str) -> None:
    """Two clips; the second goes on from the first with the first frame's features."""
    canvas.note(NOTE_CHAIN, (LEFT, LOW + 430), (400, 225))
    placed = stage(canvas)
    placed.guided.node["widgets_values"][6] = "cut"
    drawn = motion(canvas, placed.image, BALL, frames=CHAIN_LENGTH, whole=False)
    canvas.connect(drawn, placed.guided, "tracks")
    first = _clip(canvas, placed, placed.guided, placed.after, 0)
    x = placed.after + 420
    prompts = Placed(next(n for n in canvas.nodes if n["type"] == "WanMoveTextEncodeCached"))

    def below(output: Placed, y: int) -> Placed:
        return output.via((placed.right - 40, y), (x - 40, y))

    following = canvas.add(
        "WanMoveContinueGuidance",
        (x, 0),
        (360, 420),
        positive=below(prompts, 600),
        negative=below(prompts.out(1), 620),
        vae=placed.over(placed.models.out(2), x),
        conditioning_latent=placed.encoded.via(
            (MIDDLE + 360, 130),
            (MIDDLE + 360, 490),
            (placed.right - 45, 490),
            (placed.right - 35, 640),
            (x - 40, 640),
        ),
        frames=first,
        tracks=below(drawn, 660),
        video_length=CHAIN_LENGTH,
    )
    second = _clip(canvas, placed, following, x + 440, 1)
    rest = canvas.add(
        "ImageFromBatch", (x + 440, 620), (340, 110), image=second, batch_index=1, length=4096
    )
    both = {"images.image0": first, "images.image1": rest}
    joined = canvas.add("BatchImagesNode", (x + 440, 800), (340, 80), **both)
    video = canvas.add("CreateVideo", (x + 860, 620), (340, 130), images=joined, fps=16.0)
    canvas.add("SaveVideo", (x + 860, 0), (480, 480), video=video, filename_prefix=f"video/{name}")


LONG = {"wan-move-10-long-windows": windows, "wan-move-11-long-chain": chain}
