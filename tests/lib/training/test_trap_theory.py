"""The small-initialisation trap: the closed forms, its threshold, the lemma on sorting,
and the stored ends."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from relucones import Network, certify, data, lambda_max, solve_cone, solve_global
from relucones_book.experiments import trap, trap_data, trap_point
from relucones_book.reproduce import load
from strategies import seeds

ROOT17 = np.sqrt(17)
NORM = (4 * np.sqrt(13) + 6) / (5 * ROOT17)  # of the cheapest interpolator
LAMBDA_C = ROOT17 * (3 * np.sqrt(13) - 8) / (135 * (23 * np.sqrt(13) - 8))  # d = 3


def exact(d):
    X, y = data.small_init_trap(d, noise=0)
    return X, y


def teacher(d):
    return np.r_[0.8, 0, 0.6, np.zeros(d - 3)]


def three_directions(d):
    """u_0, u_- and u_+."""
    rows = np.zeros((3, d))
    rows[0, [0, 2]] = np.sqrt(13), 2
    rows[1, 1:3] = -4, 1
    rows[2, 1:3] = 4, 1
    return rows / ROOT17


def rank_one(X, y, lam):
    """The best single neuron that is on at all points: ridge regression, its penalty chosen so that
    s |v| = lam."""
    n = len(y)
    H, g = X.T @ X / n, X.T @ y / n

    def ridge(log_s):
        return np.linalg.solve(H + np.exp(log_s) * np.eye(len(g)), g)

    return ridge(brentq(lambda t: t + np.log(np.linalg.norm(ridge(t)) / lam), -45, 45, xtol=1e-14))


def as_network(v):
    c = np.linalg.norm(v)
    return Network.from_directions([v / c], [1], [c])


# ---- the data and the cheapest interpolator ------------------------------------------------------


@pytest.mark.parametrize("d", [3, 4, 7])
def test_the_points_lean_towards_the_teacher(d):
    X, y = exact(d)
    np.testing.assert_allclose(np.linalg.norm(X, axis=1), 1)
    assert (X @ X.T > 0).all()
    assert (y > np.cos(np.pi / 4)).all()
    np.testing.assert_allclose(y[:3], [4 / 5, 7 / 9, 7 / 9])
    np.testing.assert_allclose(y[3:], 32 / 45)
    np.testing.assert_allclose(
        np.linalg.solve(X.T, teacher(d)), np.r_[-4, 2.7, 2.7, np.zeros(d - 3)], atol=1e-12
    )


@pytest.mark.parametrize("d", [3, 4, 5, 8])
def test_three_neurons_interpolate_more_cheaply(d):
    X, y = exact(d)
    c0 = 0.8 * np.sqrt(17 / 13)
    c1 = (7 - c0 * (8 * np.sqrt(13) + 2) / ROOT17) / ROOT17
    np.testing.assert_allclose(
        np.maximum(X @ three_directions(d).T, 0) @ [c0, c1, c1], y, rtol=1e-12
    )
    assert c0 + 2 * c1 == pytest.approx(NORM, rel=1e-12)
    assert NORM < 1
    prices = np.linalg.solve(X.T, three_directions(d)[0])
    np.testing.assert_allclose(np.maximum(X @ three_directions(d).T, 0).T @ prices, 1)
    assert prices @ y == pytest.approx(NORM)


@pytest.mark.parametrize("d", [3, 4, 5])
@pytest.mark.parametrize("lam", [1e-6, 1e-5, 1e-4])
def test_values_for_small_weight_decay(d, lam):
    X, y = exact(d)
    cheap = np.linalg.solve(X.T, three_directions(d)[0])
    best = solve_global(X, y, lam).value
    assert 2 * lam * NORM - d * lam**2 * cheap @ cheap <= best <= 2 * lam * NORM * (1 + 1e-9)
    value = as_network(rank_one(X, y, lam)).loss(X, y, lam)
    assert 2 * lam - d * lam**2 * 30.58 <= value * (1 + 1e-12)
    assert value <= 2 * lam
    assert value - best >= 2 * lam * (1 - NORM) - d * lam**2 * 30.58 - 1e-14


# ---- the threshold -------------------------------------------------------------------------------


@given(st.integers(3, 5), st.floats(-13, -1.3), seeds)
@settings(max_examples=25)
def test_the_rank_one_network_is_optimal_exactly_above_the_threshold(d, log_lam, seed):
    X, y = exact(d)
    lam = np.exp(log_lam)
    assume(lam < 0.99 * lambda_max(X, y))
    v = rank_one(X, y, lam)
    u = v / np.linalg.norm(v)
    p, q, r = u[0], u[2], (u[3] if d > 3 else 0.0)
    if d > 3:
        assume(r <= 0 and p + 8 * (d - 3) * abs(r) / ROOT17 <= 4 * q)
    assert (X @ v > 0).all()
    prices = np.linalg.solve(X.T, u)
    U = np.random.default_rng(seed).standard_normal((20_000, d))
    U = np.vstack([U / np.linalg.norm(U, axis=1, keepdims=True), three_directions(d), u])
    earned = np.maximum(U @ X.T, 0) @ prices
    assert earned.max() == pytest.approx(max(1, ROOT17 * q / 2), rel=1e-9)
    assert earned.min() >= -1
    assume(abs(q - 2 / ROOT17) > 1e-3)
    certificate = certify(as_network(v), X, y, lam, tol=1e-9)
    assert certificate.is_stationary
    assert certificate.is_global == (q < 2 / ROOT17)


def test_closed_form_of_the_threshold():
    X, y = exact(3)
    for factor, optimal in ((0.97, False), (1.03, True)):
        lam = factor * LAMBDA_C
        assert certify(as_network(rank_one(X, y, lam)), X, y, lam, tol=1e-9).is_global == optimal
    np.testing.assert_allclose(
        rank_one(X, y, LAMBDA_C) / np.linalg.norm(rank_one(X, y, LAMBDA_C)),
        three_directions(3)[0],
        atol=1e-9,
    )


@pytest.mark.parametrize(("d", "threshold"), [(3, 1.1481e-3), (4, 8.670e-4), (5, 6.984e-4)])
def test_threshold_by_the_direction_and_by_certificates(d, threshold):
    X, y = exact(d)

    def third(lam):
        v = rank_one(X, y, lam)
        return v[2] / np.linalg.norm(v)

    assert brentq(lambda lam: third(lam) - 2 / ROOT17, 1e-5, 5e-3, xtol=1e-12) == pytest.approx(
        threshold, rel=1e-4
    )
    low, high = 1e-4, 3e-3
    for _ in range(8):
        middle = np.sqrt(low * high)
        optimal = certify(as_network(rank_one(X, y, middle)), X, y, middle, tol=1e-9).is_global
        low, high = (low, middle) if optimal else (middle, high)
    assert low * 0.97 <= threshold <= high * 1.03


@pytest.mark.parametrize(
    ("degrees", "trapped"), [(0, False), (20, False), (28, False), (30, True), (40, True)]
)
def test_which_teachers_are_trapped(degrees, trapped):
    X, _ = exact(3)
    t = np.deg2rad(degrees)
    y = X @ [np.cos(t), 0, np.sin(t)]
    assert certify(as_network(rank_one(X, y, 1e-6)), X, y, 1e-6, tol=1e-8).is_global != trapped


def test_a_larger_angle_between_the_outer_points_removes_the_trap():
    X = np.array([[1, 0, 0], [8, -1, 4], [8, 1, 4]]) / [[1], [9], [9]]
    y = X @ teacher(3)
    assert certify(as_network(rank_one(X, y, 1e-5)), X, y, 1e-5, tol=1e-8).is_global


# ---- the way out ---------------------------------------------------------------------------------


@pytest.mark.parametrize("d", [3, 4])
@pytest.mark.parametrize("eps", [1e-3, 1e-2, 0.1])
def test_a_small_neuron_on_the_right_wall_lowers_the_loss(d, eps):
    X, y = exact(d)
    lam = 1e-4
    v = rank_one(X, y, lam)
    stuck, u = as_network(v), three_directions(d)[1]
    grown = Network(np.vstack([stuck.W, eps * u]), np.r_[stuck.a, eps])
    change = grown.loss(X, y, lam) - stuck.loss(X, y, lam)
    q = v[2] / np.linalg.norm(v)
    assert change == pytest.approx(
        -2 * lam * eps**2 * (ROOT17 * q / 2 - 1) + 17 * eps**4 / (81 * d), rel=1e-6, abs=1e-17
    )
    other = Network(
        np.vstack([stuck.W, eps * np.eye(d)[0]]), np.r_[stuck.a, eps]
    )  # not every direction helps
    assert other.loss(X, y, lam) > stuck.loss(X, y, lam)
    assert (change < 0) == (eps < 0.05)


# ---- sorting -------------------------------------------------------------------------------------


def bits_along(X, y, lam, W, a, eta, steps):
    """The patterns of every step of gradient descent before the fit reaches a label."""
    bits = []
    for _ in range(steps):
        dots = W @ X.T
        fit = np.maximum(dots, 0).T @ a
        if (fit >= y).any():
            break
        bits.append(dots > 0)
        g = (bits[-1] * (2 / len(y) * (fit - y))) @ X
        W, a = (
            (1 - 2 * eta * lam) * W - eta * a[:, None] * g,
            (1 - 2 * eta * lam) * a - eta * (W * g).sum(axis=1),
        )
    return np.array(bits)


def small_start(m, d, alpha, seed):
    rng = np.random.default_rng(seed)
    W = alpha * rng.standard_normal((m, d))
    return W, np.where(np.arange(m) % 2, -1, 1) * np.linalg.norm(W, axis=1)


@given(st.integers(3, 6), st.sampled_from([1e-4, 1e-2]), st.sampled_from([1e-4, 0.05, 0.3]), seeds)
@settings(max_examples=25)
def test_positive_neurons_only_switch_on_and_negative_ones_only_off(d, lam, alpha, seed):
    X, y = data.small_init_trap(d, seed=seed)
    W, a = small_start(20, d, alpha, seed)
    bits = bits_along(X, y, lam, W, a, 0.02, 600)
    assume(len(bits) > 1)
    positive = a > 0
    assert (bits[1:, positive] >= bits[:-1, positive]).all()
    assert (bits[1:, ~positive] <= bits[:-1, ~positive]).all()


def test_from_a_tiny_start_every_neuron_is_sorted_while_the_network_is_small():
    X, y = exact(4)
    W, a = small_start(40, 4, 1e-9, 3)
    bits = bits_along(X, y, 1e-4, W, a, 0.05, 400)
    assert len(bits) > 250
    alive = bits[0].any(axis=1) & (a > 0)
    assert bits[-1][alive].all()
    assert not bits[-1][~alive].any()


def test_points_at_an_obtuse_angle_break_the_lemma():
    X, y = np.array([[1.0, 0.0], [-0.8, 0.6]]), np.array([2.0, 1.0])
    w = 1e-6 * np.array([0.9, 1.3])  # on at both
    bits = bits_along(X, y, 1e-4, w[None], np.array([np.linalg.norm(w)]), 0.02, 300)
    assert (bits[1:] < bits[:-1]).any()


@pytest.mark.parametrize("d", [3, 4])
@pytest.mark.parametrize("lam", [1e-4, 2e-3])
def test_the_cone_of_sorted_networks_holds_the_rank_one_value(d, lam):
    X, y = exact(d)
    patterns = np.array([[True] * d, [False] * d, [False] * d])
    v = rank_one(X, y, lam)
    assert solve_cone(X, y, lam, patterns, [1, 1, -1]).value == pytest.approx(
        as_network(v).loss(X, y, lam), rel=1e-7
    )


# ---- training ------------------------------------------------------------------------------------


def test_small_starts_are_trapped_and_larger_scale_decay_or_other_labels_set_them_free():
    pytest.importorskip("torch")
    from relucones.training import train

    X, y = data.small_init_trap(4, seed=0)
    stuck = train(X, y, 1e-4, 60, 0.002, 3, seed=5)
    assert stuck.stop_reason == ["spurious stationary point"] * 3
    np.testing.assert_allclose(
        stuck.losses, as_network(rank_one(X, y, 1e-4)).loss(X, y, 1e-4), rtol=1e-9
    )
    assert train(X, y, 1e-4, 30, 0.5, runs=[1], seed=1).stop_reason == ["global minimum"]
    assert train(X, y, 2e-3, 60, 0.002, 2, seed=5).stop_reason == ["global minimum"] * 2
    assert train(X, X[:, 0], 1e-4, 60, 0.002, 2, seed=5).stop_reason == ["global minimum"] * 2


def test_two_small_neurons_set_the_rank_one_network_free():
    pytest.importorskip("torch")
    from relucones.training import train

    X, y = data.small_init_trap(3, seed=0)
    stuck = as_network(rank_one(X, y, 1e-4))
    W = np.vstack([stuck.W, 1e-3 * three_directions(3)[1:]])
    assert train(X, y, 1e-4, start=(stuck.W[None], stuck.a[None])).stop_reason == [
        "spurious stationary point"
    ]
    freed = train(X, y, 1e-4, start=(W[None], np.r_[stuck.a, 1e-3, 1e-3][None]))
    assert freed.stop_reason == ["global minimum"]


# ---- the stored runs -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stored():
    return load("trap")


def test_the_file_belongs_to_the_experiment(stored):
    header, table = stored
    assert {key: header[key] for key in ("experiment", "settings", "points")} == {
        key: trap().header[key] for key in ("experiment", "settings", "points")
    }
    assert len(table["gap"]) == header["points"] * header["settings"]["runs"]
    assert (table["bound"] <= table["loss"] * (1 + 1e-12)).all()
    np.testing.assert_allclose(table["gap"], table["loss"] / table["optimum"] - 1)


def test_a_random_slice_recomputes(stored):
    pytest.importorskip("torch")
    header, table = stored
    cheap = [
        i
        for i, p in enumerate(trap().points)
        if p["m"] <= 100 and p["alpha"] < 0.01 and p["m"] > 10
    ]
    for i in np.random.default_rng().choice(cheap, 2, replace=False):
        point = trap().points[i]
        rows = trap_point(point, header["settings"])
        first = i * header["settings"]["runs"]
        for r, row in enumerate(rows):
            assert row["stop"] == table["stop"][first + r]
            assert row["loss"] == pytest.approx(table["loss"][first + r], rel=1e-8)


def test_what_the_chapter_says_about_the_stored_runs(stored):
    _, table = stored
    family = table["family"]
    ended = table["positive"] > 0
    width = (family == "width") & ended
    assert set(table["m"][width]) == {10, 30, 100, 300, 1000, 3000, 10000}
    assert set(table["stop"][width]) == {"spurious stationary point"}
    assert (table["positive"][width] == 1).all()
    assert (table["negative"][width] == 0).all()
    np.testing.assert_allclose(table["effective rank"][width], 1)
    X, y = trap_data({"d": 4, "labels": "teacher"}, {"noise": 1e-3, "data_seed": 0})
    np.testing.assert_allclose(
        table["loss"][width], as_network(rank_one(X, y, 1e-4)).loss(X, y, 1e-4), rtol=1e-9
    )
    decay = (family == "decay") & (table["lam"] >= 9e-4)
    assert set(table["stop"][decay]) == {"global minimum"} == set(table["stop"][family == "labels"])
