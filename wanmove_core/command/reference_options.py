"""The names that the reference's generate.py gives to options: its command lines work here too."""

import argparse
from pathlib import Path
from typing import Any

# (name there, what it sets here, how). All GPUs of one job are the reference's own affair.
_NAMES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("--task", "task", {"choices": ("wan-move-i2v",)}),
    ("--ckpt_dir", "checkpoint", {"type": Path, "nargs": 1}),
    ("--frame_num", "frames", {"type": int}),
    ("--sample_steps", "steps", {"type": int}),
    ("--sample_shift", "shift", {"type": float}),
    ("--sample_guide_scale", "guidance_scale", {"type": float}),
    ("--sample_solver", "solver", {"choices": ("unipc", "dpm++")}),
    ("--base_seed", "seed", {"type": int}),
    ("--track", "tracks", {"type": Path, "nargs": 1}),
    ("--track_visibility", "visibility", {"type": Path}),
    ("--save_file", "out", {"type": Path}),
    ("--save_path", "out_dir", {"type": Path}),
    ("--vis_track", "draw_tracks", {"action": "store_true"}),
    ("--t5_cpu", "text_encoder_device", {"action": "store_const", "const": "cpu"}),
    ("--use_prompt_extend", "use_prompt_extend", {"action": "store_true"}),
    ("--prompt_extend_method", "prompt_extend_method", {"choices": ("local_qwen",)}),
    ("--prompt_extend_model", "extend_prompt", {}),
    ("--prompt_extend_target_lang", "extend_language", {"choices": ("zh", "en")}),
)


class _EvalBench(argparse.Action):
    """MoveBench where the reference looks for it, in Chinese unless --language says else."""

    def __call__(self, _parser: Any, namespace: Any, _values: Any, _option: Any = None) -> None:
        namespace.movebench = Path("MoveBench")
        namespace.default_language = "zh"


def add_reference_options(parser: argparse.ArgumentParser) -> None:
    """Accept the reference's names beside our own, without a place in --help."""
    parser.add_argument(
        "--eval_bench",
        action=_EvalBench,
        dest="movebench",
        nargs=0,
        help=argparse.SUPPRESS,
        default=argparse.SUPPRESS,
    )
    for name, dest, how in _NAMES:
        parser.add_argument(
            name, dest=dest, help=argparse.SUPPRESS, default=argparse.SUPPRESS, **how
        )
    parser.add_argument(
        "--offload_model",
        dest="offload",
        type=_offload,
        help=argparse.SUPPRESS,
        default=argparse.SUPPRESS,
    )


def _offload(text: str) -> str:
    """The reference says True or False where we name what is offloaded."""
    meaning = {"true": "model", "1": "model", "yes": "model"}
    other = {"false": "none", "0": "none", "no": "none"}
    try:
        return (meaning | other)[text.lower()]
    except KeyError as error:
        raise argparse.ArgumentTypeError(f"must be True or False; got {text!r}") from error
