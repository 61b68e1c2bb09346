"""What is recorded of a network along a run."""

import numpy as np


def effective_rank(W):
    r"""exp of the entropy of the singular values of W, normalised to sum 1: between 1 and the rank of W; 0 for W = 0.

    Examples
    --------
    >>> effective_rank(np.eye(3)).round(12), effective_rank(np.ones((5, 2))).round(12)
    (np.float64(3.0), np.float64(1.0))
    """
    singular = np.linalg.svd(np.linalg.qr(W, mode="r") if len(W) > W.shape[1] else W, compute_uv=False)
    if singular.sum() == 0:
        return 0.0
    share = singular[singular > 0] / singular.sum()
    return np.exp(-np.sum(share * np.log(share)))


def _counted(network, X):
    """Signed patterns, and merged directions of either sign, among the neurons that count."""
    sizes = np.abs(network.a) * np.linalg.norm(network.W, axis=1)
    patterns, signs = network.signed_patterns(X)
    counts = patterns.any(axis=1) & (sizes > 1e-6 * sizes.max())
    packed = np.packbits(np.column_stack([signs > 0, patterns])[counts], axis=1)
    merged = [len(merged_directions(network.W[counts & (signs == s)])) for s in (1, -1)]
    return len(np.unique(packed, axis=0)), *merged


def merged_directions(W, angle=0.1):
    """The unit directions left when each row within `angle` radians of a longer one is merged with it.

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
