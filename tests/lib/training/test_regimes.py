"""The theorems of the chapter on the two regimes, along gradient flows integrated here in small
steps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracles import dual_maximum, relu
from relucones import data, lambda_max
from relucones.convex import Faces
from strategies import points, seeds


def prices(W, a, X, y):
    return 2 / len(y) * (y - relu(X @ W.T) @ a)


def step(W, a, X, y, lam, eta):
    """Plain gradient descent."""
    nu = prices(W, a, X, y)
    dW = a[:, None] * (((W @ X.T > 0) * nu) @ X)
    return W + eta * (dW - 2 * lam * W), a + eta * (relu(W @ X.T) @ nu - 2 * lam * a)


def polar_flow(W, a, X, y, lam, end, turn=0.002):
    """Times, sizes and directions of balanced neurons: Euler steps for direction and log-size, with
    the time at the end."""
    s, size, U, t = (
        np.sign(a),
        np.linalg.norm(W, axis=1),
        W / np.linalg.norm(W, axis=1, keepdims=True),
        0.0,
    )
    norm = np.linalg.norm(X, 2)
    times, sizes, directions = [t], [size], [U]
    while t < end:
        nu = 2 / len(y) * (y - relu(X @ U.T) @ (s * size**2))
        fast = 4 / len(y) * norm**2 * np.sum(size**2) / 0.2 + norm * np.linalg.norm(nu) / turn
        eta = min(1 / fast, end - t)
        growth = s * (relu(U @ X.T) @ nu) - 2 * lam
        U = U + eta * s[:, None] * (((U @ X.T > 0) * nu) @ X)
        U = U / np.linalg.norm(U, axis=1, keepdims=True)
        size, t = size * np.exp(eta * growth), t + eta
        times, sizes, directions = [*times, t], [*sizes, size], [*directions, U]
    return np.array(times), np.array(sizes), np.array(directions)


def mirrored(m, d, rng):
    W = rng.standard_normal((m, d))
    length = np.linalg.norm(W, axis=1)
    return np.concatenate([W, W]), np.concatenate([length, -length])


# ---- signs ---------------------------------------------------------------------------------------


def count_flips(factor, eta, end=60, seed=0):
    X, y = data.five_points()
    rng = np.random.default_rng(seed)
    W = 0.3 * rng.standard_normal((400, 2))
    start = rng.choice([-1, 1], 400) * np.linalg.norm(W, axis=1)
    flips = 0
    for part in range(0, 400, 8):  # fifty networks of width 8
        V, a = W[part : part + 8], factor * start[part : part + 8]
        for _ in range(round(end / eta)):
            V, a = step(V, a, X, y, 0.01, eta)
        flips += np.sum(a * start[part : part + 8] < 0)
    return flips


def test_signs_stay_with_larger_outer_weights_and_change_without():
    assert count_flips(2.0, 0.1) == 0
    assert count_flips(0.5, 0.1) > 50  # B > 0: the assumption is broken


def test_balanced_signs_are_kept_by_the_flow_and_not_by_large_steps():
    counts = [count_flips(1.0, eta) for eta in (1.0, 0.2)]
    assert counts[0] > 2 * counts[1]
    assert counts[0] > 30


# ---- early alignment -----------------------------------------------------------------------------


@given(points(most=5, dimensions=3), seeds)
def test_prices_and_heights_of_a_balanced_network_differ_by_its_mass(X, seed):
    rng = np.random.default_rng(seed)
    y, W = rng.standard_normal(len(X)), rng.standard_normal((4, X.shape[1]))
    a = rng.choice([-1, 1], 4) * np.linalg.norm(W, axis=1)
    U = rng.standard_normal((50, X.shape[1]))
    U /= np.linalg.norm(U, axis=1, keepdims=True)
    gap = np.abs(relu(U @ X.T) @ (prices(W, a, X, y) - 2 / len(y) * y)).max()
    norm = np.linalg.norm(X, 2)
    assert gap <= 2 / len(y) * norm**2 * np.sum(a**2) * (1 + 1e-12)


@given(points(most=4, dimensions=2), seeds)
def test_nobody_grows_faster_than_the_largest_height(X, seed):
    y = np.random.default_rng(seed).standard_normal(len(X))
    np.testing.assert_allclose(2 * lambda_max(X, y), dual_maximum(X, 2 / len(y) * y), atol=1e-7)


def early(X, y, lam, alpha, delta, seed, stretch=1.0, m=4):
    """What the theorem speaks about: S, the drop of the heights, the integral of the climb, the
    sizes; and its bounds."""
    W, a = mirrored(m, X.shape[1], np.random.default_rng(seed))
    W, a, s = alpha * W, alpha * a, np.sign(a)
    kappa, top = 2 / len(y) * np.linalg.norm(X, 2) ** 2, lambda_max(X, y)
    gamma, nu0 = 2 * (top - lam), 2 / len(y) * y
    end = np.log(delta / np.sum(a**2)) / (2 * (gamma + kappa * delta)) * stretch
    times, sizes, U = polar_flow(W, a, X, y, lam, end)
    height = s * (relu(U @ X.T) @ nu0)
    slope = ((U @ X.T > 0) * nu0) @ X
    across = np.sum((slope - np.sum(slope * U, axis=2, keepdims=True) * U) ** 2, axis=2)
    eta = np.diff(times)[:, None]
    foretold = np.cumsum(eta * (height[:-1] - 2 * lam), axis=0)
    found = (
        np.sum(sizes**2, axis=1).max(),
        (np.maximum.accumulate(height, axis=0) - height).max(),
        np.sum(eta * across[:-1], axis=0).max(),
        np.abs(np.log(sizes[1:] / sizes[0]) - foretold).max(),
    )
    square = kappa**2 * delta**2
    return found, (
        delta,
        square / (16 * gamma),
        8 * top + square / (4 * gamma),
        kappa * delta / (2 * gamma),
    )


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("alpha", [1e-2, 1e-4])
def test_early_alignment(alpha, seed):
    X, y = data.gaussian_teacher(5, 3, width=3, seed=seed)
    y = y / np.linalg.norm(y)
    found, bounds = early(X, y, 0.1 * lambda_max(X, y), alpha, 0.05, seed)
    assert (np.array(found) <= np.array(bounds)).all()


def test_the_early_phase_ends():
    """After twice the time the network is no longer small: T is of the right order."""
    X, y = data.five_points()
    found, bounds = early(X, y, 0.01, 1e-4, 0.01, seed=0, stretch=2)
    assert found[0] > 10 * bounds[0]
    assert found[3] > bounds[3]


def test_without_balance_the_sizes_do_not_follow_the_heights():
    X, y = data.five_points()
    W, a = mirrored(4, 2, np.random.default_rng(0))
    sizes = []
    for factor in (1, 10):  # the same directions and inner sizes
        V, b = 1e-4 * W, 1e-4 * factor * a
        for _ in range(2000):
            V, b = step(V, b, X, y, 0.01, 0.002)
        sizes.append(np.linalg.norm(V, axis=1))
    assert np.abs(np.log(sizes[1] / sizes[0])).max() > 1


def test_where_decay_exceeds_lambda_max_everything_shrinks():
    X, y = data.five_points()
    W, a = mirrored(4, 2, np.random.default_rng(1))
    _, sizes, _ = polar_flow(1e-2 * W, 1e-2 * a, X, y, 1.05 * lambda_max(X, y), 20)
    assert (sizes[-1] < sizes[0]).all()


def test_sizes_are_the_powers_that_the_peaks_foretell():
    X, y, lam, delta = np.eye(2), np.array([3.0, -2.0]), 0.5, 1e-4
    found = []
    for alpha in (1e-4, 1e-6):
        W, a = alpha * np.eye(2), alpha * np.array([1.0, -1.0])
        end = np.log(delta / (2 * alpha**2)) / (2 * (2 + delta))
        found.append(polar_flow(W, a, X, y, lam, end)[1][-1])
    slopes = np.log(found[0] / found[1]) / np.log(100)
    np.testing.assert_allclose(slopes, [0.0, 0.5], atol=1e-3)


def test_small_positive_neurons_gather_at_the_peaks():
    X, y = data.five_points()
    nu0 = 2 / 5 * y
    peaks = Faces(X).maximisers(nu0)
    W, a = mirrored(8, 2, np.random.default_rng(0))
    _, _, U = polar_flow(1e-6 * W, 1e-6 * a, X, y, 0.01, 16, turn=0.01)
    apart = np.arccos(np.clip(U[-1, :8] @ peaks.directions[peaks.signs > 0].T, -1, 1)).min(axis=1)
    start = np.arccos(np.clip(U[0, :8] @ peaks.directions[peaks.signs > 0].T, -1, 1)).min(axis=1)
    assert apart.max() < 0.1
    assert start.max() > 0.5


# ---- the lazy regime -----------------------------------------------------------------------------


def jacobian(W, a, X):
    on = (W @ X.T > 0).T[:, :, None]
    return np.hstack([(on * a[:, None] * X[:, None]).reshape(len(X), -1), relu(X @ W.T)])


def lazy_constants(W, a, X, y):
    root, length = np.linalg.svd(jacobian(W, a, X), compute_uv=False)[-1], np.linalg.norm(y)
    margin = np.abs(W @ X.T).min() / np.linalg.norm(X, axis=1).max()
    if root == 0:
        return root, np.inf
    return root, np.sqrt(
        max(4 * np.linalg.norm(X, 2) * length / root**2, 2 * length / (margin * root))
    )


def lazy_run(W, a, X, y, lam, end):
    """Movement of e^{2 lam t} theta, the number of changed bits, and the data term."""
    V, b, t = W, a, 0.0
    while t < end:
        fast = 2 / len(y) * np.linalg.norm(X, 2) ** 2 * (np.sum(V**2) + np.sum(b**2))
        eta = min(0.5 / fast, end - t)
        V, b = step(V, b, X, y, lam, eta)
        t += eta
    grow = np.exp(2 * lam * t)
    moved = np.hypot(np.linalg.norm(grow * V - W), np.linalg.norm(grow * b - a))
    return moved, np.sum((V @ X.T > 0) != (W @ X.T > 0)), np.mean((relu(X @ V.T) @ b - y) ** 2)


def lazy_problem(seed):
    """Four points in space and a mirrored start that is not too close to a wall."""
    X, y = data.gaussian_teacher(4, 3, width=3, seed=seed)
    rng = np.random.default_rng(seed)
    starts = [mirrored(6, 3, rng) for _ in range(30)]
    W, a = min(starts, key=lambda start: lazy_constants(*start, X, y)[1])
    return X, y / np.linalg.norm(y), W, a


@pytest.mark.parametrize("seed", range(3))
def test_lazy_regime_without_decay(seed):
    X, y, W, a = lazy_problem(seed)
    root, least = lazy_constants(W, a, X, y)
    alpha = 1.5 * least
    moved, bits, data_term = lazy_run(
        alpha * W, alpha * a, X, y, 0, 15 * len(y) / (alpha * root) ** 2
    )
    length = np.sqrt(np.sum(W**2) + np.sum(a**2))
    assert bits == 0
    assert data_term <= np.exp(-15) / len(y)
    assert 0.8 / (np.linalg.norm(X, 2) * alpha * length) <= moved <= 2 / (alpha * root)


def test_the_path_is_of_order_one_over_alpha():
    X, y, W, a = lazy_problem(0)
    root, least = lazy_constants(W, a, X, y)
    moved = [
        lazy_run(q * W, q * a, X, y, 0, 12 * len(y) / (q * root) ** 2)[0]
        for q in (1.5 * least, 3 * least)
    ]
    assert abs(moved[0] / moved[1] - 2) < 0.02


@pytest.mark.parametrize("share", [0.5, 0.999])
def test_lazy_regime_with_decay(share):
    X, y, W, a = lazy_problem(1)
    root, least = lazy_constants(W, a, X, y)
    alpha, lam = 1.6 * least, 0.5
    end = share * np.log(1.6) / (2 * lam)
    moved, bits, _ = lazy_run(alpha * W, alpha * a, X, y, lam, end)
    assert bits == 0
    assert moved <= 2 * np.exp(4 * lam * end) / (alpha * root)


def test_the_lazy_regime_is_left_later():
    X, y, W, a = lazy_problem(1)
    least = lazy_constants(W, a, X, y)[1]
    alpha, lam = 1.6 * least, 0.5
    moved, bits, _ = lazy_run(alpha * W, alpha * a, X, y, lam, 6 / lam)
    assert bits > 0
    assert (
        moved > np.sqrt(np.sum(W**2) + np.sum(a**2)) * alpha
    )  # e^{2 lam t} theta is somewhere else


def test_far_below_the_scale_patterns_change():
    X, y, W, a = lazy_problem(2)
    least = lazy_constants(W, a, X, y)[1]
    alpha = 0.01 * least
    assert lazy_run(alpha * W, alpha * a, X, y, 0, 200.0)[1] > 0


def test_outputs_that_are_not_zero_break_the_bound():
    """The same neurons, all signs positive: the path is of order alpha, not of order 1/alpha."""
    X, y, W, a = lazy_problem(0)
    root, least = lazy_constants(W, a, X, y)
    paths = []
    for alpha in (1.5 * least, 3 * least):
        moved, _, _ = lazy_run(
            alpha * W, alpha * np.abs(a), X, y, 0, 12 * len(y) / (alpha * root) ** 2
        )
        assert moved > 10 * 2 / (alpha * root)
        paths.append(moved)
    assert 1.9 < paths[1] / paths[0] < 2.1


@given(st.floats(0, 3), seeds)
def test_weight_decay_is_a_flow_without_decay_for_labels_that_grow(exponent, seed):
    X, y = data.five_points()
    rng = np.random.default_rng(seed)
    W, a = rng.standard_normal((4, 2)), rng.standard_normal(4)
    grow = np.exp(exponent)  # e^{2 lam t}
    slow = grow * (jacobian(W, a, X).T @ prices(W, a, X, y))
    V, b = grow * W, grow * a
    np.testing.assert_allclose(
        slow,
        jacobian(V, b, X).T @ prices(V, b, X, grow**2 * y) / grow**2,
        atol=1e-9 * np.abs(slow).max(),
    )
