"""The page of one variant: what it says, and what it leaves unsaid."""

from html.parser import HTMLParser

import pytest
from helpers.synthetic_evaluation import synthetic_evaluation

from alphanet_pl.evaluation.paper import PERIOD
from alphanet_pl.evaluation.report import render, write_report
from alphanet_pl.evaluation.report.enhancement import enhancement
from alphanet_pl.evaluation.report.headline import headline
from alphanet_pl.evaluation.report.page import table
from alphanet_pl.evaluation.report.text import number, percent
from alphanet_pl.evaluation.results import new_evaluation, read_evaluation, write_evaluation

SECTIONS = (
    "IC test", "Layer test", "Index enhancement, csi500", "Style exposures", "Coverage",
    "Drop ledger", "Provenance", "Parameters",
)  # fmt: skip


class _Text(HTMLParser):
    """Words of a page's body outside its scripts, and its tables as lists of rows."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.rows: list[list[str]] = []
        self.titles: list[str] = []
        self._inside: list[str] = []
        self.feed(page.split("</script></head>")[-1])

    def handle_starttag(self, tag, attrs):
        if tag not in {"meta", "link"}:
            self._inside.append(tag)
        if tag == "tr":
            self.rows.append([])

    def handle_endtag(self, tag):
        if self._inside:
            self._inside.pop()

    def handle_data(self, data):
        if not self._inside or self._inside[-1] in {"script", "style"}:
            return
        self.words.append(data)
        if self._inside[-1] in {"td", "th"}:
            self.rows[-1].append(data)
        if self._inside[-1] == "h2":
            self.titles.append(data)


def _calendar_year(page: _Text) -> list[str]:
    """The row of 2014 in the last table that has one."""
    return [row for row in page.rows if row[:1] == ["2014"]][-1]


@pytest.fixture(scope="module")
def evaluation():
    return synthetic_evaluation()


@pytest.fixture(scope="module")
def text(evaluation):
    return render(evaluation)


@pytest.fixture(scope="module")
def page(text):
    return _Text(text)


def test_every_section_stands_on_the_page_in_order(page):
    assert tuple(page.titles) == SECTIONS


def test_every_figure_is_drawn_once(text):
    for name in (
        "cumulative-rank-ic", "rank-ic", "decay", "by-size", "by-industry", "layer-excess",
        "layer-curves", "top-layer", "long-short", "excess", "portfolio", "yearly-excess",
        "styles", "stocks",
    ):  # fmt: skip
        assert text.count(f"<div id='figure-{name}'>") == 1


def test_an_evaluation_of_nothing_is_still_a_page():
    page = _Text(render(new_evaluation("v2", "2011-01-31", "2011-02-01")))
    assert page.titles == []
    assert "AlphaNet-v2: out-of-sample factor" in page.words


def test_a_page_from_the_file_is_the_page_from_memory_to_the_byte(evaluation, text, tmp_path):
    write_evaluation(evaluation, tmp_path / "evaluation.json")
    write_report(read_evaluation(tmp_path / "evaluation.json"), tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == text


def test_printed_figures_stand_beside_ours(page):
    mean = next(row for row in page.rows if row[:1] == ["RankIC mean"])
    assert mean[-1] == "11.45%"
    excess = next(row for row in page.rows if row[:1] == ["excess, layer 1"])
    assert excess[-1] == "15.79%"
    ratio = next(row for row in page.rows if row[:1] == ["information ratio"])
    assert ratio[-2:] == ["3.30", "-"]
    assert _calendar_year(page)[-2:] == ["46.41%", "39.01%"]


def test_another_period_is_said_to_be_another(page):
    assert any("another period than ours" in words for words in page.words)


def test_the_same_period_is_said_to_be_the_same(evaluation):
    same = {**evaluation, "start": PERIOD[0], "stop": PERIOD[1]}
    assert any("the same period" in words for words in _Text(headline(same)).words)


def test_a_simulated_market_is_not_compared_year_by_year(evaluation):
    made_up = {**evaluation, "provenance": {"source": "simulated"}}
    page = _Text(headline(made_up) + enhancement(made_up))
    assert any("The market is simulated" in words for words in page.words)
    assert len(_calendar_year(page)) == 4


def test_a_variant_that_the_report_lacks_has_no_printed_column(evaluation):
    other = {**evaluation, "variant": "combined"}
    page = _Text(headline(other) + enhancement(other))
    assert not any("report 2011-2021" in words for words in page.words)


def test_the_copied_row_of_the_report_is_named(evaluation):
    page = _Text(enhancement({**evaluation, "variant": "v2.3"}))
    assert any("copy of its row of v2.1" in words for words in page.words)


def test_what_the_data_lacks_is_said_and_escaped(text, page):
    assert "<free_turn>" not in text.split("</script></head>")[1]
    assert any("There is no <free_turn>." in words for words in page.words)


def test_a_relaxed_week_is_listed(page):
    assert ["2014-10-31", "neutrality", "neutral within 0.10%"] in page.rows


def test_numbers_that_do_not_exist_are_dashes():
    assert (percent(None), percent(float("nan")), number(None)) == ("-", "-", "-")
    assert (percent(0.11449), number(1.096)) == ("11.45%", "1.10")


def test_zero_has_no_minus():
    assert (percent(-1e-9), number(-0.001)) == ("0.00%", "0.00")


def test_a_table_of_no_rows_has_its_head():
    assert "<th scope='col'>a</th>" in table(("a",), [])
