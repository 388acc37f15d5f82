"""ComfyUI's conventions: the only place that knows them. Line numbers are of ComfyUI 0.18.1."""

CATEGORY = "video/wan-move"
