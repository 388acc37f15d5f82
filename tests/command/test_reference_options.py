"""A command line of the reference's generate.py means the same here."""

from pathlib import Path

import pytest

from wanmove_core.command import main as cli
from wanmove_core.command.ranks import check_parallel, choose_shares
from wanmove_core.errors import OptionError

TOY = Path(__file__).parents[2] / "models/toy"

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
    # Without --language the reference's MoveBench is the Chinese one; --movebench's is English.
    assert theirs.pop("default_language") == "zh" and "default_language" not in ours
    assert theirs == ours


def test_names_that_are_not_used_change_no_default():
    assert "task" not in parse("generate")
    # Without a number of steps it is the family's.
    assert parse("generate")["steps"] is None and parse("generate")["offload"] == "none"


@pytest.mark.parametrize(
    "option", ["--ulysses_size 8", "--ring_size 2", "--dit_fsdp", "--t5_fsdp", "--parallel branch"]
)
def test_options_of_many_gpus_name_torchrun_where_there_is_one_process(option, capsys):
    line = f"generate --checkpoint a --image a.png --prompt cat --out a.mp4 {option}"
    assert cli.main(line.split()) == 2
    told = capsys.readouterr().err
    assert f"{option.removesuffix(' 8').removesuffix(' 2')} must have several processes" in told
    assert "torchrun --nproc_per_node=N -m wanmove_core generate" in told


@pytest.mark.parametrize(
    "options,said",
    [
        ("--ulysses_size 2 --cache firstblock", "Use taylor or magcache, or --parallel branch"),
        ("--ulysses_size 2 --attention flash3", "must be one that ulysses can split: native"),
        ("--ring_size 2", "must be one that ring can split: flash, sage, cudnn"),
        ("--ulysses_size 2 --compile", "Use --parallel branch"),
        ("--dit_fsdp --offload model", "--offload must be none where weights are spread"),
        ("--dit_fsdp --parallel branch", "Use --parallel ulysses"),
        ("--ulysses_size 3", "must be the 2 processes that torchrun started"),
    ],
)
def test_what_cannot_be_combined_is_refused_with_the_way_out(options, said, monkeypatch, tmp_path):
    for name, value in (("RANK", 0), ("WORLD_SIZE", 2), ("LOCAL_RANK", 0), ("MASTER_PORT", 1)):
        monkeypatch.setenv(name, str(value))
    args = cli.make_parser().parse_args(f"generate --checkpoint a {options}".split())
    with pytest.raises(OptionError) as refusal:
        choose_shares(args, check_parallel(args), 5.0)
    assert said in str(refusal.value)


def test_offload_is_true_or_false():
    with pytest.raises(OptionError, match="must be True or False; got 'maybe'"):
        parse("generate --offload_model maybe")


@pytest.mark.parametrize(
    "options,said",
    [
        *[
            (f"--device cpu --attention {kernel}", f"attention {kernel} must run on CUDA; got")
            for kernel in ("flash_hub", "flash3_hub", "flash4_hub", "sage_hub")
        ],
        ("--device cpu --fp8-gemm", "fp8_gemm must be on a GPU of compute capability 8.9"),
        ("--device cuda", "device must be one that this machine has; got cuda"),
    ],
)
@pytest.mark.parametrize("ranks", [1, 2])
def test_what_the_machine_cannot_do_is_one_line_before_a_model_is_loaded(
    options, said, *, ranks, monkeypatch, tmp_path, capsys
):
    """Of two processes, which would meet over NCCL on GPUs, the first alone says it."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("wanmove_core.checkpoints.loading.load_components", None)
    monkeypatch.setattr("wanmove_core.generation.parallel.join_group", None)
    line = f"generate --checkpoint {TOY} --image {TOY}/demo/start.png --out {tmp_path}/a.mp4 "
    line += f"--frames 17 --size 96x64 --resize stretch --prompt x {options}"
    for rank in range(ranks):
        if ranks > 1:
            for name, value in (("RANK", rank), ("LOCAL_RANK", rank), ("WORLD_SIZE", ranks)):
                monkeypatch.setenv(name, str(value))
            monkeypatch.setenv("MASTER_PORT", "1")
        assert cli.main(line.split()) == 2
        told = capsys.readouterr().err
        assert (said in told and told.count("\n") == 1) if rank == 0 else told == ""


def test_ring_is_refused_in_one_line_with_a_kernel_that_cannot(monkeypatch, tmp_path, capsys):
    for name, value in (("RANK", 0), ("LOCAL_RANK", 0), ("WORLD_SIZE", 2), ("MASTER_PORT", 1)):
        monkeypatch.setenv(name, str(value))
    monkeypatch.setattr("wanmove_core.checkpoints.loading.load_components", None)
    line = f"generate --checkpoint {TOY} --image {TOY}/demo/start.png --out {tmp_path}/a.mp4 "
    line += "--frames 17 --size 96x64 --resize stretch --prompt x --device cpu --parallel ring"
    for kernel, said in (("native", "must be one that ring can split"), ("flash", "on CUDA")):
        assert cli.main([*line.split(), "--attention", kernel]) == 2
        told = capsys.readouterr().err
        assert said in told and told.count("\n") == 1
