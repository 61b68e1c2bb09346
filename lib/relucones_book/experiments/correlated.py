"""Coupons and widths while points with equal inner products move."""

from itertools import product

import numpy as np

from relucones import data, good_cone_width, landscape_table
from relucones.convex import Faces

from ..reproduce import Experiment
from .rows import SHARES, rounded, rows_by_decay


def correlated(quick=False):
    """Coupons, widths and spurious stationary cones while points with equal inner products move
    from 0 to 0.95."""
    settings = {
        "n": [4] if quick else [6, 10],
        "lam": [1e-2] if quick else [1e-2, 1e-1],
        "labels": ["one sign", "balanced", "mixed", "teacher"],
        "data_sets": 2 if quick else 10,
        "samples": 10_000,
        "shares": list(SHARES),
        "landscape": {"n": 4 if quick else 6, "lam": 1e-2, "widths": [2, 4, 8, 16], "cones": 20},
    }
    steps = [0.0, 0.5] if quick else [round(0.05 * i, 2) for i in range(20)]
    points = [
        {"labels": kind, "n": n, "rho": rho, "seed": seed}
        for kind, n, rho, seed in product(
            settings["labels"], settings["n"], steps, range(settings["data_sets"])
        )
    ]
    return Experiment("correlated", settings, points, correlated_point)


def correlated_data(point):
    """The data set of a point: only a teacher's labels move with the points."""
    n, seed = point["n"], point["seed"]
    X, y = data.correlated(n, n + 1, point["rho"], seed=seed)
    if point["labels"] == "teacher":
        return X, y
    alternating = np.where(np.arange(n) % 2, -1.0, 1.0)
    size = np.abs(np.random.default_rng([seed, n]).standard_normal(n))
    return X, {"one sign": size, "balanced": alternating, "mixed": size * alternating}[
        point["labels"]
    ]


def correlated_point(point, settings):
    """One data set: a row for every lambda, with the coupon sizes by output sign, 0 where that sign
    has none."""
    X, y = correlated_data(point)
    rows = []
    for row, coupons in rows_by_decay(X, y, point, settings["lam"], Faces(X)):
        rows.append(row)
        if coupons is None:
            continue
        lam, sizes = row["lam"], coupons.holds.sum(axis=0)
        row["coupons"] = len(sizes)
        row["positive"], row["negative"] = (int(sizes[coupons.signs == s].sum()) for s in (1, -1))
        for share, measure in product(settings["shares"], ("counting", "gaussian")):
            width, error = good_cone_width(
                X,
                y,
                lam,
                share,
                measure,
                settings["samples"],
                seed=point["seed"],
                with_error=True,
                coupons=coupons,
            )
            row[f"{measure} {share:g}"] = width
            if measure == "gaussian":
                row[f"{measure} {share:g} error"] = rounded(error, 2)
        grid = settings["landscape"]
        if (point["n"], lam) == (grid["n"], grid["lam"]):
            found = landscape_table(X, y, lam, grid["widths"], grid["cones"], seed=point["seed"])
            row |= {
                f"spurious {m}": round(share, 4)
                for m, share in zip(grid["widths"], found.spurious, strict=True)
            }
    return rows
