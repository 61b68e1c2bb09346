"""From single runs to medians, ratios and fitted exponents, and the table that is printed."""

import math
import statistics
from itertools import groupby

# seconds: below it, what every call costs hides the growth, so such points are left out of the fits
FIXED_COST = 0.1
ORDER = ("exact", "clarabel", "cones", "neurons", "pyscnn", "pyscnn-sampled", "table")


def summary(runs):
    """Medians over the repetitions of every case and solver, and the exponents fitted to them."""
    rows = [median_row(list(same)) for _, same in groupby(sorted(runs, key=case_of), key=case_of)]
    for row in rows:
        ours = [
            other
            for other in rows
            if problem_of(other) == problem_of(row) and other["solver"] == "exact"
        ]
        row["ratio"] = row["seconds"] / ours[0]["seconds"] if ours else None
    return {"rows": rows, "fits": fits(rows)}


def problem_of(run):
    return run["group"], run["d"], run["n"], run["lam"]


def case_of(run):
    return *problem_of(run), ORDER.index(run["solver"])


def median_row(runs):
    row = {name: runs[0][name] for name in ("group", "n", "d", "lam", "solver")}
    row["repeats"] = len(runs)
    for name in (
        "seconds",
        "wall",
        "peak_mb",
        "value",
        "relative_gap",
        "excess",
        "neurons",
        "cones",
        "load",
    ):
        if name in runs[0]:
            row[name] = statistics.median(run[name] for run in runs)
    row["fastest"], row["slowest"] = (end(run["seconds"] for run in runs) for end in (min, max))
    return row


# ---- exponents -----------------------------------------------------------------------------------


def fits(rows):
    """The growth of the time in n for each d, and at n = 20 in the work that a pass over all faces
    takes.

    Theory (derived in the book): listing and pricing the faces takes some n operations for each of
    O(n^(d-1)) faces, so n^d in all, and the whole program has O(n^d) non-zeros, so one step of its
    solver takes at least that.
    """
    plain = [
        row for row in rows if row["group"] in ("race", "scaling") and row["seconds"] >= FIXED_COST
    ]
    found = []
    for solver in ("exact", "clarabel"):
        for d in (2, 3, 4):
            points = [
                (row["n"], row["seconds"])
                for row in plain
                if row["solver"] == solver and row["d"] == d
            ]
            found += fit(points, solver=solver, d=d, against="n", theory=d)
    points = [
        (work(20, row["d"]), row["seconds"])
        for row in plain
        if row["solver"] == "exact" and row["n"] == 20
    ]
    return found + fit(points, solver="exact", n=20, against="work", theory=1)


def fit(points, **labels):
    """The slope of log t against log x with its standard error, where three points or more give
    one."""
    if len({x for x, _ in points}) < 3:
        return []
    u, v = ([math.log(point[i]) for point in points] for i in (0, 1))
    slope, intercept = statistics.linear_regression(u, v)
    misfit = sum((b - intercept - slope * a) ** 2 for a, b in zip(u, v, strict=True)) / (len(u) - 2)
    error = math.sqrt(misfit / (statistics.variance(u) * (len(u) - 1)))
    return [
        {**labels, "slope": slope, "error": error, "intercept": intercept, "points": sorted(points)}
    ]


def faces(n, d):
    """The number of faces of n hyperplanes through 0 in general position in R^d, the origin left
    out.

    A face of dimension k lies on d - k of the hyperplanes, and is one of the cells that the others
    cut from that flat.
    """
    return sum(math.comb(n, d - k) * cells(n - d + k, k) for k in range(1, d + 1))


def cells(n, d):
    return 2 * sum(math.comb(n - 1, i) for i in range(d))


def work(n, d):
    """Operations of a pass over all faces, up to a constant: n points for each face."""
    return n * faces(n, d)


# ---- the table -----------------------------------------------------------------------------------


def table(results):
    """Both parts of the summary as text."""
    titles = f"{'seconds':>9} {'ratio':>7} {'gap/excess':>10} {'neurons':>7} {'peak MB':>7}"
    lines = [f"{'n':>5} {'d':>2} {'solver':>14} {'runs':>4} {titles}", *map(line, results["rows"])]
    lines += ["", f"{'solver':>9}  time grows as        theory"]
    for f in results["fits"]:
        x, where = f["against"], f"d={f['d']}" if "d" in f else f"n={f['n']}"
        lines.append(
            f"{f['solver']:>9}  {x}^({f['slope']:.2f} ± {f['error']:.2f}), {where:4}  "
            f"{x}^{f['theory']}"
        )
    return "\n".join(lines)


def line(row):
    size = f"{row['n']:5d} {row['d']:2d}" if row["n"] else f"{'grid':>8}"
    off = row.get("relative_gap", row.get("excess"))
    return (
        f"{size} {row['solver']:>14} {row['repeats']:4d} {row['seconds']:9.3f} "
        f"{text(row['ratio'], '.1f'):>7} {text(off, '.1e'):>10}"
        f" {text(row.get('neurons'), '.0f'):>7} {row['peak_mb']:7.0f}"
    )


def text(number, form):
    return "" if number is None else format(number, form)
