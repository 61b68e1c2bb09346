"""Does `relucones.training.train` end where its process ends? Each process beside a plain loop of
its own, run by run.

340 runs: 17 random problems (3 to 6 points, 2 or 3 dimensions, 4 to 12 neurons, weight decay .01 to
.1), 20 balanced starts each, of scales .003 to 2.5. The loops are plain numpy and share no code
with `train`: descent with the same step as `train` takes, and for the flow small steps after each
of which every outer weight is set to plus or minus the length of its inner weights. Both last 60
times 1/lam. Two losses agree if they differ by less than 0.3 %: `train` gives the limit, while
steps of .01 that chatter about a wall stay up to 0.2 % above it, and some runs are still on their
way.

The last line of the table says in how many of the runs that descend the flow ends elsewhere. What
is measured is written after every problem, and a run that was interrupted goes on there;
``--again`` forgets it.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from relucones import solve_global
from relucones.training import initialise, train
from relucones_book.experiments.side_by_side import SideBySide

RESULTS = Path(__file__).with_name("agreement.json")
PROBLEMS, STARTS, TIME, WITHIN = 17, 20, 60, 3e-3
SCALES = np.repeat([0.003, 0.03, 0.3, 1, 2.5], 4)
STEP, SMALL = 0.01, (0.001, 0.005)  # large starts are stiff until they have decayed


def problem(k):
    """X, y, lam and the starts W, a of the k-th problem."""
    rng = np.random.default_rng(1000 + k)
    n, d, m = rng.integers(3, 7), rng.integers(2, 4), rng.integers(4, 13)
    lam = float(rng.choice([0.01, 0.02, 0.05, 0.1]))
    X, y = rng.standard_normal((n, d)), rng.standard_normal(n)
    return X, y, lam, *initialise(int(m), int(d), SCALES, STARTS, seed=k)


def loop(X, y, lam, W, a, steps, keep_signs):
    """The losses of the plain loop, nan where it diverges; of two steps the first is for 3/lam."""
    runs = SideBySide([(X, y, lam, W[r], a[r]) for r in range(len(a))], steps[0])
    with np.errstate(over="ignore", invalid="ignore"):
        for step, time in zip(steps, (TIME,) if len(steps) == 1 else (3, TIME - 3), strict=True):
            runs.eta[:] = step
            runs.advance(round(time / lam / step), keep_signs)
    return runs.losses()


def measured(k):
    """Losses and verdicts of the k-th problem, by both processes and both loops."""
    X, y, lam, W, a = problem(k)
    optimum = solve_global(X, y, lam)
    flow = train(X, y, lam, start=(W, a), optimum=optimum)
    descent = train(X, y, lam, start=(W, a), optimum=optimum, eta=STEP, max_time=TIME / lam)
    return {
        "problem": k,
        "lam": lam,
        "optimum": optimum.value,
        "flow": flow.losses.tolist(),
        "descent": [loss if np.isfinite(loss) else None for loss in descent.losses],
        "flow stops": flow.stop_reason,
        "descent stops": descent.stop_reason,
        "flow loop": loop(X, y, lam, W, a, SMALL, keep_signs=True).tolist(),
        "descent loop": [
            loss if np.isfinite(loss) else None
            for loss in loop(X, y, lam, W, a, [STEP], keep_signs=False)
        ],
    }


def agree(one, other):
    """Whether two runs end at one loss, or both diverge."""
    if one is None or other is None:
        return one is other
    return abs(one - other) <= WITHIN * other


def table(rows):
    """How many runs of `train` agree with their own loop, and how many flows with descent."""
    lines = [f"{'process':34} {'agree':>9}  what train says of them"]
    for name, step in (("flow", SMALL[1]), ("descent", STEP)):
        pairs = [pair for row in rows for pair in zip(row[name], row[f"{name} loop"], strict=True)]
        stops = [stop for row in rows for stop in row[f"{name} stops"]]
        counted = ", ".join(f"{stops.count(stop)} {stop}" for stop in sorted(set(stops)))
        keeps = ", signs kept" if name == "flow" else ""
        lines.append(
            f"{name + f' (steps of {step:g}{keeps})':34} {sum(agree(*p) for p in pairs):4}"
            f"/{len(pairs)}  {counted}"
        )
    both = [
        pair
        for row in rows
        for pair in zip(row["flow"], row["descent"], strict=True)
        if pair[1] is not None
    ]
    apart = [pair for pair in both if not agree(*pair)]
    lower = sum(descent < flow for flow, descent in apart)
    lines.append(
        f"flow and descent end apart in {len(apart)} of {len(both)} runs; "
        f"in {lower} of these descent ends lower"
    )
    return "\n".join(lines)


def main():
    """Measure what is missing, store it, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--again", action="store_true", help="forget what was measured before")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the measurements go")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = (
        []
        if options.again or not options.out.exists()
        else json.loads(options.out.read_text())["rows"]
    )
    for k in range(PROBLEMS):
        if any(row["problem"] == k for row in rows):
            continue
        rows.append(measured(k))
        temporary = options.out.with_suffix(".tmp")
        temporary.write_text(json.dumps({"rows": rows}, indent=1) + "\n")
        temporary.replace(options.out)
    print(table(rows))


if __name__ == "__main__":
    main()
