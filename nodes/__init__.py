"""The ComfyUI nodes: the only Python here that imports the host."""

import logging

from comfy_api.latest import ComfyExtension

from ..wanmove_core.environment import describe_opencv, wanmove_version
from ..wanmove_core.opencv import opencv_version
from .camera import WanMoveCameraTracks
from .continuation import WanMoveContinueGuidance
from .editor import WanMoveSplineEditor
from .evaluation import WanMoveTrajectoryError
from .flashmotion import (
    WanMoveEncodeTrajectoryMaps,
    WanMoveFlashMotionApply,
    WanMoveFlashMotionLoader,
    WanMoveTrajectoryMaps,
)
from .guidance import WanMoveTrajectoryGuidance
from .host.routes import add_routes
from .loader import WanMoveModelLoader
from .region import WanMoveRegionTracks
from .rotation import WanMoveRotationTracks
from .sampler import WanMoveFewStepSigmas, WanMoveMotionGuider, WanMoveSampler
from .start_image import WanMoveEncodeStartImage, WanMoveFitStartImage
from .text import WanMoveTextEncodeCached
from .track_edit import WanMoveCombineTracks, WanMoveTransformTracks
from .track_io import WanMoveLoadTracks, WanMoveSaveTracks
from .video import WanMoveVideoTracks
from .view import WanMoveDrawTracks, WanMoveGuidanceInspector

logger = logging.getLogger("wanmove")

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
    WanMoveContinueGuidance,
    WanMoveTrajectoryMaps,
    WanMoveEncodeTrajectoryMaps,
    WanMoveFlashMotionLoader,
    WanMoveFlashMotionApply,
    WanMoveFitStartImage,
]


class WanMoveExtension(ComfyExtension):
    """What ComfyUI asks the pack for."""

    async def on_load(self):
        # Without a running server, as in the host's own tests, there is nothing to add routes to.
        from server import PromptServer

        server = getattr(PromptServer, "instance", None)
        if server is not None:
            add_routes(server)
            opencv = describe_opencv(opencv_version())
            logger.info("Wan-Move %s: %d nodes, %s", wanmove_version(), len(NODES), opencv)

    async def get_node_list(self):
        return list(NODES)
