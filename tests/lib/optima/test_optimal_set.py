"""The set of all optima: its polytope, its pieces, and the ways between them."""

import dataclasses
from math import factorial, sqrt

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pieces import count_pieces

from relucones import Network, data, lambda_max, solve_global
from relucones.convex import tight
from relucones.convex.polytope import polytope
from relucones.optima import optimal_set
from strategies import problems, seeds

ROOTS = np.array([[1, sqrt(3)], [1, -sqrt(3)]])


def polygon(n):
    angle = 2 * np.pi * np.arange(n) / n
    return np.column_stack([np.cos(angle), np.sin(angle)])


def family(*degrees):
    """Points in one dimension, with a bias, whose dual vector has many tight directions."""
    angle = np.deg2rad(degrees)
    n, s = len(angle), np.column_stack([np.cos(angle), np.sin(angle)])
    v = np.zeros((n, 2))
    v[n - 1] = s[0]
    for k in range(1, n):
        v[n - 1 - k] = s[k] - s[k - 1]
    X = np.column_stack([v[:, 0] / v[:, 1], np.ones(n)])
    return X, v[:, 1], np.vstack([s, s[-1] - s[0]])


def rows(optima, widths):
    return [(r.m, r.components, r.isolated) for r in optima.staircase(widths)]


def widened(network, m, order):
    W, a = np.zeros((m, network.dimension)), np.zeros(m)
    W[: network.width], a[: network.width] = network.W, network.a
    return Network(W[order], a[order])


# ---- what is known ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("X", "y", "lam", "expected"),
    [
        (ROOTS, [1, 1], 0.1, [(1, 1, 1), (2, 3, 2), (3, 1, 0)]),
        (polygon(3), np.ones(3), 0.1, [(2, 6, 6), (3, 15, 12), (4, 1, 0)]),
        (polygon(4), np.ones(4), 0.1, [(2, 4, 4), (3, 2, 0), (4, 1, 0)]),
        (polygon(5), np.ones(5), 0.1, [(4, 240, 240), (5, 1450, 1440), (6, 1, 0)]),
        (polygon(6), np.ones(6), 0.1, [(3, 12, 12), (4, 2, 0), (5, 2, 0), (6, 1, 0)]),
        (polygon(5), [2, 1, 0, 1, 2], 0.1, [(3, 6, 6), (4, 25, 24), (5, 1, 0)]),
        (polygon(5), [-1, -1, -1, -2, -2], 0.1, [(4, 96, 96), (5, 2884, 2880), (6, 1, 0)]),
    ],
    ids=["roots", "triangle", "square", "pentagon", "hexagon", "pentagon-2", "pentagon-3"],
)
def test_staircases(X, y, lam, expected):
    optima = optimal_set(X, y, lam)
    assert rows(optima, [m for m, _, _ in expected]) == expected
    assert optima.connected_from == expected[-1][0]
    assert rows(optima, [optima.m_star + 20])[0][1:] == (1, 0)
    if optima.m_star > 1:
        assert rows(optima, [optima.m_star - 1])[0][1:] == (0, 0)


def test_the_family_of_five_points():
    X, nu, D = family(30, 45, 60, 75, 90)
    lam = 1e-3
    fit = np.maximum(D @ X.T, 0).mean(axis=0)
    optima = optimal_set(X, fit + 5 * lam * nu, lam)
    assert rows(optima, [4, 5, 6]) == [(4, 24, 24), (5, 121, 120), (6, 1, 0)]


def test_six_random_points():
    rng = np.random.default_rng(0)
    optima = optimal_set(rng.standard_normal((6, 2)), rng.standard_normal(6), 1e-3)
    assert rows(optima, [6, 7]) == [(6, 4320, 4320), (7, 1, 0)]
    assert (optima.m_star, optima.M_star, optima.rank, optima.dimension) == (6, 6, 6, 2)


def test_a_set_without_isolated_points_in_two_pieces():
    """Polygons: at width 3 the square's optima are two families, one for each of two functions that
    agree on the data and nowhere else."""
    optima = optimal_set(polygon(4), np.ones(4), 0.1)
    first, second = (optima.network(c) for c in optima.vertices)
    np.testing.assert_allclose(first.predict(polygon(4)), second.predict(polygon(4)), atol=1e-9)
    beside = [[1.0, 1.0]]
    assert abs(first.predict(beside) - second.predict(beside))[0] > 0.5
    with pytest.raises(ValueError, match="fall into 2 components"):
        optima.path(*(widened(net, 3, [0, 1, 2]) for net in (first, second)))


# ---- against another route ----------------------------------------------------------------------


@given(problems(most=5, dimensions=2), st.sampled_from([0.5, 0.1, 0.02]), st.integers(0, 2))
def test_the_staircase_counts_what_union_find_counts(problem, share, more):
    X, y, _ = problem
    largest = lambda_max(X, y)
    assume(largest > 0)
    optima = optimal_set(X, y, share * largest)
    k = len(optima.signs)
    m = optima.m_star + more
    assume(k > 0 and (k + 1) ** m < 20_000)
    (row,) = optima.staircase([m])
    assert (row.components, row.classes) == count_pieces(optima.fits, optima.fit, m)


@pytest.mark.parametrize("n", [3, 4, 6])
def test_polygons_by_union_find(n):
    optima = optimal_set(polygon(n), np.ones(n), 0.1)
    for row in optima.staircase():
        if (len(optima.signs) + 1) ** row.m < 20_000:
            found = count_pieces(optima.fits, optima.fit, row.m)
            assert (row.components, row.classes) == found


@given(problems(), seeds)
def test_vertices_are_optima_and_every_optimum_lies_in_the_polytope(problem, seed):
    X, y, share = problem
    lam = share * (lambda_max(X, y) or 1.0)
    optima = optimal_set(X, y, lam)
    for c in optima.vertices:
        if not c.any():
            assert optima.value == pytest.approx(np.mean(y**2))
            continue
        net = optima.network(c)
        assert net.loss(X, y, lam) <= optima.lower_bound + 1e-9 * optima.value
        assert optima.contains(net)
        assert np.linalg.matrix_rank(optima.fits[c > 0], tol=1e-9) == (c > 0).sum()
    # Another route to an optimum: the points in another order.
    order = np.random.default_rng(seed).permutation(len(y))
    other = solve_global(X[order], y[order], lam, tol=1e-12)
    if len(other.weights):
        assert optima.contains(other.network)
        assert not optima.contains(Network(1.1 * other.network.W, other.network.a))


@given(problems(), seeds)
def test_mixtures_are_optima_and_joined_by_paths_of_one_loss(problem, seed):
    X, y, share = problem
    lam = share * (lambda_max(X, y) or 1.0)
    optima = optimal_set(X, y, lam)
    assume(optima.m_star)
    rng = np.random.default_rng(seed)
    m = len(optima.signs) + 1
    ends = []
    for _ in range(2):
        c = rng.dirichlet(np.ones(len(optima.vertices))) @ optima.vertices
        ends.append(widened(optima.network(c), m, rng.permutation(m)))
    path = optima.path(*ends)
    losses = path.losses(5)
    assert losses.max() - losses.min() <= 1e-9 * losses.max()
    for t, end in zip((0, 1), ends, strict=True):
        np.testing.assert_allclose(path.at(t).W, end.W, atol=1e-6 * np.abs(end.W).max())
    np.testing.assert_allclose(
        [path.at(t - 1e-12).a for t in path.breakpoints[1:-1]],
        [path.at(t + 1e-12).a for t in path.breakpoints[1:-1]],
        atol=1e-4 * np.abs(ends[0].a).max(),
    )


def test_two_thousand_vertices():
    """A box cut by a plane: of the 2^12 corners and edges, those on the cut."""
    rng = np.random.default_rng(0)
    pairs = 12
    fits = np.zeros((2 * pairs, pairs + 1))
    for i in range(pairs):
        fits[2 * i, i] = fits[2 * i + 1, i] = 1
        fits[2 * i, -1] = rng.uniform(0.5, 1)
    fit = 0.5 * fits.sum(axis=0)
    found = polytope(fits, fit)
    assert found.dimension == pairs - 1
    assert len(found.vertices) > 2000
    np.testing.assert_allclose(found.vertices @ fits, np.tile(fit, (len(found.vertices), 1)))
    with pytest.raises(ValueError, match=f"independent fits, {len(found.vertices)}, but it is 100"):
        polytope(fits, fit, most=100)


def test_a_neuron_that_is_rounding_does_not_leave_ties_open(monkeypatch):
    """Under some kernels the solver leaves a fourth neuron of size 1e-16 on the hexagon."""

    def with_rounding(*arguments, **options):
        found = solve_global(*arguments, **options)
        grown = {
            name: np.concatenate([getattr(found, name), getattr(found, name)[:1] * factor])
            for name, factor in (("directions", -1), ("signs", 1), ("weights", 1e-16))
        }
        vanishing = np.vstack([found.vanishing, found.vanishing[:1]])
        return dataclasses.replace(found, vanishing=vanishing, **grown)

    monkeypatch.setattr(tight, "solve_global", with_rounding)
    optima = optimal_set(polygon(6), np.ones(6), 0.1)
    assert not optima.undecided
    assert rows(optima, [3, 4, 5, 6]) == [(3, 12, 12), (4, 2, 0), (5, 2, 0), (6, 1, 0)]


# ---- the theorems --------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
def test_for_random_labels_all_vertices_have_as_many_neurons_as_the_rank(seed):
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(4, 12)), int(rng.integers(2, 4))
    optima = optimal_set(rng.standard_normal((n, d)), rng.standard_normal(n), 1e-3)
    assert optima.m_star == optima.M_star == optima.rank
    assert not optima.unused
    (row, above) = optima.staircase([optima.rank, optima.rank + 1])
    assert row.components == row.isolated == factorial(optima.rank) * len(optima.vertices)
    assert above.components == 1


def test_special_labels_have_optima_of_several_sizes():
    """Where the assumption of generic labels is broken."""
    optima = optimal_set(ROOTS, [1, 1], 0.1)
    assert (optima.m_star, optima.M_star) == (1, 2)


def test_a_free_linear_part_is_what_makes_optima_many():
    """X'nu = 0 where optima are many; then all of them are one function."""
    rng = np.random.default_rng(0)
    many = 0
    for _ in range(25):
        X, y = rng.standard_normal((10, 2)), rng.standard_normal(10)
        optima = optimal_set(X, y, 1e-3)
        even = optima.even_part()
        assert (even is not None) == (optima.dimension > 0) or optima.dimension == 0
        if optima.dimension == 0:
            continue
        many += 1
        directions, b, linear = even
        assert optima.dimension == len(b) - 2  # p pairs, less the rank of X
        new = rng.standard_normal((20, 2))
        closed = np.abs(new @ directions.T) @ b / 2 + new @ linear
        for c in optima.vertices:
            np.testing.assert_allclose(optima.network(c).predict(new), closed, atol=1e-7)
    assert many > 5


@pytest.mark.parametrize("seed", range(8))
def test_with_fewer_than_twice_as_many_points_as_dimensions_random_labels_have_one_optimum(seed):
    """A free linear part needs n >= 2 rank X."""
    rng = np.random.default_rng(seed)
    optima = optimal_set(rng.standard_normal((5, 3)), rng.standard_normal(5), 1e-4)
    assert optima.dimension == 0
    assert optima.even_part() is None


@pytest.mark.parametrize("factor", [1.0, 1.0 + 1e-9, 3.0])
def test_strong_weight_decay_leaves_the_zero_network(factor):
    X, y = [[1.0, 0.2], [0.3, 1.0]], [1.0, -2.0]
    optima = optimal_set(X, y, factor * lambda_max(X, y))
    assert (optima.m_star, optima.M_star, optima.dimension) == (0, 0, 0)
    assert rows(optima, [1, 5]) == [(1, 1, 1), (5, 1, 1)]
    zero = Network(np.zeros((3, 2)), np.zeros(3))
    assert optima.contains(zero)
    assert optima.path(zero, zero).at(0.5).squared_norm() == 0


def test_isolated_networks():
    optima = optimal_set(ROOTS, [1, 1], 0.1)
    one, two = (optima.network(c) for c in optima.vertices)
    assert optima.is_isolated(one)
    assert optima.is_isolated(two)
    assert not optima.is_isolated(widened(one, 2, [0, 1]))
    with pytest.raises(ValueError, match="network must be optimal"):
        optima.is_isolated(Network([[1.0, 0.0]], [1.0]))


# ---- bad input -----------------------------------------------------------------------------------


def test_bad_input():
    optima = optimal_set(ROOTS, [1, 1], 0.1)
    one, two = (optima.network(c) for c in optima.vertices)
    with pytest.raises(ValueError, match="network must take 2 inputs, but it takes 3"):
        optima.contains(Network([[1.0, 0.0, 0.0]], [1.0]))
    with pytest.raises(ValueError, match="other must have width 1, but it has 2"):
        optima.path(one, two)
    with pytest.raises(ValueError, match="network must be an optimal network"):
        optima.path(Network([[1.0, 0.0]], [1.0]), one)
    with pytest.raises(ValueError, match="widths must be"):
        optima.staircase([0])
    with pytest.raises(ValueError, match="coefficients must not be negative"):
        optima.network([-1.0, 1.0, 1.0])
    with pytest.raises(ValueError, match="most must be at least"):
        optimal_set(polygon(5), np.ones(5), 0.1, most=3)
    five = data.five_points()
    with pytest.raises(ValueError, match="lam"):
        optimal_set(five.X, five.y, 0)
