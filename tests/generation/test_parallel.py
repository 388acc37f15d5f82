"""Several processes make the video that one makes, bit for bit, and end together."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from wanmove_core import OptionError
from wanmove_core.command.main import main
from wanmove_core.command.ranks import check_tokens, complaint, inputs_are_checked
from wanmove_core.generation.parallel import Ranks, check_split, plan_ranks
from wanmove_core.generation.settings import GenerationSettings

ROOT = Path(__file__).parents[2]


def torchrun(processes, *words):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    return subprocess.run(
        [*launch, f"--nproc_per_node={processes}", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.mark.parametrize("processes,shares", [(2, "branch,ulysses,fsdp,taylor"), (4, "both")])
def test_ranks_make_what_one_process_makes(processes, shares):
    done = torchrun(processes, "tests/generation/ranks.py", shares)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count(": 0.0") == processes * len(shares.split(","))
    assert "Warning" not in done.stderr and "will not be applied" not in done.stderr


def test_a_rank_that_fails_ends_all_with_its_error_once(tmp_path):
    """Rank 1 finds no model when the others already wait for it."""
    script = tmp_path / "job.py"
    script.write_text(
        "import os, sys\n"
        "from wanmove_core.command.main import main\n"
        "model = 'models/toy' if os.environ['RANK'] == '0' else 'missing'\n"
        "sys.exit(main(['generate', '--checkpoint', model, '--image', "
        "'models/toy/demo/start.png', '--size', '96x64', '--resize', 'stretch', '--frames', '5', "
        f"'--prompt', '', '--device', 'cpu', '--out', r'{tmp_path / 'a.mp4'}']))\n"
    )
    done = torchrun(2, str(script))
    assert done.returncode != 0
    told = [line for line in done.stderr.splitlines() if line.startswith("wanmove")]
    assert len(told) == 1 and told[0].startswith("wanmove (rank 1): missing must"), done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["job.py"]


@pytest.mark.parametrize(
    "words,shares",
    [
        (("auto", 2), (2, 1, 1)),
        (("auto", 8), (2, 4, 1)),
        (("auto", 3), (1, 3, 1)),
        (("ring", 4), (1, 1, 4)),
        (("none", 4), (1, 1, 1)),
    ],
)
def test_ranks_are_shared_out(words, shares):
    assert plan_ranks(*words) == shares


def test_the_reference_s_numbers_say_it_all():
    assert plan_ranks("auto", 8, ulysses=4, ring=2) == (1, 4, 2)
    assert plan_ranks("branch", 8, ulysses=4) == (2, 4, 1)
    assert plan_ranks("auto", 2, guided=False) == (1, 2, 1)
    with pytest.raises(OptionError, match="ulysses_size \\* ring_size must be the 8"):
        plan_ranks("auto", 8, ulysses=4)
    with pytest.raises(OptionError, match="Use --parallel ulysses"):
        plan_ranks("branch", 3)
    with pytest.raises(OptionError, match="a guidance scale of 1"):
        plan_ranks("branch", 2, guided=False)


def test_tokens_that_do_not_divide_are_refused_with_a_number_that_does():
    check_split(32760, 40, Ranks(ulysses=8))
    with pytest.raises(OptionError, match="Use 2 or 4 or 5 or 8 parts"):
        check_split(32760, 40, Ranks(ulysses=3))
    # 624x624x81, what --resize area makes of a square picture.
    with pytest.raises(OptionError, match="Use --parallel branch"):
        check_split(31941, 40, Ranks(ulysses=2))
    with pytest.raises(OptionError, match="tokens must divide by the 2 parts"):
        check_tokens((1, 2, 1), (624, 624), GenerationSettings())
    check_tokens((2, 1, 1), (624, 624), GenerationSettings())
    with pytest.raises(OptionError, match="Use 2 or 4 or 5 or 8 parts"):
        check_tokens((1, 3, 1), (832, 480), GenerationSettings(), heads=40)


def test_a_mistake_that_all_see_is_told_once(monkeypatch, capsys):
    inputs_are_checked()  # what an earlier command in this process left
    assert main(["no-such-command"]) == 2
    assert capsys.readouterr().err.startswith("wanmove: ")
    assert complaint("x must be y") == "wanmove: x must be y"
    monkeypatch.setenv("RANK", "3")
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert complaint("x must be y") is None
    monkeypatch.setenv("LOCAL_RANK", "0")
    assert complaint("x must be y") == "wanmove (rank 3): x must be y"
