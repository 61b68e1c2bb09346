r"""Write a lower bound down as a proof in exact rationals, which `relucones.exact_proof` checks.

The dual vector comes from floating point; all that it takes to make it a proof is found here: the
list of all cells with a point in each, and for every cell D and sign s multipliers :math:`\mu\ge0`
with

.. math:: \|s X^\top D\nu + X^\top(2D-I)\mu\| \le 2\lambda,

the dual of :math:`\max\{s\nu^\top DXu : (2D-I)Xu\ge0, \|u\|\le1\}`. They are guessed by
non-negative least squares in floating point, checked in integers, and computed exactly where a
guess fails.
"""

import json
import os
from fractions import Fraction

import numpy as np
import scipy

from .. import checks
from ..arrangement import TooManyPatterns
from ..arrangement.exact import dot
from ..arrangement.exact_cells import cells_of_rationals
from ..exact_proof import (
    FORMAT,
    MOST_BYTES,
    MOST_DIGITS,
    STATEMENT,
    Dual,
    Problem,
    check,
    count_cells,
    independent_columns,
    integers,
)
from ..network import Network
from .exact_least_squares import nonnegative_least_squares
from .programs import solve_global
from .solution import Solution

MOST_CELLS = 100_000  # some minutes of work, and a file of some tens of megabytes
# The dual vector is shortened by this share, so that rounding fits. The bound loses as much.
_MARGIN = 1e-11
_ROUNDS = 3
_DEPENDENT = 1e-13  # relative; what it leaves out is measured exactly and paid for
_BITS = 10, 22, 53  # of a multiplier: as few as will do
_LONG = 120, 400


def write_proof(path, X, y, lam, solution=None, network=None):
    r"""Prove in exact arithmetic how far a network is from the global minimum, and write that down.

    .. math:: \frac1n\sum_k (f_\theta(x_k)-y_k)^2 + \lambda\|\theta\|^2
              \;\ge\; y^\top\nu-\frac n4\|\nu\|^2
              \quad\text{for every network } \theta \text{ of every width}

    Every float is taken as the rational that it is. The proof is checked before it is written, in
    one piece; see `relucones.exact_proof` for the format, and for why what it holds is a proof.

    Parameters
    ----------
    path : path
        The JSON file to write.
    X, y : arrays (n, d), (n,)
        The data, in any position.
    lam : float
        The weight decay :math:`\lambda > 0`.
    solution : Solution, optional
        From `solve_global` for the same data and `lam`; computed when not given. Its `dual` is
        :math:`\nu`, up to a factor that makes it exactly feasible.
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
    ...     path = pathlib.Path(folder) / "proof.json"
    ...     report = write_proof(path, [[1.0, 0.0], [0.0, 1.0]], [3.0, 4.0], lam=0.5)
    >>> report.ok, float(report.loss), report.cells, report.gap < 1e-10
    (True, 4.5, 4, True)
    """
    X, y = checks.data(X, y)
    lam = checks.penalty(lam)
    if solution is None:
        solution = solve_global(X, y, lam, tol=1e-12)
    if not isinstance(solution, Solution):
        raise checks.BadInput(f"solution must be a Solution, but it is a {type(solution).__name__}")
    network = solution.network if network is None else network
    if not isinstance(network, Network) or network.dimension != X.shape[1]:
        raise checks.BadInput(
            f"network must be a Network with {X.shape[1]} inputs, but it is {network!r}"
        )
    proof = _proof(X, y, lam, checks.vector(solution.dual, "solution.dual", len(y)), network)
    report = check(proof)
    if not report.ok:
        raise checks.BadInput(f"no proof was found: {report.reason}")
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
    X, W = _rational(X), _rational(network.W)
    (y, a) = _rational(np.array(y)[None])[0], _rational(network.a[None])[0]
    problem = Problem(X, y, Fraction(lam), W, a, nu, Z)
    return {
        "format": FORMAT,
        "statement": STATEMENT,
        "X": _written(X),
        "y": _written(y),
        "lam": _written(problem.lam),
        "network": {"W": _written(W), "a": _written(a)},
        "loss": _written(problem.loss()),
        "bound": _written(problem.bound()),
        "nu": _written(nu),
        "Z": "X" if Z == X else _written(Z),
        "cells": [
            {
                "pattern": "".join("01"[bit] for bit in pattern),
                "witness": _written(witness),
                "plus": {str(k): _written(v) for k, v in plus.items()},
                "minus": {str(k): _written(v) for k, v in minus.items()},
            }
            for pattern, witness, (plus, minus) in zip(
                patterns.tolist(), witnesses, multipliers, strict=True
            )
        ],
    }


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
    nu = [Fraction(v) for v in nu.tolist()]
    left = Problem(exact, [], room / 2, [], [], nu, Z).room()
    return (Z, left) if left >= (1 - Fraction(_MARGIN)) * room else (exact, room)


def _of_lower_rank(X, exact):
    """Rationals near X of a lower rank than X has; None where there are none very near."""
    largest = np.abs(X).max(axis=1, keepdims=True)
    units = np.divide(X, largest, out=np.zeros_like(X), where=largest > 0)
    scale = np.abs(units).max(axis=0)
    units = np.divide(units, scale, out=np.zeros_like(X), where=scale > 0)
    _, R, order = scipy.linalg.qr(units, mode="economic", pivoting=True)
    sizes = np.abs(np.diag(R))
    kept = np.sort(order[: np.sum(sizes > _DEPENDENT * sizes[0])])
    most = MOST_CELLS.bit_length()  # a larger rank has more cells than that
    columns = independent_columns(integers(exact, "X")[0], most)
    if len(kept) > most or (columns is not None and len(kept) >= len(columns)):
        return None
    weights = np.linalg.lstsq(units[:, kept], units, rcond=None)[0] * scale
    weights = _rational((weights / scale[kept, None]).T)
    return [
        [x[j] if j in kept else dot((x[i] for i in kept), weights[j]) for j in range(len(x))]
        for x in exact
    ]


def _written(value):
    """A rational as an integer or as the string "p/q"; lists of them as lists."""
    if not isinstance(value, Fraction):
        return [_written(v) for v in value]
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > 3 * MOST_DIGITS:
        raise checks.BadInput(
            "no proof was written: its numbers have thousands of digits; use other units"
        )
    if value.denominator == 1:
        return value.numerator
    return f"{value.numerator}/{value.denominator}"


# ---- the multipliers -----------------------------------------------------------------------------


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
    raise checks.BadInput(
        "no proof was found: the dual vector could not be made feasible by scaling"
    )


def _guesses(X, room, nu, patterns):
    """Multipliers in floating point, and the constraint's largest size, in units of the room."""
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
                mu, size = scipy.optimize.nnls(walls, -sign * pull)
                ratio = max(ratio, size / room)
                both.append({k: mu[k] / lengths[k] for k in np.flatnonzero(mu).tolist()})
            except RuntimeError:  # it cycles; the exact method takes over
                both.append({})
        found.append(tuple(both))
    return found, ratio


def _proved(dual, patterns, guesses):
    """Multipliers that `dual` accepts for all patterns, and None.

    If there are none somewhere: None there, and the size of the constraint in units of the room.
    """
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
    """The same for one pattern and sign."""
    if dual.holds(pattern, pull, sign, {}):
        return {}, None
    for bits in _BITS if guess else ():
        rounded = _rounded(guess, bits)
        if dual.holds(pattern, pull, sign, rounded):
            return rounded, None
    walls = [
        [Fraction(x if on else -x, dual.q) for x in row]
        for row, on in zip(dual.rows, pattern, strict=True)
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


# ---- the file ------------------------------------------------------------------------------------


def _text(proof):
    """JSON with one cell a line."""
    head = {key: value for key, value in proof.items() if key != "cells"}
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
    cells = ",\n".join(json.dumps(cell, separators=(",", ":")) for cell in proof["cells"])
    text = "{" + ",\n".join([*lines, f'"cells": [\n{cells}\n]']) + "}\n"
    if len(text) > MOST_BYTES:
        raise checks.BadInput(
            f"the proof has {len(text):,} bytes, more than the {MOST_BYTES:,} allowed"
        )
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
        raise checks.BadInput(f"{path} cannot be written: {error.strerror or error}") from None
