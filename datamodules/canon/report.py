"""The data report: what was read, and what was found odd; never an error."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import pandas as pd


@dataclass(frozen=True)
class Note:
    """One oddity.

    Args:
        table: Table it was found in.
        kind: Short stable name, for machines.
        count: Rows, stocks or columns concerned.
        says: One clause for people.
        examples: The first few, in words.
    """

    table: str
    kind: str
    count: int
    says: str
    examples: tuple[str, ...] = ()


@dataclass
class DataReport:
    """Counts and examples from reading and checking the tables.

    Args:
        source: Where the tables came from, in words.
        tables: Table -> rows, and codes, first and last date where it has them.
        faults: Bad rows by kind; they count as not traded, or are left out of other tables.
        notes: Everything else worth knowing.
    """

    source: str = ""
    tables: dict[str, dict[str, int | str]] = field(default_factory=dict)
    faults: list[Note] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def note(
        self, table: str, kind: str, count: int, says: str, examples: Sequence[str] = ()
    ) -> None:
        """Add an oddity; nothing is added for a count of zero."""
        if count:
            self.notes.append(Note(table, kind, int(count), says, tuple(examples)))

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
        """The report as text, one finding a line."""
        text = [f"tables from {self.source}"]
        for table, summary in self.tables.items():
            text.append(f"{table}: " + ", ".join(f"{k} {v}" for k, v in summary.items()))
        for note in (*self.faults, *self.notes):
            examples = f" (e.g. {'; '.join(note.examples[:2])})" if note.examples else ""
            text.append(f"{note.table}: {note.count:,} {note.says}{examples}")
        return text
