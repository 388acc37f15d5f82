"""Files are written whole or not at all, and the check before the work is the writer itself."""

import os
import socket
import stat
import threading
from pathlib import Path

import pytest
import torch

from wanmove_core import MediaError, Tracks, WanMoveError, read_tracks, write_tracks
from wanmove_core.formats.write import check_path
from wanmove_core.media.video import read_video
from wanmove_core.media.video_writer import write_video
from wanmove_core.media.writer import check_writable, replacing, write_files

FRAMES = torch.zeros(2, 32, 32, 3, dtype=torch.uint8)


def names(bytes_, suffix):
    """Names of so many bytes: of ASCII, and of Chinese filled up with ASCII."""
    room = bytes_ - len(suffix)
    return ["a" * room + suffix, "动" * (room // 3) + "b" * (room % 3) + suffix]


@pytest.mark.parametrize("length", [8, 200, 243, 244, 250, 254, 255])
def test_every_name_that_a_file_can_have_is_written(tmp_path, length):
    tracks = Tracks(torch.ones(3, 2, 2), torch.ones(3, 2).bool())
    for name in names(length, ".mp4"):
        check_writable(tmp_path / name)
        write_video(tmp_path / name, FRAMES)
        assert len(read_video(tmp_path / name)) == 2
    for name in names(length, ".csv"):
        check_path(tmp_path / name)
        write_tracks(tracks, tmp_path / name)
        assert read_tracks(tmp_path / name).num_points == 2
    assert len(list(tmp_path.iterdir())) == 4


@pytest.mark.parametrize("length", [256, 300, 5000])
def test_a_longer_name_is_one_line_before_the_work(tmp_path, length):
    for name in names(length, ".csv"):
        path = tmp_path / name
        with pytest.raises(MediaError, match="name too long"):
            check_writable(path)
        with pytest.raises(WanMoveError, match=r"(?i)name too long") as told:
            check_path(path)
        assert len(str(told.value)) <= 500 and "\n" not in str(told.value)
        with pytest.raises(MediaError, match="name too long"), replacing(path):
            raise AssertionError("the work was begun")
    # The visibility's name is longer than that of the tracks.
    with pytest.raises(WanMoveError, match=r"(?i)name too long"):
        check_path(tmp_path / ("a" * 250 + ".npy"))
    assert not list(tmp_path.iterdir())


def test_parallel_writers_never_mix(tmp_path):
    path = tmp_path / "a.json"
    texts = [bytes([65 + i]) * 400_000 for i in range(8)]

    def write(data):
        for _ in range(6):
            write_files({path: data})
            assert path.read_bytes() in texts

    threads = [threading.Thread(target=write, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_bytes() in texts
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("call", ["touch", "is_dir"])
def test_a_folder_that_another_check_removes_is_made_again(tmp_path, monkeypatch, call):
    """Shards that start at once check the same new folder, and each removes what it made."""
    path = tmp_path / "new" / "deep" / "a.mp4"
    real, left = getattr(Path, call), [3]

    def after_the_other(self, *args, **options):
        if left[0] and self.parent.name in ("new", "deep") and path.parent.exists():
            left[0] -= 1
            path.parent.rmdir()
        return real(self, *args, **options)

    monkeypatch.setattr(Path, call, after_the_other)
    check_writable(path)
    write_files({path: b"x"})
    assert path.read_bytes() == b"x" and left == [0]


def test_a_link_is_replaced_and_not_followed(tmp_path):
    outside, path = tmp_path / "outside", tmp_path / "in" / "a.json"
    outside.write_text("mine")
    path.parent.mkdir()
    path.symlink_to(outside)
    write_files({path: b"{}"})
    assert outside.read_text() == "mine" and path.read_bytes() == b"{}"
    assert not path.is_symlink()


def test_a_device_or_pipe_is_never_replaced(tmp_path):
    """As root, renaming a file onto /dev/null would take it away from every program."""
    pipe, listening = tmp_path / "a.json", tmp_path / "b.json"
    os.mkfifo(pipe)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(listening))
        link = tmp_path / "c.json"  # as /dev/stdout is
        link.symlink_to(pipe)
        for path in (pipe, listening, link):
            before = path.lstat()
            for write in (check_writable, lambda place: write_files({place: b"{}"})):
                with pytest.raises(MediaError, match="got a pipe or device"):
                    write(path)
            with pytest.raises(MediaError, match="got a pipe or device"), replacing(path):
                raise AssertionError("the work was begun")
            assert path.lstat().st_ino == before.st_ino and not stat.S_ISREG(path.lstat().st_mode)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "b.json", "c.json"]


def test_files_of_a_pair_appear_together(tmp_path):
    first, second = tmp_path / "a", tmp_path / "folder"
    second.mkdir()
    (second / "x").write_text("")
    with pytest.raises(MediaError, match="got a folder"):
        write_files({first: b"1", second: b"2"})
    assert not first.exists() and [p.name for p in tmp_path.iterdir()] == ["folder"]


def test_a_place_without_permission(tmp_path, monkeypatch):
    def denied(*_args, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "touch", denied)
    with pytest.raises(MediaError, match="must be writable; got Permission denied"):
        check_writable(tmp_path / "a.mp4")
