"""Shares of a list of fits: disjoint, complete, balanced."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphanet_pl.factor.roll.parts import take_part
from datamodules.base.errors import ConfigError


@given(st.integers(0, 300), st.integers(1, 40))
def test_parts_are_disjoint_complete_and_differ_by_one_at_most(items, count):
    parts = [take_part(range(items), f"{part}/{count}") for part in range(1, count + 1)]
    assert sorted(item for part in parts for item in part) == list(range(items))
    sizes = [len(part) for part in parts]
    assert max(sizes) - min(sizes) <= 1


def test_without_parts_everything_is_ours():
    assert take_part("abc", None) == ["a", "b", "c"]


@pytest.mark.parametrize("parts", ["3/2", "0/2", "1/0", "1", "1/", "-1/2", "1/2/3", "a/b", ""])
def test_what_is_no_share_is_refused(parts):
    with pytest.raises(ConfigError, match=r"it reads i/n.*\nHINT: parts=\d+/\d+"):
        take_part("abc", parts)
