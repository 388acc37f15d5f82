"""`wanmove draw`: its server, and a real video from its Generate button."""

import io
import json
import os
import re
import threading
import time
from pathlib import Path

import pytest
from PIL import Image

from tests.draw_page.asking import HEAD, TEXT, ask, work
from wanmove_core.command.draw import _demo_words, _start_of
from wanmove_core.command.draw_generation import _parse, make_generation
from wanmove_core.command.main import main, make_parser
from wanmove_core.draw_page.server import DrawServer
from wanmove_core.draw_page.session import DrawSession
from wanmove_core.errors import MediaError, OptionError
from wanmove_core.formats import read_tracks

TOY = Path(__file__).parents[2] / "models/toy"


def test_the_page_and_the_editor_are_served(page):
    status, body, headers = ask(page, "")
    assert status == 200 and b"{nonce}" not in body
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    for name, kind in (("editor.js", "text/javascript"), ("editor.css", "text/css")):
        status, body, headers = ask(page, f"editor/{name}")
        assert (status, headers["Content-Type"]) == (200, kind)
    for path in _imported(page, "editor/editor.js"):
        assert ask(page, path)[0] == 200, path
    for name, kind in (("page.js", "text/javascript"), ("page.css", "text/css")):
        status, body, headers = ask(page, f"page/{name}")
        assert (status, headers["Content-Type"]) == (200, kind)
    start = json.loads(ask(page, "start")[1])
    document = json.loads(start["document"])
    assert (document["width"], document["height"], document["tracks"]) == (96, 64, [])
    assert start["plan"] == {
        "model": "the small trained model",
        "size": [192, 128],
        "frames": 5,
        "steps": 1,
        "seed": 0,
        "prompts": False,
    }
    assert ask(page, "image")[2]["Content-Type"] == "image/png"


def _imported(page, path):
    """All modules that a module of the editor imports, itself included, as the browser asks."""
    found, open_ = set(), [path]
    while open_:
        path = open_.pop()
        if path in found:
            continue
        found.add(path)
        source = ask(page, path)[1].decode()
        base = Path(path).parent
        open_ += [
            os.path.normpath(base / target) for target in re.findall(r'from "(\..*?)"', source)
        ]
    assert len(found) > 30
    return found


def test_nobody_else_gets_in(page):
    assert ask(page, f"http://{page.host}/")[0] == 404
    assert ask(page, f"http://{page.host}/{'x' * len(page.token)}/")[0] == 404
    assert ask(page, "", Host="evil.example")[0] == 404
    assert ask(page, "save?base=0", work(), Origin="http://evil.example")[0] == 404
    for path in (
        "editor/../editor/editor.js",
        "editor/drawing/../editor.js",
        "result/../start.png",
    ):
        assert ask(page, path)[0] == 404
    for path in ("editor/", "result/none.mp4", "../../etc/passwd", "nothing"):
        assert ask(page, path)[0] == 404
    assert page.host.startswith("127.0.0.1:")


def test_save_writes_tracks_and_drawing_and_begins_there_next_time(page, tmp_path):
    status, body, _ = ask(page, "save?base=0", work())
    names = [Path(name).name for name in json.loads(body)["files"]]
    assert (status, names) == (200, ["out.wanmove.json", "out_visibility.npy", "out.npy"])
    assert read_tracks(tmp_path / "out.npy").positions[-1, 0].tolist() == [60, 30]
    assert DrawSession(tmp_path / "start.png", tmp_path / "out.npy").work.document == TEXT
    assert read_tracks(tmp_path / "out.wanmove.json").num_frames == 17


def test_the_moving_tracks_as_a_gif(page):
    status, data, _ = ask(page, "gif", work())
    gif = Image.open(io.BytesIO(data))
    assert (status, gif.format, gif.size, gif.n_frames) == (200, "GIF", (96, 64), 17)
    assert ask(page, "gif", work(json.dumps({**HEAD, "tracks": []})))[0] == 400


def test_the_official_demos_options_choose_the_model(tmp_path):
    words = ["a.png", "--task", "wan-move-i2v", "--size", "480*832", "--ckpt_dir", "weights"]
    words += ["--t5_cpu", "--offload_model", "True", "--dtype", "bf16", "--port", "0"]
    args = make_parser().parse_args(["draw", *words])
    generation = make_generation(tmp_path / "a.png", tmp_path, _demo_words(args))
    assert generation.plan()["model"] == "weights"
    with pytest.raises(OptionError, match="--share must be left out; got it"):
        args = make_parser().parse_args(["draw", "a.png", "--share"])
        args.run(args)


def test_import_and_export(page):
    status, data, _ = ask(page, "tracks?format=csv", TEXT.encode())
    assert status == 200
    status, text, _ = ask(page, "tracks?name=a.csv&width=192&height=64&frames=17", data)
    assert status == 200
    assert [knot["x"] for knot in json.loads(text)["tracks"][0]["knots"]] == [40, 120]
    for path, body in (
        ("tracks?format=exe", b""),
        ("tracks?width=1", b"[]"),
        ("save?base=0", b"{"),
        ("save?base=0", b"[]"),
        ("save?base=0", work("{")),
    ):
        status, message, _ = ask(page, path, body)
        assert status == 400 and json.loads(message)["error"]


def test_generate_makes_a_video_with_the_small_model(page, tmp_path):
    if not (TOY / "wanmove_toy_vae.safetensors").is_file():
        pytest.skip("the small trained model is not in models/toy")
    request = work(TEXT, "", 3)
    status, body, _ = ask(page, "generate?base=0", request)
    assert (status, json.loads(body)["state"]) == (200, "loading")
    assert ask(page, "generate?base=1", request)[0] == 400
    # A reload shows what the video was made from, not what was saved before.
    assert json.loads(ask(page, "start")[1])["document"] == TEXT
    while page.generation.busy:
        time.sleep(0.2)
    shown = json.loads(ask(page, "status")[1])
    assert shown["state"] == "done", shown
    assert shown["guidance"].startswith("1 of 1 tracks guide 1 latent cells (0 of them shared")
    entry = shown["results"][0]
    assert (entry["prompt"], entry["seed"]) == ("", 3)
    assert entry["video"] == "draw_001.mp4" and entry["overlay"] == "draw_001_tracks.mp4"
    status, video, headers = ask(page, f"result/{entry['video']}")
    assert (status, headers["Content-Type"], video[4:8]) == (200, "video/mp4", b"ftyp")
    # The video gives back what it was made from, dropped on a page or named as the image.
    status, body, _ = ask(page, "video?name=a.mp4", video)
    assert (status, json.loads(body)) == (200, {"document": TEXT, "prompt": "", "seed": 3})
    overlay = (tmp_path / "results/draw_001_tracks.mp4").read_bytes()
    status, body, _ = ask(page, "video?name=a.mp4", overlay)
    assert status == 400 and json.loads(body)["error"].startswith("a.mp4 must be a video that")
    made = tmp_path / "results/draw_001.mp4"
    image, recalled = _start_of(made, tmp_path / "new.npy")
    again = DrawSession(image, tmp_path / "new.npy", recalled=recalled)
    assert (again.work.document, again.work.seed, again.size) == (TEXT, 3, (192, 128))
    later = make_generation(tmp_path / "start.png", tmp_path / "results", [])
    assert later.status()["results"] == shown["results"]
    assert ask(page, "delete?video=../start.png", b"")[0] == 400
    assert ask(page, "delete?video=draw_001.mp4", b"")[0] == 200
    assert not list((tmp_path / "results").iterdir())


def test_generate_refuses_what_moves_nothing_before_a_model_is_loaded(page, tmp_path):
    knots = [{"x": -20, "y": 30}, {"x": 60, "y": 30}]
    outside = json.dumps({**HEAD, "tracks": [{"id": "t1", "curve": "polyline", "knots": knots}]})
    page.generation._load = lambda: pytest.fail("a model was loaded")
    status, body, _ = ask(page, "generate?base=0", work(outside))
    told = json.loads(body)
    assert status == 400 and told["state"] == "idle"
    assert "tracks must act on the video" in told["error"] and "inside the picture" in told["error"]
    assert not list((tmp_path / "results").iterdir())
    # The drawing is not lost: Save writes it all the same.
    assert ask(page, "save?base=1", work(outside))[0] == 200


def test_an_empty_drawing_is_a_video_without_tracks(page):
    if not (TOY / "wanmove_toy_vae.safetensors").is_file():
        pytest.skip("the small trained model is not in models/toy")
    assert ask(page, "generate?base=0", work(json.dumps({**HEAD, "tracks": []})))[0] == 200
    while page.generation.busy:
        time.sleep(0.2)
    shown = json.loads(ask(page, "status")[1])
    assert (shown["state"], shown["message"][-16:]) == ("done", ", without tracks"), shown
    assert shown["guidance"] == ""


def test_a_cancelled_job_ends_with_its_step(page, tmp_path, monkeypatch):
    steps = threading.Event()

    def job(_pipeline, job, *, model, progress):
        for step in range(1000):
            progress(step, 1000)
            steps.set()
            time.sleep(0.01)

    monkeypatch.setattr("wanmove_core.generation.job.run_job", job)
    page.generation._load = lambda: None
    assert ask(page, "generate?base=0", work())[0] == 200
    assert steps.wait(30)
    assert ask(page, "cancel", b"")[0] == 200
    page.generation._thread.join(5)
    assert json.loads(ask(page, "status")[1])["state"] == "cancelled"
    assert not list((tmp_path / "results").iterdir())


def test_without_the_small_model_the_button_says_what_to_do(page, tmp_path, monkeypatch):
    monkeypatch.setattr("wanmove_core.command.draw_generation._TOY", tmp_path / "models")
    page.generation = make_generation(tmp_path / "start.png", tmp_path / "results", [])
    assert ask(page, "generate?base=0", work())[0] == 200
    page.generation._thread.join(30)
    status = page.generation.status()
    assert status["state"] == "failed" and "\n" not in status["message"]
    assert "must be in" in status["message"] and "--checkpoint PATH" in status["message"]


def test_what_goes_wrong_is_one_line(tmp_path):
    with pytest.raises(MediaError, match="IMAGE must be a file"):
        args = make_parser().parse_args(["draw", str(tmp_path / "none.png")])
        args.run(args)
    (tmp_path / "text.png").write_text("no image")
    with pytest.raises(MediaError, match=r"IMAGE must be an image; got text.png"):
        DrawSession(tmp_path / "text.png", tmp_path / "out.npy")
    with pytest.raises(OptionError, match="--nonsense"):
        make_generation(tmp_path / "a.png", tmp_path, ["--nonsense"])
    with pytest.raises(
        OptionError, match=r"--out must end in .npy, .json, .csv, .svg, .*; got out.txt"
    ):
        args = make_parser().parse_args(["draw", "a.png", "-o", "out.txt"])
        args.run(args)


@pytest.mark.parametrize(
    ("options", "checkpoint", "size", "guidance_scale"),
    [
        (["--checkpoint=/m"], [Path("/m")], (832, 480), 5.0),
        (["--check", "/m"], [Path("/m")], (832, 480), 5.0),
        (["--steps", "3"], None, (192, 128), 1.0),
        (["--size", "832x480"], None, (832, 480), 1.0),
    ],
)
def test_the_small_models_defaults_end_where_a_checkpoint_is_named(
    tmp_path, options, checkpoint, size, guidance_scale
):
    settings = make_generation(tmp_path / "a.png", tmp_path, options).template.settings
    assert (settings.size, settings.guidance_scale) == (size, guidance_scale)
    named = _parse(options).checkpoint
    assert named == checkpoint if checkpoint else named[0].parent == TOY


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--port", "99999"], "--port must be free; got 99999 (not 0 to 65535). Use 0."),
        (["--port", "-1"], "--port must be free; got -1"),
        (["--generate", "--prompt 'a"], "--generate must be options of wanmove generate"),
        (["--generate", "--steps 0"], "steps must be 1 or more; got 0"),
        (["-o", "folder.npy"], "folder.npy must be a file; got a folder"),
        (["--results", "start.png"], "must be in a folder; got a file there"),
    ],
)
def test_wrong_options_are_told_before_the_page_opens(tmp_path, monkeypatch, capsys, words, said):
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (96, 64)).save("start.png")
    Path("folder.npy").mkdir()
    monkeypatch.setattr(DrawServer, "serve_until_closed", lambda _self: None)
    assert main(["draw", "start.png", "--no-browser", *words]) == 2
    told = capsys.readouterr().err
    assert said in told and told.count("\n") == 1
