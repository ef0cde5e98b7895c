import pytest

DAMAGES = {
    "volume in lots": ({"volume": 0.01}, "amount is 100 x (volume x vwap)", "volume=100"),
    "amount in thousands": ({"amount": 1e-3}, "amount is 0.001 x", "amount=1000"),
    "turn in percent": ({"turn": 100}, "float_cap is 100 x (volume / turn x close)", "turn=0.01"),
    "float_cap in 10,000": ({"float_cap": 1e-4}, "float_cap is 0.0001 x", "float_cap=10000"),
    "float_shares in 10,000": ({"float_shares": 1e-4}, "(volume / float_shares)", "float_shares=1"),
    "total_cap in 10,000": ({"total_cap": 1e-4}, "total_cap is 0.0002 x (float_cap)", "total_cap="),
    "free_turn in percent": ({"free_turn": 100}, "free_turn is 150 x (turn)", "free_turn=0.01"),
    "lots and percent": (
        {"volume": 0.01, "turn": 100, "free_turn": 100}, "amount is 100 x",
        "volume=100 data.scale.quotes.turn=0.01 data.scale.quotes.free_turn=0.01",
    ),
    "prices in cents": (
        dict.fromkeys(("open", "high", "low", "close", "vwap", "prev_close"), 100),
        "amount is 0.01 x",
        "open=0.01 data.scale.quotes.high=0.01 data.scale.quotes.low=0.01"
        " data.scale.quotes.close=0.01 data.scale.quotes.vwap=0.01",
    ),
}  # fmt: skip


def damaged(quotes, factors, rows=slice(None)):
    for name, factor in factors.items():
        quotes.loc[rows, name] *= factor
    return quotes


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_unit_is_refused_with_the_column_and_the_scale_that_mend_it(moving, refused, damage):
    factors, given, scale = DAMAGES[damage]
    quotes = damaged(moving, factors)
    if damage == "prices in cents":
        quotes = quotes.drop(columns="prev_close")
    error = refused("units", quotes=quotes)
    assert given in error.given
    assert error.hint.startswith(f"data.scale.quotes.{scale}")


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_scale_of_the_hint_mends_the_unit(moving, refused, load, damage):
    factors, _, _ = DAMAGES[damage]
    quotes = damaged(moving, factors)
    if damage == "prices in cents":
        quotes = quotes.drop(columns="prev_close")
    hint = refused("units", quotes=quotes).hint.split(" may mend it")[0]
    pairs = (word.removeprefix("data.scale.quotes.").split("=") for word in hint.split())
    scale = {name: float(factor) for name, factor in pairs}
    assert load(quotes=quotes, settings={"scale": {"quotes": scale}}).report.faults == []


def test_a_scale_that_spoils_a_right_column_is_taken_back(moving, refused):
    error = refused("units", quotes=moving, settings={"scale": {"quotes": {"volume": 100}}})
    assert error.hint.startswith("data.scale.quotes.volume=1 may mend it")


def test_a_third_of_the_stocks_in_lots_is_refused_and_named(moving, refused):
    part = moving["code"].isin(["SH600001", "SH600004", "SH600007", "SH600010"])
    error = refused("units", quotes=damaged(moving, {"volume": 0.01}, part))
    assert "in 4 of 12 stocks, years none as a whole: SH600001; SH600004" in error.given
    assert "no scale mends them all" in error.hint


def test_one_year_in_lots_is_refused_and_named(two_years, refused):
    early = two_years["date"] < "2021-01-01"
    error = refused("units", quotes=damaged(two_years, {"volume": 0.01}, early))
    assert "amount is 100 x (volume x vwap) in the middle, in 12 of 12 stocks, years 2020" in (
        error.given
    )
    assert "no scale mends them all" in error.hint


@pytest.mark.parametrize(("one", "other"), [("turn", "free_turn"), ("float_cap", "total_cap")])
def test_columns_swapped_are_refused(moving, refused, one, other):
    error = refused("units", quotes=moving.rename(columns={one: other, other: one}))
    assert f"({'turn' if one == 'turn' else 'float_cap'}) in the middle" in error.given
    assert "is another column" in error.hint


def test_one_row_in_another_unit_is_noted(moving, load):
    moving.loc[7, "volume"] *= 100
    notes = {note.kind: note for note in load(quotes=moving).report.notes}
    assert (
        notes["size of amount"].says == "traded rows have amount outside 0.5 to 2 x (volume x vwap)"
    )
    assert (notes["size of amount"].count, notes["size of amount"].cost) == (1, "lost")


def test_turn_in_the_place_of_free_turn_is_not_asked_of_free_turn(moving, refused):
    quotes = damaged(moving, {"turn": 100}).drop(columns="free_turn")
    error = refused("units", quotes=quotes, settings={"free_turn": "turn"})
    assert error.hint.startswith("data.scale.quotes.turn=0.01 may mend it")


def test_a_ratio_of_the_wrong_sign_is_refused(moving, refused):
    error = refused(quotes=moving.assign(prev_close=-1.0))
    assert "prev_close is -0.0" in error.given


def test_a_stock_of_few_rows_is_not_judged(moving, load):
    """A new listing whose few days differ is one of twelve stocks, but no unit."""
    new = (moving["code"] == "SH600011") & (moving["date"] < moving["date"].unique()[21])
    few = damaged(moving[~new], {"volume": 0.01}, moving["code"] == "SH600011")
    assert (few["code"] == "SH600011").sum() == 19
    notes = {note.kind: note.count for note in load(quotes=few).report.notes}
    assert notes["size of amount"] == 19


def test_a_stock_of_twenty_rows_is_judged(moving, refused):
    new = (moving["code"] == "SH600011") & (moving["date"] < moving["date"].unique()[20])
    enough = damaged(moving[~new], {"volume": 0.01}, moving["code"] == "SH600011")
    assert "1 of 12 stocks" in refused("units", quotes=enough).given


@pytest.mark.parametrize("name", ["volume", "turn", "free_turn"])
def test_a_column_of_noughts_is_refused_where_stocks_traded(moving, refused, name):
    error = refused("idle", quotes=moving.assign(**{name: 0.0}))
    assert f"480 of 480 traded rows have a {name} of 0" in error.given


@pytest.mark.parametrize("name", ["volume", "turn", "free_turn"])
def test_a_few_noughts_are_noted(moving, load, name):
    moving.loc[[7, 90], name] = 0.0
    notes = {note.kind: note for note in load(quotes=moving).report.notes}
    assert (notes[f"no {name}"].count, notes[f"no {name}"].cost) == (2, "lost")
