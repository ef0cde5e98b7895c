import numpy as np
import pandas as pd
import pytest

from datamodules.base.errors import TableError

FAULTS = {
    "missing": {"volume": np.nan},
    "price": {"low": -1.0},
    "order": {"high": 9.0, "low": 9.9, "open": 9.5, "close": 9.5, "vwap": 9.5},
    "outside": {"close": 10.51},
    "vwap": {"vwap": 10.52},
    "volume": {"volume": -1.0},
    "adj_factor": {"adj_factor": 0.0},
    "turn": {"free_turn": -0.01},
    "huge": {"volume": 9e18},
}
SAYS = {
    "missing": r"1 without a number where one is needed\): 2021-03-02 SH688001",
    "price": r"1 with a price of 0 or less",
    "order": r"1 with high below low",
    "outside": r"1 with open or close outside \[low, high\]\): .* open=10 high=10.5 low=9.9",
    "vwap": r"1 with vwap off \[low, high\] by more than 0.01 yuan\): .* vwap=10.52",
    "volume": r"1 with a negative volume\): 2021-03-02 SH688001 volume=-1: at most",
    "adj_factor": r"1 with an adj_factor of 0 or less\): .* adj_factor=0",
    "turn": r"1 with a negative turnover\): .* turn=0.01 free_turn=-0.01",
    "huge": r"1 with a number beyond 1e15\): .* volume=9e\+18",
}


def spoiled(quotes, fault, row=4):
    for name, value in FAULTS[fault].items():
        quotes.loc[row, name] = value
    return quotes


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_row_is_refused_by_its_kind_and_values(clean, load, fault):
    with pytest.raises(TableError, match=SAYS[fault]):
        load(quotes=spoiled(clean["quotes"], fault))


@pytest.mark.parametrize("fault", FAULTS)
def test_below_the_share_a_faulty_row_is_listed_and_not_traded(clean, load, fault):
    tables = load(quotes=spoiled(clean["quotes"], fault), settings={"max_bad_rows": 0.06})
    assert list(np.flatnonzero(~tables.quotes["traded"])) == [4]
    assert tables.quotes.loc[4, ["open", "vwap", "volume", "turn", "free_turn"]].isna().all()
    assert {note.kind for note in tables.report.faults} >= {fault}
    assert "2021-03-02 SH688001" in tables.report.faults[0].examples[0]


@pytest.mark.parametrize("blank", ["", " ", None])
def test_a_row_without_a_code_is_refused(clean, load, blank):
    clean["quotes"].loc[4, "code"] = blank
    with pytest.raises(TableError, match=r"code is empty in 1 of"):
        load(quotes=clean["quotes"], settings={"max_bad_rows": 1.0})


def test_accounts_dated_tomorrow_wait_and_those_of_next_month_are_refused(clean, load):
    accounts, today = clean["fundamentals"], pd.Timestamp("2021-06-30")
    accounts.loc[0, "announced"] = today + pd.Timedelta(days=3)  # filed on the Friday night before
    tables = load(quotes=clean["quotes"], fundamentals=accounts)
    assert len(tables.fundamentals) == len(accounts) - 1
    (note,) = (note for note in tables.report.notes if note.kind == "later")
    assert note.count == 1
    accounts.loc[0, "announced"] = today + pd.Timedelta(days=30)
    with pytest.raises(TableError, match="announced is wrong in 1 of"):
        load(quotes=clean["quotes"], fundamentals=accounts)


@pytest.mark.parametrize("fault", FAULTS)
def test_an_untraded_row_is_not_judged(clean, load, fault):
    clean["quotes"].loc[4, "traded"] = False
    assert load(quotes=spoiled(clean["quotes"], fault)).report.faults == []


@pytest.mark.parametrize("missing", ["open", "high", "low", "close", "vwap", "adj_factor", "turn"])
@pytest.mark.parametrize("nothing", [np.nan, np.inf])
def test_a_traded_row_needs_every_number(clean, load, missing, nothing):
    clean["quotes"].loc[4, missing] = nothing
    with pytest.raises(TableError, match="without a number where one is needed"):
        load(quotes=clean["quotes"])


def test_vwap_may_lie_outside_by_a_rounding_of_one_cent(clean, load):
    clean["quotes"]["vwap"] = 10.51
    assert load(quotes=clean["quotes"]).report.faults == []


def test_a_faulty_adj_factor_is_gone_and_a_sound_one_kept(clean, load):
    quotes = spoiled(spoiled(clean["quotes"], "adj_factor", row=4), "vwap", row=5)
    read = load(quotes=quotes, settings={"max_bad_rows": 0.2}).quotes
    assert np.isnan(read.loc[4, "adj_factor"])
    assert read.loc[5, "adj_factor"] == 1.5


def test_the_hint_gives_a_share_that_lets_the_rows_pass(clean, load):
    quotes = clean["quotes"]
    quotes.loc[[1, 7, 9], "volume"] = -1.0
    with pytest.raises(TableError, match=r"HINT: mend them, or data.max_bad_rows=0.17 counts them"):
        load(quotes=quotes)
    assert (~load(quotes=quotes, settings={"max_bad_rows": 0.17}).quotes["traded"]).sum() == 3


def test_only_the_first_five_rows_are_shown_in_order(clean, load):
    quotes = clean["quotes"].assign(volume=-1.0).iloc[::-1]
    with pytest.raises(TableError) as caught:
        load(quotes=quotes)
    assert str(caught.value).count(" volume=-1") == 5
    assert "(18 with a negative volume): 2021-03-01 SH600000 volume=-1; " in str(caught.value)


def test_a_vwap_in_cents_hints_at_its_scale(clean, load):
    quotes = clean["quotes"].assign(vwap=1010.0)
    with pytest.raises(TableError, match=r"HINT: data.scale.quotes.vwap=0.01 .*, for vwap is 100"):
        load(quotes=quotes)


def test_a_row_with_two_faults_counts_once(clean, load):
    quotes = spoiled(spoiled(clean["quotes"], "volume"), "turn")
    with pytest.raises(TableError, match=r"1 of 18 rows are faulty \(1 with .*, 1 with "):
        load(quotes=quotes)


def test_a_report_announced_before_its_period_ends_is_refused(clean, load):
    clean["fundamentals"].loc[1, "announced"] = pd.Timestamp("2020-12-30")
    with pytest.raises(
        TableError, match=r"(?s)1 announced before the period's end.*leaves them out"
    ):
        load(**clean)


@pytest.mark.parametrize(
    ("table", "name", "value"),
    [
        ("fundamentals", "announced", pd.Timestamp("2020-12-30")),
        ("index", "close", 0.0),
        ("index", "close", np.nan),
        ("index_members", "end", pd.Timestamp("2020-12-31")),
    ],
)
def test_below_the_share_other_tables_lose_their_faulty_rows(clean, load, table, name, value):
    clean[table].loc[1, name] = value
    tables = load(**clean, settings={"max_bad_rows": 0.5})
    assert len(getattr(tables, table)) == len(clean[table]) - 1
    assert [note.table for note in tables.report.faults] == [table]


def test_a_negative_weight_is_refused(clean, load):
    members = clean["index_members"].assign(weight=[0.5, -0.1, 0.6])
    with pytest.raises(TableError, match=r"1 with a negative weight\): .* weight=-0.1"):
        load(quotes=clean["quotes"], index_members=members)


def test_a_table_of_faulty_rows_only_is_refused(clean, load):
    clean["index"]["close"] = -1.0
    with pytest.raises(TableError, match=r"index.parquet has none but faulty rows: a table with"):
        load(**clean, settings={"max_bad_rows": 1.0})
