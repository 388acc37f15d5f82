"""One page, one file: pictures and videos side by side, with their figures."""

import base64
import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

_TYPES = {".mp4": "video/mp4", ".png": "image/png"}


@dataclass(frozen=True)
class Panel:
    """A picture or video of the page.

    Args:
        file: .png or .mp4; its content goes into the page.
        title: a few words.
        caption: one sentence.
        over: a video that is shown in its place while "Show the paths" is on.
    """

    file: Path
    title: str
    caption: str
    over: Path | None = None


@dataclass(frozen=True)
class Figure:
    """A number of the page.

    Args:
        label: what it is.
        value: with its unit.
        lead: whether it is the main figure.
    """

    label: str
    value: str
    lead: bool = False


@dataclass(frozen=True)
class Row:
    """One request and what came of it, side by side.

    Args:
        title: a few words.
        caption: one sentence.
        panels, figures: in order.
    """

    title: str
    caption: str
    panels: Sequence[Panel]
    figures: Sequence[Figure] = ()


@dataclass(frozen=True)
class Page:
    """The content of the page, as plain text; a note may be empty.

    Args:
        title, lead: at the top.
        note: a warning sentence, or "".
        rows, figures: in order.
        command: the command line that makes the video again.
        settings: all settings of the video.
        size: (width, height) of the videos.
    """

    title: str
    lead: str
    note: str
    rows: Sequence[Row]
    figures: Sequence[Figure]
    command: str
    settings: dict[str, Any]
    size: tuple[int, int]


def render_page(page: Page) -> str:
    """Write the page as HTML that needs no other file."""
    template = Template(Path(__file__).with_name("page.html").read_text(encoding="utf-8"))
    return template.substitute(
        title=html.escape(page.title),
        lead=html.escape(page.lead),
        note=f'<p class="note">{html.escape(page.note)}</p>' if page.note else "",
        rows="\n".join(_row(row) for row in page.rows),
        figures="\n".join(_figure(figure) for figure in page.figures),
        command=html.escape(page.command),
        settings=html.escape(json.dumps(page.settings, indent=2, ensure_ascii=False)),
        aspect=f"{page.size[0]} / {page.size[1]}",
    )


def _row(row: Row) -> str:
    panels = "\n".join(_panel(panel) for panel in row.panels)
    figures = "\n".join(_figure(figure) for figure in row.figures)
    return (
        f"<section><h2>{html.escape(row.title)}</h2><p>{html.escape(row.caption)}</p>"
        f'<dl class="errors">{figures}</dl><div class="panels">{panels}</div></section>'
    )


def _panel(panel: Panel) -> str:
    label = html.escape(panel.title, quote=True)
    if panel.over is None:
        media = _media(panel.file, label)
    else:
        paths = html.escape(f"{panel.title}, with the paths", quote=True)
        media = _media(panel.file, label, "plain") + _media(panel.over, paths, "over")
    caption = f"<b>{html.escape(panel.title)}</b>{html.escape(panel.caption)}"
    return f"<figure>{media}<figcaption>{caption}</figcaption></figure>"


def _media(file: Path, label: str, kind: str = "") -> str:
    """A picture or video with its content; `label` is escaped."""
    media = _TYPES[file.suffix]
    data = base64.b64encode(file.read_bytes()).decode()
    named = f' class="{kind}"' if kind else ""
    if media.startswith("video"):
        return (
            f'<video{named} src="data:{media};base64,{data}" autoplay loop muted playsinline '
            f'aria-label="{label}"></video>'
        )
    return f'<img{named} src="data:{media};base64,{data}" alt="{label}">'


def _figure(figure: Figure) -> str:
    kind = ' class="lead"' if figure.lead else ""
    return (
        f"<div{kind}><dt>{html.escape(figure.label)}</dt><dd>{html.escape(figure.value)}</dd></div>"
    )
