"""Drawing and inspecting on a real ComfyUI."""

import pytest
import torch

from tests.host.graphs import Graph
from tests.host.server import ComfyServer
from tests.host.test_guidance import HEIGHT, LENGTH, WIDTH, start, tracks

LOOK = {"trail": 24, "radius": 3.0, "opacity": 0.9}
CHOICES = {"collision": "last", "temporal": "sample", "track_space": "video", "retime": "time"}


@pytest.mark.parametrize(("style", "frames"), [("trails", LENGTH), ("paths", 1)])
def test_draws_over_one_image(comfy: ComfyServer, output, style: str, frames: int) -> None:
    graph = Graph()
    image = graph.add("TestPicture", seed=3, width=WIDTH, height=HEIGHT, frames=1)
    drawn = graph.add("WanMoveDrawTracks", images=image, tracks=tracks(graph), style=style, **LOOK)
    graph.add("TestKeepValue", value=drawn, name="drawn.pt")
    graph.add("TestKeepValue", value=image, name="image.pt")
    run = comfy.run(graph.prompt)
    assert run.error is None, run.error
    kept = torch.load(output / "drawn.pt", weights_only=True)
    image = torch.load(output / "image.pt", weights_only=True)
    assert kept.shape == (frames, HEIGHT, WIDTH, 3)
    changed = ((kept - image).abs() > 0.01).any(-1).float().mean()
    assert 0.005 < changed < 0.3


def test_inspector_shows_and_reports(comfy: ComfyServer, output) -> None:
    graph = Graph()
    inputs = start(graph)
    chosen = {name: inputs[name] for name in ("vae", "start_image")}
    size = {"width": WIDTH, "height": HEIGHT, "length": LENGTH, "resize": "crop"}
    encoded = graph.add("WanMoveEncodeStartImage", **chosen, **size)
    seen = graph.add(
        "WanMoveGuidanceInspector",
        conditioning_latent=encoded,
        tracks=tracks(graph),
        start_image=inputs["start_image"],
        **CHOICES,
    )
    graph.add("TestKeepValue", value=seen, name="seen.pt")
    run = comfy.run(graph.prompt)
    assert run.error is None, run.error
    kept = torch.load(output / "seen.pt", weights_only=True)
    latent_frames = (LENGTH - 1) // 4 + 1
    assert kept.shape == (latent_frames, HEIGHT, WIDTH, 3)
    shown = run.outputs[seen.id]
    assert len(shown["images"]) == latent_frames
    assert shown["text"][0].startswith("3 of 3 tracks guide")
