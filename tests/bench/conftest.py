import numpy as np
import pytest
import torch

from tests.bench.stand_ins import stand_in
from wanmove_core.bench.toy import write_toy_bench
from wanmove_core.command.main import main
from wanmove_core.media.video_writer import write_video

OPTIONS = {"fid": "--inception", "fvd": "--i3d", "flow": "--raft", "lpips": "--vgg"}


@pytest.fixture(scope="session")
def toy_bench(tmp_path_factory):
    """The toy benchmark of six clips."""
    folder = tmp_path_factory.mktemp("toy") / "bench"
    write_toy_bench(folder, 6)
    return folder


@pytest.fixture(scope="session")
def networks(tmp_path_factory):
    """Options that name a stand-in for every network."""
    folder = tmp_path_factory.mktemp("networks")
    return [  # of fid, fvd, flow and lpips, two words each
        part
        for metric, option in OPTIONS.items()
        for part in (option, str(stand_in(metric, folder / f"{metric}.pt")))
    ]


@pytest.fixture(scope="session")
def clips(tmp_path_factory):
    """Two folders of five small videos of the same names: true ones, and slightly other ones."""
    folder = tmp_path_factory.mktemp("clips")
    generator = torch.Generator().manual_seed(3)
    for k in range(5):
        picture = torch.nn.functional.interpolate(
            torch.rand(1, 3, 6, 9, generator=generator) * 255, (48, 80), mode="bicubic"
        )[0].movedim(0, -1)
        frames = torch.stack([picture.roll(2 * t, 1) for t in range(9)]).clamp(0, 255)
        noise = torch.randn(frames.shape, generator=generator) * 4 * (k + 1)
        write_video(folder / "true" / f"clip_{k}.mp4", frames.byte())
        write_video(folder / "made" / f"clip_{k}.mp4", (frames + noise).clamp(0, 255).byte())
        where = np.tile([[20.0, 20.0], [40.0, 30.0]], (9, 1, 1))
        where[:, :, 0] += 2 * np.arange(9)[:, None]
        np.save(folder / "true" / f"clip_{k}_tracks.npy", where.astype(np.float32))
    return folder


@pytest.fixture
def bench(capsys):
    """Run `wanmove bench`; returns (exit code, stdout, stderr)."""

    def run(*words):
        code = main(["bench", *map(str, words)])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run
