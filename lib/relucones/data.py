"""Data sets: the synthetic ones of the papers, and real ones that a package ships."""

import os
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import checks
from .checks import BadInput
from .network import relu
from .standardisation import Standardisation, standardised
from .tables import Table, read_table

Floats = NDArray[np.float64]
Seed = int | np.random.Generator | None
_MOST = 10**8  # rows or columns of data that are made here


@dataclass(frozen=True, eq=False, init=False)
class Dataset:
    """Points `X` (n, d) with labels `y` (n,), and where they come from.

    Unpacks like a pair: ``X, y = dataset``.

    Attributes
    ----------
    X, y : arrays (n, d), (n,)
    name : str
    columns : tuple of str
        The names of the columns of `X`, where they have some.
    target : str
        What the labels are, where it is known.
    table : Table, optional
        How the data were read from a file.
    standardisation : Standardisation, optional
        How they were standardised; the column of a bias is not among its constants.
    """

    X: Floats
    y: Floats
    name: str = ""
    columns: tuple[str, ...] = ()
    target: str = ""
    table: Table | None = None
    standardisation: Standardisation | None = None

    def __init__(
        self,
        X: ArrayLike,
        y: ArrayLike,
        name: str = "",
        columns: tuple[str, ...] = (),
        target: str = "",
        table: Table | None = None,
        standardisation: Standardisation | None = None,
    ) -> None:
        points, labels = checks.data(X, y)
        given = (points, labels, name, columns, target, table, standardisation)
        for field, value in zip(fields(self), given, strict=True):
            object.__setattr__(self, field.name, value)

    def __iter__(self) -> Iterator[Floats]:
        return iter((self.X, self.y))

    def __repr__(self) -> str:
        return f"Dataset({self.name!r}, n={len(self.y)}, d={self.X.shape[1]})"

    def with_bias(self) -> "Dataset":
        """The same points with a column of ones appended: the model gets a bias."""
        X = np.column_stack([self.X, np.ones(len(self.y))])
        return replace(self, X=X, columns=(*self.columns, "1") if self.columns else ())

    def constant(self) -> list[str]:
        """The names of the columns in which all points agree; their numbers without names."""
        same = (np.diff(self.X, axis=0) == 0).all(axis=0)
        return [
            self.columns[j] if self.columns else f"column {j + 1}" for j in np.flatnonzero(same)
        ]

    def standardised(self) -> "Dataset":
        """The same data with mean 0 and variance 1 in every column and in the labels.

        Constant columns become 0, with a warning; constant labels too. The constants are kept in
        `standardisation`.
        """
        for name in self.constant():
            warnings.warn(f"{name} is constant, and becomes 0 by standardising", stacklevel=2)
        X, mean, scale = standardised(self.X)
        y, label_mean, label_scale = standardised(self.y)
        constants = Standardisation(mean, scale, float(label_mean), float(label_scale))
        return replace(self, X=X, y=y, standardisation=constants)


def five_points() -> Dataset:
    """Five points in the plane with 10 activation patterns: the book's running example."""
    X = [[1.0, 0.2], [0.6, 1.0], [-0.5, 1.1], [-1.0, 0.3], [0.3, -0.9]]
    return Dataset(np.array(X), np.array([1.0, 0.4, -0.6, 0.5, 0.8]), "five points")


def gaussian_teacher(
    n: int, d: int, width: int = 10, noise: float = 0.0, seed: Seed = None
) -> Dataset:
    r"""Gaussian points, labelled by a random network: the generic data of Boursier et al.

    :math:`x_k \sim \mathcal N(0, I_d)` and
    :math:`y_k = \sum_{j} a_j \sigma(w_j^\top x_k) + \text{noise}\,\xi_k` with all teacher weights
    and :math:`\xi_k` standard normal. Source: experiments of arXiv 2505.22578 (``width=10``, no noise).

    Examples
    --------
    >>> gaussian_teacher(6, 3, seed=0)
    Dataset('gaussian teacher', n=6, d=3)
    """
    n, d, width = (
        checks.count(n, "n", most=_MOST),
        checks.count(d, "d", most=_MOST),
        checks.count(width, "width", most=_MOST),
    )
    noise = checks.nonnegative(noise, "noise")
    rng = checks.generator(seed)
    X = rng.standard_normal((n, d))
    y = _teacher_labels(X, width, rng) + noise * rng.standard_normal(n)
    return Dataset(X, y, "gaussian teacher")


def orthogonal(n: int, d: int, seed: Seed = None, labels: ArrayLike | None = None) -> Dataset:
    """n orthonormal points in R^d, rows of a Haar-random orthogonal matrix.

    Parameters
    ----------
    n, d : int
        With n <= d.
    labels : array (n,), optional
        The labels; by default those of a random teacher of width 10, as in arXiv 2505.22578.
    """
    n, d = checks.count(n, "n", most=_MOST), checks.count(d, "d", most=_MOST)
    if n > d:
        raise BadInput(f"n must be <= d, since R^{d} has no {n} orthogonal points, but n is {n}")
    rng = checks.generator(seed)
    Q, R = np.linalg.qr(rng.standard_normal((d, d)))
    X = (Q * np.sign(np.diag(R))).T[:n]  # the signs make the distribution Haar, not only orthogonal
    y = _teacher_labels(X, 10, rng) if labels is None else checks.vector(labels, "labels", length=n)
    return Dataset(X, y, "orthogonal")


def small_init_trap(d: int = 4, noise: float = 1e-3, seed: Seed = None) -> Dataset:
    r"""Data on which small initialisation is trapped at rank one: arXiv 2505.22578, Theorem 2.

    n = d points near :math:`e_1`, perturbed by ``noise`` and put back on the unit sphere, with
    linear labels :math:`y_k = x_k^\top \beta^\star` for the teacher neuron
    :math:`\beta^\star = (4/5, 0, 3/5, 0, \dots)`.
    """
    d, noise = checks.count(d, "d", 3, _MOST), checks.nonnegative(noise, "noise")
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


def correlated(n: int, d: int, rho: float, seed: Seed = None) -> Dataset:
    r"""Unit points with all inner products exactly `rho`: orthogonal at 0, nearly equal near 1.

    :math:`x_k = \sqrt{\rho}\,q_0 + \sqrt{1-\rho}\,q_k` with orthonormal
    :math:`q_0, \dots, q_n`, so d >= n + 1 is
    needed. Labels: a random teacher of width 10.
    """
    n, d = checks.count(n, "n", most=_MOST), checks.count(d, "d", most=_MOST)
    rho = checks.nonnegative(rho, "rho")
    if rho >= 1:
        raise BadInput(f"rho must be < 1, or all points coincide, but it is {rho}")
    if d < n + 1:
        raise BadInput(f"d must be >= n + 1 = {n + 1}, but it is {d}")
    rng = checks.generator(seed)
    Q = orthogonal(n + 1, d, rng).X
    X = np.sqrt(rho) * Q[:1] + np.sqrt(1 - rho) * Q[1:]
    return Dataset(X, _teacher_labels(X, 10, rng), f"correlated, rho={rho:g}")


REAL = ("diabetes", "breast_cancer", "wine", "iris")


def real(name: str, n: int, d: int, seed: Seed = None) -> Dataset:
    """n random rows and d features of a real data set that scikit-learn ships.

    The d features most correlated with the target over the whole data set are kept and standardised
    over the whole data set; the labels are standardised over the rows drawn. No file is downloaded.

    Parameters
    ----------
    name : {"diabetes", "breast_cancer", "wine", "iris"}
        442, 569, 178 and 150 rows with 10, 30, 13 and 4 features.
    """
    from sklearn import datasets  # slow to import, and only needed here

    checks.choice(name, "name", REAL)
    n, d = checks.count(n, "n", 2, _MOST), checks.count(d, "d", most=_MOST)
    source = getattr(datasets, f"load_{name}")()
    X, y = np.asarray(source.data, dtype=float), np.asarray(source.target, dtype=float)
    if n > X.shape[0] or d > X.shape[1]:
        raise BadInput(
            f"{name} has {X.shape[0]} rows and {X.shape[1]} features, but n is {n} and d is {d}"
        )
    X = (X - X.mean(0)) / X.std(0)
    relevance = np.abs(X.T @ (y - y.mean()))
    features = np.sort(np.argsort(-relevance, kind="stable")[:d])
    rows = checks.generator(seed).choice(len(y), size=n, replace=False)
    y = y[rows] - y[rows].mean()
    spread = y.std()
    columns = tuple(str(source.feature_names[i]) for i in features)
    return Dataset(X[np.ix_(rows, features)], y / spread if spread > 0 else y, name, columns)


def load_csv(
    path: "str | os.PathLike[str]",
    columns: Sequence[str | int] | None = None,
    target: str | int | None = None,
    header: bool | None = None,
    drop_missing: bool = False,
) -> Dataset:
    r"""Read a data set from a text file: the last column holds the labels, the others the points.

    Entries are separated by commas, semicolons, tabs or spaces, decimals by points or, where no
    comma separates entries, by commas: the separator that makes the most entries numbers is taken.
    Lines that begin with '#' are left out. Files packed by gzip are unpacked. Nothing in the file
    is run.

    Parameters
    ----------
    path : path-like
        "-" for standard input.
    columns : list, optional
        The columns to use as points, by name or by number from 1; by default all but the labels.
    target : str or int, optional
        The column of labels, likewise.
    header : bool, optional
        Whether the first line holds names. By default, it does if none of its entries is a number,
        or one that is none stands above numbers; with a warning where numbers look like names.
    drop_missing : bool
        Leave out lines in which a column in use is empty, NA, NaN, null, ? or the like.

    Raises
    ------
    ValueError
        If the file cannot be read or is no text, is empty, has lines of different lengths, or an
        entry of a column in use is not a finite number. The message names the line and the column.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "table.csv")
    >>> _ = path.write_text("height;weight;age\n1,80;75;31\n1,65;52;27\n")
    >>> dataset = load_csv(path, target="weight")
    >>> dataset.X, dataset.columns, dataset.target
    (array([[ 1.8 , 31.  ],
           [ 1.65, 27.  ]]), ('height', 'age'), 'weight')
    """
    table = read_table(path, columns, target, header, drop_missing)
    return Dataset(table.points, table.labels, str(path), table.columns, table.target, table)


def _teacher_labels(X, width, rng):
    return relu(X @ rng.standard_normal((width, X.shape[1])).T) @ rng.standard_normal(width)
