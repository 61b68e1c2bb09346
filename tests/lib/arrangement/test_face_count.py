"""How many faces an arrangement has: the work of one pass over them."""

from math import comb

import numpy as np
import pytest

from relucones import count_patterns
from relucones.arrangement import Arrangement


def faces_by_dimension(X):
    """The faces of dimension 1, ..., d as the library lists them."""
    A = Arrangement(X)
    faces = {1: 2 * len(A.rays[0])}
    for flats in A.flats:
        q = flats.basis.shape[2]
        faces[q] = faces.get(q, 0) + flats.cells.shape[0] * flats.cells.shape[1]
    return faces


def formula(n, d):
    return {k: comb(n, d - k) * count_patterns(n - d + k, k) for k in range(1, d + 1)}


@pytest.mark.parametrize(("n", "d"), [(4, 2), (9, 2), (3, 3), (7, 3), (6, 4), (8, 4), (7, 5)])
def test_faces_in_general_position(n, d):
    X = np.random.default_rng(n + 10 * d).standard_normal((n, d))
    assert faces_by_dimension(X) == formula(n, d)
    assert sum(formula(n, d).values()) <= 2 * d * n ** (d - 1)


@pytest.mark.parametrize("d", [1, 2, 3, 5, 8])
def test_the_bound_on_the_faces(d):
    for n in range(d, 40):
        assert sum(formula(n, d).values()) <= 2 * d * n ** (d - 1)


def test_special_position_has_fewer():
    X = np.array([[1.0, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 1]])  # three in a plane
    assert sum(faces_by_dimension(X).values()) < sum(formula(4, 3).values())
