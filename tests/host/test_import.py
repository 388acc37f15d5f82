"""What loading the pack costs a ComfyUI that has loaded its own things."""

import json
import subprocess

import pytest

from tests.host.conftest import MISSING
from tests.host.server import PACK, find_host

LIMIT = 0.3  # seconds of CPU time
SCRIPT = """
import sys
host, pack = sys.argv[1:]
sys.path.insert(0, host)
sys.argv = ["import", "--cpu"]
import comfy.options
comfy.options.enable_args_parsing()
import utils.extra_config  # before another package of that name
import asyncio, importlib.util, json, time
import nodes, server, comfy.sd, comfy.samplers, comfy.clip_vision, comfy_api.latest
before = set(sys.modules)
begin = time.process_time()
spec = importlib.util.spec_from_file_location("pack", pack + "/__init__.py",
                                              submodule_search_locations=[pack])
module = importlib.util.module_from_spec(spec)
sys.modules["pack"] = module
spec.loader.exec_module(module)
extension = asyncio.run(module.comfy_entrypoint())
listed = asyncio.run(extension.get_node_list())
spent = time.process_time() - begin
new = {name.split(".")[0] for name in set(sys.modules) - before}
cuda = sys.modules["torch"].cuda.is_initialized()
print(json.dumps({"seconds": spent, "new": sorted(new), "nodes": len(listed), "cuda": cuda}))
"""


def test_import_is_cheap_and_touches_no_gpu() -> None:
    found = find_host()
    if found is None:
        pytest.skip(MISSING)
    host, python = found
    command = [python, "-c", SCRIPT, host, PACK]
    done = subprocess.run(
        command, check=False, cwd=host, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["nodes"] >= 15 and not told["cuda"]
    assert not {"cv2", "diffusers", "av", "gguf"} & set(told["new"]), told
    assert told["seconds"] < LIMIT, told
