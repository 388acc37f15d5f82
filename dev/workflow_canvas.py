"""A canvas that lays out a workflow, as the frontend saves it."""

import uuid
from collections.abc import Sequence
from typing import Any

from tests.host.workflows import chosen_slots, default_of, has_companion, is_widget, slots

BLUE, PURPLE, GREEN = "#3f789e", "#76508a", "#4a7a4a"
HUGGING_FACE = "https://huggingface.co/"
REPACKAGED = "Comfy-Org/Wan_2.1_ComfyUI_repackaged/resolve/main/split_files/"
WAN_MOVE = "Wan21-WanMove_fp8_scaled_e4m3fn_KJ.safetensors"
TEXT_ENCODER = "umt5_xxl_fp8_e4m3fn_scaled.safetensors"
VAE = "wan_2.1_vae.safetensors"
VAE_22 = "wan2.2_vae.safetensors"
CLIP_VISION = "clip_vision_h.safetensors"
LORA = "lightx2v_I2V_14B_480p_cfg_step_distill_rank64_bf16.safetensors"
DEPTH = "depth_anything_3_mono_large.safetensors"
SAM = "sam3.1_multiplex_fp16.safetensors"
FILM = "film_net_fp16.safetensors"
SOURCES = {
    DEPTH: ("geometry_estimation", "Comfy-Org/Depth-Anything-3/resolve/main/geometry_estimation/"),
    SAM: ("checkpoints", "Comfy-Org/sam3.1/resolve/main/checkpoints/"),
    FILM: (
        "frame_interpolation",
        "Comfy-Org/frame_interpolation/resolve/main/frame_interpolation/",
    ),
    WAN_MOVE: ("diffusion_models", "Kijai/WanVideo_comfy_fp8_scaled/resolve/main/WanMove/"),
    TEXT_ENCODER: ("text_encoders", f"{REPACKAGED}text_encoders/"),
    VAE: ("vae", f"{REPACKAGED}vae/"),
    VAE_22: ("vae", "Comfy-Org/Wan_2.2_ComfyUI_Repackaged/resolve/main/split_files/vae/"),
    CLIP_VISION: ("clip_vision", f"{REPACKAGED}clip_vision/"),
    LORA: ("loras", "Kijai/WanVideo_comfy/resolve/main/Lightx2v/"),
}


class Canvas:
    """A workflow in the making."""

    def __init__(self, info: dict[str, Any]) -> None:
        self._info = info
        self.nodes: list[dict[str, Any]] = []
        self.links: list[list[Any]] = []
        self.reroutes: list[dict[str, Any]] = []
        self.bent: list[dict[str, int]] = []  # links that go through reroutes
        self.groups: list[dict[str, Any]] = []

    def add(
        self, kind: str, pos: tuple[int, int], size: tuple[int, int], /, **inputs: Any
    ) -> "Placed":
        """Place a node. An input is a `Placed` output or a widget's value."""
        info = self._info[kind]
        node_id = len(self.nodes) + 1
        entries, values = [], []
        pending = list(slots(info))
        while pending:
            name, spec = pending.pop(0)
            given = inputs.pop(name, None)
            if is_widget(spec):
                if isinstance(given, Placed):
                    entries.append(self._entry(name, spec, given, node_id, len(entries)))
                    entries[-1]["widget"] = {"name": name}
                    given = None
                values.append(default_of(spec) if given is None else given)
                pending[:0] = chosen_slots(name, spec, values[-1])
                companion = "image" if _options(spec).get("image_upload") else "fixed"
                values += [companion] * has_companion(name, spec)
            elif spec[0] != "COMFY_AUTOGROW_V3":
                entries.append(self._entry(name, spec, given, node_id, len(entries)))
        for name, given in inputs.items():  # inputs that grow, such as tracks.tracks_1
            spec = [given.node["outputs"][given.slot]["type"]]
            entry = self._entry(name, spec, given, node_id, len(entries))
            entries.append({**entry, "label": name.rpartition(".")[2]})
        outputs = [
            {"name": name, "type": kind_, "links": [], "slot_index": index}
            for index, (name, kind_) in enumerate(
                zip(info["output_name"], info["output"], strict=True)
            )
        ]
        ours = info["python_module"].startswith("custom_nodes")
        owner = {"cnr_id": "wan-move", "ver": "0.1.0"} if ours else {"cnr_id": "comfy-core"}
        properties = {"Node name for S&R": kind, **owner}
        models = [_model(value) for value in values if value in SOURCES]
        if models:
            properties["models"] = models
        node = {"id": node_id, "type": kind, "pos": list(pos), "size": list(size), "flags": {}}
        node |= {"order": node_id - 1, "mode": 0, "inputs": entries, "outputs": outputs}
        node |= {"properties": properties, "widgets_values": values}
        self.nodes.append(node)
        return Placed(node)

    def connect(self, output: "Placed", node: "Placed", name: str) -> None:
        """Link an output to an input that was left open."""
        for slot, entry in enumerate(node.node["inputs"]):
            if entry["name"] == name:
                spec = [entry["type"]]
                node.node["inputs"][slot] = self._entry(name, spec, output, node.node["id"], slot)

    def note(self, text: str, pos: tuple[int, int], size: tuple[int, int]) -> None:
        """Place a note."""
        node_id = len(self.nodes) + 1
        node = {"id": node_id, "type": "MarkdownNote", "pos": list(pos), "size": list(size)}
        node |= {"flags": {}, "order": node_id - 1, "mode": 0, "inputs": [], "outputs": []}
        node |= {"properties": {}, "widgets_values": [text], "color": "#222", "bgcolor": "#000"}
        self.nodes.append(node)

    def group(self, title: str, box: tuple[int, int, int, int], colour: str = BLUE) -> None:
        """Frame the nodes inside of a box (x, y, width, height)."""
        group_id = len(self.groups) + 1
        group = {"id": group_id, "title": title, "bounding": list(box), "color": colour}
        self.groups.append({**group, "font_size": 24, "flags": {}})

    def _entry(self, name, spec, given, node_id, slot) -> dict[str, Any]:
        kind = spec[0] if isinstance(spec[0], str) else "COMBO"
        entry = {"name": name, "type": kind, "link": None}
        if given is not None:
            link = len(self.links) + 1
            output = given.node["outputs"][given.slot]
            output["links"].append(link)
            self.links.append([link, given.node["id"], given.slot, node_id, slot, output["type"]])
            entry["link"] = link
            self._bend(link, given.way)
        return entry

    def _bend(self, link: int, way: Sequence[tuple[int, int]]) -> None:
        """Lead a link through points, as the frontend's reroutes do."""
        for index, point in enumerate(way):
            reroute = {"id": len(self.reroutes) + 1, "pos": list(point), "linkIds": [link]}
            if index:
                reroute["parentId"] = len(self.reroutes)
            self.reroutes.append(reroute)
        if way:
            self.bent.append({"id": link, "parentId": len(self.reroutes)})

    def document(self, name: str, **extra: Any) -> dict[str, Any]:
        """The workflow as the frontend saves it; its id depends on the name alone.

        Without a saved view the frontend shows the whole graph, whatever the window's size.
        """
        bends = {"reroutes": self.reroutes, "linkExtensions": self.bent} if self.bent else {}
        return {
            "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"wan-move/{name}")),
            "revision": 0,
            "last_node_id": len(self.nodes),
            "last_link_id": len(self.links),
            "nodes": self.nodes,
            "links": self.links,
            "groups": self.groups,
            "config": {},
            "extra": {**bends, **extra},
            "version": 0.4,
        }


class Placed:
    """A node on the canvas; as an input value, one of its outputs."""

    def __init__(
        self, node: dict[str, Any], slot: int = 0, way: Sequence[tuple[int, int]] = ()
    ) -> None:
        self.node, self.slot, self.way = node, slot, way

    def out(self, slot: int) -> "Placed":
        """Another output."""
        return Placed(self.node, slot)

    def via(self, *way: tuple[int, int]) -> "Placed":
        """The same output, its wire led through these points."""
        return Placed(self.node, self.slot, way)


def _options(spec: list[Any]) -> dict[str, Any]:
    return spec[1] if len(spec) > 1 else {}


def _model(name: str) -> dict[str, str]:
    folder, path = SOURCES[name]
    return {"name": name, "url": f"{HUGGING_FACE}{path}{name}", "directory": folder}
