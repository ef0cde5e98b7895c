"""What a source hands on: a table under canonical names, as yet unchecked beyond its types."""

from dataclasses import dataclass

import pandas as pd

from datamodules.canon.report import Note


@dataclass(frozen=True)
class RawTable:
    """A table as read.

    Args:
        frame: Canonical column names, the vendor's units.
        origin: Where it came from, in words.
        unknown: The vendor's columns that nothing was read from.
        notes: What the source itself left out, for the data report.
    """

    frame: pd.DataFrame
    origin: str
    unknown: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
