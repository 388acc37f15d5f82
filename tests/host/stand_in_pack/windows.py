"""What the model is fed in each window of a long video."""

import json
from pathlib import Path

import comfy.patcher_extension
import folder_paths
import node_helpers
import torch
from comfy_api.latest import io

LATENT = 16  # channels; those of the model's input are noise, four of the mask, conditioning


class NumberedWindows(io.ComfyNode):
    """Number the conditioning's frames, and write down which of them each forward pass sees."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="TestNumberedWindows",
            inputs=[
                io.Model.Input("model"),
                io.Conditioning.Input("positive"),
                io.String.Input("name"),
            ],
            outputs=[io.Model.Output(), io.Conditioning.Output()],
        )

    @classmethod
    def execute(cls, model, positive, name):
        path = Path(folder_paths.get_output_directory()) / name
        path.write_text("")

        def watch(executor, x, *args, **kwargs):
            numbers = model.model.process_latent_out(x[:, LATENT + 4 :].float())
            seen = {
                "frames": numbers[0, 0, :, 0, 0].round().int().tolist(),
                "known": x[0, LATENT : LATENT + 4, :, 0, 0].T.tolist(),
            }
            with path.open("a") as log:
                log.write(json.dumps(seen) + "\n")
            return executor(x, *args, **kwargs)

        kind = comfy.patcher_extension.WrappersMP.DIFFUSION_MODEL
        watched = model.clone()
        watched.add_wrapper_with_key(kind, "test_windows", watch)
        latent = positive[0][1]["concat_latent_image"]
        numbers = torch.arange(latent.shape[2], dtype=latent.dtype)[:, None, None]
        values = {"concat_latent_image": numbers.expand_as(latent).clone()}
        return io.NodeOutput(watched, node_helpers.conditioning_set_values(positive, values))
