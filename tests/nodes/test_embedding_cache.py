"""The prompt cache under eviction, damage and concurrent writers."""

import logging
import os
import threading
import time

import pytest
import torch


@pytest.fixture
def module(pack):
    return pack.module("nodes.host.prompt_cache")


def tensors(value: float, size: int = 1000) -> dict[str, torch.Tensor]:
    return {"cond": torch.full((size,), value)}


def test_reads_back_what_was_written(module, tmp_path) -> None:
    cache = module.EmbeddingCache(tmp_path / "new", 1 << 20)
    assert cache.read("key") is None
    cache.write("key", tensors(3.0))
    assert torch.equal(cache.read("key")["cond"], tensors(3.0)["cond"])


def test_evicts_the_least_recently_used(module, tmp_path) -> None:
    cache = module.EmbeddingCache(tmp_path, 9000)  # two files of about 4,070 bytes
    for index, key in enumerate("ab"):
        cache.write(key, tensors(0.0))
        os.utime(tmp_path / f"{key}.safetensors", ns=(index, index))
    assert cache.read("a") is not None
    cache.write("c", tensors(0.0))
    assert [key for key in "abc" if cache.read(key)] == ["a", "c"]


def test_the_newest_stays_even_if_too_large(module, tmp_path) -> None:
    cache = module.EmbeddingCache(tmp_path, 10)
    cache.write("a", tensors(0.0))
    cache.write("b", tensors(0.0))
    assert cache.read("a") is None and cache.read("b") is not None


@pytest.mark.parametrize("content", [b"", b"\x00" * 100, b"\xff" * 7, b'{"half":'])
def test_a_damaged_file_counts_as_absent(module, tmp_path, caplog, content: bytes) -> None:
    cache = module.EmbeddingCache(tmp_path, 1 << 20)
    (tmp_path / "key.safetensors").write_bytes(content)
    with caplog.at_level(logging.WARNING, "wanmove"):
        assert cache.read("key") is None
    assert "damaged" in caplog.text
    cache.write("key", tensors(1.0))
    assert cache.read("key") is not None


def test_concurrent_writers_leave_whole_files(module, tmp_path) -> None:
    cache = module.EmbeddingCache(tmp_path, 1 << 20)
    seen = []

    def work(value: float) -> None:
        for _ in range(20):
            cache.write("key", tensors(value, 50_000))
            found = cache.read("key")
            seen.append(found is not None and len(found["cond"].unique()) == 1)

    threads = [threading.Thread(target=work, args=(float(i),)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(seen) and len(seen) == 80
    assert [path.name for path in tmp_path.iterdir()] == ["key.safetensors"]


def test_a_folder_that_cannot_be_made_is_only_logged(module, tmp_path, caplog) -> None:
    (tmp_path / "file").write_text("")
    cache = module.EmbeddingCache(tmp_path / "file" / "below", 1 << 20)
    with caplog.at_level(logging.WARNING, "wanmove"):
        cache.write("key", tensors(1.0))
    assert "could not write" in caplog.text


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no owners there")
def test_files_of_another_user_stay_and_are_no_error(module, tmp_path, monkeypatch) -> None:
    cache = module.EmbeddingCache(tmp_path, 10)
    for key in "ab":
        cache.write(key, tensors(0.0))
    (tmp_path / "damaged.safetensors").write_bytes(b"x")
    monkeypatch.setattr(os, "getuid", lambda: tmp_path.stat().st_uid + 1)
    assert cache.read("damaged") is None
    cache.write("c", tensors(0.0))
    assert {path.stem for path in tmp_path.iterdir()} == {"b", "c", "damaged"}


def test_what_killed_writers_left_is_removed(module, tmp_path) -> None:
    """An hour old; a younger one may still be written."""
    cache = module.EmbeddingCache(tmp_path, 1 << 20)
    for name, age in (("old.part", 4000), ("new.part", 0), ("mine.txt", 4000)):
        (tmp_path / name).write_bytes(b"half")
        then = time.time() - age
        os.utime(tmp_path / name, (then, then))
    cache.write("key", tensors(0.0))
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["key.safetensors", "mine.txt", "new.part"]


def test_a_folder_in_the_place_is_survived(module, tmp_path, caplog) -> None:
    (tmp_path / "key.safetensors").mkdir()
    (tmp_path / "x.part").mkdir()
    os.utime(tmp_path / "x.part", (1, 1))
    cache = module.EmbeddingCache(tmp_path, 10)
    with caplog.at_level(logging.WARNING, "wanmove"):
        assert cache.read("key") is None
        cache.write("key", tensors(0.0))
        cache.write("other", tensors(0.0))
    assert (tmp_path / "key.safetensors").is_dir() and cache.read("other") is not None


def test_the_key_depends_on_all_parts(module, tmp_path) -> None:
    encoder = tmp_path / "encoder.safetensors"
    encoder.write_bytes(b"12345")
    base = module.prompt_key("a", encoder, "1.0")
    assert base == module.prompt_key("a", encoder, "1.0")
    others = {module.prompt_key("b", encoder, "1.0"), module.prompt_key("a", encoder, "1.1")}
    encoder.write_bytes(b"123456")
    others.add(module.prompt_key("a", encoder, "1.0"))
    assert len(others | {base}) == 4
