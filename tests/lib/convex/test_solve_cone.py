"""One cone: constraints, duality, multipliers, and its place between the cones it contains and the
whole program."""

import numpy as np
import pytest
from hypothesis import given

from oracles import cone_value, linear_neuron_value
from relucones import (
    Network,
    activation_patterns,
    certify,
    draw_cone,
    lambda_max,
    solve_cone,
    solve_global,
)
from strategies import problems, seeds


def cone(X, seed, most=5):
    """Signed patterns of open cells, sometimes with one of no cell at all."""
    rng = np.random.default_rng(seed)
    patterns, signs = draw_cone(X, int(rng.integers(1, most + 1)), rng)
    if seed % 4 == 0:
        patterns = np.vstack([patterns, rng.random(len(X)) < 0.5])
        signs = np.append(signs, 1)
    return patterns, signs


def strength(X, y, share):
    return share * (lambda_max(X, y) or 1.0)


@given(problems(), seeds)
def test_primal_meets_dual_and_the_constraints_hold(problem, seed):
    X, y, share = problem
    lam, n = strength(X, y, share), len(y)
    patterns, signs = cone(X, seed)
    s = solve_cone(X, y, lam, patterns, signs)
    assert 0 <= s.gap <= 1e-7 * s.value + 1e-20
    # The network is the claimed one, and its neurons lie in closed cones of the given patterns with
    # their signs.
    assert s.network.loss(X, y, lam) == pytest.approx(s.value, rel=1e-12, abs=1e-15)
    slack = 1e-5 * np.linalg.norm(X, axis=1)
    for u, sign in zip(s.directions, s.signs, strict=True):
        inside = ((2 * patterns - 1) * (X @ u) >= -slack).all(axis=1) & (signs == sign)
        assert inside.any()
    # The multipliers and the dual vector prove the bound: |D X'nu s + (2D - I) X'mu| <= 2 lam with
    # mu >= 0.
    assert s.multipliers.shape == patterns.shape
    assert s.multipliers.min() >= -1e-7 * (1 + np.abs(y).max())
    pulls = (signs[:, None] * patterns * s.dual + (2 * patterns - 1) * s.multipliers) @ X
    assert np.linalg.norm(pulls, axis=1).max() <= 2 * lam * (1 + 1e-9)
    assert y @ s.dual - n / 4 * s.dual @ s.dual == pytest.approx(s.lower_bound, rel=1e-8, abs=1e-12)


@given(problems(), seeds)
def test_multipliers_act_only_on_walls_that_a_neuron_touches(problem, seed):
    X, y, share = problem
    lam = strength(X, y, share)
    patterns = np.unique(cone(X, seed, most=3)[0], axis=0)
    signs = np.where(np.arange(len(patterns)) % 2, -1, 1)
    s = solve_cone(X, y, lam, patterns, signs)
    for u, sign, c in zip(s.directions, s.signs, s.weights, strict=True):
        inside = ((2 * patterns - 1) * (X @ u) >= -1e-5 * np.linalg.norm(X, axis=1)).all(axis=1) & (
            signs == sign
        )
        if inside.sum() == 1 and c > 1e-3 * s.weights.max():
            work = s.multipliers[inside][0] * c * (X @ u)
            assert np.abs(work).max() <= 1e-6 * max(s.value, 1e-3)


@given(problems(most=5), seeds)
def test_the_value_is_that_of_the_program_in_the_book(problem, seed):
    X, y, share = problem
    lam = strength(X, y, share)
    patterns, signs = cone(X, seed, most=4)
    expected = cone_value(X, y, lam, patterns, signs)
    assert solve_cone(X, y, lam, patterns, signs).value == pytest.approx(
        expected, rel=1e-6, abs=1e-8
    )


@given(problems(), seeds)
def test_a_pattern_given_twice_counts_once(problem, seed):
    X, y, share = problem
    lam = strength(X, y, share)
    patterns, signs = cone(X, seed, most=3)
    once = solve_cone(X, y, lam, patterns, signs)
    twice = solve_cone(
        X, y, lam, np.vstack([patterns, patterns[::-1]]), np.append(signs, signs[::-1])
    )
    assert twice.value == pytest.approx(once.value, rel=1e-8, abs=1e-10)
    assert twice.multipliers.shape == (2 * len(patterns), len(y))


@given(problems(), seeds)
def test_no_cone_is_below_the_global_minimum_and_more_patterns_never_hurt(problem, seed):
    X, y, share = problem
    lam = strength(X, y, share)
    patterns, signs = cone(X, seed)
    best = solve_global(X, y, lam)
    part = solve_cone(X, y, lam, patterns[:1], signs[:1])
    whole = solve_cone(X, y, lam, patterns, signs)
    slack = 1e-9 * np.mean(y**2)
    assert best.lower_bound <= whole.value + slack
    assert whole.value <= part.value * (1 + 1e-8) + slack


@given(problems(most=5))
def test_all_signed_patterns_together_reach_the_global_minimum(problem):
    X, y, share = problem
    lam = strength(X, y, share)
    patterns = activation_patterns(X)
    s = solve_cone(X, y, lam, np.vstack([patterns, patterns]), np.repeat([1, -1], len(patterns)))
    assert s.value == pytest.approx(solve_global(X, y, lam).value, rel=1e-7, abs=1e-9)


def test_one_positive_neuron_active_everywhere_is_the_linear_problem():
    rng = np.random.default_rng(0)
    X = np.abs(rng.standard_normal((6, 3)))
    y = X @ np.array([1.0, 2.0, 0.5])  # its minimiser keeps every point active, so no wall matters
    s = solve_cone(X, y, 0.05, np.ones((1, 6), bool), [1])
    assert s.value == pytest.approx(linear_neuron_value(X, y, 0.05), rel=1e-9)
    assert not s.vanishing.any()


def test_the_minimiser_of_an_orthogonal_cone_keeps_the_labels_it_can_reach():
    # Orthonormal points: a positive neuron active on A fits (1 - n lam / |y_A+|)+ of the positive
    # labels in A.
    X, y, lam = np.eye(4), np.array([3.0, 1.0, -2.0, 2.0]), 0.1
    s = solve_cone(X, y, lam, [[True, False, True, False], [False, False, True, True]], [1, -1])
    positive, negative = 3.0, 2.0
    left = (1.0**2 + 2.0**2) / 4
    expected = sum(2 * lam * part - 4 * lam**2 for part in (positive, negative)) + left
    assert s.value == pytest.approx(expected, rel=1e-9)
    assert certify(s.network, X, y, lam).verdict == "spurious stationary point"


@pytest.mark.parametrize("factor", [1.0, 10.0, 1e6])
def test_strong_weight_decay_leaves_exactly_nothing(factor):
    rng = np.random.default_rng(1)
    X, y = rng.standard_normal((5, 3)), rng.standard_normal(5)
    s = solve_cone(X, y, 1.01 * factor * lambda_max(X, y), activation_patterns(X), np.ones(22, int))
    assert len(s.weights) == 0
    assert s.value == pytest.approx(np.mean(y**2), rel=1e-12)
    assert s.gap <= 1e-9 * s.value


def test_a_penalty_beyond_reason_is_solved_or_refused_by_name():
    s = solve_cone(np.eye(3), np.ones(3), 1e300, [[True, True, True]], [1])
    assert len(s.weights) == 0


def test_a_tiny_penalty_where_no_wall_is_free():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((5, 3)), rng.standard_normal(5)
    s = solve_cone(X, y, 1e-14, [[True] * 5], [1])
    assert s.gap <= 1e-6 * s.value


def test_scaling_data_labels_and_penalty_scales_the_solution():
    rng = np.random.default_rng(2)
    X, y, lam = rng.standard_normal((6, 3)), rng.standard_normal(6), 0.01
    patterns, signs = draw_cone(X, 4, 0)
    s = solve_cone(X, y, lam, patterns, signs)
    for c, b in ((1e4, 1e-3), (1e-5, 1e5)):
        t = solve_cone(c * X, b * y, b * c * lam, patterns, signs)
        assert t.value == pytest.approx(b**2 * s.value, rel=1e-8)


def test_labels_zero_leave_no_neuron():
    s = solve_cone(np.eye(3), np.zeros(3), 0.1, [[True, True, False]], [1])
    assert (s.value, len(s.weights)) == (0.0, 0)
    assert s.gap < 1e-20


def test_a_neuron_that_is_rounding_does_not_lead_out_of_the_cone():
    """Many signed patterns; the interior-point solver may leave a tiny neuron just beside them, on
    a face where much is to be gained."""
    from relucones import data

    X, y = data.gaussian_teacher(4, 5, seed=50)
    worst = 0.0
    for seed in range(40):
        patterns, signs = draw_cone(X, 20, seed)
        s = solve_cone(X, y, 0.01, patterns, signs)
        assert s.value == pytest.approx(cone_value(X, y, 0.01, patterns, signs), rel=1e-7)
        worst = max(worst, s.relative_gap)
    assert worst < 1e-7


@given(problems(), seeds)
def test_a_network_beside_the_cone_may_gain_what_its_walls_are_worth_and_no_more(problem, seed):
    """For neurons that miss walls by eps_i: loss >= bound - sum_i (mu_i + |nu_i|) eps_i."""
    X, y, share = problem
    lam = strength(X, y, share)
    patterns, signs = cone(X, seed, most=3)
    s = solve_cone(X, y, lam, patterns, signs)
    rng = np.random.default_rng(seed)
    size = 1e-3 * np.linalg.norm(y) / (np.linalg.norm(X, axis=1).max() or 1.0)
    V = s.weights[:, None] * s.directions
    for _ in range(5):
        moved = V + size * rng.standard_normal(V.shape) * rng.random((len(V), 1)) ** 4
        weights = np.linalg.norm(moved, axis=1)
        network = Network.from_directions(moved / weights[:, None], s.signs, weights)
        missed = np.maximum(-(2 * patterns - 1) * (moved @ X.T)[:, None], 0)
        worth = (missed * (s.multipliers + np.abs(s.dual))).sum(axis=2)
        worth[s.signs[:, None] != signs] = np.inf
        least = s.lower_bound - worth.min(axis=1, initial=np.inf).sum()
        assert network.loss(X, y, lam) >= least - 1e-12 * np.mean(y**2)
