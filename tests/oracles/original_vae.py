"""The Wan 2.1 VAE encoder in the layout of the official code and ComfyUI, whole clips at once.

Slow and obvious: no chunks and no caches, every convolution sees the full clip with zeros before
it. Class and attribute names are those of the originals, since names are what is recognised.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class CausalConv3d(nn.Conv3d):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        time, rows, cols = self.padding
        self._padding = (cols, cols, rows, rows, 2 * time, 0)
        self.padding = (0, 0, 0)

    def forward(self, x: Tensor, cache: Tensor | None = None) -> Tensor:
        cached = 0 if cache is None else cache.shape[2]
        x = x if cache is None else torch.cat([cache, x], 2)
        before = max(self._padding[4] - cached, 0)
        return super().forward(F.pad(x, (*self._padding[:4], before, 0)))


class RMS_norm(nn.Module):
    def __init__(self, dim: int, axes: int = 3):
        super().__init__()
        self.gamma = nn.Parameter(torch.rand(dim, *[1] * axes) + 0.5)

    def forward(self, x: Tensor) -> Tensor:
        return F.normalize(x, dim=1) * x.shape[1] ** 0.5 * self.gamma


class ResidualBlock(nn.Module):
    def __init__(self, dim: int, out: int):
        super().__init__()
        self.residual = nn.Sequential(
            *(RMS_norm(dim), nn.SiLU(), CausalConv3d(dim, out, 3, padding=1)),
            *(RMS_norm(out), nn.SiLU(), nn.Dropout(0.0), CausalConv3d(out, out, 3, padding=1)),
        )
        self.shortcut = CausalConv3d(dim, out, 1) if dim != out else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.residual(x) + self.shortcut(x)


class AttentionBlock(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.norm = RMS_norm(dim, axes=2)
        self.to_qkv = nn.Conv2d(dim, 3 * dim, 1)
        self.proj = nn.Conv2d(dim, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        frames = x.transpose(1, 2).flatten(0, 1)
        q, k, v = self.to_qkv(self.norm(frames)).flatten(2).transpose(1, 2).chunk(3, dim=2)
        seen = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).view_as(frames)
        return x + self.proj(seen).unflatten(0, (x.shape[0], -1)).transpose(1, 2)


class Resample(nn.Module):
    def __init__(self, dim: int, mode: str):
        super().__init__()
        self.mode = mode
        self.resample = nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(dim, dim, 3, 2))
        if mode == "downsample3d":
            self.time_conv = CausalConv3d(dim, dim, (3, 1, 1), stride=(2, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """The spatial part alone, as the originals do when they are given no cache."""
        frames = self.resample(x.transpose(1, 2).flatten(0, 1))
        return frames.unflatten(0, (x.shape[0], -1)).transpose(1, 2)

    def whole(self, x: Tensor) -> Tensor:
        x = self(x)
        if self.mode == "downsample2d" or x.shape[2] == 1:
            return x
        return torch.cat([x[:, :, :1], self.time_conv(x)], 2)


class Encoder3d(nn.Module):
    def __init__(self, dim: int, out: int):
        super().__init__()
        self.conv1 = CausalConv3d(3, dim, 3, padding=1)
        self.downsamples = nn.Sequential(
            *(ResidualBlock(dim, dim), Resample(dim, "downsample2d")),
            *(ResidualBlock(dim, 2 * dim), Resample(2 * dim, "downsample3d")),
            *(ResidualBlock(2 * dim, 2 * dim), Resample(2 * dim, "downsample3d")),
        )
        last = 2 * dim
        self.middle = nn.Sequential(
            ResidualBlock(last, last), AttentionBlock(last), ResidualBlock(last, last)
        )
        self.head = nn.Sequential(RMS_norm(last), nn.SiLU(), CausalConv3d(last, out, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(x)
        for layer in self.downsamples:
            x = layer.whole(x) if isinstance(layer, Resample) else layer(x)
        return self.head(self.middle(x))


class WanVAE(nn.Module):
    def __init__(self, dim: int = 6, latent_channels: int = 5):
        super().__init__()
        self.encoder = Encoder3d(dim, 2 * latent_channels)
        self.conv1 = CausalConv3d(2 * latent_channels, 2 * latent_channels, 1)
        self.conv2 = nn.Identity()
        self.decoder = nn.Identity()

    def encode(self, x: Tensor) -> Tensor:
        return self.conv1(self.encoder(x)).chunk(2, dim=1)[0]


class WanVAE_(WanVAE):
    def encode(self, x: Tensor, scale: list[float]) -> Tensor:
        return (super().encode(x) - scale[0]) * scale[1]


for _class in (CausalConv3d, RMS_norm, ResidualBlock, AttentionBlock, Resample, Encoder3d):
    _class.__module__ = _class.forward.__module__ = "wan.modules.vae"
for _class in (WanVAE, WanVAE_):
    _class.__module__ = "wan.modules.vae"
