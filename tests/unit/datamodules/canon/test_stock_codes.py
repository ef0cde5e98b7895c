import pytest

from datamodules.canon.codes import canonical_code, is_canonical


@pytest.mark.parametrize(
    "code",
    ["SH600000", "sh600000", "600000.SH", "sh.600000", "600000.XSHG", "600000.SS", " SH600000 "],
)
def test_every_vendors_spelling_is_one_code(code):
    assert canonical_code(code) == "SH600000"


@pytest.mark.parametrize(
    ("code", "expected"),
    [("300001.XSHE", "SZ300001"), ("bj.830799", "BJ830799"), ("430047.BJSE", "BJ430047")],
)
def test_each_exchange_has_its_prefix(code, expected):
    assert canonical_code(code) == expected


@pytest.mark.parametrize("code", ["600000", "AAPL", "SH60000", ""])
def test_a_code_of_unknown_form_is_left_as_it_is(code):
    assert canonical_code(code) == code
    assert not is_canonical(code)
