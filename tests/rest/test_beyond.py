"""The arms of docs/beyond.md: what each changes, and the command that runs and compares them."""

import math
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.small_study import WINDOWS
from scipy.stats import norm, rankdata, spearmanr, zscore

from alphanet_pl.factor.predict import score
from alphanet_pl.fit.folder import done_fit, model_identity
from alphanet_pl.model.operators import SixOperators
from benchmarks import beyond
from benchmarks.rescored import rescored
from benchmarks.rows import read_rows
from benchmarks.study_record import Record
from datamodules.base.errors import FitError
from datamodules.batches.windows import windows_of
from datamodules.panel import Panel

sys.path.append(str(beyond.TRAINED))
import beyond_arms as arms  # a user's own module, found by --config-dir

RESULTS = Path(beyond.__file__).parent / "results"


def pictures(stocks: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(stocks, 15, 30, generator=generator).exp()


def test_ranked_operators_give_the_ranks_of_the_six():
    days = pictures(30)[:, :3, :10].permute(1, 2, 0).contiguous()
    found, plain = arms.RankedOperators()(days), SixOperators()(days)
    for ranks, values in zip(found, plain, strict=True):
        expected = (rankdata(values) - 15.5) / 30
        np.testing.assert_allclose(ranks, expected, atol=1e-6)
    assert arms.RankedOperators() != SixOperators()
    assert windows_of(pictures(30), arms.RankedOperators()).features().isfinite().all()


def test_the_objective_is_minus_the_correlation_with_normal_scores():
    x, y = torch.randn(2, 50, generator=torch.Generator().manual_seed(3)).unbind()
    y[:4] = y[0]
    expected = -np.corrcoef(x, norm.ppf((rankdata(y) - 0.5) / 50))[0, 1]
    found = arms.RankCorrelation()(x, y.exp(), torch.ones(50))
    assert float(found) == pytest.approx(expected, abs=1e-5)
    assert arms.RankCorrelation.stops_on == "val/rank_ic"


def test_every_arm_differs_from_v2_in_one_thing():
    settings = beyond.settings_of("choose", ["panel.zarr"])
    each = beyond.of_variants(settings)
    del each[beyond.LINEAR]
    assert len(each) + len(beyond.ARMS) == 1 + 8
    identities = {name: model_identity(one) for name, one in each.items()}
    assert identities.pop("v2") == {"protocol": 2}
    for identity in identities.values():
        parts = [key for key in identity if key not in ("protocol", "sources")]
        assert [len(identity[part]) for part in parts] == [1]
    assert (settings.rolling.dates[0], settings.rolling.dates[-1]) == ("2011-01-31", "2014-07-31")
    confirmed = beyond.settings_of("confirm", ["panel.zarr"])
    assert confirmed.variants == ["v2", "ridge"]
    later = confirmed.rolling.dates
    assert (later[0], later[-1], len(later)) == ("2015-01-31", "2020-01-31", 11)


def row(variant: str, asof: str, seed: int, neutral: float) -> beyond.Row:
    return beyond.Row(variant, asof, seed, 3, 1, 0.1, neutral + 0.01, neutral, 60.0, "h", "c")


def test_pairs_are_averaged_by_window_and_by_seed():
    less = {("a", 0): 0.01, ("a", 1): 0.03, ("b", 0): -0.02, ("b", 1): 0.0}
    rows = [row("v2", day, seed, 0.1 + seed) for day, seed in less]
    rows += [row("own", day, seed, 0.1 + seed + d) for (day, seed), d in less.items()]
    rows += [row("own", "c", 0, 9.0)]  # without its pair it does not count
    found = beyond.pairs(rows, "own", "neutral")
    assert found.mean == pytest.approx(0.005)
    assert found.over_windows == pytest.approx(np.std([0.02, -0.01], ddof=1) / math.sqrt(2))
    assert found.over_seeds == pytest.approx(np.std([-0.005, 0.015], ddof=1) / math.sqrt(2))
    assert (found.better, found.windows, found.pairs) == (1, 2, 4)
    assert "| own |" in beyond.table(rows)
    assert "+0.50 | 1.50 | 1.00 | 1 of 2 |" in beyond.table(rows)


def words_of(study, *more: str) -> list[str]:
    panel = study.runs / "demo" / "panel.zarr"
    dates = ",".join(str(day) for day in Panel.open(panel).dates[[*WINDOWS]])
    small = study.words("roll", "trainer.max_epochs=1", "data.min_in_sample_days=null")[1:]
    return [
        str(panel), *small, f"rolling.dates=[{dates}]", "rolling.stop=null", "rolling.seeds=[0]",
        f"output={study.runs / 'beyond-record'}", *more,
    ]  # fmt: skip


def test_the_command_continues_and_refuses_rows_of_another_study(study, monkeypatch):
    words = words_of(study, "variants=[v2,ridge,ranked]")
    true_train, trained = beyond.train, []

    def train(settings, **given):
        if len(trained) == 3:
            raise KeyboardInterrupt
        trained.append((settings.variant, settings.asof))
        return true_train(settings, **given)

    monkeypatch.setattr(beyond, "train", train)
    with pytest.raises(KeyboardInterrupt):
        beyond.run("choose", beyond.settings_of("choose", words))
    assert [variant for variant, _ in trained] == ["ridge", "v2", "ranked"]
    monkeypatch.setattr(beyond, "train", true_train)
    first = ["ridge", "v2", "own", "both", "mixed", "union", "ranked"]
    second = ["ridge", "v2", "own", "both", "deeper", "mixed", "union", "ranked"]
    rows = beyond.run("choose", beyond.settings_of("choose", [*words, "parts=2/2"]))
    assert [one.variant for one in rows] == first + second
    assert len({one.asof for one in rows[len(first) :]}) == 1
    assert all(math.isfinite(one.neutral) and one.neutral != one.raw for one in rows)
    assert len({one.neutral for one in rows}) == len(rows)
    path = study.runs / "beyond-record" / "choose.csv"
    before = path.read_bytes()
    assert beyond.run("choose", beyond.settings_of("choose", words)) == rows
    assert path.read_bytes() == before
    other = beyond.settings_of("choose", [*words, "trainer.max_epochs=2"])
    with pytest.raises(FitError, match="has the row of another fit"):
        beyond.run("choose", other)


def test_deeper_waits_for_the_fit_of_the_window_before(study, monkeypatch):
    words = [*words_of(study, "variants=[v2]"), f"output={study.runs / 'beyond-parts'}"]
    later = beyond.settings_of("choose", [*words, "experiment=arms-in-parts", "parts=2/2"])
    rows = beyond.run("choose", later)
    assert [one.variant for one in rows] == ["v2", "own", "both"]
    rows = beyond.run("choose", beyond.settings_of("choose", [*words, "experiment=arms-in-parts"]))
    assert [one.variant for one in rows] == ["v2", "own", "both"] * 2 + ["deeper"]
    assert rows[-1].asof == rows[0].asof != rows[3].asof


def test_means_are_of_standardised_scores_and_deeper_is_that_of_two_fits(study, whole):
    panel, sessions = Panel.open(study.runs / "demo" / "panel.zarr"), np.array([300, 310])
    paths = sorted(whole.glob("*/seed0-*/fit.json"))
    before, fit = (done_fit(path.parent) for path in paths)
    other = before  # in place of ridge's
    found = dict(rescored(fit, before, other, sessions, panel))
    first, second = (score(panel, sessions, [one]) for one in (before, fit))
    mean = (first["factor"] + second["factor"]) / 2
    np.testing.assert_allclose(found["deeper"]["factor"], mean, rtol=1e-4, atol=1e-6)
    for _, own in found["own"].groupby("date"):
        running = second.loc[own.index, "factor"]
        linear = first.loc[own.index, "factor"]
        pairs = {
            "both": (running, own["factor"]),
            "mixed": (running, linear),
            "union": (own["factor"], linear),
        }
        for arm, (one, two) in pairs.items():
            expected = (zscore(one, ddof=1) + zscore(two, ddof=1)) / 2
            np.testing.assert_allclose(found[arm].loc[own.index, "factor"], expected, atol=1e-6)
        assert 0.1 < spearmanr(running, own["factor"]).statistic < 0.99999
    assert {*dict(rescored(fit, None, None, sessions, panel))} == {"own", "both"}


@pytest.mark.parametrize("stage", beyond.STAGES)
def test_the_studys_record_says_of_a_fit_what_the_arms_say(stage):
    study = {row.key: row.test_rank_ic for row in Record(RESULTS / "study").rows}
    rows = read_rows(RESULTS / "beyond" / f"{stage}.csv", beyond.Row)
    shared = [row for row in rows if (row.variant, row.asof, row.seed) in study]
    assert len(shared) > 20
    for row in shared:
        assert row.raw == pytest.approx(study[row.variant, row.asof, row.seed], abs=1e-5), row
