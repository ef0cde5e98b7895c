"""The data report: what was read and found odd; and what is refused unless it is accepted."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import pandas as pd

from datamodules.base.errors import TableError

FINDINGS = {
    "adjustment": "adjusted prices that move beyond the day's price limit, or against prev_close",
    "prev_close": "prev_close is not the close of the session before",
    "open_close": "open is nearer to the next close than to the one before it",
    "vwap": "vwap is farther from amount / volume than open or close, or a price is another's copy",
    "units": "columns that must agree differ by powers of ten",
    "idle": "a volume or turnover of 0 on many of the rows that traded",
    "weekends": "sessions on Saturdays or Sundays",
    "calendar": "sessions with few of the stocks, or that other tables do not have",
    "announced": "accounts announced on or near the end of their period, or after they are due",
    "accounts": "accounts of no stock that is quoted, or with hardly any positive equity",
    "accounting": "accounts that contradict one another, as swapped columns and quarterly flows do",
    "index": "index closes that leap, or are those of the session before or after",
    "benchmark": "index members that follow another index of the table than the one named",
    "members": "index members of which no stock is quoted, or of which all weights are 0",
}
"""What `data.accept` may name: a finding that makes results wrong where it is a mistake."""

JUDGED_LATER = ("benchmark",)
"""Findings that need more than the tables: a panel's index, say."""

Cost = Literal["wrong", "lost", "none"]
"""What an oddity may cost: wrong numbers, lost labels, or nothing."""
_DEAREST_FIRST: tuple[Cost, ...] = ("wrong", "lost", "none")
_IN_FULL = 5
"""Findings that the terminal shows in full."""


@dataclass(frozen=True)
class Note:
    """One oddity.

    Args:
        table: Table it was found in.
        kind: Short stable name, for machines.
        count: Rows, stocks or columns concerned.
        says: One clause for people.
        examples: The first few, in words.
        cost: What it may cost.
    """

    table: str
    kind: str
    count: int
    says: str
    examples: tuple[str, ...] = ()
    cost: Cost = "none"

    def line(self) -> str:
        """The note as text, with two examples."""
        examples = f" (e.g. {'; '.join(self.examples[:2])})" if self.examples else ""
        warning = "WARNING " if self.cost == "wrong" else ""
        return f"{warning}{self.table}: {self.count:,} {self.says}{examples}"


@dataclass
class DataReport:
    """Counts and examples from reading and checking the tables.

    Args:
        source: Where the tables came from, in words.
        accept: Names of `FINDINGS` that are accepted, `data.accept`.
        tables: Table -> rows, and codes, first and last date where it has them.
        faults: Bad rows by kind; they count as not traded, or are left out of other tables.
        notes: Everything else worth knowing.
        provenance: Table -> what its source keeps of where it came from.
    """

    source: str = ""
    accept: tuple[str, ...] = ()
    tables: dict[str, dict[str, int | str]] = field(default_factory=dict)
    faults: list[Note] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    provenance: dict[str, dict[str, Any]] = field(default_factory=dict)

    def note(
        self,
        table: str,
        kind: str,
        count: int,
        says: str,
        examples: Sequence[str] = (),
        cost: Cost = "none",
    ) -> None:
        """Add an oddity; nothing is added for a count of zero."""
        if count:
            self.notes.append(Note(table, kind, int(count), says, tuple(examples), cost))

    def refuse(
        self,
        name: str,
        table: str,
        count: int,
        says: str,
        needed: str,
        hint: str,
        examples: Sequence[str] = (),
    ) -> None:
        """Refuse a finding, or note it where it is accepted; nothing is done for a count of zero.

        Args:
            name: One of `FINDINGS`.
            table: Table it was found in.
            count: Rows, stocks or sessions concerned.
            says: What was found, as a clause that follows the count.
            needed: What is needed instead.
            hint: How to mend it.
            examples: The first few, in words.

        Raises:
            TableError: `data.accept` does not name it.
        """
        if name in self.accept:
            self.note(table, name, count, f"{says}; accepted", examples, "wrong")
        elif count:
            shown = f": {'; '.join(examples)}" if examples else ""
            accepting = (
                f"data.accept=[{','.join([*self.accept, name])}] builds a panel all the same"
            )
            given = f"{table} of {self.source}: {count:,} {says}{shown}"
            raise TableError(given, needed, f"{hint}; {accepting}")

    def count(self, table: str) -> int:
        """Rows of a table; 0 where it was not given."""
        return int(self.tables.get(table, {}).get("rows", 0))

    def summarise(self, table: str, frame: pd.DataFrame) -> None:
        """Record a table's size and span."""
        summary: dict[str, int | str] = {"rows": len(frame), "codes": frame["code"].nunique()}
        if "date" in frame and len(frame):
            summary["sessions"] = frame["date"].nunique()
            summary["first"] = str(frame["date"].iloc[0].date())
            summary["last"] = str(frame["date"].iloc[-1].date())
        self.tables[table] = summary

    def to_dict(self) -> dict[str, object]:
        """Plain types only, for JSON."""
        return asdict(self)

    def lines(self) -> list[str]:
        """The report as text: the tables, and the findings that may cost most."""
        text = [f"tables from {self.source}"]
        for table, summary in self.tables.items():
            text.append(f"{table}: " + ", ".join(f"{k} {v}" for k, v in summary.items()))
        notes = sorted([*self.faults, *self.notes], key=self._rank)
        text += [note.line() for note in notes[:_IN_FULL]]
        if len(notes) > _IN_FULL:
            text.append(f"and {len(notes) - _IN_FULL} smaller findings, all in the data report")
        return text

    def _rank(self, note: Note) -> tuple[int, float]:
        """Dearest first, then by the share of the table's rows."""
        share = note.count / max(self.count(note.table), 1)
        return _DEAREST_FIRST.index(note.cost), -share
