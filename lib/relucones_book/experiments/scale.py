"""Where training ends against the scale and the width of its start."""

from itertools import product

from relucones import data

from ..reproduce import Experiment
from .rows import rounded, teacher_or_patients, trained


def scale(quick=False):
    """Where training ends against the scale and the width of its start, on three kinds of data."""
    powers = [-8, -3, 1] if quick else range(-10, 3)
    widths = [8] if quick else [4, 8, 16, 32, 64, 250]
    kinds = [("trap", 1e-4), ("teacher", 1e-3), ("diabetes", 1e-3)]
    settings = {
        "scales": [2.0**k for k in powers],
        "runs": 2 if quick else 4,
        "n": 6,
        "d": 3,
        "trap d": 4,
        "noise": 1e-3,
    }
    settings["data_sets"] = 1 if quick else 3  # each with starts of its own
    blocks, seeds = range(1 if quick else 4), range(settings["data_sets"])
    sweep = [("trap", 1e-5), *kinds]  # the authors' weight decay, too
    points = [
        {"data": kind, "lam": lam, "m": m, "seed": seed, "block": block}
        for (kind, lam), m, seed, block in [
            *product(sweep, [100], seeds, blocks),
            *product(kinds, widths, seeds, [0]),
        ]
    ]
    return Experiment("scale", settings, points, scale_point)


def scale_data(point, settings):
    """The data set of a point: Theorem 2's points, a teacher's labels, or patients."""
    n, d, seed = settings["n"], settings["d"], point["seed"]
    if point["data"] == "trap":
        return data.small_init_trap(settings["trap d"], settings["noise"], seed)
    return teacher_or_patients(point["data"], n, d, seed)


def scale_point(point, settings):
    """A few starts, each at every scale: the same numbers, multiplied. Block b holds the starts
    `runs` b and following."""
    X, y = scale_data(point, settings)
    first = settings["runs"] * point["block"]
    starts = range(first, first + settings["runs"])
    runs, _, rows = trained(
        point, X, y, point["lam"], point["m"], settings["scales"], starts, records=20
    )
    least = runs.optimum.network.squared_norm()
    for r, row in enumerate(rows):
        row["norm"] = rounded(runs.traces.squared_norm[r, -1], 9)
        row["least norm"] = rounded(least, 9)
        row["distance"] = rounded(runs.traces.fit_distance[r, -1], 6)
    return rows
