"""Scores of a run, or of its shards together, as means with intervals, for the reports."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import MediaError, OptionError
from .forms import SCORE, fits
from .frechet import Gaussian, fit_gaussian, frechet_distance
from .intervals import bootstrap_interval
from .protocol import COLUMNS
from .published import published_rows
from .run_folder import RunFolder, check_same, read_features

_TRACK_KEYS = ("track_epe", "track_last", "track_per_distance", "track_lost")


@dataclass(frozen=True)
class Run:
    """A run's records, in the order of the data set.

    Args:
        name: what the tables call it.
        description: its run.json.
        folders: where its parts are; more than one when shards are put together.
        scores, floors: records with the folder that each is in.
        failures: asked clips without a score, and why.
    """

    name: str
    description: dict[str, Any]
    folders: tuple[Path, ...]
    scores: tuple[tuple[Path, dict[str, Any]], ...]
    floors: tuple[tuple[Path, dict[str, Any]], ...]
    failures: dict[str, str]

    @property
    def ids(self) -> set[str]:
        """Of the clips that have a score."""
        return {record["id"] for _, record in self.scores}

    def only(self, ids: set[str]) -> "Run":
        """The run with these clips alone."""
        description = {
            **self.description,
            "asked": [name for name in self.description["asked"] if name in ids],
        }
        scores, floors = (
            tuple(pair for pair in part if pair[1]["id"] in ids)
            for part in (self.scores, self.floors)
        )
        failures = {name: why for name, why in self.failures.items() if name in ids}
        return Run(self.name, description, self.folders, scores, floors, failures)


def load_run(folders: Sequence[Path], name: str | None = None) -> Run:
    """Read a run, or its shards as one run.

    Args:
        folders: that `bench score` wrote.
        name: of the run; the first folder's name by default.

    Raises:
        MediaError: a folder that holds no run.
        OptionError: shards of another protocol, data set or weights, or with a clip scored twice
            and differently.
    """
    runs = [RunFolder(path) for path in folders]
    descriptions = [run.read() for run in runs]
    for run, description in zip(runs[1:], descriptions[1:], strict=True):
        check_same(descriptions[0], description, str(runs[0].path), str(run.path))
    weights: dict[str, str] = {}
    for description in descriptions:
        weights |= description.get("weights") or {}
    asked = list(dict.fromkeys(i for d in descriptions for i in d.get("asked") or []))
    scores, floors = (_records(runs, part, asked, weights) for part in ("scores", "floor"))
    there = {record["id"] for _, record in scores}
    reasons: dict[str, str] = {}
    for run in runs:
        reasons |= run.failures()
    failures = {i: reasons.get(i, "not scored yet") for i in asked if i not in there}
    description = {**descriptions[0], "asked": asked, "weights": weights}
    paths = tuple(run.path for run in runs)
    return Run(name or runs[0].name, description, paths, scores, floors, failures)


def _records(
    runs: Sequence[RunFolder], part: str, asked: Sequence[str], weights: dict[str, str]
) -> tuple[tuple[Path, dict[str, Any]], ...]:
    found = []
    for ident in asked:
        records = [(run, record) for run in runs if (record := run.record(part, ident))]
        for run, record in records:
            if not fits(record, SCORE) or record["id"] != ident:
                raise MediaError(
                    f"{run.path / part / ident}.json must be a score of {ident}; got another "
                    "file. Remove it and score again."
                )
            check_same({"weights": weights}, {"weights": record.get("weights")}, "run.json", ident)
        if len({str(record["figures"]) for _, record in records}) > 1:
            raise OptionError(
                f"{ident} must be scored once; got different figures in "
                f"{' and '.join(str(run.path) for run, _ in records)}. Remove one."
            )
        if records:
            found.append((records[0][0].path, records[0][1]))
    return tuple(found)


def summarise(run: Run) -> dict[str, Any]:
    """Compute everything that a report shows of a run, as JSON values.

    Returns:
        `figures` of the run and `floor` of its data set, each by column as mean, low, high (95 %
        interval over clips, where it is a mean of clips) and n; `groups`; `published`; `clips`;
        `failed`; `missing`.
    """
    dataset = run.description["dataset"]
    records = [record for _, record in run.scores]
    floor_records = [record for _, record in run.floors]
    figures = _means([record["figures"] for record in records]) | _set_figures(run.scores)
    floor = _means([record["figures"] for record in floor_records]) | _set_figures(run.floors)
    floor |= _means([record.get("track_floor") or {} for record in records], _TRACK_KEYS)
    groups: dict[str, list[dict[str, float]]] = defaultdict(list)
    for record in records:
        groups[record.get("group") or ""].append(record["figures"])
    return {
        "name": run.name,
        "dataset": dataset,
        "protocol": run.description["protocol"],
        "weights": run.description["weights"],
        "asked": len(run.description["asked"]),
        "scored": len(records),
        "figures": figures,
        "track_epe_over_points": _over_points(records),
        "floor": floor,
        "groups": {
            name: {"clips": len(parts), "figures": _means(parts, interval=False)}
            for name, parts in sorted(groups.items())
            if name
        },
        "published": published_rows(dataset, run.description["protocol"]),
        "failed": [{"id": name, "reason": why} for name, why in run.failures.items()],
        "missing": _missing(records),
        "clips": records,
    }


def _means(
    parts: Iterable[dict[str, float]],
    keys: Iterable[str] = tuple(column.key for column in COLUMNS),
    *,
    interval: bool = True,
) -> dict[str, dict[str, float]]:
    """Means over clips; a clip without the figure is not counted, which n shows."""
    parts = list(parts)
    figures: dict[str, dict[str, float]] = {}
    for key in keys:
        values = [part[key] for part in parts if key in part]
        if not values:
            continue
        figures[key] = {"mean": float(np.mean(values)), "n": len(values)}
        if interval and len(values) > 1:
            low, high = bootstrap_interval(values)
            figures[key] |= {"low": low, "high": high}
    return figures


def _over_points(records: list[dict[str, Any]]) -> float | None:
    """Track EPE over the points of all clips, where clips with many tracks count more."""
    pairs = [
        (record["figures"]["track_epe"], record["points"])
        for record in records
        if "track_epe" in record["figures"] and record.get("points")
    ]
    if not pairs:
        return None
    values, counts = zip(*pairs, strict=True)
    return float(np.average(values, weights=counts))


def _set_figures(records: Sequence[tuple[Path, dict[str, Any]]]) -> dict[str, dict[str, float]]:
    """FID and FVD: distances between all clips on the one side and all on the other."""
    figures: dict[str, dict[str, float]] = {}
    for kind in ("fid", "fvd"):
        pairs = [
            tuple(folder / name for name in record["features"][kind])
            for folder, record in records
            if kind in (record.get("features") or {})
        ]
        # One clip is one sample for FVD, and a covariance needs two.
        if len(pairs) >= 2:
            made, true = (_gaussian([pair[side] for pair in pairs]) for side in (0, 1))
            figures[kind] = {"mean": frechet_distance(made, true), "n": len(pairs)}
    return figures


def _gaussian(paths: list[Path]) -> Gaussian:
    return fit_gaussian(lambda: read_features(paths))


def _missing(records: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """Why figures are missing, and in how many clips."""
    reasons: dict[str, Counter[str]] = defaultdict(Counter)
    for record in records:
        for metric, reason in (record.get("missing") or {}).items():
            reasons[metric][reason] += 1
    return {metric: dict(counts) for metric, counts in sorted(reasons.items())}
