"""Local minima: walls that hold a neuron from both sides, zero neurons, tiny neurons, and small
moves that lower the loss."""

import numpy as np
import pytest
from hypothesis import given

from relucones import (
    Network,
    activation_patterns,
    certify,
    data,
    draw_cone,
    lambda_max,
    solve_cone,
    solve_global,
)
from relucones.convex import Faces
from strategies import problems, seeds

FIVE = data.five_points()


def strength(X, y, share):
    return share * (lambda_max(X, y) or 1.0)


# ---- held from both sides ------------------------------------------------------------------------


def held_by_multiplier(solution, signs, j, k, scale):
    """Whether mu_jk <= -s_j nu_k, and None where the two are too near to tell."""
    room = -signs[j] * solution.dual[k] - solution.multipliers[j, k]
    return None if abs(room) < 1e-4 * scale else room > 0


def flipped(patterns, j, k):
    beyond = patterns.copy()
    beyond[j, k] = not beyond[j, k]
    return beyond


def lone_walls(X, patterns, signs, solution):
    """Pairs (j, k): neuron j of the cone is large, lies on the wall of x_k, and far from all other
    walls."""
    sizes = np.linalg.norm(X, axis=1)
    for u, s, c in zip(solution.directions, solution.signs, solution.weights, strict=True):
        angles = np.abs(X @ u) / np.where(sizes > 0, sizes, 1)
        on = angles < 1e-6
        inside = ((2 * patterns - 1) * (X @ u) >= -1e-6 * sizes).all(axis=1) & (signs == s)
        k = int(np.argmax(on))
        alone = on.sum() == 1 and sizes[k] > 0 and angles[~on].min(initial=1) > 1e-3
        if alone and c > 1e-3 and inside.sum() == 1:
            yield int(np.argmax(inside)), k


def sides_agree(X, y, lam, patterns, signs):
    """Compare the multiplier's verdict with the value behind the wall, wherever both are clear;
    returns the verdicts."""
    here, found = solve_cone(X, y, lam, patterns, signs), []
    for j, k in lone_walls(X, patterns, signs, here):
        scale = np.abs(here.dual).max()
        held = held_by_multiplier(here, signs, j, k, scale)
        beyond = solve_cone(X, y, lam, flipped(patterns, j, k), signs)
        if held is None:
            continue
        found.append(held)
        if held:
            assert beyond.value == pytest.approx(here.value, rel=1e-7)
            both = here.multipliers[j, k] + beyond.multipliers[j, k]
            assert both == pytest.approx(-signs[j] * here.dual[k], abs=1e-3 * scale)
        else:
            assert beyond.value < here.lower_bound
    return found


@given(problems(most=5), seeds)
def test_a_wall_holds_exactly_if_the_multiplier_says_so(problem, seed):
    X, y, share = problem
    rng = np.random.default_rng(seed)
    patterns, signs = draw_cone(X, int(rng.integers(1, 5)), rng)
    sides_agree(X, y, strength(X, y, share), *np_unique(patterns, signs))


def np_unique(patterns, signs):
    """The different signed patterns: copies of one share a neuron between them."""
    rows = np.unique(np.column_stack([patterns, signs]), axis=0)
    return rows[:, :-1].astype(bool), rows[:, -1]


@pytest.mark.parametrize("d", [2, 3])
def test_both_verdicts_occur_on_random_data(d):
    # The property above is not empty: held and free neurons are met many times.
    rng, verdicts = np.random.default_rng(d), []
    for _ in range(60):
        X, y = rng.standard_normal((5, d)), rng.standard_normal(5)
        patterns, signs = np_unique(*draw_cone(X, int(rng.integers(1, 5)), rng))
        verdicts += sides_agree(X, y, 0.1 * lambda_max(X, y), patterns, signs)
    assert verdicts.count(True) > 4
    assert verdicts.count(False) > 4


def test_a_shared_wall_is_no_case_for_the_multiplier():
    # Points 2 and 3 share their wall, and the neuron lies on it: x_3 . v = 0 breaks the assumption.
    # The multiplier says "free", and yet the value behind the wall of x_2 alone is the same.
    X, y, lam = np.array([[1.0, 0], [0, 1], [0, 1]]), np.array([1.0, 2, -3]), 0.05
    here = solve_cone(X, y, lam, [[1, 1, 1]], [1])
    assert here.network.W[0, 0] > 0.5
    assert X[1:] @ here.network.W[0] == pytest.approx(0, abs=1e-9)
    assert here.weights.size == 1
    beyond = solve_cone(X, y, lam, [[1, 0, 1]], [1])
    assert beyond.value == pytest.approx(here.value, abs=1e-9)
    assert here.multipliers[0, 1] >= -1e-9 > -here.dual[1]  # mu_2 > -nu_2: "free to go"
    # Nor is the multiplier fixed: only the sum of the two is.
    assert here.multipliers[0, 1:].sum() == pytest.approx(2 / 3, abs=1e-6)


# ---- zero neurons --------------------------------------------------------------------------------


def better_nearby(network, X, y, lam, reach):
    """A lower loss at a distance of at most `reach`, by one of the moves of the proof; or None.

    The moves: rebalance a neuron, enlarge or shrink it, seat a newcomer on a zero neuron.
    """
    W, a, n = network.W, network.a, len(y)
    loss, tried = network.loss(X, y, lam), []
    for j in range(len(a)):
        for t in (1e-3, -1e-3):
            for factors in ((1 + t, 1 / (1 + t)), (1 + t, 1 + t)):
                V, b = W.copy(), a.copy()
                V[j], b[j] = V[j] * factors[0], b[j] * factors[1]
                tried.append(Network(V, b))
    seats = np.flatnonzero((W == 0).all(axis=1) & (a == 0))
    peak = Faces(X).maximisers(2 / n * (y - network.predict(X)))
    if len(seats) and len(peak.values):
        u, s, earned = peak.directions[0], peak.signs[0], peak.values[0]
        fit = np.maximum(X @ u, 0)
        best = n * (earned - 2 * lam) / (2 * (fit @ fit)) if fit.any() else 0.0
        for eps in (0.7 * reach, np.sqrt(max(best, 0.0))):
            V, b = W.copy(), a.copy()
            V[seats[0]], b[seats[0]] = eps * u, eps * s
            tried.append(Network(V, b))
    near = [
        t.loss(X, y, lam)
        for t in tried
        if np.sqrt(np.sum((t.W - W) ** 2) + np.sum((t.a - a) ** 2)) <= reach
    ]
    return min((v for v in near if v < loss), default=None)


def with_a_seat(network):
    return Network(np.vstack([network.W, np.zeros(network.W.shape[1])]), np.append(network.a, 0.0))


@given(problems(most=5), seeds)
def test_above_the_optimum_a_zero_neuron_always_finds_a_way_down(problem, seed):
    X, y, share = problem
    lam = strength(X, y, share)
    rng = np.random.default_rng(seed)
    kind = seed % 3
    if kind == 0:  # at rest inside its cone
        network = solve_cone(X, y, lam, *draw_cone(X, int(rng.integers(1, 4)), rng)).network
    else:  # anywhere, balanced or not
        network = Network(rng.standard_normal((3, X.shape[1])), rng.standard_normal(3))
        network = network.balanced() if kind == 1 else network
    network = with_a_seat(network)
    optimum = solve_global(X, y, lam)
    loss = network.loss(X, y, lam)
    if loss <= optimum.value * (1 + 1e-3) + 1e-12:
        return  # at the optimum, or too near to tell
    assert better_nearby(network, X, y, lam, reach=1e-2 * (1 + network.squared_norm())) is not None


def test_bad_local_minima_of_one_neuron_are_left_once_they_have_a_seat():
    # Bad local minima off the walls, found cone by cone: no move helps without a zero neuron (there
    # the theorem's assumption is broken), and one helps with it.
    rng, met = np.random.default_rng(0), 0
    for _ in range(12):
        X, y = rng.standard_normal((5, 2)), rng.standard_normal(5)
        lam = 0.2 * lambda_max(X, y)
        optimum = solve_global(X, y, lam)
        cones = [(p, s) for p in activation_patterns(X) for s in (1, -1)]
        for found in (solve_cone(X, y, lam, [p], [s]) for p, s in cones):
            angles = np.abs(found.directions @ X.T) / np.linalg.norm(X, axis=1)
            if angles.min(initial=1 if len(angles) else 0) < 0.02:
                continue  # no neuron, or one on a wall or near it
            if found.value < optimum.value * (1 + 1e-3):
                continue
            assert lowest_near(found.network, X, y, lam, rng) >= found.value * (1 - 1e-12)
            assert better_nearby(with_a_seat(found.network), X, y, lam, reach=0.1) is not None
            met += 1
    assert met > 12


def lowest_near(network, X, y, lam, rng, reach=1e-3, tries=300):
    """The lowest loss among random networks within `reach`."""
    return min(
        Network(
            network.W + reach * rng.uniform(-1, 1, network.W.shape) / np.sqrt(network.W.size),
            network.a + reach * rng.uniform(-1, 1, network.a.shape),
        ).loss(X, y, lam)
        for _ in range(tries)
    )


def test_without_decay_a_cone_has_false_local_minima():
    # w inside +11110 with a = 0, and lam = 0: nothing near it in its closed cone is lower, and yet
    # other directions of the same cone are.
    X, y = FIVE
    rng, loss = np.random.default_rng(0), np.mean(y**2)
    for _ in range(300):
        w, a = np.array([-0.15, 1.0]) + 0.02 * rng.uniform(-1, 1, 2), 0.02 * rng.random()
        assert (X @ w > 0).tolist() == [True] * 4 + [False]
        assert np.mean((a * np.maximum(X @ w, 0) - y) ** 2) >= loss
    assert solve_cone(X, y, 1e-9, [[1, 1, 1, 1, 0]], [1]).value < loss - 0.01


# ---- tiny neurons --------------------------------------------------------------------------------


@pytest.mark.parametrize("t", [0.5, 1e-2, 1e-6, 1e-12])
def test_a_share_of_a_bad_local_minimum_is_tiny_but_not_zero(t):
    # No neuron of a local minimum above p* is zero, but one may be as small as one likes: share the
    # lone neuron of a bad local minimum between two.
    X, y = FIVE
    lam = 0.1
    bad = solve_cone(X, y, lam, [[0, 0, 0, 1, 1]], [1]).network
    shares = np.sqrt([1 - t, t])
    split = Network(shares[:, None] * bad.W[0], shares * bad.a[0])
    c = certify(split, X, y, lam)
    assert (c.verdict, c.zero_neurons) == ("spurious stationary point", 0)
    assert c.value == pytest.approx(bad.loss(X, y, lam), rel=1e-12)
    # The smaller the share, the smaller the neighbourhood in which nothing is lower.
    reach, rng = 0.2 * np.sqrt(t), np.random.default_rng(0)
    assert lowest_near(split, X, y, lam, rng, reach) >= c.value * (1 - 1e-12)


def test_away_from_rest_a_newcomer_need_not_help():
    # One point, one neuron that fits it: nu = 0, so every newcomer costs more than it earns, and
    # yet the loss .20 is above the optimum .19.
    X, y, lam = np.array([[1.0]]), np.array([1.0]), 0.1
    here = Network([[1.0]], [1.0])
    assert here.loss(X, y, lam) == pytest.approx(0.2)
    assert solve_global(X, y, lam).value == pytest.approx(0.19)
    for eps in (0.3, 0.1, 0.01):
        for u, s in ((eps, eps), (-eps, eps), (eps, -eps), (-eps, -eps)):
            assert Network([[1.0], [u]], [1.0, s]).loss(X, y, lam) > here.loss(X, y, lam)
