"""report.html: one self-contained page made from an evaluation; it asks no network for anything."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from alphanet_pl.evaluation.figures import (
    cumulative_rank_ic,
    rank_ic_by_section,
    rank_ic_decay,
    style_exposures,
)
from alphanet_pl.evaluation.schema import Evaluation, ICSummary
from alphanet_pl.files import write_text

_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #1f2933; max-width: 60rem; margin: 2rem auto;
  padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: .2rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
.lead { color: #52606d; margin-top: 0; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .8rem; }
.card { border: 1px solid #e4e7eb; border-radius: .5rem; padding: .7rem .9rem; }
.card b { display: block; font-size: 1.45rem; } .card span { color: #52606d; font-size: .85rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .3rem .6rem; border-bottom: 1px solid #e4e7eb; }
th:first-child, td:first-child { text-align: left; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; font-size: .9rem; }
dd { margin: 0; overflow-wrap: anywhere; } dt { color: #52606d; }
@media print { .figure { break-inside: avoid; } }
"""


def write_report(evaluation: Evaluation, path: Path) -> None:
    """Write the page of one evaluation, aside and renamed."""
    write_text(path, render(evaluation))


def render(evaluation: Evaluation) -> str:
    """The page as text."""
    title = f"AlphaNet-{evaluation['variant']}: out-of-sample factor"
    parts = (_lead, _ic, _exposures, _drops, _provenance)
    body = [f"<h1>{escape(title)}</h1>", *(part(evaluation) for part in parts)]
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{escape(title)}</title><link rel='icon' href='data:,'>"
        f"<style>{_STYLE}</style><script>{get_plotlyjs()}</script></head>"
        f"<body>{''.join(body)}</body></html>\n"
    )


def _lead(evaluation: Evaluation) -> str:
    found = evaluation["provenance"] or {}
    lacks = "".join(f" {escape(sentence)}" for sentence in found.get("lacks", []))
    data = escape(str(found.get("data", "")))
    return (
        f"<p class='lead'>{evaluation['start']} to {evaluation['stop']}. {data}{lacks}</p>"
        f"{_cards(evaluation)}"
    )


def _cards(evaluation: Evaluation) -> str:
    ic = evaluation["ic"]
    if ic is None:
        return ""
    summary = ic["neutral"]["summary"]
    cards = [
        ("mean RankIC", _percent(summary["mean"])),
        ("ICIR, not annualised", _number(summary["icir"])),
        ("RankIC above 0", _percent(summary["positive_share"])),
        ("cross-sections", str(summary["n"])),
    ]
    if ic["achievable"] is not None:
        share = ic["achievable"]["share_reached"]
        cards.append(("of the achievable RankIC", _percent(share, 0)))
    inside = "".join(
        f"<div class='card'><b>{v}</b><span>{escape(k)}</span></div>" for k, v in cards
    )
    return f"<div class='cards'>{inside}</div>"


def _ic(evaluation: Evaluation) -> str:
    ic = evaluation["ic"]
    if ic is None:
        return ""
    summaries = {
        "industry and size neutral": ic["neutral"]["summary"],
        "raw": ic["raw"]["summary"],
    }
    if ic["achievable"] is not None:
        summaries["the truth, raw (best possible)"] = ic["achievable"]["summary"]
    note = (
        f"RankIC with the return over the next {ic['horizon']} sessions (label {ic['label']}, "
        f"next-day filter {ic['filter']}), every {ic['step']} sessions."
    )
    figures = (cumulative_rank_ic(ic), rank_ic_by_section(ic), rank_ic_decay(ic))
    years = ic["neutral"]["by_year"]
    return "".join(
        [
            f"<h2>IC test</h2><p>{escape(note)}</p>{_summaries('factor', summaries)}",
            *map(_figure, figures),
            f"<h2>By year, neutral factor</h2>{_summaries('year', years)}",
        ]
    )


def _summaries(head: str, rows: Mapping[str, ICSummary]) -> str:
    header = (head, "mean", "std", "ICIR", "> 0", "N", "t (Newey-West)")
    body = [
        (
            name,
            _percent(s["mean"]),
            _percent(s["std"]),
            _number(s["icir"]),
            _percent(s["positive_share"]),
            str(s["n"]),
            _number(s["newey_west_t"]),
        )
        for name, s in rows.items()
    ]
    return _table(header, body)


def _exposures(evaluation: Evaluation) -> str:
    found = evaluation["exposures"]
    if found is None:
        return ""
    before = found["before_projection"]
    header = ["style", "mean", "mean |.|", "N"]
    rows = [
        [name.replace("_", " "), _number(s["mean"]), _number(s["mean_absolute"]), str(s["n"])]
        for name, s in found["styles"].items()
    ]
    note = "Rank correlation of the factor with each Barra style, over the sections that have it."
    if before is not None:
        header.append("mean |.| before projection")
        for row, style in zip(rows, before.values(), strict=True):
            row.append(_number(style["mean_absolute"]))
    return (
        f"<h2>Style exposures</h2><p>{note}</p>{_figure(style_exposures(found))}"
        f"{_table(header, rows)}"
    )


def _drops(evaluation: Evaluation) -> str:
    drops = (evaluation["provenance"] or {}).get("drops", {})
    if not drops:
        return ""
    rows = [(name.replace("_", " "), f"{count:,}") for name, count in drops.items()]
    return f"<h2>Drop ledger</h2>{_table(('stock-days of the panel', 'count'), rows)}"


def _provenance(evaluation: Evaluation) -> str:
    found: Mapping[str, Any] = evaluation["provenance"] or {}
    settings = _flat(found.get("settings", {}))
    versions = ", ".join(f"{k} {v}" for k, v in found.get("versions", {}).items())
    pairs = {
        "created": found.get("created"),
        "factor": found.get("factor"),
        "panel": f"{found.get('panel')} ({str(found.get('panel_fingerprint', ''))[:12]})",
        "git commit": found.get("git_commit") or "installed package",
        "versions": versions,
        **settings,
    }
    items = "".join(f"<dt>{escape(k)}</dt><dd>{escape(str(v))}</dd>" for k, v in pairs.items())
    return f"<h2>Parameters and provenance</h2><dl>{items}</dl>"


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, Mapping):
            out |= _flat(value, f"{prefix}{key}.")
        else:
            out[f"{prefix}{key}"] = value
    return out


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<div class='wide'><table><tr>{head}</tr>{body}</table></div>"


def _figure(figure: go.Figure) -> str:
    html = figure.to_html(
        full_html=False, include_plotlyjs=False, config={"responsive": True, "displaylogo": False}
    )
    return f"<div class='figure'>{html}</div>"


def _percent(value: float | None, digits: int = 2) -> str:
    known = value is not None and math.isfinite(value)
    return f"{100 * value:.{digits}f}%" if known else "-"  # type: ignore[operator]


def _number(value: float | None) -> str:
    known = value is not None and math.isfinite(value)
    return f"{value:.2f}" if known else "-"
