"""Correlated data: the closed forms, the four values of stationary points, and the
stored experiment."""

import json
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from oracles import orthonormal_value
from relucones import (
    Network,
    activation_patterns,
    cell_measures,
    certify,
    data,
    draw_cone,
    find_coupons,
    good_cone_probability,
    good_cone_width,
    lambda_max,
    solve_cone,
    solve_global,
)
from relucones_book.experiments import correlated, correlated_data, correlated_point
from relucones_book.reproduce import load
from strategies import seeds

MIXED = np.array([1, 0.8, 1.2, -1, -0.7, -1.1])
STORED = "correlated"  # the result that comes with the package


@cache
def all_active(c, rho):
    """The chance that a random neuron is active on c points with inner products rho: the integral
    over what they share."""
    t = np.sqrt(rho / (1 - rho))
    return quad(lambda z: norm.cdf(t * z) ** c * norm.pdf(z), -10, 10, points=[0], limit=300)[0]


def gram(n, rho):
    return (1 - rho) * np.eye(n) + rho


@st.composite
def tilted(draw, least=0.0, most=7):
    """Points with equal inner products, labels with zeros and repetitions, a weight decay, and the
    correlation."""
    n, rho = (
        draw(st.integers(1, most)),
        draw(st.sampled_from([0.0, 0.01, 0.2, 0.5, 0.8, 0.95]).filter(lambda r: r >= least)),
    )
    X = data.correlated(n, n + 1 + draw(st.integers(0, 2)), rho, seed=draw(seeds)).X
    rng = np.random.default_rng(draw(seeds))
    y = rng.integers(-2, 3, n).astype(float) if draw(st.booleans()) else rng.standard_normal(n)
    return X, y, draw(st.sampled_from([0.004, 0.05, 0.3])), rho


def active_sets(X, coupons):
    """For each direction the points on which it is active, by a margin above rounding."""
    return coupons.directions @ X.T > 1e-6


# ---- solid angles --------------------------------------------------------------------------------


@given(st.integers(1, 3), st.floats(0, 0.97), seeds)
def test_the_integral_is_the_solid_angle(n, rho, seed):
    X = data.correlated(n, n + 1, rho, seed=seed).X
    assert cell_measures(X, np.ones((1, n), dtype=bool))[0] == pytest.approx(
        all_active(n, rho), abs=1e-8
    )


@pytest.mark.parametrize("c", [1, 2, 5, 12])
def test_the_integral_at_zero_one_half_and_one(c):
    assert all_active(c, 0.0) == pytest.approx(2.0**-c)
    assert all_active(c, 0.5) == pytest.approx(1 / (c + 1))
    assert all_active(c, 1 - 1e-9) == pytest.approx(0.5, abs=1e-3)
    values = [all_active(c, rho) for rho in np.linspace(0, 0.99, 12)]
    assert (np.diff(values) > 0).all() if c > 1 else np.ptp(values) < 1e-8


@pytest.mark.parametrize("rho", [0.1, 0.3, 0.5, 0.9])
def test_the_polynomial_bound(rho):
    for n in (2, 5, 20, 200, 2000):
        b2 = 2 * (1 - rho) / rho * np.log(n)
        bound = np.sqrt(b2) / (1 + b2) / np.sqrt(8 * np.pi) * n ** (-(1 - rho) / rho)
        assert bound <= all_active(n, rho)
    assert all_active(2000, rho) > 2.0**-60  # and nowhere near the counted share


@given(st.integers(2, 9), st.floats(0.0, 0.95), seeds)
@settings(max_examples=15)
def test_draws_agree_with_the_integral(n, rho, seed):
    rng = np.random.default_rng(seed)
    hits = (
        (rng.standard_normal((4000, n + 1)) @ data.correlated(n, n + 1, rho, seed=rng).X.T > 0)
        .all(axis=1)
        .mean()
    )
    exact = all_active(n, rho)
    assert abs(hits - exact) < 6 * np.sqrt(exact * (1 - exact) / 4000) + 2 / 4000


def test_at_one_half_the_number_of_active_points_is_uniform():
    X = data.correlated(3, 4, 0.5, seed=1).X
    patterns = activation_patterns(X)
    shares = cell_measures(X, patterns)
    np.testing.assert_allclose([shares[patterns.sum(axis=1) == c].sum() for c in range(4)], 1 / 4)


# ---- the optimum ---------------------------------------------------------------------------------


@given(seeds, st.integers(1, 6), st.floats(0, 0.99))
def test_off_costs_more_than_the_wall(seed, n, rho):
    z, M = np.random.default_rng(seed).standard_normal(n), np.linalg.inv(gram(n, rho))
    assert np.maximum(z, 0) @ M @ np.maximum(z, 0) <= z @ M @ z * (1 + 1e-9)


def test_off_costs_less_for_points_that_lean_away():
    z, M = np.array([1.0, 1.0, -0.2]), np.linalg.inv(gram(3, -0.3))
    assert np.maximum(z, 0) @ M @ np.maximum(z, 0) > z @ M @ z


@given(tilted())
def test_at_most_one_neuron_of_each_sign_and_none_strictly_off(problem):
    X, y, lam, _ = problem
    coupons = find_coupons(X, y, lam)
    assert coupons.supports == [tuple(range(len(coupons.signs)))]  # one optimum
    assert len(set(coupons.signs)) == len(coupons.signs) <= 2
    assert (coupons.directions @ X.T).min(initial=0) > -1e-6
    sizes = 2 ** (len(y) - active_sets(X, coupons).sum(axis=1))
    assert list(coupons.holds.sum(axis=0)) == list(sizes)


@given(tilted(), st.integers(1, 50))
@settings(max_examples=25)
def test_the_proportion_of_good_cones(problem, m):
    X, y, lam, rho = problem
    coupons = find_coupons(X, y, lam)
    sizes = [int(c) for c in active_sets(X, coupons).sum(axis=1)]
    for measure, p in (
        ("counting", [0.5 ** (c + 1) for c in sizes]),
        ("gaussian", [all_active(c, rho) / 2 for c in sizes]),
    ):
        exact = (
            1 - sum((1 - q) ** m for q in p) + ((1 - sum(p)) ** m if len(p) == 2 else 0)
            if p
            else 1.0
        )
        if measure == "gaussian" and not p:
            continue
        found, error = good_cone_probability(
            X, y, lam, m, measure, 4000, seed=1, with_error=True, coupons=coupons
        )
        assert abs(found - exact) < 6 * error + 1e-7


@given(seeds, st.integers(1, 7), st.floats(0.005, 0.5))
def test_at_zero_correlation_the_closed_form_is_that_of_orthogonal_points(seed, n, share):
    X, y = data.correlated(n, n + 1, 0.0, seed=seed)
    lam = share * lambda_max(X, y)
    assert solve_global(X, y, lam).value == pytest.approx(orthonormal_value(y, lam), rel=1e-7)
    sizes = {
        s: np.sum(s * y > 0) for s in (1, -1) if np.linalg.norm(y[s * y > 0]) > n * lam * (1 + 1e-9)
    }
    coupons = find_coupons(X, y, lam)
    found = dict(zip(coupons.signs, n - np.log2(coupons.holds.sum(axis=0)), strict=True))
    assert found == sizes


@given(st.integers(1, 8), st.sampled_from([0.05, 0.4, 0.9]), seeds)
def test_labels_of_one_sign_need_one_neuron_active_everywhere(n, rho, seed):
    rng = np.random.default_rng(seed)
    X = data.correlated(n, n + 1, rho, seed=rng).X
    y = rng.integers(0, 3, n) * rng.uniform(0.1, 1, n)
    y[0] = 1.0
    coupons = find_coupons(X, y, 0.2 * lambda_max(X, y))
    assert list(coupons.signs) == [1]
    assert list(coupons.holds.sum(axis=0)) == [1]
    assert (coupons.directions @ X.T).min() > 0


def test_unequal_signs_move_the_coupon_onto_walls():
    X = data.correlated(6, 7, 0.3, seed=0).X
    assert list(find_coupons(X, np.abs(MIXED), 0.01).holds.sum(axis=0)) == [1]
    assert find_coupons(X, MIXED, 0.01).holds.sum(axis=0).min() > 1


@pytest.mark.parametrize("rho", [0.0, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("n", [2, 4, 8])
def test_balanced_labels(n, rho):
    X, y, lam = data.correlated(n, n + 1, rho, seed=3).X, np.array([2.0, -2.0] * (n // 2)), 0.02
    q2 = n / 2 * (1 - rho + rho * n / 2) / (1 - rho) / (1 - rho + n * rho)
    assert solve_global(X, y, lam).value == pytest.approx(
        8 * lam * np.sqrt(q2) - 4 * lam**2 * q2, rel=1e-8
    )
    coupons = find_coupons(X, y, lam)
    assert sorted(coupons.signs) == [-1, 1]
    assert set(coupons.holds.sum(axis=0)) == {2 ** (n // 2)}
    for s, on in zip(coupons.signs, active_sets(X, coupons), strict=True):
        np.testing.assert_array_equal(on, s * y > 0)
    assert lambda_max(X, y) == pytest.approx(1 / np.sqrt(q2), rel=1e-7)


def test_the_two_sets_cover_all_points_unless_the_points_are_orthogonal():
    covered = []
    for rho in (0.0, 0.05, 0.4, 0.9):
        X = data.correlated(7, 8, rho, seed=0).X
        y = np.array([1.0, 0.5, -1.0, -0.6, 0.0, 0.0, 0.3])
        coupons = find_coupons(X, y, 0.01)
        assert len(coupons.signs) == 2
        covered.append(active_sets(X, coupons).any(axis=0).all())
    assert covered == [False, True, True, True]


def test_nearly_equal_points_need_one_neuron():
    y = np.array([1.0, -0.4, 0.8, 0.2])  # the mean is 0.4
    X = data.correlated(4, 5, 0.999, seed=0).X
    coupons = find_coupons(X, y, 0.03)
    assert list(coupons.signs) == [1]
    assert active_sets(X, coupons).all()
    assert len(find_coupons(data.correlated(4, 5, 0.3, seed=0).X, y, 0.03).signs) == 2


def test_points_that_lean_away_break_both_parts():
    X = np.linalg.cholesky(gram(6, -0.1))
    assert list(find_coupons(X, np.abs(MIXED), 0.02).signs) == [1] * 5
    assert (find_coupons(X, MIXED, 0.02).directions @ X.T).min() < -0.1


# ---- stationary points ---------------------------------------------------------------------------


def four_values(X, y, lam):
    """p*, and the least losses with positive, with negative and without output weights."""
    one = [solve_cone(X, y, lam, np.ones((1, len(y)), dtype=bool), [s]).value for s in (1, -1)]
    return np.array([solve_global(X, y, lam).value, *one, np.mean(y**2)])


@given(tilted(least=0.01, most=6), st.integers(1, 6), seeds)
def test_stationary_points_have_four_values(problem, m, seed):
    X, y, lam, _ = problem
    network = solve_cone(X, y, lam, *draw_cone(X, m, seed)).network
    found = certify(network, X, y, lam, wall_tol=1e-6, stationarity_tol=1e-5)
    values = four_values(X, y, lam)
    if not found.is_stationary:
        return
    assert np.abs(values - found.value).min() < 1e-6 * max(1, values[-1])
    alive = np.abs(network.a) > 1e-6
    assert ((network.W @ X.T)[alive] > -1e-5).all()
    if {1, -1} <= set(np.sign(network.a[alive])):
        assert found.value == pytest.approx(values[0], rel=1e-6)


def test_many_cones_with_a_stationary_point_are_seen():
    X, counts = data.correlated(6, 7, 0.3, seed=0).X, np.zeros(4, dtype=int)
    values, rng = four_values(X, MIXED, 0.1), np.random.default_rng(0)
    for _ in range(150):
        network = solve_cone(X, MIXED, 0.1, *draw_cone(X, int(rng.integers(1, 8)), rng)).network
        found = certify(network, X, MIXED, 0.1, wall_tol=1e-5, stationarity_tol=1e-3)
        counts[np.argmin(np.abs(values - found.value))] += found.is_stationary
    assert (counts > 0).all()


@pytest.mark.parametrize(
    "X", [np.eye(6), np.linalg.cholesky(gram(6, -0.1))], ids=["orthogonal", "leaning away"]
)
def test_without_a_positive_correlation_there_are_other_values(X):
    best, rng, others = solve_global(X, MIXED, 0.02).value, np.random.default_rng(0), 0
    for _ in range(200):
        network = solve_cone(X, MIXED, 0.02, *draw_cone(X, int(rng.integers(2, 9)), rng)).network
        found = certify(network, X, MIXED, 0.02, wall_tol=1e-5, stationarity_tol=1e-3)
        both = {1, -1} <= set(np.sign(network.a[np.abs(network.a) > 1e-6]))
        others += found.is_stationary and both and found.value > 1.01 * best
    assert others > 0


def test_which_heights_are_local_minima():
    """With every neuron positive and at work, yes; with a zero neuron, no; on orthogonal points a
    stationary network of one sign with every neuron at work may have a way down."""
    X, lam = data.correlated(6, 7, 0.3, seed=0).X, 0.1
    on, rng = np.ones((1, 6), dtype=bool), np.random.default_rng(0)
    lone = solve_cone(X, MIXED, lam, on, np.array([1]))
    assert lone.value > solve_global(X, MIXED, lam).value * 1.01
    split = np.array([0.25, 0.75])
    network = Network.from_directions(
        np.repeat(lone.directions, 2, axis=0), [1, 1], split * lone.weights[0]
    )
    value = network.loss(X, MIXED, lam)
    assert value == pytest.approx(lone.value, rel=1e-9)

    def shaken(network, X, y, size):
        return min(
            Network(
                network.W + size * rng.standard_normal(network.W.shape),
                network.a + size * rng.standard_normal(network.width),
            ).loss(X, y, lam)
            for _ in range(1000)
        )

    assert shaken(network, X, MIXED, 1e-4) >= value - 1e-13
    best = solve_global(X, MIXED, lam)
    u = best.directions[best.signs < 0][0]
    woken = Network(np.vstack([network.W, 1e-3 * u]), [*network.a, -1e-3])
    assert woken.loss(X, MIXED, lam) < value - 1e-9
    # rho = 0: one positive neuron that misses a point of its class, at the kink.
    y = np.array([1.0, 1.0, -1.0])
    size = np.sqrt(1 - 3 * lam)
    stuck = Network([[size, 0.0, 0.0]], [size])
    assert certify(stuck, np.eye(3), y, lam).verdict == "spurious stationary point"
    assert shaken(stuck, np.eye(3), y, 1e-3) < stuck.loss(np.eye(3), y, lam)


def descended(X, y, lam, m, seed, eta=0.1, steps=1500):
    """Gradient descent from a small balanced start; smaller steps at the end."""
    rng = np.random.default_rng(seed)
    W = 0.1 * rng.standard_normal((m, X.shape[1]))
    a = rng.choice([-1, 1], m) * np.linalg.norm(W, axis=1)
    for rate, count in ((eta, steps), (eta / 10, steps)):
        for _ in range(count):
            h = np.maximum(X @ W.T, 0)
            r = 2 / len(y) * (h @ a - y)
            W, a = (
                W - rate * (a[:, None] * ((h > 0) * r[:, None]).T @ X + 2 * lam * W),
                a - rate * (h.T @ r + 2 * lam * a),
            )
    return Network(W, a).loss(X, y, lam)


def test_training_ends_at_one_of_the_four_values():
    ends = {}
    for rho in (0.0, 0.3):
        X = data.correlated(6, 7, rho, seed=0).X if rho else np.eye(6)
        values = four_values(X, MIXED, 0.1)
        losses = np.array([descended(X, MIXED, 0.1, 4, seed) for seed in range(12)])
        ends[rho] = np.abs(losses[:, None] / values - 1).min(axis=1)
    assert ends[0.3].max() < 0.005
    assert ends[0.0].max() > 0.02  # at right angles training also stops in between


# ---- the stored experiment -----------------------------------------------------------------------


def test_fixed_labels_stay_and_those_of_a_teacher_move():
    for kind in ("one sign", "balanced", "mixed", "teacher"):
        labels = [
            correlated_data({"labels": kind, "n": 6, "rho": rho, "seed": 3})[1]
            for rho in (0.0, 0.5)
        ]
        assert np.array_equal(*labels) == (kind != "teacher")
    X, y = correlated_data({"labels": "one sign", "n": 6, "rho": 0.5, "seed": 3})
    np.testing.assert_allclose(X @ X.T, gram(6, 0.5), atol=1e-12)
    assert (y > 0).all()


def test_a_point_of_the_experiment_repeats_the_library():
    settings = {**correlated(quick=True).settings, "samples": 400}
    point = {"labels": "mixed", "n": 4, "rho": 0.5, "seed": 1}
    (row,) = correlated_point(point, settings)
    X, y = correlated_data(point)
    coupons = find_coupons(X, y, 0.01)
    assert row["positive"] == coupons.holds[:, coupons.signs == 1].sum()
    assert row["counting 0.5"] == good_cone_width(X, y, 0.01, 0.5)
    assert 0 <= row["spurious 16"] <= row["spurious 2"] <= 1


def test_where_the_zero_network_is_optimal_every_cone_is_good():
    settings = {**correlated(quick=True).settings, "lam": [0.5]}
    (row,) = correlated_point({"labels": "balanced", "n": 4, "rho": 0.9, "seed": 0}, settings)
    assert row["coupons"] == row["positive"] == row["negative"] == 0
    assert row["counting 0.99"] == row["gaussian 0.99"] == 1


def test_the_stored_result_is_that_of_the_experiment():
    header, table = load(STORED)
    experiment = correlated()
    assert header["settings"] == json.loads(json.dumps(experiment.settings))
    assert header["points"] == len(experiment.points)
    assert len(table["n"]) == len(experiment.points) * len(experiment.settings["lam"])
    rng, small = np.random.default_rng(5), [p for p in experiment.points if p["n"] == 6]
    for point in rng.choice(small, 3, replace=False):
        at = np.all([table[key] == value for key, value in point.items()], axis=0)
        for row in correlated_point(point, experiment.settings):
            (i,) = np.flatnonzero(at & (table["lam"] == row["lam"]))
            for key in ("coupons", "positive", "negative", "counting 0.5", "counting 0.99"):
                assert table[key][i] == row[key]
            for key in ("gaussian 0.5", "gaussian 0.99"):
                # Both are simulated: four of their standard errors, and one for the rounding to a
                # whole width.
                spread = np.hypot(table[f"{key} error"][i], row[f"{key} error"])
                assert abs(table[key][i] - row[key]) <= 1 + 4 * spread


def test_the_stored_coupons_obey_the_theorem():
    _, table = load(STORED)
    assert table["coupons"].max() == 2
    for sign in ("positive", "negative"):
        sizes = table[sign][table[sign] > 0].astype(int)
        assert (sizes & (sizes - 1) == 0).all()  # powers of two
    one, flat = (
        table["labels"] == "one sign",
        (table["labels"] == "balanced") & (table["coupons"] == 2),
    )
    assert set(table["positive"][one & (table["rho"] > 0) & (table["coupons"] > 0)]) == {1}
    assert set(table["negative"][one]) == {0}
    assert (table["positive"][flat] == 2 ** (table["n"][flat] // 2)).all()
