"""The structure of a checkout: files, lines, rooms, arrows between rooms, and circles.

python -m benchmarks.structure [CHECKOUT]        another folder than this one, an older commit's
"""

import sys
from collections import Counter
from itertools import combinations
from pathlib import Path

import grimp

PACKAGES = ("datamodules", "alphanet_pl", "sweeps")


def main() -> None:
    """Print one table a package, then what is counted over all three."""
    root = Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    sys.path.insert(0, str(root))
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    files = {package: sorted((root / package).rglob("*.py")) for package in PACKAGES}
    print(f"{'package':<14}{'files':>6}{'lines':>8}{'median':>8}{'over 400':>10}{'rooms':>7}")
    for package, paths in files.items():
        lengths = sorted(_lines(path) for path in paths)
        rooms = {_room(module) for module in graph.modules if module.startswith(f"{package}.")}
        print(
            f"{package:<14}{len(paths):>6}{sum(lengths):>8}{lengths[len(lengths) // 2]:>8}"
            f"{sum(length > 400 for length in lengths):>10}{len(rooms):>7}"
        )
    every = [path for paths in files.values() for path in paths]
    inside = {_room(module) for module in graph.modules}
    arrows = {
        (_room(module), _room(target))
        for module in graph.modules
        for target in graph.find_modules_directly_imported_by(module)
        if _room(module) != _room(target)
    }
    both_ways = [pair for pair in combinations(sorted(inside), 2) if _circle(pair, arrows)]
    names = Counter(path.name for path in every if path.name != "__init__.py")
    short = sum(_lines(path) < 40 for path in every if path.name != "__init__.py")
    print(f"all: {len(every)} files, {sum(map(_lines, every)):,} lines, {len(inside)} rooms")
    print(f"arrows between rooms: {len(arrows)}; pairs of rooms that import one another:")
    print("  " + (", ".join(" <-> ".join(pair) for pair in both_ways) or "none"))
    print(f"files that share their name: {sum(n for n in names.values() if n > 1)}")
    print(f"files under 40 lines: {short}")


def _room(module: str) -> str:
    """PACKAGE.ROOM of a module; a file in a package's root is a room of its own."""
    return ".".join(module.split(".")[:2])


def _circle(pair: tuple[str, str], arrows: set[tuple[str, str]]) -> bool:
    return pair in arrows and pair[::-1] in arrows


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


if __name__ == "__main__":
    main()
