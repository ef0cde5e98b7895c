import pytest

from datamodules.base.files import read_json, write_json, write_text


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
