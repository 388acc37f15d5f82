"""The editor and the example workflows in a browser, on the real ComfyUI."""

import os
import re
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
@pytest.mark.parametrize(("file", "least"), [("comfyui.test.js", 40), ("workflows.test.js", 16)])
def test_in_a_browser(comfy: ComfyServer, tmp_path: Path, file: str, least: int) -> None:
    result = subprocess.run(
        ["node", "--test", "--test-reporter=spec", f"tests/web/browser/{file}"],
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
    passed = int(re.search(r"pass (\d+)", result.stdout)[1])
    assert passed >= least, result.stdout[-600:]
