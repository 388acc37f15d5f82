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
    """

    file: Path
    title: str
    caption: str


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
class Page:
    """The content of the page, as plain text; a note may be empty.

    Args:
        title, lead: at the top.
        note: a warning sentence, or "".
        panels, figures: in order.
        command: the command line that makes the video again.
        settings: all settings of the video.
        size: (width, height) of the videos.
    """

    title: str
    lead: str
    note: str
    panels: Sequence[Panel]
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
        panels="\n".join(_panel(panel) for panel in page.panels),
        figures="\n".join(_figure(figure) for figure in page.figures),
        command=html.escape(page.command),
        settings=html.escape(json.dumps(page.settings, indent=2, ensure_ascii=False)),
        aspect=f"{page.size[0]} / {page.size[1]}",
    )


def _panel(panel: Panel) -> str:
    kind = _TYPES[panel.file.suffix]
    data = base64.b64encode(panel.file.read_bytes()).decode()
    label = html.escape(panel.title, quote=True)
    if kind.startswith("video"):
        media = (
            f'<video src="data:{kind};base64,{data}" autoplay loop muted playsinline '
            f'aria-label="{label}"></video>'
        )
    else:
        media = f'<img src="data:{kind};base64,{data}" alt="{label}">'
    caption = f"<b>{html.escape(panel.title)}</b>{html.escape(panel.caption)}"
    return f"<figure>{media}<figcaption>{caption}</figcaption></figure>"


def _figure(figure: Figure) -> str:
    kind = ' class="lead"' if figure.lead else ""
    return (
        f"<div{kind}><dt>{html.escape(figure.label)}</dt><dd>{html.escape(figure.value)}</dd></div>"
    )
