"""Open questions: what weight decay does to a small network, the bound on waste, the test error of
the trap, stored runs."""

import json
from math import gamma, pi

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from relucones import Network, certify, data, lambda_max, solve_global
from relucones_book.experiments import (
    beside_flows,
    beside_table,
    open_questions,
    open_questions_data,
    open_questions_point,
    patients,
)
from relucones_book.reproduce import load
from strategies import seeds

SETTINGS = open_questions().settings


def decay_data(kind, seed):
    X, y, _, _ = open_questions_data({"part": "decay", "data": kind, "seed": seed}, SETTINGS)
    return X, y


# ---- (ii) one number bounds the waste ------------------------------------------------------------


def stationary_under_scaling(network, X, y, lam):
    """The best multiple of all weights, or None if that is zero."""
    fit = network.predict(X)
    square = (fit @ y / len(y) - lam * network.squared_norm() / 2) / max(fit @ fit / len(y), 1e-300)
    return Network(network.W * square**0.5, network.a * square**0.5) if square > 1e-6 else None


@settings(max_examples=60)
@given(
    seeds,
    st.integers(1, 6),
    st.integers(1, 3),
    st.integers(1, 6),
    st.sampled_from([1e-3, 0.05, 0.4]),
)
def test_loss_is_at_most_omega_times_the_optimum(seed, n, d, m, lam):
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((n, d)), rng.standard_normal(n)
    network = stationary_under_scaling(
        Network(rng.standard_normal((m, d)), rng.standard_normal(m)), X, y, lam
    )
    assume(network is not None)
    omega = lambda_max(X, y - network.predict(X)) / lam
    best = solve_global(X, y, lam)
    assert omega >= 1 - 1e-9
    assert network.loss(X, y, lam) <= omega * best.value * (1 + 1e-7)
    cheapest = solve_global(X, y, 1e-6)
    if cheapest.value < 1e-4 * np.mean(y**2):  # an interpolator, nearly
        assert network.squared_norm() <= omega * 1.01 * cheapest.value / 1e-6


def test_bound_is_sharp_at_the_optimum():
    X, y = data.five_points()
    best = solve_global(X, y, 0.01)
    assert lambda_max(X, y - best.network.predict(X)) / 0.01 == pytest.approx(1, abs=1e-6)


def test_bound_fails_without_scaling():
    """The hypothesis is needed: a network that is too large may cost more than omega allows."""
    X, y, lam = np.eye(2), np.array([3.0, 4.0]), 0.5
    large = Network.from_directions([y / 5], [1], [5.0])  # interpolates, so omega is 0
    assert lambda_max(X, y - large.predict(X)) < 1e-12
    assert large.loss(X, y, lam) > solve_global(X, y, lam).value


def test_exercise_by_hand():
    X, y, lam = np.eye(2), np.array([3.0, 4.0]), 0.5
    lonely = Network.from_directions([[0, 1]], [1], [3.0])
    assert certify(lonely, X, y, lam).verdict == "spurious stationary point"
    assert lambda_max(X, y - lonely.predict(X)) / lam == pytest.approx(np.sqrt(10))
    assert (lonely.loss(X, y, lam), solve_global(X, y, lam).value) == pytest.approx((8, 4.5))


# ---- (i) weight decay in the early phase, and the path of one neuron -----------------------------


def gradient_flow(X, y, lam, W, a, end):
    m, d = W.shape

    def field(t, z):
        W, a = z[: m * d].reshape(m, d), z[m * d :]
        on = W @ X.T > 0
        nu = 2 / len(y) * (y - (on * (W @ X.T)).T @ a)
        pull = (on * nu) @ X
        return np.r_[
            (a[:, None] * pull - 2 * lam * W).ravel(), (W * pull).sum(axis=1) - 2 * lam * a
        ]

    z = solve_ivp(field, (0, end), np.r_[W.ravel(), a], rtol=1e-10, atol=1e-16, max_step=0.05).y[
        :, -1
    ]
    return z[: m * d].reshape(m, d), z[m * d :]


def test_directions_of_a_small_network_do_not_know_the_weight_decay():
    X, y = decay_data("trap", 0)
    rng = np.random.default_rng(0)
    W = 1e-7 * rng.standard_normal((12, 4))
    a = np.linalg.norm(W, axis=1) * rng.choice([-1, 1], 12)
    ends = {lam: gradient_flow(X, y, lam, W, a, 2.0) for lam in (0.0, 0.3)}
    np.testing.assert_allclose(
        ends[0.3][0] * np.exp(2 * 0.3 * 2.0), ends[0.0][0], rtol=1e-6, atol=1e-12
    )
    np.testing.assert_allclose(
        ends[0.3][1] * np.exp(2 * 0.3 * 2.0), ends[0.0][1], rtol=1e-6, atol=1e-12
    )


def test_directions_of_a_large_network_know_it():
    """The assumption of a small start is needed."""
    X, y = decay_data("trap", 0)
    rng = np.random.default_rng(0)
    W = rng.standard_normal((12, 4))
    a = np.linalg.norm(W, axis=1) * rng.choice([-1, 1], 12)
    turned = [
        W_end / np.linalg.norm(W_end, axis=1, keepdims=True)
        for W_end, _ in (gradient_flow(X, y, lam, W, a, 2.0) for lam in (0.0, 0.3))
    ]
    assert np.linalg.norm(turned[0] - turned[1], axis=1).max() > 0.1


def sorted_start(alpha):
    """Three positive neurons that are on at all points."""
    W = alpha * np.array([[1.0, 0.1, 0, 0], [1, 0, 0.2, 0], [0.8, 0, 0, 0.1]])
    return W, np.linalg.norm(W, axis=1)


def size_at(X, y, lam, alpha, time):
    return np.sum(gradient_flow(X, y, lam, *sorted_start(alpha), time)[1] ** 2)


@pytest.mark.parametrize("lam", [0.0, 0.2])
def test_the_take_off_waits_as_predicted(lam):
    """A start that is smaller by e^3 is as large as the other one a time 3 / 2(lambda_max - lam)
    later, while both are small."""
    X, y = decay_data("trap", 0)
    wait = 3 / (2 * (lambda_max(X, y) - lam))
    sizes = [size_at(X, y, lam, 1e-4 * np.exp(-3 * k), 4.0 + k * wait) for k in (0, 1)]
    assert sizes[0] > 4 * np.sum(sorted_start(1e-4)[1] ** 2)
    assert np.log(sizes[1] / sizes[0]) == pytest.approx(0, abs=0.1)


def test_nothing_takes_off_above_lambda_max():
    X, y = decay_data("trap", 0)
    lam = 1.1 * lambda_max(X, y)
    assert size_at(X, y, lam, 1e-3, 8.0) < np.sum(sorted_start(1e-3)[1] ** 2)


def test_living_neurons_stay_together():
    """a_i a_j - w_i'w_j decays like exp(-4 lam t) while all neurons are on at all points."""
    X, y = decay_data("trap", 1)
    rng = np.random.default_rng(1)
    W = 0.05 * np.abs(rng.standard_normal((3, 4))) * [1, 0.2, 0.2, 0.2]
    a = np.linalg.norm(W, axis=1)
    end_W, end_a = gradient_flow(X, y, 0.05, W, a, 6.0)
    assert (W @ X.T > 0).all()
    assert (end_W @ X.T > 0).all()
    assert end_a @ end_a > 0.5
    before, after = np.outer(a, a) - W @ W.T, np.outer(end_a, end_a) - end_W @ end_W.T
    np.testing.assert_allclose(after, np.exp(-4 * 0.05 * 6.0) * before, atol=1e-8)


def path_of_one_neuron(X, y, lam):
    n, g = len(y), X.T @ y / np.linalg.norm(X.T @ y)

    def field(t, z):
        p = 2 / n * X.T @ (y - z[0] ** 2 * X @ z[1:])
        return np.r_[z[0] * (z[1:] @ p - 2 * lam), p - (z[1:] @ p) * z[1:]]

    z = solve_ivp(field, (0, 30 / lam), np.r_[1e-3, g], method="LSODA", rtol=1e-9, atol=1e-12).y
    U = z[1:] / np.linalg.norm(z[1:], axis=0)
    return z[0] ** 2, U


@pytest.mark.parametrize("kind", ["trap", "cone"])
@pytest.mark.parametrize("lam", [1e-6, 1e-4, 8e-4])
def test_path_of_one_neuron_stays_on_and_ends_at_rank_one(kind, lam):
    for seed in range(3):
        X, y = decay_data(kind, seed)
        assert (X @ X.T > 0).all()
        assert (y > 0).all()
        sizes, U = path_of_one_neuron(X, y, lam)
        assert (X @ U).min() > 0.7
        v = sizes[-1] * U[:, -1]
        gradient = 2 / len(y) * X.T @ (X @ v - y) + 2 * lam * U[:, -1]
        assert np.linalg.norm(gradient) < 1e-3 * lam
        values = np.mean((X @ (sizes * U) - y[:, None]) ** 2, axis=0) + 2 * lam * sizes
        assert (np.diff(values) <= 1e-7 * values[:-1]).all()


@pytest.mark.parametrize("lam", [1e-5, 6e-4])
def test_small_starts_are_trapped_without_any_relation_to_the_weight_decay(lam):
    pytest.importorskip("torch")
    from relucones.training import train

    X, y = decay_data("trap", 0)
    mu = np.linalg.eigvalsh(X @ X.T / len(y))[0]
    alpha = 1e-12
    assert lam > mu * alpha**0.25
    runs = train(X, y, lam, 30, alpha, 2, seed=3)
    assert runs.stop_reason == ["spurious stationary point"] * 2
    assert (runs.traces.merged_positive[:, -1] == 1).all()


# ---- (iii) the test error of the trap ------------------------------------------------------------


def cheapest_interpolator(d):
    root17, c0 = np.sqrt(17), 0.8 * np.sqrt(17 / 13)
    U = np.zeros((3, d))
    U[:, :3] = np.array([[np.sqrt(13), 0, 2], [0, -4, 1], [0, 4, 1]]) / root17
    c1 = (7 - c0 * (8 * np.sqrt(13) + 2) / root17) / root17
    return U, np.array([c0, c1, c1])


def limit_error(d):
    U, c = cheapest_interpolator(d)
    D, c = np.vstack([np.r_[0.8, 0, 0.6, np.zeros(d - 3)], U]), np.r_[-1, c]
    phi = np.arccos(np.clip(D @ D.T, -1, 1))
    mean = gamma(d / 2) / (2 * np.sqrt(pi) * gamma((d + 1) / 2))
    return c @ (np.sin(phi) + (pi - phi) * np.cos(phi)) @ c / (2 * pi * d) / (1 / (2 * d) - mean**2)


@pytest.mark.parametrize("d", [3, 4, 6])
def test_error_of_the_cheapest_interpolator(d):
    X, y = data.small_init_trap(d, noise=0)
    T = np.random.default_rng(d).standard_normal((400_000, d))
    T /= np.linalg.norm(T, axis=1, keepdims=True)
    truth = np.maximum(T[:, 0] * 0.8 + T[:, 2] * 0.6, 0)
    U, c = cheapest_interpolator(d)
    network = Network.from_directions(U, [1] * 3, c)
    np.testing.assert_allclose(network.predict(X), y)
    assert np.mean((network.predict(T) - truth) ** 2) / np.var(truth) == pytest.approx(
        limit_error(d), rel=0.02
    )
    best = solve_global(X, y, 1e-6).network
    assert np.mean((best.predict(T) - truth) ** 2) / np.var(truth) == pytest.approx(
        limit_error(d), rel=0.02
    )


def test_three_directions_alone_are_tight():
    """The cheapest interpolator of the exact data is unique: its prices are 1 at three directions
    only."""
    X, _ = data.small_init_trap(4, noise=0)
    U, _ = cheapest_interpolator(4)
    prices = np.linalg.solve(X.T, U[0])
    V = np.random.default_rng(0).standard_normal((200_000, 4))
    V /= np.linalg.norm(V, axis=1, keepdims=True)
    earned = np.maximum(V @ X.T, 0) @ prices
    away = (V @ U.T).max(axis=1) < np.cos(0.2)
    assert earned[away].max() < 0.999
    assert earned.min() > -2 / np.sqrt(17)
    assert np.linalg.matrix_rank(np.maximum(X @ U.T, 0)) == 3


@pytest.mark.parametrize("d", [3, 5])
def test_another_truth_behind_the_same_labels_turns_the_comparison_round(d):
    X, y = data.small_init_trap(d, noise=0)
    U, c = cheapest_interpolator(d)
    truth = Network.from_directions(U, [1] * 3, c)
    np.testing.assert_allclose(truth.predict(X), y)
    T = np.random.default_rng(d).standard_normal((200_000, d))
    T /= np.linalg.norm(T, axis=1, keepdims=True)
    best = solve_global(X, y, 1e-6).network
    teacher = Network(np.r_[0.8, 0, 0.6, np.zeros(d - 3)][None], np.ones(1))
    spread = np.var(teacher.predict(T))
    assert np.mean((best.predict(T) - truth.predict(T)) ** 2) < 1e-6 * spread
    wrong = np.mean((teacher.predict(T) - truth.predict(T)) ** 2) / spread
    assert wrong == pytest.approx(limit_error(d), rel=0.02)


def test_patients_to_test_on_have_no_say():
    n, d = 8, 3
    X, y = patients(n, d, 0)
    assert X.shape == (442, d)
    assert (X[:, -1] == 1).all()
    np.testing.assert_allclose(
        [X[:n, :-1].mean(0), X[:n, :-1].std(0)], [[0, 0], [1, 1]], atol=1e-12
    )
    np.testing.assert_allclose([y[:n].mean(), y[:n].std()], [0, 1], atol=1e-12)
    whole, labels = data.real("diabetes", 442, 10, seed=0)
    strength = [abs(np.corrcoef(column[:n], labels[:n])[0, 1]) for column in whole.T]
    used = [
        j
        for j, column in enumerate(whole.T)
        if any(abs(np.corrcoef(column, X[:, i])[0, 1]) > 1 - 1e-9 for i in range(d - 1))
    ]
    assert set(used) == set(np.argsort(strength)[-(d - 1) :])


# ---- flows and descents --------------------------------------------------------------------------


def columns(rows):
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def a_flow(run, gap, stop="global minimum"):
    common = {"part": "test", "data": "teacher", "lam": 0.01, "m": np.nan, "seed": 0, "alpha": 0.3}
    return {**common, "run": run, "gap": gap, "stop": stop, "time": 300.0}


def test_descents_stand_beside_the_flows_from_the_same_starts():
    flows = columns([a_flow(0, 0.0), a_flow(1, 0.02, "spurious stationary point"), a_flow(2, 0.0)])
    descents = columns(
        [
            {**a_flow(2, np.nan, "diverged"), "m": 100, "rule": "published"},
            {**a_flow(1, 0.0), "m": 100, "rule": "published"},
            {**a_flow(2, 0.01), "m": 100, "rule": "1/L"},
        ]
    )
    beside = beside_flows("test", "teacher", flows, descents)
    assert list(beside["run"]) == [2, 1]
    assert list(beside["flow time"]) == [3, 3]
    assert list(beside["diverged"]) == [True, False]
    assert list(beside["higher"]) == [True, False]
    assert list(beside["lower"]) == [False, True]
    heads, rows = beside_table("test", ["teacher"], flows, descents)
    assert rows == [["teacher", 2, 1, 0, "0 of 2 (0 to 66 %)", 1, 1]]
    assert len(heads) == len(rows[0])
    assert list(beside["flow stop"]) == ["global minimum", "spurious stationary point"]
    descents["stop"][1] = "not converged"
    still = beside_flows("test", "teacher", flows, descents)
    assert list(still["open"]) == [False, True]
    assert not still["lower"].any()
    with pytest.raises(ValueError, match="flows must hold every run"):
        beside_flows("test", "teacher", columns([a_flow(0, 0.0)]), descents)
    with pytest.raises(ValueError, match="among those drawn"):
        beside_flows("norm", "teacher", flows, descents)


def test_flows_of_the_trap_are_told_by_other_names():
    """Their result has no columns for part and data; a run made again with 1/L counts with it."""

    def of_the_trap(run, gap, lam=0.01):
        common = {"family": "width", "d": 3, "labels": "teacher", "lam": lam, "m": 10}
        return {**common, "alpha": 0.3, "run": run, "gap": gap, "stop": "global minimum"}

    flows = columns([{**of_the_trap(run, 0.0), "time": 300.0} for run in range(2)])
    named = {"part": "trap", "data": "trap"}
    descents = columns(
        [
            {**of_the_trap(1, 0.5), **named, "rule": "published"},
            {**of_the_trap(1, 0.0), **named, "rule": "1/L"},
        ]
    )
    beside = beside_flows("trap", "trap", flows, descents)
    assert list(beside["run"]) == [1]
    assert list(beside["alike"]) == [True]
    assert not beside["diverged"].any()


# ---- the stored runs -----------------------------------------------------------------------------


def test_stored_runs_belong_to_the_experiment():
    header, rows = load("open-questions")
    experiment = open_questions()
    assert header["settings"] == json.loads(json.dumps(experiment.settings))
    assert header["points"] == len(experiment.points)
    assert (rows["loss"] >= rows["optimum"] * (1 - 1e-9)).all()
    assert np.mean(rows["stop"] == "not converged") < 0.1


def test_small_scales_are_trapped_at_every_weight_decay():
    _, rows = load("open-questions")
    small = (rows["part"] == "decay") & (rows["alpha"] <= 1e-4)
    assert ((rows["positive"] == 1) & (rows["negative"] == 0))[small].all()
    several = rows["directions"] > 1
    assert (rows["stop"][small & several] == "spurious stationary point").all()
    assert (rows["stop"][small & ~several] == "global minimum").all()


def test_trapped_networks_generalise_on_their_own_data():
    _, rows = load("open-questions")
    trap = (rows["part"] == "test") & (rows["data"] == "trap")
    stuck = trap & (rows["stop"] == "spurious stationary point") & (rows["positive"] == 1)
    assert stuck.any()
    assert (rows["error"][stuck] < 1e-3).all()
    # One number per data set, each from 2000 test points: they scatter by 6 %.
    errors = [
        rows["optimum error"][trap & (rows["seed"] == s)].mean()
        for s in np.unique(rows["seed"][trap])
    ]
    assert abs(np.mean(errors) - limit_error(4)) < 3 * np.std(errors, ddof=1) / len(errors) ** 0.5
    np.testing.assert_allclose(errors, limit_error(4), rtol=0.2)


def test_stored_ends_waste_no_more_than_they_may():
    _, rows = load("open-questions")
    norm = rows["part"] == "norm"
    ends = norm & (rows["stop"] != "not converged")
    assert ends.sum() > 600
    assert (rows["waste"][ends] >= 1 - 1e-6).all()
    assert (rows["loss"][ends] <= rows["waste"][ends] * rows["optimum"][ends] * (1 + 1e-6)).all()
    orthogonal = norm & (rows["data"] == "orthogonal")
    assert (rows["loss"][orthogonal] >= rows["cone"][orthogonal] * (1 - 1e-6)).all()


def test_a_quick_point_has_what_the_chapter_reads():
    pytest.importorskip("torch")
    quick = open_questions(quick=True)
    point = next(
        p for p in quick.points if p["part"] == "norm" and p["data"] == "orthogonal" and p["m"] == 4
    )
    for row in open_questions_point(point, quick.settings):
        assert row["norm"] <= row["loss"] / quick.settings["norm"]["lam"] * (1 + 1e-9)
        assert row["cone"] >= row["optimum"] * (1 - 1e-9)
        assert row["directions"] == 2
