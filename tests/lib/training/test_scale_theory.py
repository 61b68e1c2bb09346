"""What the chapter on the scale of the start claims: the ball of stationary fits, and how large a
random start is."""

import numpy as np
import pytest
from hypothesis import given, settings

from relucones import Network, data, solve_cone, solve_global
from strategies import problems


@settings(max_examples=25)
@given(problems())
def test_the_loss_above_the_optimum_bounds_the_distance_of_the_fits(problem):
    X, y, lam = problem
    best = solve_global(X, y, lam)
    rng = np.random.default_rng(0)
    for size in (0.1, 1.0):
        network = Network(
            size * rng.standard_normal((4, X.shape[1])), size * rng.standard_normal(4)
        )
        apart = np.mean((network.predict(X) - best.network.predict(X)) ** 2)
        assert apart <= network.loss(X, y, lam) - best.lower_bound + 1e-7 * np.mean(y**2) + 1e-12


@settings(max_examples=25)
@given(problems())
def test_the_best_network_of_every_cone_has_its_fit_in_the_ball(problem):
    # It cannot be improved by a common factor, which is all that the proof uses.
    X, y, lam = problem
    target = solve_global(X, y, lam).network.predict(X)
    start = Network(
        *(np.random.default_rng(1).standard_normal(shape) for shape in ((3, X.shape[1]), 3))
    )
    found = solve_cone(X, y, lam, *start.signed_patterns(X))
    fit, slack = found.network.predict(X), 1e-6 * np.sum(y**2) + 1e-12
    assert fit @ fit <= fit @ target + slack
    assert found.value == pytest.approx((y @ y - fit @ fit) / len(y), abs=slack)
    assert lam * found.network.squared_norm() == pytest.approx(
        2 / len(y) * fit @ (y - fit), abs=slack
    )


def test_without_stationarity_a_fit_may_leave_the_ball():
    X, y = data.five_points()
    best = solve_global(X, y, 0.01).network
    louder, target = Network(best.W, 2 * best.a).predict(X), best.predict(X)
    assert louder @ louder > louder @ target


def test_on_the_rim_are_networks_whose_neurons_are_tight_at_the_optimum():
    X, y = np.eye(2), np.array([3.0, 4.0])
    best = solve_global(X, y, 0.1).network.predict(X)
    lonely = solve_cone(X, y, 0.1, [[True, False]], [1]).network.predict(X)  # the neuron e_1 alone
    prices = 2 / 2 * (y - best)
    rim = lonely @ lonely - lonely @ best
    assert prices[0] < 2 * 0.1  # e_1 is not tight: the optimum has one direction for both points
    assert rim < -1e-3
    Z, z = np.eye(2), np.array([3.0, -4.0])  # now each point has its own neuron, and e_1 is tight
    best = solve_global(Z, z, 0.1).network.predict(Z)
    lonely = solve_cone(Z, z, 0.1, [[True, False]], [1]).network.predict(Z)
    assert lonely @ lonely == pytest.approx(lonely @ best, rel=1e-6)


def test_size_kernel_and_outputs_of_a_random_start():
    pytest.importorskip("torch")
    from relucones.training import initialise

    rng = np.random.default_rng(5)
    m, d, alpha, runs = 50, 3, 0.2, 4000
    X = rng.standard_normal((2, d))
    W, a = initialise(m, d, alpha, runs, seed=2)
    dots = W @ X.T
    size = np.sum(a**2, axis=1)
    on, heights = dots > 0, np.maximum(dots, 0)
    kernel = np.sum(a**2 * on.all(axis=2), axis=1) * (X[0] @ X[1]) + np.sum(
        heights.prod(axis=2), axis=1
    )
    lengths = np.linalg.norm(X, axis=1)
    phi = np.arccos(X[0] @ X[1] / lengths.prod())
    expected = (
        d * (np.pi - phi) * (X[0] @ X[1])
        + (np.sin(phi) + (np.pi - phi) * np.cos(phi)) * lengths.prod()
    )
    expected *= m * alpha**2 / (2 * np.pi)
    squares = np.sum(a * heights[..., 0], axis=1) ** 2
    for seen, mean in (
        (size, d * m * alpha**2),
        (kernel, expected),
        (squares, (d + 2) / 2 * lengths[0] ** 2 * m * alpha**4),
    ):
        assert abs(seen.mean() - mean) < 4 * seen.std() / np.sqrt(runs)
    assert size.std() / size.mean() == pytest.approx(np.sqrt(2 / (d * m)), rel=0.06)
