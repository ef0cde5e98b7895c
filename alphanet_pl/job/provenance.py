"""Where a result comes from: versions, code, data."""

import platform
import shlex
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from alphanet_pl import __version__

_PACKAGES = ("torch", "lightning", "numpy", "pandas", "zarr")

_CHECKOUT = Path(__file__).resolve().parents[2]
_NO_RESULTS = ("--", ".", ":(exclude)benchmarks/results")


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that decide the numbers."""
    ours = {"alphanet-pl": __version__, "python": platform.python_version()}
    return ours | {name: version(name) for name in _PACKAGES}


def command_line() -> str:
    """The command that this process runs, to type again; empty inside another program."""
    program, *words = sys.argv
    path = Path(program)
    if path.name != "alphanet" and path.parent.name != "alphanet_pl":
        return ""
    return shlex.join(["alphanet", *words])


def git_commit(root: Path = _CHECKOUT) -> str | None:
    """Commit of the checkout that runs, `-dirty` when it has changes; None for a wheel.

    Changed results are no change: a study writes them while it trains.
    """
    if not (root / ".git").exists():
        return None
    commit = _git(root, "rev-parse", "HEAD")
    if commit is None:
        return None
    changed = _git(root, "status", "--porcelain", "--untracked-files=no", *_NO_RESULTS)
    return f"{commit}-dirty" if changed else commit


def _git(root: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *words], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
