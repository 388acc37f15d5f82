"""`wanmove draw`: draw tracks over an image in the browser, save them, generate from them."""

import argparse
import logging
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import MediaError, OptionError
from ..formats.registry import WRITE_FORMATS, format_of, written_suffixes
from .parse import parse_path

if TYPE_CHECKING:
    from ..draw_page.session import Work

_log = logging.getLogger("wanmove")


# Of the official demo; they go to the Generate button.
_DEMO_OPTIONS: dict[str, dict[str, Any]] = {
    "--task": {},
    "--size": {},
    "--ckpt_dir": {},
    "--t5_cpu": {"action": "store_true"},
    "--offload_model": {},
    "--dtype": {},
}


def add_draw_parser(commands: Any) -> None:
    """Add `draw` to the commands of `wanmove`."""
    parser = commands.add_parser(
        "draw",
        help="draw tracks over an image in the browser",
        description="Open the motion editor on this machine. It saves tracks, and its Generate "
        "button makes the video: with the small trained model, or the one that you name.",
        epilog="Example: wanmove draw cat.jpg -o cat_tracks.npy "
        '--generate="--checkpoint ./Wan-Move-14B-480P --offload model"',
    )
    parser.add_argument(
        "image",
        type=parse_path,
        metavar="IMAGE",
        help="start image, or a video made from a drawing: its drawing, prompt and seed again",
    )
    parser.add_argument(
        "-o",
        "--out",
        type=parse_path,
        default=Path("tracks.npy"),
        metavar="FILE",
        help=f"where Save writes: {written_suffixes()}; the drawing goes beside it (tracks.npy)",
    )
    parser.add_argument(
        "--tracks", type=parse_path, metavar="FILE", help="begin with these; any format"
    )
    parser.add_argument(
        "--results",
        type=parse_path,
        default=Path("results"),
        metavar="DIR",
        help="of Generate (results)",
    )
    parser.add_argument("--port", type=int, default=0, metavar="N", help="0 takes a free one (0)")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    parser.add_argument(
        "--generate",
        default="",
        metavar="OPTIONS",
        help="of wanmove generate, for the button; default: the small trained model",
    )
    for name, how in _DEMO_OPTIONS.items():
        parser.add_argument(name, help=argparse.SUPPRESS, **how)
    parser.add_argument("--share", action="store_true", help=argparse.SUPPRESS)
    parser.set_defaults(run=run_draw)


def run_draw(args: argparse.Namespace) -> int:
    """Run `wanmove draw` until the page is closed; returns the exit code.

    Raises:
        WanMoveError: an image or tracks that cannot be read, or a wrong option.
    """
    from ..draw_page.server import DrawServer
    from ..draw_page.session import DrawSession
    from ..media.writer import check_writable
    from .draw_generation import make_generation

    if format_of(args.out.name) not in WRITE_FORMATS:
        raise OptionError(
            f"--out must end in {written_suffixes()}; got {args.out.name}. Rename it."
        )
    if args.share:
        raise OptionError(
            "--share must be left out; got it. The page is for this machine alone: drawings and "
            "files of yours would be open to the world. Forward its port with ssh -L instead."
        )
    if not args.image.is_file():
        raise MediaError(f"IMAGE must be a file; got {args.image}. Name an image.")
    check_writable(args.out)
    check_writable(args.results / "draw_001.mp4")
    image, recalled = _start_of(args.image, args.out)
    options = [*_demo_words(args), *_split(args.generate)]
    generation = make_generation(image, args.results, options)
    session = DrawSession(image, args.out, args.tracks, recalled=recalled)
    with DrawServer(session, generation, port=args.port) as server:
        _log.info("Draw at %s (this machine only). Close the page to end.", server.url)
        if not args.no_browser:
            import webbrowser

            webbrowser.open(server.url)
        server.serve_until_closed()
    return 0


def _split(options: str) -> list[str]:
    try:
        return shlex.split(options)
    except ValueError as error:
        raise OptionError(
            f"--generate must be options of wanmove generate; got {options!r}. Close its quotes."
        ) from error


def _demo_words(args: argparse.Namespace) -> list[str]:
    """The official demo's options as `wanmove generate` reads them."""
    words: list[str] = []
    for name in _DEMO_OPTIONS:
        value = getattr(args, name.lstrip("-"))
        if value is True:
            words.append(name)
        elif value not in (None, False):
            words += [name, str(value)]
    return words


def _start_of(image: Path, out: Path) -> "tuple[Path, Work | None]":
    """The start image; of a video of ours, its first frame, and what it was made from."""
    from ..draw_page.recall import recall
    from ..media.video import read_frames
    from ..media.writer import write_image

    if image.suffix.lower() != ".mp4":
        return image, None
    import torch

    work = recall(image)
    first = out.with_suffix(".start.png")
    write_image(first, torch.from_numpy(next(iter(read_frames(image)))))
    return first, work
