"""Score a run: every clip once, a failed one does not stop the rest, done ones are kept."""

import logging
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import MediaError, WanMoveError
from ..media.video_writer import write_video
from ..shapes import Tensor
from .case import Case, DataSet
from .clips import asked_tracks, digest_of, read_clip, same_length_and_size, with_followed_tracks
from .compare import Followed, Tools, features_of, follow, per_track, picture_figures, track_figures
from .forms import SCORE, fits
from .masks import overlap
from .pictures import write_pictures
from .run_folder import RunFolder, write_features

_log = logging.getLogger("wanmove")

Progress = Callable[[int, int, str], None]
_PAIRED = ("psnr", "ssim", "lpips", "flow", "flow-dis", "fid", "fvd")


@dataclass(frozen=True)
class ScoreOptions:
    """What to compute and write besides the figures.

    Args:
        masks: folder of ID/ folders with label pictures found in the generated videos.
        floor: also score the reference against its own re-encoding.
        pictures: strips and overlay videos for the report.
    """

    masks: Path | None = None
    floor: bool = True
    pictures: bool = True


def score_run(
    dataset: DataSet,
    videos: Path,
    run: RunFolder,
    tools: Tools,
    options: ScoreOptions,
    *,
    progress: Progress | None = None,
) -> int:
    """Score the videos of a data set, or of a shard of it.

    Args:
        dataset: the clips.
        videos: folder of ID.mp4.
        run: where the scores go; clips that are done there already are passed over.
        tools, options: what to compute.
        progress: called with clips done, clips in all and a name; may raise to stop.

    Returns:
        How many clips could not be scored.
    """
    failed = 0
    for number, case in enumerate(dataset.cases):
        if progress is not None:
            progress(number, len(dataset.cases), case.id)
        try:
            score_case(case, videos / f"{case.id}.mp4", run, tools, options, kind=dataset.kind)
        # RuntimeError is what torch raises when memory runs out: the next clip may be shorter.
        except (WanMoveError, RuntimeError, OSError) as error:
            reason = (str(error) or type(error).__name__).splitlines()[0]
            _log.error("%s: %s", case.id, reason)
            run.fail(case.id, reason)
            failed += 1
    if progress is not None:
        progress(len(dataset.cases), len(dataset.cases), "")
    return failed


def score_case(
    case: Case, video: Path, run: RunFolder, tools: Tools, options: ScoreOptions, *, kind: str
) -> None:
    """Score one clip and write its records, unless they are there already.

    Raises:
        WanMoveError: a file that is missing, damaged, or does not fit the others.
    """
    if case.problem is not None:
        raise MediaError(case.problem)
    if kind == "DAVIS" and "track" in tools.metrics:
        case = with_followed_tracks(case, run.path / "tracks", tools.tracker)
    masks = options.masks / case.id if options.masks else None
    given: dict[str, Any] = {
        "video": digest_of(video),
        "reference": digest_of(case.reference),
        "tracks": digest_of(case.tracks),
        "visibility": digest_of(case.visibility),
        "asked_masks": digest_of(case.masks),
        "asked_boxes": digest_of(case.boxes),
        "masks": digest_of(masks if masks and masks.is_dir() else None),
        "kind": kind,
    }
    score = _Score(case, run, tools, given)
    if not score.done("scores", options.pictures):
        generated = read_clip(video)
        reference = read_clip(case.reference) if case.reference else None
        score.write(generated, reference, masks, pictures=options.pictures)
    if options.floor and case.reference is not None and not score.done("floor", False):
        score.write_floor(read_clip(case.reference))


@dataclass(frozen=True)
class _Score:
    """One clip's scoring: what is known of it before any frame is read."""

    case: Case
    run: RunFolder
    tools: Tools
    given: dict[str, Any]

    def done(self, part: str, pictures: bool) -> bool:
        """Is the record there, of the same files, protocol, weights and metrics?"""
        record = self.run.record(part, self.case.id)
        if record is None or not fits(record, SCORE):
            return False
        wanted, protocol = self.tools.weights(), self.tools.protocol.as_dict()
        same = record.get("protocol") == protocol and record.get("inputs") == self._inputs(part)
        weights = record.get("weights") or {}
        same = same and all(weights.get(key) == value for key, value in wanted.items())
        features = record.get("features") or {}
        files = [name for pair in features.values() for name in pair]
        drawn = list((record.get("pictures") or {}).values())
        return (
            same
            and set(self.tools.metrics) <= set(record.get("metrics") or [])
            and (bool(drawn) or not pictures)
            and all((self.run.path / name).is_file() for name in files + drawn)
        )

    def write(
        self, generated: Tensor, reference: Tensor | None, masks: Path | None, *, pictures: bool
    ) -> None:
        """Compute every figure of the clip and write its record."""
        record = self._record("scores", generated)
        missing: dict[str, str] = record["missing"]
        figures: dict[str, float] = record["figures"]
        if reference is not None:
            self._compare(record, generated, reference, self.given["video"])
        else:
            missing |= dict.fromkeys(self._asked(_PAIRED), "no true video")
        followed = None
        if self._asked(("track",)):
            followed = self._follow(record, generated, reference)
        if self._asked(("iou",)):
            record["overlap"] = _overlaps(self.case, masks, record["frames"], missing, figures)
        if pictures:
            record["pictures"] = write_pictures(self.run.path, self.case.id, generated, followed)
        self.run.write_record("scores", self.case.id, record)

    def write_floor(self, reference: Tensor) -> None:
        """Score the reference's own re-encoding: no generated file can be closer to it."""
        even = reference[:, : reference.shape[1] // 2 * 2, : reference.shape[2] // 2 * 2]
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "copy.mp4"
            write_video(copy, even.contiguous())
            again = read_clip(copy)
        record = self._record("floor", again)
        self._compare(record, again, even, f"{self.given['reference']}:re-encoded")
        self.run.write_record("floor", self.case.id, record)

    def _record(self, part: str, frames: Tensor) -> dict[str, Any]:
        return {
            "id": self.case.id,
            "position": self.case.position,
            "group": self.case.group,
            "caption": self.case.caption,
            "inputs": self._inputs(part),
            "protocol": self.tools.protocol.as_dict(),
            "weights": self.tools.weights(),
            "metrics": sorted(self.tools.metrics),
            "frames": min(len(frames), self.tools.protocol.frames or len(frames)),
            "size": [frames.shape[2], frames.shape[1]],
            "figures": {},
            "missing": {},
            "features": {},
        }

    def _inputs(self, part: str) -> dict[str, Any]:
        keys = self.given if part == "scores" else ("reference", "kind")
        return {key: self.given[key] for key in keys}

    def _asked(self, metrics: tuple[str, ...]) -> list[str]:
        return [metric for metric in metrics if metric in self.tools.metrics]

    def _compare(
        self, record: dict[str, Any], generated: Tensor, reference: Tensor, digest: str
    ) -> None:
        """Figures and features of two videos of one clip."""
        if not self._asked(_PAIRED):
            return
        protocol = self.tools.protocol
        made, true = same_length_and_size(
            generated, reference, self.case.id, frames=protocol.frames, size=protocol.size
        )
        record["frames"] = len(made)
        record["figures"] |= picture_figures(self.tools, made, true)
        for kind in self._asked(("fid", "fvd")):
            record["features"][kind] = [
                self._keep_features(kind, made, digest),
                self._keep_features(kind, true, str(self.given["reference"])),
            ]

    def _keep_features(self, kind: str, frames: Tensor, digest: str) -> str:
        """Compute a clip's features unless they are there; returns their file in the run."""
        settings = "|".join(f"{k}={v}" for k, v in self.tools.protocol.as_dict().items())
        weights = self.tools.extractors[kind].digest
        path = self.run.feature_path(kind, digest, weights, settings, str(len(frames)))
        if not path.is_file():
            write_features(path, features_of(self.tools, kind, frames).astype(np.float32))
        return path.relative_to(self.run.path).as_posix()

    def _follow(
        self, record: dict[str, Any], generated: Tensor, reference: Tensor | None
    ) -> Followed | None:
        """Track EPE, and what the same tracker misses on the true video."""
        if self.case.tracks is None:
            record["missing"]["track"] = "no tracks"
            return None
        size = (generated.shape[2], generated.shape[1])
        asked = asked_tracks(self.case, size, len(generated))
        count = min(len(generated), self.tools.protocol.frames or len(generated))
        asked = type(asked)(asked.positions[:count], asked.visibility[:count])
        followed = follow(self.tools, generated[:count], asked)
        if not followed.error.counted.any():
            record["missing"]["track"] = "no track is visible after the first frame"
            return None
        record["figures"] |= track_figures(followed)
        record["points"] = int(followed.error.counted.sum())
        record["per_track"] = per_track(followed)
        if self.case.retime == "cut":
            record["missing"]["track floor"] = "the request is this tracker's own"
        elif reference is not None and reference.shape[1:] == generated.shape[1:]:
            true = reference[:count]
            part = type(asked)(asked.positions[: len(true)], asked.visibility[: len(true)])
            floor = track_figures(follow(self.tools, true, part))
            record["track_floor"] = floor
        return followed


def _overlaps(
    case: Case,
    masks: Path | None,
    frames: int,
    missing: dict[str, str],
    figures: dict[str, float],
) -> dict[str, int]:
    """Mask and box IoU of a clip; what was counted."""
    if masks is None or not masks.is_dir():
        missing["iou"] = "no masks of the generated video; give --masks"
        return {}
    if case.masks is None and case.boxes is None:
        missing["iou"] = "no masks or boxes in the data set"
        return {}
    counted = {}
    if case.masks is not None:
        found = overlap(case.masks, masks, frames)
        figures["mask_iou"], counted["mask_iou"] = found.mean, found.counted
    boxes = case.boxes or case.masks
    assert boxes is not None
    found = overlap(boxes, masks, frames, boxes=True)
    figures["box_iou"], counted["box_iou"] = found.mean, found.counted
    return counted
