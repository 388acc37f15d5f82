"""Attacks in processes of their own: what ends one is counted, and the next goes on."""

import multiprocessing
import resource
import signal
import tempfile
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path

from tests.hostile.fixtures import KINDS
from tests.hostile.mutations import Outcome, attack_once, turns_of

_MEMORY = 8 * 2**30  # bytes of address space; torch alone takes two to three GiB
_SECONDS = 120  # for one mutation, on a busy machine


def attack_apart(kind: str, count: int, *, seed: int = 0, at_once: int = 2) -> Outcome:
    """As `attack`, `at_once` fixtures at a time, under limits of memory and time."""
    with tempfile.TemporaryDirectory() as folder:
        fixtures = sum(1 for _ in KINDS[kind](Path(folder)))
    total = Outcome()
    with ThreadPoolExecutor(at_once) as pool:
        jobs = [
            pool.submit(_attack_fixture, kind, n, turns_of(kind, count), seed)
            for n in range(fixtures)
        ]
        for job in jobs:
            total.add(job.result())
    return total


def _attack_fixture(kind: str, number: int, turns: int, seed: int) -> Outcome:
    """All mutations of one fixture; after one that ends its process, on with the next."""
    total, turn = Outcome(), 0
    while turn < turns:
        ours, theirs = multiprocessing.Pipe(duplex=False)
        context = multiprocessing.get_context("fork")
        child = context.Process(target=_run, args=(kind, number, range(turn, turns), seed, theirs))
        child.start()
        theirs.close()
        try:
            while not isinstance(told := ours.recv(), Outcome):
                turn = told
            total.add(told)
            turn = turns
        except EOFError:
            child.join()
            total.tried += turn + 1 - total.tried
            total.wrong.append(f"{kind}, mutation {seed}-{number}-{turn}: ended {child.exitcode}")
            turn += 1
        child.join()
    return total


def _run(kind: str, number: int, turns: range, seed: int, tell: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    outcome = Outcome()
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "made"
        made.mkdir()
        for at, (path, read) in enumerate(KINDS[kind](made)):
            if at == number:
                for turn in turns:
                    tell.send(turn)
                    signal.alarm(_SECONDS)
                    attack_once(path, read, (seed, number, turn), Path(folder), outcome)
                signal.alarm(0)
                break
    tell.send(outcome)
