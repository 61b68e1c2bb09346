"""How long a gradient descent takes to its end: `relucones.training.train` beside a plain numpy
loop, per run.

Data: the small-initialisation trap in dimension 4, width 100. The loop takes steps of 0.01 until
its squared gradient is below 1e-16 or 1e8 steps are made, the rule of the paper. On walls fixed
steps chatter and the gradient never gets that small: then the loop would go on to 1e8 steps. That
case is not run but extrapolated from `TIMED` steps, and the table says so ("extrapolated"). One
case per weight decay is run to its end.

``train`` does 16 runs at once with its defaults; its time is divided by 16. Times are processor
seconds: run this with OMP_NUM_THREADS=1. What is measured is written after every case (of the loop:
after every million steps), and a run that was interrupted goes on there.
``--quick`` leaves out the loop that takes minutes to its end; ``--again`` forgets what was
measured.
"""

import argparse
import json
import os
import platform
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

from relucones import Network, data, solve_global
from relucones.training import initialise, train

RESULTS = Path(__file__).with_name("training.json")
WIDTH, RUNS, SEED, ETA = 100, 16, 0, 0.01
SMALL, MOST = 1e-16, 100_000_000  # the paper's rule
TIMED, BLOCK = 100_000, 1_000_000
CASES = [  # lam, alpha, is the loop run to its end, does that take minutes
    (1e-4, 0.008, True, False),
    (1e-4, 0.02, False, False),
    (1e-4, 0.06, False, False),
    (1e-4, 0.125, False, False),
    (1e-5, 0.02, False, False),
    (1e-5, 0.125, False, False),
    (1e-5, 0.008, True, True),
]


def plain_loop(X, y, lam, W, a, steps):
    """Gradient descent as one writes it down: the weights after that many steps, or where the
    gradient is small, and the count."""
    n = len(y)
    for step in range(steps):
        dots = X @ W.T
        on = dots > 0
        heights = dots * on
        residual = 2 / n * (heights @ a - y)
        W_slope = a[:, None] * ((on * residual[:, None]).T @ X) + 2 * lam * W
        a_slope = residual @ heights + 2 * lam * a
        if np.vdot(W_slope, W_slope) + a_slope @ a_slope < SMALL:
            return W, a, step, True
        W, a = W - ETA * W_slope, a - ETA * a_slope
    return W, a, steps, False


def time_loop(X, y, lam, alpha, to_the_end, part, save):
    """Processor seconds of the loop for run 0; `part` is what an interrupted measurement left."""
    if "W" not in part:
        W, a = initialise(WIDTH, X.shape[1], alpha, [0], SEED)
        part.update(W=W[0].tolist(), a=a[0].tolist(), steps=0, seconds=0.0, small=False)
    while not part["small"] and part["steps"] < (MOST if to_the_end else TIMED):
        W, a = np.array(part["W"]), np.array(part["a"])
        start = time.process_time()
        W, a, steps, small = plain_loop(X, y, lam, W, a, min(BLOCK, MOST if to_the_end else TIMED))
        part["seconds"] += time.process_time() - start
        part.update(W=W.tolist(), a=a.tolist(), steps=part["steps"] + steps, small=small)
        save()
    return {
        "extrapolated": not to_the_end,
        "steps": part["steps"] if to_the_end else MOST,
        "seconds": part["seconds"] * (1 if to_the_end else MOST / part["steps"]),
        "microseconds_per_step": 1e6 * part["seconds"] / part["steps"],
        "value": Network(part["W"], part["a"]).loss(X, y, lam) if to_the_end else None,
    }


def time_train(X, y, lam, alpha, optimum):
    start = time.process_time()
    ensemble = train(X, y, lam, WIDTH, alpha, RUNS, SEED, optimum=optimum)
    seconds = time.process_time() - start
    return {
        "seconds_per_run": seconds / RUNS,
        "steps": [int(s) for s in ensemble.steps],
        "time_times_lam": [round(float(t) * lam, 2) for t in ensemble.time],
        "values": ensemble.losses.tolist(),
        "ends": {
            reason: ensemble.stop_reason.count(reason)
            for reason in sorted(set(ensemble.stop_reason))
        },
    }


def settings():
    return {
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "versions": {name: version(name) for name in ("relucones", "numpy", "torch")},
        "width": WIDTH,
        "runs": RUNS,
        "seed": SEED,
    }


def table(cases):
    lines = [
        f"{'lam':>7} {'alpha':>6} {'loop s':>9} {'steps':>9}  {'':12} {'train s':>8} {'ratio':>7}"
        "  ends of train"
    ]
    for case in cases:
        loop, ours = case["loop"], case["train"]
        note = "extrapolated" if loop["extrapolated"] else "to its end"
        ends = ", ".join(f"{count} {reason}" for reason, count in ours["ends"].items())
        lines.append(
            f"{case['lam']:7.0e} {case['alpha']:6.3f} {loop['seconds']:9.1f} {loop['steps']:9.2g}"
            f"  {note:12} {ours['seconds_per_run']:8.2f}"
            f" {loop['seconds'] / ours['seconds_per_run']:7.0f}  {ends}"
        )
        if loop["value"] is not None:
            lines.append(
                f"{'':15} the loop's loss is {loop['value'] / ours['values'][0] - 1:.1e}"
                " above that of train, relative"
            )
    ratios = [case["loop"]["seconds"] / case["train"]["seconds_per_run"] for case in cases]
    return "\n".join([*lines, f"median ratio {np.median(ratios):.0f}, smallest {min(ratios):.0f}"])


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="leave out what takes minutes")
    parser.add_argument("--again", action="store_true", help="forget what was measured before")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the measurements go")
    options = parser.parse_args()
    torch.set_num_threads(1)
    stored = {"settings": settings(), "cases": [], "part": {}}
    if options.out.exists() and not options.again:
        earlier = json.loads(options.out.read_text())
        if earlier["settings"] == stored["settings"]:
            stored = earlier

    def save():
        temporary = options.out.with_suffix(".tmp")
        temporary.write_text(json.dumps(stored, indent=1) + "\n")
        temporary.replace(options.out)

    X, y = data.small_init_trap(d=4, seed=SEED)
    train(X, y, 1e-2, 5, 0.1, 1, SEED)  # imports and first calls happen here
    for lam, alpha, to_the_end, slow in CASES:
        done = any((case["lam"], case["alpha"]) == (lam, alpha) for case in stored["cases"])
        if done or (slow and options.quick):
            continue
        if stored["part"].get("case") != [lam, alpha]:
            stored["part"] = {"case": [lam, alpha]}
        ours = time_train(X, y, lam, alpha, solve_global(X, y, lam))
        loop = time_loop(X, y, lam, alpha, to_the_end, stored["part"], save)
        stored["part"] = {}
        stored["cases"].append({"lam": lam, "alpha": alpha, "loop": loop, "train": ours})
        save()
        print(table(stored["cases"][-1:]), flush=True)
    print(table(stored["cases"]))


if __name__ == "__main__":
    main()
