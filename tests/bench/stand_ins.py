"""Small seeded networks in place of Inception, I3D, RAFT and LPIPS, saved as TorchScript."""

import torch
from torch import nn

WIDTH = 16  # more features than the toy benchmark has clips


class Frames(nn.Module):
    """[N, 3, H, W] to [N, 16]."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 6, 5, 4), nn.ReLU(), nn.Conv2d(6, 8, 5, 4), nn.ReLU(),
            nn.Conv2d(8, WIDTH, 3, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x)


class Clip(nn.Module):
    """[1, 3, T, H, W] to [1, 16]."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv3d(3, 6, (3, 5, 5), (2, 4, 4)), nn.ReLU(),
            nn.Conv3d(6, WIDTH, (2, 5, 5), (1, 4, 4)), nn.AdaptiveAvgPool3d(1), nn.Flatten(),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x)


class Flow(nn.Module):
    """Two [N, 3, 480, 832] to [N, 2, 480, 832]: differences of blurred frames, not motion."""

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        change = nn.functional.avg_pool2d(b - a, 9, 1, 4)
        return 10 * torch.stack([change[:, 0], change[:, 1]], 1)


class Perceptual(nn.Module):
    """Two [N, 3, H, W] to [N]."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3, 2))

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return (self.layers(a) - self.layers(b)).square().mean((1, 2, 3))


def stand_in(metric, path):
    """Save the stand-in of "fid", "fvd", "flow" or "lpips"; returns its path."""
    with torch.random.fork_rng():
        torch.manual_seed(5)
        module = {"fid": Frames, "fvd": Clip, "flow": Flow, "lpips": Perceptual}[metric]()
    torch.jit.script(module.eval()).save(str(path))
    return path
