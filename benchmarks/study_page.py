"""Writes what the records say into docs/study.md and docs/beyond.md, between their marks.

python -m benchmarks.study_page [RECORD]        by default benchmarks/results/study
"""

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from alphanet_pl.evaluation.compare import Evaluations, compare
from alphanet_pl.evaluation.report import tables
from alphanet_pl.evaluation.report.formats import number
from alphanet_pl.evaluation.report.table_rows import TERMINAL, shown
from alphanet_pl.evaluation.report.years import episode_cells, year_cells
from alphanet_pl.evaluation.results import read_evaluation
from alphanet_pl.evaluation.types import Series
from benchmarks.single_seeds import CORRELATION, FIGURES
from benchmarks.study_claims import (
    MEASURES,
    Times,
    claims,
    of_one,
    over_windows,
    signed,
    windows_of,
)
from datamodules.base.errors import EvaluationError
from datamodules.base.files import read_json

PAGE = Path(__file__).parents[1] / "docs" / "study.md"
RECORD = Path(__file__).parent / "results" / "study"
TIMES = RECORD.parent / "epoch_by_n_real.json"
"""Of `benchmarks.epoch_by_n` on the study's panel."""
VARIANTS = ("v2", "v2.1", "v2.2", "v2.3", "combined", "blend")
KEYS = ["asof", "seed"]
BEYOND = PAGE.with_name("beyond.md")
BASELINES = RECORD.parent / "baselines"
OTHERS = ("lightgbm", "reversal", "v1", "v3")
"""What is rolled for docs/beyond.md alone, in a record of its own."""
CHOSEN_ON = 8
"""Windows, the first ones, on which blend was chosen; it was confirmed on the others."""


def main() -> None:
    """Rewrite the page's tables."""
    record = Path(sys.argv[1]) if len(sys.argv) > 1 else RECORD
    fits = pd.read_csv(record / "fits.csv", dtype={"asof": str})
    found = evaluations(record)
    times = read_json(TIMES)["n"]
    made = {"fits": of_fits(fits), "paired": paired(fits), **evaluated(found)}
    made["claims"] = claims(found, compare(found), fits, times, *of_single_seeds(record))
    made["errors"] = errors(found, of_single_seeds(record)[0])
    made["times"] = of_times(times)
    fill(PAGE, made)
    beside = evaluations(record, ("v2", "blend", "ridge")) | evaluations(BASELINES, OTHERS)
    if "v2" in beside:
        first, later = windows_of(beside["v2"])[[0, CHOSEN_ON]]
        fits = pd.concat([fits, pd.read_csv(BASELINES / "fits.csv", dtype={"asof": str})])
        made = {"single": paired(beside_each_seed(fits), ("v2", "ridge", *OTHERS))}
        made |= {"all": beside_v2(beside, first), "confirmed": beside_v2(beside, later)}
        fill(BEYOND, made)


def fill(page: Path, made: Mapping[str, pd.DataFrame]) -> None:
    """Rewrite a page with these tables behind its marks."""
    page.write_text(filled(page.read_text(encoding="utf-8"), made), encoding="utf-8")


def filled(text: str, made: Mapping[str, pd.DataFrame]) -> str:
    """The page with a table behind each mark `<!-- NAME -->`, in place of what is there.

    Args:
        text: The page.
        made: Mark -> table, of text.
    """
    for name, table in made.items():
        mark = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        if not mark.search(text):
            raise SystemExit(f"the page has no mark <!-- {name} -->")
        body = f"\n{tables.markdown(table)}\n\n"
        text = mark.sub(lambda found, body=body: found[1] + body + found[2], text)
    return text


def of_fits(fits: pd.DataFrame) -> pd.DataFrame:
    """A row a window: each variant's RankIC out of sample, and the epochs that its fits keep.

    The last one is the mean over windows, of each window's mean over seeds.
    """
    groups = fits.groupby(["asof", "variant"])
    cells = groups.apply(_cell, include_groups=False).unstack()
    means = groups["test_rank_ic"].mean()
    counts = fits["variant"].value_counts()
    cells.loc["all"] = [
        f"**{means.xs(name, level='variant').mean():.1%}** ({counts[name]} fits)" for name in cells
    ]
    return cells.reindex(columns=_known(fits)).fillna("")


def _cell(fits: pd.DataFrame) -> str:
    """Mean RankIC over seeds; the epoch that each seed keeps, and how many it took."""
    epochs = ", ".join(f"{row.best_epoch} of {row.epochs}" for row in fits.itertuples())
    return f"{fits['test_rank_ic'].mean():.1%} (epoch {epochs})"


def beside_each_seed(fits: pd.DataFrame) -> pd.DataFrame:
    """With ridge's one fit a window, which no seed changes, beside each of v2's seeds."""
    ridge = fits["variant"] == "ridge"
    seeds = fits.loc[fits["variant"] == "v2", "seed"].unique()
    return pd.concat([fits[~ridge], *(fits[ridge].assign(seed=seed) for seed in seeds)])


def paired(fits: pd.DataFrame, names: Sequence[str] = VARIANTS) -> pd.DataFrame:
    """A row a variant: its RankIC less v2's of the same window and seed.

    Args:
        fits: Rows of the record.
        names: Of which, v2 first.
    """
    ranks = fits.set_index([*KEYS, "variant"])["test_rank_ic"].unstack()
    rows: dict[str, Mapping[str, str]] = {}
    for name in _known(fits, names)[1:]:
        pairs = (ranks[name] - ranks["v2"]).dropna()
        windows = pairs.groupby("asof").mean()
        rows[name] = {
            "RankIC less v2's, points": f"{windows.mean() * 100:+.2f}",
            "standard error": _points(windows),
            "over seeds": _points(pairs.groupby("seed").mean()),
            "windows better": f"{(windows > 0).sum()} of {len(windows)}",
            "pairs": str(len(pairs)),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def _points(values: pd.Series) -> str:
    """The standard error of a mean, in points."""
    return f"{values.sem() * 100:.2f}" if len(values) > 1 else "-"


def evaluations(record: Path, names: Sequence[str] = VARIANTS) -> Evaluations:
    """What a record has of these variants' factors of all seeds."""
    paths = {name: record / name / "evaluation.json" for name in names}
    return {name: read_evaluation(path) for name, path in paths.items() if path.is_file()}


def evaluated(found: Evaluations) -> dict[str, pd.DataFrame]:
    """Tables 9 to 32, ours and the printed."""
    if not found:
        return {}
    comparison = compare(found)
    headline = shown(TERMINAL, tables.headline(found, comparison))
    headline.loc["seeds"] = [str(len(each.provenance.seeds)) for each in found.values()]
    headline.loc["scored"] = [f"{each.start} to {each.stop}" for each in found.values()]
    exposures = {}
    for name, row in comparison.variants.items():
        befores = row.exposures_before_projection
        for says, found_sizes in ((name, row.exposures), (f"{name}, before projection", befores)):
            if found_sizes:
                cells = {style: number(each.mean_absolute) for style, each in found_sizes.items()}
                exposures[says] = cells
    return {
        "evaluations": headline,
        "ic": tables.ic_cells(comparison),
        "layers": tables.layer_cells(comparison),
        "enhancement": tables.enhancement_cells(comparison),
        "years": year_cells(comparison, found),
        "episodes": episode_cells(comparison),
        "exposures": pd.DataFrame(exposures),
    }


def of_single_seeds(record: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What `benchmarks.single_seeds` keeps: figures of each seed, and how alike seeds are."""
    paths = [record / name for name in (FIGURES, CORRELATION)]
    figures, alike = (pd.read_csv(path) if path.is_file() else pd.DataFrame() for path in paths)
    return figures, alike


def errors(found: Evaluations, seeds: pd.DataFrame) -> pd.DataFrame:
    """Two rows a measure: of the factor with its error over windows, of one seed over seeds."""
    rows: dict[str, dict[str, str]] = {}
    for measure in MEASURES:
        whole, single = rows.setdefault(measure.says, {}), f"{measure.says}, of one seed"
        for name, one in found.items():
            if (series := measure.series(one)) is not None:
                value, error = of_one(measure.figure, series, windows_of(one))
                whole[name] = f"{measure.shown(value)} ± {measure.shown(error)}"
            each = seeds.loc[seeds["variant"] == name, measure.says] if len(seeds) else []
            if len(each) > 1:
                cell = f"{measure.shown(each.mean())} ± {measure.shown(each.sem())}"
                rows.setdefault(single, {})[name] = cell
    return pd.DataFrame.from_dict(rows, orient="index").fillna("-")


def beside_v2(found: Evaluations, first: str) -> pd.DataFrame:
    """A row a factor: its figures from a date on, less v2's behind them, with errors over windows.

    Args:
        found: By variant, v2 among them.
        first: YYYY-MM-DD.
    """
    plain = found["v2"]
    rows: dict[str, dict[str, str]] = {}
    for name, one in found.items():
        cells = rows[name] = {"seeds": str(len(one.provenance.seeds) or "-")}
        for measure in MEASURES:
            mine, theirs = (since(measure.series(each), first) for each in (one, plain))
            cells[measure.says] = measure.shown(measure.figure(np.array(mine.values)))
            if name != "v2":
                less, error = over_windows(measure.figure, mine, theirs, windows_of(plain))
                cells[measure.says] += f" ({signed(measure.shown, less)} ± {measure.shown(error)})"
    return pd.DataFrame.from_dict(rows, orient="index")


def since(series: Series | None, first: str) -> Series:
    """The dated values from a date on.

    Raises:
        EvaluationError: The evaluation is without them.
    """
    if series is None:
        raise EvaluationError("an evaluation lacks a part", "all of it", "alphanet evaluate")
    kept = [each for each in zip(series.dates, series.values, strict=True) if each[0] >= first]
    return Series([date for date, _ in kept], [value for _, value in kept])


def of_times(times: Times) -> pd.DataFrame:
    """A row a number of features that are paired: what an epoch takes, and against all features.

    Args:
        times: n -> what of it -> median, least and most.
    """
    rows = {
        f"n = {n}": {
            "seconds an epoch": "{:.1f} ({:.1f} to {:.1f})".format(*one["seconds"]),
            "times as fast as all": "{:.2f} ({:.2f} to {:.2f})".format(
                *one["times as fast as all"]
            ),
        }
        for n, one in times.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def _known(fits: pd.DataFrame, names: Sequence[str] = VARIANTS) -> list[str]:
    return [name for name in names if name in set(fits["variant"])]


if __name__ == "__main__":
    main()
