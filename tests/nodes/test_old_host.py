"""A host that is too old, or lacks something, is told in one line what to update."""

import asyncio
import importlib.util
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.nodes.fake_host import Io, Schema, fake_modules

ROOT = Path(__file__).parents[2]
NAME = "wan_move_pack_on_old_host"
ADVICE = "Wan-Move must have ComfyUI 0.19 or newer"


class IoBeforeTracks(Io):
    """ComfyUI 0.4: no TRACKS type."""

    def __getattr__(self, name: str) -> Any:
        if name == "Tracks":
            raise AttributeError(name)
        return super().__getattr__(name)


class IoBefore19(Io):
    """ComfyUI 0.18: a schema that does not know `has_intermediate_output`."""

    @staticmethod
    def Schema(**fields: Any) -> Schema:
        if "has_intermediate_output" in fields:
            raise TypeError("unexpected keyword argument 'has_intermediate_output'")
        return Schema(**fields)


def without_api(modules: dict[str, ModuleType]) -> None:
    modules["comfy_api"] = modules["comfy_api.latest"] = None


def without_extensions(modules: dict[str, ModuleType]) -> None:
    del modules["comfy_api.latest"].ComfyExtension


def without_tracks(modules: dict[str, ModuleType]) -> None:
    modules["comfy_api.latest"].io = IoBeforeTracks()


def before_19(modules: dict[str, ModuleType]) -> None:
    modules["comfy_api.latest"].io = IoBefore19()


def without_wrappers(modules: dict[str, ModuleType]) -> None:
    modules["comfy.patcher_extension"] = None


@pytest.fixture
def load(tmp_path, monkeypatch) -> Iterator[Callable[[Callable], ModuleType]]:
    """Load the pack on a fake host that something was done to."""

    def load_on(spoil: Callable) -> ModuleType:
        modules = fake_modules(tmp_path)
        spoil(modules)
        for name in fake_modules(tmp_path).keys() - modules.keys():
            monkeypatch.delitem(sys.modules, name, raising=False)
        for name, module in modules.items():
            monkeypatch.setitem(sys.modules, name, module)
        spec = importlib.util.spec_from_file_location(
            NAME, ROOT / "__init__.py", submodule_search_locations=[str(ROOT)]
        )
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, NAME, module)
        spec.loader.exec_module(module)
        return module

    yield load_on
    for name in [name for name in sys.modules if name.startswith(f"{NAME}.")]:
        del sys.modules[name]


@pytest.mark.parametrize(
    "spoil", [without_api, without_extensions, without_tracks, before_19, without_wrappers]
)
def test_one_line_says_what_to_update(load, spoil: Callable) -> None:
    """The host logs the error's text as one line, and has registered nothing yet."""
    pack = load(spoil)
    with pytest.raises(RuntimeError) as caught:
        asyncio.run(pack.comfy_entrypoint())
    text = str(caught.value)
    assert text.startswith(ADVICE) and "Update ComfyUI" in text and "\n" not in text


def test_a_host_before_entry_points_is_told_at_import(load, caplog) -> None:
    def old(modules: dict[str, ModuleType]) -> None:
        del modules["comfy_api.latest"], modules["comfy_api"]

    with caplog.at_level(logging.WARNING, "wanmove"):
        pack = load(old)
    (record,) = caplog.records
    assert record.getMessage().startswith(ADVICE)
    assert pack.WEB_DIRECTORY is None


def test_a_host_of_today_hears_nothing(load, caplog) -> None:
    with caplog.at_level(logging.DEBUG, "wanmove"):
        pack = load(len)
        assert asyncio.run(pack.comfy_entrypoint()) is not None
    assert not caplog.records and pack.WEB_DIRECTORY == "./web"
