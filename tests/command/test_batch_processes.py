"""Many jobs made by several processes: every video once, every mistake told once."""

from tests.command.batches import entry, run
from wanmove_core.command import generate as command
from wanmove_core.generation.parallel import Ranks


def test_shards_make_every_video_once(folder, made):
    lines = [entry(f"{number}.mp4", seed=number) for number in range(5)]
    assert run(folder, lines, "--shard", "1/2") == 0 and made == [1, 3]
    assert run(folder, lines, "--shard", "0/2") == 0 and made == [1, 3, 0, 2, 4]
    assert run(folder, lines) == 0 and len(made) == 5


def test_what_another_process_made_meanwhile_is_not_made_again(folder, monkeypatch, made):
    lines = [entry("a.mp4", seed=1), entry("b.mp4", seed=2)]
    small, others = command.load_pipeline, iter([True])

    def load(*_args, **_options):
        if next(others, False):
            assert run(folder, lines) == 0  # another process, while this one loads
        return small()

    monkeypatch.setattr(command, "load_pipeline", load)
    assert run(folder, lines) == 0 and made == [1, 2]


def test_bad_lines_are_told_once_before_shared_work(folder, made, monkeypatch, caplog):
    """Later the other ranks would wait for the one that fails."""
    lines = [entry("a.mp4", image="missing.png"), entry("good.mp4", seed=8), "[1]"]
    monkeypatch.setattr(command, "check_parallel", lambda _args: 2)
    for rank, told in ((0, 2), (1, 0)):
        monkeypatch.setattr(command, "meet", lambda *_, rank=rank: Ranks(rank=rank))
        caplog.clear()
        assert run(folder, lines, "--dit_fsdp") == (rank == 0) and made == [8]
        assert sum(record.levelname == "ERROR" for record in caplog.records) == told
