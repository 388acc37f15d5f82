import os
from pathlib import Path

import av
import numpy as np
import pytest
import torch

from tests.media.uneven import UNEVEN, write_uneven
from wanmove_core import MediaError, OptionError
from wanmove_core.media.video import FrameRange, probe_video, read_frames
from wanmove_core.media.video_writer import write_video
from wanmove_core.motion.retime import even_in_time, uneven_in_time
from wanmove_core.tracks import Tracks

REPORTED = Path(__file__).parents[1] / "fixtures" / "reported"
COUNT, HEIGHT, WIDTH = 11, 48, 80


@pytest.fixture(scope="module")
def video(tmp_path_factory) -> Path:
    """Frame k is of grey level 20 k, its left half darker."""
    frames = np.repeat(np.arange(COUNT, dtype=np.uint8) * 20, HEIGHT * WIDTH * 3)
    frames = frames.reshape(COUNT, HEIGHT, WIDTH, 3).copy()
    frames[:, :, : WIDTH // 2] //= 2
    path = tmp_path_factory.mktemp("video") / "clip.mp4"
    write_video(path, torch.from_numpy(frames), fps=25)
    return path


def levels(frames) -> list[int]:
    return [round(float(frame[:, WIDTH // 2 + 8 :].mean()) / 20) for frame in frames]


def test_frames_come_in_order(video):
    assert levels(read_frames(video)) == list(range(COUNT))


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        (FrameRange(3), [3, 4, 5, 6, 7, 8, 9, 10]),
        (FrameRange(2, 3), [2, 3, 4]),
        (FrameRange(1, 3, 4), [1, 5, 9]),
        (FrameRange(0, 100, 5), [0, 5, 10]),
    ],
)
def test_a_range_of_frames(video, frames, expected):
    assert levels(read_frames(video, frames)) == expected


def test_the_header_is_read(video):
    info = probe_video(video)
    assert (info.size, info.fps, info.num_frames) == ((WIDTH, HEIGHT), 25.0, COUNT)


def test_a_turned_phone_is_turned_back(video, tmp_path):
    """The track header's matrix says how to show a video; here: a quarter turn."""
    data = bytearray(video.read_bytes())
    at = data.index(b"tkhd") + 4 + 4 + 36  # version and flags, times to volume
    one = 0x10000
    matrix = (0, one, 0, -one & 0xFFFFFFFF, 0, 0, 0, 0, 0x40000000)
    data[at : at + 36] = b"".join(value.to_bytes(4, "big") for value in matrix)
    path = tmp_path / "turned.mp4"
    path.write_bytes(data)
    frame = list(read_frames(path))[8]
    assert frame.shape == (WIDTH, HEIGHT, 3)
    # Shown clockwise, what was left is on top.
    assert frame[: WIDTH // 2 - 8].mean() < 0.6 * frame[WIDTH // 2 + 8 :].mean()


def test_bad_files_are_one_line(video, tmp_path):
    with pytest.raises(MediaError, match=r"none\.mp4 must be a readable video; got No such file"):
        next(read_frames(tmp_path / "none.mp4"))
    text = tmp_path / "text.mp4"
    text.write_text("not a video")
    with pytest.raises(MediaError, match="must be a readable video; got Invalid data"):
        next(read_frames(text))
    cut = tmp_path / "cut.mp4"
    data = video.read_bytes()
    header = data.index(b"mdat")
    cut.write_bytes(data[: header + 4])
    with pytest.raises(MediaError, match=r"must have frames; got none|must be a readable video"):
        next(read_frames(cut))
    # Noise needs as many bytes in every frame.
    noise = torch.from_numpy(
        np.random.default_rng(0).integers(0, 255, (COUNT, 48, 80, 3), np.uint8)
    )
    write_video(cut, noise)
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    with pytest.raises(
        MediaError, match=r"must have the 11 frames that its header states; got [1-8]"
    ):
        list(read_frames(cut))
    with pytest.raises(MediaError, match="must have a frame 40 or later; got none"):
        next(read_frames(video, FrameRange(40)))
    with pytest.raises(OptionError, match="every >= 1"):
        FrameRange(every=0)


def test_sound_alone_is_no_video(tmp_path):
    path = tmp_path / "sound.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), layout="mono")
        sound.sample_rate = 8000
        container.mux(stream.encode(sound))
    with pytest.raises(MediaError, match="must have a video stream"):
        next(read_frames(path))


def test_frames_stand_for_time(tmp_path):
    """60 frames at 30 a second, then 10 at 5 a second: even motion stays even."""
    times: list[float] = []
    count = len(list(read_frames(REPORTED / "vfr.mp4", times=times)))
    assert (count, times[60] - times[59] > 0.03, round(times[-1], 1)) == (70, True, 3.8)
    positions = torch.tensor(times).mul(100)[:, None, None].expand(-1, 1, 2)  # 100 px a second
    seen = torch.ones(count, 1, dtype=torch.bool)
    steps = even_in_time(Tracks(positions, seen), times).positions[:, 0, 0].diff()
    assert steps.max() - steps.min() < 0.05
    even = Tracks(torch.rand(5, 1, 2), torch.ones(5, 1, dtype=torch.bool))
    assert even_in_time(even, [0.0, 0.033, 0.067, 0.1, 0.133]) is even
    assert even_in_time(even, []) is even


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm", ".mov", ".gif"])
def test_time_stamps_of_every_container_count(tmp_path, suffix):
    """What moves evenly on the screen moves evenly from frame to frame."""
    times: list[float] = []
    frames = [np.full((32, 32, 3), 20 * k, np.uint8) for k in range(len(UNEVEN))]
    path = write_uneven(tmp_path / f"a{suffix}", frames)
    frames = list(read_frames(path, times=times))
    assert len(frames) == len(UNEVEN)
    assert np.abs(np.array(times) - np.array(UNEVEN) / 1000).max() < 0.021
    positions = torch.tensor(times).mul(100)[:, None, None].expand(-1, 1, 2)
    tracks = Tracks(positions, torch.ones(len(times), 1, dtype=torch.bool), (64, 48))
    even = even_in_time(tracks, times)
    steps = even.positions[:, 0, 0].diff()
    assert steps.max() - steps.min() < 0.01 and even.frame == (64, 48)
    # And back, for what is compared with such a video.
    assert (uneven_in_time(even, times).positions - positions).abs().max() < 0.01


@pytest.mark.parametrize(
    "content",
    [
        "#EXTM3U\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile {}\n",
    ],
)
def test_lists_of_files_open_no_other_file(video, tmp_path, content):
    for name in ("list.m3u8", "list.ffconcat", "list.mp4"):
        (tmp_path / name).write_text(content.format(video))
        with pytest.raises(MediaError, match="must be a readable video"):
            next(read_frames(tmp_path / name))
    for name in (f"concat:{video}", f"subfile,,start,0,end,0,,:{video}"):
        with pytest.raises(MediaError, match="must be a readable video"):
            next(read_frames(Path(name)))


def test_a_pipe_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "a.mp4")
    with pytest.raises(MediaError, match="got a pipe or device"):
        next(read_frames(tmp_path / "a.mp4"))
