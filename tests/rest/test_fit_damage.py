"""Fits that were damaged after they were trained, or while they were killed."""

import os
import pickle
import random
import shutil
from pathlib import Path

import pytest
import torch
from helpers.small_study import Study, call

from alphanet_pl.fit.folder import DIGEST, Fit, done_fit
from datamodules.base.errors import FitError
from datamodules.base.files import read_json, write_json

FLIPS = 400


@pytest.fixture
def fit(study: Study, tmp_path: Path) -> Path:
    """A copy of the study's fit, in runs of its own."""
    (folder,) = study.fits()
    return shutil.copytree(folder, tmp_path / folder.relative_to(study.runs))


@pytest.fixture
def again(study: Study, fit: Path):
    """Function: a verb on the copied fit; its exit status."""
    panel = f"data.panel={study.runs}/demo/panel.zarr"

    def run(verb: str, *words: str) -> int:
        return call(Study(fit.parents[3]), verb, panel, "variant=v2.1", *words)

    return run


@pytest.fixture
def flipped(fit: Path):
    """Four hundred times best.ckpt with another bit flipped: a generator of nothing."""
    path = fit / "best.ckpt"
    whole = path.read_bytes()

    def each():
        chance = random.Random(13)
        for _ in range(FLIPS):
            content = bytearray(whole)
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
            path.write_bytes(content)
            yield

    return each


def test_every_flipped_bit_is_refused(fit, flipped):
    for _ in flipped():
        with pytest.raises(FitError, match=r"best\.ckpt is not what the fit ended with"):
            done_fit(fit)


def test_without_a_digest_a_flipped_bit_is_refused_or_changes_no_weight(fit, flipped):
    record = read_json(fit / "fit.json")
    whole = Fit(fit, record).load().state_dict()
    del record[DIGEST]
    refused = 0
    for _ in flipped():
        try:
            weights = Fit(fit, record).load().state_dict()
        except FitError:
            refused += 1
        else:
            assert all(torch.equal(values, whole[name]) for name, values in weights.items())
    assert refused > FLIPS / 2


@pytest.mark.parametrize("damage", ["last.ckpt", "other", "absent"])
@pytest.mark.parametrize("verb", ["train", "predict"])
def test_another_best_checkpoint_is_refused_by_every_verb(fit, again, capsys, verb, damage):
    best = fit / "best.ckpt"
    if damage == "absent":
        best.unlink()
    elif damage == "other":
        content = torch.load(best, weights_only=True)
        torch.save(content | {"epoch": 0}, best)
    else:
        shutil.copy(fit / damage, best)
    asof = fit.parent.name
    assert again(verb, f"asof={asof}" if verb == "train" else f"date={asof}") == 2
    said = capsys.readouterr().err
    assert f"{best} is not " in said
    assert f"rm -r {fit}" in said


class Bomb:
    """Touches a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def raw(bomb: Bomb, path: Path) -> None:
    path.write_bytes(pickle.dumps(bomb))


def zipped(bomb: Bomb, path: Path) -> None:
    torch.save(bomb, path)


def inside(bomb: Bomb, path: Path) -> None:
    torch.save(torch.load(path, weights_only=True) | {"state_dict": bomb}, path)


def _as_killed(fit: Path) -> None:
    write_json(fit / "fit.json", read_json(fit / "fit.json") | {"status": "running"})


@pytest.mark.parametrize("put", [raw, zipped, inside])
def test_a_pickle_bomb_as_last_checkpoint_is_a_damaged_one(fit, again, capsys, tmp_path, put):
    """The fit goes back to the one before, ends with the same weights, and nothing explodes."""
    _as_killed(fit)
    best = torch.load(fit / "best.ckpt", weights_only=True)["state_dict"]
    put(Bomb(tmp_path / "exploded"), fit / "last.ckpt")
    assert again("train", f"asof={fit.parent.name}") == 0
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert f"{fit}/last.ckpt is" in said
    assert not (tmp_path / "exploded").exists()
    after = torch.load(fit / "best.ckpt", weights_only=True)["state_dict"]
    assert all(torch.equal(values, best[name]) for name, values in after.items())


def test_a_killed_fit_that_lost_its_best_checkpoint_begins_anew(fit, again, capsys):
    _as_killed(fit)
    before = read_json(fit / "fit.json")["best_epoch"]
    best = torch.load(fit / "best.ckpt", weights_only=True)["state_dict"]
    (fit / "best.ckpt").unlink()
    assert again("train", f"asof={fit.parent.name}") == 0
    assert "last.ckpt needs the best.ckpt of its epochs" in capsys.readouterr().err
    found = done_fit(fit)
    assert found is not None
    assert found.record["best_epoch"] == before
    weights = found.load().state_dict()
    assert all(torch.equal(weights[name], values) for name, values in best.items())


def test_another_best_checkpoint_in_a_killed_fit_is_found_at_its_end(fit, again, capsys):
    _as_killed(fit)
    content = torch.load(fit / "best.ckpt", weights_only=True)
    torch.save(content | {"epoch": 7}, fit / "best.ckpt")
    assert again("train", f"asof={fit.parent.name}") == 2
    assert f"{fit}/best.ckpt does not hold epoch" in capsys.readouterr().err
    assert read_json(fit / "fit.json")["status"] == "failed"


@pytest.mark.parametrize("verb", ["predict", "roll"])
@pytest.mark.parametrize("text", ["{}", "[]", '{"status": "done"}'])
def test_a_damaged_record_is_refused_by_name(fit, again, capsys, verb, text):
    asof = fit.parent.name
    (fit / "fit.json").write_text(text)
    word = "date=latest" if verb == "predict" else f"rolling.dates=[{asof}]"
    more = ("rolling.seeds=[0]",) if verb == "roll" else ()
    assert again(verb, word, *more) == 2
    said = capsys.readouterr().err
    assert f"{fit}/fit.json has no " in said
    assert "HINT: rm -r" in said
