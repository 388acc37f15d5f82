"""Lay out example_workflows/ and subgraphs/ from one description each.

    .venv/bin/python -m dev.make_workflows

Asks a real ComfyUI (COMFYUI_PATH) for every node's slots, so a saved workflow always fits them.
"""

import json
import tempfile
import uuid
from pathlib import Path
from typing import Any

from tests.host.server import PACK, running
from tests.host.workflows import is_widget, slots

BLUE, PURPLE, GREEN = "#3f789e", "#76508a", "#4a7a4a"
HUGGING_FACE = "https://huggingface.co/"
REPACKAGED = "Comfy-Org/Wan_2.1_ComfyUI_repackaged/resolve/main/split_files/"
WAN_MOVE = "Wan21-WanMove_fp8_scaled_e4m3fn_KJ.safetensors"
TEXT_ENCODER = "umt5_xxl_fp8_e4m3fn_scaled.safetensors"
VAE = "wan_2.1_vae.safetensors"
CLIP_VISION = "clip_vision_h.safetensors"
LORA = "lightx2v_I2V_14B_480p_cfg_step_distill_rank64_bf16.safetensors"
SOURCES = {
    WAN_MOVE: ("diffusion_models", "Kijai/WanVideo_comfy_fp8_scaled/resolve/main/WanMove/"),
    TEXT_ENCODER: ("text_encoders", f"{REPACKAGED}text_encoders/"),
    VAE: ("vae", f"{REPACKAGED}vae/"),
    CLIP_VISION: ("clip_vision", f"{REPACKAGED}clip_vision/"),
    LORA: ("loras", "Kijai/WanVideo_comfy/resolve/main/Lightx2v/"),
}
PROMPT = "a red ball rolls across a wooden table, soft daylight, static camera"
MODELS = {
    "diffusion_model": WAN_MOVE,
    "weight_dtype": "default",
    "text_encoder": "none",
    "text_encoder_device": "default",
    "vae": VAE,
    "clip_vision": CLIP_VISION,
    "shift": 3.0,
}


class Canvas:
    """A workflow in the making."""

    def __init__(self, info: dict[str, Any]) -> None:
        self._info = info
        self.nodes: list[dict[str, Any]] = []
        self.links: list[list[Any]] = []
        self.groups: list[dict[str, Any]] = []

    def add(
        self, kind: str, pos: tuple[int, int], size: tuple[int, int], /, **inputs: Any
    ) -> "Placed":
        """Place a node. An input is a `Placed` output or a widget's value."""
        info = self._info[kind]
        node_id = len(self.nodes) + 1
        entries, values = [], []
        for name, spec in slots(info):
            given = inputs.pop(name, None)
            if is_widget(spec):
                if isinstance(given, Placed):
                    entries.append(self._entry(name, spec, given, node_id, len(entries)))
                    entries[-1]["widget"] = {"name": name}
                    given = None
                values.append(_default(spec) if given is None else given)
                values += ["fixed"] * bool(_options(spec).get("control_after_generate"))
                values += ["image"] * bool(_options(spec).get("image_upload"))
            elif spec[0] != "COMFY_AUTOGROW_V3":
                entries.append(self._entry(name, spec, given, node_id, len(entries)))
        for name, given in inputs.items():  # inputs that grow, such as tracks.tracks_1
            entries.append(self._entry(name, ["TRACKS"], given, node_id, len(entries)))
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
        node |= {"properties": {}, "widgets_values": [text], "color": "#432", "bgcolor": "#653"}
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
        return entry

    def document(self, name: str) -> dict[str, Any]:
        """The workflow as the frontend saves it; its id depends on the name alone."""
        return {
            "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"wan-move/{name}")),
            "revision": 0,
            "last_node_id": len(self.nodes),
            "last_link_id": len(self.links),
            "nodes": self.nodes,
            "links": self.links,
            "groups": self.groups,
            "config": {},
            "extra": {"ds": {"scale": 0.6, "offset": [80, 120]}},
            "version": 0.4,
        }


class Placed:
    """A node on the canvas; as an input value, one of its outputs."""

    def __init__(self, node: dict[str, Any], slot: int = 0) -> None:
        self.node, self.slot = node, slot

    def out(self, slot: int) -> "Placed":
        """Another output."""
        return Placed(self.node, slot)


def _options(spec: list[Any]) -> dict[str, Any]:
    return spec[1] if len(spec) > 1 else {}


def _default(spec: list[Any]) -> Any:
    if "default" in _options(spec):
        return _options(spec)["default"]
    choices = spec[0] if isinstance(spec[0], list) else _options(spec).get("options", [""])
    return choices[0]


def _model(name: str) -> dict[str, str]:
    folder, path = SOURCES[name]
    return {"name": name, "url": f"{HUGGING_FACE}{path}{name}", "directory": folder}


def track(name: str, colour: str, knots: list[tuple[int, int]], points: int) -> dict[str, Any]:
    """A path of the motion editor; a single knot is an anchor. `points` spread around it."""
    timing = {"start": None, "end": None, "ease": "in-out", "keys": [], "repeat": "once"}
    timing |= {"times": 1, "reverse": False}
    spread = {"shape": "disc", "count": points, "size": 36, "angle": 0, "keys": []}
    path = {"id": name.replace(" ", "-"), "name": name, "color": colour, "curve": "catmull-rom"}
    path |= {"knots": [{"x": x, "y": y} for x, y in knots], "timing": timing, "windows": None}
    return {**path, "spread": spread if points > 1 else None, "locked": False, "hidden": False}


BALL = track("ball", "#ff7a4d", [(210, 330), (420, 260), (640, 320)], 8)
ANCHORS = [
    track(f"anchor {index + 1}", "#6aa9ff", [place], 1)
    for index, place in enumerate([(60, 60), (770, 60), (60, 430), (770, 430)])
]


def motion(canvas: Canvas, x: int, y: int, image: Placed, *, anchors: bool = False) -> Placed:
    """The motion editor over the start image."""
    drawing = {"version": 1, "width": 832, "height": 480, "fps": 16, "frames": 81}
    text = json.dumps({**drawing, "tracks": [BALL, *(ANCHORS if anchors else [])]})
    return canvas.add("WanMoveSplineEditor", (x, y), (560, 560), splines=text, image=image)


def conditioned(
    canvas: Canvas, models: Placed, *, x: int, y: int, prompts: Placed
) -> tuple[Placed, Placed, Placed]:
    """Start image to conditioning, tracks still open; returns image, encoded image, guidance."""
    image = canvas.add("LoadImage", (x, y), (320, 330), image="example.png")
    seen = canvas.add(
        "CLIPVisionEncode", (x, y + 390), (320, 80), clip_vision=models.out(3), image=image
    )
    seen.node["widgets_values"] = ["none"]
    encoded = canvas.add(
        "WanMoveEncodeStartImage", (x + 380, y), (320, 190), vae=models.out(2), start_image=image
    )
    guided = canvas.add(
        "WanMoveTrajectoryGuidance",
        (x + 380, y + 250),
        (320, 330),
        positive=prompts,
        negative=prompts.out(1),
        conditioning_latent=encoded,
        clip_vision_output=seen,
    )
    return image, encoded, guided


def saved(canvas: Canvas, latent: Placed, models: Placed, *, x: int, y: int, name: str) -> None:
    """Decode and save."""
    decoded = canvas.add("VAEDecode", (x, y), (230, 60), samples=latent, vae=models.out(2))
    video = canvas.add("CreateVideo", (x, y + 120), (230, 80), images=decoded, fps=16.0)
    prefix = f"video/{name}"
    canvas.add("SaveVideo", (x + 280, y), (460, 420), video=video, filename_prefix=prefix)


def guided_inputs(guided: Placed) -> dict[str, Placed]:
    return {"positive": guided, "negative": guided.out(1), "latent_image": guided.out(2)}


def texts(canvas: Canvas, x: int, y: int) -> Placed:
    return canvas.add(
        "WanMoveTextEncodeCached", (x, y), (400, 330), prompt=PROMPT, text_encoder=TEXT_ENCODER
    )


def minimal(canvas: Canvas) -> None:
    """The shortest way from an image and tracks to a video."""
    models = canvas.add("WanMoveModelLoader", (0, 0), (400, 260), **MODELS)
    prompts = texts(canvas, 0, 320)
    image, _, guided = conditioned(canvas, models, x=460, y=0, prompts=prompts)
    canvas.connect(motion(canvas, 460, 640, image), guided, "tracks")
    sampled = canvas.add(
        "WanMoveSampler", (1220, 0), (320, 400), model=models, **guided_inputs(guided)
    )
    saved(canvas, sampled, models, x=1600, y=0, name="wanmove_minimal")


NOTE_MODELS = "\n".join(
    ["## Models", "", "Put these into ComfyUI's `models` folder, then press **R**:", ""]
    + [
        f"- `{folder}/` [{name}]({HUGGING_FACE}{path}{name})"
        for name, (folder, path) in SOURCES.items()
        if name != LORA
    ]
)
NOTE_MEMORY = """## Low memory

- The fp8 model takes about 16 GB on disk; ComfyUI moves parts of it to the GPU as they fit.
- `text_encoder_device: cpu` keeps the 6.7 GB text encoder out of the GPU. Prompts are kept on disk:
  one that you used before loads no encoder at all.
- VAE Decode (Tiled) decodes in pieces."""
NOTE_TRACKS = """## Motion

Draw in the editor: one path moves, four points stand still. **Points that stand still are
anchors**: they tell the model that the rest of the picture, and so the camera, does not move.

The inspector shows what the model sees, before any sampling: pieces of the start image where
guidance puts them. Red: tracks collide. Violet: a track has no effect, since it is hidden or
outside of the picture in the first frame."""


def annotated(canvas: Canvas) -> None:
    """The same, explained, with anchors, previews, and settings for little memory."""
    canvas.note(NOTE_MODELS, (-520, 40), (460, 300))
    canvas.note(NOTE_MEMORY, (-520, 400), (460, 260))
    canvas.note(NOTE_TRACKS, (-520, 720), (460, 300))
    small = {**MODELS, "text_encoder_device": "cpu"}
    models = canvas.add("WanMoveModelLoader", (0, 60), (400, 260), **small)
    prompts = texts(canvas, 0, 380)
    prompts.node["widgets_values"][3] = "cpu"
    canvas.group("1  Models and prompt", (-20, 0, 440, 750))
    image, encoded, guided = conditioned(canvas, models, x=480, y=60, prompts=prompts)
    canvas.group("3  Start image and guidance", (460, 0, 740, 680))
    tracks = motion(canvas, 0, 840, image, anchors=True)
    canvas.connect(tracks, guided, "tracks")
    canvas.group("2  Motion", (-20, 780, 600, 640), GREEN)
    drawn = canvas.add(
        "WanMoveDrawTracks", (640, 840), (300, 180), images=image, tracks=tracks, style="paths"
    )
    canvas.add("PreviewImage", (640, 1080), (300, 320), images=drawn)
    seen = {"conditioning_latent": encoded, "tracks": tracks, "start_image": image}
    canvas.add("WanMoveGuidanceInspector", (980, 840), (480, 560), **seen)
    canvas.group("Look before you sample", (620, 780, 860, 640), PURPLE)
    sampled = canvas.add(
        "WanMoveSampler", (1260, 60), (320, 400), model=models, **guided_inputs(guided)
    )
    tiles = {"tile_size": 256, "overlap": 64, "temporal_size": 64, "temporal_overlap": 8}
    decoded = canvas.add(
        "VAEDecodeTiled", (1640, 60), (260, 160), samples=sampled, vae=models.out(2), **tiles
    )
    video = canvas.add("CreateVideo", (1640, 280), (260, 80), images=decoded, fps=16.0)
    prefix = "video/wanmove_annotated"
    canvas.add("SaveVideo", (1960, 60), (460, 420), video=video, filename_prefix=prefix)
    canvas.group("4  Sample and save", (1240, 0, 1200, 560))


def custom_sampling(
    canvas: Canvas, *, guider: Placed, sigmas: Placed, guided: Placed, sampler: str, x: int
) -> Placed:
    """SamplerCustomAdvanced with what it needs."""
    noise = canvas.add("RandomNoise", (x, 0), (300, 90), noise_seed=0)
    solver = canvas.add("KSamplerSelect", (x, 150), (300, 60), sampler_name=sampler)
    return canvas.add(
        "SamplerCustomAdvanced",
        (x + 360, 0),
        (260, 130),
        noise=noise,
        guider=guider,
        sampler=solver,
        sigmas=sigmas,
        latent_image=guided.out(2),
    )


def few_step(canvas: Canvas) -> None:
    """Four steps with the lightx2v LoRA."""
    # The sigmas already hold the LoRA's own shift.
    models = canvas.add("WanMoveModelLoader", (0, 0), (400, 260), **MODELS)
    prompts = texts(canvas, 0, 320)
    image, _, guided = conditioned(canvas, models, x=460, y=0, prompts=prompts)
    canvas.connect(motion(canvas, 460, 640, image), guided, "tracks")
    lora = {"lora_name": LORA, "strength_model": 1.0}
    fast = canvas.add("LoraLoaderModelOnly", (1220, 270), (300, 90), model=models, **lora)
    both = {"positive": guided, "negative": guided.out(1)}
    guider = canvas.add("WanMoveMotionGuider", (1220, 420), (300, 200), model=fast, **both, cfg=1.0)
    sigmas = canvas.add("WanMoveFewStepSigmas", (1220, 680), (300, 60))
    latent = custom_sampling(
        canvas, guider=guider, sigmas=sigmas, guided=guided, sampler="euler", x=1220
    )
    saved(canvas, latent, models, x=1580, y=190, name="wanmove_fewstep")


def motion_guidance(canvas: Canvas) -> None:
    """Motion strengthened apart from the prompt, and let go of in the last fifth of the steps."""
    models = canvas.add("WanMoveModelLoader", (0, 0), (400, 260), **MODELS)
    prompts = texts(canvas, 0, 320)
    image, _, guided = conditioned(canvas, models, x=460, y=0, prompts=prompts)
    canvas.connect(motion(canvas, 460, 640, image), guided, "tracks")
    both = {"positive": guided, "negative": guided.out(1), "cfg": 5.0}
    strong = {"motion_scale": 1.0, "guidance_end": 0.8}
    guider = canvas.add(
        "WanMoveMotionGuider", (1220, 270), (300, 200), model=models, **both, **strong
    )
    steps = {"scheduler": "simple", "steps": 40, "denoise": 1.0}
    sigmas = canvas.add("BasicScheduler", (1220, 530), (300, 110), model=models, **steps)
    latent = custom_sampling(
        canvas, guider=guider, sigmas=sigmas, guided=guided, sampler="uni_pc", x=1220
    )
    saved(canvas, latent, models, x=1580, y=190, name="wanmove_motion_guidance")


BLUEPRINT = "Wan-Move Track to Video"
# The names of core's WanMoveTrackToVideo -> where they go: node of the subgraph and its input.
ENTRIES = {
    "positive": [(2, "positive")],
    "negative": [(2, "negative")],
    "vae": [(1, "vae")],
    "tracks": [(2, "tracks")],
    "strength": [(2, "strength")],
    "width": [(1, "width")],
    "height": [(1, "height")],
    "length": [(1, "length")],
    "batch_size": [(2, "batch_size")],
    "start_image": [(1, "start_image")],
    "clip_vision_output": [(2, "clip_vision_output")],
}
EXITS = ("positive", "negative", "latent", "report")


def blueprint(info: dict[str, Any]) -> dict[str, Any]:
    """One node for two: Encode Start Image and Trajectory Guidance under core's input names."""
    canvas = Canvas(info)
    encoded = canvas.add("WanMoveEncodeStartImage", (0, 0), (320, 220))
    guided = canvas.add(
        "WanMoveTrajectoryGuidance", (400, 0), (320, 420), conditioning_latent=encoded
    )
    names = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
    links = [dict(zip(names, link, strict=True)) for link in canvas.links]
    entries, shown = [], []
    for slot, (name, targets) in enumerate(ENTRIES.items()):
        link_ids = []
        for node_id, target in targets:
            spec = dict(slots(info[canvas.nodes[node_id - 1]["type"]]))[target]
            entry = _open_input(canvas.nodes[node_id - 1], target, spec)
            entry["link"] = len(links) + 1
            link_ids.append(entry["link"])
            target_slot = canvas.nodes[node_id - 1]["inputs"].index(entry)
            link = (len(links) + 1, -10, slot, node_id, target_slot, entry["type"])
            links.append(dict(zip(names, link, strict=True)))
        position = {"linkIds": link_ids, "pos": [-160, 20 + 20 * slot]}
        entries.append({"id": _uuid(name), "name": name, "type": entry["type"], **position})
        shown.append({key: entry[key] for key in ("name", "type", "widget") if key in entry})
        shown[-1] |= {"name": name, "link": None}
    leaving = []
    for slot, name in enumerate(EXITS):
        kind = guided.node["outputs"][slot]["type"]
        link = (len(links) + 1, 2, slot, -20, slot, kind)
        links.append(dict(zip(names, link, strict=True)))
        guided.node["outputs"][slot]["links"].append(len(links))
        position = {"linkIds": [len(links)], "pos": [820, 20 + 20 * slot]}
        leaving.append({"id": _uuid(f"out {name}"), "name": name, "type": kind, **position})
    subgraph = {"id": _uuid(BLUEPRINT), "version": 1, "revision": 0, "config": {}}
    subgraph |= {"name": BLUEPRINT, "widgets": [], "groups": [], "extra": {}}
    subgraph |= {"state": {"lastGroupId": 0, "lastNodeId": 2, "lastLinkId": len(links)}}
    subgraph["state"]["lastRerouteId"] = 0
    subgraph |= {"inputNode": {"id": -10, "bounding": [-280, 0, 130, 260]}}
    subgraph |= {"outputNode": {"id": -20, "bounding": [800, 0, 120, 120]}}
    subgraph |= {"inputs": entries, "outputs": leaving, "nodes": canvas.nodes, "links": links}
    subgraph["category"] = "Video generation and editing/Image to video"
    return _holding(subgraph, shown)


def _holding(subgraph: dict[str, Any], shown: list[dict[str, Any]]) -> dict[str, Any]:
    """A workflow of one node that is the subgraph."""
    widgets = [entry["name"] for entry in shown if "widget" in entry]
    values = {"strength": 1.0, "width": 832, "height": 480, "length": 81, "batch_size": 1}
    outputs = [{"name": o["name"], "type": o["type"], "links": None} for o in subgraph["outputs"]]
    node = {"id": 1, "type": subgraph["id"], "pos": [0, 0], "size": [340, 360], "flags": {}}
    node |= {"order": 0, "mode": 0, "title": BLUEPRINT, "inputs": shown, "outputs": outputs}
    node["properties"] = {"proxyWidgets": [["-1", name] for name in widgets]}
    node["properties"] |= {"cnr_id": "wan-move", "ver": "0.1.0"}
    node["widgets_values"] = [values[name] for name in widgets]
    document = {"revision": 0, "last_node_id": 1, "last_link_id": 0, "nodes": [node]}
    document |= {"links": [], "version": 0.4, "definitions": {"subgraphs": [subgraph]}}
    return {**document, "extra": {}}


def _open_input(node: dict[str, Any], name: str, spec: list[Any]) -> dict[str, Any]:
    """The entry of an input, made where a widget has none yet."""
    for entry in node["inputs"]:
        if entry["name"] == name:
            return entry
    entry = {"name": name, "type": spec[0], "link": None, "widget": {"name": name}}
    node["inputs"].append(entry)
    return entry


def _uuid(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"wan-move/subgraph/{name}"))


WORKFLOWS = {
    "wanmove_minimal": minimal,
    "wanmove_annotated": annotated,
    "wanmove_fewstep": few_step,
    "wanmove_motion_guidance": motion_guidance,
}


def main() -> None:
    """Write all files."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as server:
        info = server.get("/object_info")
    documents = {PACK / "subgraphs" / f"{BLUEPRINT}.json": blueprint(info)}
    for name, lay_out in WORKFLOWS.items():
        canvas = Canvas(info)
        lay_out(canvas)
        documents[PACK / "example_workflows" / f"{name}.json"] = canvas.document(name)
    for path, document in documents.items():
        path.parent.mkdir(exist_ok=True)
        text = json.dumps(document, indent=1, ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
