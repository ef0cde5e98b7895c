"""Writes what the record of the study says into docs/study.md, between its marks.

python -m benchmarks.study_page [RECORD]        by default benchmarks/results/study
"""

import re
import sys
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from alphanet_pl.evaluation.compare import compare
from alphanet_pl.evaluation.report.metrics import TERMINAL, shown
from alphanet_pl.evaluation.report.tables import headline
from alphanet_pl.evaluation.results import read_evaluation

PAGE = Path(__file__).parents[1] / "docs" / "study.md"
RECORD = Path(__file__).parent / "results" / "study"
VARIANTS = ("v2", "v2.1", "v2.2", "v2.3", "combined")
KEYS = ["asof", "seed"]


def main() -> None:
    """Rewrite the page's tables."""
    record = Path(sys.argv[1]) if len(sys.argv) > 1 else RECORD
    fits = pd.read_csv(record / "fits.csv", dtype={"asof": str})
    tables = {"fits": of_fits(fits), "paired": paired(fits), "evaluations": evaluated(record)}
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(filled(text, tables), encoding="utf-8")


def filled(text: str, tables: Mapping[str, pd.DataFrame]) -> str:
    """The page with a table behind each mark `<!-- NAME -->`, in place of what is there.

    Args:
        text: The page.
        tables: Mark -> table.
    """
    for name, table in tables.items():
        mark = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        if not mark.search(text):
            raise SystemExit(f"{PAGE} has no mark <!-- {name} -->")
        body = f"\n{markdown(table)}\n\n"
        text = mark.sub(lambda found, body=body: found[1] + body + found[2], text)
    return text


def of_fits(fits: pd.DataFrame) -> pd.DataFrame:
    """A row a window: each variant's RankIC out of sample, and the epochs that its fits keep."""
    cells = fits.groupby(["asof", "variant"]).apply(_cell, include_groups=False).unstack()
    cells.index.name = "as of"
    ranks = fits.groupby("variant")["test_rank_ic"]
    cells.loc["all"] = [f"**{of.mean():.1%}** ({len(of)} fits)" for _, of in ranks]
    return cells.reindex(columns=_known(fits)).fillna("").reset_index()


def _cell(fits: pd.DataFrame) -> str:
    """Mean RankIC over seeds; the epoch that each seed keeps, and how many it took."""
    epochs = ", ".join(f"{row.best_epoch} of {row.epochs}" for row in fits.itertuples())
    return f"{fits['test_rank_ic'].mean():.1%} (epoch {epochs})"


def paired(fits: pd.DataFrame) -> pd.DataFrame:
    """A row a variant: its RankIC less v2's of the same window and seed."""
    ranks = fits.set_index([*KEYS, "variant"])["test_rank_ic"].unstack()
    rows: list[Mapping[str, object]] = []
    for name in _known(fits)[1:]:
        pairs = (ranks[name] - ranks["v2"]).dropna()
        windows = pairs.groupby("asof").mean()
        rows.append(
            {
                "variant": name,
                "RankIC less v2's, points": f"{windows.mean() * 100:+.2f}",
                "standard error": f"{windows.sem() * 100:.2f}" if len(windows) > 1 else "-",
                "windows better": f"{(windows > 0).sum()} of {len(windows)}",
                "pairs": len(pairs),
            }
        )
    return pd.DataFrame(rows)


def evaluated(record: Path) -> pd.DataFrame:
    """A row a figure of merit, a column a variant whose factor has been evaluated."""
    paths = {name: record / name / "evaluation.json" for name in VARIANTS}
    found = {name: read_evaluation(path) for name, path in paths.items() if path.is_file()}
    cells = shown(TERMINAL, headline(found, compare(found)))
    cells.loc["seeds"] = [str(len(each.provenance.seeds)) for each in found.values()]
    cells.loc["scored"] = [f"{each.start} to {each.stop}" for each in found.values()]
    cells.index.name = "factor of all seeds"
    return cells.reset_index()


def _known(fits: pd.DataFrame) -> list[str]:
    return [name for name in VARIANTS if name in set(fits["variant"])]


def markdown(table: pd.DataFrame) -> str:
    """A table in Markdown."""
    lines = [table.columns, ["---"] * len(table.columns), *table.itertuples(index=False)]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


if __name__ == "__main__":
    main()
