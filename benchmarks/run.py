"""How long a certified optimum takes: `relucones` beside the whole program through CVXPY and Clarabel.

``make bench`` runs every case of `CASES`, each repetition in a process of its own, the solvers of a case in turn, so
that a slow spell of the machine hits all of them. It prints a table of medians and writes ``benchmarks/results.json``
after every case; a run that was interrupted goes on where it stopped. ``--quick`` leaves out what takes minutes.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).with_name("results.json")
# n, d, lam, solvers, repetitions of the slow solver (the fast one is always run five times)
CASES = [
    (20, 3, 1e-3, ("exact", "clarabel"), 5),
    (50, 3, 1e-3, ("exact", "clarabel"), 5),
    (100, 3, 1e-3, ("exact", "clarabel"), 5),
    (300, 3, 1e-3, ("exact",), 5),
    (1000, 2, 1e-3, ("exact",), 5),
    (60, 4, 1e-3, ("exact",), 5),
    (30, 6, 1e-3, ("exact",), 5),
]
SLOW = {(100, 3), (30, 6), (300, 3)}


def measure(n, d, lam, solver):
    """One solve in this process: seconds, value, relative gap, neurons, and the peak of memory in MB."""
    from relucones import data, solve_global

    X, y = data.gaussian_teacher(n, d, seed=0)
    solve_global(X[:4], y[:4], lam, method=solver)  # imports and compilation happen here
    start = time.perf_counter()
    solution = solve_global(X, y, lam, method=solver)
    return {
        "seconds": time.perf_counter() - start,
        "value": solution.value,
        "relative_gap": solution.gap / solution.value,
        "neurons": len(solution.weights),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def in_own_process(case, solver):
    command = [sys.executable, __file__, "--one", json.dumps([*case[:3], solver])]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def run_case(case):
    n, d, lam, solvers, slow_repeats = case
    runs = {solver: [] for solver in solvers}
    for repeat in range(5):
        for solver in solvers:
            if solver == "exact" or repeat < slow_repeats:
                runs[solver].append(in_own_process(case, solver))
                print(f"  n={n} d={d} {solver}: {runs[solver][-1]['seconds']:.2f} s", file=sys.stderr, flush=True)
    return {"n": n, "d": d, "lam": lam, "runs": runs}


def median(runs, key):
    return statistics.median(run[key] for run in runs)


def table(cases):
    lines = [f"{'n':>5} {'d':>2} {'solver':>9} {'seconds':>9} {'ratio':>7} {'rel. gap':>9} {'neurons':>7} {'peak MB':>8}"]
    for case in cases:
        exact = median(case["runs"]["exact"], "seconds")
        for solver, runs in case["runs"].items():
            seconds = median(runs, "seconds")
            ratio = "" if solver == "exact" else f"{seconds / exact:.0f}"
            lines.append(
                f"{case['n']:5d} {case['d']:2d} {solver:>9} {seconds:9.3f} {ratio:>7} {median(runs, 'relative_gap'):9.1e}"
                f" {int(median(runs, 'neurons')):7d} {median(runs, 'peak_mb'):8.0f}"
            )
    return "\n".join(lines)


def settings():
    packages = ("relucones", "numpy", "scipy", "daqp", "cvxpy", "clarabel")
    return {
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "versions": {name: version(name) for name in packages},
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="leave out the cases that take minutes")
    parser.add_argument("--again", action="store_true", help="forget earlier results")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(*json.loads(options.one))))
        return
    stored = {"settings": settings(), "cases": []}
    if RESULTS.exists() and not options.again:
        earlier = json.loads(RESULTS.read_text())
        if earlier["settings"] == stored["settings"]:
            stored = earlier
    done = {(case["n"], case["d"], case["lam"]) for case in stored["cases"]}
    for case in CASES:
        if case[:3] in done or (options.quick and case[:2] in SLOW):
            continue
        stored["cases"].append(run_case(case))
        temporary = RESULTS.with_suffix(".tmp")
        temporary.write_text(json.dumps(stored, indent=1) + "\n")
        temporary.replace(RESULTS)
    print(table(stored["cases"]))


if __name__ == "__main__":
    main()
