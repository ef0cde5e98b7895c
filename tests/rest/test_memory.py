import pytest

from benchmarks.memory import measure

pytestmark = pytest.mark.long


@pytest.mark.parametrize("residency", ["host", "stream"])
def test_a_fit_of_4000_stocks_and_1500_sessions_stays_under_2_gb(tmp_path_factory, residency):
    folder = tmp_path_factory.getbasetemp() / "full_size"
    folder.mkdir(exist_ok=True)
    assert measure(folder, residency) < 2e9
