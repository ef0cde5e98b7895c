"""The page around the sections: its head, its figures, its tables.

Example: `page("Title", [section("IC test", table(("", "ours"), [("mean", "9.1%")]))])`.
"""

from collections.abc import Mapping, Sequence
from html import escape

import plotly.graph_objects as go
from plotly.io.json import to_json_plotly
from plotly.offline import get_plotlyjs

from alphanet_pl.evaluation.report.style import PRINT, STYLE

_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
)
"""The browser itself refuses whatever the page might ask of a network."""

_CONFIG = {
    "responsive": True,
    "displaylogo": False,
    "modeBarButtons": [["toImage", "zoom2d", "pan2d", "resetScale2d"]],
}


def page(title: str, sections: Sequence[str]) -> str:
    """A whole page as text.

    Args:
        title: Of the window, and the first heading.
        sections: HTML of each.
    """
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{escape(title)}</title><link rel='icon' href='data:,'>"
        f"<style>{STYLE}</style><script>{get_plotlyjs()}</script></head>"
        f"<body><h1>{escape(title)}</h1>{''.join(sections)}<script>{PRINT}</script>"
        "</body></html>\n"
    )


def section(title: str, *parts: str) -> str:
    """A heading and what stands under it."""
    return f"<section><h2>{escape(title)}</h2>{''.join(parts)}</section>"


def paragraph(text: str) -> str:
    """A paragraph; nothing for an empty text."""
    return f"<p>{escape(text)}</p>" if text else ""


def figure(drawn: go.Figure, name: str) -> str:
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
    arguments = ", ".join(to_json_plotly(part) for part in (content["data"], layout, _CONFIG))
    return (
        f"<figure><figcaption>{escape(caption)}</figcaption><div id='figure-{name}'></div>"
        f"<script>Plotly.newPlot('figure-{name}', {arguments});</script></figure>"
    )


def table(
    header: Sequence[str], rows: Sequence[Sequence[str]], title: str = "", *, text: bool = False
) -> str:
    """A table; wider than the screen, it scrolls inside its box.

    Args:
        header: A cell a column; the first column names the rows.
        rows: Cells of each.
        title: Said above it.
        text: Its cells are words, not numbers.
    """
    kind = " class='text'" if text else ""
    head = "".join(f"<th scope='col'>{escape(cell)}</th>" for cell in header)
    body = "".join(
        f"<tr><th scope='row'>{escape(row[0])}</th>"
        + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    heading = f"<h3>{escape(title)}</h3>" if title else ""
    return (
        f"{heading}<div class='wide' tabindex='0'><table{kind}><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def cards(pairs: Sequence[tuple[str, str]]) -> str:
    """A row of (what, value) cards."""
    inside = "".join(
        f"<div class='card'><b>{escape(value)}</b><span>{escape(what)}</span></div>"
        for what, value in pairs
    )
    return f"<div class='cards'>{inside}</div>" if pairs else ""


def definitions(pairs: Mapping[str, str]) -> str:
    """A list of names and what they are."""
    items = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in pairs.items())
    return f"<dl>{items}</dl>"
