"""A sweep on the page of a comparison: its tables, heat map, training time and correlation."""

import re
from collections.abc import Callable, Sequence
from math import isfinite

import pandas as pd

from alphanet_pl.evaluation.paper import PRINTED
from alphanet_pl.evaluation.report.formats import number, percent, with_error
from alphanet_pl.evaluation.report.page import Part, figure, paragraph, part, table
from sweeps.configurations import Configuration, Spread, Sweep, over
from sweeps.figures import axis_of, coverage, has_grid, heat_map, points
from sweeps.measures import AHEAD


def sweep_section(sweep: Sweep) -> Part:
    """Everything of one sweep."""
    found = sweep.configurations
    axis = axis_of(found)
    name = re.sub(r"[^\w-]", "-", sweep.name)
    return part(
        f"Sweep {sweep.name}",
        paragraph(_note(sweep)),
        table(results(sweep)),
        figure(heat_map(found), f"{name}-heat") if has_grid(found) else "",
        figure(
            points(found, lambda one: one.val_rank_ic, "Validation RankIC", axis), f"{name}-val"
        ),
        *_after(sweep, axis, name),
        _speed(sweep),
        figure(
            points(found, lambda one: one.seconds_per_epoch, "Seconds an epoch", axis, ".3~g"),
            f"{name}-time",
        ),
        _pairs(sweep),
        figure(coverage(found, axis), f"{name}-pairs"),
    )


def sweep_table(sweep: Sweep) -> pd.DataFrame:
    """Its numbers: a row a configuration, means over seeds with their standard errors."""
    measures = ("val_rank_ic", "rank_ic", "top_excess", "volatility", "correlation",
                "seconds_per_epoch", "epochs")  # fmt: skip
    rows = []
    for one in sweep.configurations:
        row = {**one.point, "asof": one.asof, "n": one.n, "long_weight": one.long_weight,
               "seeds": len(one.records)}  # fmt: skip
        for name in measures:
            found: Spread = getattr(one, name)
            row |= {name: found.mean, f"{name}_error": found.error}
        row["rank_ic_of_mean"] = one.worth.together.rank_ic if one.worth else None
        rows.append(row | {"pairs_covered": one.covered, "pairs_expected": one.expected})
    return pd.DataFrame(rows)


def _note(sweep: Sweep) -> str:
    first = sweep.configurations[0]
    windows = sorted({one.asof for one in sweep.configurations})
    span = windows[0] if len(windows) == 1 else f"{windows[0]} to {windows[-1]}"
    seeds = sorted({len(one.records) for one in sweep.configurations})
    words = [
        f"Fits as of {span}, {' to '.join(map(str, seeds))} seed{'s' if seeds[-1] > 1 else ''} a "
        "configuration. After \u00b1 stands the standard error over seeds; one seed has none.",
    ]
    if sweep.simulated:
        words.append("The market is simulated: this shows that the code works.")
    if sweep.missing:
        words.append(f"{sweep.missing} trials are not finished and not counted.")
    if first.worth is not None:
        words.append(
            f"After the window means {first.worth.sections} cross-sections of the {AHEAD} sessions "
            "that begin with the as-of session, which no fit has seen: RankIC of the neutral "
            "scores, excess of the top layer over the pool from section to section before cost, "
            "and rank correlation with residual volatility. Few sections of one window: their own "
            "luck, shared by all configurations, is in no error bar."
        )
    return " ".join(words)


def results(sweep: Sweep) -> pd.DataFrame:
    """What each configuration is worth."""
    header = (
        "", "seeds", "validation RankIC", "RankIC after the window", "of the seeds' mean",
        "top layer, a section", "residual volatility",
    )  # fmt: skip
    rows = [
        [
            one.name,
            f"{len(one.records)} of {one.trials}",
            _cell(one.val_rank_ic),
            _cell(one.rank_ic),
            percent(one.worth.together.rank_ic) if one.worth else "-",
            _cell(one.top_excess),
            _plain(one.volatility),
        ]
        for one in sweep.configurations
    ]
    return _cells(header, rows)


def _after(sweep: Sweep, axis: str, name: str) -> list[str]:
    """Figures of what the fits are worth after their window."""
    drawn: list[tuple[str, str, Callable[[Configuration], Spread], str]] = [
        ("after", "RankIC after the window, single seeds", lambda one: one.rank_ic, ".1%"),
        ("top", "Excess of the top layer over the pool, a section, before cost",
         lambda one: one.top_excess, ".1%"),
        ("volatility", "Rank correlation with residual volatility",
         lambda one: one.volatility, ".2f"),
        ("correlation", "Rank correlation between the scores of two seeds",
         lambda one: one.correlation, ".2f"),
    ]  # fmt: skip
    return [
        figure(points(sweep.configurations, of, title, axis, ticks), f"{name}-{word}")
        for word, title, of, ticks in drawn
        if any(isfinite(of(one).mean) for one in sweep.configurations)
    ]


def _speed(sweep: Sweep) -> str:
    rows = []
    for one in sweep.configurations:
        ratio = "-"
        if sweep.full is not None:
            value, error = over(one.seconds_per_epoch, sweep.full)
            ratio = _plain(Spread(value, error, sweep.full.n))
        rows.append([one.name, _plain(one.seconds_per_epoch, 3), ratio, _plain(one.epochs, 1)])
    features = sweep.configurations[0].features
    if sweep.full is None:
        said = (
            f"No fit of the same window pairs all {features} features, so that there is no ratio: "
            "alphanet train variant=v2 with the same asof and experiment makes one."
        )
    else:
        said = (
            f"The ratio is to {sweep.full.n} fits of the same window that pair all {features} "
            f"features, {_plain(sweep.full, 3)} seconds an epoch: below 1 is faster. Seconds are "
            "wall time, and hold for machines that were equally busy."
        )
    header = ("", "seconds an epoch", f"ratio to n = {features}", "epochs")
    return table(_cells(header, rows), "Training time") + paragraph(said)


def _pairs(sweep: Sweep) -> str:
    rows = [
        [
            one.name,
            _plain(one.correlation),
            str(len(one.records)),
            percent(one.covered),
            percent(one.expected),
            _printed(one.n),
        ]
        for one in sweep.configurations
    ]
    header = (
        "", "correlation of two seeds", "models", "pairs reached", "expected",
        "printed, ten models",
    )  # fmt: skip
    note = (
        "The error of the correlation is a jackknife over seeds, from three seeds on. Sampling "
        "features is meant to make the members of an ensemble less alike: a lower correlation at "
        "a lower n says that it does."
    )
    return table(_cells(header, rows), "How alike the seeds are, and what they see") + paragraph(
        note
    )


def _cells(header: Sequence[str], rows: Sequence[Sequence[str]]) -> pd.DataFrame:
    """Written rows, each named by its first cell."""
    return pd.DataFrame([list(row[1:]) for row in rows], [row[0] for row in rows], list(header[1:]))


def _printed(n: int) -> str:
    found = PRINTED.coverage.get(n)
    return percent(None if found is None else found / 100)


def _cell(value: Spread) -> str:
    return with_error(value.mean, value.error)


def _plain(value: Spread, digits: int = 2) -> str:
    said = number(value.mean, digits)
    error = number(value.error, digits)
    return said if "-" in (said, error) else f"{said} \u00b1 {error}"
