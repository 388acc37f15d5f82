"""Which jobs a process takes."""

import argparse

import pytest

from wanmove_core import OptionError
from wanmove_core.command.shard import Shard, parse_shard, shard_of_environment


@pytest.mark.parametrize("jobs", [0, 1, 7, 16])
def test_shards_are_everything_once(jobs):
    taken = [Shard(index, 3).take(range(jobs)) for index in range(3)]
    assert sorted(job for part in taken for job in part) == list(range(jobs))
    assert max(map(len, taken)) - min(map(len, taken)) <= 1


@pytest.mark.parametrize(
    "environment,count,shard",
    [
        ({"RANK": "2", "WORLD_SIZE": "4"}, None, Shard(2, 4)),
        ({"SKYPILOT_NODE_RANK": "1", "SKYPILOT_NUM_NODES": "2"}, None, Shard(1, 2)),
        (
            {"SLURM_ARRAY_TASK_ID": "14", "SLURM_ARRAY_TASK_MIN": "10"}
            | {"SLURM_ARRAY_TASK_MAX": "18", "SLURM_ARRAY_TASK_COUNT": "5"}
            | {"SLURM_ARRAY_TASK_STEP": "2"},
            None,
            Shard(2, 5),
        ),
        ({"JOB_COMPLETION_INDEX": "6"}, 8, Shard(6, 8)),
    ],
)
def test_auto_reads_what_launchers_say(environment, count, shard):
    assert shard_of_environment(environment, count) == shard


@pytest.mark.parametrize(
    "environment,count,said",
    [
        ({}, None, "must be started by torchrun"),
        ({"RANK": "0", "WORLD_SIZE": "4"}, 3, "must be of the 4 parts that were started"),
        ({"JOB_COMPLETION_INDEX": "6"}, None, "Use --shard auto/N"),
        ({"JOB_COMPLETION_INDEX": "6"}, 4, "parts 0 to 3; got 6"),
        (
            {"SLURM_ARRAY_TASK_ID": "5", "SLURM_ARRAY_TASK_MIN": "1"}
            | {"SLURM_ARRAY_TASK_MAX": "6", "SLURM_ARRAY_TASK_COUNT": "3"},
            None,
            "Use --array=0-2",
        ),
    ],
)
def test_auto_that_cannot_tell_is_refused(environment, count, said):
    with pytest.raises(OptionError, match=said):
        shard_of_environment(environment, count)


@pytest.mark.parametrize("text", ["3/3", "-1/3", "1", "1/0", "a/b", "1/2/3", "0/1000000", ""])
def test_what_is_no_part_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError):
        parse_shard(text)


def test_a_part_is_parsed():
    assert parse_shard("2/8") == Shard(2, 8)
