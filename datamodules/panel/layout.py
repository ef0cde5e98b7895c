"""How the panel's arrays lie on disk: names, dimensions, chunks, codecs, and content hashes.

Zarr v3; chunks of 30 sessions x 500 stocks in shards of 240 sessions read a 30-session window of
4000 stocks in about 10 ms and one stock's history in 40 ms. Every chunk carries a CRC32C, and
every chunk is written (`write_empty_chunks`): Zarr reads a chunk that is not there as NaN, without
an error, so here none may be missing.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import zarr
from zarr.codecs import BloscCodec, Crc32cCodec

CHUNK_DAYS = 30
CHUNK_CODES = 500
SHARD_DAYS = 240


@dataclass(frozen=True)
class ArraySpec:
    """One array of the panel: its dimensions, its type on disk, and what it holds."""

    dims: tuple[str, ...]
    dtype: str
    what: str


_GRID = ("date", "code")

LAYOUT: dict[str, ArraySpec] = {
    "features": ArraySpec(
        (*_GRID, "feature"), "float32", "picture channels; NaN where not traded or unknown"
    ),
    "close": ArraySpec(
        _GRID, "float64", "back-adjusted close, carried through suspensions while listed"
    ),
    "vwap": ArraySpec(_GRID, "float64", "back-adjusted vwap; NaN where not traded"),
    "forward_close": ArraySpec(
        _GRID, "float32", "return from the adjusted close of t to that of t + horizon"
    ),
    "forward_vwap_next": ArraySpec(
        _GRID, "float32", "return from the adjusted vwap of t + 1 to that of t + 1 + horizon"
    ),
    "log_cap": ArraySpec(
        _GRID, "float32", "natural logarithm of the market value, yuan: data.size"
    ),
    "industry": ArraySpec(_GRID, "int16", "position in industry_name; -1 unknown"),
    "listed": ArraySpec(_GRID, "bool", "has a row in the quotes on that session"),
    "traded": ArraySpec(_GRID, "bool", "traded on that session"),
    "is_st": ArraySpec(_GRID, "bool", "under special treatment on that session"),
    "scorable": ArraySpec(_GRID, "bool", "listed, not ST, picture complete; known at the close"),
    "suspended_next": ArraySpec(_GRID, "bool", "listed, but does not trade on the next session"),
    "limit_close_next": ArraySpec(_GRID, "bool", "closes at a price limit on the next session"),
    "unbuyable_next": ArraySpec(
        _GRID, "bool", "locked at the upper limit through the next session"
    ),
    "unsellable_next": ArraySpec(
        _GRID, "bool", "locked at the lower limit through the next session"
    ),
    "index_close": ArraySpec(("date",), "float64", "close of the index; NaN where unknown"),
    "index_weight": ArraySpec(_GRID, "float32", "weight in the index; each session sums to 1"),
    "true_return": ArraySpec(
        _GRID, "float32", "expected forward return known at t (simulated market only)"
    ),
    "styles": ArraySpec((*_GRID, "style"), "float32", "style exposures; NaN outside scorable"),
}

COORDINATES: dict[str, str] = {
    "date": "int64",
    "code": "str",
    "feature": "str",
    "industry_name": "str",
    "style": "str",
}

_DATE_ATTRIBUTES: dict[str, Any] = {
    "units": "days since 1970-01-01",
    "calendar": "proleptic_gregorian",
}


@dataclass(frozen=True)
class Record:
    """What the manifest keeps of one array's content."""

    dtype: str
    shape: tuple[int, ...]
    sha256: str


def content_bytes(values: np.ndarray) -> bytes:
    """Return an array's content as bytes that depend on nothing but its values.

    Strings become NUL-separated UTF-8, every NaN the same NaN, numbers little-endian C order.
    """
    if values.dtype.kind not in "biuf":
        return "\0".join(str(value) for value in values).encode()
    plain = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
    if plain.dtype.kind == "f" and np.isnan(plain).any():
        plain = np.where(np.isnan(plain), plain.dtype.type(np.nan), plain)
    return plain.tobytes()


def write_coordinate(group: zarr.Group, name: str, values: np.ndarray) -> Record:
    """Write one coordinate (date as days since 1970, the others as strings) in a single chunk."""
    text = COORDINATES[name] == "str"
    array = group.create_array(
        name,
        shape=values.shape,
        dtype=str if text else COORDINATES[name],
        chunks=(max(len(values), 1),),
        compressors=_compressors(1 if text else 8),
        dimension_names=(name,),
        attributes={} if text else _DATE_ATTRIBUTES,
        config={"write_empty_chunks": True},
    )
    if len(values):
        array[:] = values.astype(object) if text else values
    return Record(COORDINATES[name], values.shape, _sha256(content_bytes(values)))


def write_array(group: zarr.Group, name: str, values: np.ndarray) -> Record:
    """Write one array shard by shard.

    Args:
        group: The open Zarr group.
        name: A name of LAYOUT.
        values: (dates, ...) of the shape that the group's coordinates give.

    Returns:
        Its type, shape and content hash, for the manifest.
    """
    spec = LAYOUT[name]
    dtype = np.dtype(spec.dtype)
    chunks, shards = _chunking(spec.dims, values.shape)
    array = group.create_array(
        name,
        shape=values.shape,
        dtype=dtype,
        chunks=chunks,
        shards=shards,
        fill_value=np.nan if dtype.kind == "f" else 0,
        compressors=_compressors(dtype.itemsize),
        dimension_names=spec.dims,
        attributes={"long_name": spec.what},
        config={"write_empty_chunks": True},
    )
    digest = hashlib.sha256()
    for start in range(0, len(values), SHARD_DAYS):
        slab = values[start : start + SHARD_DAYS].astype(dtype)
        array[start : start + SHARD_DAYS] = slab
        digest.update(content_bytes(slab))
    return Record(spec.dtype, values.shape, digest.hexdigest())


def hash_array(group: zarr.Group, name: str) -> str:
    """Return the content hash of a stored array or coordinate, read shard by shard."""
    array: Any = group[name]
    if name in COORDINATES:
        return _sha256(content_bytes(np.asarray(array[:])))
    digest = hashlib.sha256()
    for start in range(0, array.shape[0], SHARD_DAYS):
        digest.update(content_bytes(np.asarray(array[start : start + SHARD_DAYS])))
    return digest.hexdigest()


def shard_files(name: str, start: int, stop: int) -> list[str]:
    """Return the files, relative to the panel, that hold rows start..stop of an array."""
    tail = "/0" * (len(LAYOUT[name].dims) - 1)
    shards = range(start // SHARD_DAYS, -(-stop // SHARD_DAYS))
    return [f"{name}/c/{shard}{tail}" for shard in shards]


def fingerprint(records: Mapping[str, Record]) -> str:
    """Return the sha256 over all arrays' contents: the same data give it anywhere, at any time."""
    lines = (
        f"{name} {r.dtype} {','.join(map(str, r.shape))} {r.sha256}\n"
        for name, r in sorted(records.items())
    )
    return _sha256("".join(lines).encode())


def _chunking(
    dims: tuple[str, ...], shape: tuple[int, ...]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    chunks, shards = [], []
    for dim, size in zip(dims, shape, strict=True):
        chunk = {"date": CHUNK_DAYS, "code": min(CHUNK_CODES, size)}.get(dim, size)
        chunks.append(chunk)
        shards.append(SHARD_DAYS if dim == "date" else -(-size // chunk) * chunk)
    return tuple(chunks), tuple(shards)


def _compressors(itemsize: int) -> list[BloscCodec | Crc32cCodec]:
    blosc = BloscCodec(cname="lz4", clevel=5, shuffle="shuffle", typesize=itemsize)
    return [blosc, Crc32cCodec()]


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
