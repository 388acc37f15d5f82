"""The networks' contracts, by stand-ins: small seeded networks saved as TorchScript."""

import numpy as np
import pytest
import torch

from tests.bench.stand_ins import stand_in
from wanmove_core import CheckpointError, OptionError
from wanmove_core.bench.extractors import (
    clip_features,
    frame_features,
    load_extractor,
    perceptual_distances,
)
from wanmove_core.bench.flow_error import dis, flow_error, raft
from wanmove_core.bench.weights import INCEPTION, file_digest, find_weights

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")

CPU = torch.device("cpu")


def noise(frames=5, height=20, width=28, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (frames, height, width, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("weights")


def test_frames_come_to_inception_scaled_and_in_0_to_1(folder):
    class Ends(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            assert x.shape[2:] == (299, 299)
            return torch.stack([x.amin((1, 2, 3)), x.amax((1, 2, 3))], 1)[:, :, None, None]

    torch.jit.script(Ends()).save(str(folder / "ends.pt"))
    frames = noise(9)
    frames[3] = 255
    frames[4] = 0
    found = frame_features(load_extractor("fid", folder / "ends.pt", CPU), frames)
    assert found.shape == (9, 2) and found.dtype == np.float32
    assert found[3] == pytest.approx([1, 1]) and found[4].tolist() == [0, 0]


def test_a_clip_comes_to_i3d_whole_and_in_minus_1_to_1(folder):
    class Means(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            assert x.shape[1:] == (3, 11, 224, 224)
            return x.mean((1, 3, 4))

    torch.jit.script(Means()).save(str(folder / "means.pt"))
    frames = noise(11)
    frames[2], frames[10] = 255, 0
    found = clip_features(load_extractor("fvd", folder / "means.pt", CPU), frames)
    assert found.shape == (1, 11)
    assert found[0, 2] == pytest.approx(1) and found[0, 10] == pytest.approx(-1)


def test_flow_epe_is_the_mean_distance_of_two_flows_per_pair(folder):
    class Brightness(torch.nn.Module):
        """Says that all moved by (3, 4) times the change of brightness."""

        def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
            change = (b - a).mean((1, 2, 3)) * 127.5
            flow = torch.stack([3 * change, 4 * change], 1)
            return flow[:, :, None, None].expand(-1, 2, 480, 832)

    torch.jit.script(Brightness()).save(str(folder / "raft.pt"))
    flow = raft(load_extractor("flow", folder / "raft.pt", CPU))
    still = np.full((7, 20, 28, 3), 50, dtype=np.uint8)
    lighter = still.copy()
    lighter[3:] += 2  # one pair of six differs, by 2 levels: 5 x 2 px
    assert flow_error(flow, still, still) == 0
    assert flow_error(flow, still, lighter) == pytest.approx(10 / 6, rel=1e-4)


def test_dense_flow_sees_a_shift_and_reversal_but_not_a_common_offset():
    rng = np.random.default_rng(4)
    coarse = rng.integers(0, 256, (24, 44, 3), dtype=np.uint8)
    picture = np.asarray(torch.nn.functional.interpolate(
        torch.from_numpy(coarse).movedim(-1, 0)[None].float(), (192, 352), mode="bicubic"
    )[0].movedim(0, -1).clamp(0, 255).byte())  # fmt: skip
    pan = np.stack([np.roll(picture, 2 * k, axis=1) for k in range(4)])
    faster = np.stack([np.roll(picture, 3 * k, axis=1) for k in range(4)])
    # 1 px of 352 is 832/352 px at 832.
    assert flow_error(dis, pan, faster) == pytest.approx(832 / 352, rel=0.25)
    assert flow_error(dis, pan, np.roll(pan, (3, 2), axis=(1, 2))) < 0.7
    assert flow_error(dis, pan, pan[::-1]) > 5


def test_lpips_is_per_frame_and_zero_on_equals(folder):
    stand_in("lpips", folder / "lpips.pt")
    extractor = load_extractor("lpips", folder / "lpips.pt", CPU)
    one, other = noise(9), noise(9, seed=1)
    found = perceptual_distances(extractor, one, other)
    assert found.shape == (9,) and (found > 0).all()
    np.testing.assert_allclose(found, perceptual_distances(extractor, other, one), rtol=1e-5)
    assert not perceptual_distances(extractor, one, one).any()


def test_weights_are_found_in_order_and_never_downloaded(tmp_path, monkeypatch):
    own, hub, comfy = tmp_path / "own", tmp_path / "hub", tmp_path / "ComfyUI"
    monkeypatch.setenv("WANMOVE_WEIGHTS", str(own))
    monkeypatch.setenv("TORCH_HOME", str(hub))
    monkeypatch.setenv("COMFYUI_PATH", str(comfy))
    assert find_weights(INCEPTION, None, "fid") is None
    with pytest.raises(CheckpointError) as told:
        load_extractor("fid", None, CPU)
    assert str(told.value) == (
        "--inception must name pt_inception-2015-12-05-6726825d.pth (pytorch-fid release "
        "fid_weights); got none. Download it, or leave fid out of --metrics."
    )
    places = [comfy / "models" / "fid", hub / "hub" / "checkpoints", own]
    for place in places:
        place.mkdir(parents=True)
        (place / INCEPTION.name).write_bytes(b"x")
        assert find_weights(INCEPTION, None, "fid") == place / INCEPTION.name
    with pytest.raises(
        CheckpointError, match=r"got no such file, .*none.pth. Download it, or leave fid out"
    ):
        find_weights(INCEPTION, tmp_path / "none.pth", "fid")
    with pytest.raises(CheckpointError, match="got a folder, "):
        find_weights(INCEPTION, own, "fid")


def test_a_program_runs_only_where_the_option_names_it(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("WANMOVE_WEIGHTS", str(tmp_path))
    stand_in("fid", tmp_path / INCEPTION.name)
    with pytest.raises(CheckpointError, match="got a TorchScript program in "):
        load_extractor("fid", None, CPU)
    loaded = load_extractor("fid", tmp_path / INCEPTION.name, CPU)
    assert loaded.digest == file_digest(tmp_path / INCEPTION.name)


def test_wrong_files_and_wrong_results_are_one_line(folder, tmp_path):
    bad = tmp_path / "bad.pth"
    bad.write_bytes(b"rubbish")
    with pytest.raises((CheckpointError, OptionError)) as told:
        load_extractor("fid", bad, CPU)
    assert "\n" not in str(told.value) and str(told.value).startswith("--inception")
    for rows, value in ((5, 0.0), (4, torch.nan)):
        torch.jit.script(_Constant(torch.full((rows, 2), value))).save(str(tmp_path / "odd.pt"))
        with pytest.raises(CheckpointError, match=r"must return \[4, features\], finite"):
            frame_features(load_extractor("fid", tmp_path / "odd.pt", CPU), noise(4))


class _Constant(torch.nn.Module):
    def __init__(self, value):
        super().__init__()
        self.register_buffer("value", value)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.value + 0 * x.sum()
