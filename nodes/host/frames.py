"""Video files, frames and trackers of the host, for Video Tracks."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import folder_paths
import numpy as np
import torch
from comfy_api.latest import io

from ...wanmove_core import MediaError, OptionError
from ...wanmove_core.media.files import list_files
from ...wanmove_core.media.video import FrameRange, probe_video, read_frames
from ...wanmove_core.sources.video.queries import PATTERNS
from ...wanmove_core.sources.video.retarget import CAMERAS, FITS
from ...wanmove_core.sources.video.transfer import Follow
from ...wanmove_core.tracking.video import MAX_TRACKED, track_video
from . import files as track_files
from .convert import check_images, naming, progress, to_bytes
from .models import find_model

OPTICAL_FLOW = "optical flow"
_VIDEOS = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v", ".gif", ".mpg", ".mpeg")
_TRACKERS = (".pt", ".pth", ".ts", ".torchscript")


# A list always shows a choice, so "take the images" has to be one.
NO_FILE = "none"


def video_files() -> list[str]:
    """Videos of the input folder, as LoadImage names its files."""
    return list_files(folder_paths.get_input_directory(), _VIDEOS)


def tracker_files() -> list[str]:
    """CoTracker files in models/cotracker."""
    folder = Path(folder_paths.models_dir) / "cotracker"
    folder_paths.add_model_folder_path("cotracker", str(folder))
    names = folder_paths.get_filename_list("cotracker")
    return [name for name in names if name.endswith(_TRACKERS)]


def open_frames(
    images: torch.Tensor | None, file: str | None, used: FrameRange
) -> tuple[Iterator[np.ndarray], int, list[float]]:
    """Open frames of uint8 RGB as an iterator; return about how many, and their times."""
    times: list[float] = []
    if (images is None) == (file is None):
        raise OptionError(
            "either images or file must be given; got "
            + ("neither" if images is None else "both")
            + ". Connect the frames, or choose a video."
        )
    if file is not None:
        path = track_files.find_file(file)
        with naming("file"):
            total = probe_video(path).num_frames or 1
        return read_frames(path, used, times), _count(total, used), times
    check_images(images, "images")
    picked = images[used.first :: used.every][: used.count]
    if len(picked) == 0:
        raise MediaError(
            f"images must have a frame {used.first} or later; got {len(images)} frames. "
            "Start earlier."
        )
    return (to_bytes(frame[None])[0].numpy() for frame in picked), len(picked), times


def follow(tracker: str, total: int) -> Follow:
    """Return the chosen tracker, with the node's progress bar and cancel."""
    if tracker == OPTICAL_FLOW:
        show = progress(total)
        return lambda frames, points: track_video(frames, points, on_frame=show)
    return _cotracker(Path(find_model("tracker", "cotracker", tracker)))


def _cotracker(path: Path) -> Follow:
    import comfy.model_management
    import comfy.model_patcher

    from ...wanmove_core.tracking.cotracker import load_cotracker, track_with_cotracker

    # Wrapped, since the host keeps notes on the module and TorchScript modules take none.
    patcher = comfy.model_patcher.ModelPatcher(
        torch.nn.Sequential(load_cotracker(path)),
        load_device=comfy.model_management.get_torch_device(),
        offload_device=comfy.model_management.unet_offload_device(),
    )

    def run(frames: Any, points: np.ndarray) -> Any:
        comfy.model_management.load_models_gpu([patcher], force_full_load=True)
        return track_with_cotracker(patcher.model[0], frames, points, device=patcher.load_device)

    return run


def _count(total: int, used: FrameRange) -> int:
    count = max(1, -(-(total - used.first) // used.every))
    return count if used.count is None else min(count, used.count)


def source_inputs() -> list[io.Input]:
    """Where the motion comes from."""
    return [
        io.Image.Input(
            "images", optional=True, tooltip="Frames of the video to take the motion from."
        ),
        io.Combo.Input(
            "file",
            options=[NO_FILE, *video_files()],
            default=NO_FILE,
            optional=True,
            tooltip="A video in ComfyUI's input folder, in place of images: connect one of the "
            "two. It is decoded frame by frame, so a long video needs no more memory.",
        ),
        io.Mask.Input(
            "mask",
            optional=True,
            tooltip="Mask of the moving subject in the video's first frame. Without a mask, points "
            "lie everywhere.",
        ),
        io.Tracks.Input(
            "tracks",
            optional=True,
            tooltip="Track the points where these tracks start, instead of chosen ones.",
        ),
        io.Mask.Input(
            "target_mask",
            optional=True,
            tooltip="Mask of the subject in the start image. The motion is moved and scaled onto "
            "it.",
        ),
    ]


def point_inputs() -> list[io.Input]:
    """Which points of which frames, and how they are followed."""
    return [
        io.Combo.Input(
            "points",
            options=list(PATTERNS),
            default="features",
            tooltip="features: points on corners, which are tracked best. grid: evenly spaced "
            "points.",
        ),
        io.Int.Input(
            "count",
            default=400,
            min=1,
            max=MAX_TRACKED,
            tooltip="About how many points. A few hundred are enough.",
        ),
        io.Combo.Input(
            "tracker",
            options=[OPTICAL_FLOW, *tracker_files()],
            default=OPTICAL_FLOW,
            tooltip="optical flow needs no model. CoTracker files of models/cotracker are listed "
            "too; a TorchScript file is a program, so take it only from people you trust.",
        ),
        io.Int.Input("first", default=0, min=0, max=1_000_000, tooltip="First frame to use."),
        io.Int.Input(
            "every",
            default=1,
            min=1,
            max=100,
            tooltip="Use every n-th frame only; 2 for a video of 30 fps.",
        ),
        io.Int.Input(
            "use", default=0, min=0, max=1_000_000, tooltip="Use this many frames; 0 uses all."
        ),
    ]


def retarget_inputs() -> list[io.Input]:
    """What to make of the motion."""
    return [
        io.Combo.Input(
            "camera",
            options=list(CAMERAS),
            default="keep",
            tooltip="remove: the subject's motion, as if the camera stood still. only: the "
            "camera's motion. keep: both.",
        ),
        io.Combo.Input(
            "fit",
            options=list(FITS),
            default="uniform",
            tooltip="How the motion is scaled to the target. uniform: by one factor. stretch: "
            "width and height each. none: not at all. Without a target, uniform crops the "
            "picture, stretch stretches it, none pads it.",
        ),
        io.Float.Input(
            "strength",
            default=1.0,
            min=-10.0,
            max=10.0,
            step=0.05,
            tooltip="How far points move from where they start; 1: as far as in the video.",
        ),
        io.Float.Input(
            "speed",
            default=1.0,
            min=0.05,
            max=20.0,
            step=0.05,
            tooltip="2 plays the motion twice as fast, then holds its end.",
        ),
    ]
