"""Summaries as a terminal table, JSON and CSV."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from .protocol import COLUMNS, SMOKE_CLIPS, Column, title_of
from .published import EPE_NOTE

Summary = dict[str, Any]


def same_table(summaries: Sequence[Summary]) -> list[list[Summary]]:
    """Group summaries that belong in one table: of one data set, protocol and weights."""
    tables: list[list[Summary]] = []
    for summary in summaries:
        for table in tables:
            first = table[0]
            shared = first["weights"].keys() & summary["weights"].keys()
            if (
                first["dataset"] == summary["dataset"]
                and first["protocol"] == summary["protocol"]
                and all(first["weights"][k] == summary["weights"][k] for k in shared)
            ):
                table.append(summary)
                break
        else:
            tables.append([summary])
    return tables


def heading(summary: Summary) -> str:
    """Make the lines above a table: the data set, and what the figures mean."""
    dataset, protocol = summary["dataset"], summary["protocol"]
    parts = [" ".join(filter(None, (dataset.get("kind"), dataset.get("variant"))))]
    if protocol["name"] == "movebench":
        parts.append("protocol movebench: SSIM over three axes, frame 0 counts")
    else:
        parts.append("protocol wanmove: SSIM of each channel, frame 0 does not count")
    parts.append(f"{protocol['frames']} frames" if protocol["frames"] else "all frames")
    if protocol["size"]:
        width, height = protocol["size"]
        parts.append(f"scaled to {width}x{height}")
    return " - ".join(parts)


def shown_columns(summaries: Iterable[Summary]) -> list[Column]:
    """The columns in which a run has a figure."""
    there = {key for summary in summaries for key in summary["figures"]}
    return [column for column in COLUMNS if column.key in there]


def floor_of(table: Sequence[Summary]) -> Summary:
    """The floor's figures; runs that differ by their seed share the one that was computed."""
    floor: Summary = {}
    for summary in table:
        floor = {**summary["floor"], **floor}
    return floor


def published_shown(table: Sequence[Summary]) -> list[dict[str, Any]]:
    """The published rows that have a figure in a column of the table."""
    keys = {column.key for column in shown_columns(table)}
    return [row for row in table[0]["published"] if keys & row["figures"].keys()]


def column_title(column: Column, summary: Summary) -> str:
    """Title with unit and which way is better."""
    arrow = "up" if column.better > 0 else "down"
    unit = f", {column.unit}" if column.unit else ""
    return f"{title_of(column, summary['protocol']['name'])} ({arrow}{unit})"


def format_figure(column: Column, figure: dict[str, float] | None, asked: int | None) -> str:
    """`1.23 [1.10, 1.35] 6/6`, or `-` where there is none."""
    if figure is None:
        return "-"
    text = f"{figure['mean']:.{column.digits}f}"
    if "low" in figure:
        text += f" [{figure['low']:.{column.digits}f}, {figure['high']:.{column.digits}f}]"
    count = int(figure["n"])
    text += f" {count}/{asked}" if asked is not None else f" n={count}"
    if column.key == "fvd" and count < SMOKE_CLIPS:
        text += " smoke"
    return text


def format_tables(summaries: Sequence[Summary]) -> str:
    """All tables for a terminal: a row a figure, a column a run, the floor, what is published."""
    lines: list[str] = []
    for table in same_table(summaries):
        first = table[0]
        columns = shown_columns(table)
        floor = floor_of(table)
        heads = ["", *(summary["name"] for summary in table), "floor"]
        published_beside = published_shown(table)
        heads += [f"published: {row['name']}" for row in published_beside]
        rows = [heads]
        for column in columns:
            row = [column_title(column, first)]
            row += [
                format_figure(column, summary["figures"].get(column.key), summary["asked"])
                for summary in table
            ]
            row.append(format_figure(column, floor.get(column.key), None))
            for published in published_beside:
                value = published["figures"].get(column.key)
                row.append("-" if value is None else f"{value:.{column.digits}f}")
            rows.append(row)
        lines += [heading(first), *_aligned(rows), *_notes(table), ""]
    return "\n".join(lines)


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _notes(table: Sequence[Summary]) -> list[str]:
    notes = [note for summary in table for note in run_notes(summary)]
    return [*notes, *epe_note(table)]


def epe_note(table: Sequence[Summary]) -> list[str]:
    """State what is unknown about the published EPE, if the table shows it."""
    beside = any("flow_epe" in row["figures"] for row in published_shown(table))
    there = any(column.key == "flow_epe" for column in shown_columns(table))
    return [EPE_NOTE] if beside and there else []


def run_notes(summary: Summary) -> list[str]:
    """Make the notes that belong to a run's figures."""
    notes = []
    name = summary["name"]
    if summary["track_epe_over_points"] is not None:
        notes.append(
            f"{name}: track EPE over the points of all clips "
            f"{summary['track_epe_over_points']:.2f} px (the table has the mean of clips)."
        )
    for metric, reasons in summary["missing"].items():
        told = "; ".join(f"{reason} ({count})" for reason, count in reasons.items())
        notes.append(f"{name}: {metric} is missing: {told}.")
    failed = summary["failed"]
    if failed:
        told = "; ".join(f"{entry['id']}: {entry['reason']}" for entry in failed[:5])
        more = f"; and {len(failed) - 5} more" if len(failed) > 5 else ""
        notes.append(f"{name}: {len(failed)} of {summary['asked']} not scored: {told}{more}")
    return notes


def format_csv(summaries: Sequence[Summary]) -> str:
    """One row per run and clip, with every figure that any clip has."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    keys = [column.key for column in COLUMNS]
    writer.writerow(["run", "protocol", "id", "group", "frames", *keys])
    for summary in summaries:
        for record in summary["clips"]:
            figures = record["figures"]
            cells = [_cell(summary["name"]), summary["protocol"]["name"], _cell(record["id"])]
            cells += [_cell(record.get("group") or ""), record["frames"]]
            writer.writerow([*cells, *(figures.get(key, "") for key in keys)])
    return stream.getvalue()


def _cell(text: str) -> str:
    """Escape a text that a spreadsheet would take for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
