"""How much to take along with a drawn path: the figures behind the Draw tool's ring.

One path per object of held-out scenes, drawn as a person would: from the object's middle, along
its true motion. What else moves is one point, a ring of 1, 2 or 3 latent cells shifted with the
path, or the whole region by its exact tracks. Measured is the end-point error of the object's
points, in cells, on the small model; every row has the same scenes and the same noise.

    python -m benchmarks.ring [--scenes N] [--steps N] [--out FILE]
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.motion_control import interval
from benchmarks.toy_scenes import (
    TestScene,
    exact_tracks,
    first_tracks,
    generate,
    load_toy,
    make_test_scenes,
    measure,
)
from wanmove_core import Tracks, concat_tracks, project_tracks, replicate_first_frame
from wanmove_core.document.sampling import sample_document
from wanmove_core.document.schema import EditorDocument, EditorTrack, Knot, Spread

CELL = 8  # pixels
RINGS = (1, 2, 3)
_FIRST_RING, _FIRST_POINTS = 2, 7  # as web/js/editor/input/ring.js


def ring_offsets(cells: int, size: tuple[int, int]) -> np.ndarray:
    """Where the editor's disc of that many cells puts its points, around 0."""
    count = max(_FIRST_POINTS, round(_FIRST_POINTS * (cells / _FIRST_RING) ** 2))
    spread = Spread("disc", count=count, size=2 * CELL * cells)
    track = EditorTrack("ring", "polyline", (Knot(0.0, 0.0),), spread=spread)
    document = EditorDocument(*size, num_frames=1, tracks=(track,))
    return sample_document(document).positions[0].numpy()


def middles(test: TestScene) -> np.ndarray:
    """Per object that is measured, the measured point nearest to the middle of them, [N, 2]."""
    points = test.tracks.positions[0, : test.on_object].numpy()
    owner = test.scene.owner(points)
    found = []
    for index in np.unique(owner):
        mine = points[owner == index]
        found.append(mine[np.linalg.norm(mine - mine.mean(0), axis=1).argmin()])
    return np.array(found)


def drawn(test: TestScene, cells: int) -> Tracks:
    """The paths of the objects, each with its ring; one point where `cells` is 0."""
    width, height = test.grid.width, test.grid.height
    paths = exact_tracks(test.scene, middles(test))
    if cells == 0:
        return paths
    parts = []
    for index in range(paths.num_points):
        path = paths.positions[:, index : index + 1]
        places = path + torch.from_numpy(ring_offsets(cells, (width, height)))
        start = places[0]
        inside = (start >= 0).all(-1) & (start < torch.tensor([width, height])).all(-1)
        places = places[:, inside]
        parts.append(Tracks(places, paths.visibility[:, index, None].expand(places.shape[:2])))
    return concat_tracks(parts)


def region(test: TestScene) -> Tracks:
    """Exact tracks of the objects themselves, a point in every cell and between."""
    width, height = test.grid.width, test.grid.height
    x, y = np.meshgrid(np.arange(2, width, CELL / 2), np.arange(2, height, CELL / 2))
    points = np.stack([x.ravel(), y.ravel()], -1)
    wanted = np.unique(test.scene.owner(middles(test)))
    return exact_tracks(test.scene, points[np.isin(test.scene.owner(points), wanted)])


def guided(test: TestScene, tracks: Tracks) -> Tensor:
    """The conditioning latent that the tracks make."""
    cells, visible = project_tracks(tracks, test.grid)
    return replicate_first_frame(test.latent, cells, visible)


def line(entry: dict[str, Any], one: dict[str, Any]) -> str:
    """A row of the table; differences are taken scene by scene."""
    less = [a - b for a, b in zip(one["object"], entry["object"], strict=True)]
    told = ["{:.2f} ± {:.2f}".format(*interval(v)) for v in (entry["object"], less)]
    told[1] = "" if entry is one else told[1]
    told.append("{:.2f} ± {:.2f}".format(*interval(entry["background"])))
    return f"| {entry['name']} | {entry['points']:.0f} | {' | '.join(told)} |"


def run(count: int, steps: int, out: Path | None) -> list[dict[str, Any]]:
    """Measure every row and print it as it is done."""
    model, vae = load_toy()
    scenes = make_test_scenes(vae, count)
    points = sum(test.on_object for test in scenes)
    print(f"{count} scenes, {steps} steps, {points} measured points on objects; 95 % intervals\n")
    head = ("along with the path", "points a scene", "object EPE, cells")
    head += ("less than with one point", "background EPE, cells")
    print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}", flush=True)
    rows = {"one point": [drawn(test, 0) for test in scenes]}
    rows |= {f"ring of {n}": [drawn(test, n) for test in scenes] for n in RINGS}
    rows["the region"] = [region(test) for test in scenes]
    rows["nothing drawn"] = [first_tracks(test.tracks, 0) for test in scenes]
    entries: list[dict[str, Any]] = []
    for name, tracks in rows.items():
        latents = [guided(test, own) for test, own in zip(scenes, tracks, strict=True)]
        figures = measure(generate(model, vae, latents, steps=steps), scenes)
        entry: dict[str, Any] = {"name": name}
        entry["points"] = float(np.mean([own.num_points for own in tracks]))
        for kind in ("object", "background"):
            entry[kind] = [value / CELL for value in figures[kind]]
        entries.append(entry)
        print(line(entry, entries[0]), flush=True)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        found = {"scenes": count, "steps": steps, "rows": entries}
        out.write_text(json.dumps(found, indent=1) + "\n")
    return entries


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=int, default=12, help="2 or more (default 12)")
    parser.add_argument("--steps", type=int, default=8, help="of the sampler (default 8)")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--out", type=Path, help="JSON with the figures of every scene")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    run(args.scenes, args.steps, args.out)


if __name__ == "__main__":
    main()
