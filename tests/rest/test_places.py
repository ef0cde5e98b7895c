"""Places to write to are tried first, on every verb; and every letter of a path works."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import lightning.pytorch as pl
import pytest
import ray
from helpers.small_study import ASOF, Study, call

from alphanet_pl.cli.commands import coverage, evaluate, predict, prepare
from datamodules.panel import Panel
from sweeps.commands import compare

VERBS: dict[str, tuple[str, tuple[object, str]]] = {
    "prepare": ("data.panel={}/panel.zarr", (prepare, "load_tables")),
    "demo": ("data.panel={}/panel.zarr", (prepare, "load_tables")),
    "train": ("runs={}", (pl.Trainer, "fit")),
    "roll": ("factor={}/factor.parquet", (pl.Trainer, "fit")),
    "predict": ("factor={}/factor.parquet", (predict, "predict")),
    "evaluate": ("output={}", (evaluate, "evaluate")),
    "sweep": ("runs={}", (ray, "init")),
    "compare": ("output={}", (compare, "report_parts")),
    "coverage": ("output={}", (coverage, "figure_5")),
}
"""Verb -> the word that names its place, and the work that it must not have begun."""


@pytest.fixture
def command(study: Study) -> Callable[..., int]:
    """Function (verb, further words): its status, for the fit and the factor of the study."""
    panel = study.runs / "demo" / "panel.zarr"
    asof = Panel.open(panel).dates[ASOF]
    needed = {
        "train": (f"asof={asof}", "seed=5"),
        "roll": (f"rolling.dates=[{asof}]", "rolling.seeds=[5]"),
        "predict": (f"date={asof}:",),
        "sweep": ("sweep=seeds", "sweep.axes.seed=[5,6]", f"asof={asof}"),
    }

    def run(verb: str, *words: str) -> int:
        own = () if verb in ("prepare", "demo") else (f"data.panel={panel}", "variant=v2.1")
        return call(study, verb, *own, *needed.get(verb, ()), *words)

    return run


def in_proc(tmp_path: Path) -> Path:
    return Path("/proc/nope")


def a_file(tmp_path: Path) -> Path:
    (tmp_path / "file").write_text("mine")
    return tmp_path / "file" / "folder"


def too_long(tmp_path: Path) -> Path:
    return tmp_path / ("x" * 300)


def a_loop(tmp_path: Path) -> Path:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    return tmp_path / "loop"


def read_only(tmp_path: Path) -> Path:
    folder = tmp_path / "read only"
    folder.mkdir()
    folder.chmod(0o500)
    if os.access(folder, os.W_OK):
        pytest.skip("this account may write everywhere")
    return folder


@pytest.mark.parametrize("place", [in_proc, a_file, too_long, a_loop, read_only])
@pytest.mark.parametrize("verb", VERBS)
def test_a_place_that_cannot_be_written_is_refused_before_the_work(
    command, tmp_path, monkeypatch, capsys, verb, place
):
    _refused(command, place(tmp_path), monkeypatch, capsys, verb)
    assert {path.name for path in tmp_path.iterdir()} <= {"file", "loop", "read only"}


def _refused(command, folder, monkeypatch, capsys, verb) -> None:
    word, work = VERBS[verb]
    monkeypatch.setattr(*work, lambda *_, **__: pytest.fail("it worked first"))
    quoted = str(folder).replace("'", "\\'")
    assert command(verb, word.format(quoted)) in (1, 2)
    said = capsys.readouterr().err
    assert str(folder) in said
    assert "HINT: " in said


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 kB without a free byte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted: {done.stderr.strip()}")
    with suppress(OSError), (folder / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(4096))
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in ("prepare", "demo")])
def test_a_full_disk_is_refused_before_the_work(command, full_disk, monkeypatch, capsys, verb):
    _refused(command, full_disk, monkeypatch, capsys, verb)
    assert [path.name for path in full_disk.iterdir()] == ["filler"]


NAMES = ("it's 数据", "~home", 'say "so", a=b', "[x] 50%", "$HOME")


@pytest.mark.parametrize("name", NAMES)
def test_every_letter_of_a_path_works(study, command, tmp_path, capsys, name):
    folder = tmp_path / name
    folder.mkdir()
    factor = folder / "factor.parquet"
    shutil.copy(study.runs / "default" / "v2.1" / "factor.parquet", factor)
    assert command("evaluate", f"factor={factor}", f"output={folder}/out") == 0, (
        capsys.readouterr().err
    )
    assert (folder / "out" / "report.html").is_file()
    assert command("predict", f"factor={factor}") == 0
    assert command("coverage", f"output={folder}") == 0
