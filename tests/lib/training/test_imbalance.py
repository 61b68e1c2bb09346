"""Flow and descent end differently: what finite steps do to the imbalance of a neuron, and when
descent leaves a point at which the flow rests."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from plain_loops import SCALES, loss_of, plain_loop, small_problem
from relucones import data
from strategies import seeds


def pulls(X, y, W, a):
    """The gradients g of the data term: w moves by -a g, a by -w.g."""
    dots = X @ W.T
    residual = 2 / len(y) * (np.maximum(dots, 0) @ a - y)
    return ((dots > 0) * residual[:, None]).T @ X


def imbalance(W, a):
    return (W**2).sum(axis=1) - a**2


def balanced_start(m, d, size, seed):
    rng = np.random.default_rng(seed)
    W = size * rng.standard_normal((m, d))
    return W, rng.choice([-1, 1], m) * np.linalg.norm(W, axis=1)


@settings(max_examples=25)
@given(st.integers(1, 16), st.sampled_from([0.05, 0.5, 1.0]), seeds)
def test_short_steps_from_balance_never_make_the_outer_weight_the_larger_one(k, size, seed):
    X, y, lam, m = small_problem(k)
    W, a = balanced_start(m, X.shape[1], size, seed)
    for _ in range(300):
        longest = np.linalg.norm(pulls(X, y, W, a), axis=1).max()
        assume(0.02 * (longest + 2 * lam) <= 1)
        W, a = plain_loop(X, y, lam, W, a, 0.02, 1)
        assert (imbalance(W, a) >= -1e-14 * (1 + a**2)).all()


def test_a_long_step_does():
    """eta (|g| + 2 lam) = 3.5, and the neuron is unbalanced already."""
    X, y, lam = np.array([[1.0, 0.0]]), np.array([3.0]), 0.1
    W, a = np.array([[0.5, 0.0]]), np.array([0.4])
    assert 0.6 * (np.linalg.norm(pulls(X, y, W, a)) + 2 * lam) > 1
    assert imbalance(W, a)[0] > 0 > imbalance(*plain_loop(X, y, lam, W, a, 0.6, 1))[0]


def test_a_neuron_that_is_off_keeps_its_sign():
    X, y, lam, _ = small_problem(8)
    away = -X.sum(axis=0)  # off at points that lie in a half plane
    X = X[X @ away < 0]
    W, a = 0.3 * away[None], np.array([0.2])
    later = plain_loop(X, y[: len(X)], lam, W, a, 0.05, 2000)
    np.testing.assert_allclose(later[1], a * (1 - 0.01) ** 2000)
    too_long = plain_loop(X, y[: len(X)], lam, W, a, 6.0, 1)  # 2 eta lam > 1
    assert too_long[1][0] < 0


@pytest.mark.parametrize("q", [0.5, 0.15])
def test_at_fixed_prices_the_two_sizes_of_a_losing_neuron_part(q):
    """|w| + sa decays at the rate q + 2 lam, |w| - sa grows at q - 2 lam: so only for q > 2 lam."""
    lam, eta, s = 0.1, 1e-4, -1
    p, a = 1.0, s * 0.999
    for _ in range(100_000):
        p, a = p + eta * (-q * s * a - 2 * lam * p), a + eta * (-q * s * p - 2 * lam * a)
    assert p + s * a == pytest.approx(1.999 * np.exp(-10 * (q + 2 * lam)), rel=2e-3)
    assert p - s * a == pytest.approx(0.001 * np.exp(10 * (q - 2 * lam)), rel=2e-3)
    assert (p - s * a > 0.001) == (q > 2 * lam)


def test_halving_the_step_delays_the_departure_and_nothing_else():
    pytest.importorskip("torch")
    from relucones.training import initialise, train

    X, y, lam, m = small_problem(8)
    W, a = (part[0] for part in initialise(m, X.shape[1], SCALES[4], [4], seed=8))
    rest = train(X, y, lam, start=(W[None], a[None]))
    assert rest.stop_reason == ["spurious stationary point"]

    def leaves(eta, factor=1.0, end=70.0):
        V, b, time, left = W, factor * a, 0.0, None
        while time < end:
            V, b = plain_loop(X, y, lam, V, b, eta, round(0.2 / eta))
            time += 0.2
            if left is None and time > 8 and loss_of(X, y, lam, V, b) < 1:
                left = time
        return left, loss_of(X, y, lam, V, b), int((b * a < 0).sum())

    found = {eta: leaves(eta) for eta in (0.04, 0.02, 0.01)}
    assert all(value == pytest.approx(0.4082, abs=1e-4) for _, value, _ in found.values())
    assert all(turned == 5 for *_, turned in found.values())
    # the neuron that leads the way rests, dying, on a wall of the plateau
    prices = 2 / len(y) * (y - rest.networks[0].predict(X))
    wall = np.array([X[3, 1], -X[3, 0]]) / np.linalg.norm(X[3])
    q = max(-prices @ np.maximum(X @ u, 0) for u in (wall, -wall))
    delays = np.diff([left for left, *_ in found.values()])
    np.testing.assert_allclose(delays, np.log(2) / (q - 2 * lam), atol=0.25)
    # with |a| > |w| the imbalance is negative: nothing turns, and descent ends where the flow does
    left, value, turned = leaves(0.01, factor=1.01)
    assert (left, turned) == (None, 0)
    assert value == pytest.approx(rest.losses[0], abs=1e-5)


@pytest.mark.parametrize("kind", ["trap", "orthogonal"])
def test_where_losers_switch_off_descent_turns_no_sign(kind):
    if kind == "trap":
        X, y = data.small_init_trap(4, seed=0)
        alpha, steps = 0.003, 20_000
    else:
        X, y = data.orthogonal(4, 4, seed=0, labels=np.array([1.0, 0.8, -1.0, -0.7]))
        alpha, steps = 0.01, 20_000
    for seed in range(5):
        W, a = balanced_start(30, X.shape[1], alpha, seed)
        V, b = plain_loop(X, y, 1e-3, W, a, 0.01, steps)
        assert (a * b > 0).all()
        dying = np.abs(b) < np.abs(a)
        assert dying.any()
        assert not ((V[dying] @ X.T) > 0).any()
