"""Where runs start: balanced Gaussian weights, or weights that are given."""

import numbers

import numpy as np

from .. import checks


def initialise(m, d, alpha, runs, seed=None):
    r"""Balanced Gaussian initialisation: :math:`w_j \sim \mathcal N(0, \alpha^2 I_d)`,
    :math:`a_j = \pm\|w_j\|` with probability 1/2.

    Parameters
    ----------
    m, d : int
        Width and dimension.
    alpha : float or array (runs,)
        The scale, one for all runs or one each. There is no factor :math:`1/\sqrt m`.
    runs : int or sequence of int
        How many runs; or their numbers. Run r is the same in whatever company it is drawn.
    seed : int or Generator

    Returns
    -------
    W : array (runs, m, d)
    a : array (runs, m)

    Examples
    --------
    >>> W, a = initialise(m=3, d=2, alpha=0.1, runs=4, seed=0)
    >>> W.shape, bool(np.allclose(np.linalg.norm(W, axis=2), abs(a)))
    ((4, 3, 2), True)
    >>> bool((initialise(m=3, d=2, alpha=0.1, runs=[3], seed=0)[0] == W[3]).all())
    True
    """
    m, d = checks.count(m, "m"), checks.count(d, "d")
    labels = _run_numbers(runs)
    scales = _scales(alpha, len(labels))
    rng = checks.generator(seed)
    root = int(seed) if isinstance(seed, numbers.Integral) else int(rng.integers(2**63))
    W, a = np.empty((len(labels), m, d)), np.empty((len(labels), m))
    for i, label in enumerate(labels):
        rng = np.random.default_rng(np.random.SeedSequence(root, spawn_key=(label,)))
        W[i] = scales[i] * rng.standard_normal((m, d))
        a[i] = rng.choice([-1.0, 1.0], size=m) * np.linalg.norm(W[i], axis=1)
    return W, a


def _run_numbers(runs):
    if np.ndim(runs) == 0:
        return range(checks.count(runs, "runs"))
    labels = checks.counts(runs, "runs", least=0)
    if labels.ndim != 1:
        raise checks.BadInput(
            f"runs must be an integer or a list of run numbers, but its shape is {labels.shape}"
        )
    return labels.tolist()


def _scales(alpha, runs):
    if np.ndim(alpha) == 0:
        return np.full(runs, checks.positive(alpha, "alpha"))
    scales = checks.vector(alpha, "alpha", length=runs)
    if scales.min() <= 0:
        raise checks.BadInput(f"alpha must be positive, but it holds {scales.min():.6g}")
    return scales


def starts(X, m, alpha, runs, seed, start):
    """The starts W (runs, m, d) and a (runs, m) that the arguments of `train` ask for."""
    if start is None:
        if m is None or alpha is None:
            raise checks.BadInput("m and alpha must be given, or explicit starts")
        return initialise(m, X.shape[1], alpha, runs, seed)
    if not isinstance(start, (tuple, list)) or len(start) != 2:
        raise checks.BadInput("start must be a pair of arrays (runs, m, d), (runs, m)")
    W, a = (_rows(part, name) for part, name in zip(start, ("start W", "start a"), strict=True))
    if W.ndim != 3 or W.shape[2] != X.shape[1] or a.shape != W.shape[:2]:
        expected = f"(runs, m, {X.shape[1]}), (runs, m)"
        raise checks.BadInput(
            f"start must have shapes {expected}, but they are {W.shape}, {a.shape}"
        )
    return W, a


def _rows(part, name):
    """One part of a start, checked as a matrix with a row for each run, in its own shape."""
    found = checks.array(part, name)
    if found.ndim < 2 or 0 in found.shape:
        raise checks.BadInput(f"{name} must hold runs and neurons, but its shape is {found.shape}")
    return checks.matrix(found.reshape(len(found), -1), name).reshape(found.shape)
