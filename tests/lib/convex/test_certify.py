"""Certificates: given where they are due, refused where they are not, and gradients against PyTorch's."""

import numpy as np
import pytest
from hypothesis import given

from oracles import linear_neuron, linear_neuron_value
from relucones import Network, certify, data, lambda_max, solve_cone, solve_global
from relucones.convex import shortest_subgradient
from strategies import problems, seeds


def balanced(v, signs):
    v = np.atleast_2d(v)
    lengths = np.linalg.norm(v, axis=1)
    return Network.from_directions(v / lengths[:, None], signs, lengths)


TRAP = data.small_init_trap(4, noise=0)
FIVE = data.five_points()


@given(problems())
def test_the_optimum_is_certified(problem):
    X, y, share = problem
    lam = share * (lambda_max(X, y) or 1.0)
    s = solve_global(X, y, lam)
    c = certify(s.network, X, y, lam)
    assert c.is_global
    assert c.verdict == "global minimum"
    assert c.value == pytest.approx(s.value, rel=1e-12, abs=1e-300)
    assert c.lower_bound <= s.value
    assert 0 <= c.gap <= 1e-6 * c.value
    assert c.is_stationary


@given(problems(), seeds)
def test_a_certificate_never_claims_more_than_the_truth(problem, seed):
    X, y, share = problem
    lam = share * (lambda_max(X, y) or 1.0)
    rng = np.random.default_rng(seed)
    net = Network(rng.standard_normal((4, X.shape[1])), rng.standard_normal(4))
    best = solve_global(X, y, lam)
    c = certify(net, X, y, lam)
    assert c.value == net.loss(X, y, lam)
    assert c.lower_bound <= best.value * (1 + 1e-12) + 1e-300
    assert c.is_global == (c.value - c.lower_bound <= 1e-6 * c.value)
    assert not c.is_global or c.value <= best.value * (1 + 2e-6) + 1e-300


# ---- stationary and not ---------------------------------------------------------------------------------------------


def test_every_minimiser_of_an_orthogonal_cone_is_stationary():
    X, y, lam = np.eye(4), np.array([1.0, 0.8, -1.0, 1.2]), 0.02
    rng = np.random.default_rng(0)
    verdicts = set()
    for _ in range(12):
        patterns, signs = rng.random((4, 4)) < 0.5, rng.choice([-1, 1], 4)
        s = solve_cone(X, y, lam, patterns, signs)
        c = certify(s.network, X, y, lam, tol=1e-7, stationarity_tol=1e-4, wall_tol=1e-4)
        assert c.is_stationary
        held = [(patterns[signs == t][:, t * y > 0].all(axis=1)).any() for t in (1, -1)]
        assert c.is_global == all(held)
        verdicts.add(c.verdict)
    assert verdicts == {"global minimum", "spurious stationary point"}


def test_the_wrong_orthogonal_cone_by_hand():
    # The best positive neuron that is inactive on the second point; a second, global one would be active there.
    X, y, lam = np.eye(2), np.array([1.0, 1.0]), 0.1
    c = certify(balanced([[1 - 2 * lam, 0.0]], [1]), X, y, lam)
    assert c.verdict == "spurious stationary point"
    assert c.value == pytest.approx(2 * lam - 2 * lam**2 + 1 / 2)
    assert c.lower_bound == pytest.approx(2 * lam * np.sqrt(2) - 2 * lam**2, rel=1e-7)


def test_the_trapped_neuron_is_a_spurious_stationary_point():
    X, y = TRAP
    lam = 1e-4
    c = certify(balanced(linear_neuron(X, y, lam), [1]), X, y, lam)
    assert c.verdict == "spurious stationary point"
    assert c.gap / (2 * lam) == pytest.approx(0.00715, abs=2e-5)
    assert c.stationarity < 1e-8
    assert certify(balanced(linear_neuron(X, y, 1e-3), [1]), X, y, 1e-3).verdict == "global minimum"


def test_dead_neurons_change_neither_verdict_nor_stationarity():
    X, y = TRAP
    lam = 1e-4
    one = balanced(linear_neuron(X, y, lam), [1])
    more = Network(np.vstack([one.W, np.zeros((3, 4))]), np.append(one.a, np.zeros(3)))
    c, d = certify(one, X, y, lam), certify(more, X, y, lam)
    assert (c.zero_neurons, d.zero_neurons) == (0, 3)
    assert d.verdict == c.verdict == "spurious stationary point"
    assert d.gap == pytest.approx(c.gap, rel=1e-9)


def test_the_zero_network():
    X, y = FIVE
    zero = Network(np.zeros((2, 2)), np.zeros(2))
    assert certify(zero, X, y, 0.99 * lambda_max(X, y)).verdict == "spurious stationary point"
    assert certify(zero, X, y, 1.01 * lambda_max(X, y)).verdict == "global minimum"
    assert certify(zero, X, np.zeros(5), 0.1).verdict == "global minimum"


def test_a_random_network_is_not_stationary():
    X, y = FIVE
    rng = np.random.default_rng(0)
    c = certify(Network(rng.standard_normal((4, 2)), rng.standard_normal(4)), X, y, 0.05)
    assert c.verdict == "not stationary"
    assert c.stationarity > 0.1


# ---- wrong certificates --------------------------------------------------------------------------------------------


def optimum():
    X, y = FIVE
    s = solve_global(X, y, 0.01)
    assert len(s.weights) >= 2
    return X, y, 0.01, s


def test_perturbed_weights_are_refused():
    X, y, lam, s = optimum()
    for scale in (0.99, 1.01):
        c = certify(Network(scale * s.network.W, s.network.a), X, y, lam)
        assert c.verdict == "not stationary"
        assert c.gap > 0
    coefficients = s.weights * np.where(np.arange(len(s.weights)) == 0, 1.05, 1.0)
    c = certify(Network.from_directions(s.directions, s.signs, coefficients), X, y, lam)
    assert c.verdict == "not stationary"


def test_a_perturbed_direction_is_refused():
    X, y, lam, s = optimum()
    turned = s.directions.copy()
    turned[0] += 0.05 * np.array([-turned[0, 1], turned[0, 0]])
    turned /= np.linalg.norm(turned, axis=1, keepdims=True)
    c = certify(Network.from_directions(turned, s.signs, s.weights), X, y, lam)
    assert not c.is_global
    assert c.lower_bound <= s.value


def test_a_dropped_neuron_and_a_flipped_sign_are_refused():
    X, y, lam, s = optimum()
    c = certify(Network.from_directions(s.directions[1:], s.signs[1:], s.weights[1:]), X, y, lam)
    assert c.verdict == "not stationary"
    c = certify(Network(s.network.W, -s.network.a), X, y, lam)
    assert c.verdict == "not stationary"


def test_an_optimum_for_other_data_or_another_penalty_is_refused():
    X, y, lam, s = optimum()
    for case in ((X, y + 0.1, lam), (X + 0.05, y, lam), (X, y, 1.2 * lam), (X, y, 0.8 * lam)):
        assert not certify(s.network, *case).is_global


def test_an_unbalanced_optimum_is_refused():
    X, y, lam, s = optimum()
    assert certify(Network(2 * s.network.W, s.network.a / 2), X, y, lam).verdict == "not stationary"


def test_split_neurons_are_still_global():
    X, y, lam, s = optimum()
    net = s.network
    W = np.vstack([np.sqrt(0.3) * net.W, np.sqrt(0.7) * net.W])
    c = certify(Network(W, np.append(np.sqrt(0.3) * net.a, np.sqrt(0.7) * net.a)), X, y, lam)
    assert c.verdict == "global minimum"


def test_the_tolerance_decides():
    X, y = TRAP
    lam = 1e-4
    net = balanced(linear_neuron(X, y, lam), [1])
    share = 1 - solve_global(X, y, lam).value / linear_neuron_value(X, y, lam)
    assert certify(net, X, y, lam, tol=1.01 * share).is_global
    assert not certify(net, X, y, lam, tol=0.99 * share).is_global


# ---- subgradients ---------------------------------------------------------------------------------------------------


@given(seeds)
def test_off_the_walls_it_is_the_gradient_of_torch(seed):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(seed)
    X, y, lam = rng.standard_normal((6, 3)), rng.standard_normal(6), 0.07
    net = Network(rng.standard_normal((4, 3)), rng.standard_normal(4))
    W, a = (torch.tensor(part, requires_grad=True) for part in (net.W, net.a))
    residual = torch.relu(torch.as_tensor(X) @ W.T) @ a - torch.as_tensor(y)
    (residual.square().mean() + lam * (W.square().sum() + a.square().sum())).backward()
    rows = shortest_subgradient(net, X, y, lam)
    np.testing.assert_allclose(rows[:, :-1], W.grad.numpy(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(rows[:, -1], a.grad.numpy(), rtol=1e-10, atol=1e-12)


@given(seeds)
def test_on_walls_no_choice_of_derivatives_is_shorter(seed):
    rng = np.random.default_rng(seed)
    X = np.vstack([np.eye(3), rng.standard_normal((2, 3))])
    y, lam = rng.standard_normal(5), 0.1
    w, a = np.array([0.0, 0.0, rng.standard_normal()]), rng.standard_normal()
    net = Network([w], [a])
    row = shortest_subgradient(net, X, y, lam)[0]
    pull = 2 / 5 * (net.predict(X) - y)
    active = (X @ w > 0).astype(float)

    def inner(d1, d2):
        delta = active.copy()
        delta[:2] = d1, d2
        return a * (delta * pull) @ X + 2 * lam * w

    grid = np.linspace(0, 1, 41)
    shortest = min(np.linalg.norm(inner(d1, d2)) for d1 in grid for d2 in grid)
    assert np.linalg.norm(row[:-1]) <= shortest + 1e-9
    # It is one of them: orthogonal coordinates determine the two derivatives.
    off = (row[:-1] - inner(0, 0)) / (a * pull[:2] @ np.eye(2, 3) + np.array([0, 0, 1.0]))
    assert (off[:2] >= -1e-7).all()
    assert (off[:2] <= 1 + 1e-7).all()
    assert abs(off[2]) < 1e-9


def test_wall_tolerance_decides_what_a_wall_is():
    # The second point lies 1e-4 behind the neuron: strictly it gives no gradient, on its wall it may.
    X, y, lam = np.eye(2), np.array([1.0, -3.0]), 0.1
    net = Network([[1.0, 1e-4]], [1.0])
    strict = np.linalg.norm(shortest_subgradient(net, X, y, lam, wall_tol=0.0))
    loose = np.linalg.norm(shortest_subgradient(net, X, y, lam, wall_tol=1e-3))
    assert strict > 3
    assert loose < strict - 1
