"""A bound is a bound: on data in any units, nearly parallel, tied or long, below every network that anything finds."""

import os
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from oracles import descend, loss
from relucones import Network, certify, data, find_coupons, good_cone_probability, good_cone_width, lambda_max, solve_global
from relucones.convex import Faces, dual_bound, exact_loss
from strategies import points, seeds

THOROUGH = bool(os.environ.get("RELUCONES_THOROUGH"))


def best_of_descents(X, y, lam, seed, starts=3, m=None):
    """The lowest loss that L-BFGS finds from a few random networks: an upper bound by another route."""
    rng, m = np.random.default_rng(seed), m or len(y) + 1
    d, size = X.shape[1], np.abs(X).max(axis=0)
    size = np.where(size > 0, size, 1.0)

    def value(theta):
        W, a = theta[: m * d].reshape(m, d), theta[m * d :]
        hidden = np.maximum(X @ W.T, 0)
        pull = 2 / len(y) * (hidden @ a - y)
        inner = ((hidden > 0) * pull[:, None] * a).T @ X + 2 * lam * W
        outer = hidden.T @ pull + 2 * lam * a
        return loss(W, a, X, y, lam), np.concatenate([inner.ravel(), outer])

    found = [np.mean(y**2)]
    for _ in range(starts):
        start = np.concatenate([(rng.standard_normal((m, d)) / size).ravel(), rng.standard_normal(m)])
        found.append(minimize(value, start, jac=True, method="L-BFGS-B", options={"maxiter": 300}).fun)
    return min(found)


@st.composite
def hard_points(draw):
    """Points in clusters, in columns of any units, nearly parallel, or repeated."""
    X = draw(points(most=6, dimensions=3))
    rng = np.random.default_rng(draw(seeds))
    kind = draw(st.sampled_from(["units", "clusters", "nearly parallel", "sizes"]))
    if kind == "units":
        return X * 10.0 ** rng.integers(-9, 10, X.shape[1])
    if kind == "sizes":
        return X * 10.0 ** rng.integers(-6, 7, (len(X), 1))
    apart = 10.0 ** -rng.integers(5, 15)
    near = X[rng.integers(len(X), size=len(X))] + apart * rng.standard_normal(X.shape)
    return near if kind == "clusters" else near * rng.choice([1.0, -1.0, 0.3], (len(X), 1))


# ---- inputs on which a bound was false once -----------------------------------------------------------------------

GDP = np.array([[3e9, 0.9], [3.1e9, -0.8], [2.8e9, 0.3], [2.9e9, -0.4]]), np.array([1, -1, 0.3, -0.4])


def test_columns_in_very_different_units():
    s = solve_global(*GDP, 0.01)
    assert s.value == pytest.approx(0.0253358283, abs=1e-10)
    assert s.lower_bound <= s.value
    assert s.relative_gap < 1e-8
    two = Network([[0, 1], [0, -1]], [1, -1])
    c = certify(two, *GDP, 0.01)
    assert not c.is_global
    assert c.lower_bound < s.value < c.value == pytest.approx(0.0525)


@pytest.mark.parametrize("power", range(-9, 10, 3))
def test_the_unit_of_a_column_changes_the_problem_as_it_must(power):
    """In other units of one column the penalty weighs that column differently; an enumeration of angles is the other route."""
    X, y = GDP[0] / [3e9, 1] * [10.0**power, 1], GDP[1]
    s = solve_global(X, y, 0.01)
    assert s.relative_gap < 1e-7
    assert s.value == pytest.approx(by_angles(X, y, 0.01), rel=1e-6)


def by_angles(X, y, lam):
    """The plane by non-negative least squares over many angles, finest where walls are: an upper bound that is nearly exact."""
    from scipy.optimize import nnls

    # An angle t stands for the direction (cos t / size, sin t): even in units in which the points spread over all angles.
    size = np.abs(X[:, 0]).max()
    walls = np.arctan2(-X[:, 0] / size, X[:, 1])
    angles = np.concatenate([np.linspace(-np.pi, np.pi, 4001), walls, walls + np.pi])
    value = np.inf
    for level in range(12):
        U = np.column_stack([np.cos(angles) / size, np.sin(angles)])
        U /= np.linalg.norm(U, axis=1, keepdims=True)
        fits = np.maximum(X @ U.T, 0)
        fits = np.hstack([fits, -fits])
        # min |Gc - y|^2/n + 2 lam sum c as least squares: by its dual, the least distance to a polyhedron.
        gain = fits.T @ y - len(y) * lam
        share, _ = nnls(np.vstack([fits, gain]), np.append(np.zeros(len(y)), 1.0), maxiter=10**5)
        c = share / (1 - gain @ share)
        value = min(value, np.mean((fits @ c - y) ** 2) + 2 * lam * c.sum())
        used = np.flatnonzero(c > 0) % len(angles)
        step = 4e-3 * 0.25**level
        angles = np.concatenate([angles[used], *(angles[used] + step * t for t in np.linspace(-1, 1, 41)), walls, walls + np.pi])
    return value


def test_two_points_a_hair_apart():
    s = solve_global([[1, 1e-10], [1, -1e-10]], [1, -1], 1e-12)
    assert s.value == pytest.approx(0.0199, rel=1e-9)
    assert s.relative_gap < 1e-9


@pytest.mark.parametrize("angle", [1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12])
def test_points_closer_and_closer_with_a_penalty_of_their_angle(angle):
    # Directions (angle, +-1): minimise (1 - t)^2 + 2 lam t / angle over t, in closed form, when the pair is all there is.
    lam = angle / 100
    s = solve_global([[1, angle], [1, -angle]], [1, -1], lam)
    exact = minimised(lambda t: (1 - t) ** 2 + 4 * lam * t / np.sqrt(1 + angle**2) / (2 * angle))
    assert s.lower_bound <= exact * (1 + 1e-12)
    assert exact <= s.value * (1 + 1e-6)


def minimised(f):
    from scipy.optimize import minimize_scalar

    return minimize_scalar(f, bounds=(0, 2), method="bounded", options={"xatol": 1e-12}).fun


@given(hard_points(), seeds, st.sampled_from([1e-12, 1e-9, 1e-6, 1e-3, 1e-1]))
def test_no_network_is_below_a_bound_on_hard_data(X, seed, share):
    y = np.random.default_rng(seed).standard_normal(len(X))
    lam = share * (lambda_max(X, y) or 1.0)
    s = solve_global(X, y, lam)
    assert s.lower_bound <= best_of_descents(X, y, lam, seed, starts=1)
    assert Fraction(s.lower_bound) <= exact_loss(s.network, X, y, lam)
    c = certify(Network(*descend(X, y, lam, 4, np.random.default_rng(seed), steps=50)), X, y, lam)
    assert c.lower_bound <= c.value


@given(hard_points(), seeds)
def test_the_ceiling_is_above_what_any_direction_reaches_exactly(X, seed):
    rng = np.random.default_rng(seed)
    nu = rng.standard_normal(len(X))
    ceiling = Fraction(Faces(X).ceiling(nu))
    sizes = np.abs(X).max(axis=0)
    some = rng.standard_normal((40, X.shape[1]))
    for u in np.concatenate([some, some / np.where(sizes > 0, sizes, 1.0), X, -X, np.eye(X.shape[1])]):
        square = sum(Fraction(v) ** 2 for v in u)
        dots = [sum(Fraction(a) * Fraction(b) for a, b in zip(x, u, strict=True)) for x in X]
        value = abs(sum(Fraction(p) * max(t, 0) for p, t in zip(nu, dots, strict=True)))
        assert value**2 <= ceiling**2 * square


def test_a_network_below_a_bound_is_an_error_that_names_both(monkeypatch):
    from relucones.convex import certificate

    X, y = data.five_points()
    best = solve_global(X, y, 0.01)
    monkeypatch.setattr(certificate, "dual_bound", lambda *arguments: (best.value * 1.001, None, None))
    with pytest.raises(ArithmeticError, match=r"loss 0\.0576.* contradicts the lower bound 0\.0577"):
        certify(best.network, X, y, 0.01)


# ---- tiny penalties ------------------------------------------------------------------------------------------------

CLUSTERS = (
    np.array([
        [-0.5751090528594716, -0.6220996670293389, 0.08025361163847128],
        [-0.5751111325998716, -0.6220990183463008, 0.08025508236560691],
        [1.2524742127421413, -0.3238968128709597, -1.1016453024063873],
        [1.2524738585716708, -0.3238963344641585, -1.1016434567587483],
    ]),
    np.array([-0.6790304942926411, -1.0356338683299615, 1.5807695824286596, -1.5177162457649291]),
)  # fmt: skip


def never_rises(X, y, penalties):
    values, bounds = [], []
    for lam in penalties:
        s = solve_global(X, y, lam)
        values.append(s.value)
        bounds.append(s.lower_bound)
    # The optimum never rises as lam falls, so no bound exceeds the value found for any larger lam.
    for i in range(1, len(values)):
        assert values[i] <= min(values[:i]) * (1 + 1e-12)
        assert bounds[i] <= min(values[: i + 1])


def test_the_optimum_never_rises_as_lambda_falls_on_two_clusters():
    never_rises(*CLUSTERS, np.geomspace(1e-2, 1e-12, 21))
    assert solve_global(*CLUSTERS, 1.13e-8).value < 0.07


@pytest.mark.parametrize("seed", range(300 if THOROUGH else 10))
def test_the_optimum_never_rises_as_lambda_falls(seed):
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(3, 9)), int(rng.integers(2, 4))
    centres = rng.standard_normal((2, d))
    X = centres[rng.integers(2, size=n)] + 10.0 ** -rng.integers(0, 8) * rng.standard_normal((n, d))
    X, y = X * 10.0 ** rng.integers(-4, 5, d), rng.standard_normal(n)
    never_rises(X, y, lambda_max(X, y) * np.geomspace(0.5, 1e-9, 8))


# ---- edges of the solver -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lam", np.geomspace(1e-5, 1e-2, 300 if THOROUGH else 20))
def test_cutting_planes_do_not_stall(lam):
    X, y = [[1, -1], [1, 1], [-1, 1], [0, -1], [0, 1]], [-1, 2, 1, -2, 1]
    assert solve_global(X, y, lam).relative_gap <= 1e-8


def test_a_value_known_to_sixty_digits():
    X, y = [[1, -1], [1, 1], [-1, 1], [0, -1], [0, 1]], [-1, 2, 1, -2, 1]
    assert solve_global(X, y, 1.2e-4).value == pytest.approx(0.00095971228018579, rel=1e-10)


@pytest.mark.parametrize("below", [1e-3, 1e-7, 1e-9, 1e-11])
def test_just_below_lambda_max_a_neuron_is_optimal(below):
    X, y = [[1, 0.2], [0.6, 1], [-0.5, 1.1]], [1, 0.4, -0.6]
    lam = lambda_max(X, y) * (1 - below)
    assert len(solve_global(X, y, lam).weights) == 1
    assert good_cone_probability(X, y, lam, 3) == pytest.approx(91 / 216, rel=1e-12)
    assert good_cone_width(X, y, lam, 0.5) == 4


@pytest.mark.parametrize("n", [2_000, 20_000])
def test_long_data_on_a_line(n):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, 1))
    y = X[:, 0] + rng.standard_normal(n)
    s = solve_global(X, y, 0.01)
    assert s.relative_gap < 1e-9
    on_half_lines = 0.0
    for side in (X[:, 0] > 0, X[:, 0] < 0):  # two problems in one unknown, each in closed form
        x, labels = X[side, 0], y[side]
        excess = max(abs(x @ labels) - n * 0.01, 0.0)
        on_half_lines += (labels @ labels - excess**2 / (x @ x)) / n
    assert s.value == pytest.approx(on_half_lines, rel=1e-10)


def test_long_data_in_the_plane():
    rng = np.random.default_rng(1)
    X = rng.standard_normal((1_500, 2))
    y = np.abs(X[:, 0]) + 0.3 * rng.standard_normal(1_500)
    assert solve_global(X, y, 0.01).relative_gap < 1e-9


def test_a_tiny_penalty_on_many_points_closes_or_says_so():
    X, y = data.gaussian_teacher(40, 3, seed=0)
    s = solve_global(X, y, 1e-8)
    assert s.lower_bound <= s.value
    assert s.relative_gap < 1e-3


def test_a_dual_vector_that_is_far_off_still_proves_something_true():
    X, y = data.five_points()
    best = solve_global(X, y, 0.01).value
    for seed in range(20):
        nu = np.random.default_rng(seed).standard_normal(5)
        bound, feasible, _ = dual_bound(Faces(X), y, 0.01, nu)
        assert bound <= best
        assert y @ feasible - 5 / 4 * feasible @ feasible == pytest.approx(bound, abs=1e-12)


# ---- ties --------------------------------------------------------------------------------------------------------------


def test_false_ties_are_no_coupons():
    X, y = data.real("iris", 8, 4, seed=5)
    coupons = find_coupons(X, y, 1e-4)
    assert len(coupons.signs) == len(solve_global(X, y, 1e-4).weights) == 4


def test_true_ties_are_coupons():
    X, y = [[np.sqrt(3), 1], [-np.sqrt(3), 1]], [1.0, 1.0]
    coupons = find_coupons(X, y, 0.1)
    assert len(coupons.signs) == 3
    assert len(coupons.supports) == 2
