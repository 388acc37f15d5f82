"""Prompts written out by a language model: folder or server, greedy, one line when it fails."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from typing import ClassVar

import numpy as np
import pytest
import torch
from PIL import Image
from tokenizers import pre_tokenizers
from transformers import (
    CLIPVisionConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen2Tokenizer,
)
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from tests.generation.small_parts import small_image
from wanmove_core.command import main as cli
from wanmove_core.errors import CheckpointError, OptionError
from wanmove_core.generation import prompt_extension
from wanmove_core.generation.prompt_extension import Extension, load_extender

SPECIAL = ["<|endoftext|>", "<image>"]
LETTERS = [*SPECIAL, *sorted(pre_tokenizers.ByteLevel.alphabet())]
TEMPLATE = (
    "{% for m in messages %}{% if m['content'] is string %}{{ m['content'] }}"
    "{% else %}{% for c in m['content'] %}{% if c['type'] == 'text' %}{{ c['text'] }}"
    "{% else %} <image> {% endif %}{% endfor %}{% endif %} {% endfor %}"
)


def tokenizer():
    """Qwen's own kind, of single bytes."""
    return Qwen2Tokenizer(
        vocab={letter: number for number, letter in enumerate(LETTERS)},
        merges=[],
        chat_template=TEMPLATE,
        extra_special_tokens={"image_token": "<image>"},
    )


def qwen_config():
    return Qwen2Config(
        vocab_size=len(LETTERS), hidden_size=32, intermediate_size=48, num_hidden_layers=2,
        num_attention_heads=2, num_key_value_heads=1, max_position_embeddings=1024,
        eos_token_id=None, bos_token_id=None, initializer_range=1.0,
    )  # fmt: skip


def save_random(kind, config, folder):
    with torch.random.fork_rng():
        torch.manual_seed(5)
        kind(config).save_pretrained(folder)


@pytest.fixture(scope="module")
def text_model(tmp_path_factory):
    """A folder as Qwen2.5-Instruct's, with random weights."""
    folder = tmp_path_factory.mktemp("qwen")
    save_random(Qwen2ForCausalLM, qwen_config(), folder)
    tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture(autouse=True)
def short_answers(monkeypatch):
    monkeypatch.setattr(prompt_extension, "_MAX_NEW_TOKENS", 12)


class Server(BaseHTTPRequestHandler):
    """Answers as told, and keeps what it was asked."""

    answer: tuple[int, bytes] = (200, b"")
    asked: ClassVar[list[tuple[str, dict, str | None]]] = []

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append((self.path, body, self.headers.get("Authorization")))
        self.send_response(self.answer[0])
        self.end_headers()
        self.wfile.write(self.answer[1])

    def log_message(self, *_args):
        """Keep stderr clean."""


@pytest.fixture
def server():
    Server.asked.clear()
    http = HTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{http.server_port}/v1"
    http.shutdown()
    thread.join()
    http.server_close()


def answer(text):
    reply = {"choices": [{"message": {"role": "assistant", "content": text}}]}
    Server.answer = (200, json.dumps(reply).encode())


def test_a_folder_extends_the_same_prompt_the_same_way(text_model):
    extend = load_extender(Extension(str(text_model), language="en"))
    image = small_image()
    state = torch.random.get_rng_state()
    once, again = extend("a cat walks", image), extend("a cat walks", image)
    assert once == again and once
    prompts = ("the warm sand", "a a a", "over the cat", "cat slowly", "walks")
    assert len({extend(prompt, image) for prompt in prompts}) > 1
    assert torch.equal(torch.random.get_rng_state(), state)


def test_a_server_is_asked_with_task_prompt_and_picture(server, monkeypatch):
    monkeypatch.setenv("WANMOVE_PROMPT_KEY", "secret")
    answer("A grey cat\n walks slowly over warm sand. ")
    image = small_image()
    extend = load_extender(Extension(server, "qwen2.5vl:7b", "en"))
    assert extend("a cat walks", image) == "A grey cat walks slowly over warm sand."
    path, body, key = Server.asked[0]
    assert path == "/v1/chat/completions" and key == "Bearer secret"
    assert body["model"] == "qwen2.5vl:7b" and body["temperature"] == 0
    task, user = body["messages"]
    assert "English" in task["content"] and user["content"][0]["text"] == "a cat walks"
    url = user["content"][1]["image_url"]["url"]
    picture = np.asarray(Image.open(BytesIO(base64.b64decode(url.split(",")[1]))))
    assert picture.shape == tuple(image.shape)
    assert np.abs(picture.astype(int) - image.numpy()).mean() < 12


@pytest.mark.parametrize(
    "code,reply,message",
    [
        (401, b"{}", "got HTTP 401"),
        (200, b"<html>", "must answer with JSON"),
        (200, b'{"error": 1}', "choices[0].message.content; got another form"),
        (200, b"[]", "got another form"),
        (200, b'{"choices": [{"message": {"content": " \\n"}}]}', "got nothing"),
        (200, b'{"choices": [{"message": {"content": null}}]}', "got nothing"),
    ],
)
def test_a_server_that_fails_is_named_in_one_line(server, code, reply, message):
    Server.answer = (code, reply)
    extend = load_extender(Extension(server, "m"))
    with pytest.raises(OptionError) as caught:
        extend("a cat walks", small_image())
    assert message in str(caught.value) and server in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_server_that_is_not_there(server):
    nowhere = server.replace("/v1", "0/v1").replace("127.0.0.1", "127.0.0.1.invalid")
    with pytest.raises(OptionError, match="Check that the server runs"):
        load_extender(Extension(nowhere, "m"))("a cat walks", small_image())


@pytest.mark.parametrize("address", ["http://localhost:abc/v1", "http://local host/v1"])
def test_what_is_no_address(address):
    with pytest.raises(OptionError, match="must answer with JSON"):
        load_extender(Extension(address, "m"))("a cat walks", small_image())


def test_what_cannot_be_an_extension(tmp_path, text_model):
    with pytest.raises(OptionError, match="--extend-model must name a model"):
        Extension("http://localhost:11434/v1")
    with pytest.raises(CheckpointError, match=r"readable config\.json"):
        load_extender(Extension(str(tmp_path)))
    (tmp_path / "config.json").write_text('{"model_type": "qwen2"}', encoding="utf-8")
    with pytest.raises(CheckpointError, match="must be a chat model that transformers can read"):
        load_extender(Extension(str(tmp_path)))


def test_a_pickled_model_is_refused(tmp_path, text_model):
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((text_model / name).read_bytes())
    torch.save({}, tmp_path / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match="must be a chat model"):
        load_extender(Extension(str(tmp_path)))


@pytest.fixture(scope="module")
def seeing_model(tmp_path_factory):
    """A folder of a vision-language model whose processor needs no further package (LLaVA)."""
    folder = tmp_path_factory.mktemp("llava")
    vision = CLIPVisionConfig(
        hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2,
        image_size=28, patch_size=14, projection_dim=32, initializer_range=1.0,
    )  # fmt: skip
    config = LlavaConfig(vision_config=vision, text_config=qwen_config(), image_token_index=1)
    save_random(LlavaForConditionalGeneration, config, folder)
    LlavaProcessor(
        CLIPImageProcessorPil(size={"shortest_edge": 28}, crop_size={"height": 28, "width": 28}),
        tokenizer(),
        patch_size=14,
        vision_feature_select_strategy="default",
        chat_template=TEMPLATE,
        num_additional_image_tokens=1,
    ).save_pretrained(folder)
    return folder


def test_a_seeing_model_sees_the_picture(seeing_model, monkeypatch):
    # Random weights hardly attend to 5 image tokens behind 600 letters.
    monkeypatch.setattr(prompt_extension, "_TASK", "")
    extend = load_extender(Extension(str(seeing_model), language="en"))
    image = small_image()
    assert extend("a cat walks", image) == extend("a cat walks", image)
    assert extend("a", image) != extend("a", 255 - image)


def test_generate_uses_and_keeps_the_extended_prompt(server, tmp_path, monkeypatch):
    from tests.generation.small_parts import small_components
    from wanmove_core.command import generate as command
    from wanmove_core.generation.pipeline import WanMovePipeline
    from wanmove_core.media.video import read_metadata
    from wanmove_core.media.writer import write_image

    prompts = []

    class Watched(WanMovePipeline):
        def sample(self, image, tracks, given, settings, **more):
            prompts.append(given[0])
            return super().sample(image, tracks, ("a cat walks", ""), settings, **more)

    monkeypatch.setattr(command, "load_pipeline", lambda *_, **__: Watched(small_components()))
    write_image(tmp_path / "start.png", small_image())
    answer("A grey cat walks.")
    common = ["--checkpoint", "x", "--size", "64x48", "--frames", "5", "--steps", "1"]
    common += ["--extend-prompt", server, "--extend-model", "m", "--guidance-scale", "1"]
    one = ["--image", str(tmp_path / "start.png"), "--prompt", "cat"]
    one += ["--out", str(tmp_path / "a.mp4")]
    assert cli.main(["generate", *one, *common]) == 0
    assert prompts == ["A grey cat walks."]
    metadata = read_metadata(tmp_path / "a.mp4")
    assert metadata["prompt"] == "cat" and metadata["extended_prompt"] == "A grey cat walks."
    line = {"image": "start.png", "prompt": "cat", "out": "b.mp4"}
    (tmp_path / "jobs.jsonl").write_text(json.dumps(line), encoding="utf-8")
    batch = ["generate", "--batch", str(tmp_path / "jobs.jsonl"), *common]
    assert cli.main(batch) == 0 and len(prompts) == 2
    answer("Something else.")
    assert cli.main(batch) == 0 and len(prompts) == 2, "what is there is not made again"
    Server.answer = (500, b"")
    (tmp_path / "jobs.jsonl").write_text(json.dumps(line | {"out": "c.mp4"}), encoding="utf-8")
    assert cli.main(batch) == 1 and len(prompts) == 2
