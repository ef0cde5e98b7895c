"""Price limits of the exchanges: which board a code belongs to, and how far its price may move.

Effective-dated rules for the A-share market, open to a user's own. Main board 10%, ST 5%; ChiNext
as the main board until 2020-08-21, 20% (ST too) from 2020-08-24; STAR 20% from its first day,
2019-07-22; Beijing 30% from 2021-11-15. ChiNext's codes are SZ300, SZ301 and, since 2025, SZ302.
A main-board ST limit of 10% was proposed in 2025; from the day that it holds it is one more row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from datamodules.base.dates import read_day
from datamodules.base.errors import ConfigError
from datamodules.base.words import nearest

NO_LIMIT = 0
"""Percent where there is no limit, and cents where none is known."""


@dataclass(frozen=True)
class LimitRule:
    """Limits of a board from a date on.

    Attributes:
        board: main, chinext, star, beijing, or one of the user's `data.boards`.
        since: First day, YYYY-MM-DD.
        percent: Of the previous close, each way; 0: no limit.
        st_percent: The same for stocks under special treatment.
        free_days: Trading days after the listing without any limit.
    """

    board: str
    since: str
    percent: int
    st_percent: int
    free_days: int


@dataclass(frozen=True)
class LimitTable:
    """All rules of a market, and the boards of its codes.

    Attributes:
        rules: Later rules of a board replace earlier ones for every stock of it. `free_days` goes
            by the rule in force on the day: a stock of the old regime is past it anyway.
        boards: Beginning of a code -> board; the longest that fits counts, `main` where none does.
    """

    rules: tuple[LimitRule, ...]
    boards: Mapping[str, str]

    def board_of(self, code: str) -> str:
        """Return the board of a code such as SZ300001."""
        fitting = [prefix for prefix in self.boards if code.startswith(prefix)]
        return self.boards[max(fitting, key=len)] if fitting else "main"

    def percent(
        self, boards: np.ndarray, dates: np.ndarray, is_st: np.ndarray, age: np.ndarray
    ) -> np.ndarray:
        """Return each stock's limit on each day, (D, S) int64 percent, NO_LIMIT where it has none.

        Args:
            boards: (S,) names from `board_of`.
            dates: (D,) datetime64, ascending.
            is_st: (D, S) bool.
            age: (D, S) trading days since the listing, that day included.
        """
        percent = np.full(is_st.shape, NO_LIMIT, dtype=np.int64)
        for rule in sorted(self.rules, key=lambda rule: rule.since):
            rows = slice(int(np.searchsorted(dates, np.datetime64(rule.since))), None)
            columns = boards == rule.board
            plain = np.where(is_st[rows, columns], rule.st_percent, rule.percent)
            free = age[rows, columns] <= rule.free_days
            percent[rows, columns] = np.where(free, NO_LIMIT, plain)
        return percent


A_SHARES = LimitTable(
    rules=(
        LimitRule("main", "1996-12-16", 10, 5, 1),
        LimitRule("main", "2023-04-10", 10, 5, 5),
        LimitRule("chinext", "2009-10-30", 10, 5, 1),
        LimitRule("chinext", "2020-08-24", 20, 20, 5),
        LimitRule("star", "2019-07-22", 20, 20, 5),
        LimitRule("beijing", "2021-11-15", 30, 30, 1),
    ),
    boards={
        "SZ300": "chinext", "SZ301": "chinext", "SZ302": "chinext",
        "SH688": "star", "SH689": "star", "BJ": "beijing",
    },
)  # fmt: skip

MARKETS: dict[str, LimitTable] = {"a_share": A_SHARES, "none": LimitTable((), {})}
"""data.market_rules -> its table; `none`: no stock has a limit but by the user's own rules."""


def limit_table(
    market: str = "a_share",
    rules: Sequence[Mapping[str, Any]] = (),
    boards: Mapping[str, str] | None = None,
) -> LimitTable:
    """Return a market's table with a user's own rows after it.

    Args:
        market: A name of MARKETS: `data.market_rules`.
        rules: Fields of `LimitRule` each: `data.limit_rules`.
        boards: Beginning of a code -> board: `data.boards`.

    Raises:
        ConfigError: A row that is no rule, or a board of no rule.
    """
    shipped = MARKETS[market]
    own = tuple(_rule(row) for row in rules)
    table = LimitTable((*shipped.rules, *own), {**shipped.boards, **(boards or {})})
    _check_boards(table, own, boards or {})
    return table


def limit_cents(previous: np.ndarray, percent: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return lower and upper limits in integer cents, half up as the exchanges round.

    In integers: rounding floats is wrong for 4% of prices (1.15 at 10% is 1.04 and 1.27; floats
    say 1.03 and 1.26).
    """
    return (previous * (100 - percent) + 50) // 100, (previous * (100 + percent) + 50) // 100


def _check_boards(table: LimitTable, own: Sequence[LimitRule], boards: Mapping[str, str]) -> None:
    """Refuse a board of the user's that is misspelt: a limit that nobody has, or nobody's limit."""
    ruled = {rule.board for rule in table.rules}
    for code, board in boards.items():
        if board not in ruled:
            raise ConfigError(
                f"data.boards={{{code}: {board}}} was given, and {board} has no rule",
                f"a board with limits: {', '.join(sorted(ruled)) or 'none yet'}",
                f"data.boards={{{code}: {nearest(board, ruled) or board}}}, or a row of "
                "data.limit_rules for it, with percent: 0 where it has no limit",
            )
    coded = {"main", *table.boards.values()}
    for rule in own:
        if rule.board not in coded:
            raise ConfigError(
                f"data.limit_rules has a row of the board {rule.board}, which no code belongs to",
                f"a board of codes: {', '.join(sorted(coded))}",
                f"board: {nearest(rule.board, coded)}, or data.boards={{SZ999: {rule.board}}}",
            )


def _rule(row: Mapping[str, Any]) -> LimitRule:
    """Read one row of a user's own, refusing what is missing, foreign, or out of range."""
    example = "board: main, since: 2030-01-01, percent: 10, st_percent: 10, free_days: 5"
    hint = f"data.limit_rules=[{{{example}}}]"
    names = [item.name for item in fields(LimitRule)]
    if set(row) != set(names):
        given = f"data.limit_rules has a row of {', '.join(map(str, row)) or 'nothing'}"
        raise ConfigError(given, f"each row has {', '.join(names)}", hint)
    try:
        since = read_day(str(row["since"]))
        numbers = [_whole(row[name]) for name in ("percent", "st_percent", "free_days")]
    except (TypeError, ValueError) as error:
        raise ConfigError(f"data.limit_rules has {dict(row)}", "a date and three whole numbers",
                          hint) from error  # fmt: skip
    if min(numbers) < 0 or max(numbers[:2]) >= 100:
        raise ConfigError(f"data.limit_rules has {dict(row)}",
                          "percents from 0 to 99, and days from 0", hint)  # fmt: skip
    return LimitRule(str(row["board"]), str(since), *numbers)


def _whole(value: object) -> int:
    if type(value) is not int:  # a bool is one, too, and int() cuts 9.9 to 9
        message = f"{value!r} is no whole number"
        raise TypeError(message)
    return value
