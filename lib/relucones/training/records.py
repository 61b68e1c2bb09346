"""What is recorded along runs."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Traces:
    r"""What was recorded along the runs; every array but `time` has shape (runs, len(time)).

    Attributes
    ----------
    time : array (T,)
        The flow time :math:`t = \sum\eta`, in logarithmic steps after 0.
    loss, squared_norm : arrays
        :math:`L_\lambda(\theta)` and :math:`\|\theta\|^2`.
    excess : array
        The loss minus the certified optimum's value.
    fit_distance : array
        The root mean square of f minus the optimal fit, which is unique.
    effective_rank : array
        exp of the entropy of the normalised singular values of W.
    active_patterns : array
        How many signed patterns the neurons have; those a millionth of the largest and smaller in
        :math:`|a_j|\|w_j\|`, or off at every point, do not count.
    merged_positive, merged_negative : arrays
        How many directions are left when such neurons of one sign within 0.1 radians of a longer
        one are merged with it.
    """

    time: np.ndarray
    loss: np.ndarray
    squared_norm: np.ndarray
    excess: np.ndarray
    fit_distance: np.ndarray
    effective_rank: np.ndarray
    active_patterns: np.ndarray
    merged_positive: np.ndarray
    merged_negative: np.ndarray


def effective_rank(W):
    r"""exp of the entropy of the singular values of W, normalised to sum 1: between 1 and the rank
    of W; 0 for W = 0.

    Examples
    --------
    >>> effective_rank(np.eye(3)).round(12), effective_rank(np.ones((5, 2))).round(12)
    (np.float64(3.0), np.float64(1.0))
    """
    singular = np.linalg.svd(
        np.linalg.qr(W, mode="r") if len(W) > W.shape[1] else W, compute_uv=False
    )
    if singular.sum() == 0:
        return 0.0
    share = singular[singular > 0] / singular.sum()
    return np.exp(-np.sum(share * np.log(share)))


def measured(network, X, y, lam, optimum, optimal_fit):
    """What `Traces` records of one network, in the order of its columns."""
    fit, norm = network.predict(X), network.squared_norm()
    loss = np.mean((fit - y) ** 2) + lam * norm
    away = np.sqrt(np.mean((fit - optimal_fit) ** 2))
    return loss, norm, loss - optimum, away, effective_rank(network.W), *_counted(network, X)


def _counted(network, X):
    """Signed patterns, and merged directions of either sign, among the neurons that count."""
    sizes = np.abs(network.a) * np.linalg.norm(network.W, axis=1)
    patterns, signs = network.signed_patterns(X)
    counts = patterns.any(axis=1) & (sizes > 1e-6 * sizes.max())
    packed = np.packbits(np.column_stack([signs > 0, patterns])[counts], axis=1)
    merged = [len(merged_directions(network.W[counts & (signs == s)])) for s in (1, -1)]
    return len(np.unique(packed, axis=0)), *merged


def merged_directions(W, angle=0.1):
    """The unit directions left when each row within `angle` radians of a longer one is merged with
    it.

    Examples
    --------
    >>> merged_directions(np.array([[2.0, 0.1], [1.0, 0.0], [0.0, 1.0]])).round(2)
    array([[1.  , 0.05],
           [0.  , 1.  ]])
    """
    norms = np.linalg.norm(W, axis=1)
    left = W[norms > 0] / norms[norms > 0, None]
    left = left[np.argsort(-norms[norms > 0], kind="stable")]
    found = []
    while len(left):
        found.append(left[0])
        left = left[left @ left[0] < np.cos(angle)]
    return np.array(found).reshape(-1, W.shape[1])
