"""The shipped workflows on the fake host: when the VAE works, and which picture is shown."""

import json

import pytest
import torch

from tests.nodes.fake_host import VAE, Clip, Model
from tests.nodes.saved_graphs import SavedGraph

EDITOR, FIT, DRAW = "WanMoveSplineEditor", "WanMoveFitStartImage", "WanMoveDrawTracks"
SIZE = {"width": 96, "height": 64, "length": 17}
ASPECTS = {"tall": (60, 120), "square": (80, 80), "wide": (160, 100), "long": (240, 100)}


def drawing(end: int) -> str:
    """One path over a canvas of another size than the video's, of its aspect or not."""
    knots = [{"x": 40, "y": 30}, {"x": end, "y": 90}]
    track = {"id": "t1", "curve": "polyline", "knots": knots}
    canvas = {"version": 1, "width": 240, "height": 160, "fps": 16, "frames": 81}
    return json.dumps({**canvas, "tracks": [track]})


def picture(width: int, height: int) -> torch.Tensor:
    """Different everywhere, so that a shift, a stretch and a crop all show."""
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    return torch.stack([x / width, y / height, (x * 7 + y * 3) % 50 / 50], -1)[None]


def grey(image: torch.Tensor) -> torch.Tensor:
    """As a picture of depth must be."""
    return image.mean(-1, keepdim=True).expand(image.shape)


def others(image: torch.Tensor, vae: VAE) -> dict:
    """What the nodes that are not ours give."""
    height, width = image.shape[1:3]
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    disc = (torch.hypot(x - width / 2, y - height / 2) < 0.3 * min(width, height)).float()[None]
    clip = torch.cat([image.roll(shift, 2) for shift in range(3)])
    return {
        "LoadImage": lambda: (image, disc),
        "GetVideoComponents": lambda: (clip, None, 16.0),
        "DA3Render": lambda: (grey(image),),
        "SAM3_Detect": lambda: (disc,),
        "WanMoveModelLoader": lambda: (Model(), Clip(), vae, None),
        "CLIPVisionEncode": lambda: (None,),
        "WanMoveTextEncodeCached": lambda: ([[torch.zeros(1, 2, 4), {}]],) * 2,
    }


class CountingVAE(VAE):
    """Counts what it encodes."""

    calls = 0

    def encode(self, clip: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        return super().encode(clip)


def test_opening_previewing_and_moving_a_track_run_no_vae(pack) -> None:
    vae = CountingVAE()
    graph = SavedGraph(pack, "annotated", others(picture(160, 100), vae))
    graph.change(FIT, **SIZE)
    for end in (100, 200):
        graph.change(EDITOR, splines=drawing(end))
        for kind in (FIT, EDITOR, DRAW):
            graph.run(kind)
    assert vae.calls == 0
    seen = []
    for end in (100, 150, 200):
        graph.change(EDITOR, splines=drawing(end))
        for kind in (EDITOR, DRAW, "WanMoveGuidanceInspector"):
            graph.run(kind)
        seen.append(graph.run("WanMoveTrajectoryGuidance")[0][0][1]["concat_latent_image"])
        assert vae.calls == 1
    assert not torch.equal(seen[0], seen[1]) and not torch.equal(seen[1], seen[2])
    graph.change(FIT, resize="pad")
    graph.run("WanMoveTrajectoryGuidance")
    assert vae.calls == 2


@pytest.mark.parametrize(
    ("aspect", "resize"),
    [("tall", "crop"), ("square", "stretch"), ("wide", "pad"), ("long", "crop")],
)
@pytest.mark.parametrize(
    "name",
    ["annotated", "camera", "region", "rotation", "motion-transfer", "depth", "mask"],
)
def test_the_preview_is_the_editors_picture_and_the_videos(pack, name, aspect, resize) -> None:
    """The editor, Draw Tracks as wired and the fitted image show the same pixels."""
    image = picture(*ASPECTS[aspect])
    # Both pictures of that one are of the same type here, and one of them is depth.
    image = grey(image) if name == "rotation" else image
    graph = SavedGraph(pack, name, others(image, VAE()))
    graph.change(FIT, **SIZE, resize=resize)
    fitted, width, height, length = graph.run(FIT)
    beside = {"image": fitted, "width": width, "height": height, "length": length}
    tracks, _, _, preview, *_ = pack.run(EDITOR, splines=drawing(200), **beside)

    shown, slot = graph.source(DRAW, "images")
    images = graph.run(shown)[slot]
    look = {"style": "paths", "opacity": 0.9}
    (drawn,) = pack.run(DRAW, images=images, tracks=tracks, **look)
    assert torch.equal(drawn, preview)
    path = (preview - fitted).abs().amax(-1) > 1 / 255
    assert 0 < path.float().mean() < 0.2
    untouched = (drawn - fitted).abs().amax(-1)[~path]
    assert untouched.max() <= 1 / 255

    source, slot = graph.source(DRAW, "tracks")
    own = graph.run(source)[slot]
    assert own["track_frame"] == (width, height) and own["track_path"].shape[0] == length
    assert graph.run(DRAW)[0].shape == fitted.shape
    if name in ("annotated", "region"):
        assert {graph.source(EDITOR, slot)[0] for slot in ("image", "width", "height")} == {FIT}
