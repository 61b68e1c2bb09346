r"""What random cones hold, and where training ends, on the data of the published experiment.

Derived here: a balanced stationary network above the global minimum, with every neuron at work and
independent points on the walls of each, is a local minimum of the whole loss if and only if every
wall that a neuron touches holds it from both sides. With the forces of the points on whose side the
neuron is taken away from its price,

.. math:: 2\lambda u_j - s_j\sum_{k : x_k^\top u_j > 0} \nu_k x_k = \sum_{k : x_k^\top u_j = 0}
          c_{jk} x_k,

that is :math:`s_j\nu_k \le c_{jk} \le 0` for all of them.
"""

from itertools import product

import numpy as np

from relucones import data, draw_cone, find_coupons, landscape_table, solve_cone
from relucones.convex import shortest_subgradient
from relucones.coupons.landscape import STATIONARY

from ..reproduce import Experiment
from .descents import Followed
from .rows import rounded

EDGES = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2]  # of the shortest subgradient, relative
_TINY = 1e-5  # forces and distances below this are rounding
_MAKERS = {"generic": data.gaussian_teacher, "orthogonal": data.orthogonal}


def cones(quick=False):
    """The published grid on sixteen data sets of each kind; at small widths the local minima among
    the cones; and the ends of descents from random starts of the same widths."""
    settings = {
        "lam": 0.01,
        "data_sets": 2 if quick else 16,
        "grid": {
            "widths": [1, 8] if quick else [1, 2, 4, 8, 10, 20, 40, 80, 160, 320, 640],
            "cones": 20,
        },
        "minima": {"widths": [1, 4] if quick else [1, 2, 4, 8], "cones": 20},
        "runs": 2 if quick else 4,
        "step": 0.01,
        "time": 2 if quick else 20,  # the most for descent, in units of 1/lam
        "most steps": 100_000 if quick else 1_000_000,
    }
    sets = range(settings["data_sets"])
    places = [("generic", 4, 3), ("generic", 6, 3)]
    grid = [("generic", n, d) for n, d in product([4, 6], [3, 5])]
    grid += [("orthogonal", n, d) for n, d in product([4, 6], [8, 10])]
    ends = [1, 4] if quick else [1, 2, 4, 8, 16]
    points = [
        {"part": part, "data": kind, "n": n, "d": d, "seed": seed}
        for part, at in (("grid", grid), ("minima", places))
        for (kind, n, d), seed in product(at[:1] if quick else at, sets)
    ]
    points += [
        {"part": "descent", "data": kind, "n": n, "d": d, "m": m}
        for (kind, n, d), m in product(places[:1] if quick else places, ends)
    ]
    return Experiment("cones", settings, points, cones_point)


def cones_data(point):
    """The data set of a point."""
    return _MAKERS[point["data"]](point["n"], point["d"], seed=10 * point["d"] + point["seed"])


def cones_point(point, settings):
    """One data set, or for descent one width: rows by width, or by run."""
    return {"grid": _grid, "minima": _minima, "descent": _descent}[point["part"]](point, settings)


# ---- cones ---------------------------------------------------------------------------------------


def _grid(point, settings):
    """The exact share of good cones, and what a sample of cones holds."""
    X, y = cones_data(point)
    grid = settings["grid"]
    table = landscape_table(
        X, y, settings["lam"], grid["widths"], grid["cones"], seed=point["seed"]
    )
    rows = []
    for i, m in enumerate(grid["widths"]):
        found = table.found[i]
        bad = found[~np.isnan(found)]
        rows.append(
            {
                **point,
                "m": m,
                "good": rounded(table.good[i], 12),
                "sampled": round(float(np.isnan(found).mean()), 4),
                "spurious": round(float(table.spurious[i]), 4),
            }
            | {f"below {edge:g}": int(np.sum(bad < edge)) for edge in EDGES}
            | {"bad": len(bad)}
        )
    return rows


def _minima(point, settings):
    """Among drawn cones that are not good: minimisers that are stationary, with no neuron at work,
    and local minima."""
    X, y = cones_data(point)
    lam, asked = settings["lam"], settings["minima"]
    coupons, rows = find_coupons(X, y, lam), []
    for m in asked["widths"]:
        rng = np.random.default_rng([point["seed"], m])
        spurious = idle = local = 0
        for _ in range(asked["cones"]):
            patterns, signs = draw_cone(X, m, rng)
            if coupons.collected_by(patterns, signs):
                continue
            cone = solve_cone(X, y, lam, patterns, signs)
            network = cone.network
            left = np.linalg.norm(shortest_subgradient(network, X, y, lam))
            if left <= STATIONARY * 2 * lam * np.sqrt(network.squared_norm()):
                spurious += 1
                idle += len(cone.weights) == 0
                local += all_at_work(X, cone, patterns, signs) and every_wall_holds(
                    network, X, y, lam
                )
        rows.append({**point, "m": m, "spurious": spurious, "idle": idle, "local": int(local)})
    return rows


def all_at_work(X, cone, patterns, signs):
    """Whether the minimiser of a cone can be shared out so that no neuron of the cone is zero."""
    busy = np.zeros(len(signs), dtype=bool)
    for u, s in zip(cone.directions, cone.signs, strict=True):
        beyond = (np.where(patterns, -1, 1) * (X @ u)).max(axis=1)
        busy |= (signs == s) & (beyond < _TINY)
    return bool(busy.all())


def every_wall_holds(network, X, y, lam):
    """Whether every wall that a non-zero neuron of this stationary network touches holds it from
    both sides."""
    nu, lengths = 2 / len(y) * (y - network.predict(X)), np.linalg.norm(X, axis=1)
    for w, a in zip(network.W, network.a, strict=True):
        if a == 0:
            continue
        u, s = w / np.linalg.norm(w), np.sign(a)
        z = X @ u
        touched = np.abs(z) < _TINY * lengths
        missing = 2 * lam * u - s * X.T @ (nu * (z > 0) * ~touched)
        c = np.linalg.lstsq(X[touched].T, missing, rcond=None)[0]
        if not ((s * nu[touched] - _TINY <= c) & (c <= _TINY)).all():
            return False
    return True


# ---- ends ----------------------------------------------------------------------------------------


def is_bad_local_minimum(end, X, y, lam, best, m):
    """Whether the end of a run of m neurons, those that died perhaps left out, is a local minimum
    with a loss above `best`, the global one."""
    above = end.loss(X, y, lam) > best * (1 + 1e-6)
    return above and np.count_nonzero(end.a) == m and every_wall_holds(end, X, y, lam)


def _descent(point, settings):
    from relucones.training import initialise  # needs torch

    lam, m, places, problems = settings["lam"], point["m"], [], []
    for seed in range(settings["data_sets"]):
        X, y = cones_data({**point, "seed": seed})
        W, a = initialise(m, point["d"], m**-0.5, settings["runs"], seed)
        places += [{**point, "seed": seed, "run": r} for r in range(len(W))]
        problems += [(X, y, lam, *start) for start in zip(W, a, strict=True)]
    followed = Followed(problems, settings, shorten=False)
    rows = followed.to_their_ends()
    return [
        {**place, **_ended(problem, m, row, end, optimum.value)}
        for place, problem, row, end, optimum in zip(
            places, problems, rows, followed.ends, followed.best, strict=True
        )
    ]


def _ended(problem, m, row, end, best):
    """What an end is; and of a run that is still open, whether all that it waits for is a dying
    neuron, which may yet turn its sign."""
    from relucones.training import claimed_limit

    X, y, lam = problem[:3]
    ended = row["stop"] in ("global minimum", "spurious stationary point")
    dying = local = False
    if ended:
        local = is_bad_local_minimum(end, X, y, lam, best, m)
    elif end is not None:
        claim = claimed_limit(end, X, y, lam)
        dying = claim is not None and not claim.refusal and np.count_nonzero(claim.end.a) < m
    return {
        "stop": row["stop"],
        "gap": row["gap"],
        "at work": int(np.count_nonzero(end.a)) if ended else None,
        "local": int(local),
        "dying": int(dying),
    }
