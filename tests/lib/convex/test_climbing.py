"""Beyond enumeration: what is found by climbing is real, what is claimed above it is true, and the gap stays honest."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relucones import Network, certify, data, solve_global
from relucones.arrangement import TooManyPatterns
from relucones.convex import Ascent, Faces, faces_of


def problem(n, d, seed):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, d)), rng.standard_normal(n)


@given(st.integers(2, 12), st.integers(1, 4), st.integers(0, 10_000))
def test_climbing_never_passes_the_true_maximum_nor_the_ceiling(n, d, seed):
    X, nu = problem(n, d, seed)
    true = Faces(X).maximisers(nu).values[0]
    climbed = Ascent(X)
    values = climbed.maximisers(nu).values
    assert values[0] <= true * (1 + 1e-9)
    assert true <= climbed.ceiling(nu) * (1 + 1e-12)


def test_climbing_finds_the_maximum_of_most_small_problems():
    found = 0
    for seed in range(20):
        X, nu = problem(12, 3, seed)
        found += Ascent(X).maximisers(nu).values[0] > Faces(X).maximisers(nu).values[0] * (1 - 1e-9)
    assert found >= 18


def test_maximisers_are_what_they_say():
    X, nu = problem(15, 4, 0)
    m = Ascent(X).maximisers(nu, above=0.5)
    np.testing.assert_allclose(np.linalg.norm(m.directions, axis=1), 1)
    np.testing.assert_allclose(m.fits, m.signs[:, None] * np.maximum(m.directions @ X.T, 0), atol=1e-8)
    np.testing.assert_allclose(m.fits @ nu, m.values)
    assert (np.diff(m.values) <= 0).all()
    assert m.values.min() > 0.5
    assert np.abs((m.directions @ X.T)[m.vanishing]).max(initial=0) < 1e-8


def test_a_vector_without_effect_has_no_maximiser():
    X = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert len(Ascent(X).maximisers(np.zeros(2)).values) == 0
    assert Ascent(X).ceiling(np.zeros(2)) == 0


def test_small_data_are_listed_and_large_ones_climbed():
    assert isinstance(faces_of(np.eye(3)), Faces)
    X, _ = problem(200, 20, 0)
    with pytest.raises(TooManyPatterns):
        Faces(X)
    assert isinstance(faces_of(X), Ascent)


def test_the_bound_by_climbing_stays_below_the_certified_optimum():
    X, y = data.gaussian_teacher(20, 3, seed=1)
    exact = solve_global(X, y, 0.01)
    climbed = solve_global(X, y, 0.01, faces=Ascent(X))
    assert climbed.lower_bound <= exact.value
    assert exact.value <= climbed.value * (1 + 1e-9)
    assert climbed.value <= exact.value * 1.01


def test_a_large_problem_is_bounded_but_not_called_global():
    X, y = data.gaussian_teacher(24, 9, seed=0)
    lam = 0.1
    assert isinstance(faces_of(X), Ascent)
    s = solve_global(X, y, lam)
    assert 0 < s.lower_bound < s.value < np.mean(y**2)
    assert s.gap > 1e-3 * s.value
    rng = np.random.default_rng(0)
    for scale in (0.1, 0.5, 1.0):
        other = Network(scale * rng.standard_normal((30, 9)), scale * rng.standard_normal(30))
        assert other.loss(X, y, lam) >= s.lower_bound
    c = certify(s.network, X, y, lam)
    assert not c.is_global
    assert c.lower_bound <= c.value


def test_the_zero_network_of_a_large_problem_is_certified_where_the_ceiling_allows():
    X, y = data.gaussian_teacher(60, 15, seed=0)
    lam = Ascent(X).ceiling(y) / len(y)
    s = solve_global(X, y, lam)
    assert len(s.weights) == 0
    assert s.relative_gap < 1e-12
