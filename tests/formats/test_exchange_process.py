"""The editor's files are read apart: as here, within their time, and the loop stays free."""

import asyncio
import json
import sys
import time

import pytest

from wanmove_core.errors import OptionError, TrackFormatError
from wanmove_core.formats.exchange import TooLargeError, exchange
from wanmove_core.formats.exchange_process import AT_ONCE, ExchangeProcesses, shared_processes

KNOTS = [{"x": 8, "y": 16}, {"x": 48, "y": 16}]
HEAD = {"version": 1, "width": 64, "height": 32, "fps": 16, "frames": 5}
DRAWING = json.dumps({**HEAD, "tracks": [{"id": "t1", "curve": "polyline", "knots": KNOTS}]})
# Sleeps for as long as the body says, and tells from when to when.
SLEEPER = """
import json, sys, time
send, take = sys.stdout.buffer, sys.stdin.buffer
send.write(b"ready\\n"), send.flush()
while line := take.readline():
    began = time.time()
    time.sleep(float(take.read(json.loads(line)["size"])))
    data = json.dumps([began, time.time()]).encode()
    send.write(json.dumps({"name": None, "size": len(data)}).encode() + b"\\n" + data), send.flush()
"""


@pytest.fixture
def sleepers():
    processes = ExchangeProcesses(seconds=1.0, code=SLEEPER)
    yield processes
    processes.close()


def test_answers_are_those_of_exchange():
    apart = shared_processes()
    for body, query in (
        (b"[[1,2],[3,4]]", {"width": "64", "height": "32", "frames": "5", "name": "a.json"}),
        (DRAWING.encode(), {"format": "svg"}),
        (DRAWING.encode(), {"format": "json"}),
    ):
        assert apart.submit(body, query).result() == exchange(body, query)
    for body, query, kind in (
        (b"\x80\x04", {"name": "x"}, TrackFormatError),
        (b"", {"format": "exe"}, OptionError),
        (b" " * 8_000_001, {"format": "npy"}, TooLargeError),
    ):
        with pytest.raises(kind) as here:
            exchange(body, query)
        with pytest.raises(kind) as there:
            apart.submit(body, query).result()
        assert str(there.value) == str(here.value)


def test_a_job_over_its_time_is_killed_and_the_next_one_runs(sleepers):
    began = time.monotonic()
    with pytest.raises(TrackFormatError, match="must be done within 1 s"):
        sleepers.submit(b"60", {}).result()
    assert time.monotonic() - began < 20
    first, last = json.loads(sleepers.submit(b"0", {}).result()[1])
    assert first <= last


def test_a_reader_that_ends_is_told_in_one_line():
    dies = "import sys; sys.stdout.buffer.write(b'ready\\n'); sys.stdout.flush(); sys.exit(3)"
    with pytest.raises(TrackFormatError, match="ended its reader"):
        ExchangeProcesses(code=dies).submit(b"x", {}).result()


def test_no_more_than_two_run_at_once(sleepers):
    jobs = [sleepers.submit(b"0.2", {}) for _ in range(5)]
    spans = [json.loads(job.result()[1]) for job in jobs]
    together = [sum(a <= began < b for a, b in spans) for began, _ in spans]
    assert max(together) == AT_ONCE == 2


def test_the_loop_is_never_held_up():
    """A ping each 5 ms beside a file whose parts hold the interpreter for longer."""
    points = [[x % 800, x % 400] for x in range(100_000)]
    body = json.dumps([points[at : at + 100] for at in range(0, len(points), 100)]).encode()
    query = {"width": "832", "height": "480", "frames": "100"}

    async def longest_gap() -> float:
        job = asyncio.wrap_future(shared_processes().submit(body, query))
        longest, last = 0.0, time.perf_counter()
        while not job.done():
            await asyncio.sleep(0.005)
            now = time.perf_counter()
            longest, last = max(longest, now - last), now
        await job
        return longest

    # The machine itself may hold any process up for once.
    assert any(asyncio.run(longest_gap()) < 0.1 for _ in range(3))


def test_a_python_that_does_not_start_is_told_in_one_line(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(OptionError, match=r"/nowhere/python must start"):
        ExchangeProcesses().submit(b"x", {}).result()
