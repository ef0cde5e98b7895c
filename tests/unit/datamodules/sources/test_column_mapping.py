import pytest

from datamodules.base.errors import ConfigError
from datamodules.settings import TableSettings
from datamodules.sources import check_settings


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"files": {"quote": "x"}},
            "data.files names quote: .*HINT: in data.files, quotes is",
        ),
        (
            {"columns": {"indx": {}}},
            "data.columns names indx: .*in data.columns, index is",
        ),
        (
            {"columns": {"quotes": {"opne": "o"}}},
            "data.columns.quotes names opne: .*HINT: in data.columns.quotes, open is the nearest",
        ),
        (
            {"scale": {"quotes": {"vol": 100.0}}},
            "data.scale.quotes names vol: .*HINT: in data.scale.quotes, volume is the nearest",
        ),
        ({"scale": {"quotes": {"code": 2.0}}}, "data.scale.quotes names code"),
        ({"qlib_adjusted": ["vol"]}, "data.qlib_adjusted names vol"),
        (
            {"accept": ["unit"]},
            "data.accept names unit: it may name adjustment, .*in data.accept, units is",
        ),
        ({"source": "qlb"}, "data.source=qlb .*HINT: data.source=qlib"),
    ],
)
def test_a_setting_that_names_nothing_is_refused_with_the_nearest(settings, message):
    with pytest.raises(ConfigError, match=f"(?s){message}"):
        check_settings(TableSettings(**settings))


def test_names_that_exist_are_accepted():
    check_settings(
        TableSettings(
            files={"quotes": "daily.parquet"},
            columns={"quotes": {"code": "ts_code", "volume": "vol"}},
            scale={"quotes": {"volume": 100.0, "turn": 0.01}},
        )
    )


@pytest.mark.parametrize(
    "factor", [0, -1.0, float("nan"), float("inf"), "lots", None, [1, 2], True]
)
def test_a_scale_that_is_no_positive_number_is_refused(factor):
    with pytest.raises(ConfigError) as caught:
        TableSettings(scale={"quotes": {"volume": factor}})
    assert caught.value.given == f"data.scale.quotes.volume={factor} was given"
    assert "data.scale.quotes.volume=100 for lots" in caught.value.hint
