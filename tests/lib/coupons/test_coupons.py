"""Coupons: the formula against all cones one by one, against simulation, and against closed
forms."""

from dataclasses import replace
from fractions import Fraction
from itertools import combinations, product
from math import comb

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from oracles import cone_value, patterns_by_linear_programs
from relucones import (
    activation_patterns,
    cell_measures,
    count_patterns,
    data,
    draw_cone,
    find_coupons,
    good_cone_probability,
    good_cone_width,
    lambda_max,
    solve_cone,
    solve_global,
    sufficient_width,
)
from strategies import problems, seeds


def collector(masses, supports, m):
    """The exact probability, by fractions: sum over the sets of coupons that m draws can miss."""
    k = len(masses)
    total = Fraction(0)
    for size in range(k + 1):
        for got in combinations(range(k), size):
            if any(set(s) <= set(got) for s in supports):
                # exactly `got` is collected: inclusion and exclusion inside it
                rest = 1 - sum(masses)
                for inner in range(size + 1):
                    for part in combinations(got, inner):
                        total += (-1) ** (size - inner) * (rest + sum(masses[i] for i in part)) ** m
    return float(total)


def signed(X):
    patterns = patterns_by_linear_programs(X)
    return np.vstack([patterns, patterns]), np.repeat([1, -1], len(patterns))


# ---- all cones one by one ------------------------------------------------------------------------

SMALL = {
    "two points": (np.array([[1.0, 0.3], [-0.2, 1.0]]), np.array([1.0, -0.7]), 0.05),
    "two points, one sign": (np.eye(2), np.array([1.0, 0.5]), 0.1),
    "three points in the plane": (
        np.array([[1.0, 0.2], [0.1, 1.0], [-0.8, 0.7]]),
        np.array([1.0, -0.5, 0.8]),
        0.02,
    ),
    "three points, repeated": (
        np.array([[1.0, 0.2], [1.0, 0.2], [-0.8, 0.7]]),
        np.array([1.0, 0.4, -0.8]),
        0.02,
    ),
    "opposite points": (
        np.array([[1.0, 0.0], [-2.0, 0.0], [0.0, 1.0]]),
        np.array([1.0, -1.0, 0.5]),
        0.02,
    ),
    "many optima": (np.array([[-np.sqrt(3), 1.0], [np.sqrt(3), 1.0]]), np.array([1.0, 1.0]), 0.3),
}


@pytest.mark.parametrize("name", SMALL)
def test_the_formula_counts_all_cones(name):
    X, y, lam = SMALL[name]
    patterns, signs = signed(X)
    best = solve_global(X, y, lam).value
    widest = 3 if len(patterns) <= 8 else 2
    good = {}
    for size in range(1, widest + 1):
        for chosen in combinations(range(len(patterns)), size):
            excess = (
                solve_cone(X, y, lam, patterns[list(chosen)], signs[list(chosen)]).value / best - 1
            )
            assert excess < 1e-9 or excess > 1e-5  # no cone is in doubt
            good[frozenset(chosen)] = excess < 1e-9
    coupons = find_coupons(X, y, lam)
    share = {i: cell_measures(X, patterns[i][None])[0] / 2 for i in range(len(patterns))}
    for m in range(1, widest + 1):
        cones = list(product(range(len(patterns)), repeat=m))
        collected = [good[frozenset(cone)] for cone in cones]
        assert good_cone_probability(X, y, lam, m) == pytest.approx(np.mean(collected), abs=1e-12)
        weights = [np.prod([share[i] for i in cone]) for cone in cones]
        gaussian = good_cone_probability(X, y, lam, m, measure="gaussian")
        assert gaussian == pytest.approx(np.dot(weights, collected), abs=1e-9)
    for chosen, is_good in good.items():
        assert coupons.collected_by(patterns[list(chosen)], signs[list(chosen)]) == is_good


def test_some_cones_of_these_are_good_and_some_are_not():
    for X, y, lam in SMALL.values():
        assert 0 < good_cone_probability(X, y, lam, 3) < 1


# ---- sampled cones, any data ---------------------------------------------------------------------


@settings(max_examples=60)
@given(problems(most=5), seeds)
def test_a_cone_with_all_coupons_is_one_whose_minimum_is_global(problem, seed):
    X, y, share = problem
    assume(X.any() and y.any())
    lam = share * lambda_max(X, y) or 0.1
    coupons, best = find_coupons(X, y, lam), solve_global(X, y, lam)
    patterns, signs = signed(X)
    rng = np.random.default_rng(seed)
    for m in (1, 2, 4, 8, 2 * len(patterns)):
        drawn = rng.integers(len(patterns), size=m)
        excess = solve_cone(X, y, lam, patterns[drawn], signs[drawn]).value / best.value - 1
        if excess < 1e-10 or excess > 1e-6:
            assert coupons.collected_by(patterns[drawn], signs[drawn]) == (excess < 1e-10)


@given(problems(most=6))
def test_who_holds_a_coupon(problem):
    X, y, share = problem
    lam = share * (lambda_max(X, y) or 0.1)
    coupons = find_coupons(X, y, lam)
    patterns, signs = signed(X)
    assert coupons.count == len(patterns) / 2
    slack = -1e-6 * np.linalg.norm(X, axis=1)
    expected = {}
    for D, s in zip(patterns, signs, strict=True):
        row = [
            s == t and ((2 * D - 1) * (X @ u) >= slack).all()
            for u, t in zip(coupons.directions, coupons.signs, strict=True)
        ]
        if any(row):
            expected[*D, s] = row
    listed = zip(coupons.patterns, coupons.pattern_signs, coupons.holds, strict=True)
    assert {(*D, s): list(row) for D, s, row in listed} == expected
    # No signed pattern holds two coupons.
    assert (coupons.holds.sum(axis=1) == 1).all()
    assert len(
        {(*u.round(6), s) for u, s in zip(coupons.directions, coupons.signs, strict=True)}
    ) == len(coupons.signs)


@given(problems(most=6))
def test_every_support_writes_the_optimal_fit_and_is_minimal(problem):
    X, y, share = problem
    lam = share * (lambda_max(X, y) or 0.1)
    coupons, best = find_coupons(X, y, lam), solve_global(X, y, lam)
    fit = best.network.predict(X)
    for support in coupons.supports:
        chosen = list(support)
        assert len(chosen) <= len(y)
        fits = coupons.signs[chosen, None] * np.maximum(coupons.directions[chosen] @ X.T, 0)
        weights = np.linalg.lstsq(fits.T, fit, rcond=None)[0]
        np.testing.assert_allclose(fits.T @ weights, fit, atol=1e-5 * (np.abs(y).max() + 1e-300))
        assert (weights > 0).all()
        assert 2 * lam * weights.sum() == pytest.approx(2 * lam * best.weights.sum(), rel=1e-4)
    for one, other in combinations(coupons.supports, 2):
        assert not set(one) <= set(other)
        assert not set(other) <= set(one)


# ---- probabilities -------------------------------------------------------------------------------


@given(problems(most=6), st.sampled_from(["counting", "gaussian"]))
def test_wider_is_better_and_very_wide_is_certain(problem, measure):
    X, y, share = problem
    lam = share * (lambda_max(X, y) or 0.1)
    p = good_cone_probability(X, y, lam, [1, 2, 3, 5, 10, 100, 10**6], measure=measure)
    assert (np.diff(p) >= -1e-12).all()
    assert ((p >= 0) & (p <= 1)).all()
    needed = min(map(len, find_coupons(X, y, lam).supports))
    assert all(p[i] == 0 for i, m in enumerate([1, 2, 3, 5]) if m < needed)
    if measure == "counting":
        assert p[-1] == pytest.approx(1, abs=1e-12)


@settings(max_examples=25)
@given(seeds, st.integers(2, 6), st.integers(2, 3), st.sampled_from([0.5, 0.1, 0.01]))
def test_the_sufficient_width_suffices(seed, n, d, eps):
    X, y = data.gaussian_teacher(n, d, seed=seed)
    assume(y.any())
    for share in (0.3, 0.01):
        assert (
            good_cone_probability(X, y, share * lambda_max(X, y), sufficient_width(n, d, eps))
            >= 1 - eps
        )


def test_the_sufficient_width_is_the_stated_one():
    for n, d, eps in ((4, 3, 0.1), (6, 2, 0.01), (10, 10, 1e-6)):
        m = sufficient_width(n, d, eps)
        assert m - 1 < 2 * count_patterns(n, d) * np.log((n + 1) / eps) <= m
    assert sufficient_width(2000, 2000, 1e-300) > 2**2000
    assert sufficient_width(3, 2, 5e-324) > 0


def test_no_label_and_too_much_decay_make_every_cone_good():
    X = np.random.default_rng(0).standard_normal((4, 3))
    for y, lam in ((np.zeros(4), 0.1), (np.ones(4), 1.01 * lambda_max(X, np.ones(4)))):
        for measure in ("counting", "gaussian"):
            assert good_cone_probability(X, y, lam, 1, measure=measure, with_error=True) == (
                1.0,
                0.0,
            )
        coupons = find_coupons(X, y, lam)
        assert coupons.supports == [()]
        assert coupons.collected_by([[True] * 4], [1])


def test_the_zero_optimum_needs_no_angle_in_any_dimension():
    X = data.correlated(4, 5, 0.9, seed=0).X
    assert good_cone_probability(
        X, [1, -1, 1, -1], 0.5, 3, measure="gaussian", with_error=True
    ) == (1.0, 0.0)


@pytest.mark.parametrize("measure", ["counting", "gaussian"])
@given(seed=seeds, n=st.integers(2, 3))
def test_orthogonal_points_have_the_closed_form(measure, seed, n):
    y = np.random.default_rng(seed).standard_normal(n)
    X = data.orthogonal(n, 3, seed=seed, labels=y).X
    positive, negative = int((y > 0).sum()), int((y < 0).sum())
    lam = 0.5 * min(np.linalg.norm(y[s * y > 0]) for s in (1, -1) if (s * y > 0).any()) / n
    plus, minus = 2.0 ** (-positive - 1), 2.0 ** (-negative - 1)
    for m in (1, 2, 5, 30):
        if positive and negative:
            expected = 1 - (1 - plus) ** m - (1 - minus) ** m + (1 - plus - minus) ** m
            assert expected <= m * 2.0 ** (-max(positive, negative) - 1)
        else:
            expected = 1 - (1 - (plus if positive else minus)) ** m
        assert good_cone_probability(X, y, lam, m, measure=measure) == pytest.approx(
            expected, abs=1e-10
        )


def test_six_orthogonal_points_under_the_counting_measure():
    X, y = np.eye(6), np.array([1, 0.8, 1.2, -1, -0.7, -1.1])
    p = good_cone_probability(X, y, 0.01, [4, 8, 16, 32, 64, 128])
    np.testing.assert_allclose(p, [0.041, 0.150, 0.406, 0.760, 0.968, 0.999], atol=6e-4)


def test_the_gaussian_measure_of_orthogonal_points_by_sampling():
    X, y = np.eye(4), np.array([1.0, 0.8, -1.0, 1.2])
    plus, minus = 2.0**-4, 2.0**-2
    p, error = good_cone_probability(
        X, y, 0.01, 6, measure="gaussian", samples=20_000, with_error=True
    )
    expected = 1 - (1 - plus) ** 6 - (1 - minus) ** 6 + (1 - plus - minus) ** 6
    assert 0 < error < 0.02
    assert abs(p - expected) < 4 * error


# ---- many optima ---------------------------------------------------------------------------------


def test_two_points_with_a_segment_of_optima():
    """Points +-sqrt(3) with a bias: one neuron e_2, or the pair (+-sqrt(3)/2, 1/2), or any
    mixture."""
    X, y = SMALL["many optima"][:2]
    for lam in (0.1, 0.3, 0.7):
        coupons = find_coupons(X, y, lam)
        directions = {tuple(np.round(u, 6)): i for i, u in enumerate(coupons.directions)}
        single = directions[0.0, 1.0]
        pair = {
            directions[round(-np.sqrt(3) / 2, 6), 0.5],
            directions[round(np.sqrt(3) / 2, 6), 0.5],
        }
        assert {frozenset(s) for s in coupons.supports} == {frozenset([single]), frozenset(pair)}
        assert (coupons.signs == 1).all()
        m = np.array([1, 2, 3, 10, 50])
        # None of the pair or the single: two ways to miss one of the pair, less the overlap.
        counting = 1 - 2 * (6 / 8) ** m + (5 / 8) ** m
        np.testing.assert_allclose(good_cone_probability(X, y, lam, m), counting, atol=1e-12)
        # The cell of e_2 is an arc of 60 degrees, those of the pair are arcs of 120 degrees, the
        # sign halves them.
        gaussian = 1 - 2 * (1 - 1 / 12 - 1 / 6) ** m + (1 - 1 / 12 - 1 / 3) ** m
        np.testing.assert_allclose(
            good_cone_probability(X, y, lam, m, measure="gaussian"), gaussian, atol=1e-9
        )


def test_five_points_with_six_directions_for_five_labels():
    angles = np.radians([30, 45, 60, 75, 90])
    s = np.column_stack([np.cos(angles), np.sin(angles)])
    # v_1 .. v_5 with s_k = v_n + ... + v_{n-k+1}
    steps = np.vstack([s[:1], np.diff(s, axis=0)])[::-1]
    X, nu = steps / steps[:, 1:], steps[:, 1]
    atoms = np.vstack([s, s[-1] - s[0]])
    np.testing.assert_allclose(np.linalg.norm(atoms, axis=1), 1)
    np.testing.assert_allclose(np.maximum(atoms @ X.T, 0) @ nu, 1)
    lam = 0.01
    fit = np.full(6, 1 / 6) @ np.maximum(atoms @ X.T, 0)
    y = fit + 5 * lam * nu  # so that 2 lam nu is the dual vector of the fit
    best = solve_global(X, y, lam)
    np.testing.assert_allclose(best.network.predict(X), fit, atol=1e-6)
    assert best.weights.sum() == pytest.approx(1, rel=1e-6)
    coupons = find_coupons(X, y, lam)
    which = [int(np.argmin(np.linalg.norm(atoms - u, axis=1))) for u in coupons.directions]
    np.testing.assert_allclose(coupons.directions, atoms[which], atol=1e-6)
    supports = {frozenset(which[i] for i in support) for support in coupons.supports}
    assert supports == {frozenset({0, 2, 4, 5}), frozenset({0, 1, 3, 4, 5})}
    masses = [Fraction(int(size), 2 * coupons.count) for size in coupons.holds.sum(axis=0)]
    for m in (4, 5, 20, 100):
        expected = collector(masses, coupons.supports, m)
        assert good_cone_probability(X, y, lam, m) == pytest.approx(expected, abs=1e-11)


def test_without_a_linear_trend_every_neuron_can_be_turned_round():
    """Where X'nu = 0, relu(Xu) and relu(-Xu) earn the same: the tight directions come in opposite
    pairs."""
    X, y = wiggly(6, slope=0.0)
    lam = 1e-3
    best = solve_global(X, y, lam)
    np.testing.assert_allclose(X.T @ best.dual, 0, atol=1e-9)
    coupons = find_coupons(X, y, lam)
    for u, s in zip(coupons.directions, coupons.signs, strict=True):
        assert ((np.abs(coupons.directions + u).max(axis=1) < 1e-6) & (coupons.signs == s)).any()
    assert len(coupons.supports) > 1
    masses = [Fraction(int(size), 2 * coupons.count) for size in coupons.holds.sum(axis=0)]
    for m in (5, 40):
        assert good_cone_probability(X, y, lam, m) == pytest.approx(
            collector(masses, coupons.supports, m), abs=1e-11
        )


def test_many_vertices_are_all_found():
    """Turning pairs round: the vertices by linear programs over all subsets of 12 tied
    directions."""
    X, y = wiggly(7, slope=0.3)
    coupons = find_coupons(X, y, 1e-3)
    k, rank = len(coupons.signs), np.linalg.matrix_rank(coupons.fits, tol=1e-7)
    assert rank < k <= 14
    found = set()
    for size in range(1, rank + 1):
        for chosen in combinations(range(k), size):
            part = coupons.fits[list(chosen)].T
            weights, _, part_rank, _ = np.linalg.lstsq(part, coupons.fit, rcond=1e-9)
            if (
                part_rank == size
                and weights.min() > 1e-9
                and np.linalg.norm(part @ weights - coupons.fit) < 1e-8
            ):
                found.add(chosen)
    assert found == set(coupons.supports)
    assert len(found) > 2


def test_optima_too_many_to_list_are_told_by_their_fit():
    X, y = wiggly(15, slope=0.0)
    lam = 1e-3
    coupons = find_coupons(X, y, lam)
    assert coupons.supports is None
    assert len(coupons.signs) > 20
    best, rng = solve_global(X, y, lam).value, np.random.default_rng(0)
    outcomes = []
    for _ in range(30):
        held = rng.random(len(coupons.signs)) < 0.8
        holders = [int(np.flatnonzero(coupons.holds[:, i])[0]) for i in np.flatnonzero(held)]
        patterns, signs = coupons.patterns[holders], coupons.pattern_signs[holders]
        good = solve_cone(X, y, lam, patterns, signs).value <= best * (1 + 1e-6)
        assert coupons.collected_by(patterns, signs) == good
        outcomes.append(good)
    assert 0 < sum(outcomes) < 30


@pytest.mark.parametrize("measure", ["counting", "gaussian"])
def test_simulated_collections_meet_the_exact_law(measure):
    """The same optima once listed and once told by their fit alone."""
    X, y = wiggly(6, slope=0.0)
    coupons = find_coupons(X, y, 1e-3)
    assert len(coupons.supports) > 1
    unlisted = replace(coupons, supports=None)
    widths = np.array([5, 20, 40, 80, 160])
    exact = good_cone_probability(X, y, 1e-3, widths, measure=measure, coupons=coupons)
    p, error = good_cone_probability(
        X, y, 1e-3, widths, measure=measure, coupons=unlisted, with_error=True
    )
    assert (error > 0).all()
    assert error.max() < 0.02
    assert (np.abs(p - exact) < 4.5 * error).all()
    assert (exact > 0.02).any()
    width, spread = good_cone_width(
        X, y, 1e-3, 0.5, measure=measure, coupons=unlisted, with_error=True
    )
    assert (
        abs(width - good_cone_width(X, y, 1e-3, 0.5, measure=measure, coupons=coupons))
        < 4.5 * spread + 1
    )


@given(problems(), st.sampled_from(["counting", "gaussian"]), st.floats(0.01, 0.99))
def test_the_width_for_a_share_is_the_least(problem, measure, share):
    X, y, fraction = problem
    lam = fraction * (lambda_max(X, y) or 1.0)
    coupons = find_coupons(X, y, lam)
    settings = {"measure": measure, "samples": 1000, "coupons": coupons}
    width = good_cone_width(X, y, lam, share, **settings)
    assert good_cone_probability(X, y, lam, width, **settings) >= share
    if width > 1:
        assert good_cone_probability(X, y, lam, width - 1, **settings) < share


# ---- many coupons --------------------------------------------------------------------------------


def wiggly(n, slope=20.0):
    """Points on a line, with a bias, and labels that go up and down about a line: one neuron for
    almost every turn.

    A steep line leaves no freedom in which way each neuron opens. Without it, every neuron can be
    turned round.
    """
    t = np.linspace(-1, 1, n)
    return np.column_stack([t, np.ones(n)]), np.where(np.arange(n) % 2, 1.0, -1.0) + slope * n * t


@pytest.mark.parametrize("n", [8, 12, 15, 16, 24])
def test_few_and_many_coupons_follow_one_formula(n):
    X, y = wiggly(n)
    coupons = find_coupons(X, y, 1e-3)
    k = len(coupons.signs)
    assert k >= n - 2
    (support,) = coupons.supports
    assert sorted(support) == list(range(k))
    sizes = coupons.holds.sum(axis=0)
    for m in (k - 1, k, 2 * k, 10 * k, 100 * k, 1000 * k):
        # The sizes repeat, so the sum over subsets is one over how many of each size are missed.
        values, numbers = np.unique(sizes, return_counts=True)
        total = Fraction(0)
        for missed in product(*(range(c + 1) for c in numbers)):
            ways = np.prod(
                [comb(int(c), j) for c, j in zip(numbers, missed, strict=True)], dtype=object
            )
            lost = Fraction(int(np.dot(values, missed)), 2 * coupons.count)
            total += (-1) ** sum(missed) * ways * (1 - lost) ** m
        assert good_cone_probability(X, y, 1e-3, m) == pytest.approx(float(total), abs=1e-10)


@pytest.mark.parametrize("n", [15, 24])
def test_many_coupons_by_simulation_under_both_measures(n):
    X, y = wiggly(n)
    coupons = find_coupons(X, y, 1e-3)
    assert len(coupons.signs) > 12
    for measure in ("counting", "gaussian"):
        masses = coupons.holds.sum(axis=0) / (2 * coupons.count)
        if measure == "gaussian":
            masses = cell_measures(X, coupons.patterns) @ coupons.holds / 2
        m = int(3 / masses.min())
        p = good_cone_probability(X, y, 1e-3, m, measure=measure)
        rng = np.random.default_rng(0)
        draws = rng.multinomial(m, np.append(masses, 1 - masses.sum()), size=4000)
        hits = (draws[:, :-1] > 0).all(axis=1)
        assert 0.05 < p < 0.999
        assert abs(hits.mean() - p) < 4.5 * np.sqrt(p * (1 - p) / 4000)


def test_a_grid_of_widths_keeps_its_shape():
    X, y = data.five_points()
    widths = np.array([[5, 10], [20, 40]])
    p, error = good_cone_probability(X, y, 0.01, widths, with_error=True)
    assert p.shape == error.shape == (2, 2)
    assert (error == 0).all()
    for index, m in np.ndenumerate(widths):
        assert p[index] == pytest.approx(good_cone_probability(X, y, 0.01, int(m)), abs=1e-14)
    assert isinstance(good_cone_probability(X, y, 0.01, 5), float)


# ---- drawing cones -------------------------------------------------------------------------------


@pytest.mark.parametrize("measure", ["counting", "gaussian"])
def test_drawn_cones_hold_a_global_minimum_as_often_as_stated(measure):
    X, y = data.five_points()
    lam, m, runs = 0.01, 30, 3000
    coupons = find_coupons(X, y, lam)
    rng = np.random.default_rng(1)
    hits = [coupons.collected_by(*draw_cone(X, m, rng, measure=measure)) for _ in range(runs)]
    p = good_cone_probability(X, y, lam, m, measure=measure)
    assert 0.02 < p < 0.98
    assert abs(np.mean(hits) - p) < 4 * np.sqrt(p * (1 - p) / runs)


def test_drawn_cones_are_open_cells_drawn_evenly_and_reproducibly():
    X = np.random.default_rng(0).standard_normal((5, 2))
    patterns, signs = draw_cone(X, 20_000, seed=3)
    again = draw_cone(X, 20_000, seed=3)
    np.testing.assert_array_equal(patterns, again[0])
    np.testing.assert_array_equal(signs, again[1])
    found, hits = np.unique(patterns, axis=0, return_counts=True)
    np.testing.assert_array_equal(found, activation_patterns(X))
    assert np.abs(hits - 2000).max() < 5 * np.sqrt(1800)
    assert abs(signs.sum()) < 5 * np.sqrt(20_000)
    gaussian, _ = draw_cone(X, 20_000, seed=np.random.default_rng(3), measure="gaussian")
    found, hits = np.unique(gaussian, axis=0, return_counts=True)
    shares = cell_measures(X, found)
    assert (np.abs(hits - 20_000 * shares) < 5 * np.sqrt(20_000 * shares) + 1).all()


# ---- estimated measures --------------------------------------------------------------------------


def test_the_stated_error_is_the_scatter_over_seeds():
    X, y = data.gaussian_teacher(5, 4, seed=1)
    m, seeds_used = 60, 24
    results = np.array(
        [
            good_cone_probability(
                X, y, 0.05, m, measure="gaussian", samples=4000, seed=s, with_error=True
            )
            for s in range(seeds_used)
        ]
    )
    p, errors = results.T
    assert 0.02 < p.mean() < 0.98
    # Sum of squared scores: chi-squared with 23 degrees of freedom, widened for the error of the
    # stated errors.
    scores = (p - p.mean()) / errors
    assert 0.35 < scores @ scores / (seeds_used - 1) < 2.5
    # Simulated cones, counted, give the same number.
    coupons, rng = find_coupons(X, y, 0.05), np.random.default_rng(99)
    hits = np.mean(
        [coupons.collected_by(*draw_cone(X, m, rng, measure="gaussian")) for _ in range(2000)]
    )
    spread = np.hypot(np.sqrt(p.mean() * (1 - p.mean()) / 2000), p.std() / np.sqrt(seeds_used))
    assert abs(hits - p.mean()) < 4 * spread


def test_estimates_are_reproducible_and_get_better_with_samples():
    X, y = data.gaussian_teacher(5, 4, seed=1)
    few = good_cone_probability(
        X, y, 0.05, 60, measure="gaussian", samples=2000, seed=5, with_error=True
    )
    assert few == good_cone_probability(
        X, y, 0.05, 60, measure="gaussian", samples=2000, seed=5, with_error=True
    )
    many = good_cone_probability(
        X, y, 0.05, 60, measure="gaussian", samples=60_000, seed=6, with_error=True
    )
    assert many[1] < few[1] / 2
    assert abs(few[0] - many[0]) < 4.5 * np.hypot(few[1], many[1])


@pytest.mark.parametrize("n", [4, 9])
def test_the_narrowest_coupon_is_measured_in_proportion(n):
    # Orthogonal points with labels of one sign: the only coupon is an orthant, of measure 2^-n,
    # with a sign.
    width, error = good_cone_width(
        np.eye(n), np.ones(n), 1e-3, 0.5, measure="gaussian", samples=40_000, with_error=True
    )
    truth = np.log(0.5) / np.log1p(-(2.0 ** -(n + 1)))
    assert error < 0.1 * truth + 1
    assert abs(width - truth) < 4.5 * error + 1


def test_rays_measure_any_cone():
    """Solid angles by rays against those by Gaussian vectors, at directions on walls and off."""
    X, y = data.gaussian_teacher(7, 4, seed=2)
    coupons = find_coupons(X, y, 0.02)
    w = np.random.default_rng(1).standard_normal((400_000, 4))
    active = w @ X.T > 0
    exact = np.zeros(len(coupons.signs))
    for i in range(len(coupons.signs)):
        off = np.abs(X @ coupons.directions[i]) > 1e-9
        exact[i] = (active[:, off] == (X[off] @ coupons.directions[i] > 0)).all(axis=1).mean() / 2
    m = int(1 / exact.min())
    p, error = good_cone_probability(X, y, 0.02, m, measure="gaussian", with_error=True)
    subsets = np.array(list(product([0, 1], repeat=len(exact)))) == 1
    truth = sum((-1) ** s.sum() * (1 - exact[s].sum()) ** m for s in subsets)
    assert 0.05 < truth < 0.95
    assert abs(p - truth) < 4.5 * error + 0.01


def test_the_cone_values_of_the_oracle_agree_on_one_good_and_one_bad_cone():
    X, y, lam = SMALL["three points in the plane"]
    coupons = find_coupons(X, y, lam)
    holders = [int(np.flatnonzero(column)[0]) for column in coupons.holds.T]
    patterns, signs = coupons.patterns[holders], coupons.pattern_signs[holders]
    best = solve_global(X, y, lam).value
    assert cone_value(X, y, lam, patterns, signs) == pytest.approx(best, rel=1e-7)
    assert cone_value(X, y, lam, patterns[1:], signs[1:]) > best * (1 + 1e-4)


def test_coupons_of_an_optimum_that_is_not_known_are_refused(monkeypatch):
    import dataclasses

    from relucones.convex import tight

    def unfinished(*arguments, **options):
        solution = solve_global(*arguments, **options)
        return dataclasses.replace(solution, lower_bound=solution.value * (1 - 1e-3))

    monkeypatch.setattr(tight, "solve_global", unfinished)
    with pytest.raises(
        ValueError, match=r"lam is 0.02, too small here: a relative gap of 1.0e-03 is left"
    ):
        find_coupons(*data.five_points(), 0.02)


@pytest.mark.parametrize("apart", [1e-6, 1e-5, 1e-4])
def test_points_that_are_nearly_parallel_have_the_coupons_of_their_cells(apart):
    """Every cone of one and of two neurons is solved: it holds a global minimum or it does not."""
    rng = np.random.default_rng(0)
    for _ in range(6):
        X = rng.standard_normal((3, 2))
        X[1] = X[0] + apart * rng.standard_normal(2)
        y = rng.standard_normal(3)
        lam = 0.05 * lambda_max(X, y)
        try:
            coupons = find_coupons(X, y, lam)
        except ValueError:
            continue
        patterns = activation_patterns(X)
        signed = [(p, s) for p in patterns for s in (1, -1)]
        best = solve_global(X, y, lam)
        for m in (1, 2):
            good = [
                solve_cone(X, y, lam, *map(np.array, zip(*cone, strict=True))).lower_bound
                <= best.value * (1 + 1e-9)
                for cone in product(signed, repeat=m)
            ]
            share = good_cone_probability(X, y, lam, m, coupons=coupons)
            assert share == pytest.approx(np.mean(good), abs=1e-12)
        assert 0 <= good_cone_probability(X, y, lam, 2, measure="gaussian", coupons=coupons) <= 1


def test_a_coupon_beside_two_walls_is_held_by_the_cells_around_it_alone():
    # The second point's wall is 1e-9 radians beside that of the first, on which a coupon lies.
    X = [[1.2385828513765138, -0.03173910250755441], [1.2385829152211505, -0.031739115436110514]]
    X, y = [*X, [0.5201656335272244, 1.2079370503495324]], [1.87635542552518, -1.354632695121431]
    y = [*y, -0.5708927140606489]
    lam = 0.00784412669850986
    assert good_cone_probability(X, y, lam, 2) == pytest.approx(1 / 18, rel=1e-12)
    assert 0 < good_cone_probability(X, y, lam, 2, measure="gaussian") < 1


def test_points_opposite_up_to_rounding_share_their_wall_with_the_coupons_too():
    turns = np.pi * np.array([0.75, 1.0, 0.0, 0.0, 0.75])
    X = np.column_stack([np.cos(turns), np.sin(turns)])  # sin(pi) is 1.2e-16
    exact = X.copy()
    exact[1] = [-1.0, 0.0]
    y, lam = [0.0, -1.0, -1.0, -1.0, 1.0], 0.1086
    coupons = find_coupons(X, y, lam)
    cells = activation_patterns(X).tolist()
    assert all(pattern in cells for pattern in coupons.patterns.tolist())
    for measure in ("counting", "gaussian"):
        share = good_cone_probability(X, y, lam, [3, 10], measure=measure)
        meant = good_cone_probability(exact, y, lam, [3, 10], measure=measure)
        np.testing.assert_allclose(share, meant, rtol=1e-9)


def test_a_coupon_on_a_wall_without_a_bend_is_held_from_both_sides():
    """The points on the wall of (1, 0) have no price, so nothing pushes the coupon onto it; it lies
    there all the same."""
    X = [[-1, 0], [-1, 1], [0, 1], [1, 0], [-1, -2], [2, 0], [-1, 0], [0, 1]]
    y, lam = [1, 1, -1, 1, -1, 1, 1, -1], 0.005076376028186147
    coupons = find_coupons(X, y, lam)
    flat = np.abs(coupons.directions[:, 0]) > 0.99
    assert flat.sum() == 2
    assert coupons.holds.sum(axis=0)[flat].tolist() == [2, 2]
