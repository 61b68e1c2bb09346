"""Where runs start, and what is recorded of them."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from relucones.training import initialise, merged_directions  # noqa: E402


def test_starts_are_balanced_and_of_the_scale_asked_for():
    W, a = initialise(400, 3, [0.1, 2.0], 2, seed=0)
    np.testing.assert_allclose(np.linalg.norm(W, axis=2), np.abs(a))
    np.testing.assert_allclose(W.std(axis=(1, 2)), [0.1, 2.0], rtol=5 / np.sqrt(2 * 1200))
    assert abs((a > 0).mean() - 0.5) < 4 * 0.5 / np.sqrt(800)


def test_merging_leaves_directions_apart():
    W = np.random.default_rng(0).standard_normal((300, 2))
    left = merged_directions(W, angle=0.3)
    cosines = left @ left.T - 2 * np.eye(len(left))
    assert (cosines < np.cos(0.3)).all()
    units = W / np.linalg.norm(W, axis=1, keepdims=True)
    assert ((units @ left.T).max(axis=1) >= np.cos(0.3)).all()
