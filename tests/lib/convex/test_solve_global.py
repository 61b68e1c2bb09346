"""The global minimum: by its dual certificate, by the whole program, by closed forms, and against every network found."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import (
    descend,
    dual_maximum,
    global_value,
    linear_neuron,
    linear_neuron_value,
    loss,
    orthonormal_value,
    relu,
    sampled_maximum,
)
from relucones import Network, data, draw_cone, lambda_max, solve_cone, solve_global
from strategies import points, problems, seeds


def strength(X, y, share):
    return share * (lambda_max(X, y) or 1.0)


def check_certificate(X, y, lam, s, tol=1e-8):
    """Value, bound and dual vector prove each other, by projections on cones that the solver does not use."""
    n = len(y)
    assert s.value == pytest.approx(loss(s.network.W, s.network.a, X, y, lam), rel=1e-12, abs=1e-300)
    assert y @ s.dual - n / 4 * s.dual @ s.dual == pytest.approx(s.lower_bound, rel=1e-9, abs=1e-13 * np.mean(y**2))
    assert dual_maximum(X, s.dual) <= 2 * lam * (1 + 1e-9)
    assert 0 <= s.gap <= tol * s.value


def check_neurons(X, y, s):
    assert len(s.weights) <= len(y)
    assert (s.weights > 0).all()
    assert set(s.signs) <= {-1, 1}
    np.testing.assert_allclose(np.linalg.norm(s.directions, axis=1), 1, rtol=1e-10)
    walls = np.abs(s.directions @ X.T) <= 1e-7 * np.linalg.norm(X, axis=1)
    np.testing.assert_array_equal(s.vanishing, walls)
    fits = relu(s.directions @ X.T)
    if len(fits):
        units = fits / np.linalg.norm(fits, axis=1, keepdims=True)
        assert np.linalg.matrix_rank(units, tol=1e-9) == len(fits)


# ---- the certificate ----------------------------------------------------------------------------------------------


@settings(max_examples=150)
@given(problems(most=7, dimensions=4))
def test_certified_on_any_small_data(problem):
    X, y, share = problem
    lam = strength(X, y, share)
    s = solve_global(X, y, lam)
    check_certificate(X, y, lam, s)
    check_neurons(X, y, s)


@settings(max_examples=40)
@given(problems(most=5, dimensions=3))
def test_equal_to_the_whole_program_written_down_with_linear_programs(problem):
    X, y, share = problem
    lam = strength(X, y, share)
    exact = solve_global(X, y, lam).value
    if X.any() and y.any():
        assert global_value(X, y, lam) == pytest.approx(exact, rel=1e-7, abs=1e-10)


@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")
@settings(max_examples=100)
@given(problems(most=6, dimensions=3))
def test_the_two_methods_agree(problem):
    X, y, share = problem
    lam = strength(X, y, share)
    if not X.any():
        return
    exact, readable = solve_global(X, y, lam), solve_global(X, y, lam, method="clarabel")
    slack = 1e-7 * exact.value + 1e-12
    assert readable.value == pytest.approx(exact.value, abs=slack)
    assert readable.lower_bound <= exact.value + slack
    assert 0 <= readable.gap <= 1e-5 * readable.value + 1e-12
    np.testing.assert_allclose(readable.dual, exact.dual, atol=1e-3 * (1e-6 + np.abs(exact.dual).max()))


@pytest.mark.parametrize(("n", "d"), [(30, 2), (40, 3), (15, 5), (8, 8), (60, 3)])
def test_certified_on_larger_data(n, d):
    rng = np.random.default_rng(n * d)
    X, y = rng.standard_normal((n, d)), rng.standard_normal(n)
    for share in (0.3, 0.01):
        lam = share * lambda_max(X, y)
        s = solve_global(X, y, lam)
        assert s.gap <= 1e-8 * s.value
        assert sampled_maximum(X, s.dual, rng) <= 2 * lam * (1 + 1e-9)
        check_neurons(X, y, s)


@settings(max_examples=20)
@given(problems(most=8), seeds)
def test_no_sampled_direction_breaks_the_dual_constraint(problem, seed):
    X, y, share = problem
    lam = strength(X, y, share)
    s = solve_global(X, y, lam)
    assert sampled_maximum(X, s.dual, np.random.default_rng(seed), samples=2000, rounds=15) <= 2 * lam * (1 + 1e-9)
    # The neurons meet it, and the dual vector is the residual.
    np.testing.assert_allclose(s.signs * (relu(s.directions @ X.T) @ s.dual), 2 * lam, rtol=1e-4)
    residual = 2 / len(y) * (y - s.network.predict(X))
    np.testing.assert_allclose(s.dual, residual, atol=1e-4 * (1e-12 + np.abs(residual).max()))


# ---- nothing is below -------------------------------------------------------------------------------------------


@settings(max_examples=25)
@given(problems(), seeds)
def test_no_network_found_by_any_means_is_below(problem, seed):
    X, y, share = problem
    lam = strength(X, y, share)
    bound = solve_global(X, y, lam).lower_bound
    slack = 1e-12 * np.mean(y**2)
    rng = np.random.default_rng(seed)
    found = []
    for m in (1, 3, 10):
        found.append(Network(rng.standard_normal((m, X.shape[1])), rng.standard_normal(m)))
        found.append(Network(*descend(X, y, lam, m, rng, steps=150)))
        found.append(solve_cone(X, y, lam, *draw_cone(X, m, rng)).network)
    for network in found:
        assert loss(network.W, network.a, X, y, lam) >= bound - slack
        assert network.balanced().loss(X, y, lam) >= bound - slack


def test_no_network_trained_by_torch_is_below_and_a_wide_one_comes_close():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    X, y = data.gaussian_teacher(5, 2, seed=3)
    lam = 0.02
    p = solve_global(X, y, lam)
    W = (0.3 * torch.randn(60, 2, dtype=torch.float64)).requires_grad_()
    a = (0.3 * torch.randn(60, dtype=torch.float64)).requires_grad_()
    inputs, labels = torch.as_tensor(X), torch.as_tensor(y)
    optimizer = torch.optim.Adam([W, a], lr=0.02)
    for _ in range(450):
        optimizer.zero_grad()
        value = ((torch.relu(inputs @ W.T) @ a - labels) ** 2).mean() + lam * ((W**2).sum() + (a**2).sum())
        assert value.item() >= p.lower_bound
        value.backward()
        optimizer.step()
    assert value.item() <= p.value * 1.1


# ---- transformations ----------------------------------------------------------------------------------------------


@given(problems(), st.sampled_from([1e-5, 1e-2, 3.0, 1e4]), st.sampled_from([1e-4, 0.5, 1e5]))
def test_units_of_points_and_labels(problem, c, b):
    r"""v -> (b/c) v turns the problem (X, y, lam) into (cX, by, bc lam), with b^2 times the value."""
    X, y, share = problem
    lam = strength(X, y, share)
    s, t = solve_global(X, y, lam), solve_global(c * X, b * y, b * c * lam)
    assert t.value == pytest.approx(b**2 * s.value, rel=2e-8)
    assert t.lower_bound == pytest.approx(b**2 * s.lower_bound, rel=2e-8)
    np.testing.assert_allclose(t.weights.sum(), b / c * s.weights.sum(), rtol=1e-4)


@given(problems(), seeds)
def test_rotations_orders_signs_and_repetitions(problem, seed):
    X, y, share = problem
    lam = strength(X, y, share)
    value = solve_global(X, y, lam).value
    rng = np.random.default_rng(seed)
    Q, _ = np.linalg.qr(rng.standard_normal((X.shape[1],) * 2))
    order = rng.permutation(len(y))
    assert solve_global(X @ Q, y, lam).value == pytest.approx(value, rel=2e-8)
    assert solve_global(X[order], y[order], lam).value == pytest.approx(value, rel=2e-8)
    assert solve_global(X, -y, lam).value == pytest.approx(value, rel=2e-8)
    assert solve_global(-X, y, lam).value == pytest.approx(value, rel=2e-8)
    assert solve_global(np.vstack([X, X]), np.append(y, y), lam).value == pytest.approx(value, rel=2e-8)
    assert solve_global(np.column_stack([X, np.zeros(len(y))]), y, lam).value == pytest.approx(value, rel=2e-8)


@given(problems())
def test_the_value_is_increasing_and_concave_in_lambda(problem):
    X, y, share = problem
    lam = strength(X, y, share)
    values = [solve_global(X, y, lam * t).value for t in (0.5, 1.0, 1.5)]
    slack = 1e-7 * values[1] + 1e-300
    assert values[0] <= values[1] + slack
    assert values[1] <= values[2] + slack
    assert values[1] >= (values[0] + values[2]) / 2 - slack
    assert values[2] <= np.mean(y**2) * (1 + 1e-12)


@given(points(), seeds)
def test_more_weight_decay_than_lambda_max_leaves_nothing_and_less_leaves_something(X, seed):
    y = np.random.default_rng(seed).standard_normal(len(X))
    most = lambda_max(X, y)
    if most == 0:
        return
    nothing = solve_global(X, y, most * (1 + 1e-9))
    assert len(nothing.weights) == 0
    assert nothing.value == pytest.approx(np.mean(y**2), rel=1e-14)
    assert nothing.gap <= 1e-12 * nothing.value
    something = solve_global(X, y, 0.99 * most)
    assert len(something.weights) > 0
    assert something.value < np.mean(y**2)


# ---- closed forms -------------------------------------------------------------------------------------------------


@given(seeds, st.integers(1, 6), st.integers(0, 2), st.floats(1e-4, 1.0))
def test_orthonormal_points_have_the_closed_form(seed, n, more, share):
    y = np.random.default_rng(seed).standard_normal(n)
    lam = share * np.linalg.norm(y) / n
    X = data.orthogonal(n, n + more, seed=seed, labels=y).X
    s = solve_global(X, y, lam)
    assert s.value == pytest.approx(orthonormal_value(y, lam), rel=1e-9)
    assert len(s.weights) <= 2
    for u, sign, c in zip(s.directions, s.signs, s.weights, strict=True):
        part = np.maximum(sign * y, 0)
        length = np.linalg.norm(part)
        assert c == pytest.approx(length - n * lam, rel=1e-6, abs=1e-9)
        np.testing.assert_allclose(X @ u, part / length, atol=1e-6)


@given(seeds, st.floats(0.001, 2))
def test_one_point(seed, share):
    # f(x) = v.x for the best v along x: minimise (|x| c - |y|)^2 + 2 lam c over c >= 0.
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((1, 3)), rng.standard_normal(1)
    size, label = np.linalg.norm(x), abs(y[0])
    lam = share * size * label
    s = solve_global(x, y, lam)
    expected = 2 * lam * label / size - lam**2 / size**2 if share < 1 else label**2
    assert s.value == pytest.approx(expected, rel=1e-9)
    assert lambda_max(x, y) == pytest.approx(size * label)


@given(seeds, st.integers(2, 6))
def test_collinear_points_are_two_problems_on_half_lines(seed, n):
    # Points t_k e: each half line has one direction, and its labels are fitted by one number.
    rng = np.random.default_rng(seed)
    t, y = rng.standard_normal(n), rng.standard_normal(n)
    e = rng.standard_normal(3)
    e /= np.linalg.norm(e)
    lam = 0.05
    expected = 0.0
    for side in (t > 0, t < 0):
        a, z = np.abs(t[side]), y[side]
        gain = max(abs(a @ z) - n * lam, 0) if side.any() else 0.0
        expected += (z @ z - (gain**2 / (a @ a) if gain else 0)) / n
    s = solve_global(np.outer(t, e), y, lam)
    assert s.value == pytest.approx(expected, rel=1e-9)
    assert len(s.weights) <= 2


# ---- the trap of small initialisation -------------------------------------------------------------------------------

THRESHOLDS = {3: 1.148e-3, 4: 8.67e-4, 5: 6.98e-4}


@pytest.mark.parametrize("d", THRESHOLDS)
def test_one_linear_neuron_is_optimal_only_above_the_threshold(d):
    X, y = data.small_init_trap(d, noise=0)
    below, above = 0.99 * THRESHOLDS[d], 1.01 * THRESHOLDS[d]
    assert solve_global(X, y, above).value == pytest.approx(linear_neuron_value(X, y, above), rel=1e-8)
    assert solve_global(X, y, below).value < linear_neuron_value(X, y, below) * (1 - 1e-9)
    for lam, optimal in ((below, False), (above, True)):
        v = linear_neuron(X, y, lam)
        assert (X @ v > 0).all()
        nu = 2 / d * (y - X @ v)
        assert (dual_maximum(X, nu) <= 2 * lam * (1 + 1e-9)) == optimal


def test_gap_of_the_linear_neuron_at_several_strengths():
    X, y = data.small_init_trap(4, noise=0)
    known = [(1e-5, 0.00914, 2e-5), (1e-4, 0.00715, 2e-5), (3e-4, 0.0037, 1e-4), (5e-4, 0.0015, 1e-4), (1e-3, 0.0, 1e-7)]
    for lam, gap, digit in known:
        distance = linear_neuron_value(X, y, lam) - solve_global(X, y, lam).value
        assert distance / (2 * lam) == pytest.approx(gap, abs=digit)


@pytest.mark.parametrize("d", [3, 4])
def test_minimum_norm_interpolator_as_the_penalty_vanishes(d):
    X, y = data.small_init_trap(d, noise=0)
    lam = 1e-7
    s = solve_global(X, y, lam)
    c0, c1 = 4 / 5 * np.sqrt(17 / 13), 0.037894
    assert s.value / (2 * lam) == pytest.approx(c0 + 2 * c1, abs=1e-4)
    assert c0 + 2 * c1 == pytest.approx(0.990622, abs=1e-6)
    np.testing.assert_allclose(s.network.predict(X), y, atol=1e-4)
    expected = np.zeros((3, d))
    expected[:, [0, 1, 2]] = np.array([[np.sqrt(13), 0, 2], [0, -4, 1], [0, 4, 1]]) / np.sqrt(17)
    assert len(s.weights) == 3
    assert (s.signs == 1).all()
    for u in expected:
        assert np.linalg.norm(s.directions - u, axis=1).min() < 1e-3
    np.testing.assert_allclose(np.sort(s.weights), [c1, c1, c0], atol=1e-4)


# ---- extremes -----------------------------------------------------------------------------------------------------


def test_labels_zero():
    for method in ("exact", "clarabel"):
        s = solve_global(np.eye(3), np.zeros(3), 0.1, method=method)
        assert (s.value, s.lower_bound, len(s.weights)) == (0.0, 0.0, 0)
        assert s.network.squared_norm() == 0


@pytest.mark.parametrize("method", ["exact", "clarabel"])
def test_points_zero(method):
    s = solve_global(np.zeros((3, 2)), [1.0, 2.0, -3.0], 0.1, method=method)
    assert s.value == pytest.approx(14 / 3)
    assert s.gap <= 1e-12
    assert len(s.weights) == 0


@pytest.mark.parametrize("factor", [1.0, 1e6, 1e30])
def test_huge_penalty_is_zero_exactly(factor):
    X, y = data.five_points()
    s = solve_global(X, y, factor * (1 + 1e-12) * lambda_max(X, y))
    assert len(s.weights) == 0
    assert s.value == np.mean(y**2)


@pytest.mark.parametrize("lam", [1e-6, 1e-8])
def test_tiny_penalty(lam):
    X, y = data.five_points()
    s = solve_global(X, y, lam)
    assert s.gap <= 1e-8 * s.value
    tighter = solve_global(X, y, lam / 10)
    # value / 2 lam tends to the least norm of an interpolator, from below
    assert s.value / (2 * lam) <= tighter.value / (0.2 * lam) * (1 + 1e-6)
    assert s.value / (2 * lam) == pytest.approx(tighter.value / (0.2 * lam), rel=1e-3)


def test_coordinates_of_very_different_size():
    X, y = np.diag([1.0, 1e-10]), np.array([0.0, 1.0])
    s = solve_global(X, y, 1e-12)
    # One neuron along the second coordinate: the problem of one point, with the loss halved.
    lam, size = 2e-12, 1e-10
    assert s.value == pytest.approx((2 * lam / size - lam**2 / size**2) / 2, rel=1e-7)


@pytest.mark.parametrize("lam", [1e-12, 1e-18])
def test_two_points_of_very_different_size(lam):
    s = solve_global(np.diag([1.0, 1e-10]), [1.0, 1.0], lam)
    assert s.gap <= 1e-8 * s.value


def test_rows_of_sizes_from_a_thousandth_to_a_thousand():
    X = np.array([[1e3, 1e3, 0], [-1, -1, 0], [-1e-3, 1e-3, 0], [-1e-3, 1e-3, -1e-3]])
    y = np.array([-0.5250016779687878, 1.1033530773375757, -0.3947134948174819, -0.3052563851455138])
    s = solve_global(X, y, 1e-6 * lambda_max(X, y))
    assert s.gap <= 1e-8 * s.value


def test_fits_stay_independent_where_optima_are_many():
    X = np.array([[-0.734, -0.373], [-0.966, 0.763], [-1.517, -0.313], [1.951, 0.052], [0.468, -0.147], [-1.174, -0.033]])
    y = np.array([-1.023, 0.342, 1.245, 1.070, -1.583, -0.975])
    check_neurons(X, y, solve_global(X, y, 1e-6 * lambda_max(X, y)))


def test_a_penalty_near_the_smallest_float_is_solved_or_refused_by_name():
    said, exact = "", False
    try:
        s = solve_global(*data.gaussian_teacher(5, 3, seed=0), 1e-300)
        exact = s.gap <= 1e-8 * s.value
    except ValueError as error:
        said = str(error)
    assert exact or "lam" in said


def test_a_looser_tolerance_stops_earlier_but_not_beyond_it():
    X, y = data.gaussian_teacher(12, 3, seed=0)
    loose, tight = solve_global(X, y, 0.01, tol=1e-2), solve_global(X, y, 0.01)
    assert loose.gap <= 1e-2 * loose.value
    assert loose.lower_bound <= tight.value * (1 + 1e-12)
    assert tight.value <= loose.value * (1 + 1e-12)


def test_a_short_repr_for_a_page():
    text = repr(solve_global(*data.five_points(), 0.01))
    assert text.startswith("Solution(value=0.")
    assert "neurons=" in text
