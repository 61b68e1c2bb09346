"""Bad local minima: that each of them is one, that none is missing, and how few cones hold one."""

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from relucones import (
    Network,
    activation_patterns,
    data,
    good_cone_probability,
    lambda_max,
    solve_cone,
    solve_global,
)
from relucones.checks import BadInput
from relucones.convex import shortest_subgradient
from relucones.coupons import bad_cone_probability, find_bad_minima
from strategies import problems, seeds

FIVE = (*data.five_points(), 0.02)
SMALL = {
    "two orthogonal points": (np.eye(2), np.array([1.0, -1.0]), 0.1),
    "three points": (
        np.array([[1.0, 0.2], [0.1, 1.0], [-0.8, 0.7]]),
        np.array([1.0, -0.5, 0.8]),
        0.02,
    ),
    "a repeated point": (
        np.array([[1.0, 0.2], [1.0, 0.2], [-0.8, 0.7]]),
        np.array([1.0, 0.4, -0.8]),
        0.02,
    ),
    "opposite points": (
        np.array([[1.0, 0.0], [-2.0, 0.0], [0.0, 1.0]]),
        np.array([1.0, -1.0, 0.5]),
        0.02,
    ),
    "a zero point": (
        np.array([[1.0, 0.3], [0.0, 0.0], [-0.4, 1.0]]),
        np.array([1.0, 0.2, -0.8]),
        0.02,
    ),
}


@pytest.fixture(scope="module")
def five():
    return find_bad_minima(*FIVE)


def signed(X):
    patterns = activation_patterns(X)
    return np.concatenate([patterns, patterns]), np.repeat([1, -1], len(patterns))


def split(network, m, rng):
    """The same function with m neurons: copies of the neurons, with random shares."""
    k = len(network.a)
    which = np.concatenate([np.arange(k), rng.integers(k, size=m - k)])
    share = rng.random(m) + 0.1
    share = np.sqrt(share / np.bincount(which, share)[which])
    return Network(network.W[which] * share[:, None], network.a[which] * share)


def holds_a_bad_minimum(X, y, lam, patterns, signs, best):
    """By the programs of this cone and of those across its walls: the minimiser has all neurons at
    work, and no cone that contains it does better."""
    here = solve_cone(X, y, lam, patterns, signs, polish=False)
    if here.value <= best * (1 + 1e-7) or len(here.weights) < len(signs):
        return False
    around = []
    for D, s in zip(patterns, signs, strict=True):
        # Of an unpolished solution every neuron of the cone that is at work has its own direction.
        own = [
            u
            for u, t in zip(here.directions, here.signs, strict=True)
            if t == s and ((2 * D - 1) * (X @ u) >= -1e-5).all()
        ]
        (u,) = own[:1]
        around.append([E for E in activation_patterns(X) if ((2 * E - 1) * (X @ u) >= -1e-5).all()])
    return all(
        solve_cone(X, y, lam, np.array(some), signs).value >= here.value * (1 - 1e-8)
        for some in product(*around)
    )


# ---- none is missing, and none too many ----------------------------------------------------------


@pytest.mark.parametrize("name", SMALL)
def test_the_law_counts_all_cones(name):
    X, y, lam = SMALL[name]
    patterns, signs = signed(X)
    best = solve_global(X, y, lam).value
    widest = 3 if len(patterns) <= 8 else 2
    bad = {}
    for size in range(1, widest + 1):
        for chosen in combinations(range(len(patterns)), size):
            some = list(chosen)
            bad[frozenset(chosen)] = holds_a_bad_minimum(
                X, y, lam, patterns[some], signs[some], best
            )
    minima = find_bad_minima(X, y, lam)
    for m in range(1, widest + 1):
        share = np.mean([bad[frozenset(c)] for c in product(range(len(patterns)), repeat=m)])
        assert bad_cone_probability(minima, m) == pytest.approx(share, abs=1e-12)


def test_some_cones_of_these_hold_one():
    for X, y, lam in SMALL.values():
        assert bad_cone_probability(find_bad_minima(X, y, lam), 1) > 0


@settings(max_examples=25)
@given(problems(most=4, dimensions=2), seeds)
def test_no_network_near_one_is_better(problem, seed):
    X, y, share = problem
    assume(X.any() and y.any())
    lam = share * lambda_max(X, y) or 0.1
    best, rng = solve_global(X, y, lam).value, np.random.default_rng(seed)
    for minimum in find_bad_minima(X, y, lam):
        assert minimum.value > best * (1 + 1e-9)
        k = len(minimum.signs)
        for m in (k, k + 2):
            network = split(minimum.network, m, rng)
            loss = network.loss(X, y, lam)
            assert loss == pytest.approx(minimum.value, rel=1e-7)
            size = 1e-3 * np.abs(network.W).max()
            for _ in range(60):
                near = Network(
                    network.W + size * rng.standard_normal(network.W.shape),
                    network.a + size * rng.standard_normal(network.a.shape),
                )
                assert near.loss(X, y, lam) >= loss * (1 - 1e-9)


def test_with_an_empty_seat_the_same_function_is_no_local_minimum(five):
    """Where the assumption is broken that all neurons are at work."""
    X, y, lam = FIVE
    angle = np.linspace(0, 2 * np.pi, 3601)
    U = np.column_stack([np.cos(angle), np.sin(angle)])
    for minimum in five:
        nu = 2 / 5 * (y - minimum.fit)
        earned = np.maximum(U @ X.T, 0) @ nu
        best = np.argmax(np.abs(earned))
        excess = np.abs(earned[best]) - 2 * lam
        assert excess > 0
        # The loss falls by size^2 excess - size^4 |fit|^2 / n.
        size = np.sqrt(excess * 5 / 2) / np.linalg.norm(np.maximum(X @ U[best], 0))
        W = np.vstack([minimum.network.W, size * U[best]])
        more = Network(W, np.append(minimum.network.a, size * np.sign(earned[best])))
        assert more.loss(X, y, lam) < minimum.value - size**2 * excess / 3


# ---- the five points -----------------------------------------------------------------------------


def test_the_bad_minima_of_the_five_points(five):
    X, y, lam = FIVE
    assert len(five) == 17
    for minimum in five:
        network = minimum.network
        # The subgradient does not know of cones.
        rest = np.linalg.norm(shortest_subgradient(network, X, y, lam, 1e-7))
        assert rest < 1e-6 * np.sqrt(network.squared_norm())
        assert minimum.groups == [tuple(range(len(minimum.signs)))]


def test_the_shares_of_the_five_points(five):
    X, y, lam = FIVE
    share = bad_cone_probability(five, [1, 4, 8])
    np.testing.assert_allclose(share, [0.15, 0.0083, 1.086e-4], rtol=1e-3)
    # With at most four signed patterns, counted by surjections: 4e-5 at width 8.
    assert share[2] > 4e-5
    m = np.arange(1, 41)
    bound = sum((minimum.holders.sum() / 20) ** m for minimum in five)
    assert (bad_cone_probability(five, m) <= bound * (1 + 1e-12)).all()
    # No cone is both.
    assert (bad_cone_probability(five, m) + good_cone_probability(X, y, lam, m) <= 1).all()


def test_cones_drawn_at_random_agree_with_the_law(five):
    X, y, lam = FIVE
    patterns, signs = signed(X)
    best, rng = solve_global(X, y, lam).value, np.random.default_rng(0)
    cones = rng.integers(20, size=(150, 3))
    bad = 0
    for cone in cones:
        some = np.unique(cone)
        bad += holds_a_bad_minimum(X, y, lam, patterns[some], signs[some], best)
    expected = bad_cone_probability(five, 3)
    assert abs(bad / 150 - expected) < 4 * np.sqrt(expected / 150)


# ---- networks without negative outer weights -----------------------------------------------------


def least_positive(X, y, lam):
    patterns = activation_patterns(X)
    return solve_cone(X, y, lam, patterns, np.ones(len(patterns)))


def test_the_best_without_negative_weights_is_a_bad_minimum_of_the_five_points(five):
    X, y, lam = FIVE
    positive = least_positive(X, y, lam)
    assert positive.value == pytest.approx(0.143016, abs=1e-6)
    assert solve_global(X, y, lam).value == pytest.approx(0.108645, abs=1e-6)
    levels = [b.value for b in five if (b.signs > 0).all()]
    assert np.isclose(levels, positive.value, rtol=1e-9).sum() == 1


@settings(max_examples=30)
@given(problems(most=5), seeds, st.integers(0, 5))
def test_a_network_of_positive_neurons_at_that_loss_is_a_local_minimum(problem, seed, more):
    X, y, share = problem
    assume(X.any() and y.any())
    lam = share * lambda_max(X, y) or 0.1
    positive, rng = least_positive(X, y, lam), np.random.default_rng(seed)
    assume(len(positive.weights) > 0)
    assert len(positive.weights) <= len(y)
    network = split(positive.network, len(positive.weights) + more, rng)
    loss = network.loss(X, y, lam)
    size = 1e-3 * np.abs(network.a).min()
    for _ in range(60):
        near = Network(
            network.W + size * rng.standard_normal(network.W.shape),
            network.a + size * rng.standard_normal(network.a.shape),
        )
        assert near.loss(X, y, lam) >= loss * (1 - 1e-9)


def test_where_its_assumptions_are_broken_there_is_none():
    # Nothing for a positive neuron to do: p_+ = |y|^2 / n is the zero network, with an empty seat.
    X, y, lam = np.eye(2), np.array([-1.0, -0.5]), 0.1
    assert least_positive(X, y, lam).value == pytest.approx((y**2).mean())
    assert solve_global(X, y, lam).value < (y**2).mean()
    assert find_bad_minima(X, y, lam) == []
    # Nothing for a negative neuron to do: p_+ = p*.
    assert least_positive(X, -y, lam).value == pytest.approx(solve_global(X, -y, lam).value)
    assert find_bad_minima(X, -y, lam) == []
    # Too much decay: the zero network is the only local minimum.
    assert find_bad_minima(X, [1.0, -1.0], 1.0) == []


# ---- many local minima with one fit --------------------------------------------------------------


def test_a_segment_of_bad_minima():
    """Two points with a segment of optima, and a third that needs a negative neuron: without it the
    segment is one of bad local minima."""
    X = np.array([[-np.sqrt(3), 1.0, 0.0], [np.sqrt(3), 1.0, 0.0], [0.0, 0.0, 1.0]])
    y, lam = np.array([1.0, 1.0, -1.0]), 0.05
    minima = find_bad_minima(X, y, lam)
    (segment,) = [b for b in minima if len(b.signs) == 3 and (b.signs > 0).all()]
    single = int(np.argmax(segment.directions[:, 1]))
    pair = tuple(i for i in range(3) if i != single)
    # One neuron, or the pair, or all three.
    assert set(segment.groups) == {(single,), pair, (0, 1, 2)}
    # All directions lie on the wall of the third point: each is held by 2 of 16 signed patterns.
    assert (segment.holders == 2).all()
    assert segment.count == 8
    for m in (1, 2, 5):
        # All neurons hold the single one; or both of the pair are there, and nothing but these.
        expected = (2 / 16) ** m + (6 / 16) ** m - 2 * (4 / 16) ** m + (2 / 16) ** m
        assert bad_cone_probability([segment], m) == pytest.approx(expected, rel=1e-9)


# ---- bad input -----------------------------------------------------------------------------------


def test_too_many_sets_are_refused_at_once():
    X, y = data.gaussian_teacher(10, 3, seed=0)
    with pytest.raises(BadInput, match="X must have at most 200,000 sets"):
        find_bad_minima(X, y, 0.01)


def test_widths_are_checked():
    with pytest.raises(BadInput, match="m must hold integers >= 1"):
        bad_cone_probability([], 0)
    assert bad_cone_probability([], [1, 2]).tolist() == [0, 0]
