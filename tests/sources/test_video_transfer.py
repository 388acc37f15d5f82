"""From a video on disc to tracks of another picture, by function and by command."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from benchmarks.video import make_clip
from wanmove_core import MediaError, OptionError, ShapeError, Tracks, read_tracks, write_tracks
from wanmove_core.command.main import main
from wanmove_core.media.video_writer import write_video
from wanmove_core.sources.video.queries import query_points
from wanmove_core.sources.video.retarget import Box
from wanmove_core.sources.video.transfer import Queries, Retarget, transfer_motion

WIDTH, HEIGHT, FRAMES = 208, 128, 13
PAN, WALK = np.array([2.0, -1.0]), np.array([3.0, 2.0])
SUBJECT = (60, 40, 110, 90)


def subject_mask() -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    left, top, right, bottom = SUBJECT
    mask[top:bottom, left:right] = True
    return mask


@pytest.fixture(scope="module")
def frames() -> np.ndarray:
    """A picture that pans by PAN a frame, before it a square of another that walks by WALK."""
    scene = make_clip(5, width=WIDTH + 80, height=HEIGHT + 80, frames=1, noise=0.0).frames[0]
    square = make_clip(1, width=WIDTH, height=HEIGHT, frames=1, noise=0.0).frames[0][30:80, 50:100]
    left, top = SUBJECT[:2]
    out = []
    for frame in range(FRAMES):
        x, y = 40 - PAN * frame
        shift = np.array([[1.0, 0.0, -x], [0.0, 1.0, -y]])
        picture = cv2.warpAffine(scene, shift, (WIDTH, HEIGHT))
        dx, dy = (WALK * frame).astype(int)
        picture[top + dy : top + dy + 50, left + dx : left + dx + 50] = square
        out.append(picture)
    return np.stack(out)


def last_step(tracks: Tracks) -> np.ndarray:
    moved = tracks.positions[-1] - tracks.positions[0]
    return moved[tracks.visibility[-1]].median(0).values.numpy()


@pytest.mark.parametrize(
    ("camera", "expected"), [("keep", WALK), ("remove", WALK - PAN), ("only", PAN)]
)
def test_camera_and_subject_come_apart(frames, camera, expected):
    queries = Queries(30, mask=subject_mask())
    tracks = transfer_motion(frames, queries, Retarget(camera=camera))
    np.testing.assert_allclose(last_step(tracks), expected * (FRAMES - 1), atol=0.4)
    x, y = tracks.positions[0].T
    left, top, right, bottom = SUBJECT
    assert ((x >= left) & (x <= right) & (y >= top) & (y <= bottom)).all()


def test_motion_goes_to_the_new_subject_in_its_size_and_time(frames):
    target = Box(300.0, 100.0, 400.0, 200.0)  # twice the subject's size
    retarget = Retarget((832, 480), 25, target=target, strength=0.5, speed=1.0)
    tracks = transfer_motion(frames, Queries(30, mask=subject_mask()), retarget)
    assert tracks.num_frames == 25
    x, y = tracks.positions[0].T
    assert (x >= 300).all() and (x <= 400).all() and (y >= 100).all() and (y <= 200).all()
    np.testing.assert_allclose(last_step(tracks), WALK * (FRAMES - 1), atol=0.8)


def test_without_a_target_the_whole_picture_is_fitted(frames):
    tracks = transfer_motion(frames, Queries(60), Retarget((2 * WIDTH, 2 * HEIGHT)))
    assert tracks.positions[0, :, 0].max() > WIDTH


def test_given_tracks_say_where_to_start(frames):
    positions = torch.tensor([[[70.0, 50.0], [9999.0, 0.0], [100.0, 80.0]]])
    given = Tracks(positions, torch.ones(1, 3).bool())
    tracks = transfer_motion(frames, Queries(given=given), Retarget())
    torch.testing.assert_close(tracks.positions[0], positions[0, [0, 2]])
    away = Tracks(positions[:, 1:2], torch.ones(1, 1).bool())
    with pytest.raises(ShapeError, match="must start inside of the video, 208x128 px; got none"):
        transfer_motion(frames, Queries(given=away), Retarget())


def test_given_tracks_of_another_frame(frames):
    """A scaled copy of the video is scaled; a frame of another shape is refused."""
    positions, shown = torch.tensor([[[140.0, 100.0]]]), torch.ones(1, 1).bool()
    twice = Tracks(positions, shown, (2 * WIDTH, 2 * HEIGHT))
    tracks = transfer_motion(frames, Queries(given=twice), Retarget())
    torch.testing.assert_close(tracks.positions[0], positions[0] / 2)
    with pytest.raises(ShapeError, match=r"tracks must belong to the frame of 208x128; got .*832x"):
        transfer_motion(frames, Queries(given=Tracks(positions, shown, (832, 480))), Retarget())


def test_points_of_a_mask(frames):
    mask = subject_mask()
    grid = query_points(frames[0], 50, pattern="grid", mask=mask)
    assert 35 <= len(grid) <= 65
    tiny = np.zeros_like(mask)
    tiny[7, 11] = True
    points = query_points(frames[0], 5, pattern="grid", mask=tiny)
    assert (points.astype(int) == [11, 7]).all() and len(points)


def test_bad_input_is_one_line(frames):
    with pytest.raises(MediaError, match="must have frames"):
        transfer_motion([], Queries(), Retarget())
    with pytest.raises(ShapeError, match="mask must be of the video's size, 208x128 px; got 7x5"):
        transfer_motion(frames, Queries(mask=np.ones((5, 7), bool)), Retarget())
    with pytest.raises(ShapeError, match="got an empty mask"):
        transfer_motion(frames, Queries(mask=np.zeros((HEIGHT, WIDTH), bool)), Retarget())
    with pytest.raises(OptionError, match="points must be one of features, grid; got 'random'"):
        transfer_motion(frames, Queries(pattern="random"), Retarget())
    with pytest.raises(OptionError, match="camera must be one of"):
        Retarget(camera="all")
    with pytest.raises(OptionError, match="fit must be one of"):
        Retarget(fit="crop")


@pytest.fixture(scope="module")
def video(frames, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("video") / "clip.mp4"
    write_video(path, torch.from_numpy(frames))
    cv2.imwrite(str(path.with_name("mask.png")), subject_mask() * np.uint8(255))
    return path


def test_the_command(video, tmp_path):
    out = tmp_path / "motion.npy"
    mask = video.with_name("mask.png")
    assert (
        main(["tracks", "video", str(video), str(out), "--mask", str(mask), "--count", "30"]) == 0
    )
    plain = read_tracks(out)
    np.testing.assert_allclose(last_step(plain), WALK * (FRAMES - 1), atol=0.5)
    options = ["--camera", "remove", "--size", "832x480", "--frames", "33", "--use", "9"]
    options += ["--target-box", "300,100,350,150", "--mask", str(mask), "--points", "grid"]
    assert main(["tracks", "video", str(video), str(out), *options]) == 0
    placed = read_tracks(out)
    assert placed.num_frames == 33
    np.testing.assert_allclose(last_step(placed), (WALK - PAN) * 8, atol=0.5)
    start = tmp_path / "start.csv"
    write_tracks(Tracks(torch.full((3, 1, 2), 80.0), torch.ones(3, 1).bool()), start)
    assert main(["tracks", "video", str(video), str(out), "--from", str(start)]) == 0
    assert read_tracks(out).positions[0].tolist() == [[80.0, 80.0]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--target-box", "1,2,3"], "--target-box must be LEFT,TOP,RIGHT,BOTTOM"),
        (["--target-box", "5,2,3,9"], "a box must be left, top, right, bottom"),
        (["--target-box", "1,2,3,4", "--target-mask", "x.png"], "may be given; got both"),
        (["--first", "99"], "must have a frame 99 or later"),
        (["--mask", "none.png"], "must be a readable picture"),
        (["--tracker", "none.pt"], "must be a file; got none there"),
        (["--speed", "0"], "speed must be more than 0"),
    ],
)
def test_bad_options_are_one_line(video, tmp_path, capsys, options, message):
    assert main(["tracks", "video", str(video), str(tmp_path / "out.npy"), *options]) == 2
    said = capsys.readouterr().err
    assert message in said and said.count("\n") == 1
    assert not list(tmp_path.iterdir())
