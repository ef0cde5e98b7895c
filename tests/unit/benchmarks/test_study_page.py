from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from helpers.synthetic_evaluation import synthetic_evaluation

from alphanet_pl.evaluation.results import FitOrigin, write_result
from benchmarks.study_claims import MEASURES
from benchmarks.study_page import (
    beside_each_seed,
    beside_v2,
    errors,
    evaluated,
    evaluations,
    filled,
    of_fits,
    of_times,
    paired,
)
from datamodules.base.errors import EvaluationError

FITS = pd.DataFrame(
    [
        ("v2", "2011-01-31", 0, 13, 2, 0.10),
        ("v2", "2011-01-31", 1, 15, 4, 0.12),
        ("v2.1", "2011-01-31", 0, 12, 1, 0.11),
        ("v2.1", "2011-01-31", 1, 14, 3, 0.12),
        ("v2", "2011-07-29", 0, 11, 0, 0.08),
        ("v2.1", "2011-07-29", 0, 11, 0, 0.07),
        ("v2.1", "2012-01-31", 0, 11, 0, 0.50),
    ],
    columns=["variant", "asof", "seed", "epochs", "best_epoch", "test_rank_ic"],
)


def test_a_cell_is_the_mean_over_seeds_and_the_epoch_that_each_keeps():
    table = of_fits(FITS)
    assert table.loc["2011-01-31", "v2"] == "11.0% (epoch 2 of 13, 4 of 15)"
    assert table.loc["2012-01-31", "v2"] == ""


def test_the_mean_of_all_counts_each_window_once():
    assert of_fits(FITS).loc["all", "v2"] == "**9.5%** (3 fits)"  # 11 and 8


def test_a_pair_is_of_one_window_and_one_seed():
    (row,) = paired(FITS).to_dict("records")
    # Windows: (0.01 + 0.00) / 2 = 0.5 points and -1 point; the third has no fit of v2.
    assert row["RankIC less v2's, points"] == "-0.25"
    assert row["standard error"] == "0.75"
    assert row["over seeds"] == "0.00"  # seed 0: 1 and -1 point; seed 1: 0
    assert (row["windows better"], row["pairs"]) == ("1 of 2", "3")


def test_ridges_one_fit_stands_beside_each_seed():
    ridge = FITS[FITS["variant"] == "v2"].drop_duplicates("asof")
    ridge = ridge.assign(variant="ridge", test_rank_ic=[0.13, 0.09])
    table = paired(beside_each_seed(pd.concat([FITS, ridge])), ("v2", "ridge"))
    assert list(table.index) == ["ridge"]
    # Windows: (0.03 + 0.01) / 2 = 2 points and 1 point.
    assert table.loc["ridge", "RankIC less v2's, points"] == "+1.50"
    assert table.loc["ridge", "pairs"] == "3"


def test_the_page_keeps_its_words_and_changes_its_tables():
    text = (
        "before\n<!-- fits -->\nold\n<!-- end -->\nbetween\n<!-- paired -->\n<!-- end -->\nafter\n"
    )
    once = filled(text, {"fits": of_fits(FITS), "paired": paired(FITS)})
    assert "old" not in once
    assert [word in once for word in ("before", "between", "after", "| v2.1 |")] == [True] * 4
    assert filled(once, {"fits": of_fits(FITS), "paired": paired(FITS)}) == once


def test_a_page_without_its_marks_is_left_alone():
    with pytest.raises(SystemExit, match="no mark <!-- fits -->"):
        filled("nothing", {"fits": of_fits(FITS)})


def test_what_is_evaluated_stands_side_by_side_and_the_rest_is_left_out(tmp_path):
    evaluation = synthetic_evaluation()
    for name in ("v2", "v2.1"):
        (tmp_path / name).mkdir()
        write_result(replace(evaluation, variant=name), tmp_path / name / "evaluation.json")
    made = evaluated(evaluations(tmp_path))
    table = made["evaluations"]
    assert list(table.columns) == ["v2", "v2.1"]
    assert list(table.loc["scored"]) == [f"{evaluation.start} to {evaluation.stop}"] * 2
    mean = evaluation.ic.neutral.summary.mean
    assert table.loc["RankIC, neutral factor", "v2.1"].startswith(f"{mean:.2%} ")
    assert set(made["ic"].columns) == {"v2", "v2, printed", "v2.1", "v2.1, printed"}


def test_a_time_is_the_median_epoch_with_its_least_and_most():
    times = {"9": {"seconds": [6.72, 6.24, 6.91], "times as fast as all": [1.328, 1.267, 1.379]}}
    table = of_times(times)
    assert list(table.loc["n = 9"]) == ["6.7 (6.2 to 6.9)", "1.33 (1.27 to 1.38)"]


def judged(variant, seed, asofs=("2014-10-01", "2014-11-03", "2014-12-01")):
    """An evaluation whose factor is of three windows."""
    evaluation = synthetic_evaluation(variant, seed)
    fits = [FitOrigin(asof, 0, "", None, None) for asof in asofs]
    return replace(evaluation, provenance=replace(evaluation.provenance, fits=fits))


def test_a_factor_stands_beside_v2_from_a_date_on():
    plain, other = judged("v2", 3), judged("ridge", 4)
    first = "2014-11-03"
    row = beside_v2({"v2": plain, "ridge": other}, first).loc["ridge"]
    means = [
        np.mean([value for date, value in zip(series.dates, series.values, strict=True)
                 if date >= first])
        for series in (one.ic.neutral.series for one in (other, plain))
    ]  # fmt: skip
    assert row["RankIC"].startswith(f"{means[0]:.2%} ({means[0] - means[1]:+.2%} ± ")


def test_v2_itself_has_no_difference_and_what_is_not_trained_no_seeds():
    plain, untrained = judged("v2", 3), synthetic_evaluation("reversal", 4)
    untrained = replace(untrained, provenance=replace(untrained.provenance, seeds=[]))
    table = beside_v2({"v2": plain, "reversal": untrained}, "2014-10-01")
    assert "(" not in "".join(table.loc["v2"])
    assert (table.loc["v2", "seeds"], table.loc["reversal", "seeds"]) == ("10", "-")


def test_a_factor_has_its_error_over_windows_and_its_seeds_theirs():
    found = {"v2": judged("v2", 3), "blend": judged("blend", 4)}
    seeds = pd.DataFrame(
        {"variant": ["v2"] * 2, "seed": [0, 1]}
        | {measure.says: [0.10, 0.12] for measure in MEASURES}
    )
    table = errors(found, seeds)
    assert table.loc["RankIC", "v2"].startswith(f"{found['v2'].ic.neutral.summary.mean:.2%} ± ")
    assert table.loc["RankIC, of one seed", "v2"] == "11.00% ± 1.00%"
    assert table.loc["RankIC, of one seed", "blend"] == "-"
    assert len(errors(found, pd.DataFrame())) == len(MEASURES)


def test_an_evaluation_without_a_part_is_refused():
    bare = replace(judged("ridge", 4), layers=None)
    with pytest.raises(EvaluationError, match="lacks a part"):
        beside_v2({"v2": judged("v2", 3), "ridge": bare}, "2014-10-01")
