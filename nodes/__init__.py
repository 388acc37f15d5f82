"""The ComfyUI nodes: the only Python here that imports the host."""

from comfy_api.latest import ComfyExtension

from .guidance_nodes import WanMoveEncodeStartImage, WanMoveTrajectoryGuidance
from .loader_nodes import WanMoveModelLoader
from .sampler_nodes import WanMoveFewStepSigmas, WanMoveMotionGuider, WanMoveSampler
from .text_nodes import WanMoveTextEncodeCached
from .track_nodes import (
    WanMoveCombineTracks,
    WanMoveLoadTracks,
    WanMoveSaveTracks,
    WanMoveTransformTracks,
)
from .view_nodes import WanMoveDrawTracks, WanMoveGuidanceInspector

NODES = [
    WanMoveModelLoader,
    WanMoveTextEncodeCached,
    WanMoveEncodeStartImage,
    WanMoveTrajectoryGuidance,
    WanMoveSampler,
    WanMoveMotionGuider,
    WanMoveFewStepSigmas,
    WanMoveLoadTracks,
    WanMoveSaveTracks,
    WanMoveCombineTracks,
    WanMoveTransformTracks,
    WanMoveDrawTracks,
    WanMoveGuidanceInspector,
]


class WanMoveExtension(ComfyExtension):
    """What ComfyUI asks the pack for."""

    async def get_node_list(self):
        return list(NODES)
