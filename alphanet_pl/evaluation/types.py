"""The types that every room of the evaluation shares.

Results are frozen dataclasses whose fields are the keys of evaluation.json, each defined beside
its formula: keys are added, never renamed. Dates are ISO strings, returns and shares are fractions
(0.1145, not 11.45%), months and cross-sections are counted.
"""

import math
from dataclasses import dataclass
from reprlib import Repr
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]
Dates = NDArray[np.datetime64]


def _known(value: Any) -> Any:
    return math.nan if value is None else value


Number = Annotated[float, BeforeValidator(_known)]
"""A figure; one that does not exist (a Sharpe ratio without volatility) is NaN, in JSON null."""


class _Repr(Repr):
    def repr_float(self, value: float, level: int) -> str:
        """A figure to four digits."""
        return f"{value:.4g}"


_BRIEF = _Repr()
_BRIEF.maxlevel, _BRIEF.maxlist, _BRIEF.maxdict, _BRIEF.maxother = 3, 3, 3, 400


class Brief:
    """A result that prints its figures to four digits, and of lists and maps the first entries."""

    def __repr__(self) -> str:
        shown = (f"{name}={_BRIEF.repr(value)}" for name, value in vars(self).items())
        return f"{type(self).__name__}({', '.join(shown)})"


@dataclass(frozen=True)
class Series:
    """One number a date."""

    dates: list[str]
    values: list[Number]

    def __repr__(self) -> str:
        span = f", {self.dates[0]} to {self.dates[-1]}" if self.dates else ""
        return f"Series({len(self.dates)} dates{span})"
