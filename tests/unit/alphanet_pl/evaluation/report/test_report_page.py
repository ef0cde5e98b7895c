"""The page around its parts, and what it says of one variant and of several."""

from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from helpers.synthetic_evaluation import synthetic_evaluation

from alphanet_pl.evaluation.compare import compare
from alphanet_pl.evaluation.paper import PERIOD
from alphanet_pl.evaluation.report import render, write_report
from alphanet_pl.evaluation.report.page import page, paragraph, part, points, table
from alphanet_pl.evaluation.results import (
    Evaluation,
    Provenance,
    read_evaluation,
    write_result,
)

TITLES = (
    "The variants", "IC test", "Layer test", "Index enhancement, csi500", "Style exposures",
    "Coverage", "What is the paper's, and what is ours", "Drop ledger", "Provenance",
    "Parameters",
)  # fmt: skip


class _Text(HTMLParser):
    """Words of a page's body outside its scripts, and its tables as lists of rows."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.rows: list[list[str]] = []
        self.titles: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self._inside: list[str] = []
        self.feed(page.split("</script></head>")[-1])

    def handle_starttag(self, tag, attrs):
        if tag not in {"meta", "link"}:
            self._inside.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")
        if tag == "p":
            self.words.append("")
        self.links += [value for name, value in attrs if name == "href"]
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_endtag(self, tag):
        if self._inside:
            self._inside.pop()

    def handle_data(self, data):
        if not self._inside or self._inside[-1] in {"script", "style"}:
            return
        if "p" in self._inside:
            self.words[-1] += data
        if {"td", "th"} & set(self._inside):
            self.rows[-1][-1] += data
        if self._inside[-1] == "h2":
            self.titles.append(data)

    def row(self, name: str) -> list[str]:
        return next(row for row in self.rows if row[:1] == [name])

    def last(self, name: str) -> list[str]:
        return next(row for row in reversed(self.rows) if row[:1] == [name])

    def says(self, words: str) -> bool:
        return any(words in said for said in self.words)


@pytest.fixture(scope="module")
def evaluation():
    return synthetic_evaluation()


@pytest.fixture(scope="module")
def text(evaluation):
    return render({"v2.1": evaluation})


@pytest.fixture(scope="module")
def one(text):
    return _Text(text)


@pytest.fixture(scope="module")
def together(several):
    return render(several)


def _of(**changes) -> _Text:
    changed = replace(synthetic_evaluation(), **changes)
    return _Text(render({changed.variant: changed}))


def test_every_part_stands_on_the_page_in_order_of_one_and_of_several(one, together):
    assert tuple(one.titles) == tuple(_Text(together).titles) == TITLES


def test_the_contents_jump_to_every_part(one):
    assert [f"#{name}" for name in one.ids if f"#{name}" in one.links] == one.links
    assert len(one.links) == len(TITLES)


def test_every_figure_is_drawn_once(text, together):
    for name in (
        "cover", "cumulative-rank-ic", "rank-ic", "decay", "rank-ic-by-year", "by-size",
        "by-industry", "layer-excess", "layer-curves-0", "top-layer", "top-and-pool", "long-short",
        "excess-drawdown", "portfolio", "yearly-excess", "styles", "style-sizes", "stocks",
    ):  # fmt: skip
        assert text.count(f'<div id="figure-{name}">') == 1
    ids = [name for name in _Text(together).ids if name.startswith("figure-")]
    assert len(ids) == len(set(ids)) == together.count("<figure>") > 12


def test_an_evaluation_of_nothing_is_still_a_page():
    text = render({"v2": Evaluation(variant="v2", start="2011-01-31", stop="2011-02-01")})
    assert _Text(text).titles == []
    assert "AlphaNet-v2: out-of-sample factor" in text


def test_variants_that_lack_everything_are_still_a_page():
    days = {"start": "2011-01-31", "stop": "2011-02-01"}
    empty = {name: Evaluation(variant=name, **days) for name in ("v2", "v2.1")}
    assert "IC test" not in render(empty)


def test_a_page_from_the_file_is_the_page_from_memory_to_the_byte(evaluation, text, tmp_path):
    write_result(evaluation, tmp_path / "evaluation.json")
    read = read_evaluation(tmp_path / "evaluation.json")
    write_report({"v2.1": read}, tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == text


def test_printed_figures_stand_beside_ours(one):
    assert one.row("RankIC mean")[-1] == "11.45%"
    assert one.row("excess, layer 1")[-1] == "15.79%"
    assert one.row("information ratio")[2:] == ["3.30", "-", "-"]
    assert one.last("annual return")[-1] == "4.00%"
    year = one.last("2014")
    assert (year[3], year[5]) == ("46.41% (other days)", "39.01% (other days)")


def test_printed_columns_stand_beside_each_variant(together):
    page = _Text(together)
    assert page.row("RankIC mean")[2::2] == ["11.25%", "11.45%", "7.99%"]
    assert page.row("excess, layer 1")[2::2] == ["15.03%", "15.79%", "10.79%"]
    assert page.row("annual excess")[2:7:2] == ["20.13%", "21.50%", "16.56%"]


def test_our_numbers_are_the_evaluations(together, several):
    means = [f"{100 * each.ic.neutral.summary.mean:.2f}%" for each in several.values()]
    assert _Text(together).row("RankIC mean")[1::2] == means


def test_another_period_is_said_to_be_another(one):
    assert one.says("another period than ours")


def test_the_same_period_is_said_to_be_the_same():
    assert _of(start=PERIOD[0], stop=PERIOD[1]).says("the same period")


def test_a_simulated_market_is_not_compared_year_by_year():
    page = _of(provenance=Provenance(source="simulated"))
    assert page.says("The market is simulated")
    assert len(page.last("2014")) == 4


def test_a_variant_that_the_paper_lacks_has_no_printed_column():
    page = _of(variant="combined")
    assert not page.says("hold what the paper prints")
    assert len(page.row("RankIC mean")) == 4


def test_the_copied_row_of_the_paper_is_named():
    assert _of(variant="v2.3").says("copy of its row of v2.1")


def test_what_the_data_lacks_is_said_and_escaped(text, one):
    assert "<free_turn>" not in text.split("</script></head>")[1]
    assert one.says("There is no <free_turn>.")


def test_what_only_one_variant_lacks_is_said_of_it(several):
    lacking = replace(several["v2.1"], provenance=Provenance(lacks=["There is no layer test."]))
    page = _Text(render({"v2": several["v2"], "v2.1": lacking}))
    assert page.says("v2.1: There is no layer test.")


def test_a_relaxed_week_is_listed(one):
    assert ["2014-10-31", "neutrality", "neutral within 0.10%"] in one.rows


def test_few_cross_sections_are_warned_of(one):
    assert one.says("Only 8 cross-sections")


def test_a_single_seed_is_pointed_out(several):
    single = replace(several["v2.2"], provenance=Provenance(seeds=[0]))
    assert _Text(render({"v2": several["v2"], "v2.2": single})).says("v2.2 is one seed")


def test_different_periods_are_pointed_out(several):
    both = {"v2": several["v2"], "v2.1": replace(several["v2.1"], stop="2014-12-31")}
    assert _Text(render(both)).says("differences mix variant and period")


def test_one_variant_alone_is_compared_with_nobody():
    alone = {"combined": synthetic_evaluation("combined")}
    assert "less that of" not in render(alone, compare(alone)).split("</script></head>")[-1]


def test_our_choices_are_said_with_their_settings(text):
    for words in ("<code>data.embargo</code>", "price index", "月均", "docs/choices.md"):
        assert words in text


def test_only_what_differs_from_the_defaults_is_shown_first(evaluation):
    settings = {"model": {"n": 8, "units": 30}, "asof": None, "variants": []}
    changed = replace(evaluation, provenance=Provenance(settings=settings))
    first, rest = (
        render({"v2.1": changed}).split("What differs from the defaults")[1].split("<details>")
    )
    assert "<dt>model.n</dt><dd>8</dd>" in first
    assert "model.units" not in first
    assert "<dt>model.units</dt><dd>30</dd>" in rest
    assert "None" not in rest
    assert "[]" not in rest


def test_a_table_of_no_rows_is_nothing():
    assert table(pd.DataFrame(columns=["a"])) == ""


def test_a_table_escapes_and_names_its_rows():
    found = table(pd.DataFrame([["1"]], index=["<b>"], columns=["a&b"]), "Title")
    assert "&lt;b&gt;" in found
    assert "a&amp;b" in found
    assert "<h3>Title</h3>" in found


def test_a_date_does_not_break():
    assert '<span class="date">2014-10-01</span> to' in paragraph("2014-10-01 to <now>")
    assert "&lt;now&gt;" in paragraph("2014-10-01 to <now>")


def test_words_in_backticks_are_code_and_escaped():
    assert "<code>a&lt;b</code>" in points(["see `a<b`"])


def test_empty_parts_leave_no_heading():
    assert "<h2>" not in page("Title", [part("Nothing"), part("", paragraph("words"))])


def test_an_absent_number_leaves_no_nan_on_the_page(evaluation):
    relative = replace(evaluation.enhancement.relative, calmar=np.nan)
    changed = replace(evaluation, enhancement=replace(evaluation.enhancement, relative=relative))
    assert _Text(render({"v2.1": changed})).row("Calmar ratio")[1] == "-"
