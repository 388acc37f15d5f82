"""FlashMotion's discriminator at a small size: is this video real, and does it follow its maps?

The small transformer, frozen and without any adapter, looks at a noised video. After three of its
blocks learned queries look at the start image (self-attention), at the maps and at the block's
tokens (cross-attention), and end as one number each.

Source: two reading notes on the FlashMotion paper (arXiv 2603.12146), which name this order.
"""

from typing import Any

import torch
from torch import Tensor, nn

from training.dit_model import predictor
from wanmove_core.shapes import Float

BLOCKS = (1, 3, 5)  # of the small transformer's six
_PATCH = 2
_SIZE, _HEADS, _QUERIES = 64, 4, 8


class Discriminator(nn.Module):
    """Tells real videos from made ones; only its heads are trained.

    Args:
        model: a `WanTransformer3DModel` of its own, which becomes frozen.
        tokens: of a video.
    """

    def __init__(self, model: Any, tokens: int) -> None:
        super().__init__()
        self.model = model.requires_grad_(False)
        self._predict = predictor(model)
        width = model.config.num_attention_heads * model.config.attention_head_dim
        self._channels = model.config.out_channels
        cells = self._channels * _PATCH**2
        self.heads = nn.ModuleList(Head(width, cells, tokens) for _ in BLOCKS)

    def forward(
        self,
        noisy: Float[Tensor, "batch channels frames rows cols"],
        times: Float[Tensor, " batch"],
        given: Float[Tensor, "batch all_channels frames rows cols"],
        maps: Float[Tensor, "batch channels frames rows cols"],
    ) -> Float[Tensor, "batch heads"]:
        """Score videos: high is real.

        Args:
            noisy: the videos, noised.
            times: 0 is clean, 1 noise.
            given: the model's conditioning channels.
            maps: the trajectory maps' latent.
        """
        seen: list[Tensor] = []
        hooks = [
            self.model.blocks[index].register_forward_hook(lambda _m, _i, out: seen.append(out))
            for index in BLOCKS
        ]
        try:
            self._predict(noisy, times, given)
        finally:
            for hook in hooks:
                hook.remove()
        # The start image's latent comes last in what is given.
        image, drawn = _tokens(given[:, -self._channels :, :1]), _tokens(maps)
        both = zip(self.heads, seen, strict=True)
        return torch.cat([head(image, drawn, features) for head, features in both], 1)


class Head(nn.Module):
    """One score from the tokens after one block.

    Args:
        width: of the tokens.
        cells: channels of all latent cells of a token.
        tokens: of a video.
    """

    def __init__(self, width: int, cells: int, tokens: int) -> None:
        super().__init__()
        self.queries = nn.Parameter(torch.randn(_QUERIES, _SIZE))
        self.places = nn.Parameter(0.1 * torch.randn(tokens, _SIZE))
        self.image, self.maps = nn.Linear(cells, _SIZE), nn.Linear(cells, _SIZE)
        self.video = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, _SIZE)
        )
        self.look = nn.ModuleList(
            nn.MultiheadAttention(_SIZE, _HEADS, batch_first=True) for _ in range(3)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(_SIZE) for _ in range(3))
        self.end = nn.Sequential(
            nn.LayerNorm(_SIZE), nn.Linear(_SIZE, _SIZE), nn.SiLU(), nn.Linear(_SIZE, 1)
        )

    def forward(self, image: Tensor, maps: Tensor, video: Tensor) -> Float[Tensor, "batch 1"]:
        """Look at the start image, then the maps, then the video."""
        state = self.queries.expand(len(video), -1, -1)
        semantic = torch.cat([state, self.image(image)], 1)
        sources = (semantic, self.maps(maps) + self.places, self.video(video) + self.places)
        for look, norm, source in zip(self.look, self.norms, sources, strict=True):
            state = state + look(norm(state), source, source, need_weights=False)[0]
        score: Tensor = self.end(state).mean(1)
        return score


def _tokens(latent: Tensor) -> Float[Tensor, "batch tokens cells"]:
    """Latent cells of a patch as one token, in the transformer's order."""
    batch, channels, frames, rows, cols = latent.shape
    cut = latent.reshape(
        batch, channels, frames, rows // _PATCH, _PATCH, cols // _PATCH, _PATCH
    ).permute(0, 2, 3, 5, 1, 4, 6)
    return cut.flatten(4).flatten(1, 3)
