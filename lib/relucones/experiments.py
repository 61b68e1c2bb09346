"""The long experiments of the book, one function each; ``python -m relucones reproduce NAME`` runs them.

A function takes `quick` and returns an `Experiment`: with `quick`, a small part of the points, to try it out.
"""

from itertools import product

import numpy as np

from . import data
from .convex import lambda_max, solve_cone, solve_global
from .coupons import find_coupons, good_cone_width, sufficient_width
from .faces import Faces
from .landscape import landscape_table
from .network import Network, relu
from .reproduce import Experiment

SHARES = (0.5, 0.99)
MOST_STEPS = 20_000  # a run that has not ended by then is called not converged


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
    if point["data"] == "random labels":
        rng = np.random.default_rng([seed, n, d])
        return data.Dataset(rng.standard_normal((n, d)), rng.standard_normal(n), "random labels")
    return _teacher_or_patients(point["data"], n, d, seed)


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
                row[f"{measure} {share:g} error"] = _rounded(error, 2)
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
                row[f"{measure} {share:g} error"] = _rounded(error, 2)
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
    rows = [{**point, **row} for row in _ends(runs)]
    for row, network in zip(rows, runs.networks, strict=True):
        row["neurons on"] = int((network.W @ X.T > 0).any(axis=1).sum())
    return rows


def _ends(runs):
    """Where every run of an ensemble ended, with its certificate."""
    traces, rows = runs.traces, []
    for r, certificate in enumerate(runs.certificates):
        row = {
            "run": r,
            "stop": runs.stop_reason[r],
            "loss": runs.losses[r],
            "optimum": runs.optimum.value,
            "gap": _rounded(runs.losses[r] / runs.optimum.value - 1, 9),
            "bound": certificate.lower_bound,
            "stationarity": _rounded(certificate.stationarity, 3),
            "effective rank": round(float(traces.effective_rank[r, -1]), 4),
            "positive": int(traces.merged_positive[r, -1]),
            "negative": int(traces.merged_negative[r, -1]),
            "steps": int(runs.steps[r]),
            "time": _rounded(runs.time[r], 6),
        }
        rows.append({key: float(v) if isinstance(v, np.floating) else v for key, v in row.items()})
    return rows


def scale(quick=False):
    """Where training ends against the scale and the width of its start, on three kinds of data."""
    powers = [-8, -3, 1] if quick else range(-10, 3)
    widths = [8] if quick else [4, 8, 16, 32, 64, 250]
    kinds = [("trap", 1e-4), ("teacher", 1e-3), ("diabetes", 1e-3)]
    settings = {"scales": [2.0**k for k in powers], "runs": 2 if quick else 4, "n": 6, "d": 3, "trap d": 4, "noise": 1e-3}
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
    return _teacher_or_patients(point["data"], n, d, seed)


def _teacher_or_patients(kind, n, d, seed):
    return data.gaussian_teacher(n, d, seed=seed) if kind == "teacher" else data.real("diabetes", n, d, seed=seed)


def scale_point(point, settings):
    """A few starts, each at every scale: the same numbers, multiplied. Block b holds the starts `runs` b and following."""
    X, y = scale_data(point, settings)
    first = settings["runs"] * point["block"]
    starts = range(first, first + settings["runs"])
    runs, _, rows = _trained(point, X, y, point["lam"], point["m"], settings["scales"], starts, records=20)
    least = runs.optimum.network.squared_norm()
    for r, row in enumerate(rows):
        row["norm"] = _rounded(runs.traces.squared_norm[r, -1], 9)
        row["least norm"] = _rounded(least, 9)
        row["distance"] = _rounded(runs.traces.fit_distance[r, -1], 6)
    return rows


def _trained(point, X, y, lam, m, scales, starts, **options):
    """Every start at every scale: the ensemble, where it started, and a row for each run, begun with `point`."""
    from .training import initialise, train

    grid = list(product(scales, starts))
    alphas, numbers = zip(*grid, strict=True)
    start = initialise(m, X.shape[1], np.array(alphas), numbers, point["seed"])
    runs = train(X, y, lam, start=start, max_steps=MOST_STEPS, **options)
    rows = [{**point, "alpha": alpha, **row, "run": run} for (alpha, run), row in zip(grid, _ends(runs), strict=True)]
    return runs, start, rows


def _rounded(value, digits):
    return float(f"{value:.{digits}g}")


def open_questions(quick=False):
    """Three questions that the theorem leaves: which weight decay keeps the trap, norms at small width, generalisation."""
    settings = {
        "runs": 2 if quick else 4,
        "time": 10_000,  # the most, in units of 1/lam
        "decay": {
            "d": 4,
            "noise": 1e-3,
            "m": 100,
            "scales": [1e-4, 0.1] if quick else [1e-12, 1e-6, 3e-3, 0.012, 0.025, 0.1],
        },
        "norm": {"lam": 1e-4, "total": 3.0, "fitted": 1e-3, "n": 8, "d": 3, "orthogonal": 6},
        "test": {"m": 100, "scales": [0.003, 0.3], "n": 8, "d": 3, "points": 2000, "noise": 0.3},
    }
    sets = {"decay": range(1 if quick else 3), "norm": range(1 if quick else 6), "test": range(1 if quick else 12)}
    decays = [1e-4] if quick else [1e-6, 1e-5, 1e-4, 3e-4, 6e-4, 8e-4]
    widths = [4, 32] if quick else [2, 4, 8, 16, 32, 64, 128]
    kinds = ["one neuron", "teacher", "noisy teacher", "diabetes"]
    tests = [*product(["trap"], [1e-5, 1e-4]), *product(kinds, [1e-3, 1e-2])]
    points = [
        *({"part": "decay", "data": kind, "lam": lam, "seed": s} for kind, lam, s in product(["trap", "cone"], decays, sets["decay"])),
        *(
            {"part": "norm", "data": kind, "m": m, "seed": s}
            for kind, m, s in product(["teacher", "random labels", "orthogonal", "diabetes"], widths, sets["norm"])
        ),
        *({"part": "test", "data": kind, "lam": lam, "seed": s} for (kind, lam), s in product(tests, sets["test"])),
    ]
    return Experiment("open-questions", settings, points, open_questions_point)


def open_questions_data(point, settings):
    """The data set of a point, and what to test on: X, y, test points, their labels; no test points outside "test"."""
    kind, seed, made = point["data"], point["seed"], settings[point["part"]]
    if kind == "trap":
        X, y = data.small_init_trap(settings["decay"]["d"], settings["decay"]["noise"], seed)
        return X, y, *(_around(X, y, made["points"], seed) if point["part"] == "test" else (None, None))
    if kind == "cone":
        return (*cone_data(made["d"], seed), None, None)
    if point["part"] == "norm":
        if kind == "orthogonal":
            n = made["orthogonal"]
            X, y = data.orthogonal(n, n, seed=seed, labels=[1.0, -1.0] * (n // 2))
        elif kind == "random labels":
            rng = np.random.default_rng(seed)
            X, y = rng.standard_normal((made["n"], made["d"])), rng.standard_normal(made["n"])
        else:
            X, y = _teacher_or_patients(kind, made["n"], made["d"], seed)
        return X, y, None, None
    return _with_test(kind, seed, **{k: made[k] for k in ("n", "d", "points", "noise")})


def cone_data(d, seed):
    """d random unit points within 40 degrees of a neuron that labels them, redrawn until one neuron is not optimal."""
    rng = np.random.default_rng([seed, d])
    teacher = np.eye(d)[0]
    while True:
        angles, sides = np.radians(40) * rng.random(d) ** (1 / (d - 1)), rng.standard_normal((d, d - 1))
        sides /= np.linalg.norm(sides, axis=1, keepdims=True)
        X = np.column_stack([np.cos(angles), np.sin(angles)[:, None] * sides])
        y = X @ teacher
        if len(solve_global(X, y, 1e-4).weights) > 1:
            return X, y


def _around(X, y, points, seed):
    """Test points on the sphere, and what the neuron that made the labels says there."""
    T = np.random.default_rng([seed, 1]).standard_normal((points, X.shape[1]))
    T /= np.linalg.norm(T, axis=1, keepdims=True)
    return T, relu(T @ np.linalg.solve(X, y))


def _with_test(kind, seed, n, d, points, noise):
    rng = np.random.default_rng([seed, 1])
    if kind == "diabetes":
        X, y = data.real("diabetes", 442, d - 1, seed=seed).with_bias()
    else:
        X, y = data.gaussian_teacher(n + points, d, width=1 if kind == "one neuron" else 10, seed=seed)
        y = y / np.std(y)
    noisy = y[:n] + (noise * rng.standard_normal(n) if kind == "noisy teacher" else 0.0)
    return X[:n], noisy, X[n:], y[n:]


def open_questions_point(point, settings):
    """A few starts at every scale of the part: a row for each."""
    X, y, test, truth = open_questions_data(point, settings)
    part = settings[point["part"]]
    lam, m = point.get("lam", part.get("lam")), point.get("m", part.get("m"))
    scales = part.get("scales", [part.get("total", 0.0) / m**0.5])
    starts, most = range(settings["runs"]), settings["time"] / lam
    runs, (W, a), rows = _trained(point, X, y, lam, m, scales, starts, max_time=most)
    for r, row in enumerate(rows):
        row["directions"] = len(runs.optimum.weights)
        if point["part"] == "norm":
            row |= _norms(runs, r, X, y, lam, Network(W[r], a[r]), part)
        if point["part"] == "test":
            errors = [np.mean((f.predict(test) - truth) ** 2) for f in (runs.networks[r], runs.optimum.network)]
            row["error"], row["optimum error"] = (_rounded(e / np.var(truth), 6) for e in errors)
    return rows


def _norms(runs, r, X, y, lam, start, part):
    """How large the network is where it first fits the labels, and at the end; and the best in the cone it starts in."""
    traces = runs.traces
    error = traces.loss[r] - lam * traces.squared_norm[r]
    fitted = np.flatnonzero(error <= part["fitted"] * np.mean(y**2))
    patterns, signs = start.signed_patterns(X)
    found = {
        "norm": traces.squared_norm[r, -1],
        "least norm": runs.optimum.network.squared_norm(),
        "misfit": error[-1],
        "fitted norm": traces.squared_norm[r, fitted[0]] if len(fitted) else None,
        "cone": solve_cone(X, y, lam, patterns, signs).value,
        "waste": lambda_max(X, y - runs.networks[r].predict(X)) / lam,
    }
    return {key: value if value is None else _rounded(value, 9) for key, value in found.items()}


EXPERIMENTS = {"atlas": atlas, "correlated": correlated, "trap": trap, "scale": scale, "open-questions": open_questions}
