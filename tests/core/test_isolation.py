"""Importing the core brings in no host and nothing heavy, and does nothing else."""

import subprocess
import sys

HOST = {"comfy", "comfy_api", "folder_paths", "nodes", "server"}
HEAVY = {"accelerate", "av", "cv2", "diffusers", "gguf", "matplotlib", "peft", "PIL", "scipy"}
HEAVY |= {"torchvision", "transformers"}

PROBE = """
import os, sys
before = dict(os.environ), list(sys.path)
{setup}
import wanmove_core
assert (dict(os.environ), list(sys.path)) == before, "import changed the process"
found = sorted(set(sys.modules) & {names!r})
sys.exit("imported: " + " ".join(found) if found else 0)
"""


def run_probe(setup):
    code = PROBE.format(setup=setup, names=HOST | HEAVY)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_the_core_imports_no_host_and_nothing_heavy():
    # Users do not have jaxtyping, so the core must do without it.
    result = run_probe("sys.modules['jaxtyping'] = None")
    assert result.returncode == 0, result.stderr


def test_the_probe_can_fail():
    result = run_probe("sys.modules['comfy'] = sys")
    assert result.returncode != 0 and "imported: comfy" in result.stderr
    result = run_probe("os.environ['HF_ENDPOINT'] = 'changed'")
    assert result.returncode != 0 and "import changed the process" in result.stderr
