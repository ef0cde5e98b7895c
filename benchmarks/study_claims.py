"""What the study says of the report's claims: a variant's figure less v2's, its errors, a reading.

A window's fits serve all of its dates, so that differences of dates are alike within a window. The
error over time is therefore that of windows: both variants' figures of the same windows, drawn with
replacement. Beside it stands what single seeds differ by, paired.

    claims(evaluations(record), compare(evaluations(record)), fits, times, seeds, alike)
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alphanet_pl.evaluation.compare import (
    BASELINE,
    Comparison,
    Evaluations,
    VariantRow,
    common,
    excess_nav,
    returns,
)
from alphanet_pl.evaluation.paper import PRINTED
from alphanet_pl.evaluation.portfolio.performance import ANNUAL_DAYS
from alphanet_pl.evaluation.report.formats import number, percent
from alphanet_pl.evaluation.report.years import milder
from alphanet_pl.evaluation.results import Evaluation
from alphanet_pl.evaluation.types import Series

Times = Mapping[str, Mapping[str, Sequence[float]]]
"""n -> what of an epoch -> median, least and most; see `study_page.of_times`."""

SURE = 2.0
"""Standard errors from which on a difference is one."""
DRAWS = 1000
CONTRARY = "**not reproduced**: the contrary"
COLUMNS = ["ours less v2's", "single seeds", "reading"]


class Measure(NamedTuple):
    """A figure of dated values that the report compares variants by."""

    says: str
    series: Callable[[Evaluation], Series | None]
    figure: Callable[[NDArray[np.float64]], float]
    printed: Callable[[str], float]
    """Of a variant, in the figure's unit."""
    shown: Callable[[float], str]
    variants: tuple[str, ...]
    """Of which the report makes a point of it."""


def _ranks(found: Evaluation) -> Series | None:
    return found.ic and found.ic.neutral.series


def _top(found: Evaluation) -> Series | None:
    return found.layers and returns(excess_nav(found.layers))


def _portfolio(found: Evaluation) -> Series | None:
    return found.enhancement and returns(excess_nav(found.enhancement))


def annual(values: NDArray[np.float64]) -> float:
    """Mean daily excess times the year's sessions: not compounded, as the tables are."""
    return float(np.nanmean(values) * ANNUAL_DAYS)


def ratio(values: NDArray[np.float64]) -> float:
    """Mean by deviation: ICIR of sections."""
    return float(np.nanmean(values) / np.nanstd(values, ddof=1))


def tracking_error(values: NDArray[np.float64]) -> float:
    """Deviation of daily excesses, a year."""
    return float(np.nanstd(values, ddof=1)) * math.sqrt(ANNUAL_DAYS)


def information_ratio(values: NDArray[np.float64]) -> float:
    """The same of days, a year."""
    return ratio(values) * math.sqrt(ANNUAL_DAYS)


ALL = ("v2.1", "v2.2", "v2.3")
MEASURES = (
    Measure(
        "RankIC", _ranks, lambda values: float(np.nanmean(values)),
        lambda name: PRINTED.ic[name].mean / 100, percent, ALL,
    ),
    Measure("ICIR", _ranks, ratio, lambda name: PRINTED.ic[name].icir, number, ALL),
    Measure(
        "excess of the top layer a year", _top, annual,
        lambda name: PRINTED.layers[name].annual_excess[0] / 100, percent, ALL,
    ),
    Measure(
        "information ratio of the top layer", _top, information_ratio,
        lambda name: PRINTED.layers[name].top_information_ratio, number, ALL,
    ),
    Measure(
        "excess of the portfolio a year", _portfolio, annual,
        lambda name: PRINTED.enhancement[name].annual_excess / 100, percent, ALL,
    ),
    Measure(
        "information ratio of the portfolio", _portfolio, information_ratio,
        lambda name: PRINTED.enhancement[name].information_ratio, number, ALL,
    ),
    Measure(
        "tracking error of the portfolio", _portfolio, tracking_error,
        lambda name: PRINTED.enhancement[name].tracking_error / 100, percent, ("v2.2",),
    ),
)  # fmt: skip


def claims(
    found: Evaluations,
    comparison: Comparison,
    fits: pd.DataFrame,
    times: Times,
    seeds: pd.DataFrame,
    alike: pd.DataFrame,
) -> pd.DataFrame:
    """A row a claim of the report, in the order of the variants.

    Args:
        found: By variant; those of another span or number of seeds than v2's are left out.
        comparison: Of the same.
        fits: The record's rows.
        times: Of epochs, by n.
        seeds: Of `single_seeds`: variant, seed, a column a measure.
        alike: Of the same: variant, asof, correlation of a variant's seeds.
    """
    rows: dict[str, Sequence[str]] = {}
    plain = comparison.variants.get(BASELINE)
    for name, row in comparison.variants.items():
        if name not in PRINTED.ic or name == BASELINE or plain is None:
            continue
        if _judged_as(row) != _judged_as(plain):
            continue
        for measure in MEASURES:
            if name in measure.variants:
                cells = _measured(measure, found[name], found[BASELINE])
                rows |= {
                    key: [cell, _of_seeds(measure.says, name, seeds), read]
                    for key, (cell, read) in cells.items()
                }
        if name == "v2.1":
            rows |= _of_likeness(alike) | _of_training(fits, times) | _of_calmar(name, row, plain)
        if name == "v2.2":
            rows |= _of_purity(row, plain) | _of_calmar(name, row, plain)
    return pd.DataFrame.from_dict(rows, orient="index", columns=COLUMNS)


def _judged_as(row: VariantRow) -> tuple[str, str, int]:
    """Span and number of seeds, which have to be the same."""
    return row.start, row.stop, len(row.seeds.seeds) if row.seeds else 0


def _measured(measure: Measure, ours: Evaluation, plain: Evaluation) -> dict[str, tuple[str, str]]:
    """Claim -> ours less v2's with its error, and the reading; empty where a part is lacking."""
    mine, theirs = measure.series(ours), measure.series(plain)
    if mine is None or theirs is None:
        return {}
    difference, error = over_windows(measure.figure, mine, theirs, windows_of(plain))
    printed = [measure.printed(name) for name in (ours.variant, BASELINE)]
    says = " against ".join(map(measure.shown, printed))
    read = reading(difference, error, printed[0] - printed[1])
    cell = f"{signed(measure.shown, difference)} \u00b1 {measure.shown(error)}"
    return {f"{ours.variant} {measure.says} {says}": (cell, read)}


def windows_of(found: Evaluation) -> NDArray[np.str_]:
    """As-of dates of the fits behind a factor, ascending."""
    return np.unique([fit.asof for fit in found.provenance.fits])


def over_windows(
    figure: Callable[[NDArray[np.float64]], float],
    mine: Series,
    theirs: Series,
    windows: NDArray[np.str_],
) -> tuple[float, float]:
    """One figure less the other on their common dates, and its standard error over windows.

    Args:
        figure: Of values, one a date.
        mine: Of the variant.
        theirs: Of v2.
        windows: (W,) as-of dates; each window's dates are drawn together. NaN with fewer than two.
    """
    dates, both = common(mine, theirs)
    difference = figure(both[0]) - figure(both[1])
    drawn = [figure(some[0]) - figure(some[1]) for some in drawn_windows(dates, both, windows)]
    return difference, spread(drawn)


def of_one(
    figure: Callable[[NDArray[np.float64]], float], series: Series, windows: NDArray[np.str_]
) -> tuple[float, float]:
    """A figure and its standard error over windows, as `over_windows` draws them."""
    values = np.array([series.values])
    drawn = [figure(some[0]) for some in drawn_windows(series.dates, values, windows)]
    return figure(values[0]), spread(drawn)


def drawn_windows(
    dates: Sequence[str], values: NDArray[np.float64], windows: NDArray[np.str_]
) -> Iterator[NDArray[np.float64]]:
    """Values (K, D) of DRAWS samples of windows, with replacement; none of fewer than two."""
    place = np.searchsorted(windows, np.array(dates), side="right")
    parts = [values[:, place == one] for one in np.unique(place)]
    random = np.random.default_rng(0)
    for _ in range(DRAWS if len(parts) > 1 else 0):
        places = random.integers(len(parts), size=len(parts))
        yield np.concatenate([parts[one] for one in places], axis=1)


def spread(drawn: Sequence[float]) -> float:
    """The deviation of what was drawn, which is the standard error; NaN of nothing."""
    return float(np.std(drawn, ddof=1)) if drawn else math.nan


def _of_seeds(says: str, name: str, seeds: pd.DataFrame) -> str:
    """A figure of a single seed less that of v2's of the same number, and its error over seeds."""
    if seeds.empty:
        return "-"
    wide = seeds.pivot(index="seed", columns="variant", values=says)
    if not {name, BASELINE} <= set(wide):
        return "-"
    both = (wide[name] - wide[BASELINE]).dropna()
    if len(both) < 2:
        return "-"
    show = next(measure.shown for measure in MEASURES if measure.says == says)
    return f"{signed(show, float(both.mean()))} \u00b1 {show(float(both.sem()))}"


def signed(shown: Callable[[float], str], value: float) -> str:
    return ("+" if value >= 0 else "-") + shown(abs(value))


def reading(difference: float, error: float, claimed: float) -> str:
    """Whether a difference is the one that is claimed."""
    if not math.isfinite(error) or abs(difference) <= SURE * error:
        return "cannot be told"
    return "reproduced" if difference * claimed > 0 else CONTRARY


def _of_likeness(alike: pd.DataFrame) -> dict[str, Sequence[str]]:
    """Whether v2.1's seeds are less alike than v2's, paired by window."""
    if alike.empty:
        return {}
    wide = alike.pivot(index="asof", columns="variant", values="correlation")
    if not {"v2.1", BASELINE} <= set(wide):
        return {}
    less = (wide["v2.1"] - wide[BASELINE]).dropna()
    difference, error = float(less.mean()), float(less.sem())
    cell = f"{signed(number, difference)} \u00b1 {number(error)}"
    claim = "v2.1 seeds are less alike: rank correlation of two of them (no figure printed)"
    return {claim: [cell, "-", reading(difference, error, -1.0)]}


def _of_training(fits: pd.DataFrame, times: Times) -> dict[str, Sequence[str]]:
    """v2.1's training time: an epoch's against the number of epochs, by window."""
    epochs = fits.set_index(["asof", "seed", "variant"])["epochs"].unstack()
    if not {"v2", "v2.1"} <= set(epochs) or "8" not in times:
        return {}
    logs = np.log(epochs["v2.1"] / epochs["v2"]).dropna().groupby("asof").mean()
    more, error = float(logs.mean()), float(logs.sem())
    faster = times["8"]["times as fast as all"][0]
    net = math.log(faster) - more
    says = (
        f"{math.exp(net):.2f} times as fast a fit: an epoch {faster:.2f} times, "
        f"in {math.exp(more):.2f} times as many epochs"
    )
    claim = "v2.1 trains markedly faster (no figure printed)"
    return {claim: [says, "-", reading(net, error, 1.0)]}


def _of_purity(pure: VariantRow, plain: VariantRow) -> dict[str, Sequence[str]]:
    """v2.2 as the report praises it besides: purer, falling less; counted, without errors."""
    rows: dict[str, Sequence[str]] = {}
    if pure.exposures and plain.exposures:
        sizes = [
            {style: each.mean_absolute for style, each in row.exposures.items()}
            for row in (pure, plain)
            if row.exposures
        ]
        smaller = [sizes[0][style] < sizes[1][style] for style in sizes[0] if style in sizes[1]]
        says = f"smaller in {sum(smaller)} of {len(smaller)} styles, after projection on them"
        rows["v2.2 is purer: smaller exposures to the styles"] = [says, "-", counted(smaller)]
    both, held = milder(pure.episodes, plain.episodes)
    if both:
        says = f"less in {len(held)} of {len(both)} periods"
        claim = "v2.2 falls less at the end of 2014, early in 2019 and in 2020"
        rows[claim] = [says, "-", counted([name in held for name in both])]
    if pure.enhancement and plain.enhancement:
        printed = [PRINTED.enhancement[name] for name in ("v2.2", BASELINE)]
        ours = [row.enhancement.relative for row in (pure, plain) if row.enhancement]
        falls = " against ".join(f"{one.excess_max_drawdown:.2f}%" for one in printed)
        depths = [one.excess_max_drawdown.depth for one in ours]
        says = " against ".join(map(percent, depths))
        claim = f"v2.2 largest drawdown of the portfolio's excess {falls}"
        rows[claim] = [says, "-", counted([depths[0] < depths[1]])]
    return rows


def _of_calmar(name: str, row: VariantRow, plain: VariantRow) -> dict[str, Sequence[str]]:
    """A portfolio's excess by its largest drawdown, higher than v2's in the report."""
    if row.enhancement is None or plain.enhancement is None:
        return {}
    printed = " against ".join(number(PRINTED.enhancement[one].calmar) for one in (name, BASELINE))
    ours = [one.relative.calmar for one in (row.enhancement, plain.enhancement)]
    says = " against ".join(map(number, ours))
    claim = f"{name} Calmar ratio of the portfolio {printed}"
    return {claim: [says, "-", counted([ours[0] > ours[1]])]}


def counted(held: Sequence[bool]) -> str:
    """A reading of what has no standard error."""
    if all(held):
        return "the same way (no error)"
    most = 2 * sum(held) > len(held)
    return "mostly the same way (no error)" if most else "the contrary (no error)"
