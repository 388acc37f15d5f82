"""The report as one HTML file: no network, no script, light and dark."""

import base64
import os
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from .forms import is_inside
from .page_style import STYLE
from .protocol import COLUMNS, Column, title_of
from .summary import Run
from .tables import (
    Summary,
    epe_note,
    floor_of,
    format_figure,
    heading,
    published_shown,
    run_notes,
    same_table,
    shown_columns,
)

_MOST_CARDS = 200
_MOST_TRACKS = 12
_MAX_PICTURE_BYTES = 2**20


def report_page(runs: Sequence[Run], summaries: Sequence[Summary], place: Path) -> str:
    """Make the report.

    Args:
        runs, summaries: of the same runs in the same order.
        place: where the file will be; links to overlay videos are relative to it.

    Returns:
        HTML with pictures inside; captions and names from files stay text.
    """
    by_name = {id(summary): run for run, summary in zip(runs, summaries, strict=True)}
    sections = []
    for table in same_table(summaries):
        there = [by_name[id(summary)] for summary in table]
        sections += [
            f"<section><h2>{escape(heading(table[0]))}</h2>",
            _main_table(table),
            "".join(f"<p class=note>{escape(note)}</p>" for note in _notes(table)),
            _groups(table),
            _clips(there, table, place),
            "</section>",
        ]
    return (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width, initial-scale=1">'
        '<meta name=color-scheme content="light dark">'
        f"<title>wanmove bench</title><style>{STYLE}</style>"
        f"<main><h1>wanmove bench</h1>{''.join(sections)}</main></html>\n"
    )


def _notes(table: Sequence[Summary]) -> list[str]:
    notes = [note for summary in table for note in run_notes(summary)]
    notes.append(
        "In brackets: 95 % interval over clips. After it: clips with the figure of clips asked. "
        "Floor: the true video against its own re-encoding, and for track EPE the same tracker on "
        "the true video; no model is better. FID and FVD depend on the number of clips: compare "
        "equal numbers only."
    )
    return [*notes, *epe_note(table)]


def _main_table(table: Sequence[Summary]) -> str:
    columns = shown_columns(table)
    head = _head(columns, table[0])
    rows = []
    for summary in table:
        cells = "".join(
            _cell(column, summary["figures"].get(column.key), summary["asked"])
            for column in columns
        )
        rows.append(f"<tr><th scope=row>{escape(summary['name'])}{cells}")
    floor = floor_of(table)
    cells = "".join(_cell(column, floor.get(column.key), None) for column in columns)
    rows.append(f"<tr class=floor><th scope=row>floor{cells}")
    for published in published_shown(table):
        cells = "".join(_published_cell(column, published["figures"]) for column in columns)
        clips = f", {published['clips']} clips" if published["clips"] else ""
        rows.append(
            f"<tr class=published><th scope=row>published: {escape(published['name'])}"
            f"<small>{escape(published['source'])}{clips}</small>{cells}"
        )
    return f"<div class=wide><table><thead><tr><th>run{head}<tbody>{''.join(rows)}</table></div>"


def _head(columns: Sequence[Column], summary: Summary) -> str:
    return "".join(
        f"<th scope=col>{escape(title_of(column, summary['protocol']['name']))} "
        f"{'&uarr;' if column.better > 0 else '&darr;'}<small>{escape(column.unit)}</small>"
        for column in columns
    )


def _cell(column: Column, figure: dict[str, float] | None, asked: int | None) -> str:
    text = format_figure(column, figure, asked)
    value, _, rest = text.partition(" ")
    return f"<td>{escape(value)}<small>{escape(rest)}</small>"


def _published_cell(column: Column, figures: dict[str, float]) -> str:
    value = figures.get(column.key)
    return f"<td>{'-' if value is None else f'{value:.{column.digits}f}'}"


def _groups(table: Sequence[Summary]) -> str:
    """A row per group and run: which kinds of clips are hard."""
    names = sorted({name for summary in table for name in summary["groups"]})
    if len(names) < 2:
        return ""
    columns = [column for column in shown_columns(table) if not column.over_set]
    head = _head(columns, table[0])
    rows = []
    for name in names:
        for summary in table:
            group = summary["groups"].get(name)
            if group is None:
                continue
            cells = "".join(
                _cell(column, group["figures"].get(column.key), group["clips"])
                for column in columns
            )
            rows.append(
                f"<tr><th scope=row>{escape(name)}<th scope=row>{escape(summary['name'])}{cells}"
            )
    return (
        f"<details><summary>{len(names)} groups</summary><div class=wide><table><thead><tr>"
        f"<th>group<th>run{head}<tbody>{''.join(rows)}</table></div></details>"
    )


def _clips(runs: Sequence[Run], table: Sequence[Summary], place: Path) -> str:
    """Clips, worst first by the first run that has them: cards, then rows."""
    by_id: dict[str, list[tuple[Run, Path, dict[str, Any]]]] = {}
    for run in runs:
        for folder, record in run.scores:
            by_id.setdefault(record["id"], []).append((run, folder, record))
    order = sorted(by_id, key=lambda name: (_badness(by_id[name]), name), reverse=True)
    cards = [_card(name, by_id[name], place) for name in order[:_MOST_CARDS]]
    rest = [_row(by_id[name], table) for name in order[_MOST_CARDS:]]
    more = ""
    if rest:
        head = "".join(f"<th>{escape(c.title)}" for c in shown_columns(table) if not c.over_set)
        more = (
            f"<details><summary>{len(rest)} better clips</summary><div class=wide><table><thead>"
            f"<tr><th>clip<th>run{head}<tbody>{''.join(rest)}</table></div></details>"
        )
    return f"<h3>Clips, worst first</h3><div class=cards>{''.join(cards)}</div>{more}"


def _badness(entries: Sequence[tuple[Run, Path, dict[str, Any]]]) -> tuple[float, float, float]:
    """Track EPE, then flow EPE, then what PSNR lacks, the worst of the runs."""
    figures = [record["figures"] for _, _, record in entries]
    flow = [f.get("flow_epe", f.get("flow_dis_epe", -1.0)) for f in figures]
    lacking = max(-f.get("psnr", 0.0) for f in figures)
    return max(f.get("track_epe", -1.0) for f in figures), max(flow), lacking


def _card(
    name: str,
    entries: Sequence[tuple[Run, Path, dict[str, Any]]],
    place: Path,
) -> str:
    caption = entries[0][2].get("caption") or ""
    parts = [f"<article><h4>{escape(name)}</h4>"]
    if caption:
        parts.append(f"<p class=caption dir=auto>{escape(caption)}</p>")
    for run, folder, record in entries:
        seed = run.description.get("seed")
        told = "" if seed is None else f", seed {seed + record['position']}"
        parts.append(f"<h5>{escape(run.name)}{told}</h5>")
        parts.append(_pictures(folder, record, place))
        figures = (
            f"<div><dt>{escape(column.title)}<dd>{record['figures'][column.key]:.{column.digits}f}"
            "</div>"
            for column in COLUMNS
            if column.key in record["figures"]
        )
        parts.append(f"<dl>{''.join(figures)}</dl>{_tracks(record)}")
    return "".join(parts) + "</article>"


def _pictures(folder: Path, record: dict[str, Any], place: Path) -> str:
    pictures = record.get("pictures") or {}
    strip = _data_url(folder, pictures.get("strip"))
    image = f'<img alt="frames from first to last" src="{strip}">' if strip else ""
    overlay = pictures.get("overlay")
    if not overlay or not _inside(folder, overlay):
        return image
    link = os.path.relpath(folder / overlay, place.absolute().parent).replace(os.sep, "/")
    return f'{image}<p><a href="{escape(link)}">video: asked green, got pink</a></p>'


def _data_url(folder: Path, name: str | None) -> str | None:
    if not name or not _inside(folder, name):
        return None
    path = folder / name
    if not path.is_file() or path.stat().st_size > _MAX_PICTURE_BYTES:
        return None
    return "data:image/jpeg;base64," + base64.b64encode(path.read_bytes()).decode()


def _inside(folder: Path, name: str) -> bool:
    """A record may come from elsewhere; its paths must stay in its run."""
    return is_inside(name) and (folder / name).resolve().is_relative_to(folder.resolve())


def _tracks(record: dict[str, Any]) -> str:
    rows = record.get("per_track") or []
    if not rows:
        return ""
    keys = ("track", "mean", "last", "max", "worst_frame", "lost")
    head = "".join(f"<th>{key.replace('_', ' ')}" for key in keys)
    lines = [
        "<tr>" + "".join(f"<td>{escape(str(row.get(key, '')))}" for key in keys)
        for row in rows[:_MOST_TRACKS]
    ]
    more = (
        f"<p>... and {len(rows) - _MOST_TRACKS} better ones</p>" if len(rows) > len(lines) else ""
    )
    return (
        f"<details><summary>{len(rows)} tracks, px</summary><table><thead><tr>{head}"
        f"<tbody>{''.join(lines)}</table>{more}</details>"
    )


def _row(entries: Sequence[tuple[Run, Path, dict[str, Any]]], table: Sequence[Summary]) -> str:
    rows = []
    for run, _, record in entries:
        cells = "".join(
            f"<td>{record['figures'][c.key]:.{c.digits}f}"
            if c.key in record["figures"]
            else "<td>-"
            for c in shown_columns(table)
            if not c.over_set
        )
        rows.append(f"<tr><th>{escape(record['id'])}<th>{escape(run.name)}{cells}")
    return "".join(rows)
