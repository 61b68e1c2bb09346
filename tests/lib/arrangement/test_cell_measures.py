"""Solid angles of cells, against the angles between the points, which fix them without any geometry of cells."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from relucones import activation_patterns, cell_measures
from strategies import points, seeds


def angle(u, v):
    u, v = u / np.linalg.norm(u), v / np.linalg.norm(v)
    return 2 * np.arctan2(np.linalg.norm(u - v), np.linalg.norm(u + v))


def measured(X):
    patterns = activation_patterns(X)
    return patterns, cell_measures(X, patterns)


@given(points(most=7, dimensions=3))
def test_shares_are_positive_and_sum_to_one(X):
    patterns, shares = measured(X)
    assert shares.shape == (len(patterns),)
    assert (shares > 0).all()
    assert shares.sum() == pytest.approx(1, abs=1e-12)


@given(points(most=7, dimensions=3))
def test_opposite_cells_have_one_measure(X):
    patterns, shares = measured(X)
    opposite = cell_measures(X, ~patterns & X.any(axis=1))
    np.testing.assert_allclose(opposite, shares, rtol=1e-9, atol=1e-14)


@given(points(most=7, dimensions=3))
def test_two_points_are_active_together_as_their_angle_says(X):
    r"""P(w.x > 0, w.z > 0) = (pi - angle) / 2 pi, the quadrant formula of Sheppard."""
    patterns, shares = measured(X)
    for k, x in enumerate(X):
        for other, z in enumerate(X):
            if x.any() and z.any():
                together = shares[patterns[:, k] & patterns[:, other]].sum()
                assert together == pytest.approx((np.pi - angle(x, z)) / (2 * np.pi), abs=1e-9)


@given(points(most=6, dimensions=3))
def test_three_points_are_active_together_as_their_angles_say(X):
    r"""P = 1/2 - (sum of the three angles) / 4 pi: the orthant formula in three dimensions."""
    patterns, shares = measured(X)
    X, patterns = X[X.any(axis=1)], patterns[:, X.any(axis=1)]
    for i in range(len(X)):
        for j in range(i):
            for k in range(j):
                angles = angle(X[i], X[j]) + angle(X[i], X[k]) + angle(X[j], X[k])
                together = shares[patterns[:, [i, j, k]].all(axis=1)].sum()
                assert together == pytest.approx(1 / 2 - angles / (4 * np.pi), abs=1e-9)


@given(seeds, st.integers(2, 40))
def test_cells_in_the_plane_are_the_arcs_between_neighbouring_walls(seed, n):
    X = np.random.default_rng(seed).standard_normal((n, 2))
    walls = np.sort(np.concatenate([np.arctan2(X[:, 0], -X[:, 1]), np.arctan2(-X[:, 0], X[:, 1])]))
    arcs = np.diff(walls, append=walls[0] + 2 * np.pi)
    middles = walls + arcs / 2
    W = np.column_stack([np.cos(middles), np.sin(middles)])
    np.testing.assert_allclose(cell_measures(X, W @ X.T > 0), arcs / (2 * np.pi), rtol=1e-8, atol=1e-13)


@pytest.mark.parametrize("d", [1, 2, 3])
def test_orthants_share_the_sphere_equally(d):
    Q, _ = np.linalg.qr(np.random.default_rng(d).standard_normal((d, d)))
    np.testing.assert_allclose(measured(Q)[1], 2.0**-d, rtol=1e-13)
    inside = Q @ np.random.default_rng(0).standard_normal((d, 6))  # the same cells, in a wider space
    np.testing.assert_allclose(measured(inside)[1].sum(), 1, rtol=1e-13)


def test_planes_of_the_permutations_share_the_sphere_equally():
    # The walls w_i = w_j and -- in the space of rank 3 that they span -- one cell for every order of four coordinates.
    X = np.array([[1, -1, 0, 0], [1, 0, -1, 0], [1, 0, 0, -1], [0, 1, -1, 0], [0, 1, 0, -1], [0, 0, 1, -1]], dtype=float)
    np.testing.assert_allclose(measured(X)[1], 1 / 24, rtol=1e-12)


def test_three_planes_through_one_line_cut_lunes():
    X = np.array([[1, 0, 0], [-1 / 2, np.sqrt(3) / 2, 0], [-1 / 2, -np.sqrt(3) / 2, 0]])
    np.testing.assert_allclose(measured(X)[1], 1 / 6, rtol=1e-12)
    halved = np.vstack([X, [0, 0, 1]])
    np.testing.assert_allclose(measured(halved)[1], 1 / 12, rtol=1e-12)


@pytest.mark.parametrize("thin", [1e-3, 1e-5, 1e-7])
def test_slivers_have_their_angle(thin):
    X = np.array([[1, 0, 0], [np.cos(thin), np.sin(thin), 0], [0, 0, 1]])
    patterns, shares = measured(X)
    sliver = patterns[:, 0] != patterns[:, 1]
    np.testing.assert_allclose(shares[sliver], thin / (4 * np.pi), rtol=1e-6)
    np.testing.assert_allclose(shares[~sliver], (np.pi - thin) / (4 * np.pi), rtol=1e-9)


@pytest.mark.parametrize("offset", [1e-3, 1e-6])
def test_cells_from_pole_to_pole(offset):
    # Three nearly coplanar points: six cells whose corners are close to each other or almost opposite.
    X = np.array([[1, 0, offset], [-1 / 2, np.sqrt(3) / 2, offset], [-1 / 2, -np.sqrt(3) / 2, offset]])
    patterns, shares = measured(X)
    angles = angle(X[0], X[1]) + angle(X[0], X[2]) + angle(X[1], X[2])
    assert shares.sum() == pytest.approx(1, abs=1e-9)
    assert shares[patterns.all(axis=1)][0] == pytest.approx(1 / 2 - angles / (4 * np.pi), abs=1e-9)


@pytest.mark.parametrize("case", ["general", "degenerate"])
def test_monte_carlo_agrees_within_its_standard_error(case):
    rng = np.random.default_rng(7)
    X = rng.standard_normal((6, 3))
    if case == "degenerate":
        X = np.array([[1, 0, 0], [0, 1, 0], [1, 1, 0], [1, -1, 0], [0, 0, 1], [1, 0, 1.0], [-2, 0, -2]])
    patterns, shares = measured(X)
    samples = 100_000
    found, hits = np.unique(rng.standard_normal((samples, 3)) @ X.T > 0, axis=0, return_counts=True)
    position = {tuple(p): i for i, p in enumerate(patterns)}
    score = np.zeros(len(patterns))
    for p, count in zip(found, hits, strict=True):
        i = position[tuple(p)]
        score[i] = (count - samples * shares[i]) / np.sqrt(samples * shares[i] * (1 - shares[i]))
    assert np.abs(score).max() < 4.5
    assert np.mean(score**2) < 2


@given(points(most=5, dimensions=2), seeds)
def test_rotations_and_lengths_do_not_matter(X, seed):
    rng = np.random.default_rng(seed)
    Q, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    wide = (X * rng.uniform(0.1, 10, (len(X), 1))) @ Q[: X.shape[1]]
    patterns, shares = measured(X)
    np.testing.assert_allclose(cell_measures(wide, patterns), shares, rtol=1e-8, atol=1e-12)


def test_any_selection_of_patterns_in_any_order():
    X = np.random.default_rng(1).standard_normal((5, 3))
    patterns, shares = measured(X)
    picked = [3, 0, 3, 7]
    np.testing.assert_array_equal(cell_measures(X, patterns[picked]), shares[picked])
    assert cell_measures(X, patterns[:0]).shape == (0,)


def test_refuses_rank_four_and_patterns_of_no_cell():
    X = np.random.default_rng(0).standard_normal((5, 4))
    with pytest.raises(ValueError, match=r"X must have rank at most 3.*4"):
        cell_measures(X, activation_patterns(X))
    with pytest.raises(ValueError, match=r"patterns\[1\] is the pattern of no open cell"):
        cell_measures([[1.0, 0.0], [2.0, 0.0]], [[True, True], [True, False]])


@given(points(most=6, dimensions=6))
def test_rank_four_or_more_is_always_refused(X):
    assume(np.linalg.matrix_rank(X) > 3)
    with pytest.raises(ValueError, match="rank"):
        cell_measures(X, activation_patterns(X))
