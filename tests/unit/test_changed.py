"""Which unit tests `make check` runs for a change."""

import pytest
from changed import unit_tests


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["pkg/room/one.py", "pkg/room/other.py"], ["tests/unit/pkg/room"]),
        (["pkg/one.py"], ["tests/unit/pkg/test_one.py"]),
        (["pkg/untested.py", "README.md"], []),
        (["tests/unit/pkg/room/test_one.py"], ["tests/unit/pkg/room/test_one.py"]),
        (["tests/unit/pkg/conftest.py", "pkg/room/one.py"], ["tests/unit/pkg"]),
        (["tests/unit/pkg/test_gone.py", "tests/flow/test_flow.py"], []),
        (["conf/train.yaml", "pkg/room/one.py"], ["tests/unit"]),
        (["tests/helpers/small_study.py"], ["tests/unit"]),
    ],
)
def test_a_change_is_tested_by_its_room(files, expected, tmp_path, monkeypatch):
    monkeypatch.setattr("changed.PACKAGES", ("pkg",))
    room = tmp_path / "tests" / "unit" / "pkg" / "room"
    room.mkdir(parents=True)
    (room / "test_one.py").touch()
    (room.parent / "test_one.py").touch()
    assert unit_tests(files, tmp_path) == expected
