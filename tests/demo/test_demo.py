"""`wanmove demo`: it runs with no model at all, and its page needs no other file."""

import re
from html.parser import HTMLParser

import pytest
import torch

from tests.generation.small_parts import small_components
from wanmove_core.checkpoints.loading import load_components
from wanmove_core.checkpoints.lora import add_loras
from wanmove_core.command import main as cli
from wanmove_core.command.demo_box import make_box_strip
from wanmove_core.demo.page import Figure, Page, Panel, Row, render_page
from wanmove_core.demo.random_model import random_components
from wanmove_core.demo.scene import make_scene
from wanmove_core.demo.scenes import BOX, SCENES
from wanmove_core.demo.small_model import FILES, LORA, quick_arithmetic, small_model_folder
from wanmove_core.formats import read_tracks
from wanmove_core.generation.settings import GenerationSettings
from wanmove_core.media.image import read_image
from wanmove_core.media.video import read_metadata, read_video


class Outline(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.open, self.seen, self.sources = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        if tag not in ("meta", "img", "input"):
            self.open.append(tag)
        self.sources += [value for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_a_folder_that_is_given_must_have_the_small_model(tmp_path, capsys):
    out = tmp_path / "demo"
    assert cli.main(["demo", "--out", str(out), "--model", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "--model must be a folder with the small model; got" in said
    assert "without wanmove_toy_" in said and said.count("\n") == 1 and not out.exists()


def test_without_a_trained_model_it_says_so_and_runs(tmp_path, caplog, monkeypatch):
    caplog.set_level("INFO", logger="wanmove")
    monkeypatch.setattr("wanmove_core.command.demo.TOY", tmp_path)
    arguments = ["demo", "--out", str(tmp_path / "demo"), "--steps", "1"]
    assert cli.main(arguments) == 0
    made = tmp_path / "demo" / "ball"
    assert read_video(made / "guided.mp4").shape == (17, 64, 96, 3)
    assert read_video(made / "guided_tracks.mp4").shape == (17, 256, 384, 3)
    assert read_metadata(made / "without_tracks.mp4")["tracks"] == []
    # Tracks reach the model: the two videos differ.
    guided, free = read_video(made / "guided.mp4"), read_video(made / "without_tracks.mp4")
    assert (guided.float() - free.float()).abs().mean() > 0.1
    index = tmp_path / "demo" / "index.html"
    page = index.read_text(encoding="utf-8")
    assert "random weights" in page and "off its path" not in page
    assert "random weights" in caplog.text and str(index) in caplog.text


def test_the_page_needs_no_other_file_and_is_whole(tmp_path):
    picture = tmp_path / "a.png"
    picture.write_bytes(b"picture")
    (tmp_path / "b.mp4").write_bytes(b"video")
    (tmp_path / "c.mp4").write_bytes(b"drawn")
    page = Page(
        title="A <title> & more",
        lead="Lead",
        note="",
        rows=[
            Row(
                "A <row>",
                "Cap",
                [
                    Panel(picture, "One", "Cap"),
                    Panel(tmp_path / "b.mp4", 'Two "2"', "Cap", over=tmp_path / "c.mp4"),
                ],
                [Figure("off", "1 px")],
            )
        ],
        figures=[Figure("Error", "0.9 px", lead=True)],
        command="wanmove demo --prompt '<x>'",
        settings={"seed": 3, "prompt": "猫 $dollar"},
        size=(96, 64),
    )
    text = render_page(page)
    outline = Outline(text)
    assert not outline.open
    assert outline.seen.count("video") == 2 and outline.seen.count("img") == 1
    assert "A &lt;row&gt;" in text and 'class="over"' in text
    assert all(source.startswith("data:") for source in outline.sources)
    assert not re.search(r"https?://", text)
    assert "A &lt;title&gt; &amp; more" in text and "猫 $dollar" in text
    assert "aspect-ratio: 96 / 64" in text and "$aspect" not in text


def test_the_own_scene_has_a_ball_where_its_tracks_begin():
    picture, tracks = make_scene(9)
    assert picture.shape == (64, 96, 3) and tracks.positions.shape == (9, 16, 2)
    moved = (tracks.positions[-1] - tracks.positions[0]).norm(dim=-1)
    assert (moved[:7] == 0).all() and (moved[7:] > 40).all()
    x, y = tracks.positions[0, 7:].round().long().unbind(-1)
    red, green, blue = picture[y, x].float().unbind(-1)
    # Red and cream stripes: nothing else in the picture is as red.
    assert (red > blue + 5).all() and (red > green).all()
    inside = (tracks.positions >= 0).all() and (tracks.positions < torch.tensor([96, 64])).all()
    assert inside


def test_a_random_model_is_one_model_and_leaves_the_global_rng_alone():
    before = torch.random.get_rng_state()
    first, again, other = random_components(1), random_components(1), random_components(2)
    weight = first.transformer.proj_out.weight
    assert torch.equal(weight, again.transformer.proj_out.weight)
    assert not torch.equal(weight, other.transformer.proj_out.weight)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert small_components().transformer.config.in_channels == first.transformer.config.in_channels


@pytest.mark.parametrize("words", [["--seed", "-1"], ["--steps", "0"], ["--out", __file__]])
def test_bad_options_are_refused_at_once(tmp_path, words, capsys, monkeypatch):
    monkeypatch.delattr("wanmove_core.command.demo._make")
    assert cli.main(["demo", "--out", str(tmp_path / "demo"), *words]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "demo").exists()


def test_a_box_moves_the_thing_in_four_steps(tmp_path):
    model = small_model_folder()
    files = [model / f"{name}.safetensors" for name in FILES]
    settings = GenerationSettings(resize="stretch", num_frames=17, guidance_scale=1.0, seed=0)
    components = load_components(files, dtype="fp32")
    add_loras(components.transformer, [(model / f"{LORA}.safetensors", 1.0)])
    with quick_arithmetic():
        strip = make_box_strip(components, model, settings, tmp_path)
    guided, free = strip.errors
    assert guided < 5 and free > 2 * guided, strip.errors
    request, out, without = strip.row.panels
    assert read_metadata(out.file)["steps"] == 4 and "map_shape" in read_metadata(out.file)
    assert "maps" not in read_metadata(without.file) and without.over is None
    # The box is drawn where it was asked for: at first around (25.5, 42.5), at last (55.5, 30.5).
    drawn = read_video(out.over).int()
    assert drawn.shape == (17, 256, 384, 3)
    for frame, (x, y) in ((0, (25.5, 42.5)), (16, (55.5, 30.5))):
        edge = drawn[frame, round(4 * y), round(4 * (x - 11.5))]
        assert edge[0] > 180 and edge[2] < 120, edge
        assert (
            read_image(request.file)[round(4 * y), round(4 * (x - 11.5))].int() - edge
        ).abs().max() < 60


def test_without_the_adapter_there_is_no_strip_of_boxes(tmp_path, caplog):
    caplog.set_level("INFO", logger="wanmove")
    assert make_box_strip(None, tmp_path, GenerationSettings(), tmp_path) is None
    assert caplog.messages == [
        f"The strip of boxes is left out: {BOX.files(tmp_path)[0]} is not there."
    ]


def test_every_scene_of_the_demo_lies_beside_the_small_model():
    for scene in SCENES:
        image, tracks = scene.files(small_model_folder())
        height, width = read_image(image).shape[:2]
        asked = read_tracks(tracks)
        assert asked.positions.shape[0] == 17 and (width, height) == (192, 128)
        moved = (asked.positions[-1] - asked.positions[0]).norm(dim=-1)
        assert moved.max() > 20 and asked.visibility[0].all()
