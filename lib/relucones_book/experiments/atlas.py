"""The exact width at which half, and 99 %, of the cones are good."""

from itertools import product

import numpy as np

from relucones import data, good_cone_width, sufficient_width
from relucones.convex import Faces

from ..reproduce import Experiment
from .rows import SHARES, rounded, rows_by_decay, teacher_or_patients


def atlas(quick=False):
    """The exact width at which half, and 99 %, of the cones are good: over n, d, lambda and three
    kinds of data."""
    sizes = [4, 6] if quick else [4, 6, 8, 12, 16, 24]
    dimensions = [2, 3] if quick else [2, 3, 4, 5]
    settings = {
        "lam": [1e-2] if quick else [1e-4, 1e-3, 1e-2, 1e-1],
        "data": ["teacher", "random labels", "diabetes"],
        "data_sets": 2 if quick else 20,
        "samples": 10_000,
        "shares": list(SHARES),
    }
    points = [
        {"data": kind, "n": n, "d": d, "seed": seed}
        for n, d, kind, seed in product(
            sizes, dimensions, settings["data"], range(settings["data_sets"])
        )
    ]
    return Experiment("atlas", settings, points, atlas_point)


def atlas_data(point):
    """The data set of a point of the atlas."""
    n, d, seed = point["n"], point["d"], point["seed"]
    if point["data"] == "random labels":
        rng = np.random.default_rng([seed, n, d])
        return data.Dataset(rng.standard_normal((n, d)), rng.standard_normal(n), "random labels")
    return teacher_or_patients(point["data"], n, d, seed)


def atlas_point(point, settings):
    """One data set of the atlas: a row for every lambda."""
    X, y = atlas_data(point)
    faces = Faces(X)
    rows = []
    for row, coupons in rows_by_decay(X, y, point, settings["lam"], faces):
        row["N"] = len(faces.arrangement.cells)
        rows.append(row)
        if coupons is None:
            continue
        lam = row["lam"]
        row["coupons"] = len(coupons.signs)
        row["optima"] = None if coupons.supports is None else len(coupons.supports)
        row["smallest"] = int(coupons.holds.sum(axis=0).min(initial=2 * coupons.count))
        for share in settings["shares"]:
            row[f"bound {share:g}"] = sufficient_width(point["n"], point["d"], 1 - share)
            for measure in ("counting", "gaussian"):
                width, error = good_cone_width(
                    X,
                    y,
                    lam,
                    share,
                    measure,
                    settings["samples"],
                    seed=0,
                    with_error=True,
                    coupons=coupons,
                )
                row[f"{measure} {share:g}"] = width
                row[f"{measure} {share:g} error"] = rounded(error, 2)
    return rows
