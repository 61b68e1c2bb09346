"""How long a certified optimum takes: `relucones` beside other routes to the same number.

``make bench`` prints a table, draws it into `FIGURES` and writes `RESULTS`, the source of the page *How fast, how far*. Every
repetition runs in a process of its own, the solvers of a case in turn, so that a slow spell of the machine hits all of
them; what they do, and what is timed, stands in `solvers.py`. The file is written after every repetition, and a run that
was interrupted goes on there. The whole run takes about an hour and a half.

``--quick`` leaves out what takes minutes, ``--again`` forgets what was measured before, ``--out FILE`` writes elsewhere,
``--peers`` installs the peers into ``benchmarks/.peers`` first (some 1.5 GB); without them they are skipped.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from own_process import PEERS
from report import summary, table
from tqdm import tqdm

HERE = Path(__file__).parent
RESULTS = HERE.parent / "lib/relucones_book/results/how_fast.json"
FIGURES = HERE.parent / "_build/benchmarks"
PEER_PACKAGES = ("pyscnn==0.0.10", "torch==2.13.0")
REPEATS = 5


class Case(NamedTuple):
    """Solvers that take turns on one problem; the slow cases are left out by ``--quick``."""

    group: str
    n: int
    d: int
    solvers: tuple
    lam: float = 1e-3
    repeats: int = REPEATS
    slow: bool = False


BOTH = ("exact", "clarabel")
CASES = [
    Case("race", 20, 3, (*BOTH, "cones", "pyscnn", "pyscnn-sampled")),
    Case("race", 50, 3, (*BOTH, "cones", "pyscnn-sampled")),
    Case("landscape", 0, 0, ("exact", "cones", "table", "neurons"), lam=1e-2),
    Case("race", 1000, 2, ("exact",)),
    Case("race", 60, 4, ("exact",), slow=True),
    Case("race", 300, 3, ("exact",), slow=True),
    Case("scaling", 100, 2, ("clarabel",)),
    *(Case("scaling", n, 2, BOTH) for n in (200, 300)),
    *(Case("scaling", n, 2, ("exact",)) for n in (450, 600, 800, 1500, 2000)),
    Case("scaling", 30, 3, BOTH),
    *(Case("scaling", n, 3, ("exact",)) for n in (150, 200)),
    Case("scaling", 10, 4, ("clarabel",)),
    *(Case("scaling", n, 4, BOTH) for n in (15, 20)),
    *(Case("scaling", n, 4, ("exact",)) for n in (30, 40)),
    *(Case("scaling", 20, d, ("exact",)) for d in (5, 6)),
    Case("race", 100, 3, BOTH, slow=True),
    Case("race", 30, 6, ("exact",), slow=True),
    Case("beyond", 200, 20, ("exact",), lam=1e-1, repeats=1, slow=True),
]


def repetitions(cases):
    """All repetitions in the order in which they run: the solvers of a case take turns."""
    for case in cases:
        for repeat in range(case.repeats):
            for solver in case.solvers:
                yield {**dict(zip(("group", "n", "d"), case[:3], strict=True)), "lam": case.lam, "solver": solver, "seed": repeat}


def key(run):
    return tuple(run[name] for name in ("group", "n", "d", "lam", "solver", "seed"))


def in_own_process(task):
    command = [sys.executable, HERE / "solvers.py", json.dumps(task)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment, check=True)
    return {**task, **json.loads(done.stdout.splitlines()[-1])}


def run_missing(stored, tasks, path, measure=in_own_process):
    """Measure the repetitions that `stored` lacks, and write the file after each."""
    done = set(map(key, stored["runs"]))
    missing = [task for task in tasks if key(task) not in done]
    with tqdm(missing, disable=not missing) as progress:
        for task in progress:
            progress.set_postfix_str("{group} n={n} d={d} {solver}".format(**task))
            load = os.getloadavg()[0]
            stored["runs"].append({**measure(task), "load": load})
            write(stored, path)
    return stored


def write(stored, path):
    stored["summary"] = summary(stored["runs"])
    path.parent.mkdir(exist_ok=True)
    temporary = path.with_suffix(".tmp")
    runs = ",\n  ".join(json.dumps(run) for run in stored["runs"])
    parts = [f'"settings": {json.dumps(stored["settings"])}', f'"runs": [\n  {runs}\n ]']
    temporary.write_text("{\n " + ",\n ".join([*parts, f'"summary": {json.dumps(stored["summary"], indent=1)}']) + "\n}\n")
    temporary.replace(path)


def settings():
    packages = ("relucones", "numpy", "scipy", "daqp", "cvxpy", "clarabel")
    return {
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, one thread per solver",
        "versions": {name: version(name) for name in packages},
        "peers": list(PEER_PACKAGES),
    }


def earlier_or_new(path, again):
    now = {"settings": settings(), "runs": [], "summary": summary([])}
    if again or not path.exists():
        return now
    earlier = json.loads(path.read_text())
    if earlier["settings"] != now["settings"]:
        sys.exit(f"{path} was measured with other versions or on another machine; use --again or --out FILE.")
    return earlier


def install_peers():
    if not PEERS.exists():
        subprocess.run([sys.executable, "-m", "venv", PEERS], check=True)
        subprocess.run([PEERS / "bin/python", "-m", "pip", "install", "-q", *PEER_PACKAGES], check=True)


def draw(results, folder):
    from relucones_book import figures  # slow to import, and not needed before

    folder.mkdir(parents=True, exist_ok=True)
    pictures = {
        "growth": figures.time_growth(results),
        "routes": figures.time_and_distance(results, 50, 3),
    }
    for name, (figure, _) in pictures.items():
        figure.savefig(folder / f"{name}.png", bbox_inches="tight", dpi=150)
    print(f"Figures: {folder}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="leave out the cases that take minutes")
    parser.add_argument("--again", action="store_true", help="forget earlier results")
    parser.add_argument("--peers", action="store_true", help="install the peers first")
    parser.add_argument("--out", type=Path, default=RESULTS, help="the file to write")
    options = parser.parse_args()
    if options.peers:
        install_peers()
    tasks = list(repetitions(case for case in CASES if not (options.quick and case.slow)))
    if not PEERS.exists():
        tasks = [task for task in tasks if not task["solver"].startswith("pyscnn")]
        print("pyscnn is skipped: --peers installs it.", file=sys.stderr)
    stored = run_missing(earlier_or_new(options.out, options.again), tasks, options.out)
    print(table(stored["summary"]))
    draw(stored["summary"], FIGURES)


if __name__ == "__main__":
    main()
