"""What a tier of tests costs: wall time, CPU time, number of tests, kept in RESULTS.md.

python -m benchmarks.tiers test|test-rest [--loaded]

`--loaded` keeps one busy process on each core meanwhile. The tier's own output is shown.
"""

import argparse
import datetime
import os
import re
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS = Path(__file__).with_name("RESULTS.md")
HEADING = "## What the tests cost\n"
COLUMNS = "| tier | tests | wall s | CPU s | cores | others on the cores | date | commit |\n"


def main() -> None:
    """Run a tier and keep a row of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tier", choices=("test", "test-rest"))
    parser.add_argument("--loaded", action="store_true")
    given = parser.parse_args()
    load = os.getloadavg()[0]
    with ExitStack() as stack:
        if given.loaded:
            for _ in range(os.cpu_count() or 1):
                busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
                stack.callback(busy.kill)
        tests, wall, cpu = run(given.tier)
    others = "one busy process each" if given.loaded else f"load {load:.1f} before"
    facts = (given.tier, tests, round(wall), round(cpu), os.cpu_count(), others, *stamp())
    RESULTS.write_text(with_row(RESULTS.read_text(encoding="utf-8"), facts), encoding="utf-8")


def run(tier: str) -> tuple[str, float, float]:
    """Pytest's closing words, wall seconds and CPU seconds of `make TIER`."""
    begun, used = time.monotonic(), sum(os.times()[2:4])
    process = subprocess.Popen(["make", tier], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    last = ""
    for line in process.stdout:
        print(line, end="", flush=True)
        last = line.strip() or last
    if process.wait():
        sys.exit(f"make {tier} failed: nothing kept")
    wall, cpu = time.monotonic() - begun, sum(os.times()[2:4]) - used
    return re.sub(r" in [\d.]+s.*", "", last.strip("= ")), wall, cpu


def stamp() -> tuple[str, str]:
    """Today and the commit."""
    words = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return str(datetime.date.today()), commit.strip()


def with_row(text: str, facts: tuple[object, ...]) -> str:
    """RESULTS.md with one row more, the newest first."""
    rule = "|" + "---|" * len(facts) + "\n"
    if HEADING not in text:
        text = f"{text.rstrip()}\n\n{HEADING}\n{COLUMNS}{rule}"
    row = "| " + " | ".join(map(str, facts)) + " |\n"
    return text.replace(COLUMNS + rule, COLUMNS + rule + row)


if __name__ == "__main__":
    main()
