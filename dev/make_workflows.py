"""Lay out example_workflows/ and subgraphs/ from one description each.

    .venv/bin/python -m dev.make_workflows

Asks a real ComfyUI (COMFYUI_PATH) for every node's slots, so a saved workflow always fits them.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

from dev.application_workflows import APPLICATIONS
from dev.core_workflows import CORE
from dev.flashmotion_workflows import FLASHMOTION
from dev.long_workflows import LONG
from dev.workflow_blueprint import BLUEPRINT, blueprint
from dev.workflow_canvas import (
    GREEN,
    HUGGING_FACE,
    LORA,
    PURPLE,
    SOURCES,
    VAE_22,
    Canvas,
    Placed,
)
from dev.workflow_parts import (
    ANCHORS,
    BALL,
    LOW,
    MIDDLE,
    Stage,
    guided_inputs,
    motion,
    sampled,
    saved,
    stage,
)
from tests.host.server import PACK, running

SHORTEST = "wan-move-01-minimal"


def minimal(canvas: Canvas, name: str) -> None:
    """The shortest way from an image and tracks to a video."""
    placed = stage(canvas)
    canvas.connect(motion(canvas, placed.image, BALL), placed.guided, "tracks")
    sampled(canvas, placed, name)


MODEL_FOLDERS = ("diffusion_models", "text_encoders", "vae", "clip_vision")
NOTE_MODELS = "\n".join(
    ["## Models", "", "Put these into ComfyUI's **models** folder, then press **R**:", ""]
    + [
        f"- **{folder}** [{name}]({HUGGING_FACE}{path}{name})"
        for name, (folder, path) in SOURCES.items()
        if folder in MODEL_FOLDERS and name not in (LORA, VAE_22)
    ]
)
NOTE_MEMORY = """## Low memory

- The fp8 model takes about 16 GB on disk; ComfyUI moves parts of it to the GPU as they fit.
- **text_encoder_device: cpu** keeps the 6.7 GB text encoder out of the GPU. Prompts are kept on
  disk: one that you used before loads no encoder at all.
- VAE Decode (Tiled) decodes in pieces."""
NOTE_TRACKS = """## Motion

Draw in the editor: one path moves, four points stand still. **Points that stand still are
anchors**: they tell the model that the rest of the picture, and so the camera, does not move.

The inspector shows what the model sees, before any sampling: pieces of the start image where
guidance puts them. Red: tracks collide. Violet: a track has no effect, since it is hidden or
outside of the picture in the first frame."""


def annotated(canvas: Canvas, name: str) -> None:
    """The same, explained, with anchors, previews, and settings for little memory."""
    canvas.note(NOTE_MODELS, (-1000, 0), (460, 190))
    canvas.note(NOTE_MEMORY, (-1000, 270), (460, 180))
    canvas.note(NOTE_TRACKS, (-1000, 530), (460, 170))
    placed = stage(canvas, text_encoder_device="cpu")
    canvas.group("1  Models and prompt", (-20, -60, 1300, 480))
    tracks = motion(canvas, placed.image, BALL, *ANCHORS)
    canvas.connect(tracks, placed.guided, "tracks")
    canvas.group("2  Start image and motion", (-460, 520, 1740, 790), GREEN)
    right, after = placed.right, placed.after
    canvas.add(
        "WanMoveGuidanceInspector",
        (right, LOW),
        (340, 480),
        conditioning_latent=placed.between(placed.encoded, MIDDLE + 360, 2),
        tracks=tracks,
        start_image=placed.between(placed.image, MIDDLE - 40, 3),
    )
    canvas.group("3  Guidance, and what the model sees", (right - 20, -60, 380, 1370), PURPLE)
    _annotated_end(canvas, placed, name)
    below = LOW + 770
    drawn = canvas.add(
        "WanMoveDrawTracks",
        (after, 1000),
        (340, 230),
        images=placed.image.via((MIDDLE - 40, LOW + 60), (MIDDLE - 40, below), (after - 40, below)),
        tracks=tracks.via(
            (right - 40, LOW + 60), (right - 40, below - 25), (after - 60, below - 25)
        ),
        style="paths",
    )
    canvas.add("PreviewImage", (after + 420, 1000), (480, 310), images=drawn)
    canvas.group("Look before you sample", (after - 20, 940, 940, 390), PURPLE)


def _annotated_end(canvas: Canvas, placed: Stage, name: str) -> None:
    """Sample, decode in pieces, save."""
    after = placed.after
    latent = canvas.add(
        "WanMoveSampler",
        (after, 0),
        (340, 430),
        model=placed.over(placed.models, after),
        **guided_inputs(placed.guided),
    )
    tiles = {"tile_size": 256, "overlap": 64, "temporal_size": 64, "temporal_overlap": 8}
    vae = placed.over(placed.models.out(2), after)
    vae = vae.via(*vae.way, (after - 40, 510))
    decoded = canvas.add(
        "VAEDecodeTiled", (after, 510), (340, 190), samples=latent, vae=vae, **tiles
    )
    video = canvas.add("CreateVideo", (after, 770), (340, 130), images=decoded, fps=16.0)
    canvas.add(
        "SaveVideo", (after + 420, 0), (480, 480), video=video, filename_prefix=f"video/{name}"
    )
    canvas.group("4  Sample and save", (after - 20, -60, 940, 980))


def _custom_sampling(
    canvas: Canvas, placed: Stage, *, guider: Placed, sigmas: Placed, sampler: str, name: str
) -> None:
    """Noise, solver and the sampler that joins all; guider and sigmas stand above them."""
    x, y = placed.after, sigmas.node["pos"][1] + sigmas.node["size"][1] + 70
    noise = canvas.add("RandomNoise", (x, y), (340, 90), noise_seed=0)
    solver = canvas.add("KSamplerSelect", (x, y + 160), (340, 80), sampler_name=sampler)
    gap = guider.node["pos"][1] + guider.node["size"][1] + 20
    latent = placed.guided.out(2).via((x - 40, gap), (x + 370, gap))
    joined = canvas.add(
        "SamplerCustomAdvanced",
        (x + 420, 0),
        (340, 130),
        noise=noise,
        guider=guider,
        sampler=solver,
        sigmas=sigmas,
        latent_image=latent,
    )
    saved(canvas, joined, placed, x=x + 420, y=210, name=name)


def few_step(canvas: Canvas, name: str) -> None:
    """Four steps with the lightx2v LoRA."""
    placed = stage(canvas)
    canvas.connect(motion(canvas, placed.image, BALL), placed.guided, "tracks")
    x = placed.after
    lora = {"lora_name": LORA, "strength_model": 1.0}
    model = placed.over(placed.models, x)
    fast = canvas.add("LoraLoaderModelOnly", (x, 0), (340, 110), model=model, **lora)
    both = {"positive": placed.guided, "negative": placed.guided.out(1)}
    guider = canvas.add("WanMoveMotionGuider", (x, 180), (340, 220), model=fast, **both, cfg=1.0)
    # The sigmas already hold the LoRA's own shift.
    sigmas = canvas.add("WanMoveFewStepSigmas", (x, 480), (340, 80))
    _custom_sampling(canvas, placed, guider=guider, sigmas=sigmas, sampler="euler", name=name)


def motion_guidance(canvas: Canvas, name: str) -> None:
    """Motion strengthened apart from the prompt, and let go of in the last fifth of the steps."""
    placed = stage(canvas)
    canvas.connect(motion(canvas, placed.image, BALL), placed.guided, "tracks")
    x = placed.after
    model = placed.over(placed.models, x)
    both = {"positive": placed.guided, "negative": placed.guided.out(1), "cfg": 5.0}
    strong = {"motion_scale": 1.0, "guidance_end": 0.8}
    guider = canvas.add("WanMoveMotionGuider", (x, 0), (340, 220), model=model, **both, **strong)
    steps = {"scheduler": "simple", "steps": 40, "denoise": 1.0}
    lower = model.via(*model.way, (x - 40, 300))
    sigmas = canvas.add("BasicScheduler", (x, 300), (340, 130), model=lower, **steps)
    _custom_sampling(canvas, placed, guider=guider, sigmas=sigmas, sampler="uni_pc", name=name)


def app(canvas: Canvas, name: str) -> dict[str, Any]:
    """The shortest workflow as an app: image, drawing, prompt, run."""
    minimal(canvas, name)
    ids = {node["type"]: node["id"] for node in canvas.nodes}
    inputs = [("LoadImage", "image"), ("WanMoveSplineEditor", "splines")]
    inputs += [("WanMoveTextEncodeCached", "prompt")]
    data = {"inputs": [[ids[kind], widget] for kind, widget in inputs]}
    return {"linearMode": True, "linearData": {**data, "outputs": [ids["SaveVideo"]]}}


# The number is the order in ComfyUI's list of templates; "wan" and "move" stand apart, so that
# its search finds both "wan move" and "wan-move".
WORKFLOWS = {
    SHORTEST: minimal,
    "wan-move-02-annotated": annotated,
    "wan-move-03-app": app,
    "wan-move-04-few-step": few_step,
    "wan-move-05-motion-guidance": motion_guidance,
    **APPLICATIONS,
    **LONG,
    **CORE,
    **FLASHMOTION,
}


def main() -> None:
    """Write all files."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as server:
        info = server.get("/object_info")
    documents = {PACK / "subgraphs" / f"{BLUEPRINT}.json": blueprint(info)}
    for name, lay_out in WORKFLOWS.items():
        canvas = Canvas(info)
        extra = lay_out(canvas, name) or {}
        documents[PACK / "example_workflows" / f"{name}.json"] = canvas.document(name, **extra)
    for path, document in documents.items():
        path.parent.mkdir(exist_ok=True)
        text = json.dumps(document, indent=1, ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
