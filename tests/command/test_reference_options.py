"""A command line of the reference's generate.py means the same here."""

import pytest

from wanmove_core.command import main as cli
from wanmove_core.errors import OptionError

THEIRS = (
    "generate --task wan-move-i2v --size 480*832 --ckpt_dir ./Wan-Move-14B-480P --image a.jpg "
    "--prompt cat --track a_tracks.npy --track_visibility a_visibility.npy --save_file a.mp4 "
    "--frame_num 49 --sample_steps 30 --sample_shift 5 --sample_guide_scale 4 "
    "--sample_solver dpm++ --base_seed 7 --vis_track --t5_cpu --offload_model True --dtype bf16 "
    "--use_prompt_extend --prompt_extend_method local_qwen --prompt_extend_model qwen "
    "--prompt_extend_target_lang en --mode multi --language zh --save_path out --eval_bench"
)
OURS = (
    "generate --size 480x832 --checkpoint ./Wan-Move-14B-480P --image a.jpg --prompt cat "
    "--tracks a_tracks.npy --visibility a_visibility.npy --out a.mp4 --frames 49 --steps 30 "
    "--shift 5 --guidance-scale 4 --solver dpm++ --seed 7 --draw-tracks "
    "--text-encoder-device cpu --offload model --dtype bf16 --extend-prompt qwen "
    "--extend-language en --mode multi --language zh --out-dir out --movebench MoveBench"
)


def parse(line):
    return vars(cli.make_parser().parse_args(line.split()))


def test_both_names_mean_the_same():
    theirs, ours = parse(THEIRS), parse(OURS)
    for name in ("task", "use_prompt_extend", "prompt_extend_method"):
        theirs.pop(name)
    assert theirs == ours


def test_names_that_are_not_used_change_no_default():
    assert "task" not in parse("generate")
    assert parse("generate")["steps"] == 40 and parse("generate")["offload"] == "none"


def test_the_options_of_many_gpus_are_refused():
    with pytest.raises(OptionError, match="unrecognized arguments: --ulysses_size"):
        parse(THEIRS + " --ulysses_size 8")
    with pytest.raises(OptionError, match="must be True or False; got 'maybe'"):
        parse("generate --offload_model maybe")
