import shutil

import pytest
import torch

from alphanet_pl.fit.checkpoints import (
    SafeCheckpoints,
    find_checkpoint,
    is_whole,
    remove_leftovers,
)

CONTENT = {"state_dict": {"w": torch.arange(1000.0)}, "optimizer_states": [], "epoch": 3}


@pytest.fixture
def saved(tmp_path):
    """A folder where two checkpoints have been saved, one after the other."""
    for epoch in (3, 4):
        SafeCheckpoints().save_checkpoint(CONTENT | {"epoch": epoch}, tmp_path / "last.ckpt")
    return tmp_path


def epoch_of(path):
    return torch.load(path, weights_only=True)["epoch"]


def test_the_one_before_is_kept(saved):
    assert sorted(path.name for path in saved.iterdir()) == ["last.ckpt", "previous.ckpt"]
    assert epoch_of(saved / "last.ckpt") == 4
    assert epoch_of(saved / "previous.ckpt") == 3


def test_of_the_best_only_one_is_kept(tmp_path):
    for _ in range(2):
        SafeCheckpoints().save_checkpoint(CONTENT, tmp_path / "best.ckpt")
    assert [path.name for path in tmp_path.iterdir()] == ["best.ckpt"]


def truncate(path):
    path.write_bytes(path.read_bytes()[:-500])


def zero(path):
    path.write_bytes(bytes(path.stat().st_size))


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[content.index(torch.tensor([500.0]).numpy().tobytes())] ^= 1
    path.write_bytes(content)


def empty(path):
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [truncate, zero, flip_a_bit, empty])
def test_a_damaged_checkpoint_is_passed_over_with_a_word(saved, damage):
    damage(saved / "last.ckpt")
    said = []
    assert find_checkpoint(saved, said.append) == saved / "previous.ckpt"
    (sentence,) = said
    assert "last.ckpt is damaged" in sentence


def test_a_checkpoint_of_another_fit_is_passed_over_with_a_word(tmp_path):
    seeds = [tmp_path / "2011-01-31" / f"seed{seed}-abc" for seed in (0, 1)]
    for folder in seeds:
        folder.mkdir(parents=True)
        kept = {"ModelCheckpoint": {"dirpath": str(folder), "best_model_path": ""}}
        SafeCheckpoints().save_checkpoint(CONTENT | {"callbacks": kept}, folder / "last.ckpt")
    mine, other = (folder / "last.ckpt" for folder in seeds)
    assert find_checkpoint(seeds[0], None) == mine
    moved = tmp_path / "elsewhere"
    shutil.copytree(tmp_path / "2011-01-31", moved / "2011-01-31")
    assert find_checkpoint(moved / "2011-01-31" / seeds[0].name, None) is not None
    shutil.copy(other, mine)
    said = []
    assert find_checkpoint(seeds[0], said.append) is None
    assert "last.ckpt is of another fit, 2011-01-31/seed1-abc" in said[0]


def test_leftovers_are_hidden_files_alone(tmp_path):
    (tmp_path / ".best.ckpt.partial").touch()
    (tmp_path / ".ipynb_checkpoints").mkdir()
    (tmp_path / "last.ckpt").touch()
    remove_leftovers(tmp_path)
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == [".ipynb_checkpoints", "last.ckpt"]


def not_finite(path):
    torch.save(CONTENT | {"optimizer_states": [{"exp_avg": torch.tensor([torch.nan])}]}, path)


def of_another_program(path):
    torch.save([1, 2], path)


@pytest.mark.parametrize(
    ("put", "said"),
    [
        (not_finite, "holds weights that are not finite: the fit goes back"),
        (of_another_program, "is no checkpoint of a fit: the fit goes back"),
    ],
)
def test_a_whole_file_that_no_fit_can_go_on_from_is_passed_over(saved, put, said):
    put(saved / "last.ckpt")
    words = []
    assert find_checkpoint(saved, words.append) == saved / "previous.ckpt"
    assert said in words[0]


def test_a_damaged_checkpoint_does_not_replace_the_good_one_before(saved):
    zero(saved / "last.ckpt")
    SafeCheckpoints().save_checkpoint(CONTENT | {"epoch": 5}, saved / "last.ckpt")
    assert epoch_of(saved / "previous.ckpt") == 3
    assert epoch_of(saved / "last.ckpt") == 5


def test_a_kill_between_the_two_renames_leaves_the_one_before(saved):
    (saved / "last.ckpt").unlink()
    assert find_checkpoint(saved, None) == saved / "previous.ckpt"


def test_without_any_whole_checkpoint_the_fit_begins(saved):
    zero(saved / "last.ckpt")
    zero(saved / "previous.ckpt")
    assert find_checkpoint(saved, None) is None


def test_a_failed_write_leaves_what_was_there(saved):
    class Unwritable:
        def __reduce__(self):
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        SafeCheckpoints().save_checkpoint({"bad": Unwritable()}, saved / "last.ckpt")
    assert sorted(path.name for path in saved.iterdir()) == ["last.ckpt", "previous.ckpt"]
    assert epoch_of(saved / "last.ckpt") == 4


def test_a_whole_checkpoint_is_whole(saved):
    assert is_whole(saved / "last.ckpt")
