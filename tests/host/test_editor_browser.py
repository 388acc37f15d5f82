"""The editor's browser tests, against the real ComfyUI."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.host.server import PACK, ComfyServer

STEPS = "100"


@pytest.mark.skipif(
    shutil.which("node") is None or not (PACK / "node_modules/playwright-core").exists(),
    reason="NO NODE MODULES: scripts/check-web installs them",
)
@pytest.mark.skipif(
    not (os.environ.get("CHROMIUM") or any(map(shutil.which, ("chromium", "google-chrome")))),
    reason="NO CHROMIUM: apt-get install chromium, or set CHROMIUM",
)
def test_the_editor_passes_its_browser_tests(comfy: ComfyServer, tmp_path: Path) -> None:
    result = subprocess.run(
        ["node", "--test", "--test-reporter=spec", "tests/web/browser/comfyui.test.js"],
        check=False,
        cwd=PACK,
        env={
            **os.environ,
            "COMFYUI_URL": comfy.url,
            "ACTIONS": STEPS,
            "SCREENSHOTS": str(tmp_path),
        },
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout[-6000:]
    assert "fail 0" in result.stdout and "pass 5" in result.stdout, result.stdout[-600:]
