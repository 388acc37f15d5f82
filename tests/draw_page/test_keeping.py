"""No work is lost, and the program ends with its last page."""

import json
import time
import urllib.request
from contextlib import contextmanager

import pytest

from tests.draw_page.asking import TEXT, ask, work
from wanmove_core.draw_page.session import DrawSession


@contextmanager
def listening(page):
    """A page that is open: it listens to news."""
    with urllib.request.urlopen(page.url + "live", timeout=30) as stream:
        assert stream.readline().startswith(b"data: {")
        yield


def test_it_ends_with_the_last_page_but_not_on_a_reload(page, monkeypatch):
    monkeypatch.setattr("wanmove_core.draw_page.server._GRACE_SECONDS", 0.6)
    assert not page._is_over()
    with listening(page):
        with listening(page):
            pass
        time.sleep(1.2)  # the second page is closed, the first is still here
        assert not page._is_over()
    time.sleep(0.3)
    with listening(page):  # a reload is back within the time of grace
        time.sleep(1.2)
        assert not page._is_over()
    begin = time.monotonic()
    page.serve_until_closed()  # also when the browser was killed: nothing says goodbye
    assert time.monotonic() - begin < 5


def test_a_reload_may_take_longer_than_the_time_of_grace(page, monkeypatch):
    monkeypatch.setattr("wanmove_core.draw_page.server._GRACE_SECONDS", 0.3)
    with listening(page):
        ask(page, "")  # the new page is asked for before the old one goes
    time.sleep(1.0)
    assert not page._is_over()
    with listening(page):
        pass
    begin = time.monotonic()
    page.serve_until_closed()
    assert time.monotonic() - begin < 5


def test_it_stays_while_what_was_drawn_is_on_no_disk(page, monkeypatch, tmp_path):
    monkeypatch.setattr("wanmove_core.draw_page.server._GRACE_SECONDS", 0.0)
    (tmp_path / "out.autosave.json").mkdir()
    with listening(page):
        status, message, _ = ask(page, "keep?base=0", work())
        assert status == 400 and "must be" in json.loads(message)["error"]
    time.sleep(0.8)
    assert not page._is_over()
    (tmp_path / "out.autosave.json").rmdir()
    assert ask(page, "keep?base=1", work())[0] == 200
    assert page._is_over() and (tmp_path / "out.autosave.json").is_file()


def test_what_was_not_saved_is_there_the_next_time_with_the_saved_one_a_step_before(page, tmp_path):
    ask(page, "save?base=0", work())
    later = TEXT.replace("60", "70")
    assert ask(page, "keep?base=1", work(later, "a cat", 7))[0] == 200
    again = DrawSession(tmp_path / "start.png", tmp_path / "out.npy")
    assert vars(again.work) == {"document": later, "prompt": "a cat", "seed": 7}
    assert again.earlier == [TEXT] and not again.saved
    ask(page, "save?base=2", work(later))
    assert not (tmp_path / "out.autosave.json").exists()
    (tmp_path / "out.autosave.json").write_text("half of")
    assert DrawSession(tmp_path / "start.png", tmp_path / "out.npy").work.document == later
    assert (tmp_path / "out.autosave.json").read_text() == "half of"


def test_of_two_pages_the_slower_one_gets_what_the_faster_one_drew(page):
    later = TEXT.replace("60", "70")
    assert ask(page, "keep?base=0", work(later))[0] == 200
    status, body, _ = ask(page, "keep?base=0", work())
    assert status == 409
    assert (json.loads(body)["document"], json.loads(body)["revision"]) == (later, 1)
    assert ask(page, "keep?base=0", work(later))[0] == 200  # the same: nothing to quarrel about
    assert ask(page, "keep?base=1", work())[0] == 200


@pytest.mark.parametrize("blocked", ["out.wanmove.json", "out.npy"])
def test_a_save_that_fails_is_one_line_and_leaves_nothing_half_written(page, tmp_path, blocked):
    (tmp_path / blocked).mkdir()
    status, body, _ = ask(page, "save?base=0", work())
    assert status == 400
    assert json.loads(body)["error"].count("\n") == 0
    assert not [path for path in tmp_path.iterdir() if ".part" in path.name]
    assert json.loads(ask(page, "start")[1])["document"] == TEXT
    (tmp_path / blocked).rmdir()
    assert ask(page, "save?base=1", work())[0] == 200
