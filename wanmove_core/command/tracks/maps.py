"""`wanmove tracks maps`: tracks and masks to FlashMotion's trajectory maps, and back."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from ...choices import MapShape
from ...errors import OptionError
from ..parse import check_fps, parse_path, parse_size
from ..say import say
from .inputs import read_mask, read_placed, write_result

if TYPE_CHECKING:
    from ...document.schema import EditorDocument
    from ...view.map_objects import MapObject

_MAP_SUFFIXES = ("", ".mkv")


def add_maps_verb(verbs: Any) -> None:
    """Add the verb to those of `wanmove tracks`. Imports nothing heavy."""
    maps = verbs.add_parser(
        "maps",
        help="draw trajectory maps for FlashMotion, or read them back as tracks",
        description="Draw one picture per frame: filled masks in frame 0, boxes (or masks) in "
        "later frames. FROM is a drawing with regions or boxes, or tracks with --mask or --box. "
        "If TO is a file of tracks, FROM is a folder of maps, such as MagicData's, or a video of "
        "maps.",
    )
    maps.add_argument("source", type=parse_path, metavar="FROM")
    maps.add_argument(
        "target",
        type=parse_path,
        metavar="TO",
        help="a folder of PNG files, .mkv, or a file of tracks",
    )
    maps.add_argument(
        "--mask",
        type=parse_path,
        nargs="+",
        metavar="FILE",
        help="one mask per object, white on the object in frame 0",
    )
    maps.add_argument("--box", type=parse_size, metavar="WxH", help="a box around every track")
    maps.add_argument("--size", type=parse_size, metavar="WxH", help="of the maps; needed by --box")
    maps.add_argument("--frames", type=int, metavar="N", help="of the maps (default: the tracks')")
    maps.add_argument("--shape", choices=get_args(MapShape), default="box", help="(default box)")
    maps.add_argument("--given", metavar="N,N", help="the frames with boxes; the others are black")
    maps.add_argument("--fps", type=int, default=24, help="of a video (default 24)")
    maps.set_defaults(run=run_maps)


def run_maps(args: argparse.Namespace) -> int:
    """Write maps or tracks; returns the exit code.

    Raises:
        WanMoveError: what cannot be read, does not fit together, or is out of range.
    """
    if args.target.suffix.lower() not in _MAP_SUFFIXES:
        return _read_back(args.source, args.target)
    from ...media.map_files import write_maps
    from ...view.trajectory_maps import draw_trajectory_maps

    check_fps(args.fps)
    if args.mask and args.box:
        raise OptionError("one of --mask and --box may be given; got both. Drop one.")
    objects, size = read_objects(
        args.source, masks=args.mask, box=args.box, size=args.size, frames=args.frames
    )
    maps = draw_trajectory_maps(objects, size, shape=args.shape, given=_given(args.given))
    write_maps(args.target, maps, fps=args.fps)
    say(str(args.target))
    return 0


def read_objects(
    source: Path,
    *,
    masks: list[Path] | None = None,
    box: tuple[int, int] | None = None,
    size: tuple[int, int] | None = None,
    frames: int | None = None,
) -> "tuple[list[MapObject], tuple[int, int]]":
    """Read the objects to draw, and the (width, height) of their frame.

    Args:
        source: a drawing of the editor, or tracks in any format.
        masks: pictures, one an object.
        box: (width, height) of a box around every track.
        size: (width, height) that a drawing is brought to, or that tracks are in.
        frames: that the motion is retimed to; None: its own.
    """
    import numpy as np

    from ...document.sampling import scale_document
    from ...formats import read_tracks
    from ...motion.retime import resample_tracks
    from ...sources.region.objects import objects_from_document
    from ...view.map_objects import objects_from_masks, objects_from_points

    drawing = _drawing(source) if masks is None and box is None else None
    if drawing is not None:
        width, height = size or (drawing.width, drawing.height)
        count = frames or drawing.num_frames
        drawing = scale_document(drawing, width=width, height=height, num_frames=count)
        return list(objects_from_document(drawing)), (width, height)
    tracks = read_tracks(source) if size is None else read_placed(source, size)
    tracks = resample_tracks(tracks, frames or tracks.num_frames)
    if masks is not None:
        marked = [read_mask(path) for path in masks]
        whole = (marked[0].shape[1], marked[0].shape[0])
        for path, mask in zip(masks, marked, strict=True):
            if mask.shape != marked[0].shape or (size or whole) != whole:
                raise OptionError(
                    f"{path} must be of the size of the maps; got {mask.shape[1]}x{mask.shape[0]}. "
                    "Resize it, or leave out --size."
                )
        return list(objects_from_masks(np.stack(marked), tracks)), whole
    if box is None or size is None:
        raise OptionError(
            f"{source} must have regions or boxes, or come with --mask, or --box and --size; "
            "got tracks alone. Frame 0 needs a filled shape: add --mask FILE."
        )
    return list(objects_from_points(tracks, size, box)), size


def _drawing(source: Path) -> "EditorDocument | None":
    """The file as a drawing with regions; None for anything else."""
    import json

    from ...document.sampling import region_outlines
    from ...document.schema import is_document, parse_document
    from ...errors import MediaError

    if source.suffix.lower() != ".json":
        return None
    try:
        text = source.read_text(encoding="utf-8-sig")
        if not is_document(json.loads(text)):
            return None
    except (ValueError, RecursionError):
        return None  # another format's reader says what is wrong
    except OSError as error:
        raise MediaError(
            f"{source} must be a readable file; got {error.strerror}. Check the path."
        ) from error
    drawing = parse_document(text)
    return drawing if region_outlines(drawing) else None


def _given(text: str | None) -> set[int] | None:
    if text is None:
        return None
    try:
        return {int(part) for part in text.split(",")}
    except ValueError as error:
        raise OptionError(f"--given must be frame numbers; got {text!r}. Use 0,12,24.") from error


def _read_back(source: Path, target: Path) -> int:
    from ...media.map_files import read_maps
    from ...view.map_reading import LOSSY_TOLERANCE, read_trajectory_maps
    from .inputs import check_target

    check_target(target)
    maps, lossless = read_maps(source)
    found = read_trajectory_maps(maps, tolerance=0 if lossless else LOSSY_TOLERANCE)
    return write_result(found.tracks(), target, (maps.shape[2], maps.shape[1]))
