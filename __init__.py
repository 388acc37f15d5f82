"""ComfyUI's door. The host is imported only when it calls in, so tests and tools need none."""

import logging

WEB_DIRECTORY = "./web"


async def comfy_entrypoint():
    """Give ComfyUI the nodes. A ComfyUI too old for them gets one clear line, never half a pack."""
    try:
        from .nodes import WanMoveExtension
    except (ImportError, AttributeError, TypeError) as error:
        logging.getLogger("wanmove").debug("Wan-Move did not load", exc_info=True)
        raise RuntimeError(
            f"Wan-Move must have ComfyUI 0.19 or newer and its requirements; got {error!r}. "
            "Update ComfyUI, then run pip install -r requirements.txt in this folder."
        ) from error
    return WanMoveExtension()
