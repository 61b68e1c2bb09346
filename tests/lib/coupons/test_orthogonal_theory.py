"""Orthogonal data: the closed forms, and that training switches neurons off and never
on again."""

from collections import deque
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracles import orthonormal_value
from relucones import (
    Network,
    certify,
    data,
    draw_cone,
    find_coupons,
    good_cone_probability,
    lambda_max,
    solve_cone,
    solve_global,
)
from strategies import seeds

MIXED = np.array([1, 0.8, 1.2, -1, -0.7, -1.1])


@st.composite
def orthonormal(draw, most=5):
    """Orthonormal points, labels with zeros and unequal classes, and a weight decay at which none,
    one or both classes are worth a neuron, by a clear margin.
    """
    n = draw(st.integers(1, most))
    y = np.array(
        draw(
            st.lists(
                st.sampled_from([-2.0, -1.0, -0.3, 0.0, 0.3, 0.7, 1.0]), min_size=n, max_size=n
            )
        )
    )
    lam = draw(st.sampled_from([0.003, 0.04, 0.13, 0.5, 1.7]))
    X, _ = data.orthogonal(n, n + draw(st.integers(0, 2)), seed=draw(seeds))
    return X, y, lam


def needed(y, lam):
    """The classes of labels that are worth a neuron, with their signs."""
    classes = [(s, s * y > 0) for s in (1, -1)]
    return [(s, C) for s, C in classes if np.linalg.norm(y[C]) > len(y) * lam]


def chance(sizes, m):
    """The closed form, for needed classes of these sizes."""
    p = [2.0 ** (-size - 1) for size in sizes]
    if len(p) < 2:
        return 1 - (1 - p[0]) ** m if p else 1.0
    return 1 - (1 - p[0]) ** m - (1 - p[1]) ** m + (1 - sum(p)) ** m


def holds(patterns, signs, y, lam):
    """Whether for each needed class one of these neurons has its sign and is active on all of
    it."""
    return all(((signs == s) & patterns[:, C].all(axis=1)).any() for s, C in needed(y, lam))


# ---- the optimum ---------------------------------------------------------------------------------


@given(orthonormal())
def test_closed_form_of_the_optimum(problem):
    X, y, lam = problem
    solution = solve_global(X, y, lam)
    assert solution.value == pytest.approx(orthonormal_value(y, lam), rel=1e-7, abs=1e-12)
    directions = [(s, X.T @ (s * y * C) / np.linalg.norm(y[C])) for s, C in needed(y, lam)]
    weights = [np.linalg.norm(y[C]) - len(y) * lam for _, C in needed(y, lam)]
    if directions:
        units, signs = np.array([u for _, u in directions]), np.array([s for s, _ in directions])
        best = Network.from_directions(units, signs, np.array(weights))
        assert best.loss(X, y, lam) == pytest.approx(orthonormal_value(y, lam), rel=1e-12)
        assert certify(best, X, y, lam).is_global
    assert len(solution.weights) == len(directions)


def test_a_class_exactly_at_its_threshold_needs_no_neuron():
    X, y = np.eye(3), np.array([1.5, -0.3, 0.0])
    assert solve_global(X, y, 0.1).weights == pytest.approx([1.2])  # |y_Q| = n lam
    assert good_cone_probability(X, y, 0.1, 3) == pytest.approx(chance([1], 3))


def test_beyond_lambda_max_every_cone_is_good():
    X, y = np.eye(6), MIXED
    largest = max(np.linalg.norm(y[y > 0]), np.linalg.norm(y[y < 0])) / 6
    assert lambda_max(X, y) == pytest.approx(largest)
    # A bound of the form m 2^(-n/2) for every lambda would be false here.
    assert good_cone_probability(X, y, 1.01 * largest, 1) == 1 > 2.0**-3


# ---- good cones ----------------------------------------------------------------------------------


@given(orthonormal(), st.integers(1, 40))
def test_probability_and_its_bounds(problem, m):
    X, y, lam = problem
    sizes = [C.sum() for _, C in needed(y, lam)]
    exact = chance(sizes, m)
    for measure in ("counting", "gaussian") if len(y) <= 3 else ("counting",):
        assert good_cone_probability(X, y, lam, m, measure) == pytest.approx(exact, abs=1e-9)
    if sizes:
        assert exact <= m * 2.0 ** (-max(sizes) - 1) + 1e-12
        eps = 0.1
        assert chance(sizes, int(np.ceil(2 ** (max(sizes) + 1) * np.log(2 / eps)))) >= 1 - eps
    if len(sizes) == 2:
        assert exact <= m * (m - 1) * 2.0 ** (-sum(sizes) - 2) + 1e-12


@pytest.mark.parametrize("y", [[1.0, -0.7], [1.0, 0.5], [1.0, -0.8, 0.0], [1.0, 0.8, -0.6]])
def test_probability_counts_all_cones_of_width_two(y):
    y, n = np.array(y), len(y)
    best = orthonormal_value(y, 0.05)
    patterns = np.array(list(product([False, True], repeat=n)))
    signed = [(D, s) for D in patterns for s in (1, -1)]
    good = 0
    for first, second in product(range(len(signed)), repeat=2):
        chosen = np.array([signed[first][0], signed[second][0]])
        signs = np.array([signed[first][1], signed[second][1]])
        solved = solve_cone(np.eye(n), y, 0.05, chosen, signs).value < best * (1 + 1e-7)
        assert solved == holds(chosen, signs, y, 0.05)
        good += solved
    assert good / len(signed) ** 2 == pytest.approx(
        chance([C.sum() for _, C in needed(y, 0.05)], 2), abs=1e-12
    )


@given(st.integers(0, 1000))
def test_rotation_invariant_laws_that_are_not_gaussian(seed):
    rng = np.random.default_rng(seed)
    X, _ = data.orthogonal(3, 4, seed=rng)
    W = rng.standard_normal((8000, 4))
    W *= rng.pareto(1.0, (8000, 1)) + 0.1  # lengths of any law
    share = np.bincount((W @ X.T > 0) @ [4, 2, 1], minlength=8) / 8000
    assert np.abs(share - 1 / 8).max() < 6 * np.sqrt(1 / 8 * 7 / 8 / 8000)


# ---- stationary points ---------------------------------------------------------------------------


@given(seeds, st.integers(1, 6))
def test_every_cone_has_a_stationary_minimiser(seed, m):
    X, y = data.orthogonal(4, 5, seed=seed, labels=MIXED[1:5])
    patterns, signs = draw_cone(X, m, seed)
    network = solve_cone(X, y, 0.05, patterns, signs).network
    found = certify(network, X, y, 0.05, wall_tol=1e-5, stationarity_tol=1e-3)
    assert found.verdict == (
        "global minimum" if holds(patterns, signs, y, 0.05) else "spurious stationary point"
    )


def test_generic_points_have_cones_without_a_stationary_minimiser():
    X, y = data.gaussian_teacher(4, 3, seed=1)
    verdicts = []
    for seed in range(20):
        network = solve_cone(X, y, 0.05, *draw_cone(X, 4, seed)).network
        verdicts.append(certify(network, X, y, 0.05, wall_tol=1e-5, stationarity_tol=1e-3).verdict)
    assert "not stationary" in verdicts


def test_local_minima_above_the_best_value_have_one_sign():
    # Both signs, a non-zero positive neuron that misses a point of P: stationary, but a small move
    # lowers the loss.
    lam, y = 0.05, np.array([1.0, 1.0, -1.0])
    W = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]) * np.sqrt(1 - 3 * lam)
    stuck = Network(W, [np.sqrt(1 - 3 * lam), -np.sqrt(1 - 3 * lam)])
    assert certify(stuck, np.eye(3), y, lam).verdict == "spurious stationary point"
    moved = Network(W + [[0, 1e-4, 0], [0, 0, 0]], stuck.a)
    assert moved.loss(np.eye(3), y, lam) < stuck.loss(np.eye(3), y, lam) - 1e-6
    # All neurons positive: no small move helps, although the loss is above p*.
    length = np.sqrt(2) - 3 * lam
    alone = Network(np.sqrt(length) * np.array([[1.0, 1.0, 0.0]]) / np.sqrt(2), [np.sqrt(length)])
    value, rng = alone.loss(np.eye(3), y, lam), np.random.default_rng(0)
    assert value > orthonormal_value(y, lam) + 0.1
    for _ in range(2000):
        step = 1e-3 * rng.standard_normal((1, 3))
        assert (
            Network(alone.W + step, alone.a + 1e-3 * rng.standard_normal(1)).loss(np.eye(3), y, lam)
            >= value - 1e-15
        )


# ---- training ------------------------------------------------------------------------------------


def descend(X, y, lam, W, a, eta, steps, batches=None):
    """Gradient descent from (W, a); yields the weights after every step."""
    for t in range(steps):
        rows = np.arange(len(y)) if batches is None else batches[t]
        hidden = np.maximum(W @ X[rows].T, 0)
        pull = 2 / len(rows) * (y[rows] - hidden.T @ a)
        step_W = a[:, None] * (((hidden > 0) * pull) @ X[rows]) - 2 * lam * W
        W, a = W + eta * step_W, a + eta * (hidden @ pull - 2 * lam * a)
        yield W, a


def end(*arguments):
    """The weights after the last step."""
    return deque(descend(*arguments), maxlen=1).pop()


def start(m, d, alpha, rng):
    W = alpha * rng.standard_normal((m, d))
    return W, rng.choice([-1.0, 1.0], m) * np.linalg.norm(W, axis=1)


# Along the axes rounding cannot lift a bit: w . x_k is one coordinate of w.
@given(
    seeds,
    st.sampled_from([0.01, 0.5, 3.0]),
    st.sampled_from([0.02, 0.2]),
    st.booleans(),
    st.booleans(),
)
def test_bits_only_go_out(seed, alpha, eta, batched, scaled):
    rng = np.random.default_rng(seed)
    n, lam = 5, 0.1
    X = np.diag(rng.uniform(0.5, 1.5, n)) if scaled else np.eye(n)
    y = rng.standard_normal(n)
    W, a = start(6, n, alpha, rng)
    batches = rng.integers(n, size=(300, 2)) if batched else None
    on = W @ X.T > 0
    for moved, _ in descend(X, y, lam, W, a, eta, 300, batches):
        assert not ((moved @ X.T > 0) & ~on).any()
        on = moved @ X.T > 0


def test_noise_in_the_weights_frees_a_stuck_run_and_mini_batches_do_not():
    """A positive neuron misses one of two positive points; the labels are 1, 1, -1."""
    X, y, lam, eta = np.eye(3), np.array([1.0, 1.0, -1.0]), 0.05, 0.2
    W, a = np.array([[1.0, -1e-3, 0.0], [0.0, 0.0, 1.0]]), np.array([1.0, -1.0])
    rng = np.random.default_rng(0)
    batches = [rng.choice(3, 2, replace=False) for _ in range(3000)]
    for moved, _ in descend(X, y, lam, W, a, eta, 3000, batches):
        assert moved[0, 1] <= 0
    noisy, b = W, a
    for _ in range(3000):
        noisy, b = end(X, y, lam, noisy, b, eta, 1)
        noisy = noisy + 1e-12 * rng.standard_normal(W.shape)
    assert noisy[0, 1] > 0.5
    gap = Network(noisy, b).loss(X, y, lam) / orthonormal_value(y, lam) - 1
    assert (
        gap
        < 1e-6
        < Network(*end(X, y, lam, W, a, eta, 3000)).loss(X, y, lam) / orthonormal_value(y, lam) - 1
    )


def test_a_step_beyond_one_over_two_lambda_switches_bits_on():
    W, a = np.array([[-1.0, 1.0]]), np.array([1.0])
    (after, _), *_ = descend(np.eye(2), np.ones(2), 1.0, W, a, 0.6, 1)
    assert after[0, 0] > 0


def test_points_that_are_not_orthogonal_switch_a_bit_on():
    # The neuron is off at x_2; x_1 pulls it up there, since x_1 . x_2 = 0.6.
    X, y = np.array([[1.0, 0.0], [0.6, 0.8]]), np.array([2.0, 2.0])
    W, a = np.array([[0.5, -0.4]]), np.array([0.6])
    assert (W @ X.T > 0).tolist() == [[True, False]]
    assert (end(X, y, 0.01, W, a, 0.1, 20)[0] @ X.T > 0).all()
    # At right angles the same bits stay.
    assert (W @ np.eye(2) > 0).tolist() == [[True, False]]
    for moved, _ in descend(np.eye(2), y, 0.01, W, a, 0.1, 2000):
        assert (moved > 0).tolist() == [[True, False]]


@pytest.mark.parametrize("y", [MIXED[[0, 1, 3, 4]], np.abs(MIXED[:3])])
def test_small_starts_reach_the_optimum_exactly_from_good_cones(y):
    lam, reached, good = 0.1, [], []
    best = orthonormal_value(y, lam)
    for seed in range(12):
        W, a = start(6, len(y), 0.01, np.random.default_rng(seed))
        good.append(holds(W > 0, np.sign(a).astype(int), y, lam))
        gap = (
            Network(*end(np.eye(len(y)), y, lam, W, a, 0.4, 2500)).loss(np.eye(len(y)), y, lam)
            / best
            - 1
        )
        assert gap < 1e-6 or gap > 1e-2  # no run is in doubt
        reached.append(gap < 1e-6)
    assert reached == good
    assert 0 < sum(good) < 12


def test_a_large_start_can_lose_its_good_cone_but_never_win_one():
    lam, counts = 0.1, {(False, False): 0, (True, False): 0, (True, True): 0, (False, True): 0}
    for seed in range(40):
        W, a = start(8, 6, 1.5, np.random.default_rng(seed))
        before = holds(W > 0, np.sign(a).astype(int), MIXED, lam)
        W, a = end(np.eye(6), MIXED, lam, W, a, 0.02, 3000)
        counts[before, holds(W > 0, np.sign(a).astype(int), MIXED, lam)] += 1
    assert counts[False, True] == 0
    assert counts[True, False] > 0


def test_tilted_points_let_bad_starts_succeed():
    X = data.correlated(6, 7, 0.1, seed=0).X
    best, coupons = solve_global(X, MIXED, 0.1).value, find_coupons(X, MIXED, 0.1)
    repaired = 0
    for seed in range(6):
        W, a = start(8, 7, 0.01, np.random.default_rng(seed))
        good = coupons.collected_by(W @ X.T > 0, np.sign(a).astype(int))
        network = Network(*end(X, MIXED, 0.1, W, a, 0.1, 4000))
        repaired += not good and network.loss(X, MIXED, 0.1) < 1.01 * best
    assert repaired > 2


# ---- fitting -------------------------------------------------------------------------------------


def test_the_cones_that_hold_an_exact_fit():
    y, m = np.array([1.0, -0.5, 0.0]), 2
    patterns = np.array(list(product([False, True], repeat=3)))
    signed = [(D, s) for D in patterns for s in (1, -1)]
    fits = 0
    for pair in product(signed, repeat=m):
        chosen, signs = np.array([D for D, _ in pair]), np.array([s for _, s in pair])
        claimed = all(((signs == np.sign(y[k])) & chosen[:, k]).any() for k in (0, 1))
        solution = solve_cone(np.eye(3), y, 1e-6, chosen, signs)
        misfit = np.mean((solution.network.predict(np.eye(3)) - y) ** 2)
        assert (misfit < 1e-6) == claimed
        fits += claimed
    exact = sum([1, 2, 1][i] / 4 * (1 - 0.5**i) * (1 - 0.5 ** (m - i)) for i in range(m + 1))
    assert fits / len(signed) ** m == pytest.approx(exact)
