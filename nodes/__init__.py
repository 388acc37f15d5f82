"""The ComfyUI nodes: the only Python here that imports the host."""

from comfy_api.latest import ComfyExtension

from .editor_nodes import WanMoveSplineEditor, add_routes
from .evaluation_nodes import WanMoveTrajectoryError
from .guidance_nodes import WanMoveEncodeStartImage, WanMoveTrajectoryGuidance
from .loader_nodes import WanMoveModelLoader
from .sampler_nodes import WanMoveFewStepSigmas, WanMoveMotionGuider, WanMoveSampler
from .source_nodes import WanMoveCameraTracks, WanMoveRegionTracks, WanMoveRotationTracks
from .text_nodes import WanMoveTextEncodeCached
from .track_nodes import (
    WanMoveCombineTracks,
    WanMoveLoadTracks,
    WanMoveSaveTracks,
    WanMoveTransformTracks,
)
from .video_nodes import WanMoveVideoTracks
from .view_nodes import WanMoveDrawTracks, WanMoveGuidanceInspector

NODES = [
    WanMoveModelLoader,
    WanMoveSplineEditor,
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
    WanMoveCameraTracks,
    WanMoveRegionTracks,
    WanMoveRotationTracks,
    WanMoveVideoTracks,
    WanMoveDrawTracks,
    WanMoveGuidanceInspector,
    WanMoveTrajectoryError,
]


class WanMoveExtension(ComfyExtension):
    """What ComfyUI asks the pack for."""

    async def on_load(self):
        # Without a running server, as in the host's own tests, there is nothing to add routes to.
        from server import PromptServer

        server = getattr(PromptServer, "instance", None)
        if server is not None:
            add_routes(server)

    async def get_node_list(self):
        return list(NODES)
