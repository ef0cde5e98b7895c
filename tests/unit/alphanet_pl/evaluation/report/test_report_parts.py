"""Years, episodes and the claim of the paper about them."""

from dataclasses import replace

import pytest

from alphanet_pl.evaluation.compare import compare, having
from alphanet_pl.evaluation.paper import PERIOD
from alphanet_pl.evaluation.report import figures as draw
from alphanet_pl.evaluation.report import headline
from alphanet_pl.evaluation.report.figures import navs
from alphanet_pl.evaluation.report.formats import as_set
from alphanet_pl.evaluation.report.headline import ours
from alphanet_pl.evaluation.report.parts import ic
from alphanet_pl.evaluation.report.years import claim, episodes, same_days, year_cells, years
from alphanet_pl.evaluation.results import Evaluation, Provenance
from alphanet_pl.model.baselines import Estimated, Reversal
from alphanet_pl.model.module import NETWORKS


@pytest.fixture(scope="module")
def comparison(several):
    return compare(several)


def test_outside_the_period_is_said(comparison, several):
    text = "".join(episodes(comparison, having(several, lambda each: each.enhancement)))
    row = text.split("early 2019", 1)[1].split("</tr>", 1)[0]
    assert row.count("<td>outside the period</td>") == 3


def test_an_episode_names_its_days(comparison, several):
    fall = comparison.variants["v2"].episodes["end of 2014"].drawdown
    text = "".join(episodes(comparison, having(several, lambda each: each.enhancement))).replace(
        '<span class="date">', ""
    )
    assert f"{100 * fall.depth:.2f}%, {fall.peak or 'its first day'}" in text.replace("</span>", "")


def test_the_papers_claim_is_counted_over_the_covered_periods(comparison):
    falls = [
        comparison.variants[name].episodes["end of 2014"].drawdown.depth for name in ("v2.2", "v2")
    ]
    said = "it holds at end of 2014" if falls[0] < falls[1] else "it holds in none"
    assert f"Of the 1 wholly inside the period judged here {said}." in claim(comparison)


@pytest.mark.parametrize(
    ("start", "stop", "year", "expected"),
    [
        (*PERIOD, "2011", True),
        (*PERIOD, "2021", True),
        ("2011-02-09", "2012-12-31", "2011", False),  # two sessions are not ours
        ("2010-12-31", "2012-12-28", "2012", True),  # no session is later
        ("2010-12-31", "2012-12-24", "2012", False),
        ("2012-01-05", "2012-12-31", "2012", True),
        ("2011-06-30", "2012-12-31", "2011", False),
        ("2010-01-04", "2012-12-31", "2011", False),  # the paper's 2011 lacks January
        ("2010-01-04", "2012-12-31", "2010", False),
        ("2011-01-31", "2015-06-30", "2015", False),
    ],
)
def test_printed_years_are_compared_on_the_same_days_only(start, stop, year, expected):
    assert same_days(year, (start, stop)) is expected


def invested(evaluation: Evaluation, first: str, last: str, **changes: str) -> Evaluation:
    """With a portfolio of other days, or of another index."""
    held = evaluation.enhancement
    curves = replace(held.curves, dates=[first, last])
    return replace(evaluation, enhancement=replace(held, curves=curves, **changes))


def test_a_whole_year_has_its_printed_return(several, comparison):
    whole = {name: invested(each, "2014-01-02", "2014-12-31") for name, each in several.items()}
    found = years(comparison, whole)[0]
    assert "<td>44.96%</td>" in found
    assert "<td>39.01%</td>" in found


def test_another_index_has_no_printed_years(several, comparison):
    other = {
        name: invested(each, "2014-01-02", "2014-12-31", index="csi300")
        for name, each in several.items()
    }
    found = years(comparison, other)[0]
    assert "<td>44.96%</td>" in found
    assert "39.01%" not in found


def test_a_year_held_in_part_is_marked(several, comparison):
    assert "<td>44.96% (other days)</td>" in years(comparison, several)[0]


def test_each_variant_is_marked_by_its_own_days_and_no_index_stands_beside_several(
    several, comparison
):
    held = {"v2": invested(several["v2"], "2014-01-02", "2014-12-31")}
    held["v2.1"] = invested(several["v2.1"], "2014-07-01", "2014-12-31")
    cells = year_cells(comparison, held)
    assert cells.loc["2014", "v2, printed"] == "44.96%"
    assert cells.loc["2014", "v2.1, printed"].endswith("(other days)")
    assert not [name for name in cells if "index" in name]
    drawn = navs(having(held, lambda each: each.enhancement))
    assert len(drawn.data) == 2


def test_a_simulated_market_has_no_printed_years(several, comparison):
    source = Provenance(source="simulated")
    made_up = {name: replace(each, provenance=source) for name, each in several.items()}
    found = years(replace(comparison, start="2014-01-02", stop="2014-12-31"), made_up)
    assert "printed" not in "".join(found)


def test_the_copied_row_is_named_where_it_stands(several, comparison):
    plain, copied = several["v2"], replace(several["v2"], variant="v2.3")
    both = {"v2": plain, "v2.3": copied}
    without = {"v2": plain, "v2.3": replace(copied, yearly=None)}
    assert "copy" in years(compare(both), both)[1]
    assert "copy" not in years(compare(without), without)[1]


def with_settings(of: Evaluation, **settings) -> Evaluation:
    return replace(of, provenance=replace(of.provenance, settings=settings))


def test_a_factor_from_elsewhere_is_said_to_be_trained_in_no_way(several):
    one = {"mine": with_settings(several["v2"], data={"embargo": 11}, evaluation={})}
    text = ours(compare(one), one).content
    assert "whole dates" not in text
    assert "monthly mean" in text
    assert vars(compare(one).variants["mine"].setup) == dict.fromkeys(
        ("n", "long_weight", "neutralise")
    )


def test_the_choices_are_those_of_the_settings(several):
    chosen = {
        "model": {},
        "data": {"dates_per_step": 4},
        "evaluation": {"index": {"code": "H00905"}, "enhancement": {"max_underweight": None}},
    }
    one = {"v2": with_settings(several["v2"], **chosen)}
    text = ours(compare(one), one).content
    assert "whole dates, 4 at once" in text
    assert "price index" not in text
    assert "above and 100% below" in text
    plain = {"v2": with_settings(several["v2"], model={"network": "ridge"})}
    text = ours(compare(plain), plain).content
    assert "whole dates" not in text
    assert "A fit stops" not in text
    assert "price index" in text


def test_a_variant_that_is_judged_otherwise_is_in_no_figure_of_differences(several, monkeypatch):
    labels = {"v2": "close", "v2.1": "close", "v2.2": "vwap_next"}
    apart = {
        name: with_settings(several[name], evaluation={"label": label})
        for name, label in labels.items()
    }
    drawn, plain = [], draw.rank_ic_difference
    monkeypatch.setattr(
        draw, "rank_ic_difference", lambda found, base: drawn.append(found) or plain(found, base)
    )
    ic(compare(apart), apart)
    assert [*drawn[0]] == ["v2", "v2.1"]


@pytest.mark.parametrize(("share", "text"), [(0.0015, "0.15%"), (0.3, "30%"), (0.00025, "0.025%")])
def test_a_setting_keeps_its_digits(share, text):
    assert as_set(share) == text


def test_the_page_knows_the_networks_that_no_step_trains():
    untrained = [n for n, one in NETWORKS.shipped.items() if issubclass(one, Estimated | Reversal)]
    assert sorted(headline._AT_ONCE) == sorted(untrained)
