"""The dual constraint maximised over faces, against projections on cones and against dense sampling."""

import numpy as np
import pytest
from hypothesis import given

from oracles import dual_maximum, relu, sampled_maximum
from relucones import activation_patterns, lambda_max
from relucones.convex import Faces
from strategies import points, seeds


def weights(X, seed):
    rng = np.random.default_rng(seed)
    return rng.integers(-1, 2, len(X)).astype(float) if seed % 3 == 0 else rng.standard_normal(len(X))


def largest(found):
    return found.values[0] if len(found.values) else 0.0


@given(points(most=7), seeds)
def test_the_maximum_is_that_of_the_projections_on_all_cones(X, seed):
    nu = weights(X, seed)
    expected = dual_maximum(X, nu)
    assert largest(Faces(X).maximisers(nu)) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert lambda_max(X, nu) == pytest.approx(expected / len(X), rel=1e-9, abs=1e-9)


@given(points(most=12, dimensions=4), seeds)
def test_no_sampled_direction_beats_it(X, seed):
    nu = weights(X, seed)
    found = largest(Faces(X).maximisers(nu))
    sampled = sampled_maximum(X, nu, np.random.default_rng(seed), samples=2000, rounds=15)
    assert sampled <= found * (1 + 1e-10) + 1e-12


@given(points(most=7), seeds)
def test_what_is_said_about_each_maximiser_is_true(X, seed):
    nu = weights(X, seed)
    found = Faces(X).maximisers(nu)
    np.testing.assert_allclose(np.linalg.norm(found.directions, axis=1), 1, rtol=1e-12)
    assert set(found.signs) <= {-1, 1}
    assert (np.diff(found.values) <= 0).all()
    assert (found.values > -1e-14 * np.abs(nu).sum() * np.abs(X).max()).all()
    lengths = np.linalg.norm(X, axis=1)
    dots = found.directions @ X.T
    np.testing.assert_allclose(found.fits, found.signs[:, None] * relu(dots), atol=1e-8)
    np.testing.assert_allclose(found.values, found.fits @ nu, rtol=1e-12, atol=1e-13)
    # A point vanishes or stands clear of the wall: nothing is in between.
    assert (np.abs(dots)[found.vanishing] <= 1e-8 * np.broadcast_to(lengths, dots.shape)[found.vanishing]).all()
    assert (np.abs(dots)[~found.vanishing] > 1e-12 * np.broadcast_to(lengths, dots.shape)[~found.vanishing]).all()
    assert (found.fits[found.vanishing] == 0).all()
    assert found.vanishing[:, ~X.any(axis=1)].all()


@given(points(most=6), seeds)
def test_a_threshold_keeps_what_lies_above_it(X, seed):
    nu = weights(X, seed)
    every = Faces(X).maximisers(nu)
    if len(every.values) > 1:
        above = (every.values[0] + every.values[-1]) / 2
        some = Faces(X).maximisers(nu, above=above)
        np.testing.assert_allclose(some.values, every.values[every.values > above], rtol=1e-12)


@given(points(most=6), seeds)
def test_each_local_climb_ends_at_a_listed_direction(X, seed):
    """Random small moves that gain something cannot lead from the best of many samples to an unlisted peak."""
    nu = weights(X, seed)
    found = Faces(X).maximisers(nu)
    rng = np.random.default_rng(seed)
    u = rng.standard_normal(X.shape[1])
    u /= np.linalg.norm(u)
    step = 0.3
    for _ in range(60):
        moves = u + step * rng.standard_normal((60, X.shape[1]))
        moves = np.vstack([u, moves / np.linalg.norm(moves, axis=1, keepdims=True)])
        u = moves[np.argmax(relu(moves @ X.T) @ nu)]
        step *= 0.8
    peak = relu(X @ u) @ nu
    if peak > 1e-6 * (1 + np.abs(nu).sum()):
        positive = found.directions[found.signs == 1]
        # The peak may be a flat ridge of the sphere or unfinished; its value is that of some listed direction or below one.
        assert len(positive)
        assert peak <= found.values[found.signs == 1].max() + 1e-9


def test_opposite_weights_swap_the_signs():
    X = np.random.default_rng(0).standard_normal((6, 3))
    nu = np.random.default_rng(1).standard_normal(6)
    one, other = Faces(X).maximisers(nu), Faces(X).maximisers(-nu)
    np.testing.assert_allclose(one.values, other.values, rtol=1e-12)
    np.testing.assert_array_equal(one.signs, -other.signs)


def test_positive_weights_on_one_side_have_the_mean_as_maximiser():
    X, nu = np.array([[1.0, 0.0], [0.8, 0.6]]), np.array([2.0, 1.0])
    found = Faces(X).maximisers(nu)
    mean = nu @ X
    assert found.values[0] == pytest.approx(np.linalg.norm(mean))
    np.testing.assert_allclose(found.directions[0], mean / np.linalg.norm(mean), rtol=1e-12)


def test_opposite_points_with_opposite_weights_are_linear():
    # nu (relu(t) - relu(-t)) = nu t: every kink cancels, and the gradient is one vector.
    B = np.random.default_rng(0).standard_normal((3, 3))
    found = Faces(np.vstack([B, -B])).maximisers(np.array([1.0, 2.0, -1.0, -1.0, -2.0, 1.0]), above=0.1)
    assert found.values[0] == pytest.approx(np.linalg.norm([1.0, 2.0, -1.0] @ B))


def test_no_direction_where_nothing_can_be_gained():
    assert len(Faces(np.zeros((3, 2))).maximisers(np.ones(3)).values) == 0
    for d in (1, 2, 3):
        assert len(Faces(np.eye(d)).maximisers(np.zeros(d)).values) == 0
        assert len(Faces(np.eye(d)).maximisers(np.zeros(d), above=1.0).values) == 0
    assert lambda_max(np.zeros((3, 2)), np.ones(3)) == 0
    assert lambda_max(np.eye(2), [0.0, 0.0]) == 0


def test_a_maximiser_a_hair_beside_a_wall_is_not_lost():
    # The point (0, -1e-6) weighs next to nothing: the maximiser (-1, -6e-12) lies beside its wall, but not on it.
    X = np.array([[1, 1], [0, 0], [0, -1e-6], [-1e6, 0], [-1e-6, 0]])
    nu = np.array([-0.93, -0.35, 0.53, 0.085, -0.26])
    assert largest(Faces(X).maximisers(nu)) == pytest.approx(dual_maximum(X, nu), rel=1e-9)
    assert largest(Faces(X).maximisers(nu)) == pytest.approx(85_000, rel=1e-6)


@pytest.mark.parametrize("apart", [1e-4, 1e-5, 1e-6])
def test_large_weights_that_cancel_hide_no_maximiser(apart):
    # Pairs of points a hair apart with huge opposite weights: what is left is small against the parts.
    rng = np.random.default_rng(1)
    for _ in range(12):
        X, change, h = rng.standard_normal((3, 3)), apart * rng.standard_normal((3, 3)), 1e6 * rng.standard_normal(3)
        X, nu = np.vstack([X, X + change]), np.concatenate([h, -h]) + 0.1 * rng.standard_normal(6)
        expected = dual_maximum(X, nu, activation_patterns(X))
        assert largest(Faces(X).maximisers(nu, above=0.9999 * expected)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("size", [1e-40, 1e-20, 1e20, 1e40])
def test_the_unit_of_length_does_not_matter(size):
    rng = np.random.default_rng(0)
    X, nu = rng.standard_normal((7, 4)), rng.standard_normal(7)
    expected = Faces(X).maximisers(nu, above=0.5).values
    np.testing.assert_allclose(Faces(size * X).maximisers(nu, above=0.5 * size).values, size * expected, rtol=1e-12)


def test_faces_can_be_asked_again_and_again():
    X = np.random.default_rng(3).standard_normal((6, 3))
    faces = Faces(X)
    for seed in range(5):
        nu = np.random.default_rng(seed).standard_normal(6)
        np.testing.assert_array_equal(faces.maximisers(nu).values, Faces(X).maximisers(nu).values)
