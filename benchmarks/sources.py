"""Nine million rows of quotes by `data.source=duckdb` against `parquet`: seconds and memory.

python -m benchmarks.sources TABLES [ROUNDS=6]

In turn, each turn in a process of its own, as a peak never falls again. SQL makes the digests of
the files besides, which the Parquet source does not.
"""

import json
import resource
import statistics
import subprocess
import sys
import time

from benchmarks.race import write
from datamodules.canon.columns import columns_of
from datamodules.settings import FEATURES, TableSettings
from datamodules.sources import read_table

KINDS = ("parquet", "duckdb")


def read_once(kind: str, folder: str) -> dict[str, float]:
    """Wall and processor seconds, and peak GB of this process, of one reading of quotes."""
    sql = {"quotes": "SELECT * FROM 'quotes.parquet'"} if kind == "duckdb" else {}
    settings = TableSettings(source=kind, path=folder, free_turn="turn", sql=sql)
    columns = columns_of("quotes", settings, FEATURES)
    wall, processor = time.perf_counter(), time.process_time()
    table = read_table("quotes", columns, settings)
    took = {"wall": time.perf_counter() - wall, "processor": time.process_time() - processor}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return took | {"GB": peak, "rows": 0 if table is None else len(table.frame)}


def main() -> None:
    """Race the two sources and write the ratios of each round, and their medians."""
    if sys.argv[1] in KINDS:
        print(json.dumps(read_once(sys.argv[1], sys.argv[2])))
        return
    rounds = []
    for turn in range(int((sys.argv[2:] or ["ROUNDS=6"])[0].partition("=")[2])):
        took = {}
        for kind in KINDS if turn % 2 else KINDS[::-1]:
            words = [sys.executable, "-m", "benchmarks.sources", kind, sys.argv[1]]
            said = subprocess.run(words, check=True, capture_output=True, text=True).stdout
            took[kind] = json.loads(said)
        names = ("wall", "processor", "GB")
        rounds.append({n: round(took["duckdb"][n] / took["parquet"][n], 2) for n in names})
        print(took, rounds[-1], flush=True)
    medians = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
    write("sources", {"duckdb over parquet": medians, "rounds": rounds})


if __name__ == "__main__":
    main()
