"""The page around its parts: head, contents, figures, tables; one file that asks for no network.

Example: `page("Title", [part("IC test", table(shown(IC, ic_frame(evaluations))))])`.
"""

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, cast

import pandas as pd
import plotly.graph_objects as go
from jinja2 import Environment, PackageLoader
from markupsafe import Markup, escape
from plotly.io.json import to_json_plotly

from alphanet_pl.evaluation.report.formats import say

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_PLOTLY = "plotly-cartesian.min.js.gz"
_CODE = re.compile(r"`([^`]+)`")
_CONFIG = {
    "responsive": True,
    "displaylogo": False,
    "modeBarButtons": [["toImage", "zoom2d", "pan2d", "resetScale2d"]],
}


class Part(NamedTuple):
    """A part of a page; the top of the page has no title."""

    title: str
    content: Markup

    @property
    def id(self) -> str:
        """What the line of contents jumps to."""
        return re.sub(r"\W+", "-", self.title.lower()).strip("-")


def page(title: str, parts: Iterable[Part]) -> str:
    """A whole page as text.

    Args:
        title: Of the window, and the first heading.
        parts: From above; empty ones are left out.
    """
    filled = [part for part in parts if part.content]
    return _environment().get_template("page.html.j2").render(
        language=say("language"),
        title=title,
        parts=filled,
        contents=[part for part in filled if part.title],
        css=_beside("page.css"),
        js=_beside("page.js"),
        plotly=_plotly(),
    )  # fmt: skip


def part(title: str, *content: str) -> Part:
    """A heading and what stands under it."""
    return Part(title, Markup("").join(content))


def paragraph(text: str, *, lead: bool = False) -> Markup:
    """A paragraph; nothing for an empty text."""
    return _block("paragraph", text, lead) if text else Markup()


def figure(drawn: go.Figure, name: str) -> Markup:
    """A figure under its title.

    Args:
        drawn: The figure; its title becomes the caption, which wraps on a narrow screen.
        name: Its id, once on a page.
    """
    content = drawn.to_dict()
    layout = content["layout"]
    caption = layout.pop("title", {}).get("text", "")
    several = len(content["data"]) > 1
    layout |= {"showlegend": several, "margin": layout["margin"] | {"t": 34 if several else 8}}
    arguments = ", ".join(to_json_plotly(each) for each in (content["data"], layout, _CONFIG))
    return _block("figure", caption, name, arguments)


def table(cells: pd.DataFrame, title: str = "", *, text: bool = False) -> Markup:
    """A table of words, its index in the first column; nothing where it has no row.

    Args:
        cells: As written, see `tables.shown`.
        title: Said above it.
        text: Its cells are sentences, not figures.
    """
    rows = [[str(name), *row] for name, row in zip(cells.index, cells.to_numpy(), strict=True)]
    columns = [cells.index.name or "", *cells.columns]
    return _block("table", columns, rows, title, text) if rows else Markup()


def cards(pairs: Sequence[tuple[Any, str]]) -> Markup:
    """A row of (what, value) cards."""
    return _block("cards", pairs) if pairs else Markup()


def definitions(pairs: Mapping[str, str]) -> Markup:
    """A list of names and what they are."""
    return _block("definitions", pairs) if pairs else Markup()


def points(sentences: Sequence[str]) -> Markup:
    """A list of sentences; what stands in backticks is code."""
    return _block("points", sentences)


def folded(title: str, inside: str) -> Markup:
    """Something that is shown when its title is clicked."""
    return _block("folded", title, inside) if inside else Markup()


def _block(name: str, *arguments: Any) -> Markup:
    blocks = cast(ModuleType, _environment().get_template("blocks.html.j2").module)
    return Markup(str(getattr(blocks, name)(*arguments)).strip())


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("alphanet_pl.evaluation.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"dates": _unbroken, "code": _code}
    return made


def _unbroken(text: str) -> Markup:
    """Keep dates from breaking at their hyphens."""
    return Markup(_DATE.sub(r'<span class="date">\g<0></span>', str(escape(text))))


def _code(text: str) -> Markup:
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))


@cache
def _plotly() -> str:
    """Plotly's script as page.js unpacks it: bars, lines and maps of plotly.js 4.1.1, 0.7 MB of 5.

    The file is npm's plotly.js-cartesian-dist-min (MIT), packed by `gzip -9n`.
    """
    return base64.b64encode(Path(__file__).with_name(_PLOTLY).read_bytes()).decode()


@cache
def _beside(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
