"""The files that are mutated, by kind, and how each is read."""

import json
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file

from tests.hostile.own_files import own_files
from wanmove_core.checkpoints.text_encoder import load_tokenizer
from wanmove_core.checkpoints.weight_files import open_weights
from wanmove_core.document.sampling import sample_document
from wanmove_core.document.schema import parse_document
from wanmove_core.draw_page.generation import Generation
from wanmove_core.draw_page.server import DrawServer
from wanmove_core.draw_page.session import DrawSession
from wanmove_core.errors import WanMoveError
from wanmove_core.formats import ReadOptions, parse_tracks
from wanmove_core.formats.to_document import import_document
from wanmove_core.media.image import read_grey, read_image
from wanmove_core.media.video import read_frames, read_metadata
from wanmove_core.media.video_writer import write_video

Fixture = tuple[Path, Callable[[Path], object]]

FIXTURES = Path(__file__).parents[1] / "fixtures"
_LARGEST_FIXTURE = 100_000
_TRACK_FOLDERS = ("interchange", "reported", "tracks")
_TRACK_SUFFIXES = (".txt", ".svg", ".csv", ".json", ".nk", ".npy")
_PICTURES = ("png", "jpg", "webp", "tif", "bmp", "gif", "avif", "dds", "ppm")


def _tracks(_made: Path) -> Iterator[Fixture]:
    for name in _TRACK_FOLDERS:
        for path in sorted((FIXTURES / name).rglob("*")):
            small = path.is_file() and path.stat().st_size <= _LARGEST_FIXTURE
            if small and path.suffix in _TRACK_SUFFIXES:
                yield path, _read_tracks


def _documents(made: Path) -> Iterator[Fixture]:
    """Every third drawing of those that both programs sample alike."""
    drawn = json.loads((FIXTURES / "curves.json").read_text(encoding="utf-8"))
    for number, case in enumerate(drawn[::3]):
        path = made / f"drawing{number}.json"
        path.write_text(json.dumps(case["document"]), encoding="utf-8")
        yield path, _read_document


def _pictures(made: Path) -> Iterator[Fixture]:
    noise = (np.random.default_rng(0).random((20, 30, 3)) * 255).astype(np.uint8)
    for suffix in _PICTURES:
        path = made / f"a.{suffix}"
        Image.fromarray(noise).save(path)
        yield path, _read_picture
    for mode in ("I;16", "F", "P", "LA"):
        path = made / f"{mode[0]}.tif"
        Image.fromarray(noise[..., 0]).convert(mode.replace(";16", "")).save(path)
        yield path, _read_picture


def _videos(made: Path) -> Iterator[Fixture]:
    frames = torch.from_numpy((np.random.default_rng(0).random((4, 32, 48, 3)) * 255).astype("u1"))
    write_video(made / "a.mp4", frames, metadata={"seed": 1})
    yield made / "a.mp4", _read_video
    yield FIXTURES / "reported" / "vfr.mp4", _read_video


def _weights(made: Path) -> Iterator[Fixture]:
    state = {"a.weight": torch.ones(3, 5), "b.bias": torch.zeros(7)}
    save_file(state, made / "a.safetensors")
    torch.save(state, made / "a.pth")
    for path in (made / "a.safetensors", made / "a.pth", _gguf(made)):
        yield path, _read_weights


def _gguf(folder: Path) -> Path:
    import gguf

    writer = gguf.GGUFWriter(folder / "a.gguf", "wan")
    writer.add_array("comfy.gguf.orig_shape.a.weight", [3, 5])
    writer.add_tensor("a.weight", np.ones((3, 5), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return folder / "a.gguf"


def _tokenizers(made: Path) -> Iterator[Fixture]:
    from tests.checkpoints.checkpoint_writers import _train_tokenizer

    (made / "spiece.model").write_bytes(_train_tokenizer())
    yield made / "spiece.model", _read_tokenizer
    vocabulary = [["<pad>", 0.0], ["</s>", 0.0], ["<unk>", 0.0], ["\u2581a", -2.0], ["b", -3.0]]
    model = {"type": "Unigram", "unk_id": 2, "vocab": vocabulary}
    whole = {"version": "1.0", "added_tokens": [], "model": model, "pre_tokenizer": None}
    (made / "tokenizer.json").write_text(json.dumps(whole), encoding="utf-8")
    yield made / "tokenizer.json", _read_tokenizer


def _requests(made: Path) -> Iterator[Fixture]:
    """What a page sends, byte by byte, to a server of its own."""
    Image.new("RGB", (96, 64)).save(made / "start.png")
    session = DrawSession(made / "start.png", made / "out.npy")
    with DrawServer(session, _NoGeneration(made)) as server:
        failures: list[str] = []
        server._http.handle_error = lambda *_: failures.append(  # type: ignore[method-assign]
            repr(sys.exc_info()[1])
        )

        def read(path: Path) -> None:
            _ask(server.host, path.read_bytes())
            if failures:
                raise AssertionError(failures.pop())

        head = {"version": 1, "width": 96, "height": 64, "fps": 16, "frames": 17}
        drawn = json.dumps({**head, "tracks": [{"id": "t1", "knots": [{"x": 2, "y": 3}]}]})
        work = json.dumps({"document": drawn, "prompt": "a", "seed": 3})
        for number, (way, body) in enumerate(
            [
                ("GET start", ""),
                ("GET editor/editor.js", ""),
                ("GET result/a.mp4", ""),
                ("POST keep?base=0", work),
                ("POST delete?video=a.mp4", ""),
                ("POST tracks?width=96&height=64&frames=17", "[[[1,2],[3,4]]]"),
                ("POST gif", work),
                ("POST video?name=a", "no video"),
            ]
        ):
            verb, _, rest = way.partition(" ")
            lines = [f"{verb} {urlsplit(server.url).path}{rest} HTTP/1.1", f"Host: {server.host}"]
            lines += [f"Content-Length: {len(body)}", "", body]
            path = made / f"request{number}"
            path.write_bytes("\r\n".join(lines).encode())
            yield path, read


class _NoGeneration(Generation):
    """A Generate button that nobody presses."""

    busy = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def status(self) -> dict[str, object]:
        return {"state": "idle", "videos": []}

    def plan(self) -> dict[str, object]:
        return {}

    def cancel(self) -> None: ...

    def delete(self, _video: str) -> None: ...


KINDS: dict[str, Callable[[Path], Iterator[Fixture]]] = {
    "tracks": _tracks,
    "documents": _documents,
    "pictures": _pictures,
    "videos": _videos,
    "weights": _weights,
    "requests": _requests,
    "tokenizers": _tokenizers,
    "own files": own_files,
}
# Each mutation of a tokenizer takes a process of its own.
SHARES = {"tokenizers": 0.05, "requests": 0.25}


def _read_tracks(path: Path) -> None:
    data = path.read_bytes()
    parse_tracks(data, name=path.name, options=ReadOptions(canvas_size=(832, 480)))
    parse_document(import_document(data, name=path.name))


def _read_document(path: Path) -> None:
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    document = parse_document(text)
    if len(document.tracks) * document.num_frames < 100_000:
        sample_document(document)
    import_document(text.encode("utf-8", "surrogateescape"), name=path.name)


def _read_picture(path: Path) -> None:
    read_image(path)
    read_grey(path)


def _read_video(path: Path) -> None:
    for _ in read_frames(path):
        pass
    read_metadata(path)


def _read_weights(path: Path) -> None:
    file = open_weights(path)
    for name in file.weights:
        file.read(name)


def _read_tokenizer(path: Path) -> None:
    folder = path.parent / "tokenizer"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    name = "spiece.model" if path.suffix == ".model" else "tokenizer.json"
    (folder / name).write_bytes(path.read_bytes())
    load_tokenizer(None, folder).encode("a cat")


def _ask(host: str, request: bytes) -> None:
    """Send bytes and read to the end; WanMoveError where the answer is a refusal."""
    address, _, port = host.partition(":")
    with socket.create_connection((address, int(port)), timeout=20) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(1 << 16):
            answer += part
    if b" 200 " not in answer[:20]:
        raise WanMoveError(answer[:40].decode("latin-1"))
