r"""Write a lower bound down as a proof in exact rationals, which `relucones.exact_proof` checks.

The dual vector comes from floating point; all that it takes to make it a proof is found here: the list of all cells
with a point in each, and for every cell D and sign s multipliers :math:`\mu\ge0` with

.. math:: \|s X^\top D\nu + X^\top(2D-I)\mu\| \le 2\lambda,

the dual of :math:`\max\{s\nu^\top DXu : (2D-I)Xu\ge0, \|u\|\le1\}`. They are guessed by non-negative least squares in
floating point, checked in integers, and where a guess fails they are computed exactly.
"""

import json
import os
from fractions import Fraction
from operator import mul

import numpy as np
from scipy.linalg import qr
from scipy.optimize import nnls

from .. import checks
from ..arrangement import TooManyPatterns
from ..arrangement.exact_cells import cells_of_rationals
from ..exact_proof import FORMAT, MOST_BYTES, STATEMENT, Dual, check, count_cells, independent_columns, integers
from ..network import Network
from .programs import solve_global

MOST_CELLS = 100_000  # some minutes of work, and a file of some tens of megabytes
# The dual vector is shortened by this share, so that rounded multipliers fit: what it costs of the bound is of its size.
_MARGIN = 1e-11
_ROUNDS = 3
_DEPENDENT = 1e-13  # relative; what it leaves out is measured exactly and paid for
_BITS = 10, 22, 53  # of a multiplier: as few as will do
_LONG = 120, 400


def write_proof(path, X, y, lam, solution=None, network=None):
    r"""Prove in exact arithmetic how far a network is from the global minimum, and write the proof to a file.

    .. math:: \frac1n\sum_k (f_\theta(x_k)-y_k)^2 + \lambda\|\theta\|^2 \;\ge\; y^\top\nu-\frac n4\|\nu\|^2
              \quad\text{for every network } \theta \text{ of every width}

    Every float is taken as the rational that it is. The file is checked before it is written, in one piece; see
    `relucones.exact_proof` for its format, and for why what it holds is a proof.

    Parameters
    ----------
    path : path
        The JSON file to write.
    X, y : arrays (n, d), (n,)
        The data, in any position.
    lam : float
        The weight decay :math:`\lambda > 0`.
    solution : Solution, optional
        From `solve_global` for the same data and `lam`; computed when not given. Its `dual` is :math:`\nu`, up to a
        factor that makes it exactly feasible.
    network : Network, optional
        The network whose loss is stated; that of the solution when not given.

    Returns
    -------
    relucones.exact_proof.Report
        What the checker says: ``loss``, ``bound`` and the relative ``gap`` as exact rationals.

    Raises
    ------
    ValueError
        For bad input, for data with more cells than can be listed, and when no proof was found.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     report = write_proof(pathlib.Path(folder) / "proof.json", [[1.0, 0.0], [0.0, 1.0]], [3.0, 4.0], lam=0.5)
    >>> report.ok, float(report.loss), report.cells, report.gap < 1e-10
    (True, 4.5, 4, True)
    """
    X, y = checks.data(X, y)
    lam = checks.penalty(lam)
    if solution is None:
        solution = solve_global(X, y, lam, tol=1e-12)
    network = solution.network if network is None else network
    if not isinstance(network, Network) or network.dimension != X.shape[1]:
        raise ValueError(f"network must be a relucones.Network with {X.shape[1]} inputs, but it is {network!r}")
    proof = _proof(X, y, lam, checks.vector(solution.dual, "solution.dual", len(y)), network)
    report = check(proof)
    if not report.ok:
        raise ValueError(f"no proof was found: {report.reason}")
    _write(path, _text(proof))
    return report


def _proof(X, y, lam, nu, network):
    """The proof as a dictionary."""
    Z, room = _points(X, lam, nu)
    if count_cells(integers(Z, "X")[0], MOST_CELLS) is None:
        raise TooManyPatterns(
            f"X has more than {MOST_CELLS:,} activation patterns, too many for a written proof"
        )
    patterns, witnesses = cells_of_rationals(Z)
    nu, multipliers = _feasible(Z, room, nu, patterns)
    proof = {
        "format": FORMAT,
        "statement": STATEMENT,
        "X": [[_written(v) for v in x] for x in X.tolist()],
        "y": [_written(v) for v in y.tolist()],
        "lam": _written(lam),
        "network": {
            "W": [[_written(v) for v in w] for w in network.W.tolist()],
            "a": [_written(v) for v in network.a.tolist()],
        },
        "loss": _written(_loss(network, X, y, lam)),
        "bound": _written(_dot(map(Fraction, y.tolist()), nu) - Fraction(len(y), 4) * _dot(nu, nu)),
        "nu": [_written(v) for v in nu],
        "Z": "X" if Z == _rational(X) else [[_written(v) for v in z] for z in Z],
        "cells": [],
    }
    for pattern, witness, (plus, minus) in zip(patterns, witnesses, multipliers, strict=True):
        proof["cells"].append({
            "pattern": "".join("01"[bit] for bit in pattern.tolist()),
            "witness": [_written(v) for v in witness],
            "plus": {str(k): _written(v) for k, v in plus.items()},
            "minus": {str(k): _written(v) for k, v in minus.items()},
        })  # fmt: skip
    return proof


def _rational(matrix):
    """The rows of floats as lists of the Fractions that they are."""
    return [[Fraction(v) for v in row] for row in matrix.tolist()]


def _points(X, lam, nu):
    r"""The points z_k whose cells are listed, and the room that the constraint has there.

    Points of rank r below d have rank d once they are rounded to floats, with many more cells, all
    but a few of them thinner than anything that matters. Points of rank r exactly are taken where
    the way to them, :math:`\sum_k|\nu_k|\|x_k-z_k\|_1`, is nothing beside :math:`2\lambda`.
    """
    exact, room = _rational(X), 2 * Fraction(lam)
    Z = _of_lower_rank(X, exact)
    if Z is None:
        return exact, room
    moves = [sum(abs(p - q) for p, q in zip(x, z, strict=True)) for x, z in zip(exact, Z, strict=True)]
    cost = _dot(map(abs, map(Fraction, nu.tolist())), moves)
    return (Z, room - cost) if cost <= Fraction(_MARGIN) * room else (exact, room)


def _of_lower_rank(X, exact):
    """Rationals near X in which all columns are combinations of a few; None where X has its full rank."""
    largest = np.abs(X).max(axis=1, keepdims=True)
    units = np.divide(X, largest, out=np.zeros_like(X), where=largest > 0)
    scale = np.abs(units).max(axis=0)
    units = np.divide(units, scale, out=np.zeros_like(X), where=scale > 0)
    _, R, order = qr(units, mode="economic", pivoting=True)
    sizes = np.abs(np.diag(R))
    kept = np.sort(order[: np.sum(sizes > _DEPENDENT * sizes[0])])
    if len(kept) == len(independent_columns(integers(exact, "X")[0], X.shape[1])):
        return None
    weights = np.linalg.lstsq(units[:, kept], units, rcond=None)[0] * scale
    weights = _rational((weights / scale[kept, None]).T)
    return [
        [x[j] if j in kept else _dot((x[i] for i in kept), weights[j]) for j in range(len(x))]
        for x in exact
    ]


def _written(value):
    """A number as an integer or as the string "p/q"."""
    value = Fraction(value)
    return value.numerator if value.denominator == 1 else f"{value.numerator}/{value.denominator}"


def _dot(x, y):
    return sum(map(mul, x, y), Fraction(0))


def _loss(network, X, y, lam):
    """The regularised loss, exactly."""
    W = _rational(network.W)
    a = [Fraction(v) for v in network.a.tolist()]
    total = Fraction(0)
    for x, label in zip(_rational(X), y.tolist(), strict=True):
        total += (_dot(a, (max(Fraction(0), _dot(w, x)) for w in W)) - Fraction(label)) ** 2
    return total / len(y) + Fraction(lam) * (sum(_dot(w, w) for w in W) + _dot(a, a))


# ---- the multipliers ----------------------------------------------------------------------------------------------


def _feasible(Z, room, nu, patterns):
    """A multiple of nu, in rationals, and for every pattern two {k: mu} that prove it feasible."""
    guesses, ratio = _guesses(np.array(Z, dtype=float), float(room), nu, patterns)
    nu = [Fraction(v) for v in nu.tolist()]
    for _ in range(_ROUNDS):
        if ratio > 1 - _MARGIN:
            factor = _leading((1 - Fraction(_MARGIN)) / Fraction(ratio), 53)
            nu = [factor * v for v in nu]
            guesses = [[{k: factor * v for k, v in mu.items()} for mu in both] for both in guesses]
        found, ratio = _proved(Dual(Z, nu, room), patterns, guesses)
        if ratio is None:
            return nu, found
    raise ValueError("no proof was found: the dual vector could not be scaled into the feasible set")


def _guesses(X, room, nu, patterns):
    """Multipliers in floating point, and the largest size of the constraint as a multiple of the room."""
    largest = np.abs(X).max(axis=1, keepdims=True)
    units = np.divide(X, largest, out=np.zeros_like(X), where=largest > 0)
    lengths = largest[:, 0] * np.linalg.norm(units, axis=1)
    units = np.divide(X, lengths[:, None], out=np.zeros_like(X), where=largest > 0)
    found, ratio = [], 0.0
    for pattern, pull in zip(patterns, (patterns * nu) @ X, strict=True):
        size = np.linalg.norm(pull)
        if size <= room * (1 - 2 * _MARGIN):
            found.append(({}, {}))
            ratio = max(ratio, size / room)
            continue
        walls = (np.where(pattern, 1, -1)[:, None] * units).T
        both = []
        for sign in (1, -1):
            try:
                mu, size = nnls(walls, -sign * pull)
                ratio = max(ratio, size / room)
                both.append({k: mu[k] / lengths[k] for k in np.flatnonzero(mu).tolist()})
            except RuntimeError:  # it cycles; the exact method takes over
                both.append({})
        found.append(tuple(both))
    return found, ratio


def _proved(dual, patterns, guesses):
    """Exact multipliers near the guesses, or others where these fail, and None; or how far nu exceeds the constraint."""
    found, ratio = [], None
    for pattern, guess in zip(patterns.tolist(), guesses, strict=True):
        pull, both = dual.pull(pattern), []
        for sign, start in zip((1, -1), guess, strict=True):
            multipliers, excess = _proved_side(dual, pattern, pull, sign, start)
            both.append(multipliers)
            ratio = max(ratio or excess, excess) if excess else ratio
        found.append(both)
    return found, ratio


def _proved_side(dual, pattern, pull, sign, guess):
    """Multipliers that `dual` accepts and None, or None and the size of the constraint as a multiple of the room."""
    for bits in _BITS if guess else _BITS[:1]:
        rounded = _rounded(guess, bits)
        if dual.holds(pattern, pull, sign, rounded):
            return rounded, None
    walls = [
        [Fraction(x if on else -x, dual.q) for x in row] for row, on in zip(dual.rows, pattern, strict=True)
    ]
    target = [Fraction(sign * v, dual.p * dual.q) for v in pull]
    limit = dual.room**2
    exact, square = nonnegative_least_squares(walls, target, guess, limit * (1 - Fraction(_MARGIN)))
    for bits in _BITS + _LONG:
        rounded = _rounded(exact, bits)
        if dual.holds(pattern, pull, sign, rounded):
            return rounded, None
    return None, max(float(min(square / limit, 10**300)) ** 0.5, 1.0)


def _rounded(multipliers, bits):
    """The multipliers as rationals of so many binary digits, without those that become 0."""
    found = {k: _leading(Fraction(v), bits) for k, v in multipliers.items()}
    return {k: v for k, v in found.items() if v > 0}


def _leading(value, bits):
    shift = bits - (value.numerator.bit_length() - value.denominator.bit_length())
    return round(value * Fraction(2) ** shift) / Fraction(2) ** shift


def nonnegative_least_squares(walls, target, support=(), enough=-1):
    r"""Exact :math:`\mu\ge0` that minimise :math:`\|t + \sum_k \mu_k b_k\|`, in rationals.

    The active set method of Lawson and Hanson (1974). Without rounding it ends: the residual falls at every pass, and
    there are finitely many supports.

    Parameters
    ----------
    walls : n lists of d Fractions
        The vectors b_k.
    target : d Fractions
        The vector t.
    support : list of int
        Where mu may be positive in the end; a guess to start from.
    enough : Fraction
        Stop as soon as the square of the residual is at most this.

    Returns
    -------
    multipliers : dict
        The positive mu_k.
    square : Fraction
        The squared length of the residual.

    Examples
    --------
    >>> one, two = Fraction(1), Fraction(2)
    >>> nonnegative_least_squares([[one, 0 * one], [-one, one]], [two, one])
    ({1: Fraction(1, 2)}, Fraction(9, 2))
    """
    mu = _least_squares(walls, target, list(support))
    if mu is None or min(mu.values(), default=1) <= 0:
        mu = {}
    while True:
        residual = list(target)
        for k, v in mu.items():
            residual = [r + v * x for r, x in zip(residual, walls[k], strict=True)]
        square = _dot(residual, residual)
        if square <= enough:
            return mu, square
        gains = {k: -_dot(wall, residual) for k, wall in enumerate(walls) if k not in mu}
        gains = {k: gain**2 / _dot(walls[k], walls[k]) for k, gain in gains.items() if gain > 0}
        if not gains:
            return mu, square
        mu = _with_one_more(walls, target, mu, max(gains, key=gains.get))


def _with_one_more(walls, target, mu, new):
    """The least squares on a support with one more vector, less those whose multipliers would become negative."""
    mu = {**mu, new: Fraction(0)}
    while True:
        better = _least_squares(walls, target, list(mu))
        if min(better.values()) > 0:
            return better
        step = min(mu[k] / (mu[k] - better[k]) for k in mu if better[k] <= 0)
        mu = {k: v + step * (better[k] - v) for k, v in mu.items()}
        mu = {k: v for k, v in mu.items() if v > 0}


def _least_squares(walls, target, support):
    """The mu on the support that minimise |t + sum mu_k b_k|, of any sign; None if the b_k are dependent."""
    system = [[_dot(walls[i], walls[j]) for j in support] + [-_dot(walls[i], target)] for i in support]
    for c in range(len(support)):
        pivot = next((r for r in range(c, len(support)) if system[r][c]), None)
        if pivot is None:
            return None
        system[c], system[pivot] = system[pivot], system[c]
        system[c] = [x / system[c][c] for x in system[c]]
        for r in range(len(support)):
            if r != c and system[r][c]:
                system[r] = [x - system[r][c] * p for x, p in zip(system[r], system[c], strict=True)]
    return {k: row[-1] for k, row in zip(support, system, strict=True)}


# ---- the file -----------------------------------------------------------------------------------------------------


def _text(proof):
    """JSON with one cell a line."""
    head = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in proof.items() if key != "cells"]
    cells = ",\n".join(json.dumps(cell, separators=(",", ":")) for cell in proof["cells"])
    text = "{" + ",\n".join([*head, f'"cells": [\n{cells}\n]']) + "}\n"
    if len(text) > MOST_BYTES:
        raise ValueError(f"the proof would have {len(text):,} bytes, and at most {MOST_BYTES:,} are read")
    return text


def _write(path, text):
    """Write the file in one piece: a reader sees the old one or the new one."""
    partial = f"{os.fspath(path)}.{os.getpid()}.partial"
    try:
        try:
            with open(partial, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(partial, path)
        finally:
            if os.path.exists(partial):
                os.unlink(partial)
    except OSError as error:
        raise ValueError(f"{path} cannot be written: {error.strerror or error}") from None
