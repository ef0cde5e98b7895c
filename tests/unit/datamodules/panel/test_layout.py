import warnings

import numpy as np
import pytest
import xarray
import zarr

from datamodules.panel import Panel, build_panel
from datamodules.panel.layout import LAYOUT, Record, content_bytes, fingerprint, shard_files


def test_every_array_comes_back_as_it_was(make_contents, tmp_path):
    contents = make_contents()
    build_panel(contents, tmp_path / "panel.zarr")
    panel = Panel.open(tmp_path / "panel.zarr")
    assert set(panel.names) == set(LAYOUT)
    for name, values in contents.arrays.items():
        read = panel.read(name)
        assert read.dtype == LAYOUT[name].dtype
        np.testing.assert_array_equal(read, values, err_msg=name)


def test_xarray_opens_it_without_a_warning(make_contents, tmp_path):
    contents = make_contents(sessions=40)
    build_panel(contents, tmp_path / "panel.zarr")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dataset = xarray.open_zarr(tmp_path / "panel.zarr").load()
    assert dataset["date"].dtype.kind == "M"
    assert dataset["date"].values.astype("datetime64[D]").tolist() == contents.dates.tolist()
    assert dataset["code"].values.tolist() == contents.codes.tolist()
    assert dataset["industry_name"].values.tolist() == ["银行", "coal"]
    assert dataset["features"].dims == ("date", "code", "feature")
    one = dataset["features"].sel(date="2010-01-10", code="SH600003", feature="close")
    np.testing.assert_array_equal(one, contents.arrays["features"][6, 3, 1])
    assert dataset["industry"].dtype == np.int16
    assert dataset.attrs["free_turn"] == "turn"


def test_chunks_are_30_sessions_by_500_stocks_in_shards_of_240(make_contents, tmp_path):
    contents = make_contents(sessions=250, stocks=510, names=("features", "listed", "index_close"))
    build_panel(contents, tmp_path / "panel.zarr")
    group = zarr.open_group(tmp_path / "panel.zarr", mode="r")
    assert group["features"].chunks == (30, 500, 3)
    assert group["features"].shards == (240, 1000, 3)
    assert group["index_close"].chunks == (30,)
    assert group["features"].metadata.dimension_names == ("date", "code", "feature")


def test_every_codec_chain_ends_in_a_checksum(make_contents, tmp_path):
    build_panel(make_contents(sessions=3), tmp_path / "panel.zarr")
    group = zarr.open_group(tmp_path / "panel.zarr", mode="r")
    for _, array in group.arrays():
        assert [type(codec).__name__ for codec in array.compressors][-1] == "Crc32cCodec"


def test_an_all_nan_array_still_has_all_its_files(make_contents, tmp_path):
    contents = make_contents(sessions=500, names=("close",))
    contents.arrays["close"][:] = np.nan
    build_panel(contents, tmp_path / "panel.zarr")
    for file in shard_files("close", 0, 500):
        assert (tmp_path / "panel.zarr" / file).is_file()


@pytest.mark.parametrize(
    ("start", "stop", "shards"),
    [(0, 240, [0]), (239, 241, [0, 1]), (240, 300, [1]), (10, 10, [0]), (240, 240, [])],
)
def test_rows_lie_in_the_shards_of_240(start, stop, shards):
    expected = [f"features/c/{shard}/0/0" for shard in shards]
    assert shard_files("features", start, stop) == expected


def test_every_nan_counts_as_the_same_content():
    odd = np.array([np.nan, -np.nan, 1.0])
    assert content_bytes(odd) == content_bytes(np.array([np.nan, np.nan, 1.0]))


def test_content_does_not_depend_on_memory_order():
    values = np.arange(6.0).reshape(2, 3)
    assert content_bytes(np.asfortranarray(values)) == content_bytes(values)
    assert content_bytes(values.astype(">f8")) == content_bytes(values)


def test_strings_hash_by_their_text_not_their_type():
    fixed = np.array(["SH600000", "银行"])
    assert content_bytes(fixed) == content_bytes(fixed.astype(object))
    assert content_bytes(fixed) == content_bytes(fixed.astype(np.dtypes.StringDType()))


def test_a_fingerprint_changes_with_name_type_shape_and_content():
    base = Record("float32", (2, 3), "aa")
    others = [Record("float64", (2, 3), "aa"), Record("float32", (3, 2), "aa"),
              Record("float32", (2, 3), "ab")]  # fmt: skip
    prints = {fingerprint({"close": record}) for record in [base, *others]}
    prints.add(fingerprint({"vwap": base}))
    assert len(prints) == 5


def test_a_fingerprint_does_not_depend_on_the_order_of_arrays():
    one, two = Record("bool", (1,), "a"), Record("bool", (1,), "b")
    assert fingerprint({"x": one, "y": two}) == fingerprint({"y": two, "x": one})
