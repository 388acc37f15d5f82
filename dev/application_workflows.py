"""Workflows of Wan-Move's applications: camera, region, turning object, another video's motion."""

from collections.abc import Callable

from dev.workflow_canvas import Canvas, Placed
from dev.workflow_parts import (
    LEFT,
    LOW,
    MIDDLE,
    Stage,
    along,
    frame_of,
    motion,
    sampled,
    stage,
    track,
)

NOTE_CAMERA = """## Camera

Choose a **move**, or write keys. Without depth the scene is a flat wall: enough to pan, tilt, roll
and zoom. For parallax connect the **depth** of the start image: any depth node does
(Depth Anything, MiDaS), grey, near is bright.

Objects that move by themselves: draw them in the motion editor and connect it to **objects**."""
NOTE_REGION = """## Object by its mask

- **mask**: the object, from SAM or by hand (right-click the picture, *Open in Mask Editor*). Here
  it is the picture's own alpha.
- Draw **one** path in the editor. Where it starts does not matter: the whole object makes its way.
- **pins** keeps the rest of the picture still, so the camera does not move in its place.

Without a path: set **motion** to *keys* and shift, scale or rotate the object."""
NOTE_ROTATION = """## Turning object

- **mask**: the object, from SAM or by hand (right-click the picture, *Open in Mask Editor*). Here
  it is the picture's own alpha.
- **depth**: of the start image, from any depth node, grey, near is bright. Load the one that
  belongs to your picture.

**pins** keeps the rest of the picture still, so the model does not turn the camera instead."""
NOTE_TRANSFER = """## Motion transfer

Points are followed through the video, then put onto your picture. Both should show things of like
shape at like places; the mask picks what is followed.

Look at the preview before you sample: **what you see there is what will move**."""


Make = Callable[[Canvas, Stage], Placed]


def source_workflow(
    canvas: Canvas, name: str, note: tuple[str, int], right: int, make: Make
) -> None:
    """A workflow whose tracks come from a node; `make` places it in the second row.

    `right` is where the guidance stands: the source and Draw Tracks end before it.
    """
    placed = stage(canvas, right=right)
    tracks = make(canvas, placed)
    edge = tracks.node["pos"][0] + tracks.node["size"][0]
    canvas.connect(along(tracks, edge + 40, right - 40, 3), placed.guided, "tracks")
    drawn = canvas.add(
        "WanMoveDrawTracks",
        (edge + 80, LOW),
        (300, 230),
        images=along(placed.image, MIDDLE - 40, edge + 40, 2),
        tracks=tracks,
        style="paths",
    )
    canvas.add("PreviewImage", (right, LOW), (340, 330), images=drawn)
    text, height = note
    canvas.note(text, (LEFT, LOW + 430), (400, height))
    sampled(canvas, placed, name)


def camera(canvas: Canvas, name: str) -> None:
    """A camera move over a still scene."""

    def make(canvas: Canvas, placed: Stage) -> Placed:
        place, size = (MIDDLE, LOW), (400, 560)
        frame = frame_of(placed.image)
        return canvas.add(
            "WanMoveCameraTracks", place, size, image=placed.image, move="pan-right", **frame
        )

    source_workflow(canvas, name, (NOTE_CAMERA, 165), 1340, make)


def region(canvas: Canvas, name: str) -> None:
    """An object that goes along a path, before a background that stays."""

    def make(canvas: Canvas, placed: Stage) -> Placed:
        path = track("path", "#ff7a4d", [(210, 330), (420, 260), (640, 320)])
        drawing = motion(canvas, placed.image, path, size=(700, 660))
        return canvas.add(
            "WanMoveRegionTracks",
            (MIDDLE + 780, LOW),
            (400, 702),
            mask=placed.picture.out(1).via((LEFT - 20, 508), (MIDDLE + 740, 508)),
            tracks=drawing,
            **frame_of(placed.image, MIDDLE + 740),
            motion="path",
            pins=200,
        )

    source_workflow(canvas, name, (NOTE_REGION, 215), 2120, make)


def rotation(canvas: Canvas, name: str) -> None:
    """An object that turns in space."""

    def make(canvas: Canvas, placed: Stage) -> Placed:
        depth = canvas.add("LoadImage", (MIDDLE, LOW), (320, 360), image="example_depth.png")
        return canvas.add(
            "WanMoveRotationTracks",
            (MIDDLE + 400, LOW),
            (400, 480),
            mask=placed.picture.out(1).via((LEFT - 20, 508), (MIDDLE + 360, 508)),
            depth=depth,
            **frame_of(placed.image, MIDDLE + 360),
            pins=200,
        )

    source_workflow(canvas, name, (NOTE_ROTATION, 190), 1740, make)


def transfer(canvas: Canvas, name: str) -> None:
    """The motion of another video."""

    def make(canvas: Canvas, placed: Stage) -> Placed:
        video = canvas.add("LoadVideo", (MIDDLE, LOW), (320, 330), file="example_motion.mp4")
        parts = canvas.add("GetVideoComponents", (MIDDLE, LOW + 400), (320, 110), video=video)
        place, size = (MIDDLE + 400, LOW), (400, 500)
        frame = frame_of(placed.image, MIDDLE + 360)
        return canvas.add("WanMoveVideoTracks", place, size, images=parts, **frame)

    source_workflow(canvas, name, (NOTE_TRANSFER, 140), 1740, make)


APPLICATIONS = {
    "wan-move-06-camera": camera,
    "wan-move-07-region": region,
    "wan-move-08-rotation": rotation,
    "wan-move-09-motion-transfer": transfer,
}
