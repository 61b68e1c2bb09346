r"""Check a written proof that a two-layer ReLU network is a global minimum, in exact arithmetic.

    python exact_proof.py proof.json

This file needs Python alone: it imports the standard library and nothing else, and no number in it
is ever rounded before the verdict. Read it together with the proof below; nobody has to trust the
program that wrote the file, nor floating point.

What is claimed. The file holds points x_1 .. x_n in R^d (the rows of ``X``), labels ``y``, ``lam``
> 0, a network (``W`` with rows w_j, and ``a``), and two rationals ``loss`` and ``bound``. With

    f(x) = sum_j a_j relu(w_j . x),
    L    = (1/n) sum_k (f(x_k) - y_k)^2 + lam * sum_j (|w_j|^2 + a_j^2),

the claims are: ``loss`` is L at the network of the file, and L >= ``bound`` at *every* network, of
every width. So the network is within loss - bound of the global minimum.

What is checked. Beside these the file holds a vector ``nu`` in Q^n, points z_1 .. z_n (the rows of
``Z``; the word "X" says that z_k = x_k, as nearly always), and a list of ``cells``, each with a
``pattern`` D in {0,1}^n, a ``witness`` w in Q^d and, for both signs s = +1 (``plus``) and s = -1
(``minus``), multipliers mu_k >= 0 (those not listed are 0). Let

    room  =  2 lam - sum_k |nu_k| |x_k - z_k|_1,   with |v|_1 the sum of the sizes of the entries.

    (a) ``loss`` equals L, ``bound`` equals y.nu - (n/4) |nu|^2, and room >= 0.       [_statement]
    (b) No two cells have the same pattern.                                          [_check_cells]
    (c) For every cell and every k: w.z_k > 0 if D_k = 1, and w.z_k < 0 if D_k = 0,
        except that D_k = 0 where z_k = 0.                                            [_check_cell]
    (d) For every cell and both signs, with e_k = 2 D_k - 1,
        | s sum_k D_k nu_k z_k + sum_k mu_k e_k z_k |^2 <= room^2.                     [Dual.holds]
    (e) The number of cells listed is the number of open cells that the hyperplanes
        {u : u.z_k = 0}, z_k != 0, cut R^d into.                                      [count_cells]

Why that is enough.

 1. *The cells listed are all the open cells.* An open cell is a maximal connected set of u on
    which no u.z_k with z_k != 0 vanishes. It is convex, and given by its pattern D_k = [u.z_k > 0].
    By (c) every pattern listed is that of a cell, which contains the witness; by (b) they are
    different cells; by (e) there are no others.
 2. *Their closures cover R^d*, because the complement of finitely many hyperplanes is dense and
    there are finitely many cells. On the closure of the cell with pattern D, e_k (u.z_k) >= 0 for
    all k (zero points give 0), hence relu(u.z_k) = D_k (u.z_k).
 3. *For all u and both s: s sum_k nu_k relu(u.x_k) <= 2 lam |u|.* Take a cell whose closure holds
    u. With mu_k >= 0 and (d), by Cauchy and Schwarz,
        s sum_k nu_k relu(u.z_k)  =  s sum_k D_k nu_k (u.z_k)
                                  <= s sum_k D_k nu_k (u.z_k) + sum_k mu_k e_k (u.z_k)
                                  =  u . [s sum_k D_k nu_k z_k + sum_k mu_k e_k z_k]
                                  <= |u| room.
    As relu moves by no more than its argument, and |v| <= |v|_1, putting x_k for z_k adds at most
        sum_k |nu_k| |u.(x_k - z_k)|  <=  |u| sum_k |nu_k| |x_k - z_k|_1  =  |u| (2 lam - room).
 4. *L >= y.nu - (n/4)|nu|^2 for every network.* For any real numbers f_k = f(x_k),
        (1/n) sum (f_k - y_k)^2 + sum nu_k (f_k - y_k) + (n/4) |nu|^2
            = sum ( (f_k - y_k)/sqrt(n) + sqrt(n) nu_k/2 )^2  >=  0,
    so  (1/n) sum (f_k - y_k)^2  >=  y.nu - (n/4)|nu|^2 - sum_k nu_k f_k.  By 3, with s the sign of
    a_j,  sum_k nu_k f_k = sum_j |a_j| s sum_k nu_k relu(w_j.x_k) <= sum_j 2 lam |a_j| |w_j|,  and
    2 |a_j| |w_j| <= |w_j|^2 + a_j^2.  Add the penalty on both sides.                         QED

Why the count in (e) is right. Multiples of one vector give one hyperplane, and zero vectors none:
[distinct] keeps one primitive integer vector a hyperplane. The patterns are the signs of vectors
Zu, so they depend on the column space of Z alone: [independent_columns] drops columns that are
combinations of others. If no hyperplane is left there is one cell. Otherwise u -> -u swaps the two
sides of the first hyperplane, so the number is twice that of the cells with h_1.u > 0, which
[_half] counts: the hyperplane h_1 alone gives 1. Adding h_i to h_1 .. h_{i-1} cuts an open convex
cell C in exactly two if it meets the hyperplane H = {h_i.u = 0}, and leaves it whole if not; so
as many cells are added as there are C with h_1.u > 0 that meet H. The sets C and H have in common
are the cells, within H and with h_1.u > 0, of the hyperplanes that h_1 .. h_{i-1} cut out of H,
which are hyperplanes of H since no h is a multiple of h_i; by u -> -u again it does not matter
which side of the first of these is counted. H is R^{d-1}: solve h_i.u = 0 for the
coordinate u_p with h_ip != 0, and h_ip (h.u) = sum_{j != p} (h_ip h_j - h_p h_ij) u_j [restricted].
In the plane each further line meets the half plane in one ray, and there are as many cells as
lines; on a line there is one cell on the side h_1.u > 0 and one hyperplane.                    QED

All numbers are JSON integers or strings "p/q". Decimal fractions, exponents, NaN, unknown or
repeated keys and booleans are refused: there is one way to read a file. Points count from 0.

The status of the program is 0 when the proof is accepted, 1 when it is refused, and 2 when the file
is no proof that could be read.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from itertools import compress
from math import gcd, lcm
from operator import mul

FORMAT = "relucones proof 1"
STATEMENT = (
    "loss = (1/n) sum_k (f(x_k) - y_k)^2 + lam * sum_j (|w_j|^2 + a_j^2) at the network, where "
    "f(x) = sum_j a_j relu(w_j . x), and no network of any width has a smaller loss than bound"
)
KEYS = ("format", "statement", "X", "y", "lam", "network", "loss", "bound", "nu", "Z", "cells")
CELL_KEYS = ("pattern", "witness", "plus", "minus")

# Limits against files made to exhaust the machine. They are far above what a true proof needs.
MOST_BYTES = 200_000_000
MOST_DIGITS = 4_000  # of a numerator or a denominator
MOST_BITS = 40_000  # of a common denominator

_NUMBER = re.compile(r"(-?(?:0|[1-9][0-9]*))(?:/([1-9][0-9]*))?")


@dataclass(frozen=True)
class Report:
    """The verdict on one proof.

    Attributes
    ----------
    ok : bool
        Whether the proof is accepted.
    reason : str
        Empty, or the first item that fails.
    loss : Fraction or None
        The exact loss of the network in the file; None when it could not be computed.
    bound : Fraction or None
        A number that no network's loss is below; None unless the proof is accepted.
    gap : Fraction or None
        (loss - bound) / loss, or loss - bound if the loss is 0; None unless the proof is accepted.
    cells : int
        The number of open cells, all of which were checked; 0 unless the proof is accepted.
    """

    ok: bool
    reason: str = ""
    loss: Fraction | None = None
    bound: Fraction | None = None
    gap: Fraction | None = None
    cells: int = 0

    def __str__(self):
        lines = []
        if self.loss is not None:
            loss = _decimal(self.loss, ROUND_CEILING)
            lines.append(f"loss      {loss} of the network, rounded up")
        if self.ok:
            bound, gap = _decimal(self.bound, ROUND_FLOOR), _decimal(self.gap, ROUND_CEILING, 3)
            lines.append(f"bound     {bound} for every network of every width, rounded down")
            lines.append(f"gap       {gap} relative")
            lines.append(f"cells     {self.cells:,}, all of them checked")
            lines.append("accepted  every step was verified in exact arithmetic")
        else:
            lines.append(f"refused   {self.reason}")
        return "\n".join(lines)


class Unreadable(ValueError):
    """The file cannot be read as a proof: no file, no JSON, or another format."""


class Refused(ValueError):
    """A step of the proof fails; the message names it."""


def check(proof):
    """Check a proof, a path to a file or the dictionary that the file holds, and report.

    Raises
    ------
    Unreadable
        (a ValueError) if the file cannot be read, is not JSON, or is of another format.
    """
    if not isinstance(proof, dict):
        proof = _read(proof)
    if type(proof.get("format")) is not str or proof["format"] != FORMAT:
        raise Unreadable(f'this is no proof: its "format" must be "{FORMAT}"')
    loss = None
    try:
        problem = _problem(proof)
        loss = problem.loss()
        bound = _statement(proof, problem, loss)
        cells = _check_cells(_listed(proof["cells"], "cells"), problem)
    except Refused as refusal:
        return Report(False, str(refusal), loss)
    if loss < bound:  # steps 1 to 4 exclude it
        return Report(False, "the network lies below the bound: this checker has a fault", loss)
    return Report(True, "", loss, bound, (loss - bound) / (loss or 1), cells)


# ---- reading -------------------------------------------------------------------------------------


def _read(path):
    """The dictionary in a file, in which a number can be read in one way only."""
    try:
        if os.path.getsize(path) > MOST_BYTES:
            raise Unreadable(f"{path} has more than {MOST_BYTES:,} bytes")
        with open(path, encoding="utf-8") as file:
            text = file.read(MOST_BYTES + 1)
        proof = json.loads(
            text, parse_float=_no_float, parse_constant=_no_float, parse_int=_integer,
            object_pairs_hook=_without_repetition,
        )  # fmt: skip
    except OSError as error:
        raise Unreadable(f"{path} cannot be read: {error.strerror or error}") from None
    except RecursionError:
        raise Unreadable(f"{path} is nested too deeply") from None
    except MemoryError:
        raise Unreadable(f"{path} does not fit in memory") from None
    except Unreadable:
        raise
    except ValueError as error:  # not JSON, or not UTF-8
        raise Unreadable(f"{path} is not JSON: {error}") from None
    if type(proof) is not dict:
        raise Unreadable(f"{path} holds no proof: it must be a JSON object")
    return proof


def _no_float(text):
    raise Unreadable(f'{text[:40]} is not exact: numbers must be integers or strings "p/q"')


def _integer(text):
    if len(text) > MOST_DIGITS:
        raise Unreadable(f"an integer has more than {MOST_DIGITS:,} digits")
    return int(text)


def _without_repetition(pairs):
    found = {}
    for name, value in pairs:
        if name in found:
            raise Unreadable(f"the key {_short(name)} occurs twice in one object")
        found[name] = value
    return found


def _number(value, where):
    """An exact rational from an integer or a string "p/q"."""
    if type(value) is int:
        if value.bit_length() <= 4 * MOST_DIGITS:
            return Fraction(value)
    elif type(value) is str and len(value) <= 2 * MOST_DIGITS:
        found = _NUMBER.fullmatch(value)
        if found and max(map(len, found.groups(""))) <= MOST_DIGITS:
            return Fraction(int(found[1]), int(found[2] or 1))
    raise Refused(
        f'{where} must be an integer or a string "p/q" of at most {MOST_DIGITS:,} digits each, '
        f"but it is {_short(value)}"
    )


def _short(value):
    if isinstance(value, int) and value.bit_length() > 1000:
        return "a huge integer"
    if isinstance(value, str) and len(value) > 50:
        return f"{value[:40]!a} and {len(value) - 40:,} more characters"
    plain = value is None or isinstance(value, (str, int, float))
    return ascii(value) if plain else type(value).__name__


def _listed(value, where, length=None):
    if type(value) is not list or (length is not None and len(value) != length):
        found = f"a list of {len(value)}" if type(value) is list else _short(value)
        wanted = "a list" if length is None else f"a list of length {length}"
        raise Refused(f"{where} must be {wanted}, but it is {found}")
    return value


def _with_keys(value, keys, where):
    if type(value) is not dict:
        raise Refused(f"{where} must be an object, but it is {_short(value)}")
    for key in keys:
        if key not in value:
            raise Refused(f"{where} lacks the key {key!r}")
    for key in value:
        if key not in keys:
            raise Refused(f"{where} has the unknown key {_short(key)}")
    return value


def _vector(value, where, length=None):
    return [_number(x, f"{where}[{i}]") for i, x in enumerate(_listed(value, where, length))]


def _matrix(value, where, rows=None, columns=None):
    value = _listed(value, where, rows)
    if columns is None and value:
        columns = len(_listed(value[0], f"{where}[0]"))
    return [_vector(row, f"{where}[{i}]", columns) for i, row in enumerate(value)]


def integers(rows, where):
    """Integer rows and a common denominator q > 0 with ``rows = integer rows / q``."""
    q = 1
    for row in rows:
        for x in row:
            q = lcm(q, x.denominator)
        if q.bit_length() > MOST_BITS:
            raise Refused(f"the common denominator of {where} has more than {MOST_BITS:,} bits")
    return [[x.numerator * (q // x.denominator) for x in row] for row in rows], q


# ---- the problem, the loss and the bound ---------------------------------------------------------


@dataclass(frozen=True)
class Problem:
    """What is claimed and its dual vector, as lists of Fractions."""

    X: list  # n rows of d, both at least 1
    y: list
    lam: Fraction  # > 0
    W: list
    a: list
    nu: list
    Z: list  # n rows of d; X itself for the word "X"

    def loss(self):
        """L at the network, exactly."""
        X, q = integers(self.X, "X")
        W, qw = integers(self.W, "network.W")
        (a,), qa = integers([self.a], "network.a")
        total = Fraction(0)
        for x, label in zip(X, self.y, strict=True):
            output = sum(c * max(0, sum(map(mul, w, x))) for w, c in zip(W, a, strict=True))
            total += (Fraction(output, q * qw * qa) - label) ** 2
        inner, outer = sum(w * w for row in W for w in row), sum(c * c for c in a)
        return total / len(X) + self.lam * (Fraction(inner, qw * qw) + Fraction(outer, qa * qa))

    def bound(self):
        """The number y.nu - (n/4) |nu|^2."""
        linear = sum(map(mul, self.y, self.nu), Fraction(0))
        return linear - Fraction(len(self.y), 4) * sum(v * v for v in self.nu)

    def room(self):
        """2 lam less what the way from the points z_k to the x_k may cost."""
        if self.Z is self.X:
            return 2 * self.lam
        cost = sum(
            abs(v) * sum(abs(p - q) for p, q in zip(x, z, strict=True))
            for v, x, z in zip(self.nu, self.X, self.Z, strict=True)
        )
        return 2 * self.lam - cost


def _problem(proof):
    _with_keys(proof, KEYS, "the proof")
    if proof["statement"] != STATEMENT:
        raise Refused("statement is not the one that this program checks")
    X = _matrix(proof["X"], "X")
    if not X or not X[0]:
        raise Refused("X must hold at least one point with at least one coordinate")
    lam = _number(proof["lam"], "lam")
    if lam <= 0:
        raise Refused(f"lam must be positive, but it is {_short(proof['lam'])}")
    network = _with_keys(proof["network"], ("W", "a"), "network")
    W = _matrix(network["W"], "network.W", columns=len(X[0]))
    Z = X if proof["Z"] == "X" else _matrix(proof["Z"], "Z", len(X), len(X[0]))
    return Problem(
        X, _vector(proof["y"], "y", len(X)), lam,
        W, _vector(network["a"], "network.a", len(W)), _vector(proof["nu"], "nu", len(X)), Z,
    )  # fmt: skip


def _statement(proof, problem, loss):
    """(a): the numbers that the file claims are those of its network and its nu; returns bound."""
    bound = problem.bound()
    for name, value in (("loss", loss), ("bound", bound)):
        claimed = _number(proof[name], name)
        if claimed != value:
            raise Refused(
                f"{name} is claimed to be {_decimal(claimed, ROUND_FLOOR)}, "
                f"but it is {_decimal(value, ROUND_FLOOR)} (both rounded down)"
            )
    if problem.room() < 0:
        raise Refused("Z is too far from X: sum_k |nu_k| |x_k - z_k|_1 exceeds 2 lam")
    return bound


# ---- the cells -----------------------------------------------------------------------------------


class Dual:
    """The inequality (d), in integers: the points z_k are `rows` over q, nu is over p."""

    def __init__(self, Z, nu, room):
        self.rows, self.q = integers(Z, "Z")
        (nu,), self.p = integers([nu], "nu")
        self.columns = list(zip(*self.rows, strict=True))
        self.pulls = [list(map(mul, nu, column)) for column in self.columns]
        self.room = room

    def pull(self, active):
        """The vector sum_k D_k nu_k z_k for the pattern `active`, times p q."""
        return [sum(compress(column, active)) for column in self.pulls]

    def holds(self, active, pull, sign, multipliers):
        """Whether (d) holds for a pattern, its `pull`, a sign and multipliers {k: mu_k >= 0}."""
        (values,), r = integers([list(multipliers.values())], "the multipliers")
        signed = {k: v if active[k] else -v for k, v in zip(multipliers, values, strict=True)}
        total = [
            sign * r * v + self.p * sum(m * column[k] for k, m in signed.items())
            for v, column in zip(pull, self.columns, strict=True)
        ]  # times p q r
        limit = self.room.numerator * self.p * self.q * r
        return sum(v * v for v in total) * self.room.denominator**2 <= limit**2


def _check_cells(cells, problem):
    """(b) to (e); returns the number of cells."""
    dual = Dual(problem.Z, problem.nu, problem.room())
    zero = [not any(row) for row in dual.rows]
    index = {str(k): k for k in range(len(zero)) if not zero[k]}
    seen = {}
    for i, cell in enumerate(cells):
        _check_cell(cell, f"cells[{i}]", dual, zero, index)
        first = seen.setdefault(cell["pattern"], i)
        if first != i:
            raise Refused(f"cells[{i}] is cells[{first}] again")
    number = count_cells(dual.rows, len(cells))
    if number is None:
        raise Refused(f"cells are missing: {len(cells):,} are listed, and the points have more")
    if number != len(cells):
        raise Refused(f"{len(cells):,} cells are listed, but the points have {number:,}")
    return number


def _check_cell(cell, where, dual, zero, index):
    """(c) and (d) for one cell."""
    _with_keys(cell, CELL_KEYS, where)
    pattern = cell["pattern"]
    if type(pattern) is not str or len(pattern) != len(zero) or set(pattern) - {"0", "1"}:
        raise Refused(f'{where}.pattern must be {len(zero)} characters "0" or "1"')
    active = [bit == "1" for bit in pattern]
    witness = _vector(cell["witness"], f"{where}.witness", len(dual.columns))
    (witness,), _ = integers([witness], f"{where}.witness")
    for k, (row, on, none) in enumerate(zip(dual.rows, active, zero, strict=True)):
        product = sum(map(mul, row, witness))
        if not (product > 0 if on else product < 0 or none):
            side = "lies on the wall of" if product == 0 else f"has {product > 0:d} at"
            raise Refused(f"{where}.witness {side} point {k}, where the pattern has {on:d}")
    pull = dual.pull(active)
    for name, sign in (("plus", 1), ("minus", -1)):
        multipliers = _multipliers(cell[name], f"{where}.{name}", index)
        try:
            holds = dual.holds(active, pull, sign, multipliers)
        except Refused as refusal:
            raise Refused(f"{where}.{name}: {refusal}") from None
        if not holds:
            raise Refused(f"{where}.{name}: the inequality |...|^2 <= room^2 fails")


def _multipliers(value, where, index):
    if type(value) is not dict:
        raise Refused(f"{where} must be an object, but it is {_short(value)}")
    found = {}
    for key, entry in value.items():
        if key not in index:
            raise Refused(f"{where} has the key {_short(key)}, which is no point other than zero")
        mu = _number(entry, f"{where}[{key}]")
        if mu < 0:
            raise Refused(f"{where}[{key}] must not be negative, but it is {_short(entry)}")
        found[index[key]] = mu
    return found


# ---- (e): the number of cells --------------------------------------------------------------------


def count_cells(rows, most):
    """The number of open cells of the hyperplanes {u : row.u = 0}, None above `most`; integer rows.

    A zero row has no hyperplane. Derived at the head of this file.

    Examples
    --------
    >>> count_cells([[1, 0, 0], [0, 1, 0], [1, 1, 0], [-2, -2, 0], [0, 0, 0]], 100)
    6
    """
    columns = independent_columns(rows, most.bit_length())
    if columns is None:  # there are at least 2^r cells, with r the rank
        return None
    lines = distinct([[row[j] for j in columns] for row in rows])
    half = _half(lines, most // 2) if lines else 0
    number = None if half is None else max(1, 2 * half)
    return None if number is None or number > most else number


def independent_columns(rows, most):
    """The columns of integer rows that no columns before them span; None for more than `most`."""
    kept, reduced = [], []
    for j, column in enumerate(zip(*rows, strict=True)):
        vector = list(column)
        for pivot, base in reduced:
            if vector[pivot]:
                b, v = base[pivot], vector[pivot]
                vector = [b * x - v * y for x, y in zip(vector, base, strict=True)]
        vector = primitive(vector)
        pivot = next((i for i, x in enumerate(vector) if x), None)
        if pivot is not None:
            kept.append(j)
            reduced.append((pivot, vector))
            if len(kept) > most:
                return None
    return kept


def primitive(vector):
    """The integer vector over its greatest common divisor, its first non-zero entry positive."""
    divisor = gcd(*vector)
    if divisor == 0:
        return tuple(vector)
    if next(x for x in vector if x) < 0:
        divisor = -divisor
    return tuple(x // divisor for x in vector)


def distinct(rows):
    """One primitive vector for every hyperplane of the rows, in order of first appearance."""
    return list(dict.fromkeys(primitive(row) for row in rows if any(row)))


def restricted(rows, h):
    """The linear functions ``row.u`` on {u : h.u = 0}, times h_p, in the coordinates other than p.

    p is the first coordinate with h_p != 0, which is positive in a primitive vector.
    """
    p = next(i for i, x in enumerate(h) if x)
    rest = [j for j in range(len(h)) if j != p]
    return [tuple(h[p] * row[j] - row[p] * h[j] for j in rest) for row in rows]


def _half(lines, most):
    """The number of open cells on one side of the first of distinct lines; None above `most`."""
    if len(lines[0]) <= 2:
        return len(lines) if len(lines) <= most else None
    number = 1
    for i in range(1, len(lines)):
        added = _half(distinct(restricted(lines[:i], lines[i])), most - number)
        if added is None or number + added > most:
            return None
        number += added
    return number


# ---- the command line ----------------------------------------------------------------------------


def _decimal(value, rounding, digits=17):
    """A rational as a decimal, rounded in the direction that keeps what is printed true."""
    context = Context(prec=digits, rounding=rounding, Emin=-(10**8), Emax=10**8)
    quotient = context.divide(Decimal(value.numerator), Decimal(value.denominator))
    return format(quotient.normalize(context), "g")


def main(argv=None):
    """Check the proof in a file; the status is 0 if accepted, 1 if refused, 2 if unreadable."""
    parser = argparse.ArgumentParser(
        prog="exact_proof.py",
        description="Check a written proof of a lower bound on the regularised loss of two-layer "
        "ReLU networks, in exact arithmetic. Status 0: accepted, 1: refused, 2: not readable.",
    )
    parser.add_argument("proof", help="the JSON file that `relucones certify --proof` writes")
    try:
        report = check(parser.parse_args(argv).proof)
    except Unreadable as error:
        print(f"unreadable: {error}", file=sys.stderr)
        return 2
    print(report)
    return 0 if report.ok else 1


if __name__ == "__main__":
    sys.exit(main())
