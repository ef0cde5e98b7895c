"""A factor on disk: Parquet with date, code, one column a seed, and `factor`, their mean."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import TypeAdapter, ValidationError

from alphanet_pl.config.settings import Settings, Statistics
from alphanet_pl.fit.folder import Fit, variant_folder
from datamodules.base.errors import EvaluationError
from datamodules.base.files import written_aside
from datamodules.panel import Panel

_FITS, _PERIOD, _STATISTICS = b"alphanet.fits", b"alphanet.period", b"alphanet.statistics"
"""Keys of the file's metadata: the fits behind the factor, the period that was asked for, and
`score.statistics` where it is not `running`."""

Period = tuple[np.datetime64, np.datetime64]
"""First and last date; either may be a gap, without a row."""


@dataclass(frozen=True)
class Source:
    """A fit that a factor is made of: nothing but what the same fit always has."""

    asof: str
    seed: int
    folder: str
    """Its folder in the variant's: ASOF/seedS-HASH; of a blend ../MEMBER/ASOF/seedS-HASH."""

    @property
    def member(self) -> str:
        """The member of a blend whose fit it is; empty for a variant's own."""
        return self.folder.split("/")[1] if self.folder.startswith("../") else ""


def factor_path(settings: Settings) -> Path:
    """Where predict and roll write and evaluate reads, unless `factor` says otherwise."""
    if settings.factor is not None:
        return Path(settings.factor)
    return variant_folder(settings) / "factor.parquet"


def write_factor(
    blocks: Iterable[pd.DataFrame],
    path: Path,
    fits: Sequence[Fit] = (),
    period: Period | None = None,
    statistics: Statistics = "running",
) -> None:
    """Write aside, a row group a block, and rename into place; same content, same bytes.

    Args:
        blocks: Parts of the factor with the same columns.
        path: The file.
        fits: The fits behind it, noted in the file's metadata.
        period: What was to be scored, noted there too.
        statistics: Whose the fits scored by; another than `running` is noted there.

    Raises:
        EvaluationError: There is no block.
    """
    note = {_FITS: json.dumps([asdict(source) for source in sources(fits)])}
    if period is not None:
        note[_PERIOD] = _describe(period)
    if statistics != "running":
        note[_STATISTICS] = statistics
    writer = None
    with written_aside(path) as aside:
        for block in blocks:
            table = _table(block).replace_schema_metadata(note)
            writer = writer or pq.ParquetWriter(aside, table.schema, compression="zstd")
            writer.write_table(table)
        if writer is None:
            raise EvaluationError(
                "no stock is scorable on any of the sessions",
                f"{path} would be empty",
                "other dates, or doctor to see what the panel holds",
            )
        writer.close()


def sources(fits: Sequence[Fit]) -> list[Source]:
    """What a factor's file says of the fits behind it."""
    variants = {fit.folder.parts[-3] for fit in fits}
    found = []
    for fit in fits:
        variant, asof, name = fit.folder.parts[-3:]
        place = f"{asof}/{name}" if len(variants) == 1 else f"../{variant}/{asof}/{name}"
        found.append(Source(str(fit.asof), fit.seed, place))
    return found


def read_sources(path: Path) -> list[Source]:
    """The fits that a factor's file names; none for a factor from elsewhere.

    Raises:
        EvaluationError: What it says of them is damaged.
    """
    note = _noted(path, _FITS)
    try:
        return TypeAdapter(list[Source]).validate_json(note or "[]")
    except ValidationError as error:
        raise _unreadable(path, error, f"the note {_FITS.decode()} of its fits") from None


def read_statistics(path: Path) -> str:
    """Whose statistics the fits of a factor scored by: `score.statistics` when it was written."""
    return _noted(path, _STATISTICS) or "running"


def stitched_period(path: Path) -> str | None:
    """The period that `roll` stitched this factor for; None for no such file, or any other."""
    try:
        return _noted(path, _PERIOD) or None
    except (OSError, ValueError):
        return None


def _noted(path: Path, key: bytes) -> str:
    """What the file's metadata has under a key; empty for nothing."""
    return (pq.read_schema(path).metadata or {}).get(key, b"").decode()


def holds(
    path: Path, fits: Sequence[Fit], period: Period, statistics: Statistics = "running"
) -> bool:
    """Whether the file is there already: made by these fits, in this way, for this period."""
    try:
        alike = stitched_period(path) == _describe(period) and read_statistics(path) == statistics
        return alike and read_sources(path) == sources(fits)
    except (OSError, ValueError, EvaluationError):  # absent, no Parquet, or damaged
        return False


def read_factor(path: Path, panel: Panel, column: str = "factor") -> np.ndarray:
    """A column of a factor as (dates, stocks) float64 on the panel's axes, NaN without a score.

    Raises:
        EvaluationError: No such file, missing columns or rows, a column of another type, or rows
            that the panel does not know.
    """
    if path.is_dir():
        raise EvaluationError(
            f"{path} is a folder",
            "factor names a Parquet file",
            f"factor={path / 'factor.parquet'}",
        )
    if not path.is_file():
        raise EvaluationError(
            f"{path} is not there", "evaluate needs a factor", "alphanet predict date=START:END"
        )
    _check_columns(path, column)
    dense = np.full((len(panel.dates), len(panel.codes)), np.nan)
    unknown = 0
    try:
        # Each distinct date and code is looked up once, not each row's.
        with pq.ParquetFile(path, read_dictionary=["date", "code"]) as file:
            for group in range(file.num_row_groups):
                table = file.read_row_group(group, ["date", "code", column])
                rows = _places(table["date"], panel.dates)
                columns = _places(table["code"], panel.codes)
                known = (rows >= 0) & (columns >= 0)
                values = table[column].to_numpy()
                dense[rows[known], columns[known]] = values[known]
                unknown += int((~known).sum())
            total = file.metadata.num_rows
    except (OSError, ValueError, KeyError) as error:
        raise _unreadable(path, error) from None
    if not total:
        raise EvaluationError(
            f"{path} has no rows", "a score of each stock and date", "alphanet predict writes them"
        )
    if unknown:
        raise EvaluationError(
            f"{unknown} of {total} rows of {path} are not in {panel.path}",
            "a factor is judged on a panel that has its dates and codes",
            "data.panel=PANEL, the one it was scored on",
        )
    return dense


def _check_columns(path: Path, *scores: str) -> None:
    """Refuse a file without dates, codes and these scores, or with a column of another type."""
    try:
        schema = pq.read_schema(path)
        types = {name: schema.field(name).type for name in ("date", "code", *scores)}
    except (OSError, ValueError, KeyError) as error:
        raise _unreadable(path, error) from None
    zone = getattr(types["date"], "tz", None)
    if zone is not None:
        raise EvaluationError(
            f"{path}: its dates have the time zone {zone}",
            "a session is a date without time zone",
            "factor['date'] = factor['date'].dt.tz_localize(None) when writing the file",
        )
    for name, found in types.items():
        plain = found.value_type if pa.types.is_dictionary(found) else found
        if not any(is_kind(plain) for is_kind in _KINDS.get(name, _NUMBERS)):
            raise EvaluationError(
                f"{path}: its column {name} is of type {found}",
                "date is a date, code is text, and a score is a number",
                "convert it when writing the file",
            )


_TEXTS = (pa.types.is_string, pa.types.is_large_string)
_NUMBERS = (pa.types.is_floating, pa.types.is_integer)
_KINDS = {"date": (pa.types.is_date, pa.types.is_timestamp, *_TEXTS), "code": _TEXTS}
"""Column -> what its type may be; scores are numbers."""


def factor_dates(path: Path) -> np.ndarray:
    """The sessions (D,) on which a factor scores a stock, ascending.

    Raises:
        EvaluationError: No such file, or no columns `date` of dates and `factor` of numbers.
    """
    _check_columns(path, "factor")
    try:
        rows = pd.read_parquet(path, columns=["date", "factor"])
    except (OSError, ValueError, KeyError) as error:
        raise _unreadable(path, error) from None
    dates = rows["date"][np.isfinite(rows["factor"].to_numpy())]
    return np.unique(dates.to_numpy().astype("datetime64[D]"))


def seed_columns(path: Path) -> dict[int, str]:
    """Columns of the seeds that a factor is the mean of, ascending; none for one from elsewhere."""
    names = {name.removeprefix("seed_"): name for name in pq.read_schema(path).names
             if name.startswith("seed_")}  # fmt: skip
    return {int(word): names[word] for word in sorted(filter(str.isdigit, names), key=int)}


def read_scores(
    path: Path, panel: Panel, sessions: np.ndarray, columns: Sequence[str]
) -> dict[str, np.ndarray]:
    """Some columns of a factor at some sessions, each (S, N) float64, NaN without a score.

    Args:
        path: A factor that `read_factor` accepts.
        panel: D sessions, N stocks.
        sessions: (S,) ascending session indices.
        columns: `factor`, or names from `seed_columns`.
    """
    _check_columns(path, *columns)
    days = panel.dates[sessions]
    out = {name: np.full((len(sessions), len(panel.codes)), np.nan) for name in columns}
    with pq.ParquetFile(path, read_dictionary=["date", "code"]) as file:
        for group in range(file.num_row_groups):
            table = file.read_row_group(group, ["date", "code", *columns])
            rows = _places(table["date"], days)
            stocks = _places(table["code"], panel.codes)
            wanted = rows >= 0
            for name, dense in out.items():
                dense[rows[wanted], stocks[wanted]] = table[name].to_numpy()[wanted]
    return out


def has_raw(path: Path) -> bool:
    """Whether the factor is a neutralised model's and keeps its predictions before projection."""
    return "raw" in pq.read_schema(path).names


def _describe(period: Period) -> str:
    return f"{period[0]}..{period[1]}"


def _unreadable(path: Path, error: Exception, part: str = "") -> EvaluationError:
    return EvaluationError(
        f"{part or path} cannot be read ({str(error).splitlines()[0]})",
        "a factor is Parquet with the columns date, code, factor",
        "alphanet predict date=START:END writes one",
    )


def _table(block: pd.DataFrame) -> pa.Table:
    """Arrow's form of a block, codes as numbers into a dictionary."""
    code = block["code"].astype("category").cat
    codes = pa.DictionaryArray.from_arrays(
        pa.array(code.codes, pa.int32()), pa.array(code.categories.astype(str), pa.string())
    )
    date = pa.array(block["date"].to_numpy().astype("datetime64[ms]"))
    rest = {name: pa.array(block[name].to_numpy()) for name in block.columns[2:]}
    return pa.table({"date": date, "code": codes, **rest})


def _places(column: pa.ChunkedArray, labels: np.ndarray) -> np.ndarray:
    """Position of each row's label among the panel's; -1 where it is none of them."""
    index = pd.Index(labels)
    parts = [np.empty(0, np.int64)]
    for chunk in column.chunks:
        coded = chunk if isinstance(chunk, pa.DictionaryArray) else chunk.dictionary_encode()
        found = coded.dictionary.to_numpy(zero_copy_only=False)
        if labels.dtype.kind == "M":
            found = found.astype(labels.dtype)
        # An absent value has no place: it takes the last entry.
        places = np.append(index.get_indexer(found), -1)
        parts.append(places[coded.indices.fill_null(-1).to_numpy()])
    return np.concatenate(parts)
