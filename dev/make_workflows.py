"""Lay out example_workflows/ and subgraphs/ from one description each.

    .venv/bin/python -m dev.make_workflows

Asks a real ComfyUI (COMFYUI_PATH) for every node's slots, so a saved workflow always fits them.
"""

import json
import tempfile
from pathlib import Path

from dev.application_workflows import APPLICATIONS
from dev.workflow_blueprint import BLUEPRINT, blueprint
from dev.workflow_canvas import GREEN, HUGGING_FACE, LORA, PURPLE, SOURCES, Canvas, Placed
from dev.workflow_parts import (
    ANCHORS,
    BALL,
    MODELS,
    conditioned,
    guided_inputs,
    motion,
    saved,
    texts,
)
from tests.host.server import PACK, running


def minimal(canvas: Canvas) -> None:
    """The shortest way from an image and tracks to a video."""
    models = canvas.add("WanMoveModelLoader", (0, 0), (400, 320), **MODELS)
    prompts = texts(canvas, 0, 390)
    image, _, guided = conditioned(canvas, models, x=460, y=0, prompts=prompts)
    canvas.connect(motion(canvas, (460, 740), image, BALL), guided, "tracks")
    sampled = canvas.add(
        "WanMoveSampler", (1220, 0), (320, 430), model=models, **guided_inputs(guided)
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
    canvas.note(NOTE_MODELS, (-520, 70), (460, 330))
    canvas.note(NOTE_MEMORY, (-520, 470), (460, 290))
    canvas.note(NOTE_TRACKS, (-520, 830), (460, 330))
    small = {**MODELS, "text_encoder_device": "cpu"}
    models = canvas.add("WanMoveModelLoader", (0, 80), (400, 320), **small)
    prompts = texts(canvas, 0, 470)
    prompts.node["widgets_values"][3] = "cpu"
    canvas.group("1  Models and prompt", (-20, 0, 440, 850))
    image, encoded, guided = conditioned(canvas, models, x=480, y=80, prompts=prompts)
    canvas.group("3  Start image and guidance", (460, 0, 740, 850))
    tracks = motion(canvas, (0, 960), image, BALL, *ANCHORS, size=(740, 640))
    canvas.connect(tracks, guided, "tracks")
    canvas.group("2  Motion", (-20, 880, 780, 740), GREEN)
    drawn = canvas.add(
        "WanMoveDrawTracks", (820, 960), (300, 240), images=image, tracks=tracks, style="paths"
    )
    canvas.add("PreviewImage", (820, 1250), (300, 310), images=drawn)
    seen = {"conditioning_latent": encoded, "tracks": tracks, "start_image": image}
    canvas.add("WanMoveGuidanceInspector", (1160, 960), (480, 600), **seen)
    canvas.group("Look before you sample", (800, 880, 860, 740), PURPLE)
    sampled = canvas.add(
        "WanMoveSampler", (1260, 80), (320, 430), model=models, **guided_inputs(guided)
    )
    tiles = {"tile_size": 256, "overlap": 64, "temporal_size": 64, "temporal_overlap": 8}
    decoded = canvas.add(
        "VAEDecodeTiled", (1640, 80), (260, 180), samples=sampled, vae=models.out(2), **tiles
    )
    video = canvas.add("CreateVideo", (1640, 350), (260, 110), images=decoded, fps=16.0)
    prefix = "video/wanmove_annotated"
    canvas.add("SaveVideo", (1960, 80), (460, 430), video=video, filename_prefix=prefix)
    canvas.group("4  Sample and save", (1240, 0, 1200, 570))


def custom_sampling(
    canvas: Canvas, *, guider: Placed, sigmas: Placed, guided: Placed, sampler: str, x: int
) -> Placed:
    """SamplerCustomAdvanced with what it needs."""
    noise = canvas.add("RandomNoise", (x, 0), (300, 90), noise_seed=0)
    solver = canvas.add("KSamplerSelect", (x, 150), (300, 90), sampler_name=sampler)
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
    models = canvas.add("WanMoveModelLoader", (0, 0), (400, 320), **MODELS)
    prompts = texts(canvas, 0, 390)
    image, _, guided = conditioned(canvas, models, x=460, y=0, prompts=prompts)
    canvas.connect(motion(canvas, (460, 740), image, BALL), guided, "tracks")
    lora = {"lora_name": LORA, "strength_model": 1.0}
    fast = canvas.add("LoraLoaderModelOnly", (1220, 290), (300, 110), model=models, **lora)
    both = {"positive": guided, "negative": guided.out(1)}
    guider = canvas.add("WanMoveMotionGuider", (1220, 460), (300, 230), model=fast, **both, cfg=1.0)
    sigmas = canvas.add("WanMoveFewStepSigmas", (1220, 750), (300, 80))
    latent = custom_sampling(
        canvas, guider=guider, sigmas=sigmas, guided=guided, sampler="euler", x=1220
    )
    saved(canvas, latent, models, x=1580, y=190, name="wanmove_fewstep")


def motion_guidance(canvas: Canvas) -> None:
    """Motion strengthened apart from the prompt, and let go of in the last fifth of the steps."""
    models = canvas.add("WanMoveModelLoader", (0, 0), (400, 320), **MODELS)
    prompts = texts(canvas, 0, 390)
    image, _, guided = conditioned(canvas, models, x=460, y=0, prompts=prompts)
    canvas.connect(motion(canvas, (460, 740), image, BALL), guided, "tracks")
    both = {"positive": guided, "negative": guided.out(1), "cfg": 5.0}
    strong = {"motion_scale": 1.0, "guidance_end": 0.8}
    guider = canvas.add(
        "WanMoveMotionGuider", (1220, 290), (300, 230), model=models, **both, **strong
    )
    steps = {"scheduler": "simple", "steps": 40, "denoise": 1.0}
    sigmas = canvas.add("BasicScheduler", (1220, 600), (300, 150), model=models, **steps)
    latent = custom_sampling(
        canvas, guider=guider, sigmas=sigmas, guided=guided, sampler="uni_pc", x=1220
    )
    saved(canvas, latent, models, x=1580, y=190, name="wanmove_motion_guidance")


WORKFLOWS = {
    "wanmove_minimal": minimal,
    "wanmove_annotated": annotated,
    "wanmove_fewstep": few_step,
    "wanmove_motion_guidance": motion_guidance,
    **APPLICATIONS,
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
