"""What a source hands on: a table under canonical names, as yet unchecked beyond its types."""

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class RawTable:
    """A table as read.

    Args:
        frame: Canonical column names, the vendor's units.
        origin: Where it came from, in words.
        unknown: The vendor's columns that nothing was read from.
    """

    frame: pd.DataFrame
    origin: str
    unknown: tuple[str, ...]
