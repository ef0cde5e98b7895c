"""Results of a sweep: tables, ranking and the best, from fit folders written by hand."""

import math
import shlex
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers.invented_fit import invented_fit

from alphanet_pl.config.compose import load_settings
from alphanet_pl.fit.folder import done_fit, fit_folder, model_identity
from alphanet_pl.model.sampling import sample_features
from datamodules.base.errors import EvaluationError
from datamodules.base.files import write_text
from sweeps.axes import expand
from sweeps.plan import Planned
from sweeps.results import (
    FULL,
    FULL_FITS,
    Spread,
    _fits_of_window,
    _full_model,
    _of_other_panels,
    _with_folders,
    best_of,
    best_path,
    command_of,
    configurations,
    mean_and_error,
    ratio_with_error,
    summarise,
    trials_table,
    write_best,
    write_tables,
)

ASOF = "2012-01-31"
RANKS = {6: (0.05, 0.07, 0.03), 8: (0.06, 0.06, 0.09)}


@pytest.fixture
def planned(tmp_path) -> list[Planned]:
    settings = load_settings(
        "sweep",
        [
            f"runs={tmp_path}",
            "sweep=dropout",
            "sweep.axes.model.n=[6,8]",
            "sweep.axes.seed=[0,1,2]",
        ],
    )
    trials = expand(settings)
    return [Planned(t, ASOF, fit_folder(t.settings, ASOF, "fingerprint")) for t in trials]


def _fit(one: Planned, **says: object) -> None:
    settings = one.trial.settings
    invented_fit(settings, ASOF, settings.seed, "fingerprint", **says)


def _train(one: Planned, rank_ic: float, seconds: float = 10.0) -> None:
    settings = one.trial.settings
    features = settings.data.features
    sample = sample_features(settings.seed, settings.model.n, len(features))
    metrics = {"val/rank_ic": rank_ic, "val/loss": 0.9, "train/loss": 0.8}
    sampled = [features[i] for i in sample]
    _fit(one, metrics=metrics, epochs=4, seconds=seconds, sampled_features=sampled)


def _train_all(planned: list[Planned]) -> None:
    for one in planned:
        _train(one, RANKS[one.trial.settings.model.n][one.trial.settings.seed])


def test_a_row_a_trial_in_the_sweeps_order(planned):
    _train_all(planned)
    table = trials_table(planned)
    assert table.columns.tolist() == [
        "variant", "asof", "seed", "model.n", "val/rank_ic", "val/loss", "train/loss", "epochs",
        "seconds", "seconds_per_epoch", "folder", "status",
    ]  # fmt: skip
    assert table["model.n"].tolist() == [6, 6, 6, 8, 8, 8]
    assert table["val/rank_ic"].tolist() == [*RANKS[6], *RANKS[8]]
    assert set(table["seconds_per_epoch"]) == {2.5}


def test_configurations_rank_by_their_mean_over_seeds_with_its_error_and_spread(planned):
    _train_all(planned)
    table = summarise(trials_table(planned))
    assert table["model.n"].tolist() == [8, 6]
    best = table.iloc[0]
    assert best["val/rank_ic"] == pytest.approx(0.07)
    assert best["std"] == pytest.approx(0.03 / math.sqrt(3))
    assert best["standard_error"] == pytest.approx(0.01)
    assert (best["min"], best["max"], best["seeds"]) == (0.06, 0.09, 3)


def test_one_lucky_seed_does_not_win(planned):
    for one in planned:
        n, seed = one.trial.settings.model.n, one.trial.settings.seed
        _train(one, 0.5 if (n, seed) == (6, 0) else 0.0 if n == 6 else 0.2)
    assert summarise(trials_table(planned))["model.n"].iloc[0] == 8


def test_a_configuration_that_lacks_seeds_comes_last_and_is_not_the_best(planned):
    _train(planned[0], 0.9)
    table = summarise(trials_table(planned))
    assert best_of(table, planned) is None
    for one in planned[3:]:
        _train(one, 0.01)
    table = summarise(trials_table(planned))
    assert table["model.n"].tolist() == [8, 6]
    assert table["seeds"].tolist() == [3, 1]


def test_a_trial_that_began_is_missing_until_it_is_done(planned):
    _fit(planned[0], status="running", seconds=3.0)
    row = trials_table(planned).iloc[0]
    assert row["status"] == "missing"
    assert row["val/rank_ic"] is None or math.isnan(row["val/rank_ic"])


def test_a_trial_stopped_early_shows_its_best_epoch_and_counts_for_no_mean(planned):
    _train_all(planned[1:])
    _fit(planned[0], status="running", seconds=6.0)
    rows = "epoch,val/loss,val/rank_ic,train/loss\n0,0.9,0.04,0.8\n1,0.95,0.08,0.7\n"
    write_text(planned[0].folder / "metrics.csv", rows)
    table = trials_table(planned, frozenset({planned[0].trial.name}))
    assert table.iloc[0][["val/rank_ic", "epochs", "status"]].tolist() == [0.04, 2, "stopped"]
    assert summarise(table).set_index("model.n")["seeds"].to_dict() == {8: 3, 6: 2}


def test_the_pairs_that_the_trained_seeds_cover_are_counted_together(planned):
    _train_all(planned)
    table = summarise(trials_table(planned)).set_index("model.n")
    pairs = set()
    for seed in range(3):
        sample = sample_features(seed, 8, 15)
        pairs |= {(a, b) for a in sample for b in sample if a < b}
    assert table.loc[8, "pairs_covered"] == pytest.approx(len(pairs) / 105)
    assert table.loc[8, "pairs_expected"] == pytest.approx(1 - (1 - 56 / 210) ** 3)


def test_pairs_are_of_the_features_that_a_fit_has(planned):
    settings = planned[0].trial.settings
    few = replace(settings, data=replace(settings.data, features=settings.data.features[:9]))
    one = Planned(replace(planned[0].trial, settings=few), ASOF, fit_folder(few, ASOF, "f"))
    invented_fit(few, ASOF, 0, "f", sampled_features=few.data.features, epochs=1, seconds=1.0,
                 metrics={"val/rank_ic": 0.1, "val/loss": 0.9, "train/loss": 0.8})  # fmt: skip
    (row,) = configurations(trials_table([one])).to_dict("records")
    assert (row["n"], row["features"], row["pairs_covered"]) == (9, 9, 1.0)


def test_a_table_read_elsewhere_finds_its_fits_and_counts_lost_ones_as_missing(
    planned, monkeypatch, tmp_path
):
    _train_all(planned)
    home = planned[0].folder.parents[2]
    written = trials_table(planned).assign(folder=lambda t: t["folder"].str.removeprefix("/"))
    assert _with_folders(written, home)["folder"].tolist() == [str(p.folder) for p in planned]
    shutil.rmtree(planned[0].folder)
    assert _with_folders(written, home)["status"].tolist() == ["missing"] + 5 * ["done"]


def test_tables_do_not_depend_on_the_order_in_which_fits_end(planned):
    _train_all(planned[::-1])
    first = summarise(trials_table(planned))
    _train_all(planned)
    pd.testing.assert_frame_equal(first, summarise(trials_table(planned)))


def test_the_best_configuration_is_an_option_that_train_takes(planned, tmp_path):
    _train_all(planned)
    summary = summarise(trials_table(planned))
    best = best_of(summary, planned)
    write_best(best, summary, tmp_path)
    settings = load_settings("train", ["variant=best", "seed=1"], Path(tmp_path))
    assert settings.variant == "v2.1"
    wanted = replace(best.trial.settings, seed=1)
    assert model_identity(settings) == model_identity(wanted)
    assert settings.model.n == 8


def test_the_command_for_the_best_configuration_names_its_panel_window_and_experiment(planned):
    _train_all(planned)
    summary = summarise(trials_table(planned))
    best = best_of(summary, planned)
    folder = best.folder.parents[3] / "my sweep"
    write_best(best, summary, folder)
    program, verb, option, where, *overrides = shlex.split(command_of(best, folder))
    assert (program, verb, option) == ("alphanet", "train", "--config-dir")
    settings = load_settings("train", overrides, Path(where))
    wanted = best.trial.settings
    assert model_identity(settings) == model_identity(wanted)
    assert settings.data == wanted.data
    assert (settings.runs, settings.experiment) == (wanted.runs, wanted.experiment)
    assert settings.asof == best.asof


def test_two_files_of_one_variant_are_two_configurations(tmp_path):
    (tmp_path / "variant").mkdir()
    (tmp_path / "variant" / "best.yaml").write_text(
        "# @package _global_\nvariant: v2.1\nmodel: {n: 6}\n"
    )
    axes = "sweep.axes={variant: [v2.1, best], seed: [0, 1]}"
    settings = load_settings("sweep", [f"runs={tmp_path}", "sweep=seeds", axes], tmp_path)
    trials = expand(settings)
    planned = [Planned(t, ASOF, fit_folder(t.settings, ASOF, "fingerprint")) for t in trials]
    for one in planned:
        _train(one, 0.10 if one.trial.point["variant"] == "v2.1" else 0.02)
    summary = summarise(trials_table(planned))
    assert summary["variant"].tolist() == ["v2.1", "best"]
    assert summary["val/rank_ic"].tolist() == [0.10, 0.02]
    assert best_of(summary, planned) is planned[0]


def test_the_best_is_found_by_its_session_whatever_day_the_axis_names(planned):
    _train_all(planned)
    summary = summarise(trials_table(planned))
    sunday = {"asof": "2012-02-05"}
    named = [
        replace(one, trial=replace(one.trial, point={**one.trial.point, **sunday}))
        for one in planned
    ]
    best = best_of(summary, named)
    assert best is not None
    assert best.trial.point["model.n"] == 8


def test_while_a_trial_is_missing_no_configuration_is_the_best(planned, tmp_path):
    _train_all(planned)
    *_, best = write_tables(tmp_path, planned, frozenset())
    assert best is not None
    assert best.trial.settings.model.n == 8
    assert best_path(tmp_path).is_file()
    shutil.rmtree(planned[0].folder)  # of the other configuration
    trials, summary, best = write_tables(tmp_path, planned, frozenset())
    assert best is None
    assert not best_path(tmp_path).exists()
    assert summary["model.n"].tolist() == [8, 6]
    assert trials["status"].tolist() == ["missing", *["done"] * 5]


def test_a_trial_that_the_scheduler_stopped_is_not_missing(planned, tmp_path):
    _train_all(planned[1:])
    *_, best = write_tables(tmp_path, planned, frozenset({planned[0].trial.name}))
    assert best is not None


def test_a_mean_has_its_standard_error_over_what_is_known():
    found = mean_and_error("x", pd.Series([0.01, 0.02, 0.03, float("nan")]))
    assert found == pytest.approx({"x": 0.02, "x_error": 0.01 / math.sqrt(3)})


@pytest.mark.parametrize(("values", "mean"), [([0.5], 0.5), ([], math.nan)])
def test_one_value_or_none_has_no_error(values, mean):
    found = mean_and_error("x", pd.Series(values, dtype=float))
    assert found == pytest.approx({"x": mean, "x_error": math.nan}, nan_ok=True)


def test_a_ratio_takes_both_errors():
    found = ratio_with_error(Spread(2.0, 0.2, 3), Spread(4.0, 0.4, 3))
    assert found == pytest.approx((0.5, 0.5 * math.sqrt(0.01 + 0.01), 3))


def test_a_configuration_is_judged_by_the_fits_of_its_seeds(planned, tmp_path):
    _train_all(planned[:4])
    trials_table(planned).to_csv(tmp_path / "trials.csv", index=False)
    table = configurations(pd.read_csv(tmp_path / "trials.csv"), lambda fits: {"judged": len(fits)})
    assert table["judged"].tolist() == [3, 1]
    assert table["n"].tolist() == [6, 8]
    assert table["val/rank_ic_error"][0] == pytest.approx(0.02 / math.sqrt(3))


def full_model(like, keys):
    return _full_model(like, _fits_of_window(like.folder.parents[2], like.asof), keys)


def test_the_time_of_a_full_model_is_that_of_fits_alike_in_all_but_the_axes(planned):
    _train_all(planned)
    base = planned[0].trial.settings
    others = {
        "full": replace(base, model=replace(base.model, n=15)),
        "weight": replace(
            base, model=replace(base.model, n=15), loss=replace(base.loss, long_weight=2.0)
        ),
        "slow": replace(
            base, model=replace(base.model, n=15), trainer=replace(base.trainer, patience=99)
        ),
    }
    for seconds, settings in zip((8.0, 80.0, 800.0), others.values(), strict=True):
        folder = fit_folder(settings, ASOF, "fingerprint")
        _train(Planned(replace(planned[0].trial, settings=settings), ASOF, folder), 0.1, seconds)
    like = done_fit(planned[0].folder)
    assert full_model(like, ["variant", "asof", "model.n"])[FULL] == 2.0
    keys = ["variant", "asof", "model.n", "loss.long_weight"]
    found = full_model(like, keys)
    assert found == pytest.approx({FULL: 11.0, f"{FULL}_error": 9.0, FULL_FITS: 2})
    weighted = done_fit(fit_folder(others["weight"], ASOF, "fingerprint"))
    assert full_model(weighted, ["variant", "asof", "model.n"])[FULL] == 20.0


def test_without_a_fit_of_all_features_its_time_is_unknown(planned):
    _train_all(planned)
    found = full_model(done_fit(planned[0].folder), ["model.n"])
    assert math.isnan(found[FULL])
    assert found[FULL_FITS] == 0


@dataclass
class _Market:
    """What `_of_other_panels` asks of a panel."""

    attrs: dict[str, str]
    dates: np.ndarray
    path: str = "runs/other.zarr"
    fingerprint: str = "fingerprint"


def test_fits_are_judged_on_no_other_market(planned):
    _train(planned[0], 0.1)
    fit = done_fit(planned[0].folder)
    source = fit.record["panel"].get("source")
    days = np.array([ASOF], "datetime64[D]")
    assert _of_other_panels([fit], _Market({"source": source}, days)) == []
    assert _of_other_panels([fit], _Market({"source": source}, days, fingerprint="grown")) == [fit]
    another = "parquet" if source == "simulated" else "simulated"
    for market in (_Market({"source": another}, days), _Market({"source": source}, days + 1)):
        with pytest.raises(EvaluationError) as caught:
            _of_other_panels([fit], market)
        assert caught.value.given.endswith(f"market as of {ASOF}")
        assert caught.value.hint.startswith("data.panel=")


def test_windows_are_ranked_apart_and_none_of_them_is_the_best(planned):
    _train_all(planned)
    first = trials_table(planned)
    both = pd.concat([first.assign(asof="2011-07-29"), first])
    summary = summarise(both)
    assert summary["asof"].tolist() == ["2011-07-29"] * 2 + [ASOF] * 2
    assert summary["rank"].tolist() == [1, 2, 1, 2]
    assert summary["model.n"].tolist() == [8, 6, 8, 6]
    assert best_of(summary, planned) is None
