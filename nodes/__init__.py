"""The ComfyUI nodes: the only Python here that imports the host."""

from comfy_api.latest import ComfyExtension

from .guidance_nodes import WanMoveEncodeStartImage, WanMoveTrajectoryGuidance

NODES = [
    WanMoveEncodeStartImage,
    WanMoveTrajectoryGuidance,
]


class WanMoveExtension(ComfyExtension):
    """What ComfyUI asks the pack for."""

    async def get_node_list(self):
        return list(NODES)
