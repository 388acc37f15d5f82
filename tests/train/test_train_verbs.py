"""From clips to a LoRA that both loaders take, by the commands of a user."""

import json
import re
from functools import partialmethod
from pathlib import Path

import pytest
import torch
from diffusers import WanTransformer3DModel
from safetensors import safe_open

from tests.tracking.test_cotracker import Brightest, save
from wanmove_core.bench.world import make_scene
from wanmove_core.checkpoints.loading import load_components
from wanmove_core.checkpoints.lora import apply_lora
from wanmove_core.command.main import main
from wanmove_core.media.video_writer import write_video
from wanmove_core.train.cache import Cache

TOY = Path(__file__).parents[2] / "models" / "toy"


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    for seed in range(3):
        frames = torch.from_numpy(make_scene(seed, frames=22).frames)
        write_video(folder / f"clip_{seed}.mp4", frames, fps=16)
    write_video(folder / "short.mp4", frames[:5], fps=16)
    (folder / "clip_1.txt").write_text("nothing that the small model knows")
    return folder


def prepared(clips, out, *more):
    files = [str(clips), "--out", str(out), "--checkpoint", str(TOY)]
    sizes = ["--size", "96x64", "--frames", "17", "--points", "12x8"]
    return main(["train", "prepare", *files, *sizes, *more])


@pytest.fixture(scope="module")
def cache(clips, tmp_path_factory):
    out = tmp_path_factory.mktemp("cache")
    assert prepared(clips, out) == 1  # one clip is too short
    return out


def test_prepare_leaves_a_bad_clip_out_in_one_line_and_resumes(clips, cache, caplog):
    held = Cache(cache)
    assert [clip["name"] for clip in held.facts.clips] == [f"clip_{k}#0" for k in range(3)]
    sample = held[1]
    assert sample.latent.shape == (16, 5, 8, 12) and sample.positions.shape == (17, 96, 2)
    assert 0.5 < sample.latent.std() < 2 and sample.prompt.shape == (0, 4096)
    # The start image's own latent frame is the clip's: both encode the first frame alone.
    torch.testing.assert_close(sample.latent[:, 0], sample.start[:, 0], atol=0.02, rtol=0.02)
    before = (cache / "cache.json").read_bytes()
    assert prepared(clips, cache) == 1
    assert (cache / "cache.json").read_bytes() == before
    lines = [r.getMessage() for r in caplog.records if "left out" in r.getMessage()]
    assert len(lines) == 1 and "short.mp4 must have 17 frames" in lines[0]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((TOY.with_name("toy_5b"), "96x64"), "must take 36 channels, as Wan-Move does"),
        ((TOY, "96x72"), "size must be multiples of 16 px; got 96x72. Use 96x64"),
    ],
)
def test_prepare_refuses_what_run_could_not_train(clips, tmp_path, capsys, given, message):
    words = [str(clips), "--out", str(tmp_path / "c"), "--checkpoint", str(given[0])]
    assert main(["train", "prepare", *words, "--size", given[1], "--frames", "17"]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1 and not (tmp_path / "c").exists()


LAYOUTS = {
    "text beside": ("a.mp4", {"a.txt": "a red ball"}, "folder"),
    "a table": ("a.mp4", {"list.csv": "path,text\na.mp4,a red ball\n"}, "folder"),
    "paths": (
        "sub/a.mp4",
        {"list.csv": "caption;file_name\na blue one;b.mp4\na red ball;sub/a.mp4\n"},
        "folder",
    ),
    "MagicData": (
        "videos/a.mp4",
        {"MagicData.csv": "path,text\nvideos/a.mp4,a red ball\n", "masks/a/.keep": ""},
        "MagicData",
    ),
    "MoveBench": ("en/video/a.mp4", {"en/single_track.txt": "a.mp4,a red ball\n"}, "MoveBench"),
}


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
@pytest.mark.parametrize("layout", LAYOUTS)
def test_captions_come_from_every_layout_and_tracks_from_the_users_tracker(layout, tmp_path):
    """Five frames of 32x32; the stand-in tracker says that every point stays on the brightest."""
    video, texts, kind = LAYOUTS[layout]
    for name, text in {**texts, video: ""}.items():
        path = tmp_path / "clips" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    frames = torch.zeros(5, 32, 32, 3, dtype=torch.uint8)
    for frame in range(5):
        frames[frame, 6:10, 4 + 4 * frame : 8 + 4 * frame] = 255
    write_video(tmp_path / "clips" / video, frames, fps=16)
    save(Brightest(), tmp_path / "tracker.pt")
    small = ["--size", "32x32", "--frames", "5", "--points", "3x3"]
    more = [*small, "--tracker", str(tmp_path / "tracker.pt")]
    assert prepared(tmp_path / "clips", tmp_path / "cache", *more) == 0
    held = Cache(tmp_path / "cache")
    assert [clip["caption"] for clip in held.facts.clips] == ["a red ball"]
    assert held.facts.made_from["data"] == kind
    moved = held[0].positions[-1] - held[0].positions[0]
    assert moved.shape == (9, 2) and (moved - torch.tensor([16.0, 0.0])).abs().max() <= 3


def run(cache, out, *more):
    files = [str(cache), "--checkpoint", str(TOY), "--out", str(out)]
    return main(["train", "run", *files, "--held-out", "1", "--report-every", "2", *more])


def test_a_lora_is_trained_on_float8_and_loads_in_both_names(cache, tmp_path, capsys):
    options = ("--lora", "4", "--dtype", "fp8", "--rate", "0.02", "--checkpointing")
    assert run(cache, tmp_path, "--steps", "2", *options) == 0
    path = Path(capsys.readouterr().out.strip())
    with safe_open(path, "pt") as file:
        names, metadata = list(file.keys()), file.metadata()
    pattern = r"diffusion_model\.blocks\.\d\.(self_attn\.[qkvo]|cross_attn\.[qkvo]|ffn\.[02])\."
    assert all(re.match(pattern + r"(lora_[AB]\.weight|alpha)", name) for name in names)
    facts = json.loads(metadata["wanmove_train"])
    assert facts["steps"] == 2 and facts["base"]["name"] == "wanmove_toy_fp8_scaled.safetensors"
    for dtype in ("bf16", "fp8"):
        model = load_components([TOY], dtype=dtype, needs=("transformer",)).transformer
        assert apply_lora(model, path) == 60
    assert next((tmp_path / "samples" / "step_000002").glob("*.mp4")).stat().st_size > 1000
    assert "held-out EPE px" in (tmp_path / "log.csv").read_text()


def test_a_whole_model_is_distilled_and_loads(cache, tmp_path, capsys):
    options = ("--full", "--few-steps", "2", "--optimiser", "muon", "--held-out", "0")
    assert run(cache, tmp_path, "--steps", "2", "--rate", "0.01", *options) == 0
    path = Path(capsys.readouterr().out.strip())
    old = load_components([TOY], dtype="fp32", needs=("transformer",)).transformer
    new = load_components([path], dtype="fp32", needs=("transformer",)).transformer
    moved = {n for n, p in new.named_parameters() if not torch.equal(p, old.get_parameter(n))}
    assert "blocks.0.attn1.to_q.weight" in moved and "proj_out.weight" in moved
    assert not new.blocks[0].attn2.add_v_proj.weight.any()


@pytest.mark.filterwarnings("ignore:The .grad attribute")  # torch.compile's own
def test_one_compiled_block_serves_all_blocks_and_prompts(cache, tmp_path, monkeypatch):
    graphs = []

    def count(graph, _inputs):
        graphs.append(graph)
        return graph.forward

    once = WanTransformer3DModel.compile_repeated_blocks
    monkeypatch.setattr(
        WanTransformer3DModel, "compile_repeated_blocks", partialmethod(once, backend=count)
    )
    options = ("--full", "--no-text", "0.5", "--batch", "2", "--steps", "3")
    assert run(cache, tmp_path, *options, "--compile") == 0
    assert len(graphs) == 1


def test_a_lora_is_distilled_from_the_model_without_it(cache, tmp_path, capsys):
    options = ("--lora", "4", "--few-steps", "4", "--held-out", "0", "--rate", "0.02")
    guidance = ("--guidance-scale", "5", "--motion-scale", "1")
    assert run(cache, tmp_path, "--steps", "3", *options, *guidance) == 0
    path = Path(capsys.readouterr().out.strip())
    with safe_open(path, "pt") as file:
        facts = json.loads(file.metadata()["wanmove_train"])
    assert facts["teacher_guidance"] == {"guidance_scale": 5.0, "motion_scale": 1.0}
    model = load_components([TOY], dtype="fp32", needs=("transformer",)).transformer
    before = model.blocks[0].ffn.net[2].weight.clone()
    assert apply_lora(model, path) == 60
    assert not torch.equal(model.blocks[0].ffn.net[2].weight, before)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--memory", "0.01"), "The run must fit 0.0 GiB of memory"),
        (("--full", "--dtype", "fp8"), "Full training must start from bf16"),
        (("--shares", "1,2"), "a positive number for each of the 1 caches; got 1, 2"),
        (("--guidance-scale", "5"), "must go with --few-steps"),
        (("--few-steps", "4", "--guidance-scale", "nan"), "guidance_scale must be 0 to 100"),
        (("--few-steps", "4", "--motion-scale", "-1"), "motion_scale must be 0 to 100; got -1"),
        (("--lora", "0"), "rank must be at least 1"),
        (("--minutes", "nan"), "minutes must be"),
        (("--steps", "0"), "steps must be 1 to"),
        (("--report-every", "0"), "report_every must be 1 to"),
        (("--held-out", "-1"), "held_out must be 0 to"),
        (("--seed", "-1"), "seed must be 0 to"),
        (("--rate", "0"), "rate must be"),
        (("--decay", "nan"), "decay must be 0 to"),
        (("--batch", "0"), "batch must be 1 to"),
        (("--shift", "0"), "shift must be"),
        (("--no-text", "2"), "no_text must be 0 to 1"),
        (("--few-steps", "0"), "few_steps must be 1 to"),
        (("--compile", "--spread"), "--compile must be without --spread"),
        (("--optimiser", "adamw8bit"), "must have the package bitsandbytes"),
    ],
)
def test_what_cannot_work_is_refused_in_one_line(cache, tmp_path, capsys, options, message):
    assert run(cache, tmp_path, "--steps", "1", *options) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not (tmp_path / "state.safetensors").exists()


def test_a_card_without_memory_is_told_of_in_one_line(cache, tmp_path, capsys, monkeypatch):
    def exhausted(_run):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried\nmore")

    monkeypatch.setattr("wanmove_core.train.run.Run.train", exhausted)
    assert run(cache, tmp_path, "--steps", "1", "--held-out", "0") == 2
    error = capsys.readouterr().err
    assert "Tried Use --dtype fp8" in error and error.count("\n") == 1


def test_the_memory_of_the_real_model_is_said_beforehand(cache, capsys):
    assert run(cache, "unused", "--check") == 0
    assert re.fullmatch(r"about [\d.]+ GiB \(weights.*\)\n", capsys.readouterr().out)
