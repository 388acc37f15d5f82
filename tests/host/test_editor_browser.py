"""The editor and the example workflows in a browser, on the real ComfyUI."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.host.server import PACK, ComfyServer
from tests.host.workflows import to_prompt

STEPS = "100"
pytestmark = [
    pytest.mark.skipif(
        shutil.which("node") is None or not (PACK / "node_modules/playwright-core").exists(),
        reason="NO NODE MODULES: scripts/check-web installs them",
    ),
    pytest.mark.skipif(
        not (os.environ.get("CHROMIUM") or any(map(shutil.which, ("chromium", "google-chrome")))),
        reason="NO CHROMIUM: apt-get install chromium, or set CHROMIUM",
    ),
]


def run_cases(comfy: ComfyServer, file: str, out: Path, *, at_least: int) -> None:
    """Run a file of browser cases, which leaves its pictures in `out`."""
    result = subprocess.run(
        ["node", "--test", "--test-reporter=spec", f"tests/web/browser/{file}"],
        check=False,
        cwd=PACK,
        env={**os.environ, "COMFYUI_URL": comfy.url, "ACTIONS": STEPS, "SCREENSHOTS": str(out)},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout[-6000:]
    passed = re.search(r"pass (\d+)", result.stdout)
    assert passed and int(passed[1]) >= at_least, result.stdout[-600:]


def test_the_editor_passes_its_browser_tests(comfy: ComfyServer, tmp_path: Path) -> None:
    run_cases(comfy, "comfyui.test.js", tmp_path, at_least=40)


def test_workflows_open_whole_and_queue_what_the_host_tests_ran(
    comfy: ComfyServer, tmp_path: Path
) -> None:
    run_cases(comfy, "workflows.test.js", tmp_path, at_least=20)
    info = comfy.get("/object_info")
    queued = sorted(tmp_path.glob("*.prompt"))
    assert len(queued) == 2 * len(list((PACK / "example_workflows").glob("*.json")))
    for path in queued:
        prompt = json.loads(path.read_text(encoding="utf-8"))
        workflow = PACK / "example_workflows" / path.stem.rpartition("-")[0]
        expected = to_prompt(json.loads(workflow.read_text(encoding="utf-8")), info)
        assert {key: node["inputs"] for key, node in prompt.items()} == {
            key: node["inputs"] for key, node in expected.items()
        }, path.name
