"""Workflows of Wan-Move's applications: camera, region, turning object, another video's motion."""

from collections.abc import Callable

from dev.workflow_canvas import GREEN, Canvas, Placed
from dev.workflow_parts import MODELS, conditioned, guided_inputs, motion, saved, texts, track

NOTE_CAMERA = """## Camera

Choose a **move**, or write keys. Without depth the scene is a flat wall: enough to pan, tilt, roll
and zoom. For parallax connect the **depth** of the start image: any depth node does
(Depth Anything, MiDaS), grey, near is bright.

Objects that move by themselves: draw them in the motion editor and connect it to **objects**."""
NOTE_REGION = """## Object by its mask

- **mask**: the object, from SAM or by hand (right-click the picture, *Open in Mask Editor*). Here
  it is the picture's own alpha.
- Draw **one** path in the editor. Where it starts does not matter: the whole object makes its way.
- `pins` keeps the rest of the picture still, so the camera does not move in its place.

Without a path: set **motion** to *keys* and shift, scale or rotate the object."""
NOTE_ROTATION = """## Turning object

- **mask**: the object, from SAM or by hand (right-click the picture, *Open in Mask Editor*). Here
  it is the picture's own alpha.
- **depth**: of the start image, from any depth node, grey, near is bright. Load the one that
  belongs to your picture.

`pins` keeps the rest of the picture still, so the model does not turn the camera instead."""
NOTE_TRANSFER = """## Motion transfer

Points are followed through the video, then put onto your picture. Both should show things of like
shape at like places; the mask picks what is followed.

Look at the preview before you sample: **what you see there is what will move**."""


def _sampled(canvas: Canvas, models: Placed, guided: Placed, name: str) -> None:
    sampled = canvas.add(
        "WanMoveSampler", (1220, 0), (320, 430), model=models, **guided_inputs(guided)
    )
    saved(canvas, sampled, models, x=1600, y=0, name=name)


def _source(
    canvas: Canvas,
    name: str,
    note: tuple[str, int],
    make: Callable[[Canvas, Placed], Placed],
) -> None:
    """A workflow whose tracks come from a node; `make` places it below and returns it."""
    models = canvas.add("WanMoveModelLoader", (0, 0), (400, 320), **MODELS)
    prompts = texts(canvas, 0, 390)
    image, _, guided = conditioned(canvas, models, x=460, y=0, prompts=prompts)
    tracks = make(canvas, image)
    canvas.connect(tracks, guided, "tracks")
    right = tracks.node["pos"][0] + tracks.node["size"][0]
    drawn = canvas.add(
        "WanMoveDrawTracks",
        (right + 40, 960),
        (300, 240),
        images=image,
        tracks=tracks,
        style="paths",
    )
    canvas.add("PreviewImage", (right + 380, 960), (420, 330), images=drawn)
    text, height = note
    canvas.note(text, (0, 960), (400, height))
    canvas.group("Motion", (440, 880, right + 380, 860), GREEN)
    _sampled(canvas, models, guided, name)


def camera(canvas: Canvas) -> None:
    """A camera move over a still scene."""

    def make(canvas: Canvas, image: Placed) -> Placed:
        return canvas.add(
            "WanMoveCameraTracks", (460, 960), (400, 720), image=image, move="pan-right"
        )

    _source(canvas, "wanmove_camera", (NOTE_CAMERA, 330), make)


def region(canvas: Canvas) -> None:
    """An object that goes along a path, before a background that stays."""

    def make(canvas: Canvas, image: Placed) -> Placed:
        path = track("path", "#ff7a4d", [(210, 330), (420, 260), (640, 320)])
        drawing = motion(canvas, (460, 960), image, path, size=(640, 640))
        return canvas.add(
            "WanMoveRegionTracks",
            (1140, 960),
            (400, 740),
            mask=image.out(1),
            tracks=drawing,
            motion="path",
            pins=200,
        )

    _source(canvas, "wanmove_region", (NOTE_REGION, 330), make)


def rotation(canvas: Canvas) -> None:
    """An object that turns in space."""

    def make(canvas: Canvas, image: Placed) -> Placed:
        depth = canvas.add("LoadImage", (460, 960), (320, 330), image="example_depth.png")
        return canvas.add(
            "WanMoveRotationTracks",
            (820, 960),
            (400, 640),
            mask=image.out(1),
            depth=depth,
            pins=200,
        )

    _source(canvas, "wanmove_rotation", (NOTE_ROTATION, 330), make)


def transfer(canvas: Canvas) -> None:
    """The motion of another video."""

    def make(canvas: Canvas, _image: Placed) -> Placed:
        video = canvas.add("LoadVideo", (460, 960), (320, 330), file="example_motion.mp4")
        parts = canvas.add("GetVideoComponents", (460, 1360), (320, 110), video=video)
        return canvas.add("WanMoveVideoTracks", (820, 960), (400, 720), images=parts)

    _source(canvas, "wanmove_motion_transfer", (NOTE_TRANSFER, 330), make)


APPLICATIONS = {
    "wanmove_camera": camera,
    "wanmove_region": region,
    "wanmove_rotation": rotation,
    "wanmove_motion_transfer": transfer,
}
