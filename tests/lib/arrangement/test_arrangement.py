"""Activation patterns against Cover's count and against linear programs, and the symmetries that cells must have."""

from itertools import product
from math import comb
from time import perf_counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracles import general_position, patterns_by_linear_programs
from relucones import activation_patterns, count_patterns, lambda_max
from relucones.arrangement import Arrangement
from strategies import points, seeds


def as_set(patterns):
    return {tuple(map(bool, row)) for row in patterns}


# ---- the count --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "d", "count"),
    [(4, 1, 2), (4, 2, 8), (4, 3, 14), (4, 5, 16), (6, 2, 12), (6, 3, 32), (6, 5, 62), (8, 3, 58), (8, 4, 128), (1, 1, 2)],
)
def test_count_in_cases_counted_by_hand_or_by_linear_programs(n, d, count):
    assert count_patterns(n, d) == count


def test_count_obeys_the_recursion_of_cover():
    # A new hyperplane cuts those cells in two that it meets, and these are the cells that the others cut it into.
    for n, d in product(range(1, 15), range(2, 15)):
        assert count_patterns(n + 1, d) == count_patterns(n, d) + count_patterns(n, d - 1)


def test_count_is_every_pattern_from_d_equals_n_on_and_bounded_below_it():
    for n, d in product(range(2, 13), range(1, 13)):
        assert count_patterns(n, d) == 2 * sum(comb(n - 1, i) for i in range(min(n, d)))
        assert count_patterns(n, d) <= min(2**n, 2 * n ** (d - 1))
        assert (count_patterns(n, d) == 2**n) == (d >= n)


@pytest.mark.parametrize(
    ("n", "d"), [(n, d) for n in range(1, 9) for d in range(1, 9)] + [(12, 3), (20, 3), (30, 2), (10, 5), (9, 12), (14, 4), (60, 3)]
)
def test_general_position_has_covers_count(n, d):
    X = np.random.default_rng(100 * n + d).standard_normal((n, d))
    if n <= 10:
        assert general_position(X)
    assert len(activation_patterns(X)) == count_patterns(n, d)


def test_rank_takes_the_place_of_d():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((8, 2)) @ rng.standard_normal((2, 5))
    assert len(activation_patterns(X)) == count_patterns(8, 2) == 16 < count_patterns(8, 5) == 198


# ---- brute force ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "d"), [(8, 2), (8, 3), (8, 4), (7, 7), (5, 8), (8, 1)])
def test_linear_programs_agree_in_general_position(n, d):
    X = np.random.default_rng(n + 10 * d).standard_normal((n, d))
    np.testing.assert_array_equal(activation_patterns(X), patterns_by_linear_programs(X))


DEGENERATE = {
    "single point": [[2.0, -1.0]],
    "single zero": [[0.0, 0.0, 0.0]],
    "all zero": np.zeros((4, 2)),
    "repeated": [[1, 2], [1, 2], [3, -1], [1, 2]],
    "parallel": [[1, 2], [2, 4], [0.1, 0.2], [3, -1]],
    "antiparallel": [[1, 2], [-1, -2], [-3, -6], [0, 1]],
    "zero rows": [[0, 0, 0], [1, 0, 1], [0, 0, 0], [0, 1, 1], [1, 1, 0]],
    "rank one in the plane": [[1, 1], [2, 2], [-1, -1]],
    "rank two in space": [[1, 0, 1], [0, 1, 1], [1, 1, 2], [1, -1, 0], [2, 1, 3]],
    "three planes through one line": [[1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 1]],
    "braid arrangement": [[1, -1, 0, 0], [1, 0, -1, 0], [1, 0, 0, -1], [0, 1, -1, 0], [0, 1, 0, -1], [0, 0, 1, -1]],
    "walls of a cube and diagonals": [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, -1, 0], [0, 1, 1], [0, 1, -1], [1, 0, 1]],
    "sizes far apart": [[1e9, 0, 1e9], [0, 1e-9, 1e-9], [1, 1, 0], [1e-9, 1e-9, 1e-9]],
    "one coordinate": [[1], [-2], [0], [3]],
    "bias column": [[-2, 1], [-1, 1], [0, 1], [1, 1], [1, 1]],
}


@pytest.mark.parametrize("name", DEGENERATE)
def test_linear_programs_agree_on_degenerate_data(name):
    X = np.array(DEGENERATE[name], dtype=float)
    np.testing.assert_array_equal(activation_patterns(X), patterns_by_linear_programs(X))


def test_braid_arrangement_has_a_cell_for_every_order_of_the_coordinates():
    assert len(activation_patterns(np.array(DEGENERATE["braid arrangement"], dtype=float))) == 24


@given(points(most=7))
def test_linear_programs_agree_on_any_data(X):
    np.testing.assert_array_equal(activation_patterns(X), patterns_by_linear_programs(X))


# ---- what holds on any data -------------------------------------------------------------------------------------


@given(points(most=10))
def test_sorted_unique_boolean_and_never_more_than_cover(X):
    patterns = activation_patterns(X)
    assert patterns.dtype == bool
    rows = [tuple(row) for row in patterns]
    assert rows == sorted(set(rows))
    assert 1 <= len(rows) <= count_patterns(*X.shape)


@given(points(most=10))
def test_opposite_weights_have_the_opposite_pattern(X):
    patterns = activation_patterns(X)
    zero = ~X.any(axis=1)
    assert not patterns[:, zero].any()
    assert as_set(~patterns & ~zero) == as_set(patterns)


@given(points(most=8), seeds)
def test_positive_scaling_of_points_changes_nothing(X, seed):
    scale = 10 ** np.random.default_rng(seed).uniform(-6, 6, (len(X), 1))
    np.testing.assert_array_equal(activation_patterns(scale * X), activation_patterns(X))


@given(points(most=8), seeds)
def test_invertible_maps_of_the_space_change_nothing(X, seed):
    rng = np.random.default_rng(seed)
    Q, _ = np.linalg.qr(rng.standard_normal((X.shape[1],) * 2))
    np.testing.assert_array_equal(activation_patterns(X @ (Q * rng.uniform(0.5, 2, X.shape[1]))), activation_patterns(X))


@given(points(most=8), seeds)
def test_added_coordinates_in_the_span_change_nothing(X, seed):
    wider = np.column_stack([X, X @ np.random.default_rng(seed).standard_normal((X.shape[1], 2))])
    np.testing.assert_array_equal(activation_patterns(wider), activation_patterns(X))


@given(points(most=8), st.data())
def test_flipping_a_point_flips_its_column(X, data):
    k = data.draw(st.integers(0, len(X) - 1))
    flipped = X.copy()
    flipped[k] *= -1
    patterns = activation_patterns(X)
    if X[k].any():
        patterns[:, k] ^= True
    assert as_set(activation_patterns(flipped)) == as_set(patterns)


@given(points(most=8), seeds)
def test_the_order_of_points_orders_the_columns(X, seed):
    order = np.random.default_rng(seed).permutation(len(X))
    assert as_set(activation_patterns(X[order])) == as_set(activation_patterns(X)[:, order])


@given(points(most=8), seeds)
def test_every_pattern_that_random_weights_have_is_listed(X, seed):
    W = np.random.default_rng(seed).standard_normal((2000, X.shape[1]))
    zero = ~X.any(axis=1)
    clear = (np.abs(W @ X[~zero].T) > 1e-9).all(axis=1)
    assert as_set(W[clear] @ X.T > 0) <= as_set(activation_patterns(X))


@given(points(most=7))
def test_forgetting_a_point_merges_cells(X):
    if len(X) > 1:
        assert as_set(activation_patterns(X)[:, :-1]) == as_set(activation_patterns(X[:-1]))


@given(points(most=6))
def test_deletion_and_restriction(X):
    """A new hyperplane adds one cell for every cell that the old ones cut it into."""
    *old, new = X
    old = np.array(old).reshape(-1, X.shape[1])
    if not new.any() or not len(old):
        return
    on_a_line = [k for k, x in enumerate(old) if np.linalg.matrix_rank(np.array([x, new]), tol=1e-9 * np.linalg.norm(x)) < 2]
    if any(old[k].any() for k in on_a_line):  # the hyperplane is not new
        added = 0
    else:
        complement = np.linalg.svd(new[None])[2][1:].T
        added = len(activation_patterns(old @ complement)) if complement.size else 1
    assert len(activation_patterns(X)) == len(activation_patterns(old)) + added


# ---- faces ----------------------------------------------------------------------------------------------------------


@given(points(most=7, dimensions=4))
def test_faces_of_all_dimensions_cancel(X):
    """Euler: the faces of a central arrangement, cells with sign + and - by dimension, add up to that of the space."""
    A = Arrangement(X)
    if A.rank == 0:
        assert A.flats == []
        return
    faces = {0: 1, 1: 2 * len(A.rays[0])}
    for flats in A.flats:
        q = flats.basis.shape[2]
        faces[q] = faces.get(q, 0) + flats.cells.shape[0] * flats.cells.shape[1]
    assert sum((-1) ** q * number for q, number in faces.items()) == (-1) ** A.rank
    assert faces[A.rank] == len(activation_patterns(X))


@given(points(most=6, dimensions=4))
def test_every_face_lies_where_its_signs_say(X):
    A = Arrangement(X)
    np.testing.assert_allclose(X, A.scale[:, None] * A.lines[A.line] if A.rank else 0, atol=1e-12)
    if A.rank == 0:
        return
    rays, side, _ = A.rays
    zero = side == 0
    np.testing.assert_allclose(np.linalg.norm(rays, axis=1), 1)
    np.testing.assert_array_equal(side[~zero] > 0, (rays @ A.lines.T)[~zero] > 0)
    np.testing.assert_array_equal(np.abs(rays @ A.lines.T) < 1e-8, zero)
    assert len(np.unique(zero, axis=0)) == len(zero)
    for flats in A.flats:
        for lost, basis, cells in zip(flats.zero, flats.basis, flats.cells, strict=True):
            np.testing.assert_allclose(basis.T @ basis, np.eye(basis.shape[1]), atol=1e-12)
            np.testing.assert_array_equal(np.linalg.norm(A.lines @ basis, axis=1) < 1e-8, lost)
            assert basis.shape[1] == A.rank - np.linalg.matrix_rank(A.lines[lost]) if lost.any() else basis.shape[1] == A.rank
            # Its cells are those that the other hyperplanes cut on it.
            expected = activation_patterns(A.lines[~lost] @ basis)
            assert as_set(cells[:, ~lost]) == as_set(expected)
            assert not cells[:, lost].any()
            assert len(cells) == len(expected)


# ---- sizes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1e-200, 1e-30, 1e30])
def test_the_unit_of_length_does_not_matter(size):
    X = np.random.default_rng(0).standard_normal((6, 3))
    np.testing.assert_array_equal(activation_patterns(X * size), activation_patterns(X))


@pytest.mark.parametrize(("n", "d"), [(200, 6), (60, 30), (45, 45), (30_000, 3), (40_000, 2), (24, 24), (3000, 3)])
def test_too_many_patterns_are_refused_at_once(n, d):
    X = np.random.default_rng(0).standard_normal((n, d))
    start = perf_counter()
    with pytest.raises(ValueError, match=r"X has too many activation patterns.*rank"):
        activation_patterns(X)
    assert perf_counter() - start < 20


def test_too_many_faces_are_refused_at_once():
    X = np.random.default_rng(0).standard_normal((17, 17))
    start = perf_counter()
    with pytest.raises(ValueError, match="X has too many"):
        lambda_max(X, np.ones(17))
    assert perf_counter() - start < 20


def test_the_count_of_very_many_points_is_quick():
    start = perf_counter()
    assert count_patterns(20_000, 20_000) == count_patterns(20_000, 30_000) == 2**20_000
    assert perf_counter() - start < 1
