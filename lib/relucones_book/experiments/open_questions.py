"""Three questions that the theorem leaves open, by experiment."""

from itertools import product

import numpy as np

from relucones import Network, data, lambda_max, solve_cone, solve_global
from relucones.network import relu
from relucones.standardisation import standardised

from ..reproduce import Experiment
from .rows import rounded, teacher_or_patients, trained


def open_questions(quick=False):
    """Three questions that the theorem leaves: which weight decay keeps the trap, norms at small
    width, generalisation."""
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
    sets = {
        "decay": range(1 if quick else 3),
        "norm": range(1 if quick else 6),
        "test": range(1 if quick else 12),
    }
    decays = [1e-4] if quick else [1e-6, 1e-5, 1e-4, 3e-4, 6e-4, 8e-4]
    widths = [4, 32] if quick else [2, 4, 8, 16, 32, 64, 128]
    kinds = ["one neuron", "teacher", "noisy teacher", "diabetes"]
    tests = [*product(["trap"], [1e-5, 1e-4]), *product(kinds, [1e-3, 1e-2])]
    points = [
        *(
            {"part": "decay", "data": kind, "lam": lam, "seed": s}
            for kind, lam, s in product(["trap", "cone"], decays, sets["decay"])
        ),
        *(
            {"part": "norm", "data": kind, "m": m, "seed": s}
            for kind, m, s in product(
                ["teacher", "random labels", "orthogonal", "diabetes"], widths, sets["norm"]
            )
        ),
        *(
            {"part": "test", "data": kind, "lam": lam, "seed": s}
            for (kind, lam), s in product(tests, sets["test"])
        ),
    ]
    return Experiment("open-questions", settings, points, open_questions_point)


def open_questions_data(point, settings):
    """The data set of a point, and what to test on: X, y, test points, their labels; no test points
    outside "test"."""
    kind, seed, made = point["data"], point["seed"], settings[point["part"]]
    if kind == "trap":
        X, y = data.small_init_trap(settings["decay"]["d"], settings["decay"]["noise"], seed)
        return (
            X,
            y,
            *(_around(X, y, made["points"], seed) if point["part"] == "test" else (None, None)),
        )
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
            X, y = teacher_or_patients(kind, made["n"], made["d"], seed)
        return X, y, None, None
    return _with_test(kind, seed, **{k: made[k] for k in ("n", "d", "points", "noise")})


def cone_data(d, seed):
    """d random unit points within 40 degrees of a neuron that labels them, redrawn until one neuron
    is not optimal."""
    rng = np.random.default_rng([seed, d])
    teacher = np.eye(d)[0]
    while True:
        angles, sides = (
            np.radians(40) * rng.random(d) ** (1 / (d - 1)),
            rng.standard_normal((d, d - 1)),
        )
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
        X, y = patients(n, d, seed)
    else:
        X, y = data.gaussian_teacher(
            n + points, d, width=1 if kind == "one neuron" else 10, seed=seed
        )
        y = y / np.std(y)
    noisy = y[:n] + (noise * rng.standard_normal(n) if kind == "noisy teacher" else 0.0)
    return X[:n], noisy, X[n:], y[n:]


def patients(n, d, seed):
    """All 442 patients in random order, d - 1 of their features and a bias: the features that
    correlate most with the labels of the first n, in units in which these n have mean 0 and
    variance 1, like their labels. The others have no say, so that one can test on them."""
    X, y = data.real("diabetes", 442, 10, seed=seed)
    points, mean, scale = standardised(X[:n])
    labels, label_mean, label_scale = standardised(y[:n])
    chosen = np.sort(np.argsort(-np.abs(points.T @ labels), kind="stable")[: d - 1])
    X = ((X - mean) / scale)[:, chosen]
    return np.column_stack([X, np.ones(len(y))]), (y - label_mean) / label_scale


def open_questions_point(point, settings):
    """A few starts at every scale of the part: a row for each."""
    return {"decay": _fates, "norm": _norms, "test": _errors}[point["part"]](point, settings)


def _fates(point, settings):
    """Where small starts end."""
    X, y, _, _ = open_questions_data(point, settings)
    part = settings["decay"]
    return _followed(point, X, y, point["lam"], part["m"], part["scales"], settings)[2]


def _norms(point, settings):
    """Where one large start of a narrow network ends, how large it is by then, and the best in the
    cone it starts in."""
    X, y, _, _ = open_questions_data(point, settings)
    part, m = settings["norm"], point["m"]
    runs, start, rows = _followed(point, X, y, part["lam"], m, [part["total"] / m**0.5], settings)
    for r, (row, W, a) in enumerate(zip(rows, *start, strict=True)):
        row |= _sizes(runs, r, X, y, part["lam"], Network(W, a), part["fitted"])
    return rows


def _errors(point, settings):
    """Where small and large starts end, and the test errors there and at the optimum."""
    X, y, test, truth = open_questions_data(point, settings)
    part = settings["test"]
    runs, _, rows = _followed(point, X, y, point["lam"], part["m"], part["scales"], settings)
    for row, network in zip(rows, runs.networks, strict=True):
        errors = [np.mean((f.predict(test) - truth) ** 2) for f in (network, runs.optimum.network)]
        row["error"], row["optimum error"] = (rounded(e / np.var(truth), 6) for e in errors)
    return rows


def _followed(point, X, y, lam, m, scales, settings):
    """The ensemble, where it started, and a row for each run."""
    runs, start, rows = trained(
        point, X, y, lam, m, scales, range(settings["runs"]), max_time=settings["time"] / lam
    )
    for row in rows:
        row["directions"] = len(runs.optimum.weights)
    return runs, start, rows


def _sizes(runs, r, X, y, lam, start, fitted):
    """How large the network is where it first fits the labels, and at the end; and the best in the
    cone it starts in."""
    traces = runs.traces
    error = traces.loss[r] - lam * traces.squared_norm[r]
    fits = np.flatnonzero(error <= fitted * np.mean(y**2))
    patterns, signs = start.signed_patterns(X)
    found = {
        "norm": traces.squared_norm[r, -1],
        "least norm": runs.optimum.network.squared_norm(),
        "misfit": error[-1],
        "fitted norm": traces.squared_norm[r, fits[0]] if len(fits) else None,
        "cone": solve_cone(X, y, lam, patterns, signs).value,
        "waste": lambda_max(X, y - runs.networks[r].predict(X)) / lam,
    }
    return {key: value if value is None else rounded(value, 9) for key, value in found.items()}
