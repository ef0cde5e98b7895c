"""Prints the unit tests of what differs from the main branch: a room's tests for a file of it.

`make check` runs them. On the main branch itself, without changes, that is what the last commit
changed.
"""

import subprocess
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UNIT = Path("tests") / "unit"
PACKAGES = ("alphanet_pl", "datamodules", "sweeps")
ALL = ("conf", "pyproject.toml", "tests/conftest.py", "tests/helpers")
"""What any unit test may depend on."""


def main() -> None:
    """Print folders and files for pytest, nothing where no unit test is concerned."""
    print(*unit_tests(changed(), ROOT))


def unit_tests(files: Iterable[str], root: Path) -> list[str]:
    """The unit tests that belong to some files, none of them inside another.

    Args:
        files: Relative to the repository.
        root: The repository.
    """
    places = {place for name in files for place in _places(Path(name)) if (root / place).exists()}
    return sorted(str(p) for p in places if not places & set(p.parents))


def changed() -> set[str]:
    """Files that differ from where this branch left main, committed or not."""
    base = next(iter(_git("merge-base", "HEAD", _main())), "HEAD")
    return _differing(base) or _differing("HEAD~1")


def _differing(base: str) -> set[str]:
    return {*_git("diff", "--name-only", base), *_git("ls-files", "--others", "--exclude-standard")}


def _places(path: Path) -> list[Path]:
    """Where the unit tests of one file would be."""
    if any(path == Path(name) or Path(name) in path.parents for name in ALL):
        return [UNIT]
    if UNIT in path.parents:
        return [path if path.name.startswith("test_") else path.parent]
    if path.parts[0] == "slurm":
        return [UNIT / "slurm"]
    if path.parts[0] not in PACKAGES:
        return []
    # A file beside the rooms has a test file; a room is tested as a whole.
    return [UNIT / path.parent if len(path.parts) > 2 else UNIT / path.parent / f"test_{path.name}"]


def _main() -> str:
    names = _git("for-each-ref", "--format=%(refname:short)", "refs/remotes/origin/main",
                 "refs/heads/main")  # fmt: skip
    return next(iter(names), "HEAD")


def _git(*words: str) -> list[str]:
    """Lines that git prints: none where it finds nothing, e.g. no parent of a first commit."""
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.splitlines()


if __name__ == "__main__":
    main()
