"""Extend a short prompt by a language model: the reference's `--use_prompt_extend`.

The model is a folder that transformers reads (Qwen2.5 for text, Qwen2.5-VL to look at the image as
well), or the address of a server that speaks OpenAI's chat protocol: DashScope, vLLM, Ollama,
LM Studio, llama.cpp.
"""

import base64
import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import torch

from ..errors import CheckpointError, OptionError
from ..shapes import Tensor, UInt8

Language = Literal["en", "zh"]
# Extends a prompt, seeing the start image.
Extender = Callable[[str, UInt8[Tensor, "height width 3"]], str]

KEY_VARIABLE = "WANMOVE_PROMPT_KEY"
_MAX_NEW_TOKENS = 512
_TIMEOUT_S = 120
_LONGEST_SIDE = 1024  # px of the image that a server is sent
_MAX_REPLY = 1 << 20  # bytes
_LANGUAGES = {"en": "English", "zh": "Chinese"}
_TASK = (
    "You write prompts for an image-to-video model. Rewrite the user's prompt for the start image "
    "as one paragraph of 80 to 100 words in {language}: keep every fact of it, say what moves and "
    "how, then subject, surroundings, light, style and camera. Keep quoted text and titles as "
    "they are. Do not invent motion that goes against the prompt. Answer with the paragraph alone."
)


@dataclass(frozen=True)
class Extension:
    """How a prompt is to be extended.

    Args:
        by: folder of a model, or address of a server (http or https, up to and with its /v1).
        model: name of the model on the server; not used for a folder.
        language: of the extended prompt.

    Raises:
        OptionError: a server without the name of a model.
    """

    by: str
    model: str | None = None
    language: Language = "zh"

    def __post_init__(self) -> None:
        if self.is_server and not self.model:
            raise OptionError(
                f"--extend-model must name a model of {self.by}; got none. "
                "Add --extend-model, such as qwen2.5vl:7b."
            )

    @property
    def is_server(self) -> bool:
        """Whether `by` is an address."""
        return self.by.startswith(("http://", "https://"))

    @property
    def task(self) -> str:
        """What the language model is told."""
        return _TASK.format(language=_LANGUAGES[self.language])


def load_extender(extension: Extension, *, device: str = "cpu") -> Extender:
    """Load what extends prompts. Decoding is greedy: the same prompt gives the same result.

    Args:
        extension: how.
        device: for a model in a folder.

    Raises:
        CheckpointError: the folder holds no model that transformers can read.

    Source:
        `QwenPromptExpander`, Wan-Move wan/utils/prompt_extend.py:366 @27409be. Differs: greedy,
        where the reference draws; weights from safetensors only; any server of OpenAI's protocol
        in place of DashScope's own; a failure is an error, not the short prompt after all.
    """
    if extension.is_server:
        return lambda prompt, image: _ask_server(extension, prompt, image)
    folder = Path(extension.by)
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(
            f"--extend-prompt must be a server's address or a folder with a readable config.json; "
            f"got {extension.by}. Download a model such as Qwen2.5-VL-7B-Instruct there."
        ) from error
    sees = isinstance(config, dict) and "vision_config" in config
    model, processor = _load_folder(folder, sees=sees, device=device)
    return lambda prompt, image: _ask_folder(
        model, processor, _messages(extension, prompt, image if sees else None)
    )


def _load_folder(folder: Path, *, sees: bool, device: str) -> tuple[Any, Any]:
    from transformers import (
        AutoModelForCausalLM,
        AutoModelForImageTextToText,
        AutoProcessor,
        AutoTokenizer,
    )

    kind = AutoModelForImageTextToText if sees else AutoModelForCausalLM
    try:
        # No code of the folder is run, and nothing is unpickled.
        model = kind.from_pretrained(
            folder,
            trust_remote_code=False,
            dtype="auto",
            local_files_only=True,
            use_safetensors=True,
        )
        reader = AutoProcessor if sees else AutoTokenizer
        processor = reader.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0][:200]
        raise CheckpointError(
            f"{folder} must be a chat model that transformers can read; got: {reason} "
            "Download the model again, with its tokenizer."
        ) from error
    except ImportError as error:  # some models' image processors need torchvision
        reason = next(line for line in str(error).splitlines() if line.strip())
        raise CheckpointError(
            f"{folder} needs a package that is missing: {reason.strip()} Install it."
        ) from error
    return model.eval().to(device), processor


@torch.no_grad()
def _ask_folder(model: Any, processor: Any, messages: list[dict[str, Any]]) -> str:
    inputs = processor.apply_chat_template(
        messages,
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        return_tensors="pt",
    ).to(model.device)
    made = model.generate(
        **inputs, max_new_tokens=_MAX_NEW_TOKENS, do_sample=False, temperature=None, top_p=None,
        top_k=None,
    )  # fmt: skip
    new = made[:, inputs["input_ids"].shape[1] :]
    text: str = processor.batch_decode(new, skip_special_tokens=True)[0]
    return _checked(text, model.config.model_type)


def _messages(extension: Extension, prompt: str, image: Tensor | None) -> list[dict[str, Any]]:
    """The conversation, in the form of chat templates; a text-only model gets plain strings."""
    if image is None:
        return [
            {"role": "system", "content": extension.task},
            {"role": "user", "content": prompt},
        ]
    from PIL import Image

    picture = Image.fromarray(image.cpu().numpy())
    return [
        {"role": "system", "content": [{"type": "text", "text": extension.task}]},
        {
            "role": "user",
            "content": [{"type": "image", "image": picture}, {"type": "text", "text": prompt}],
        },
    ]


def _ask_server(extension: Extension, prompt: str, image: Tensor) -> str:
    content = [
        {"type": "text", "text": prompt},
        {"type": "image_url", "image_url": {"url": _data_url(image)}},
    ]
    body = {
        "model": extension.model,
        "temperature": 0,
        "max_tokens": _MAX_NEW_TOKENS,
        "messages": [
            {"role": "system", "content": extension.task},
            {"role": "user", "content": content},
        ],
    }
    headers = {"Content-Type": "application/json"}
    if key := os.environ.get(KEY_VARIABLE):
        headers["Authorization"] = f"Bearer {key}"
    address = f"{extension.by.rstrip('/')}/chat/completions"
    request = urllib.request.Request(address, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as reply:
            answer = json.loads(reply.read(_MAX_REPLY))
        text = answer["choices"][0]["message"]["content"]
    except urllib.error.HTTPError as error:
        error.close()
        raise OptionError(
            f"{address} must answer; got HTTP {error.code} {error.reason}. "
            f"Check --extend-model and the key in {KEY_VARIABLE}."
        ) from error
    except (OSError, ValueError, RecursionError, HTTPException) as error:
        raise OptionError(
            f"{address} must answer with JSON; got: {getattr(error, 'reason', error)}. "
            "Check that the server runs and that its address ends in /v1."
        ) from error
    except (KeyError, IndexError, TypeError) as error:
        raise OptionError(
            f"{address} must answer with choices[0].message.content; got another form. "
            "Use a server that speaks OpenAI's chat protocol."
        ) from error
    return _checked(text, address)


def _data_url(image: Tensor) -> str:
    from PIL import Image

    picture = Image.fromarray(image.cpu().numpy())
    picture.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    file = BytesIO()
    picture.save(file, "JPEG", quality=90)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()


def _checked(text: Any, source: str) -> str:
    if not isinstance(text, str) or not text.strip():
        raise OptionError(
            f"{source} must answer with a prompt; got nothing. Try another model, or leave out "
            "--extend-prompt."
        )
    return " ".join(text.split())
