"""No work is lost, and the program ends with its last page."""

import io
import json
import socket
import time
from contextlib import contextmanager

import pytest

from tests.draw_page.asking import TEXT, ask, work
from wanmove_core.draw_page.live import text_frame
from wanmove_core.draw_page.session import DrawSession, Work


def read_message(stream):
    """The text of one message of a WebSocket."""
    kind, size = stream.read(2)
    assert kind == 0x81 and size < 128, "a whole text that is not masked"
    if size > 125:
        size = int.from_bytes(stream.read(2 if size == 126 else 8), "big")
    return json.loads(stream.read(size))


@contextmanager
def listening(page):
    """A page that is open: it listens to news."""
    host, port = page.host.split(":")
    with socket.create_connection((host, int(port)), timeout=30) as line:
        head = f"GET /{page.token}/live HTTP/1.1\r\nHost: {page.host}\r\n"
        line.sendall(f"{head}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode())
        with line.makefile("rb") as stream:
            answer = list(iter(stream.readline, b"\r\n"))
            assert answer[0].startswith(b"HTTP/1.1 101 ")
            # The example of RFC 6455, section 1.3.
            assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in answer
            assert read_message(stream)["revision"] == page.session.revision
            yield line, stream


def test_a_page_hears_what_another_drew_and_its_goodbye_is_answered(page):
    with listening(page) as (line, stream):
        assert ask(page, "keep?base=0", work())[0] == 200
        assert read_message(stream)["revision"] == 1
        line.sendall(b"\x88\x80\0\0\0\0")
        assert stream.read() == b"\x88\x02" + (1000).to_bytes(2, "big")


@pytest.mark.parametrize("size", [125, 126, 65535, 65536])
def test_messages_of_every_length_are_whole(size):
    text = json.dumps("x" * (size - 2))
    assert len(text) == size and json.dumps(read_message(io.BytesIO(text_frame(text)))) == text


def test_news_need_a_websocket(page):
    assert ask(page, "live")[0] == 426


def test_it_ends_with_the_last_page_but_not_on_a_reload(page, monkeypatch):
    monkeypatch.setattr("wanmove_core.draw_page.server._GRACE_SECONDS", 0.6)
    assert not page._is_over()
    with listening(page):
        with listening(page):
            pass
        time.sleep(1.2)  # the second page is closed, the first is still here
        assert not page._is_over()
    time.sleep(0.3)
    assert not page._is_over()
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


def test_an_autosave_that_cannot_be_read_is_renamed_before_the_next_one(page, tmp_path, caplog):
    autosave = tmp_path / "out.autosave.json"
    for name in ("out.autosave.unreadable.json", "out.autosave.unreadable1.json"):
        autosave.write_text(f"half of {name}")
        again = DrawSession(tmp_path / "start.png", tmp_path / "out.npy")
        assert autosave.is_file() and not (tmp_path / name).exists()
        assert again.take(Work(TEXT), 0) and "document" in autosave.read_text()
        assert (tmp_path / name).read_text() == f"half of {name}"
        assert str(tmp_path / name) in caplog.text
    autosave.write_text("half")
    again = DrawSession(tmp_path / "start.png", tmp_path / "out.npy")
    again.save()
    assert (tmp_path / "out.autosave.unreadable2.json").read_text() == "half"
    assert not autosave.exists()
    autosave.write_text("half")
    gone = DrawSession(tmp_path / "start.png", tmp_path / "out.npy")
    autosave.unlink()
    assert gone.take(Work(TEXT.replace("60", "70")), 0) and autosave.is_file()


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
