"""The built wheel works from any folder, configuration included."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = ("wheel", str(ROOT), "--no-deps", "--no-build-isolation", "-q", "-w", str(folder))
    subprocess.run([sys.executable, "-m", "pip", *build], check=True, cwd=folder)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def _alphanet(installed: Path, cwd: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    # -P and the environment keep the checkout, installed for development, out of the way.
    code = "import sys; from alphanet_pl.cli.main import main; sys.exit(main(sys.argv[1:]))"
    return subprocess.run(
        [sys.executable, "-P", "-c", code, *words],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_wheel_installs_no_bare_conf(installed):
    tops = {path.name for path in installed.iterdir() if path.suffix != ".dist-info"}
    assert tops == {"alphanet_pl", "datamodules", "sweeps"}


def test_the_wheel_prepares_a_panel_from_any_folder(installed, tmp_path):
    words = ("data.market.stocks=40", "data.market.days=60")
    done = _alphanet(installed, tmp_path, "prepare", *words)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "runs" / "demo" / "panel.zarr" / "zarr.json").is_file()


def test_the_wheel_composes_settings_of_its_own(installed, tmp_path):
    done = _alphanet(installed, tmp_path, "train", "variant=v2.3", "--cfg")
    assert done.returncode == 0, done.stderr
    assert "long_weight: 2.0" in done.stdout


def test_the_wheel_is_what_runs(installed, tmp_path):
    code = "import alphanet_pl, datamodules; print(alphanet_pl.__file__, datamodules.__file__)"
    out = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert str(ROOT / "alphanet_pl") not in out
