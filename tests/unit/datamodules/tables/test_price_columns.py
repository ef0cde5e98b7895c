import numpy as np
import pytest


@pytest.mark.parametrize("name", ["open", "close"])
def test_vwap_swapped_with_another_price_is_refused(moving, refused, name):
    moving = moving.drop(columns="prev_close")
    error = refused(quotes=moving.assign(**{"vwap": moving[name], name: moving["vwap"]}))
    assert f"have {name} nearer to amount / volume than vwap" in error.given
    assert f"data.columns.quotes.vwap={name.upper()} data.columns.quotes.{name}=VWAP" in error.hint
    assert "data.accept=[vwap]" in error.hint


@pytest.mark.parametrize(("one", "other"), [("vwap", "close"), ("vwap", "open"), ("open", "close")])
def test_a_price_that_copies_another_is_refused(moving, refused, one, other):
    error = refused(quotes=moving.assign(**{one: moving[other]}))
    first, second = sorted((one, other), key=("open", "close", "vwap").index)
    assert f"rows of more than one price have {first} equal to {second}" in error.given


def test_a_copy_is_taken_where_it_is_accepted(moving, load):
    copied = moving.assign(vwap=moving["close"])
    report = load(quotes=copied, settings={"accept": ["vwap"]}).report
    assert {note.cost for note in report.notes if note.kind == "vwap"} == {"wrong"}


def test_another_mean_price_is_noted(moving, load):
    moving["amount"] *= np.where(moving.index % 2, 1.004, 0.996)
    report = load(quotes=moving).report
    (note,) = [note for note in report.notes if note.kind == "mean price"]
    assert "traded rows have a vwap more than 0.2% off amount / volume" in note.line()
    assert note.line().startswith("WARNING ")


@pytest.mark.parametrize(("name", "factor"), [("high", 100), ("low", 0.01)])
def test_highs_and_lows_of_another_unit_are_refused(moving, refused, name, factor):
    third = moving["code"].isin(sorted(moving["code"].unique())[:4])
    error = refused(
        quotes=moving.assign(**{name: moving[name].where(~third, moving[name] * factor)})
    )
    assert "have a high above twice the low" in error.given
    assert "data.accept=[units]" in error.hint
