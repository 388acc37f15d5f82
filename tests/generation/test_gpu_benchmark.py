"""The script for a lent GPU runs from end to end, at toy size on the CPU."""

import time

import pytest
import torch

from benchmarks import gpu


def test_every_row_is_measured_or_says_why_not(tmp_path, capsys):
    gpu.main(["--device", "cpu", "--small", "--out", str(tmp_path / "gpu.md")])
    written = (tmp_path / "gpu.md").read_text(encoding="utf-8")
    assert written.strip() == capsys.readouterr().out.strip()
    head, *rows = [line.split(" | ") for line in written.splitlines()[2:]]
    assert all(len(row) == len(head) for row in rows[1:])
    figures = {row[0].removeprefix("| "): row[1] for row in rows[1:]}
    refused = [name for name, told in figures.items() if told.startswith("does not run")]
    assert all("CUDA" in figures[name] or "fp8_gemm" in figures[name] for name in refused)
    measured = [name for name in figures if name not in refused]
    assert measured == [
        "guidance, 1024 tracks",
        "decode, streaming",
        "decode, --vae-tiling",
        "pass, bf16, native",
        "4 steps, bf16, cache none",
        "4 steps, bf16, cache taylor",
        "4 steps, bf16, cache attention",
        "pass, fp8 weights",
    ]
    assert all(float(figures[name]) > 0 for name in measured)


def test_what_was_measured_stays_when_the_run_is_killed(tmp_path):
    out = tmp_path / "gpu.md"
    table = gpu.Table(torch.device("cpu"), time.perf_counter() + 60, ["head"], out)
    table.add("first", lambda: None)

    def killed():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        table.add("second", killed)
    assert [line.split(" | ")[0] for line in out.read_text("utf-8").splitlines()] == [
        "head",
        "| first",
    ]


def test_a_kernel_that_cannot_be_downloaded_is_a_row(capsys):
    table = gpu.Table(torch.device("cpu"), time.perf_counter() + 60, [])

    def offline():
        raise ConnectionError("no route\nto the hub")

    table.add("pass", offline)
    assert capsys.readouterr().out == "| pass | does not run: no route | - | - |\n"


def test_without_time_rows_are_left_out(capsys):
    gpu.main(["--device", "cpu", "--small", "--seconds", "0"])
    assert capsys.readouterr().out.count("left out: no time left") == 9
