"""Each seed of the study's factors judged alone, and how alike a variant's seeds are.

python -m benchmarks.single_seeds PANEL                 all that is stitched and not judged yet
python -m benchmarks.single_seeds PANEL 'variants=[v2]' output=DIR      any words of the study

In the record (benchmarks/results/study/, or output=DIR): `single_seeds.csv`, a row a variant and
seed, its figures those of the claims (study_claims.MEASURES); `seed_correlation.csv`, a row a
variant and window, the mean rank correlation of two seeds' scores over its sections. A variant
whose stitched factor is another than the rows are of is judged anew.
"""

import sys
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from alphanet_pl.config.compose import with_overrides
from alphanet_pl.config.settings import Settings
from alphanet_pl.evaluation.evaluate import evaluate, of_variants
from alphanet_pl.evaluation.results import Evaluation
from alphanet_pl.factor.store import factor_path
from benchmarks.study import exit_status, study_settings
from benchmarks.study_claims import MEASURES
from datamodules.base.files import sha256_of
from datamodules.base.words import log

FIGURES, CORRELATION = "single_seeds.csv", "seed_correlation.csv"
KEYS = ["variant", "seed"]


def main() -> int:
    """Judge what is not judged yet; exit status as alphanet's."""
    return exit_status(lambda: run(study_settings(sys.argv[1:])))


def run(settings: Settings) -> None:
    """Judge the seeds of every variant that is stitched."""
    record = Path(settings.output or "")
    windows = np.array(settings.rolling.dates or [], dtype="datetime64[D]")
    for name, one in of_variants(settings).items():
        path = factor_path(one)
        if not path.is_file():
            log(f"{name}: nothing is stitched in {path}")
            continue
        if not _is_known(record, name, sha256_of(path)):
            _keep(record / FIGURES, name, figures(one, path))
            _keep(record / CORRELATION, name, correlations(pd.read_parquet(path), windows))


def figures(settings: Settings, path: Path) -> pd.DataFrame:
    """A row a seed of a factor: what the claims are about, of its scores alone.

    Args:
        settings: Of the variant.
        path: The stitched factor, with a column `seed_K` a seed.
    """
    factor, rows, digest = pd.read_parquet(path), [], sha256_of(path)
    with TemporaryDirectory(dir=path.parent) as folder:
        for column in seed_columns(factor):
            alone = Path(folder) / f"{column}.parquet"
            scores = factor[["date", "code"]].assign(factor=factor[column])
            scores.to_parquet(alone, index=False)
            found = evaluate(with_overrides(settings, f"factor={alone}", "output=null"))
            rows.append({"seed": int(column.removeprefix("seed_")), **measured(found)})
            log(f"{settings.variant} seed {rows[-1]['seed']}: RankIC {rows[-1]['RankIC']:.4f}")
    return pd.DataFrame(rows).assign(factor_sha256=digest)


def measured(found: Evaluation) -> dict[str, float]:
    """The figures of the claims, NaN where an evaluation lacks the part."""
    series = {measure: measure.series(found) for measure in MEASURES}
    return {
        measure.says: float("nan") if one is None else measure.figure(np.array(one.values))
        for measure, one in series.items()
    }


def correlations(factor: pd.DataFrame, windows: np.ndarray, step: int = 10) -> pd.DataFrame:
    """A row a window: mean rank correlation of two of the seeds, over pairs and sections.

    Args:
        factor: date, code, and a column a seed.
        windows: Ascending as-of dates; a date belongs to the last one that is not after it.
        step: Sessions from one section to the next.
    """
    columns = seed_columns(factor)
    dates = np.sort(factor["date"].unique())[::step]
    sections = factor[factor["date"].isin(dates)].groupby("date")[columns]
    pairs = sections.corr(method="spearman").unstack()
    mean = pairs[list(combinations(columns, 2))].mean(axis=1)
    place = np.searchsorted(windows, mean.index.to_numpy().astype("datetime64[D]"), "right") - 1
    found = mean.groupby(windows[np.maximum(place, 0)].astype(str)).mean()
    return found.rename("correlation").rename_axis("asof").reset_index()


def seed_columns(factor: pd.DataFrame) -> list[str]:
    """The columns that hold single seeds."""
    return [name for name in factor if name.startswith("seed_")]


def _is_known(record: Path, name: str, digest: str) -> bool:
    if not (record / FIGURES).is_file():
        return False
    rows = _rows(record / FIGURES, name)
    return not rows.empty and bool((rows["factor_sha256"] == digest).all())


def _rows(path: Path, name: str, others: bool = False) -> pd.DataFrame:
    """The rows of a variant that are kept, or those of the others."""
    found = pd.read_csv(path)
    return found[(found["variant"] == name) != others]


def _keep(path: Path, name: str, rows: pd.DataFrame) -> None:
    """Put a variant's rows in the place of those that it had."""
    rows.insert(0, "variant", name)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_file():
        rows = pd.concat([_rows(path, name, others=True), rows])
    aside = path.with_suffix(".partial")
    rows.to_csv(aside, index=False)
    aside.rename(path)


if __name__ == "__main__":
    sys.exit(main())
