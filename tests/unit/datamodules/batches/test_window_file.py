import importlib
import shutil
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from alphanet_pl.model.operators import SixOperators
from datamodules.base.errors import ConfigError
from datamodules.batches.window_file import identity_of, mapped

ARRAYS = (((3, 2), torch.float64), ((4, 5), torch.bfloat16))
KEY = {"panel": "one", "operators": "six"}


class Filler:
    """Counts how often a file is written."""

    def __init__(self):
        self.times = 0

    def __call__(self, memory):
        self.times += 1
        for number, part in enumerate(memory):
            part.copy_(torch.arange(part.numel()).view(part.shape) + number)


@pytest.fixture
def fill():
    return Filler()


def test_a_file_is_written_once_and_read_by_whoever_wants_it(tmp_path, fill):
    written, read = mapped(tmp_path, KEY, ARRAYS, fill), mapped(tmp_path, KEY, ARRAYS, fill)
    assert fill.times == 1
    assert [part.dtype for part in read] == [torch.float64, torch.bfloat16]
    assert read[0].flatten().tolist() == list(range(6))
    assert read[1].flatten().tolist() == list(range(1, 21))
    assert all(torch.equal(a, b) for a, b in zip(written, read, strict=True))


def test_its_size_is_said_before_it_is_written(tmp_path, fill, capsys):
    said = []
    mapped(tmp_path, KEY, ARRAYS, lambda _: said.extend(capsys.readouterr()))
    assert "write 0.00 GB of windows to" in "".join(said)


def test_a_damaged_file_is_written_anew(tmp_path, fill, capsys):
    mapped(tmp_path, KEY, ARRAYS, fill)
    (path,) = tmp_path.glob("*.windows")
    content = bytearray(path.read_bytes())
    content[50] ^= 1
    path.write_bytes(content)
    assert mapped(tmp_path, KEY, ARRAYS, fill)[1].flatten().tolist() == list(range(1, 21))
    assert fill.times == 2
    assert "is damaged" in "".join(capsys.readouterr())


@pytest.mark.parametrize("said", ["", "[]", '{"key": 3}'])
def test_a_file_whose_description_is_damaged_is_written_anew(tmp_path, fill, said):
    mapped(tmp_path, KEY, ARRAYS, fill)
    (description,) = tmp_path.glob("*.json")
    description.write_text(said)
    assert mapped(tmp_path, KEY, ARRAYS, fill)[1].flatten().tolist() == list(range(1, 21))
    assert mapped(tmp_path, KEY | {"operators": "seven"}, ARRAYS, fill)
    assert fill.times == 3


def test_a_writer_that_ended_early_leaves_no_file_and_no_hindrance(tmp_path, fill):
    def killed(memory):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mapped(tmp_path, KEY, ARRAYS, killed)
    (tmp_path / ".abc.windows.host.1").write_bytes(b"half")  # what SIGKILL leaves
    mapped(tmp_path, KEY, ARRAYS, fill)
    assert sorted(path.suffix for path in tmp_path.iterdir()) == ["", ".json", ".windows"]


@pytest.mark.parametrize("other", [{"panel": "two"}, {"operators": "seven"}])
def test_another_panel_or_operator_set_is_another_file(tmp_path, fill, other):
    mapped(tmp_path, KEY, ARRAYS, fill)
    mapped(tmp_path, KEY | other, ARRAYS, fill)
    assert fill.times == 2
    # A panel that was replaced will not be asked for any more; other operators may.
    assert len(list(tmp_path.glob("*.windows"))) == (1 if "panel" in other else 2)


def test_two_that_want_it_at_once_write_it_once(tmp_path, fill):
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(mapped, tmp_path, KEY, ARRAYS, fill) for _ in range(2)]
        one, other = (future.result() for future in futures)
    assert fill.times == 1
    assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_a_disk_without_room_is_refused_before_anything_is_written(tmp_path, fill, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(9, 8, 1))
    with pytest.raises(ConfigError, match=r"HINT: data\.residency=host or stream"):
        mapped(tmp_path, KEY, ARRAYS, fill)
    assert fill.times == 0
    assert not list(tmp_path.glob("*.windows"))


def test_operators_are_known_by_their_arguments_and_their_source():
    assert identity_of(SixOperators()) == identity_of(SixOperators())
    assert identity_of(SixOperators()) != identity_of(SixOperators(days=5))


def test_operators_are_known_by_the_source_of_what_they_derive_from(tmp_path, monkeypatch):
    texts = {
        "base": "class Base:\n    pass\n",
        "own": "from base import Base\nclass Own(Base):\n    pass\n",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    own = importlib.import_module("own").Own()
    before = identity_of(own)
    (tmp_path / "base.py").write_text(texts["base"] + "# changed\n")
    assert identity_of(own) != before
