"""The options of `wanmove generate`; `option_values` turns them into settings."""

import argparse
from typing import Any

from ..choices import Branch, Collision, Resize, Retime, Temporal, options_of
from .flashmotion import add_adapter_options, add_flashmotion_options
from .long_options import add_long_options
from .parse import parse_numbers, parse_path, parse_size
from .reference_options import add_reference_options

_DTYPES = ("bf16", "fp16", "fp32", "fp8")

_KERNELS = ("native", "flash", "flash3", "sage", "flex", "xformers", "cudnn")
_HUB_KERNELS = ("flash_hub", "flash3_hub", "flash4_hub", "sage_hub")


def add_job_options(parser: Any) -> None:
    """Add the options of one video to a parser, or to the `JobOptions` of a batch's lines."""
    files = parser.add_argument_group("one video")
    files.add_argument("--image", type=parse_path, metavar="FILE", help="start image")
    files.add_argument(
        "--tracks",
        type=parse_path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="tracks in any format; later files lie on top; without it: plain image-to-video",
    )
    files.add_argument(
        "--visibility", type=parse_path, metavar="FILE", help=".npy of a tracks .npy"
    )
    files.add_argument(
        "--tracks-size",
        type=parse_size,
        metavar="WxH",
        help="picture that the tracks were drawn on, if it is not the start image",
    )
    files.add_argument("--prompt", metavar="TEXT", help="what happens in the video")
    files.add_argument("--negative-prompt", metavar="TEXT", help="default: the reference's")
    files.add_argument("--out", type=parse_path, metavar="FILE.mp4", help="video to write")
    files.add_argument("--fps", type=int, metavar="N", help="of the file (16; of the 5B 24)")
    files.add_argument(
        "--draw-tracks", action="store_true", help="also write FILE_tracks.mp4 with them drawn"
    )
    add_flashmotion_options(parser)
    add_settings_options(parser)


def add_settings_options(parser: Any) -> None:
    """Add the options of `make_settings`: size, time, sampling, and how tracks guide."""
    _add_frame_options(parser)
    add_long_options(parser)
    _add_sampling_options(parser)
    _add_motion_options(parser)


def _add_frame_options(parser: Any) -> None:
    group = parser.add_argument_group("picture and time")
    group.add_argument(
        "--size", type=parse_size, metavar="WxH", help="(832x480; of the 5B 1280x704)"
    )
    group.add_argument(
        "--resize",
        choices=options_of(Resize),
        default="area",
        help="area: the image's shape within SIZE's area (default); native: the image's own "
        "size; stretch, crop, pad: SIZE exactly",
    )
    group.add_argument(
        "--frames", type=int, metavar="N", help="a multiple of 4 plus 1 (81; of the 5B 121)"
    )
    group.add_argument(
        "--retime",
        choices=options_of(Retime),
        default="time",
        help="tracks of another length: stretch in time (default), cut, or hold their end",
    )


def _add_sampling_options(parser: Any) -> None:
    group = parser.add_argument_group("sampling")
    group.add_argument("--steps", type=int, metavar="N", help="(40; of the 5B 50)")
    group.add_argument(
        "--shift", type=float, metavar="X", help="of the noise levels; 3 up to 480p, else 5"
    )
    group.add_argument(
        "--guidance-scale", type=float, metavar="X", help="of the prompt; 1: off (5; few steps 1)"
    )
    group.add_argument(
        "--solver", choices=("unipc", "dpm++", "euler", "lcm"), help="(unipc; few steps lcm)"
    )
    group.add_argument(
        "--sigmas",
        type=parse_numbers,
        metavar="S,S,..",
        help="noise levels for few-step models, as 1,.9375,.8333,.625,0 with --solver euler",
    )
    group.add_argument("--seed", type=int, default=0, metavar="N", help="-1 draws a random one (0)")


def _add_motion_options(parser: Any) -> None:
    group = parser.add_argument_group("motion")
    group.add_argument(
        "--strength", type=float, default=1.0, metavar="X", help="of the tracks, 0 to 2 (1)"
    )
    group.add_argument(
        "--guidance-branch",
        choices=options_of(Branch),
        default="both",
        help="which branches of classifier-free guidance see the tracks (both)",
    )
    group.add_argument(
        "--motion-scale",
        type=float,
        default=0.0,
        metavar="X",
        help="strengthen the motion: push away from the video without tracks; a third pass per "
        "step (0)",
    )
    group.add_argument(
        "--guidance-range",
        type=parse_numbers,
        default=(0.0, 1.0),
        metavar="FROM,TO",
        help="shares of the steps in which both scales are used (0,1)",
    )
    group.add_argument(
        "--collision",
        choices=options_of(Collision),
        default="last",
        help="which track fills a cell that several tracks visit (last)",
    )
    group.add_argument(
        "--temporal",
        choices=options_of(Temporal),
        default="sample",
        help="of four frames of tracks: the last, or their mean (sample)",
    )


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose the model and how it runs."""
    group = parser.add_argument_group("model")
    group.add_argument(
        "--checkpoint",
        type=parse_path,
        nargs="+",
        metavar="PATH",
        help="a folder (official, diffusers, ComfyUI's models) or the files",
    )
    group.add_argument("--dtype", choices=_DTYPES, default="bf16", help="(bf16)")
    group.add_argument("--text-encoder-dtype", choices=_DTYPES, default="bf16", help="(bf16)")
    group.add_argument(
        "--lora", nargs="+", default=[], metavar="FILE[:X]", help="LoRA files, with strength X (1)"
    )
    add_adapter_options(group)
    group.add_argument("--device", metavar="NAME", help="default: cuda if there is one, else cpu")
    group.add_argument(
        "--text-encoder-device", metavar="NAME", help="cpu saves memory; default: as --device"
    )
    group.add_argument(
        "--offload",
        choices=("none", "model", "layer"),
        default="none",
        help="what waits in host memory: nothing (default), parts not in use, all but a few layers",
    )
    group.add_argument(
        "--keep",
        type=float,
        default=0.0,
        metavar="GIB",
        help="with --offload layer: so much of the transformer stays on the GPU while it works (0)",
    )
    group.add_argument("--vae-tiling", action="store_true", help="decode in tiles; less memory")
    _add_prompt_options(parser)
    _add_speed_options(parser)


def _add_speed_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("speed")
    group.add_argument(
        "--cache",
        choices=("none", "auto", "taylor", "firstblock", "magcache", "cfg", "attention"),
        default="none",
        help="reuse work between steps; auto chooses by their number (none)",
    )
    group.add_argument(
        "--cache-threshold", type=float, metavar="X", help="higher is faster and less exact"
    )
    group.add_argument(
        "--mag-ratios", type=parse_path, metavar="FILE", help="of magcache; measured if not there"
    )
    group.add_argument(
        "--attention",
        choices=(*_KERNELS, *_HUB_KERNELS),
        default="native",
        metavar="KERNEL",
        help=f"{', '.join((*_KERNELS, *_HUB_KERNELS))} (native)",
    )
    group.add_argument("--compile", action="store_true", help="compile the blocks")
    group.add_argument(
        "--fp8-gemm", action="store_true", help="multiply fp8 weights in fp8 (RTX 40, H100, newer)"
    )
    add_reference_options(parser)


def _add_prompt_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("prompt written out by a language model")
    group.add_argument(
        "--extend-prompt",
        metavar="MODEL",
        help="a folder, such as of Qwen2.5-VL-7B-Instruct, or a server's address: "
        "http://localhost:11434/v1; a key goes into WANMOVE_PROMPT_KEY",
    )
    group.add_argument("--extend-model", metavar="NAME", help="which model of the server")
    group.add_argument("--extend-language", choices=("en", "zh"), help="to write in (zh)")
