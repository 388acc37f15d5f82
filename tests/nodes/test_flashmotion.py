"""FlashMotion's nodes: whose pixels the tracks are in, and the hook beside other patches."""

from types import SimpleNamespace

import pytest
import torch

from tests.nodes.fake_host import Model

NODE = "WanMoveTrajectoryMaps"
DRAWN, VIDEO = (832, 480), (1280, 704)


def still(x: float, y: float, frame: tuple[int, int] | None) -> dict:
    tracks = {"track_path": torch.tensor([x, y]).expand(5, 1, 2)}
    return tracks if frame is None else {**tracks, "track_frame": frame}


def middle(mask: torch.Tensor) -> list[float]:
    """(x, y) of what the last mask marks."""
    row, col = mask[-1].nonzero().float().mean(0) + 0.5
    return [float(col), float(row)]


@pytest.mark.parametrize(
    ("tracks", "expected"),
    [
        (still(416, 240, DRAWN), [640, 352]),
        (still(640, 352, VIDEO), [640, 352]),
        (still(416, 240, None), [416, 240]),
    ],
)
def test_boxes_lie_where_the_tracks_lie_in_the_video(pack, tracks, expected) -> None:
    size = {"width": VIDEO[0], "height": VIDEO[1], "box_width": 64, "box_height": 32}
    _, mask, _ = pack.run(NODE, tracks=tracks, **size)
    assert middle(mask) == expected


def square(width: int, height: int) -> torch.Tensor:
    masks = torch.zeros(1, height, width)
    masks[:, height // 2 - 20 : height // 2 + 20, width // 2 - 20 : width // 2 + 20] = 1.0
    return masks


@pytest.mark.parametrize("frame", [None, (512, 384), (416, 240), (832, 480)])
def test_masks_follow_tracks_of_their_frame_or_of_the_video(pack, frame) -> None:
    """Masks of 512x384 become 416x240; the tracks start in the middle, whatever their frame."""
    x, y = (side / 2 for side in frame or (512, 384))
    given = {"tracks": still(x, y, frame), "masks": square(512, 384), "width": 416, "height": 240}
    _, mask, _ = pack.run(NODE, **given)
    assert middle(mask) == pytest.approx([208, 120], abs=1)


def test_tracks_of_neither_frame_are_refused(pack) -> None:
    with pytest.raises(ValueError, match=r"^tracks: tracks must belong to .*; got tracks of 832x"):
        pack.run(NODE, tracks=still(416, 240, DRAWN), masks=square(512, 384))


@pytest.fixture
def guided(pack, monkeypatch):
    """A model of one block that takes maps of 45x80 cells, and the patch of its clone."""
    module = pack.module("nodes.host.adapter_patch")
    monkeypatch.setattr(module, "_found", lambda _adapter: SimpleNamespace(latent_channels=48))
    monkeypatch.setattr(module, "check_model", lambda *_given: None)
    patches: list = []
    objects = {
        "diffusion_model": SimpleNamespace(patch_size=(1, 2, 2)),
        "model_sampling": SimpleNamespace(percent_to_sigma=lambda share: 1 - share),
        "latent_format": SimpleNamespace(process_in=lambda maps: maps),
    }
    monkeypatch.setattr(Model, "get_model_object", lambda _, name: objects[name], raising=False)
    monkeypatch.setattr(
        Model, "set_model_double_block_patch", lambda _, patch: patches.append(patch), raising=False
    )

    def residual(_index: int, state: torch.Tensor) -> torch.Tensor:
        cells = state[:, :1, :, ::2, ::2]
        return torch.ones_like(cells.flatten(1)[..., None])

    adapter = SimpleNamespace(
        model=SimpleNamespace(begin=lambda latent, *_given: latent, residual=residual)
    )
    maps = torch.zeros(1, 48, 3, 45, 80)
    module.with_adapter(Model(), adapter, maps, strength=1.0, start=0.0, end=1.0)
    return patches[0]


def step(patch, *, runs: bool = True) -> torch.Tensor:
    """One step of a model that pads 45 rows of cells to 46, as 720 pixels need; or one skipped."""
    image = torch.zeros(1, 3 * 23 * 40, 4)

    def model(latent, _time, _text, _vision, _concat, options):
        if runs:
            padded = torch.nn.functional.pad(latent, (0, 0, 0, 1))
            patch(
                {"x": padded, "img": image, "block_index": 0, "transformer_options": dict(options)}
            )
        return latent

    patch.remember(model, torch.zeros(1, 48, 3, 45, 80), None, None, None, None, {})
    return image


def test_maps_are_padded_as_the_model_pads_its_latent(guided) -> None:
    assert (step(guided) == 1).all()


def test_a_step_that_another_node_skips_is_no_old_host(guided) -> None:
    """EasyCache's wrapper lies within ours, and leaves the model out in some steps."""
    step(guided)
    step(guided, runs=False)


def test_a_host_without_the_hook_is_told_in_the_first_step(guided) -> None:
    with pytest.raises(ValueError, match=r"^ComfyUI must be 0\.33 or newer"):
        step(guided, runs=False)
