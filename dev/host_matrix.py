"""Run the host and browser tests on several ComfyUIs and frontends, and print a table.

    .venv/bin/python -m dev.host_matrix ~/ComfyUI ~/ComfyUI-0.26:1.45.19 ~/ComfyUI:newest

Each is a checkout, with the version of comfyui-frontend-package to serve instead of its own after a
colon; `newest` is the registry's newest. A checkout without an interpreter of its own takes
COMFYUI_PYTHON, or that of the first that has one. `-- WORDS` go to pytest.
"""

import argparse
import os
import re
import subprocess
import sys
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
CACHE = Path.home() / ".cache/wan-move/frontends"
NAME = "comfyui-frontend-package"
_COUNT = re.compile(r"(\d+) (passed|failed|skipped|errors?)")


def frontend_folder(version: str) -> Path:
    """The static files of a frontend: from PyPI, kept in a cache outside of the repository."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    if version == "newest":
        found = subprocess.run(
            [*pip, "index", "versions", NAME], check=True, capture_output=True, text=True
        )
        version = re.search(r"\((.*?)\)", found.stdout)[1]
    static = CACHE / version / "comfyui_frontend_package/static"
    if not static.exists():
        folder = CACHE / version
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [*pip, "download", "-q", "--no-deps", "-d", folder, f"{NAME}=={version}"], check=True
        )
        wheel = next(folder.glob("*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
        wheel.unlink()
    return static


def interpreter(host: Path) -> Path | None:
    options = [host / venv / "bin/python" for venv in ("venv", ".venv")]
    return next((option for option in options if option.exists()), None)


def version_of(host: Path) -> str:
    text = (host / "comfyui_version.py").read_text(encoding="utf-8")
    return re.search(r'"(.*?)"', text)[1]


def run_one(host: Path, python: Path, frontend: str, words: list[str]) -> str:
    """Run the tests; returns a row of the table."""
    environment = {**os.environ, "COMFYUI_PATH": str(host), "COMFYUI_PYTHON": str(python)}
    shown = frontend or "its own"
    if frontend:
        static = frontend_folder(frontend)
        environment["COMFYUI_FRONTEND"] = str(static)
        shown = static.parents[1].name
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/host", *words]
    begin = time.monotonic()
    done = subprocess.run(
        command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True
    )
    lines = done.stdout.splitlines() or [done.stderr[-200:]]
    counts = dict.fromkeys(("passed", "failed", "skipped", "error"), 0)
    for count, kind in _COUNT.findall(lines[-1]):
        counts[kind.removesuffix("s") if kind.startswith("error") else kind] = int(count)
    for line in lines:
        if line.startswith(("FAILED", "ERROR")):
            sys.stdout.write(f"  {version_of(host)} {shown}: {line}\n")
    numbers = " | ".join(str(count) for count in counts.values())
    return f"| {version_of(host)} | {shown} | {numbers} | {time.monotonic() - begin:.0f} s |"


def main() -> int:
    """Run all, and print the table; 1 where a test failed."""
    words = sys.argv[1:]
    options, given = words, []
    if "--" in words:
        options, given = words[: words.index("--")], words[words.index("--") + 1 :]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("hosts", nargs="+", metavar="CHECKOUT[:FRONTEND]")
    hosts = parser.parse_args(options).hosts
    folders = [Path(name.partition(":")[0]).expanduser() for name in hosts]
    own = [found for folder in folders if (found := interpreter(folder))]
    given_python = os.environ.get("COMFYUI_PYTHON")
    fallback = Path(given_python) if given_python else next(iter(own), None)
    rows = []
    for name, host in zip(hosts, folders, strict=True):
        python = interpreter(host) or fallback
        if python is None:
            parser.error(f"{host} has no venv, and COMFYUI_PYTHON is not set")
        rows.append(run_one(host, python, name.partition(":")[2], given))
        sys.stdout.write(f"{rows[-1]}\n")
    heading = "| ComfyUI | frontend | passed | failed | skipped | errors | time |"
    sys.stdout.write("\n".join(["", heading, "|---" * 7 + "|", *rows, ""]))
    return int(any(not re.search(r"\| 0 \| \d+ \| 0 \|", row) for row in rows))


if __name__ == "__main__":
    sys.exit(main())
