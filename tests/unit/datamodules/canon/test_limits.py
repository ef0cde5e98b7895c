from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pytest

from datamodules.base.errors import ConfigError
from datamodules.canon.limits import A_SHARES, LimitRule, LimitTable, limit_cents, limit_table

ROW = {"board": "main", "since": "2015-06-01", "percent": 10, "st_percent": 10, "free_days": 1}


def percent_of(
    table: LimitTable, code: str, day: str, *, is_st: bool = False, age: int = 999
) -> int:
    cell = np.array([[is_st]]), np.array([[age]])
    found = table.percent(np.array([table.board_of(code)]), np.array([day], "datetime64[D]"), *cell)
    return int(found[0, 0])


@pytest.mark.parametrize(
    ("code", "board"),
    [
        ("SH600000", "main"), ("SZ000001", "main"), ("SZ002001", "main"), ("SZ300001", "chinext"),
        ("SZ301001", "chinext"), ("SZ302132", "chinext"), ("SH688001", "star"),
        ("SH689009", "star"), ("BJ430047", "beijing"), ("SH300001", "main"),
    ],
)  # fmt: skip
def test_the_board_follows_from_the_code(code, board):
    assert A_SHARES.board_of(code) == board


def test_the_longest_beginning_of_a_code_says_its_board():
    pilot = [{**ROW, "board": "pilot", "percent": 0}]
    table = limit_table("a_share", pilot, boards={"SZ30": "main", "SZ3009": "pilot"})
    assert [table.board_of(code) for code in ("SZ300001", "SZ300999", "SZ305000")] == [
        "chinext", "pilot", "main",
    ]  # fmt: skip


@pytest.mark.parametrize("percent", [5, 10, 20])
def test_limits_round_half_up_like_decimal_arithmetic(percent):
    prices = np.arange(1, 20001, 7)
    down, up = limit_cents(prices, np.full(len(prices), percent))
    for price, low, high in zip(prices, down, up, strict=True):
        for sign, limit in ((-1, low), (1, high)):
            exact = Decimal(int(price)) * (100 + sign * percent) / 100
            assert limit == exact.quantize(Decimal(1), ROUND_HALF_UP)


def test_the_exchange_example_is_not_rounded_like_floats():
    down, up = limit_cents(np.array([115]), np.array([10]))
    assert (down[0], up[0]) == (104, 127)


def test_a_users_own_row_holds_from_its_date_on_beside_the_shipped_ones():
    table = limit_table("a_share", [ROW])
    assert percent_of(table, "SH600000", "2015-05-29", is_st=True) == 5
    assert percent_of(table, "SH600000", "2015-06-01", is_st=True) == 10
    assert percent_of(table, "SZ300001", "2015-06-01", is_st=True) == 5
    assert percent_of(table, "SH600000", "2023-04-10", is_st=True) == 5  # a later rule replaces it


def test_a_market_without_rules_has_no_limit_but_the_users():
    assert percent_of(limit_table("none"), "SH600000", "2015-05-29") == 0
    own = limit_table("none", [{**ROW, "board": "tse"}], {"JP": "tse"})
    assert percent_of(own, "JP7203", "2015-06-01") == 10
    assert own.rules == (LimitRule("tse", "2015-06-01", 10, 10, 1),)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            {"board": "main"},
            r"a row of board: each row has board, since, .*\nHINT: data.limit_rules=",
        ),
        ({**ROW, "ends": "2020-01-01"}, "a row of board, .*, ends: each row has"),
        ({**ROW, "since": "soon"}, "'soon'.*: a date and three whole numbers"),
        ({**ROW, "percent": "ten"}, "'ten'.*: a date and three whole numbers"),
        ({**ROW, "percent": 100}, "100.*: percents from 0 to 99"),
        ({**ROW, "percent": 9.9}, "9.9.*: a date and three whole numbers"),
        ({**ROW, "free_days": True}, "True.*: a date and three whole numbers"),
        ({**ROW, "since": 2011}, "2011.*: a date and three whole numbers"),
        ({**ROW, "board": "mian"}, r"row of the board mian, which no code(.|\n)*HINT: board: main"),
    ],
)
def test_a_row_that_is_no_rule_is_refused(row, message):
    with pytest.raises(ConfigError, match=message):
        limit_table("a_share", [row])


def test_a_board_that_no_rule_has_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match=r"chinxet has no rule(.|\n)*\{SH600: chinext\}"):
        limit_table("a_share", boards={"SH600": "chinxet"})
