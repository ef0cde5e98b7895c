"""The page of several variants: what stands beside what, and that each keeps its color."""

import numpy as np
import pytest
from helpers.synthetic_evaluation import synthetic_evaluation

from alphanet_pl.evaluation.paper import PERIOD
from alphanet_pl.evaluation.results import new_evaluation
from alphanet_pl.evaluation.variants import figures
from alphanet_pl.evaluation.variants.colors import KNOWN, OTHERS, colors
from alphanet_pl.evaluation.variants.compare import compare
from alphanet_pl.evaluation.variants.page import render
from alphanet_pl.evaluation.variants.sections.episodes import episodes, restarted
from alphanet_pl.evaluation.variants.sections.headline import headline
from alphanet_pl.evaluation.variants.sections.text import sentence, with_error
from alphanet_pl.evaluation.variants.sections.yearly import same_days, years

TITLES = (
    "The variants", "IC test", "Layer test", "Index enhancement, csi500", "Style exposures",
    "Coverage", "Drop ledger", "Provenance", "Parameters",
)  # fmt: skip


@pytest.fixture(scope="module")
def comparison(several):
    return compare(several)


@pytest.fixture(scope="module")
def text(several, comparison):
    return render(comparison, several).split("</script></head>")[-1]


def _row(text: str, name: str, after: str) -> str:
    """The first row of a table whose first cell is `name`, behind a heading."""
    part = text.split(after, 1)[1]
    return part.split(f"<th scope='row'>{name}</th>", 1)[1].split("</tr>", 1)[0]


def test_every_section_stands_on_the_page_in_order(text):
    places = [text.index(f"<h2>{title}</h2>") for title in TITLES]
    assert places == sorted(places)


def test_printed_rows_stand_under_ours(text):
    assert "<td>11.25%</td>" in _row(text, "v2, printed", "<h2>IC test</h2>")
    assert "<td>10.79%</td>" in _row(text, "v2.2, printed", "<h2>Layer test</h2>")
    assert "<td>21.50%</td>" in _row(text, "v2.1, printed", "Excess over the index</h3>")


def test_our_numbers_are_the_evaluations(text, several):
    summary = several["v2.2"]["ic"]["neutral"]["summary"]
    cell = with_error(summary["mean"], summary["standard_error"])
    assert f"<td>{cell}</td>" in _row(text, "v2.2", "<h2>IC test</h2>")


def test_a_figure_is_drawn_once(text):
    ids = [part.split("'")[0] for part in text.split("<div id='")[1:]]
    assert len(ids) == len(set(ids)) == text.count("<figure>") > 12


def test_a_variant_has_one_color_in_every_figure(several, comparison):
    paint = colors(several)
    drawn = [
        getattr(figures, name)(several)
        for name in (
            "cover", "excess_drawdown", "cumulative_rank_ic", "rank_ic_by_year", "layer_excess",
            "top_layer", "yearly_excess",
        )
    ]  # fmt: skip
    drawn += [figures.rank_ic_difference(several, "v2"), figures.exposures(comparison)]
    for figure in drawn:
        for trace in figure.data:
            found = trace.line.color if trace.type == "scatter" else trace.marker.color
            assert found == paint[trace.name]


def test_a_variants_color_does_not_depend_on_its_company():
    assert colors(["v2.2"])["v2.2"] == colors(["v2", "mine", "v2.2"])["v2.2"] == KNOWN["v2.2"]
    assert colors(["mine", "v2", "yours"]) == {
        "mine": OTHERS[0], "v2": KNOWN["v2"], "yours": OTHERS[1]
    }  # fmt: skip


def test_outside_the_period_is_said(text):
    row = _row(text, "early 2019 (2019-01-01 to 2019-04-30)", "inside three periods")
    assert row.count("<td>outside the period</td>") == 3


def test_the_reports_claim_is_counted_over_the_covered_periods(several, comparison):
    falls = [
        comparison["variants"][name]["episodes"]["end of 2014"]["drawdown"]["depth"]
        for name in ("v2.2", "v2")
    ]
    said = "it holds at end of 2014" if falls[0] < falls[1] else "it holds in none"
    assert f"Of the 1 wholly inside the period judged here {said}." in episodes(comparison, several)


def test_an_episodes_curve_begins_anew():
    dates, nav = restarted(["a", "b", "c", "d"], [1.1, 1.2, 1.5, 1.4], "b", "c")
    assert dates == ["b", "c"]
    np.testing.assert_allclose(nav, [1.2 / 1.1, 1.5 / 1.1])


@pytest.mark.parametrize(
    ("start", "stop", "year", "expected"),
    [
        (*PERIOD, "2011", True),
        (*PERIOD, "2021", True),
        ("2011-02-09", "2012-12-31", "2011", True),
        ("2011-06-30", "2012-12-31", "2011", False),
        ("2010-01-04", "2012-12-31", "2011", False),  # the report's 2011 lacks January
        ("2010-01-04", "2012-12-31", "2010", False),
        ("2011-01-31", "2015-06-30", "2015", False),
    ],
)
def test_printed_years_stand_beside_the_same_days_only(start, stop, year, expected, comparison):
    assert same_days(year, {**comparison, "start": start, "stop": stop}) is expected


def test_a_whole_year_has_its_printed_return(several, comparison):
    found = years({**comparison, "start": "2014-01-02", "stop": "2014-12-31"}, several)
    assert "<td>44.96%</td>" in found
    assert "<td>39.01%</td>" in found


def test_a_simulated_market_has_no_printed_years(several, comparison):
    made_up = {name: {**e, "provenance": {"source": "simulated"}} for name, e in several.items()}
    found = years({**comparison, "start": "2014-01-02", "stop": "2014-12-31"}, made_up)
    assert "printed" not in found


def test_a_single_seed_is_pointed_out(several):
    single = {**several["v2.2"], "provenance": {"seeds": [0]}}
    both = {"v2": several["v2"], "v2.2": single}
    assert "v2.2 is one seed" in headline(compare(both), both)


def test_different_periods_are_pointed_out(several):
    both = {"v2": several["v2"], "v2.1": {**several["v2.1"], "stop": "2014-12-31"}}
    assert "differences mix variant and period" in headline(compare(both), both)


def test_what_only_one_variant_lacks_is_said_of_it(several):
    lacking = {**several["v2.1"], "provenance": {"lacks": ["There is no layer test."]}}
    both = {"v2": several["v2"], "v2.1": lacking}
    assert "v2.1: There is no layer test." in headline(compare(both), both)


def test_variants_that_lack_everything_are_still_a_page():
    empty = {name: new_evaluation(name, "2011-01-31", "2011-02-01") for name in ("v2", "v2.1")}
    text = render(compare(empty), empty)
    assert "<h2>IC test</h2>" not in text


def test_one_variant_alone_is_compared_with_nobody():
    alone = {"combined": synthetic_evaluation("combined")}
    text = render(compare(alone), alone)
    assert "less that of" not in text.split("</script></head>")[-1]


def test_words_join_and_errors_follow_their_value():
    assert sentence(["a", "b", "c"]) == "a, b and c"
    assert sentence(["a"]) == "a"
    assert with_error(0.1234, 0.0056) == "12.34% \u00b1 0.56"
    assert with_error(0.1234, None) == "12.34%"
    assert with_error(None, 0.1) == "-"
    assert with_error(-0.1234, 0.0056) == "-12.34% \u00b1 0.56"
