"""The page of a sweep: means over seeds, errors over seeds, and what is missing."""

import json
import re

import numpy as np
import pytest
from helpers.invented_sweep import ERROR, configuration, invented
from markupsafe import Markup

from alphanet_pl.evaluation.report.formats import written_in
from sweeps.report import (
    has_grid,
    heat_map,
    pairs_covered,
    points,
    results,
    sweep_part,
    sweep_table,
)
from sweeps.results import FULL, FULL_FITS, RANK_IC, Sweep


def sweep_text(sweep: Sweep) -> str:
    return sweep_part(sweep).content


def test_a_configuration_is_named_by_its_variant_and_axes():
    sweep = invented()
    assert [sweep.name_of(row) for row in sweep.rows()][1] == "v2.1 model.n=6 loss.long_weight=2.0"


def test_a_grid_is_drawn_as_a_heat_map_with_its_errors():
    sweep = invented()
    assert has_grid(sweep)
    (map_,) = heat_map(sweep).data
    assert map_.x == ("6", "8")
    assert map_.y == ("1", "2")
    assert map_.text[0][0] == "2.00% \u00b1 0.58%"


def test_a_row_is_no_grid():
    assert not has_grid(invented(configuration(), configuration(**{"model.n": 6})))


@pytest.mark.parametrize(
    ("changes", "axes"),
    [
        ({"model.n": 6}, ["model.n"]),
        ({"loss.long_weight": 2.0}, ["loss.long_weight"]),
        ({"trainer.learning_rate": 1e-3}, ["trainer.learning_rate"]),
        ({"loss.neutralise": True}, []),
        ({"variant": "v2.3"}, []),
        ({}, []),
    ],
)
def test_whatever_number_varies_is_an_axis(changes, axes):
    keys = ("variant", "model.n", "loss.long_weight", "trainer.learning_rate", "loss.neutralise")
    base = {"trainer.learning_rate": 1e-4, "loss.neutralise": False}
    sweep = invented(configuration(**base), configuration(**base | changes), keys=keys)
    assert sweep.axes == axes
    figure = points(sweep, RANK_IC, "validation")
    assert figure.layout.xaxis.title.text == (axes[0] if axes else None)
    assert (figure.layout.xaxis.type == "category") == (not axes)


def test_a_line_is_drawn_for_each_point_of_the_other_axes_and_its_bars_are_standard_errors():
    figure = points(invented(), RANK_IC, "validation")
    assert [trace.name for trace in figure.data] == [
        "v2.1 loss.long_weight=1.0", "v2.1 loss.long_weight=2.0",
    ]  # fmt: skip
    assert figure.data[0].x == (6, 8)
    assert figure.data[0].error_y.array[0] == pytest.approx(ERROR)


def test_a_single_seed_has_no_bar():
    sweep = invented(configuration(**{f"{RANK_IC}_error": float("nan")}))
    (trace,) = points(sweep, RANK_IC, "validation").data
    assert np.isnan(trace.error_y.array).all()


def test_every_figure_has_a_title_and_a_unit_on_both_axes():
    form = r"<figcaption>(.*?)</figcaption>.*?figures.push\((.*?)\);</script>"
    drawn = re.findall(form, sweep_text(invented()), re.DOTALL)
    assert len(drawn) > 5
    for caption, arguments in drawn:
        layout = json.loads(arguments)[2]
        assert caption
        assert layout["xaxis"]["title"]["text"] == "model.n"
        assert layout["yaxis"]["title"]["text"]


def test_two_variants_are_two_lines_over_the_same_axis():
    rows = [
        configuration(variant=variant, **{"model.n": n})
        for variant in ("v2.1", "combined")
        for n in (6, 8)
    ]
    sweep = invented(*rows, keys=("variant", "model.n"))
    assert [trace.name for trace in points(sweep, RANK_IC, "validation").data] == [
        "v2.1",
        "combined",
    ]
    assert not has_grid(sweep)


def test_several_windows_are_told_apart():
    rows = [configuration(asof=asof) for asof in ("2011-01-31", "2011-07-29")]
    sweep = invented(*rows, keys=("variant", "asof"))
    text = sweep_text(sweep)
    assert "Fits as of 2011-01-31 to 2011-07-29" in Markup(text).striptags()
    assert "v2.1 asof=2011-07-29" in text


def test_covered_pairs_stand_beside_those_expected():
    *_, expected = pairs_covered(invented()).data
    assert expected.name == "expected of as many seeds"
    assert list(expected.y) == [0.41, 0.41]


def test_the_ratio_of_training_times_is_on_the_page():
    full = {FULL: 1.7, f"{FULL}_error": 0.1, FULL_FITS: 4}
    text = sweep_text(invented(configuration(**full), configuration(**{"model.n": 6})))
    assert "<td>0.50 \u00b1 0.03</td>" in text  # 0.85 s for n = 8 against 1.7 s
    assert "alike but for what the sweep varies, with all 15 features paired" in text
    assert "(number of fits: 4), 1.700 \u00b1 0.100 seconds" in text
    assert "<td>-</td>" in text  # without such a fit of its own


def test_without_a_full_model_there_is_no_ratio():
    text = sweep_text(invented())
    assert "No fit of the same window pairs all 15 features" in text
    assert "alphanet train variant=v2.1 model.n=15" in text


def test_what_is_missing_or_simulated_is_said():
    text = sweep_text(invented(missing=2, simulated=True))
    assert "Trials that are not finished and not counted: 2." in text
    assert "The market is simulated" in text


def test_a_panel_that_ends_with_the_window_leaves_the_rest():
    rows = [
        {k: v for k, v in configuration(**{"model.n": n}).items() if not k.startswith(
            ("rank_ic", "top_excess", "volatility", "correlation"))} | {"sections": 0}
        for n in (6, 8)
    ]  # fmt: skip
    sweep = invented(*rows, keys=("variant", "model.n"))
    text = sweep_text(sweep)
    assert "product-val" in text
    assert "product-correlation" not in text
    assert "After the window means" not in text
    assert sweep_table(sweep)["rank_ic"].isna().all()


def test_a_column_of_dashes_is_what_the_panel_does_not_say():
    first = results(invented()).iloc[0]
    assert first["validation RankIC"] == "2.00% \u00b1 0.58%"
    assert first.iloc[-1] == "-"


def test_the_csv_has_a_row_a_configuration():
    table = sweep_table(invented())
    assert table["model.n"].tolist() == [6, 6, 8, 8]
    assert table["val_rank_ic"].tolist() == pytest.approx([0.02] * 4)
    assert table["correlation_error"].tolist() == pytest.approx([0.1] * 4)


def test_a_chinese_page_has_the_same_figures_and_no_sentence_in_english():
    sweep = invented(missing=2, simulated=True)
    english = sweep_text(sweep)
    with written_in("zh"):
        chinese = sweep_text(sweep)
    for pattern in (r"\d+\.\d\d%", r'id="figure-([\w-]+)"'):
        assert sorted(re.findall(pattern, chinese)) == sorted(re.findall(pattern, english))
    texts = {
        text.strip()
        for text in re.findall(r">([^<>]+)<", re.sub(r"<script.*?</script>", "", chinese))
    }
    drawn = {json.loads(f'"{text}"') for text in re.findall(r'"text":"([^"]*)"', chinese)}
    english_words = re.compile(r"\b[A-Za-z]{2,}[ ,]+[a-z]{2,}")
    left = {text for text in texts | drawn if english_words.search(text)}
    assert {text for text in left if not re.search("[\u4e00-\u9fff]", text)} <= {
        "alphanet train variant=v2"
    }
