"""`alphanet evaluate variants=[...]`: one period for all, files that agree, mistakes with hints."""

import json
from dataclasses import asdict, replace

import pandas as pd
import pytest
from helpers.small_study import call

from alphanet_pl.cli.commands.evaluate import write_all
from alphanet_pl.evaluation.results import read_evaluation, to_json


@pytest.fixture
def home(both):
    return both.runs / "both"


def test_all_are_judged_on_the_sessions_that_all_scored(home):
    found = json.loads((home / "comparison.json").read_text())
    late = pd.read_parquet(home / "v2" / "factor.parquet")["date"]
    assert found["common_period"]
    assert (found["start"], found["stop"]) == (str(late.min())[:10], str(late.max())[:10])
    for name in ("v2", "v2.1"):
        evaluation = read_evaluation(home / name / "evaluation.json")
        assert (evaluation.start, evaluation.stop) == (found["start"], found["stop"])
        assert found["variants"][name]["ic"] == to_json(evaluation.ic.neutral.summary)


def test_each_variant_keeps_its_own_settings_files_and_page(home):
    found = json.loads((home / "comparison.json").read_text())
    assert list(found["variants"]) == ["v2", "v2.1"]  # the baseline first
    assert [row["setup"]["n"] for row in found["variants"].values()] == [15, 8]
    for name in ("v2", "v2.1"):
        assert (home / name / "report.html").is_file()
        assert (home / name / "tables" / "ic.csv").is_file()
    assert pd.read_csv(home / "tables" / "ic.csv", index_col=0).index.tolist() == ["v2", "v2.1"]


def test_factors_that_share_their_signal_correlate(home):
    found = json.loads((home / "comparison.json").read_text())["correlation"]
    assert found["v2"]["v2"] == pytest.approx(1)
    assert found["v2"]["v2.1"] == pytest.approx(found["v2.1"]["v2"])
    assert 0.5 < found["v2"]["v2.1"] < 0.99


def test_a_seed_alone_is_judged_as_a_factor_of_its_own(both, home, tmp_path):
    factor = pd.read_parquet(home / "v2" / "factor.parquet")
    alone = factor[["date", "code"]].assign(factor=factor["seed_1"])
    alone.to_parquet(tmp_path / "alone.parquet", index=False)
    words = (f"factor={tmp_path / 'alone.parquet'}", f"output={tmp_path}")
    assert call(both, "evaluate", "experiment=both", *words) == 0
    expected = read_evaluation(tmp_path / "evaluation.json").ic.neutral.summary
    by_seed = read_evaluation(home / "v2" / "evaluation.json").ic.by_seed
    assert list(by_seed) == ["0", "1"]
    assert asdict(by_seed["1"]) == pytest.approx(asdict(expected))


def test_another_folder_leaves_each_variants_own_evaluation(both, home, tmp_path):
    kept = (home / "v2.1" / "evaluation.json").read_bytes()
    words = ("experiment=both", "variants=[v2.1,v2]", f"output={tmp_path}", "evaluation.layers=4")
    assert call(both, "evaluate", *words) == 0
    assert (home / "v2.1" / "evaluation.json").read_bytes() == kept
    assert (tmp_path / "v2.1" / "evaluation.json").is_file()
    assert (tmp_path / "comparison.json").is_file()


def test_tables_of_a_factor_that_had_more_do_not_stay(home, tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "mine.csv").touch()
    whole = read_evaluation(home / "v2" / "evaluation.json")
    for one in (whole, replace(whole, enhancement=None, yearly=None)):
        write_all(one, tmp_path, "en")
        left = {path.stem for path in (tmp_path / "tables").glob("*.csv")}
        assert ("enhancement" in left) == (one is whole)
        assert {"mine", "ic"} < left


@pytest.fixture
def factors(both):
    """Function: lay factors of v2 and v2.1 into an experiment, and return its folder."""

    def lay(experiment, **parts):
        home = both.runs / experiment
        for name, factor in parts.items():
            folder = home / name.replace("_", ".")
            folder.mkdir(parents=True)
            factor.to_parquet(folder / "factor.parquet", index=False)
        return home

    return lay


@pytest.fixture
def factor(both):
    """The factor of v2.1."""
    return pd.read_parquet(both.runs / "default" / "v2.1" / "factor.parquet")


def test_a_day_that_one_variant_leaves_empty_moves_no_section(both, factor, factors):
    gap = factor["factor"].where(factor["date"] != factor["date"].unique()[10])
    home = factors("gap", v2=factor, v2_1=factor.assign(factor=gap))
    assert call(both, "evaluate", "experiment=gap", "variants=[v2,v2.1]") == 0
    found = json.loads((home / "comparison.json").read_text())
    assert found["common_period"]
    rows = found["variants"]
    assert rows["v2.1"]["ic_difference"]["n"] == rows["v2"]["ic"]["n"] == rows["v2.1"]["ic"]["n"]


def test_tables_of_more_parts_do_not_stay_beside_a_comparison(both, home, tmp_path):
    words = ("experiment=both", "variants=[v2,v2.1]", f"output={tmp_path}")
    assert call(both, "evaluate", *words) == 0
    assert (tmp_path / "tables" / "layers.csv").is_file()
    assert call(both, "evaluate", *words, "evaluation.layers=80") == 0
    assert not (tmp_path / "tables" / "layers.csv").is_file()
    assert (tmp_path / "tables" / "ic.csv").is_file()


def test_a_variant_without_a_score_on_the_common_days_is_refused(both, factor, factors, capsys):
    early = factor["date"].isin(factor["date"].unique()[:20])
    blank = factor.assign(factor=factor["factor"].where(early))
    factors("unscored", v2=factor[~early], v2_1=blank)
    assert call(both, "evaluate", "experiment=unscored", "variants=[v2,v2.1]") == 2
    assert "sessions that all of them score, and there is none" in capsys.readouterr().err


def test_a_simulated_market_keeps_its_industries_and_says_so(home):
    assert "Industries never change" in (home / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("variants=[v2,v2.3]",), "alphanet roll variant=v2.3 "),
        (("variants=[v2,v2.3]",), " experiment=both"),
        (("variants=[v2,v2]",), "variants=[v2]"),
        (("variants=[v2,v2.7]",), "v2.7 is none of blend, combined, "),
        (("variants=[v2,v2.1]", "factor=x.parquet"), "leave out factor"),
    ],
)
def test_a_mistake_is_one_sentence_with_a_hint(both, capsys, words, said):
    assert call(both, "evaluate", "experiment=both", *words) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "HINT" in error


def test_factors_of_different_years_have_nothing_to_compare(both, factor, factors, capsys):
    early = factor["date"].isin(factor["date"].unique()[:20])
    factors("apart", v2=factor[early], v2_1=factor[~early])
    assert call(both, "evaluate", "experiment=apart", "variants=[v2,v2.1]") == 2
    assert "sessions that all of them score, and there is none" in capsys.readouterr().err
