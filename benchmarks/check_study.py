"""Train one recorded fit of a study once more, from its recorded settings, and compare.

python -m benchmarks.check_study                                     a fit drawn at random
python -m benchmarks.check_study --variant v2.1 --asof 2011-07-29 --seed 0
python -m benchmarks.check_study --panel PANEL --record FOLDER       a panel or a record elsewhere

The same machine, versions and threads give the same weights, bit for bit. Elsewhere sums are
rounded in another order, which may move the epoch that is kept: there each RankIC may differ by
TOLERANCE.
"""

import argparse
import random
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from alphanet_pl.config.compose import Composed, to_settings
from alphanet_pl.config.settings import CommandLine, Settings
from alphanet_pl.fit.folder import Fit
from alphanet_pl.fit.train import train
from benchmarks.study import row_of
from benchmarks.study_record import Record, Row, weights_sha256
from datamodules.base.errors import AlphaNetError, FitError
from datamodules.panel import Panel

TOLERANCE = 1e-3
"""Largest difference of a RankIC on another machine. Seven fits of the study on two
processors (results/two_processors.csv) differed by 3e-6 at most and kept the same epochs; one that
keeps another epoch may differ by more than this, and is looked at."""


def main(words: Sequence[str] | None = None) -> int:
    """Check one fit; 0 the same within the tolerance, 1 not, 2 the user's mistake."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--record", type=Path, default=Path("benchmarks/results/study"))
    parser.add_argument("--panel", help="where it is now, if not where it was")
    parser.add_argument("--variant")
    parser.add_argument("--asof", help="session of the fit, as in fits.csv")
    parser.add_argument("--seed", type=int)
    given = parser.parse_args(words)
    try:
        record = Record(given.record)
        row = draw(record, given.variant, given.asof, given.seed)
        return check(row, record.fit(row), given.panel)
    except AlphaNetError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def draw(record: Record, variant: str | None, asof: str | None, seed: int | None) -> Row:
    """A row of the record, at random among those that are asked for.

    Raises:
        FitError: There is none.
    """
    wanted = (variant, asof, seed)
    rows = [
        row
        for row in record.rows
        if all(want in (None, have) for want, have in zip(wanted, row.key, strict=True))
    ]
    if not rows:
        raise FitError(
            f"{record.folder} has no such fit among {len(record.rows)}",
            "variant, asof and seed as a row of its fits.csv has them",
            "leave out one of them, or --record FOLDER",
        )
    return random.choice(rows)


def check(row: Row, kept: Fit, panel: str | None) -> int:
    """Train the fit in a temporary folder and say how it compares; 0 where it is the same."""
    name = f"{row.variant} {row.asof} seed {row.seed}"
    if weights_sha256(kept) != row.weights_sha256:
        print(f"{name}: {kept.folder} does not hold the weights of its row")
        return 1
    settings = recorded(kept)
    settings.data.panel = panel or settings.data.panel
    opened = Panel.open(settings.data.panel)
    if opened.fingerprint != kept.record["panel"]["fingerprint"]:
        raise FitError(
            f"{opened.path} holds other data than the fit was trained on",
            f"the fingerprint {kept.record['panel']['fingerprint'][:12]}...",
            "--panel PANEL, prepared from the same tables with the same settings",
        )
    with tempfile.TemporaryDirectory() as runs:
        again = replace(settings, runs=runs)
        return compare(name, row, row_of(train(again, panel=opened), again, opened))


def recorded(fit: Fit) -> Settings:
    """The settings of a fit from its config.yaml."""
    values: Any = yaml.safe_load((fit.folder / "config.yaml").read_text(encoding="utf-8"))
    del values["logger"]  # its runs were logged, and trained again they are nobody's curves
    return to_settings(Composed(CommandLine("train", (), None), values))


def compare(name: str, before: Row, now: Row) -> int:
    """Print both rows' figures; 0 where they are the same within the tolerance, else 1."""
    if before.weights_sha256 == now.weights_sha256:
        print(f"{name}: the same weights, bit for bit ({now.weights_sha256[:12]})")
        return 0
    print(f"{name}: other weights; recorded, and now:")
    for figure in ("epochs", "best_epoch", "val_rank_ic", "test_rank_ic"):
        print(f"  {figure} {getattr(before, figure):.6g} {getattr(now, figure):.6g}")
    old, new = ([row.val_rank_ic, row.test_rank_ic] for row in (before, now))
    within = np.allclose(old, new, rtol=0, atol=TOLERANCE, equal_nan=True)
    print(f"  {'within' if within else 'NOT within'} the tolerance of {TOLERANCE}")
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
