"""Data sets: the synthetic ones of the papers, and real ones that a package ships."""

import csv
import os
from dataclasses import dataclass

import numpy as np

from . import checks
from .network import relu


@dataclass(frozen=True, eq=False)
class Dataset:
    """Points `X` (n, d) with labels `y` (n,), and where they come from.

    Unpacks like a pair: ``X, y = dataset``.
    """

    X: np.ndarray
    y: np.ndarray
    name: str = ""
    columns: tuple = ()

    def __post_init__(self):
        X, y = checks.data(self.X, self.y)
        object.__setattr__(self, "X", X)
        object.__setattr__(self, "y", y)

    def __iter__(self):
        return iter((self.X, self.y))

    def __repr__(self):
        return f"Dataset({self.name!r}, n={len(self.y)}, d={self.X.shape[1]})"

    def with_bias(self):
        """The same points with a column of ones appended: the model gets a bias."""
        X = np.column_stack([self.X, np.ones(len(self.y))])
        columns = (*self.columns, "1") if self.columns else ()
        return Dataset(X, self.y, self.name, columns)

    def standardised(self):
        """The same data with mean 0 and variance 1 in every column and in the labels; constant columns become 0."""
        X, y = self.X - self.X.mean(axis=0), self.y - self.y.mean()
        spread, label_spread = X.std(axis=0), y.std()
        X = np.divide(X, spread, out=np.zeros_like(X), where=spread > 0)
        return Dataset(X, y / label_spread if label_spread > 0 else y, self.name, self.columns)


def five_points():
    """Five points in the plane: the running example of the book's first part, with 10 activation patterns."""
    X = [[1.0, 0.2], [0.6, 1.0], [-0.5, 1.1], [-1.0, 0.3], [0.3, -0.9]]
    return Dataset(np.array(X), np.array([1.0, 0.4, -0.6, 0.5, 0.8]), "five points")


def gaussian_teacher(n, d, width=10, noise=0.0, seed=None):
    r"""Gaussian points, labelled by a random network: the generic data of Boursier et al.

    :math:`x_k \sim \mathcal N(0, I_d)` and :math:`y_k = \sum_{j} a_j \sigma(w_j^\top x_k) + \text{noise}\,\xi_k` with
    all teacher weights and :math:`\xi_k` standard normal. Source: experiments of arXiv 2505.22578 (``width=10``, no noise).

    Examples
    --------
    >>> gaussian_teacher(6, 3, seed=0)
    Dataset('gaussian teacher', n=6, d=3)
    """
    n, d, width = checks.count(n, "n"), checks.count(d, "d"), checks.count(width, "width")
    noise = checks.nonnegative(noise, "noise")
    rng = checks.generator(seed)
    X = rng.standard_normal((n, d))
    y = _teacher_labels(X, width, rng) + noise * rng.standard_normal(n)
    return Dataset(X, y, "gaussian teacher")


def orthogonal(n, d, seed=None, labels=None):
    """n orthonormal points in R^d, rows of a Haar-random orthogonal matrix.

    Parameters
    ----------
    n, d : int
        With n <= d.
    labels : array (n,), optional
        The labels; by default those of a random teacher of width 10, as in arXiv 2505.22578.
    """
    n, d = checks.count(n, "n"), checks.count(d, "d")
    if n > d:
        raise ValueError(f"n must be <= d, since R^{d} has no {n} orthogonal points, but n is {n}")
    rng = checks.generator(seed)
    Q, R = np.linalg.qr(rng.standard_normal((d, d)))
    X = (Q * np.sign(np.diag(R))).T[:n]  # the signs make the distribution Haar, not only orthogonal
    y = _teacher_labels(X, 10, rng) if labels is None else checks.vector(labels, "labels", length=n)
    return Dataset(X, y, "orthogonal")


def small_init_trap(d=4, noise=1e-3, seed=None):
    r"""The data on which small initialisation is trapped at rank one: Theorem 2 of arXiv 2505.22578.

    n = d points near :math:`e_1`, perturbed by ``noise`` and put back on the unit sphere, with linear labels
    :math:`y_k = x_k^\top \beta^\star` for the teacher neuron :math:`\beta^\star = (4/5, 0, 3/5, 0, \dots)`.
    """
    d, noise = checks.count(d, "d", least=3), checks.nonnegative(noise, "noise")
    rng = checks.generator(seed)
    X = np.zeros((d, d))
    X[0, 0] = 1.0
    X[1, :3] = 8 / 9, -4 / 9, 1 / 9
    X[2, :3] = 8 / 9, 4 / 9, 1 / 9
    for i in range(3, d):
        X[i, 0], X[i, i] = 8 / 9, np.sqrt(17) / 9
    X = X + noise * rng.standard_normal((d, d))
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    beta = np.zeros(d)
    beta[[0, 2]] = 4 / 5, 3 / 5
    return Dataset(X, X @ beta, "small-initialisation trap")


def correlated(n, d, rho, seed=None):
    r"""Unit points with pairwise inner products exactly `rho`: orthogonal at 0, nearly equal near 1.

    :math:`x_k = \sqrt{\rho}\,q_0 + \sqrt{1-\rho}\,q_k` with orthonormal :math:`q_0, \dots, q_n`, so d >= n + 1 is
    needed. Labels: a random teacher of width 10.
    """
    n, d = checks.count(n, "n"), checks.count(d, "d")
    rho = checks.nonnegative(rho, "rho")
    if rho >= 1:
        raise ValueError(f"rho must be < 1, or all points coincide, but it is {rho}")
    if d < n + 1:
        raise ValueError(f"d must be >= n + 1 = {n + 1}, but it is {d}")
    rng = checks.generator(seed)
    Q = orthogonal(n + 1, d, rng).X
    X = np.sqrt(rho) * Q[:1] + np.sqrt(1 - rho) * Q[1:]
    return Dataset(X, _teacher_labels(X, 10, rng), f"correlated, rho={rho:g}")


REAL = ("diabetes", "breast_cancer", "wine", "iris")


def real(name, n, d, seed=None):
    """n random rows and d features of a real data set that scikit-learn ships.

    The d features most correlated with the target over the whole data set are kept and standardised over the
    whole data set; the labels are standardised over the rows drawn. No file is downloaded.

    Parameters
    ----------
    name : {"diabetes", "breast_cancer", "wine", "iris"}
        442, 569, 178 and 150 rows with 10, 30, 13 and 4 features.
    """
    from sklearn import datasets  # slow to import, and only needed here

    checks.choice(name, "name", REAL)
    n, d = checks.count(n, "n", least=2), checks.count(d, "d")
    source = getattr(datasets, f"load_{name}")()
    X, y = np.asarray(source.data, dtype=float), np.asarray(source.target, dtype=float)
    if n > X.shape[0] or d > X.shape[1]:
        raise ValueError(f"{name} has {X.shape[0]} rows and {X.shape[1]} features, but n is {n} and d is {d}")
    X = (X - X.mean(0)) / X.std(0)
    relevance = np.abs(X.T @ (y - y.mean()))
    features = np.sort(np.argsort(-relevance, kind="stable")[:d])
    rows = checks.generator(seed).choice(len(y), size=n, replace=False)
    y = y[rows] - y[rows].mean()
    spread = y.std()
    columns = tuple(str(source.feature_names[i]) for i in features)
    return Dataset(X[np.ix_(rows, features)], y / spread if spread > 0 else y, name, columns)


def load_csv(path, columns=None, target=None):
    """Read a data set from a CSV file: the last column holds the labels, the others the points.

    A first line in which no entry is a number is taken as the header. Nothing in the file is run.

    Parameters
    ----------
    path : path-like
    columns : list, optional
        The columns to use as points, by name or by number from 1; by default all but the labels.
    target : str or int, optional
        The column of labels, likewise.

    Raises
    ------
    ValueError
        If the file cannot be read, is empty, has lines of different lengths, or an entry of a column in use is not a
        finite number.
    """
    try:
        # An integer would be taken for an open file, 0 for the keyboard.
        with open(os.fspath(path), newline="", encoding="utf-8-sig") as file:
            lines = [(number, row) for number, row in enumerate(csv.reader(file), 1) if any(map(str.strip, row))]
    except (OSError, TypeError, ValueError, csv.Error) as error:
        raise ValueError(f"{path} cannot be read as a CSV file: {getattr(error, 'strerror', None) or error}") from None
    header = ()
    if lines and not any(_is_number(entry) for entry in lines[0][1]):
        header = tuple(entry.strip() for entry in lines.pop(0)[1])
    if not lines:
        raise ValueError(f"{path} holds no line of numbers")
    width = len(header) or len(lines[0][1])
    if width < 2:
        raise ValueError(f"{path} must have at least 2 columns, one of them the labels, but it has {width}")
    label = _column(target, header, width, "target") if target is not None else width - 1
    if columns is None:
        chosen = [j for j in range(width) if j != label]
    else:
        chosen = [_column(column, header, width, "columns") for column in columns]
        if not chosen or label in chosen:
            raise ValueError(f"columns must name at least one column other than that of the labels, but it is {list(columns)}")
    table = np.empty((len(lines), len(chosen) + 1))
    for i, (number, row) in enumerate(lines):
        if len(row) != width:
            raise ValueError(f"{path}, line {number}: expected {width} entries, found {len(row)}")
        for place, j in enumerate([*chosen, label]):
            if not _is_number(row[j]) or not np.isfinite(float(row[j])):
                raise ValueError(f"{path}, line {number}, column {j + 1}: expected a finite number, found {row[j]!r}")
            table[i, place] = float(row[j])
    names = tuple(header[j] for j in chosen) if header else ()
    return Dataset(table[:, :-1], table[:, -1], str(path), names)


def _column(which, header, width, argument):
    """The index of a column given by name or by number from 1."""
    which = str(which).strip()
    if which in header:
        return header.index(which)
    if which.isdecimal() and 1 <= int(which) <= width:
        return int(which) - 1
    known = f" or one of {', '.join(header)}" if header else ""
    raise ValueError(f"{argument} must name columns by number from 1 to {width}{known}, but it has {which!r}")


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def _teacher_labels(X, width, rng):
    return relu(X @ rng.standard_normal((width, X.shape[1])).T) @ rng.standard_normal(width)
