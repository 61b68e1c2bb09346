"""The paper's experiment: what a minimiser of a cone is in the whole landscape, decided by its
multipliers."""

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from relucones import Network, certify, data, draw_cone, solve_cone, solve_global
from strategies import seeds

LAM, ROUNDING = 0.02, 1e-4


@st.composite
def cones(draw, most=6):
    """A random cone over generic points, solved well, with its minimiser clearly on or off each
    wall."""
    n, d = draw(st.sampled_from([(3, 2), (4, 3), (5, 2), (5, 4)]))
    X, y = data.gaussian_teacher(n, d, seed=draw(seeds))
    patterns, signs = draw_cone(X, draw(st.integers(1, most)), seed=draw(seeds))
    cone = solve_cone(X, y, LAM, patterns, signs)
    off = np.abs(cone.directions @ X.T)[~cone.vanishing]
    assume(
        cone.gap < 1e-9 * cone.value
        and off.min(initial=1) > 1e-3
        and cone.weights.min(initial=1) > 1e-3
    )
    return X, y, patterns, signs, cone


def pushes(X, patterns, signs, cone):
    """The row of each non-zero neuron, its multipliers, and the limits -s nu."""
    rows = []
    for u, s in zip(cone.directions, cone.signs, strict=True):
        beyond = (np.where(patterns, -1, 1) * (X @ u)).max(axis=1)
        rows.append(np.where(signs == s, beyond, np.inf).argmin())
    rows = np.array(rows, dtype=int)
    return rows, cone.multipliers[rows], -signs[rows, None] * cone.dual


def moved(cone, i, step):
    """The minimiser with the vector of its i-th neuron changed by `step`."""
    V = cone.weights[:, None] * cone.directions
    V[i] += step
    sizes = np.linalg.norm(V, axis=1)
    return Network.from_directions(V / sizes[:, None], cone.signs, sizes)


@settings(max_examples=80)
@given(cones())
def test_stationary_exactly_when_no_wall_leaks(case):
    X, y, patterns, signs, cone = case
    _, mu, limit = pushes(X, patterns, signs, cone)
    excess = (mu - np.maximum(limit, 0)).max(initial=-1.0)
    assume(abs(excess) > ROUNDING or excess < ROUNDING / 100)
    verdict = certify(cone.network, X, y, LAM, stationarity_tol=1e-4, wall_tol=1e-6)
    assert verdict.is_stationary == (excess <= ROUNDING)


@settings(max_examples=60)
@given(cones())
def test_through_each_touched_wall_the_loss_changes_at_the_predicted_rate(case):
    X, y, patterns, signs, cone = case
    rows, mu, limit = pushes(X, patterns, signs, cone)
    t = 1e-6
    for i, k in np.argwhere(cone.vanishing):
        touched = np.flatnonzero(cone.vanishing[i])
        outwards = np.where(patterns[rows[i], k], -1.0, 1.0) * (touched == k)
        h = np.linalg.lstsq(X[touched], outwards, rcond=None)[0]
        assume(np.linalg.norm(h) < 20)
        slope = (moved(cone, i, t * h).loss(X, y, LAM) - cone.value) / t
        assert abs(slope - (limit[i, k] - mu[i, k])) < 1e-2 * (1 + np.linalg.norm(h) ** 2)


@settings(max_examples=60)
@given(cones(most=2), seeds)
def test_local_minimum_exactly_when_all_work_and_all_walls_hold(case, seed):
    X, y, patterns, signs, cone = case
    assume(
        len(cone.weights) == len(patterns)
        and cone.value > solve_global(X, y, LAM).value * (1 + 1e-6)
    )
    _, mu, limit = pushes(X, patterns, signs, cone)
    excess = (mu - limit)[cone.vanishing].max(initial=-1.0)
    assume(abs(excess) > 1e-2)
    rng, network = np.random.default_rng(seed), cone.network
    step = 1e-5
    by = [
        (step * rng.standard_normal(network.W.shape), step * rng.standard_normal(network.a.shape))
        for _ in range(400)
    ]
    shaken = min(Network(network.W + dW, network.a + da).loss(X, y, LAM) for dW, da in by)
    if excess < 0:
        assert shaken >= cone.value - 1e-12
    else:
        i, k = np.argwhere(cone.vanishing & (mu - limit > 1e-2))[0]
        touched = np.flatnonzero(cone.vanishing[i])
        rows = pushes(X, patterns, signs, cone)[0]
        outwards = np.where(patterns[rows[i], k], -1.0, 1.0) * (touched == k)
        h = np.linalg.lstsq(X[touched], outwards, rcond=None)[0]
        assert moved(cone, i, 1e-5 * h / (1 + h @ h)).loss(X, y, LAM) < cone.value


@settings(max_examples=60)
@given(cones())
def test_a_neighbour_holds_the_wall(case):
    X, y, patterns, signs, cone = case
    rows, _, _ = pushes(X, patterns, signs, cone)
    assume(cone.vanishing.any())
    i, k = np.argwhere(cone.vanishing)[0]
    behind = patterns[rows[i]].copy()
    behind[k] ^= True
    more, more_signs = np.vstack([patterns, behind]), np.append(signs, signs[rows[i]])
    wider = solve_cone(X, y, LAM, more, more_signs)
    assume(wider.gap < 1e-9 * wider.value and wider.weights.min(initial=1) > 1e-3)
    both, mu, limit = pushes(X, more, more_signs, wider)
    for row, zero, push, most in zip(both, wider.vanishing, mu, limit, strict=True):
        if (
            zero[k]
            and np.array_equal(np.delete(more[row], k), np.delete(behind, k))
            and more_signs[row] == signs[rows[i]]
        ):
            assert push[k] <= most[k] + ROUNDING


def test_on_orthogonal_points_no_wall_leaks():
    X, y = data.orthogonal(4, 5, seed=3)
    rng, blind = np.random.default_rng(0), 0
    for m in (1, 2, 3, 5) * 5:
        patterns, signs = draw_cone(X, m, rng)
        cone = solve_cone(X, y, LAM, patterns, signs)
        _, mu, limit = pushes(X, patterns, signs, cone)
        assert (mu <= np.maximum(limit, 0) + 1e-3).all()
        blind += (cone.vanishing & (limit < 0)).sum()
    assert blind > 0  # so the limit alone would be too strict


def test_without_independent_points_the_multipliers_do_not_decide():
    """A repeated point: the total push can be replaced by kinks, but not as the solver shares it
    out."""
    X, y = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]), np.array([1.0, -4.5, 1.5])
    patterns, signs = np.ones((1, 3), dtype=bool), np.array([1])
    cone = solve_cone(X, y, LAM, patterns, signs)
    _, mu, limit = pushes(X, patterns, signs, cone)
    np.testing.assert_allclose(limit[0, 1:], [3, -1], atol=1e-6)
    np.testing.assert_allclose(mu[0, 1:].sum(), 2, atol=1e-6)
    assert mu[0, 2] > 0.1  # a leak, were the points independent
    assert certify(cone.network, X, y, LAM).is_stationary


def test_two_minimisers_of_one_cone_may_differ_in_the_verdict():
    """Three directions that are equally good: one network uses the one that leans on no wall, the
    other the two between which it lies, and one of these leans on a wall that leaks."""
    g, lam = -0.5 / np.sqrt(0.91), 0.5  # -.5241
    X = np.linalg.cholesky([[1, g, 0.3], [g, 1, -0.4], [0.3, -0.4, 1]])
    free, second = X[1] - 2 * g * X[0], X[1]
    leaning = (X[0] - 0.3 * X[2]) / np.sqrt(0.91)
    y = np.maximum(X @ free, 0) + 1.5 * np.array([-2 * g, 1, 2 / 3])
    patterns, signs = np.array([[1, 1, 0], [1, 0, 0], [0, 1, 0]], bool), np.ones(3, int)
    share = 0.5 / 0.91
    one = Network.from_directions([free], [1], [1.0])
    two = Network.from_directions([leaning, second], [1, 1], [share, 1 - share])
    cone = solve_cone(X, y, lam, patterns, signs)
    for network in (one, two):
        np.testing.assert_allclose(network.loss(X, y, lam), cone.value, rtol=1e-9)
        np.testing.assert_allclose(network.predict(X), one.predict(X), atol=1e-12)
    assert cone.value > solve_global(X, y, lam).value + 0.1
    assert certify(one, X, y, lam).verdict == "spurious stationary point"
    assert certify(two, X, y, lam).verdict == "not stationary"
    # With other labels at the third point the wall does not leak, and the verdicts agree.
    y[2] = -1.0
    verdicts = {certify(network, X, y, lam).verdict for network in (one, two)}
    assert len(verdicts) == 1
