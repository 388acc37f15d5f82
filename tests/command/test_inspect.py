"""`wanmove inspect`: every kind of file that is loaded, and what helps with one that is not."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from tests.checkpoints import checkpoint_writers as writers
from tests.checkpoints import flashmotion_files as files
from wanmove_core.command import main as cli

TOY = Path(__file__).parents[2] / "models/toy/wanmove_toy_fp8_scaled.safetensors"


def inspect(capsys, *paths) -> tuple[int, str]:
    code = cli.main(["inspect", *map(str, paths)])
    return code, capsys.readouterr().out


def test_a_whole_model_is_told_part_by_part(tmp_path, capsys):
    folder = writers.write_comfyui(tmp_path / "models", writers.small_model())
    code, said = inspect(capsys, folder)
    assert code == 0
    for part in (
        "the transformer of Wan 2.1",
        "the vae of Wan 2.1",
        "the text encoder",
        "the image",
    ):
        assert part in said, said
    code, said = inspect(capsys, TOY)
    assert code == 0 and "stored as fp8" in said and "scaled fp8: " in said


@pytest.mark.parametrize("kind", ["resnet", "controlnet"])
def test_adapters_and_the_5b_are_told_through_their_wrapping(kind, tmp_path, capsys):
    path = files.write_adapter(tmp_path / "SlowAdapter/ResNet/model.pt", kind, "slow")
    torch.save(files.wrapped("training state"), tmp_path / "generator.pt")
    files.write_vae(tmp_path / "vae.pth")
    code, said = inspect(capsys, path, tmp_path / "generator.pt", tmp_path / "vae.pth")
    assert code == 0
    assert (
        f"adapter: {kind}, output layers out_projectors.0 to out_projectors.1, stage slow" in said
    )
    assert "a Wan 2.2 5B transformer: the transformer of Wan 2.2 TI2V 5B" in said
    assert "wrapped in generator.model.; left unread: 2 weights" in said
    assert "a Wan 2.2 VAE (48 latent channels): the vae of Wan 2.2 TI2V 5B" in said


def test_an_unknown_file_lists_thirty_names(tmp_path, capsys):
    state = {f"res.{n}.conv.weight": torch.zeros(8, 8, 3, 3) for n in range(40)}
    state |= {f"zero.{n}.weight": torch.zeros(256, 8, 1, 1) for n in range(40)}
    save_file(state, tmp_path / "odd.safetensors")
    (tmp_path / "broken.safetensors").write_bytes(b"\x00" * 20)
    code, said = inspect(capsys, tmp_path)
    assert code == 1
    assert "a FlashMotion ResNet adapter (40 blocks of width 256, in a layout that is not" in said
    assert said.count("[8, 8, 3, 3] float32") + said.count("[256, 8, 1, 1] float32") == 30
    assert "... and 50 more" in said and "damaged: " in said


def test_a_lora_is_known_and_nothing_is_refused(tmp_path, capsys):
    lora = {"diffusion_model.blocks.0.self_attn.q.lora_down.weight": torch.zeros(2, 8)}
    save_file(lora, tmp_path / "lora.safetensors")
    assert inspect(capsys, tmp_path / "lora.safetensors")[0] == 0
    (tmp_path / "empty").mkdir()
    for path, said in (
        (tmp_path / "none.pt", "no such file"),
        (tmp_path / "empty", "without them"),
    ):
        assert cli.main(["inspect", str(path)]) == 2
        assert said in capsys.readouterr().err
