import errno

import pytest

from datamodules.base.errors import ConfigError, FitError
from datamodules.base.files import (
    disk_full_behind,
    locked,
    read_json,
    try_place,
    write_json,
    write_text,
)


def test_what_is_written_is_read_back(tmp_path):
    write_json(tmp_path / "new" / "a.json", {"x": 1.5, "name": "中"})
    assert read_json(tmp_path / "new" / "a.json") == {"x": 1.5, "name": "中"}


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    write_text(tmp_path / "a.txt", "old")
    with pytest.raises(UnicodeEncodeError):
        write_text(tmp_path / "a.txt", "\ud800")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


def test_a_number_that_json_does_not_have_is_refused(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"x": float("nan")})
    assert not (tmp_path / "a.json").exists()


BUSY = FitError("it is another's", "one at a time", "wait for it")


def test_a_lock_that_is_held_is_refused_in_the_callers_words(tmp_path):
    with (
        locked(tmp_path / "new" / "lock", BUSY),
        pytest.raises(FitError, match="another's: one at a time\nHINT: wait for it"),
        locked(tmp_path / "new" / "lock", BUSY),
    ):
        pass


def test_a_lock_is_free_again_after_an_error(tmp_path):
    with pytest.raises(KeyError), locked(tmp_path / "lock", BUSY):
        raise KeyError
    with locked(tmp_path / "lock", BUSY):
        pass


def test_a_full_disk_is_found_behind_what_it_led_to():
    error = RuntimeError("the checkpoint was not written")
    error.__cause__ = OSError(errno.ENOSPC, "No space left on device", "/data/fit.json")
    found = disk_full_behind(error)
    assert found is not None
    assert "the disk is full (/data/fit.json)" in str(found)
    assert disk_full_behind(OSError(errno.EACCES, "Permission denied")) is None


def test_a_place_is_tried_without_making_a_folder_that_another_process_might_use(tmp_path):
    try_place(tmp_path / "new" / "v2" / "fit.json", "runs=FOLDER")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("place", ["a file/fit.json", "nowhere/fit.json", "folder"])
def test_a_place_that_cannot_be_written_is_refused(tmp_path, place):
    (tmp_path / "a file").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    with pytest.raises(ConfigError, match=r"cannot be written \(.*\nHINT: .*runs=FOLDER"):
        try_place(tmp_path / place, "runs=FOLDER")
