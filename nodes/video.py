"""The motion of another video."""

from itertools import chain

import torch
from comfy_api.latest import io

from ..wanmove_core.media.video import FrameRange
from ..wanmove_core.sources.video.retarget import mask_box
from ..wanmove_core.sources.video.transfer import Queries, Retarget, transfer_motion
from .host import CATEGORY
from .host import files as track_files
from .host.convert import check_images, to_image, tracks_from_host, tracks_to_host
from .host.frames import NO_FILE, follow, open_frames, point_inputs, retarget_inputs, source_inputs
from .host.links import checked
from .host.scene import scene_inputs, split_scene


class WanMoveVideoTracks(io.ComfyNode):
    """Tracks of another video."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="WanMoveVideoTracks",
            display_name="Video Tracks (Wan-Move)",
            category=CATEGORY,
            description="Takes the motion of another video: tracks points through it, separates "
            "the camera's motion from the subject's, and moves the motion onto the start image.",
            search_aliases=["motion transfer", "point tracking", "CoTracker", "optical flow"],
            inputs=[*source_inputs(), *scene_inputs(), *point_inputs(), *retarget_inputs()],
            outputs=[
                io.Tracks.Output(
                    "tracks",
                    display_name="TRACKS",
                    tooltip="The motion, in pixels of the new video.",
                ),
                io.Image.Output(
                    "first_frame",
                    display_name="first_frame",
                    tooltip="The first frame that is used. Paint the mask on it.",
                ),
                io.String.Output(
                    "info",
                    display_name="info",
                    tooltip="Number of points and frames of the result, and the visible share.",
                ),
            ],
        )

    @classmethod
    def validate_inputs(cls, file=None):
        return file in (None, NO_FILE) or track_files.validate_file(file)

    @classmethod
    def fingerprint_inputs(cls, file=None, **_inputs):
        return None if file in (None, NO_FILE) else track_files.fingerprint(file)

    @classmethod
    @checked
    def execute(
        cls, *, images=None, file=None, mask=None, tracks=None, target_mask=None, **inputs
    ) -> io.NodeOutput:
        scene, length, given = split_scene(inputs)
        for name, picture in (("mask", mask), ("target_mask", target_mask)):
            if picture is not None:
                check_images(picture, name, channels=0)
        target = scene.mask(target_mask)
        box = None if target is None else mask_box(target, "target_mask")
        options = {name: given[name] for name in ("camera", "fit", "strength", "speed")}
        retarget = Retarget((scene.width, scene.height), length, target=box, **options)
        subject = None if mask is None else (mask.reshape(-1, *mask.shape[-2:])[0] > 0.5).cpu()
        starts = None if tracks is None else tracks_from_host(tracks)
        queries = Queries(
            given["count"], given["points"], None if subject is None else subject.numpy(), starts
        )
        used = FrameRange(given["first"], given["use"] or None, given["every"])
        frames, total, times = open_frames(images, None if file == NO_FILE else file, used)
        first = next(frames)
        found = transfer_motion(
            chain([first], frames),
            queries,
            retarget,
            follow=follow(given["tracker"], total),
            times=times,
        )
        seen = float(found.visibility.float().mean())
        info = f"{found.num_points} points, {found.num_frames} frames, {seen:.0%} visible"
        picture = to_image(torch.from_numpy(first)[None])
        return io.NodeOutput(tracks_to_host(found), picture, info)
