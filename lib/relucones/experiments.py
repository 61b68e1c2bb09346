"""The long experiments of the book, one function each; ``python -m relucones reproduce NAME`` runs them.

A function takes `quick` and returns an `Experiment`: with `quick`, a small part of the points, to try it out.
"""

from itertools import product

import numpy as np

from . import data
from .coupons import find_coupons, good_cone_width, sufficient_width
from .faces import Faces
from .landscape import landscape_table
from .reproduce import Experiment

SHARES = (0.5, 0.99)


def atlas(quick=False):
    """The exact width at which half, and 99 %, of the cones are good: over n, d, lambda and three kinds of data."""
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
        for n, d, kind, seed in product(sizes, dimensions, settings["data"], range(settings["data_sets"]))
    ]
    return Experiment("atlas", settings, points, atlas_point)


def atlas_data(point):
    """The data set of a point of the atlas."""
    n, d, seed = point["n"], point["d"], point["seed"]
    if point["data"] == "teacher":
        return data.gaussian_teacher(n, d, seed=seed)
    if point["data"] == "random labels":
        rng = np.random.default_rng([seed, n, d])
        return data.Dataset(rng.standard_normal((n, d)), rng.standard_normal(n), "random labels")
    return data.real("diabetes", n, d, seed=seed)


def atlas_point(point, settings):
    """One data set of the atlas: a row for every lambda."""
    X, y = atlas_data(point)
    faces = Faces(X)
    rows = []
    for row, coupons in _rows_by_decay(X, y, point, settings["lam"], faces):
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
                    X, y, lam, share, measure, settings["samples"], seed=0, with_error=True, coupons=coupons
                )
                row[f"{measure} {share:g}"] = width
                row[f"{measure} {share:g} error"] = float(f"{error:.2g}")
    return rows


def _rows_by_decay(X, y, point, decays, faces):
    """For every lambda the row begun and the coupons; None where the gap stays open, which the row then says."""
    for lam in decays:
        row, coupons = {**point, "lam": lam}, None
        try:
            coupons = find_coupons(X, y, lam, faces=faces)
        except ValueError as error:
            row["refused"] = str(error)
        yield row, coupons


def correlated(quick=False):
    """Coupons, widths and spurious stationary cones while points with equal inner products move from 0 to 0.95."""
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
        for kind, n, rho, seed in product(settings["labels"], settings["n"], steps, range(settings["data_sets"]))
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
    return X, {"one sign": size, "balanced": alternating, "mixed": size * alternating}[point["labels"]]


def correlated_point(point, settings):
    """One data set: a row for every lambda, with the coupon sizes by output sign, 0 where that sign has none."""
    X, y = correlated_data(point)
    rows = []
    for row, coupons in _rows_by_decay(X, y, point, settings["lam"], Faces(X)):
        rows.append(row)
        if coupons is None:
            continue
        lam, sizes = row["lam"], coupons.holds.sum(axis=0)
        row["coupons"] = len(sizes)
        row["positive"], row["negative"] = (int(sizes[coupons.signs == s].sum()) for s in (1, -1))
        for share, measure in product(settings["shares"], ("counting", "gaussian")):
            width, error = good_cone_width(
                X, y, lam, share, measure, settings["samples"], seed=point["seed"], with_error=True, coupons=coupons
            )
            row[f"{measure} {share:g}"] = width
            if measure == "gaussian":
                row[f"{measure} {share:g} error"] = float(f"{error:.2g}")
        grid = settings["landscape"]
        if (point["n"], lam) == (grid["n"], grid["lam"]):
            found = landscape_table(X, y, lam, grid["widths"], grid["cones"], seed=point["seed"])
            row |= {f"spurious {m}": round(share, 4) for m, share in zip(grid["widths"], found.spurious, strict=True)}
    return rows


def trap(quick=False):
    """Where descent from a small start ends on the data of Theorem 2: over width, dimension, weight decay, scale, labels."""
    widths = [10, 100] if quick else [10, 30, 100, 300, 1000, 3000, 10000]
    decays = [1e-4, 1e-3] if quick else [1e-5, 3e-5, 1e-4, 2e-4, 3e-4, 4.5e-4, 6e-4, 7e-4, 8e-4, 9e-4, 1e-3, 1.5e-3, 2e-3]
    totals = [0.03, 1.0] if quick else [0.01, 0.03, 0.1, 0.2, 0.3, 0.6, 1.0, 3.0]
    settings = {"noise": 1e-3, "data_seed": 0, "runs": 2 if quick else 8, "seed": 0}
    usual = {"d": 4, "lam": 1e-4, "m": 100, "alpha": 0.003, "labels": "teacher"}
    points = [
        *({"family": "width", **usual, "m": m, "alpha": 0.03 / m**0.5} for m in widths),
        *({"family": "one scale", **usual, "m": m} for m in widths),
        *({"family": "dimension", **usual, "d": d} for d in (3, 4, 5)),
        *({"family": "decay", **usual, "lam": lam} for lam in decays),
        *({"family": "scale", **usual, "m": m, "alpha": t / m**0.5} for m, t in product([100] if quick else [100, 1000], totals)),
        {"family": "labels", **usual, "labels": "first coordinate"},
    ]
    return Experiment("trap", settings, points, trap_point)


def trap_data(point, settings):
    """The data of Theorem 2; or the same points, labelled by another single neuron, e_1."""
    X, y = data.small_init_trap(point["d"], settings["noise"], settings["data_seed"])
    return X, y if point["labels"] == "teacher" else X[:, 0].copy()


def trap_point(point, settings):
    """One ensemble: a row for every run, with the certificate of its end."""
    from .training import train  # needs torch

    X, y = trap_data(point, settings)
    runs = train(X, y, point["lam"], point["m"], point["alpha"], settings["runs"], settings["seed"])
    traces, rows = runs.traces, []
    for r, (network, certificate) in enumerate(zip(runs.networks, runs.certificates, strict=True)):
        row = {
            **point,
            "run": r,
            "stop": runs.stop_reason[r],
            "loss": runs.losses[r],
            "optimum": runs.optimum.value,
            "gap": runs.losses[r] / runs.optimum.value - 1,
            "bound": certificate.lower_bound,
            "stationarity": certificate.stationarity,
            "effective rank": round(float(traces.effective_rank[r, -1]), 4),
            "positive": int(traces.merged_positive[r, -1]),
            "negative": int(traces.merged_negative[r, -1]),
            "neurons on": int((network.W @ X.T > 0).any(axis=1).sum()),
            "steps": int(runs.steps[r]),
            "time": float(runs.time[r]),
        }
        rows.append({key: float(v) if isinstance(v, np.floating) else v for key, v in row.items()})
    return rows


EXPERIMENTS = {"atlas": atlas, "correlated": correlated, "trap": trap}
