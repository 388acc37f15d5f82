"""Generation without ComfyUI, on diffusers and transformers components."""
