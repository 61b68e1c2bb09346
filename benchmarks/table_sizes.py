"""How large a table `relucones certify` takes: rows x columns, and seconds until it is certified.

Prints the README's table. Every entry is one run of the command line, as a user starts it: Gaussian
points, labels of a random network of width 10 with noise, standardised, lambda .01, one thread,
import included. A column of the table ends where a run is not certified or takes more than a
minute. The whole takes about ten minutes.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from relucones import data

ROWS = (20, 50, 100, 200, 500, 1_000, 10_000, 100_000)
COLUMNS = (1, 2, 3, 4, 5, 6, 8, 12)
LIMIT = 60  # seconds
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def measured(n, d, folder):
    """Seconds until the table is certified, None where it is not within the limit."""
    X, y = data.gaussian_teacher(n, d, noise=0.5, seed=0)
    path = Path(folder) / "table.csv"
    np.savetxt(path, np.column_stack([X, y]), delimiter=",")
    command = [
        sys.executable,
        "-m",
        "relucones",
        "certify",
        path,
        "--lam",
        "0.01",
        "--standardise",
        "--json",
    ]
    start = time.perf_counter()
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **ONE_THREAD},
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
    seconds = time.perf_counter() - start
    return seconds if done.returncode == 0 and json.loads(done.stdout)["certified"] else None


def column(d, folder, rows=ROWS):
    """The entries of one column of the table, from few rows to many."""
    entries, going = [], True
    for n in rows:
        seconds = measured(n, d, folder) if going else None
        going = seconds is not None
        entries.append(f"{seconds:.0f} s" if going else "–")
        print(f"{n:>7,} rows x {d} columns: {entries[-1]}", file=sys.stderr, flush=True)
    return entries


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=ROWS)
    parser.add_argument("--columns", type=int, nargs="+", default=COLUMNS)
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        table = [column(d, folder, chosen.rows) for d in chosen.columns]
    print("| rows | " + " | ".join(f"{d} column{'s' * (d > 1)}" for d in chosen.columns) + " |")
    print("|---:|" + "---:|" * len(chosen.columns))
    for n, entries in zip(chosen.rows, zip(*table, strict=True), strict=True):
        print(f"| {n:,} | " + " | ".join(entries) + " |")


if __name__ == "__main__":
    main()
