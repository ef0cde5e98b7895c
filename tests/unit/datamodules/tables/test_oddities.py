import pandas as pd

CODE = "SH600000"


def note(tables, kind):
    found = [note for note in tables.report.notes if (note.table, note.kind) == ("quotes", kind)]
    return found[0] if found else None


def test_clean_quotes_have_no_oddity(clean, load):
    assert load(quotes=clean["quotes"]).report.notes == []


def test_unknown_columns_are_counted_and_named(clean, load):
    found = note(load(quotes=clean["quotes"].assign(pe=1.0, pb=2.0)), "unknown")
    assert (found.count, found.says) == (2, "columns that nothing reads: pe, pb")


def test_absent_optional_columns_are_named(clean, load):
    found = note(load(quotes=clean["quotes"].drop(columns="prev_close")), "absent")
    assert found.says == "optional columns absent: prev_close"


def test_a_gap_between_first_and_last_row_is_counted(clean, load):
    quotes = clean["quotes"]
    gone = (quotes["code"] == CODE) & quotes["date"].between("2021-03-03", "2021-03-04")
    found = note(load(quotes=quotes[~gone]), "gaps")
    assert found.count == 2
    assert found.examples == ("SH600000 2021-03-02, then 2 sessions without a row",)


def test_a_late_listing_is_no_gap(clean, load):
    quotes = clean["quotes"]
    late = (quotes["code"] == CODE) & (quotes["date"] < "2021-03-04")
    assert load(quotes=quotes[~late]).report.notes == []


def jump(quotes, by=1.7, day="2021-03-04"):
    later = (quotes["code"] == CODE) & (quotes["date"] >= day)
    quotes.loc[later, "adj_factor"] *= by
    return quotes


def test_a_jump_of_adjusted_close_is_shown(clean, load):
    found = note(load(quotes=jump(clean["quotes"])), "jumps")
    assert (found.count, found.examples) == (1, ("SH600000 2021-03-04 +70%",))


def test_a_move_below_sixty_percent_is_no_jump(clean, load):
    assert note(load(quotes=jump(clean["quotes"], by=1.55)), "jumps") is None


def test_a_move_across_a_suspension_is_no_jump(clean, load):
    quotes = jump(clean["quotes"])
    quotes.loc[(quotes["code"] == CODE) & (quotes["date"] == "2021-03-03"), "traded"] = False
    assert note(load(quotes=quotes), "jumps") is None


def test_a_stock_that_vanishes_is_named_with_its_last_day(clean, load):
    quotes = clean["quotes"]
    kept = (quotes["code"] != CODE) | (quotes["date"] < "2021-03-05")
    found = note(load(quotes=quotes[kept]), "vanished")
    assert (found.count, found.examples) == (1, ("SH600000 2021-03-04",))


def test_untraded_rows_are_counted(clean, load):
    clean["quotes"].loc[:2, "traded"] = False
    assert note(load(quotes=clean["quotes"]), "untraded").count == 3


def test_rows_without_industry_or_size_are_counted(clean, load):
    quotes = clean["quotes"]
    quotes.loc[0, "industry"] = None
    quotes.loc[1, "industry"] = " "  # as CSV and SQL write it
    quotes.loc[:2, "float_cap"] = 0.0
    tables = load(quotes=quotes)
    assert (note(tables, "industry").count, note(tables, "float_cap").count) == (2, 3)


def test_a_code_without_exchange_is_named(clean, load):
    quotes = clean["quotes"].assign(code=clean["quotes"]["code"].str[2:])
    found = note(load(quotes=quotes), "codes")
    assert (found.count, found.examples[0]) == (3, "300001")


def test_turnover_in_percent_is_refused(clean, refused):
    quotes = clean["quotes"].assign(turn=2.0)
    error = refused("units", quotes=quotes)
    assert "unit that looks wrong: float_cap is 200 x" in error.given
    assert "18 traded rows" in error.given


def test_an_amount_in_thousands_is_refused(clean, refused):
    error = refused("units", quotes=clean["quotes"].assign(amount=10.1))
    assert "amount is 0.001 x (volume x vwap)" in error.given


def test_infinite_sizes_of_untraded_rows_count_as_missing(clean, load):
    quotes = clean["quotes"].astype({"traded": bool})
    quotes.loc[4, ["traded", "float_cap"]] = [False, float("inf")]
    tables = load(quotes=quotes.astype({"traded": bool}))
    assert tables.quotes["float_cap"].isna().sum() == 1
    assert note(tables, "huge float_cap").count == 1


def test_one_stock_on_one_day_is_no_oddity(clean, load):
    assert load(quotes=clean["quotes"].iloc[[0]]).report.notes == []


def test_a_stock_of_one_row_neither_jumps_nor_gaps(clean, load):
    quotes = clean["quotes"]
    one = pd.concat([quotes[quotes["code"] != CODE], quotes[quotes["code"] == CODE].tail(1)])
    assert load(quotes=one).report.notes == []
