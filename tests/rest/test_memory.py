import pytest

from benchmarks.memory import measure

pytestmark = pytest.mark.long


def test_a_streamed_fit_of_4000_stocks_and_1500_sessions_stays_under_2_gb(tmp_path):
    assert measure(tmp_path, "stream") < 2e9
