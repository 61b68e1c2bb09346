"""Which widths are enough, and which are not: one optimum or several, and no weight decay in the
limit."""

from fractions import Fraction
from itertools import combinations, product

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from relucones import (
    activation_patterns,
    count_patterns,
    data,
    find_coupons,
    good_cone_probability,
    lambda_max,
    solve_cone,
    solve_global,
    sufficient_width,
)
from strategies import problems, seeds

TWO = np.array([[-np.sqrt(3), 1.0], [np.sqrt(3), 1.0]]), np.ones(2)


# ---- one optimum or several ----------------------------------------------------------------------


@settings(max_examples=60)
@given(problems(most=6))
def test_the_optimum_is_unique_iff_the_fits_of_the_coupons_are_independent(problem):
    X, y, share = problem
    lam = share * (lambda_max(X, y) or 0.1)
    coupons = find_coupons(X, y, lam)
    assume(coupons.supports is not None)
    independent = np.linalg.matrix_rank(coupons.fits, tol=1e-7) == len(coupons.signs)
    assert independent == (len(coupons.supports) == 1)
    if not independent:  # another optimum along the dependence, the same fit at the same cost
        beta = np.linalg.svd(coupons.fits.T)[2][-1]
        np.testing.assert_allclose(beta @ coupons.fits, 0, atol=1e-7)
        assert abs(beta.sum()) < 1e-6


def test_three_coupons_and_two_dimensions_of_fits():
    coupons = find_coupons(*TWO, 0.1)
    assert coupons.fits.shape == (3, 2)
    assert len(coupons.supports) == 2


def test_a_tight_direction_need_not_be_a_coupon():
    """X'nu = 0 makes u and -u both tight; -u carries weight in no optimum."""
    X, y, lam = np.array([[1.0], [-1.0]]), np.array([1.2, 0.2]), 0.1
    best = solve_global(X, y, lam, tol=1e-12)
    np.testing.assert_allclose(best.dual, 0.2, rtol=1e-12)
    earned = np.maximum(np.array([[1.0], [-1.0]]) @ X.T, 0) @ best.dual
    np.testing.assert_allclose(earned, 2 * lam, rtol=1e-12)
    coupons = find_coupons(X, y, lam)
    assert coupons.directions.tolist() == [[1.0]]
    assert coupons.supports == [(0,)]


def test_two_networks_side_by_side_are_an_optimum():
    """The step of the proof that no signed pattern holds two coupons, for two different optima."""
    X, y = TWO
    lam = 0.1
    coupons = find_coupons(X, y, lam)
    best = solve_global(X, y, lam)
    losses = []
    weights = np.zeros((2, 3))
    for row, support in zip(weights, coupons.supports, strict=True):
        chosen = list(support)
        row[chosen] = np.linalg.lstsq(coupons.fits[chosen].T, coupons.fit, rcond=None)[0]
    for row in (*weights, weights.mean(axis=0)):
        losses.append(((row @ coupons.fits - y) ** 2).mean() + 2 * lam * row.sum())
    np.testing.assert_allclose(losses, best.value, rtol=1e-12)
    assert (weights.mean(axis=0) > 0).all()


# ---- too narrow ----------------------------------------------------------------------------------


@settings(max_examples=40)
@given(seeds, st.integers(2, 8), st.integers(1, 3), st.sampled_from([0.6, 0.1, 0.01]))
def test_a_good_cone_holds_some_coupon(seed, n, d, share):
    """The bound m K 2^(d-1) / 2N, for points in general position and any labels."""
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((n, d)), rng.standard_normal(n)
    coupons = find_coupons(X, y, share * lambda_max(X, y))
    K, two_N = len(coupons.signs), 2 * count_patterns(n, d)
    sizes = coupons.holds.sum(axis=0)
    assert sizes.max() <= 2 ** (d - 1)
    m = np.array([1, 2, 5, 10, 30])
    good = good_cone_probability(X, y, share * lambda_max(X, y), m, coupons=coupons)
    assert (good <= m * sizes.sum() / two_N + 1e-12).all()
    assert (good <= m * K * 2 ** (d - 1) / two_N + 1e-12).all()
    if coupons.supports is not None and len(coupons.supports) == 1:
        assert (good <= m * sizes.min() / two_N + 1e-12).all()


def test_the_bound_on_narrow_networks_where_its_assumptions_are_broken():
    # Not in general position: eight walls meet in the optimal direction.
    angle = np.pi * np.arange(8) / 8
    X = np.column_stack([np.cos(angle), np.sin(angle), np.zeros(8)])
    X, y = np.vstack([X, [0.0, 0.0, 1.0]]), np.array([0.0] * 8 + [1.0])
    coupons = find_coupons(X, y, 0.05)
    assert coupons.holds.sum(axis=0).tolist() == [16]
    assert coupons.count == 32
    assert good_cone_probability(X, y, 0.05, 1) == 1 / 4 > 1 * 2**2 / 64
    # Too much decay: every cone is good, and there is no coupon.
    X, y = data.five_points()
    assert good_cone_probability(X, y, 1.01 * lambda_max(X, y), 1) == 1
    # Two optima: the rarest coupon is not needed, and three coupons do not make a third power.
    coupons = find_coupons(*TWO, 0.1)
    p = coupons.holds.sum(axis=0) / (2 * coupons.count)
    assert p.tolist() == [1 / 8] * 3
    assert good_cone_probability(*TWO, 0.1, 1) == 1 / 8
    assert good_cone_probability(*TWO, 0.1, 2) == pytest.approx(1 - 2 * 0.75**2 + 0.625**2)
    assert good_cone_probability(*TWO, 0.1, 2) > 2 * p.min()


def falling(m, k):
    value = 1
    for i in range(k):
        value *= m - i
    return value


@settings(max_examples=40)
@given(problems(most=6), st.integers(0, 40))
def test_the_two_bounds_for_small_widths(problem, more):
    X, y, share = problem
    lam = share * (lambda_max(X, y) or 0.1)
    coupons = find_coupons(X, y, lam)
    assume(coupons.supports is not None and len(coupons.supports) == 1 and len(coupons.signs))
    k, two_N = len(coupons.signs), 2 * coupons.count
    p = [Fraction(int(size), two_N) for size in coupons.holds.sum(axis=0)]
    m = k + more
    upper = float(falling(m, k) * np.prod(p))
    good = good_cone_probability(X, y, lam, m, coupons=coupons)
    assert good <= upper * (1 + 1e-9) + 1e-12
    assert good >= upper * float(1 - sum(p)) ** more * (1 - 1e-9) - 1e-12
    assert good <= m * float(min(p)) + 1e-12
    if k > 1:
        assert good_cone_probability(X, y, lam, k - 1, coupons=coupons) == 0


# ---- down to no weight decay ---------------------------------------------------------------------


def least_norm(X, y, patterns, signs):
    """The least sum of the |v_j| of an interpolator in this closed cone, by CVXPY; inf if there is
    none."""
    V = cp.Variable((X.shape[1], len(signs)))
    fit = cp.sum(cp.multiply(patterns.T * signs, X @ V), axis=1)
    inside = [cp.multiply(2 * patterns.T.astype(int) - 1, X @ V) >= 0, fit == y]
    problem = cp.Problem(cp.Minimize(cp.sum(cp.norm(V, 2, axis=0))), inside)
    problem.solve(solver=cp.CLARABEL)
    return problem.value if problem.status.startswith("optimal") else np.inf


THREE = np.array([[1.0, 0.2], [0.1, 1.0], [-0.8, 0.7]]), np.array([1.0, -0.5, 0.8])


@pytest.mark.parametrize("name", ["three points", "two points"])
def test_the_cones_with_a_minimum_norm_interpolator(name):
    """By the norm in every cone, without weight decay; and by the coupons at a small one."""
    X, y = {"three points": THREE, "two points": TWO}[name]
    patterns = activation_patterns(X)
    patterns, signs = np.concatenate([patterns, patterns]), np.repeat([1, -1], len(patterns))
    least = least_norm(X, y, patterns, signs)
    widest = 3 if name == "three points" else 2
    holds = {}
    for size in range(1, widest + 1):
        for chosen in combinations(range(len(signs)), size):
            some = list(chosen)
            excess = least_norm(X, y, patterns[some], signs[some]) / least - 1
            assert excess < 1e-6 or excess > 1e-3
            holds[frozenset(chosen)] = excess < 1e-6
    for m in range(1, widest + 1):
        share = np.mean([holds[frozenset(c)] for c in product(range(len(signs)), repeat=m)])
        assert share == pytest.approx(good_cone_probability(X, y, 1e-4, m), abs=1e-12)
    assert any(holds.values())
    assert not all(holds.values())


@settings(max_examples=15)
@given(seeds)
def test_the_sufficient_width_is_enough_in_the_limit(seed):
    """Cones drawn at the width of the theorem, their least norm against the least of all."""
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((3, 2)), rng.standard_normal(3)
    patterns = activation_patterns(X)
    patterns, signs = np.concatenate([patterns, patterns]), np.repeat([1, -1], len(patterns))
    least = least_norm(X, y, patterns, signs)
    m, hits = sufficient_width(3, 2, 0.2), 0
    for _ in range(10):
        some = np.unique(rng.integers(len(signs), size=m))
        hits += least_norm(X, y, patterns[some], signs[some]) <= least * (1 + 1e-5)
    assert hits >= 4  # of 10, where at least 8 are expected; fewer would be a chance of 1 in 1000


@settings(max_examples=25)
@given(seeds, st.integers(2, 4))
def test_best_networks_of_a_cone_have_a_limit_that_interpolates(seed, n):
    """The two inequalities of the proof: the norm stays below the least norm, the residual goes to
    zero with lam."""
    X, y = data.gaussian_teacher(n, 2, seed=seed)
    assume(np.linalg.norm(y) > 1e-3)
    patterns = activation_patterns(X)
    patterns, signs = np.concatenate([patterns, patterns]), np.repeat([1, -1], len(patterns))
    least = least_norm(X, y, patterns, signs)
    for lam in (1e-2, 1e-3, 1e-4):
        best = solve_cone(X, y, lam, patterns, signs)
        assert best.weights.sum() <= least * (1 + 1e-6)
        residual = np.mean((best.network.predict(X) - y) ** 2)
        assert residual <= 2 * lam * least * (1 + 1e-6)


def test_labels_that_no_network_can_fit_have_no_interpolator():
    """Where the assumption is broken: one point with two labels."""
    X, y = np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([1.0, 0.0])
    patterns = activation_patterns(X)
    assert least_norm(X, y, patterns, np.ones(len(patterns), int)) == np.inf
    assert good_cone_probability(X, y, 1e-4, 40) > 0.99
