"""Cameras of other programs: the corners of a cube are seen where each camera sees them."""

import json

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from wanmove_core import OptionError, TrackFormatError, Tracks
from wanmove_core.sources.camera.pose_files import parse_poses
from wanmove_core.sources.camera.poses import follow_poses
from wanmove_core.sources.camera.scene import follow_camera, project_points, project_surface
from wanmove_core.sources.depth import Lens

WIDTH, HEIGHT, FRAMES = 320, 180, 5
FX = 260.0
# The principal point: off the middle for those that can say it.
CX, CY = 171.0, 78.0
MIDDLE = ("nerf", "blender", "colmap", "chan")
CUBE = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (7, 9)], float)
FLIP = np.diag([1.0, -1.0, -1.0])


def turn(axis: int, degrees: float) -> np.ndarray:
    """By the right-hand rule about x, y or z: written out, not by the code under test."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    one, two = [(1, 2), (2, 0), (0, 1)][axis]
    out = np.eye(3)
    out[one, one], out[one, two], out[two, one], out[two, two] = c, -s, s, c
    return out


# Nuke's own values, from which all others are made: right, up, backward; z first, then x, then y.
ANGLES = [(2 * i, -7 * i + 3, 4 * i) for i in range(FRAMES)]
PLACES = [(0.4 * i, 0.1 * i + 2, -0.2 * i) for i in range(FRAMES)]
GL = [turn(1, y) @ turn(0, x) @ turn(2, z) for x, y, z in ANGLES]


def intrinsics(cx: float = CX, cy: float = CY) -> list[list[float]]:
    return [[FX, 0, cx], [0, FX, cy], [0, 0, 1]]


def camera_to_world(flip: bool) -> np.ndarray:
    out = np.repeat(np.eye(4)[None], FRAMES, 0)
    out[:, :3, :3] = [r @ FLIP if flip else r for r in GL]
    out[:, :3, 3] = PLACES
    return out


def quaternion(matrix: np.ndarray) -> list[float]:
    x, y, z, w = Rotation.from_matrix(matrix).as_quat()
    return [w, x, y, z]


def nuke(order: str = "ZXY", *, matrix: bool = False) -> str:
    """A camera node as Nuke saves it, from frame 1001 on; with a pivot, which changes no more than
    the place that has to be written."""
    angles = np.array([Rotation.from_matrix(r).as_euler(order.lower(), degrees=True) for r in GL])
    angles = angles[:, [order.index(axis) for axis in "XYZ"]]
    pivot = np.array([1.0, 2.0, 3.0])
    places = np.array(PLACES) - pivot + np.array([r @ pivot for r in GL])

    def knob(columns) -> str:
        curves = (" ".join(map(str, column)) for column in np.transpose(columns))
        return " ".join(f"{{curve i x1001 {curve}}}" for curve in curves)

    rows = "\n".join(f"     {{{knob(camera_to_world(False)[:, row])}}}" for row in range(4))
    placed = (
        f"useMatrix true\n matrix {{\n{rows}\n }}"
        if matrix
        else (
            f"translate {{{knob(places)}}}\n rotate {{{knob(angles)}}}\n pivot {{1 2 3}}"
            + ("" if order == "ZXY" else f"\n rot_order {order}")
        )
    )
    window = f"{1 - 2 * CX / WIDTH} {(2 * CY - HEIGHT) / WIDTH}"
    return (
        f'Root {{\n inputs 0\n format "{WIDTH} {HEIGHT} 0 0 {WIDTH} {HEIGHT} 1 x"\n}}\n'
        f"set cut_paste_input [stack 0]\nversion 13.2 v2\npush $cut_paste_input\n"
        f"Camera3 {{\n {placed}\n focal {{{{curve x1001 {30 * FX / WIDTH}}}}}\n haperture 30\n"
        f" win_translate {{{window}}}\n name Camera1\n label focal\n xpos 10\n}}\n"
    )


def files() -> dict[str, str]:
    cv, gl = camera_to_world(True), camera_to_world(False)
    w2c = np.linalg.inv(cv)
    size = {"width": WIDTH, "height": HEIGHT}
    angle = 2 * np.arctan(WIDTH / 2 / FX)
    vertical = np.degrees(2 * np.arctan(HEIGHT / 2 / FX))
    estate = [
        [1000 * i, FX / WIDTH, FX / HEIGHT, CX / WIDTH, CY / HEIGHT, 0, 0, *m[:3].ravel()]
        for i, m in enumerate(w2c)
    ]
    colmap = [
        f"{i + 1} {' '.join(map(str, [*quaternion(m[:3, :3]), *m[:3, 3]]))} 1 f{i:03}.png\n"
        f"{i}.5 2.5 -1 7.5 8.5 3"
        for i, m in reversed(list(enumerate(w2c)))
    ]
    chan = [
        [i + 1, *place, *angles, vertical]
        for i, (place, angles) in enumerate(zip(PLACES, ANGLES, strict=True))
    ]

    def lines(rows) -> str:
        return "\n".join(" ".join(map(str, row)) for row in rows)

    nerf_frames = [{"file_path": "a", "transform_matrix": m.tolist()} for m in gl]
    blender = {"lens": 36 * FX / WIDTH, "sensor_width": 36, **size}
    return {
        "w2c": json.dumps([{"K": intrinsics(), **size, "w2c": m.tolist()} for m in w2c]),
        "c2w": json.dumps({"K": intrinsics(), **size, "c2w": cv[:, :3].tolist()}),
        "pixels": json.dumps(
            {"fl_x": FX, "cx": CX, "cy": CY, "w": WIDTH, "h": HEIGHT, "frames": nerf_frames}
        ),
        "shifted": json.dumps(
            {
                **blender,
                "shift_x": 0.5 - CX / WIDTH,
                "shift_y": (CY - HEIGHT / 2) / WIDTH,
                "cameras": [{"matrix_world": m.tolist()} for m in gl],
            }
        ),
        "nk": nuke(),
        "nk in another order": nuke(order="YZX"),
        "nk matrix": nuke(matrix=True),
        "nerf": json.dumps(
            {
                "camera_angle_x": angle,
                "w": WIDTH,
                "h": HEIGHT,
                "frames": nerf_frames,
            }
        ),
        "blender": json.dumps(
            {
                **blender,
                "frames": [{"frame": i, "matrix_world": m.tolist()} for i, m in enumerate(gl)],
            }
        ),
        "realestate": "https://www.youtube.com/watch?v=x\n" + lines(estate),
        "colmap": "# Image list with two lines of data per image:\n" + "\n".join(colmap),
        "chan": "# frame\n" + lines(chan),
    }


@pytest.mark.parametrize("kind", files())
def test_a_cube_is_seen_where_the_camera_sees_it(kind: str) -> None:
    poses = parse_poses(files()[kind], f"camera.{kind}")
    lens = Lens(WIDTH, HEIGHT, 2 * np.degrees(np.arctan(WIDTH / 2 / FX)))
    camera = follow_poses(poses, lens, FRAMES, scale=1.0)
    off = [WIDTH / 2, HEIGHT / 2] if kind in MIDDLE else [CX, CY]
    # The textbook: K (R^T (X - C)), for a cube before the first camera.
    cv = camera_to_world(True)
    corners = CUBE @ cv[0, :3, :3].T + cv[0, :3, 3]
    expected = []
    for matrix in cv:
        own = (corners - matrix[:3, 3]) @ matrix[:3, :3]
        seen = own @ np.array(intrinsics(*off)).T
        expected.append(seen[:, :2] / seen[:, 2:])
    frames = [FRAMES - 1, 1]
    surface = project_surface(camera, CUBE, frames)[:, :2].numpy().transpose(0, 2, 1)
    np.testing.assert_allclose(surface, np.array(expected)[frames], atol=1e-2)
    corner = follow_camera(
        Tracks.from_arrays(np.repeat(expected[0][None], FRAMES, 0)), camera, CUBE[0, 2]
    )
    np.testing.assert_allclose(corner.positions[:, 0], [place[0] for place in expected], atol=1e-3)
    if kind == "colmap":  # the angle comes from the lens: images.txt has none
        assert poses.focal is None
    got, before = project_points(camera, np.repeat(CUBE[None], FRAMES, 0))
    assert before.all()
    np.testing.assert_allclose(got[..., :2], expected, atol=1e-3)


def test_the_depth_map_chooses_the_scale_and_the_clip_the_length() -> None:
    poses = parse_poses(files()["w2c"])
    lens = Lens(WIDTH, HEIGHT)
    camera = follow_poses(poses, lens, 9, distance=6.0)
    assert camera.num_frames == 9
    ways = np.linalg.norm(camera.position, axis=1)
    np.testing.assert_allclose(ways.max(), 1.5)
    exact = follow_poses(poses, lens, FRAMES, distance=6.0)
    np.testing.assert_allclose(camera.rotation[::2], exact.rotation, atol=1e-9)
    one = follow_poses(parse_poses(json.dumps([{"c2w": np.eye(4).tolist()}])), lens, 3)
    assert one.num_frames == 3 and not one.has_parallax()


def test_an_animated_focal_length_is_a_zoom_and_a_wider_video_is_a_crop() -> None:
    text = json.dumps(
        [{"w2c": np.eye(4).tolist(), "fx": f, "width": 320, "height": 180} for f in (200, 400)]
    )
    camera = follow_poses(parse_poses(text), Lens(640, 360), 2)
    np.testing.assert_allclose(camera.zoom, [1, 2])
    np.testing.assert_allclose(camera.lens.focal, 400)
    # 640x480 cuts from 853x480: 480 / 180 times as large.
    square = follow_poses(parse_poses(text), Lens(640, 480), 2)
    np.testing.assert_allclose(square.lens.focal, 200 * 480 / 180)


BAD = {
    "": "no line of numbers",
    "hello world": "lines of 2 values",
    "[]": "at least one item",
    "[1, 2]": "have w2c, c2w",
    '[{"w2c": [1, 2]}]': "4x4 or 3x4 matrix; got 2 numbers",
    '[{"w2c": [[0,0,0,0],[0,0,0,0],[0,0,0,0]]}]': "a rotation and a place",
    '[{"c2w": [[1,0,0,0],[0,1,0,0],[0,0,NaN,0]]}]': "finite",
    '[{"K": [[1, 2]], "c2w": [[1,0,0,0],[0,1,0,0],[0,0,1,0]]}]': "intrinsics",
    '[{"K": "?", "c2w": [[1,0,0,0],[0,1,0,0],[0,0,1,0]]}]': "intrinsics",
    '[{"fx": -1, "width": 2, "height": 2, "c2w": [[1,0,0,0],[0,1,0,0],[0,0,1,0]]}]': "above 0",
    '[{"c2w": [[1,0,0,0],[0,1,0,0],[0,0,1,0]]}, 7]': "be an object",
    "Camera {\n focal 50\n}\nCamera2 {\n}": "have one camera; got 2",
    "Camera2 {\n read_from_file true\n}": "read_from_file must be off",
    "Camera2 {\n winroll 3\n}": "winroll must be 0",
    "Camera2 {\n rot_order XX\n}": "rot_order must be XYZ in some order",
    "Camera2 {\n useMatrix true\n matrix {1 2}\n}": "matrix must be 4x4",
    "Camera2 {\n translate {{parent.x} 0 0}\n}": "translate must be a number",
    "Camera2 {\n translate {{curve} 0 0}\n}": "translate must have keys",
    "Camera2 {\n translate {1 2}\n}": "translate must hold 3 numbers",
    "Camera2 {\n focal 0\n}": "above 0",
    "Camera2 {\n focal {{curve x1 5 x999999 6}}\n}": "at most 100000 frames",
    "Camera2 {\n focal 50": "close every brace",
    '[{"K": [[1,0,1e6],[0,1,1],[0,0,1]], "width": 2, "height": 2, "c2w": [[1,0,0,0],[0,1,0,0],'
    "[0,0,1,0]]}]": "principal points near the picture",
    "1 2 3 4 5 6 7 8\n1 2 3": "numbers, as many in each line",
    "1 2 3 x 5 6 7 8": "numbers",
    "1 0 0 0 0 1 2 3 1 a.png": "rotation; got a quaternion of length 0",
}


@pytest.mark.parametrize("text", BAD)
def test_bad_files_are_one_line(text: str) -> None:
    with pytest.raises(TrackFormatError, match=BAD[text]) as caught:
        parse_poses(text)
    assert "\n" not in str(caught.value)


def test_a_scale_out_of_range() -> None:
    with pytest.raises(OptionError, match="scale must be 0 or more"):
        follow_poses(parse_poses(files()["w2c"]), Lens(9, 9), 3, scale=-1.0)
