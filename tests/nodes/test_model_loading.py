"""What the Model Loader leaves for the host's device nodes, which load a model again."""

from types import SimpleNamespace

import pytest
import torch


@pytest.fixture
def models(pack, monkeypatch):
    module = pack.module("nodes.host.models")
    monkeypatch.setattr(module, "find_model", lambda _role, _folder, name: f"/models/{name}")
    monkeypatch.setattr(module, "_check_part", lambda *_given: None)
    return module


@pytest.mark.parametrize("known", [True, False])
def test_the_host_can_load_the_vae_again(models, monkeypatch, known: bool) -> None:
    """As its own VAELoader says; hosts before 0.33 have no such function."""
    vae = SimpleNamespace(first_stage_model=object(), patcher=SimpleNamespace())

    def read(_path: str, **_asked) -> tuple[dict, dict]:
        return {}, {"some": "thing"}

    monkeypatch.setattr(models.comfy.utils, "load_torch_file", read, raising=False)
    monkeypatch.setattr(models.comfy.sd, "VAE", lambda **_given: vae)
    if known:
        monkeypatch.setattr(models.comfy.sd, "load_vae_patcher", print, raising=False)
    assert models.load_vae("wan.safetensors") is vae
    again = (print, ("/models/wan.safetensors", {"some": "thing"}, None)) if known else None
    assert getattr(vae.patcher, "cached_patcher_init", None) == again


def test_the_host_can_load_a_training_state_again(models, monkeypatch) -> None:
    weight = SimpleNamespace(read=lambda: torch.ones(2))
    checkpoint = SimpleNamespace(weights={"patch_embedding.weight": weight})
    asked: list[dict] = []

    def load(weights: dict, **options) -> SimpleNamespace:
        asked.append(options)
        return SimpleNamespace(weights=weights)

    monkeypatch.setattr(models, "open_checkpoint", lambda _paths: checkpoint)
    monkeypatch.setattr(models.comfy.sd, "load_diffusion_model_state_dict", load, raising=False)
    model = models._load_own_weights("/models/state.pt", {"dtype": torch.float16})
    assert list(model.weights) == ["patch_embedding.weight"]
    function, given = model.cached_patcher_init
    assert function(*given, disable_dynamic=True) is not model
    options = {"model_options": {"dtype": torch.float16}}
    assert asked == [options, {**options, "disable_dynamic": True}]
