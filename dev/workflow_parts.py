"""Pieces that several workflows share."""

import json
from typing import Any

from dev.workflow_canvas import CLIP_VISION, TEXT_ENCODER, VAE, WAN_MOVE, Canvas, Placed

PROMPT = "a red ball rolls across a wooden table, soft daylight, static camera"
MODELS = {
    "diffusion_model": WAN_MOVE,
    "weight_dtype": "default",
    "text_encoder": "none",
    "text_encoder_device": "default",
    "vae": VAE,
    "clip_vision": CLIP_VISION,
    "shift": 3.0,
}


def track(name: str, colour: str, knots: list[tuple[int, int]], points: int = 1) -> dict[str, Any]:
    """A path of the motion editor; a single knot is an anchor. `points` spread around it."""
    timing = {"start": None, "end": None, "ease": "in-out", "keys": [], "repeat": "once"}
    timing |= {"times": 1, "reverse": False}
    spread = {"shape": "disc", "count": points, "size": 36, "angle": 0, "keys": []}
    path = {"id": name.replace(" ", "-"), "name": name, "color": colour, "curve": "catmull-rom"}
    path |= {"knots": [{"x": x, "y": y} for x, y in knots], "timing": timing, "windows": None}
    return {**path, "spread": spread if points > 1 else None, "locked": False, "hidden": False}


BALL = track("ball", "#ff7a4d", [(210, 330), (420, 260), (640, 320)], 8)
ANCHORS = [
    track(f"anchor {index + 1}", "#6aa9ff", [place])
    for index, place in enumerate([(60, 60), (770, 60), (60, 430), (770, 430)])
]


def motion(
    canvas: Canvas,
    pos: tuple[int, int],
    image: Placed,
    *tracks: dict[str, Any],
    size: tuple[int, int] = (760, 720),
) -> Placed:
    """The motion editor over the start image."""
    drawing = {"version": 1, "width": 832, "height": 480, "fps": 16, "frames": 81}
    text = json.dumps({**drawing, "tracks": tracks})
    return canvas.add("WanMoveSplineEditor", pos, size, splines=text, image=image)


def conditioned(
    canvas: Canvas, models: Placed, *, x: int, y: int, prompts: Placed
) -> tuple[Placed, Placed, Placed]:
    """Start image to conditioning, tracks still open; returns image, encoded image, guidance."""
    image = canvas.add("LoadImage", (x, y), (320, 330), image="example.png")
    seen = canvas.add(
        "CLIPVisionEncode", (x, y + 400), (320, 110), clip_vision=models.out(3), image=image
    )
    seen.node["widgets_values"] = ["none"]
    encoded = canvas.add(
        "WanMoveEncodeStartImage", (x + 380, y), (320, 230), vae=models.out(2), start_image=image
    )
    guided = canvas.add(
        "WanMoveTrajectoryGuidance",
        (x + 380, y + 300),
        (320, 360),
        positive=prompts,
        negative=prompts.out(1),
        conditioning_latent=encoded,
        clip_vision_output=seen,
    )
    return image, encoded, guided


def saved(canvas: Canvas, latent: Placed, models: Placed, *, x: int, y: int, name: str) -> None:
    """Decode and save."""
    decoded = canvas.add("VAEDecode", (x, y), (230, 80), samples=latent, vae=models.out(2))
    video = canvas.add("CreateVideo", (x, y + 130), (230, 110), images=decoded, fps=16.0)
    prefix = f"video/{name}"
    canvas.add("SaveVideo", (x + 280, y), (460, 420), video=video, filename_prefix=prefix)


def guided_inputs(guided: Placed) -> dict[str, Placed]:
    return {"positive": guided, "negative": guided.out(1), "latent_image": guided.out(2)}


def texts(canvas: Canvas, x: int, y: int) -> Placed:
    return canvas.add(
        "WanMoveTextEncodeCached", (x, y), (400, 330), prompt=PROMPT, text_encoder=TEXT_ENCODER
    )
