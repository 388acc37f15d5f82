"""Pieces that several workflows share, and where they stand.

    loader   encode   prompts  | guidance  sampler
             vision            |           decode   save
    image -> fit      motion            |           video
    notes                      |

Each node stands to the right of what it takes. Long wires go along lanes above the first row and
between the two, so that none passes behind a node that it does not belong to.
"""

import json
from dataclasses import dataclass
from typing import Any

from dev.workflow_canvas import CLIP_VISION, FILM, TEXT_ENCODER, VAE, WAN_MOVE, Canvas, Placed

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
LEFT, MIDDLE, RIGHT = 0, 480, 1340  # columns; a workflow may move the last
LOW = 570  # the second row
_LANES, _LANE = 450, 20  # between the rows: the first, and from one to the next
_TOP = -70  # the lanes above


def track(name: str, colour: str, knots: list[tuple[int, int]], points: int = 1) -> dict[str, Any]:
    """A path of the motion editor; a single knot is an anchor. `points` spread around it."""
    timing = {"start": None, "end": None, "ease": "in-out", "keys": [], "repeat": "once"}
    timing |= {"times": 1, "reverse": False}
    spread = {"shape": "disc", "count": points, "size": 36, "angle": 0, "keys": []}
    path = {"id": name.replace(" ", "-"), "name": name, "color": colour, "curve": "catmull-rom"}
    path |= {"knots": [{"x": x, "y": y} for x, y in knots], "timing": timing, "windows": None}
    return {**path, "spread": spread if points > 1 else None, "locked": False, "hidden": False}


def box(name: str, colour: str, begin: tuple[int, int], end: tuple[int, int]) -> dict[str, Any]:
    """A square box of the motion editor, filled with points, that goes straight."""
    half, spacing = 60, 12
    polygon = [[-half, -half], [half, -half], [half, half], [-half, half]]
    middles = range(-half + spacing // 2, half, spacing)
    offsets = [[x, y] for y in middles for x in middles]
    spread = {"shape": "region", "polygon": polygon, "offsets": offsets, "fill": "grid"}
    spread |= {"spacing": spacing, "keys": []}
    return {**track(name, colour, [begin, end]), "spread": spread}


BALL = track("ball", "#ff7a4d", [(210, 330), (420, 260), (640, 320)], 8)
ANCHORS = [
    track(f"anchor {index + 1}", "#6aa9ff", [place])
    for index, place in enumerate([(60, 60), (770, 60), (60, 430), (770, 430)])
]


def motion(
    canvas: Canvas,
    image: Placed,
    *tracks: dict[str, Any],
    pos: tuple[int, int] = (MIDDLE, LOW),
    size: tuple[int, int] = (780, 720),
    frames: int = 81,
    whole: bool = True,
) -> Placed:
    """The motion editor over the fitted start image; `whole`: of the video's own length."""
    drawing = {"version": 1, "width": 832, "height": 480, "fps": 16, "frames": frames}
    text = json.dumps({**drawing, "tracks": tracks})
    frame = {"width": image.out(1), "height": image.out(2)}
    if whole:
        frame["length"] = image.out(3)
    return canvas.add("WanMoveSplineEditor", pos, size, splines=text, image=image, **frame)


def frame_of(fitted: Placed, end: int | None = None) -> dict[str, Placed]:
    """Width, height and length of the video, led between the rows to the nodes left of `end`."""
    names = ("width", "height", "length")
    wires = {name: fitted.out(slot) for slot, name in enumerate(names, 1)}
    if end is None:
        return wires
    return {
        name: wire.via((MIDDLE - 60 + 6 * lane, 514 + 6 * lane), (end, 514 + 6 * lane))
        for lane, (name, wire) in enumerate(wires.items())
    }


@dataclass(frozen=True)
class Stage:
    """What every workflow has; tracks are still to be connected to `guided`.

    `picture` is as it was loaded, `image` as the video begins with it.
    """

    models: Placed
    picture: Placed
    image: Placed
    encoded: Placed
    guided: Placed
    right: int

    @property
    def after(self) -> int:
        """Where the nodes behind the guidance stand."""
        return self.right + 420

    def over(self, output: Placed, x: int) -> Placed:
        """An output of the loader, led above the first row to the nodes at `x`."""
        lane = _TOP - 25 * output.slot
        return output.via((MIDDLE - 40, lane), (x - 40, lane))

    def between(self, output: Placed, begin: int, lane: int = 0) -> Placed:
        """An output, led between the rows to the guidance."""
        return along(output, begin, self.right - 40, lane)


def along(output: Placed, begin: int, end: int, lane: int) -> Placed:
    """An output, led between the rows."""
    y = _LANES + _LANE * lane
    return output.via((begin, y), (end, y))


def stage(canvas: Canvas, *, right: int = RIGHT, **models: Any) -> Stage:
    """Loader, prompts, start image and guidance."""
    loader = canvas.add("WanMoveModelLoader", (LEFT, 0), (400, 290), **MODELS | models)
    picture = canvas.add("LoadImage", (LEFT - 440, LOW), (400, 360), image="example.png")
    image = canvas.add("WanMoveFitStartImage", (LEFT, LOW), (400, 210), image=picture)
    encoded = canvas.add(
        "WanMoveEncodeStartImage",
        (MIDDLE, 0),
        (340, 200),
        vae=loader.out(2),
        start_image=image,
        **frame_of(image),
    )
    seen = canvas.add(
        "CLIPVisionEncode",
        (MIDDLE, 290),
        (340, 100),
        clip_vision=loader.out(3),
        # CLIP sees the picture itself, as the model was trained.
        image=picture.via((LEFT - 20, _LANES), (MIDDLE - 40, _LANES)),
    )
    seen.node["widgets_values"] = ["none"]
    where = {"device": models["text_encoder_device"]} if "text_encoder_device" in models else {}
    prompts = canvas.add(
        "WanMoveTextEncodeCached",
        (right - 460, 0),
        (375, 360),
        prompt=PROMPT,
        text_encoder=TEXT_ENCODER,
        **where,
    )
    placed = Stage(loader, picture, image, encoded, loader, right)
    guided = canvas.add(
        "WanMoveTrajectoryGuidance",
        (right, 0),
        (340, 360),
        positive=prompts,
        negative=prompts.out(1),
        conditioning_latent=placed.between(encoded, MIDDLE + 360),
        clip_vision_output=placed.between(seen, MIDDLE + 360, 1),
    )
    return Stage(loader, picture, image, encoded, guided, right)


def sampled(canvas: Canvas, placed: Stage, name: str) -> None:
    """Sample, decode and save."""
    latent = canvas.add(
        "WanMoveSampler",
        (placed.after, 0),
        (340, 400),
        model=placed.over(placed.models, placed.after),
        **guided_inputs(placed.guided),
    )
    saved(canvas, latent, placed, x=placed.after, y=510, name=name)


def saved(
    canvas: Canvas,
    latent: Placed,
    placed: Stage,
    *,
    x: int,
    y: int,
    name: str,
    smooth: bool = False,
) -> None:
    """Decode below the sampler, and save to the right of both; `smooth` doubles the frames."""
    vae = placed.models.out(2)
    lane = _TOP - 50
    vae = vae.via((MIDDLE - 40, lane), (x - 40, lane), (x - 40, y))
    frames, fps = canvas.add("VAEDecode", (x, y), (340, 80), samples=latent, vae=vae), 16.0
    below, top = y + 150, 0
    if smooth:
        network = canvas.add(
            "FrameInterpolationModelLoader", (x - 420, below), (340, 80), model_name=FILM
        )
        frames = canvas.add(
            "FrameInterpolate", (x, below), (340, 110), interp_model=network, images=frames
        )
        fps, below, top = 32.0, below + 180, 400
    video = canvas.add("CreateVideo", (x, below), (340, 130), images=frames, fps=fps)
    prefix = f"video/{name}"
    canvas.add("SaveVideo", (x + 420, top), (480, 480), video=video, filename_prefix=prefix)


def guided_inputs(guided: Placed) -> dict[str, Placed]:
    return {"positive": guided, "negative": guided.out(1), "latent_image": guided.out(2)}
