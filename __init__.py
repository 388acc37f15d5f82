"""ComfyUI's door. The host is imported only when it calls in, so tests and tools need none."""

import logging
import sys

WEB_DIRECTORY = "./web"

_NEEDED = "Wan-Move must have ComfyUI 0.19 or newer and its requirements"
_UPDATE = "Update ComfyUI, then run pip install -r requirements.txt in its folder."

# A host from before entry points would pass this pack over without a reason. One that has them
# has imported `comfy_api.latest` itself by now.
if "folder_paths" in sys.modules and "comfy_api.latest" not in sys.modules:
    logging.getLogger("wanmove").error("%s; got a ComfyUI without comfy_api. %s", _NEEDED, _UPDATE)
    WEB_DIRECTORY = None


async def comfy_entrypoint():
    """Give ComfyUI the nodes. A ComfyUI too old for them gets one clear line, never half a pack."""
    try:
        from .nodes import NODES, WanMoveExtension

        # The host asks for one schema after the other and keeps those before one that fails.
        for node in NODES:
            node.define_schema()
    except (ImportError, AttributeError, TypeError) as error:
        logging.getLogger("wanmove").debug("Wan-Move did not load", exc_info=True)
        raise RuntimeError(f"{_NEEDED}; got {error!r}. {_UPDATE}") from error
    return WanMoveExtension()
