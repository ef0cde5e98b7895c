"""Writes what the record of the study says into docs/study.md, between its marks.

python -m benchmarks.study_page [RECORD]        by default benchmarks/results/study
"""

import math
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from alphanet_pl.evaluation.compare import Comparison, Evaluations, VariantRow, compare
from alphanet_pl.evaluation.paper import PRINTED
from alphanet_pl.evaluation.report import tables
from alphanet_pl.evaluation.report.calendar import episode_cells, milder, year_cells
from alphanet_pl.evaluation.report.formats import number
from alphanet_pl.evaluation.report.metrics import SEEDS, TERMINAL, shown
from alphanet_pl.evaluation.results import read_evaluation
from datamodules.base.files import read_json

PAGE = Path(__file__).parents[1] / "docs" / "study.md"
RECORD = Path(__file__).parent / "results" / "study"
TIMES = RECORD.parent / "epoch_by_n_real.json"
"""Of `benchmarks.epoch_by_n` on the study's panel."""
VARIANTS = ("v2", "v2.1", "v2.2", "v2.3", "combined", "blend")
KEYS = ["asof", "seed"]
SURE = 2.0
"""Standard errors from which on a difference is one."""


def main() -> None:
    """Rewrite the page's tables."""
    record = Path(sys.argv[1]) if len(sys.argv) > 1 else RECORD
    fits = pd.read_csv(record / "fits.csv", dtype={"asof": str})
    found = evaluations(record)
    made = {"fits": of_fits(fits), "paired": paired(fits), **evaluated(found)}
    made["times"] = of_times(read_json(TIMES)["n"])
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(filled(text, made), encoding="utf-8")


def filled(text: str, made: Mapping[str, pd.DataFrame]) -> str:
    """The page with a table behind each mark `<!-- NAME -->`, in place of what is there.

    Args:
        text: The page.
        made: Mark -> table, of text.
    """
    for name, table in made.items():
        mark = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        if not mark.search(text):
            raise SystemExit(f"{PAGE} has no mark <!-- {name} -->")
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


def paired(fits: pd.DataFrame) -> pd.DataFrame:
    """A row a variant: its RankIC less v2's of the same window and seed."""
    ranks = fits.set_index([*KEYS, "variant"])["test_rank_ic"].unstack()
    rows: dict[str, Mapping[str, str]] = {}
    for name in _known(fits)[1:]:
        pairs = (ranks[name] - ranks["v2"]).dropna()
        windows = pairs.groupby("asof").mean()
        rows[name] = {
            "RankIC less v2's, points": f"{windows.mean() * 100:+.2f}",
            "standard error": f"{windows.sem() * 100:.2f}" if len(windows) > 1 else "-",
            "windows better": f"{(windows > 0).sum()} of {len(windows)}",
            "pairs": str(len(pairs)),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def evaluations(record: Path) -> Evaluations:
    """What the record has of each variant's factor of all seeds."""
    paths = {name: record / name / "evaluation.json" for name in VARIANTS}
    return {name: read_evaluation(path) for name, path in paths.items() if path.is_file()}


def evaluated(found: Evaluations) -> dict[str, pd.DataFrame]:
    """Tables 9 to 32, ours and the printed, and what they say of the report's claims."""
    if not found:
        return {}
    comparison = compare(found)
    headline = shown(TERMINAL, tables.headline(found, comparison))
    headline.loc["seeds"] = [str(len(each.provenance.seeds)) for each in found.values()]
    headline.loc["scored"] = [f"{each.start} to {each.stop}" for each in found.values()]
    sizes = {
        name: {style: number(each.mean_absolute) for style, each in row.exposures.items()}
        for name, row in comparison.variants.items()
        if row.exposures
    }
    return {
        "evaluations": headline,
        "ic": tables.ic_cells(comparison),
        "seeds": shown(SEEDS, tables.seeds_frame(comparison)),
        "layers": tables.layer_cells(comparison),
        "enhancement": tables.enhancement_cells(comparison),
        "years": year_cells(comparison, found),
        "episodes": episode_cells(comparison),
        "exposures": pd.DataFrame(sizes),
        "claims": claims(comparison),
    }


class Measure(NamedTuple):
    """What a claim of the report is about: a difference from v2, by cross-section or by day."""

    says: str
    difference: str
    """Of a row of the comparison."""
    figure: str
    """Of the difference."""
    printed: Callable[[str], float]
    """Percent that the report prints of a variant."""


MEASURES = (
    Measure("RankIC", "ic_difference", "mean", lambda name: PRINTED.ic[name].mean),
    Measure(
        "excess of its top layer a year", "top_difference", "annual",
        lambda name: PRINTED.layers[name].annual_excess[0],
    ),
    Measure(
        "excess of its portfolio a year", "excess_difference", "annual",
        lambda name: PRINTED.enhancement[name].annual_excess,
    ),
)  # fmt: skip


def claims(comparison: Comparison) -> pd.DataFrame:
    """A row a claim: ours less v2's of the same seeds, its error over time, and the reading."""
    rows: dict[str, Mapping[str, str]] = {}
    plain = comparison.variants.get("v2")
    alike = {
        name: row
        for name, row in comparison.variants.items()
        if plain is not None and _judged_as(row) == _judged_as(plain)
    }
    for name in (name for name in alike if name in PRINTED.ic and name != "v2"):
        for measure in MEASURES:
            if (found := getattr(alike[name], measure.difference)) is not None:
                ours, theirs = measure.printed(name), measure.printed("v2")
                difference = getattr(found, measure.figure)
                rows[f"{name} {measure.says} {ours:.2f}% against {theirs:.2f}%"] = {
                    "ours less v2's": f"{difference:+.2%} \u00b1 {found.standard_error:.2%}",
                    "reading": reading(difference, found.standard_error, ours - theirs),
                }
    if plain is not None and "v2.2" in alike:
        rows |= _of_purity(alike["v2.2"], plain)
    columns = ["ours less v2's", "reading"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def _judged_as(row: VariantRow) -> tuple[str, str, int]:
    """Span and number of seeds, which have to be the same."""
    return row.start, row.stop, len(row.seeds.seeds) if row.seeds else 0


def reading(difference: float, error: float, claimed: float) -> str:
    """Whether a difference is the one that is claimed."""
    if not math.isfinite(error) or abs(difference) <= SURE * error:
        return "cannot be told"
    return "reproduced" if difference * claimed > 0 else "**not reproduced**: the contrary"


def _of_purity(pure: VariantRow, plain: VariantRow) -> dict[str, Mapping[str, str]]:
    """v2.2 as the report praises it: steadier, purer, falling less; counts, without errors."""
    counted: dict[str, str] = {}
    if pure.ic is not None and plain.ic is not None:
        steady = " against ".join(f"{PRINTED.ic[name].icir:.2f}" for name in ("v2.2", "v2"))
        ours = f"{number(pure.ic.icir)} against {number(plain.ic.icir)}"
        counted[f"v2.2 is as steady: ICIR {steady}"] = ours
    if pure.exposures and plain.exposures:
        sizes = pd.DataFrame(
            {
                name: {style: each.mean_absolute for style, each in row.exposures.items()}
                for name, row in (("pure", pure), ("plain", plain))
                if row.exposures
            }
        ).dropna()
        smaller = int((sizes["pure"] < sizes["plain"]).sum())
        says = f"smaller in {smaller} of {len(sizes)} styles"
        counted["v2.2 is purer: smaller exposures to the styles"] = says
    both, held = milder(pure.episodes, plain.episodes)
    if both:
        says = f"less in {len(held)} of {len(both)} periods"
        counted["v2.2 falls less at the end of 2014, early in 2019 and in 2020"] = says
    return {
        claim: {"ours less v2's": says, "reading": "without a standard error"}
        for claim, says in counted.items()
    }


def of_times(times: Mapping[str, Mapping[str, Sequence[float]]]) -> pd.DataFrame:
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


def _known(fits: pd.DataFrame) -> list[str]:
    return [name for name in VARIANTS if name in set(fits["variant"])]


if __name__ == "__main__":
    main()
