"""The model against its formula."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracles import loss
from relucones import Network
from relucones.network import relu
from strategies import random_data, random_network, seeds


@given(seeds)
def test_predictions_and_loss_are_the_formula(seed):
    net, (X, y) = random_network(seed), random_data(seed)
    for k, x in enumerate(X):
        value = sum(a * max(0.0, float(w @ x)) for w, a in zip(net.W, net.a, strict=True))
        assert net.predict(X)[k] == pytest.approx(value, abs=1e-12)
    assert net.loss(X, y, 0.3) == pytest.approx(loss(net.W, net.a, X, y, 0.3), rel=1e-13)
    assert net.squared_norm() == pytest.approx((net.W**2).sum() + (net.a**2).sum(), rel=1e-14)


def test_relu_keeps_the_positive_part():
    np.testing.assert_array_equal(relu(np.array([-1.0, 0.0, 2.0])), [0, 0, 2])


@given(seeds, st.floats(1e-3, 1e3))
def test_rescaling_a_neuron_changes_no_output_and_balancing_undoes_it(seed, t):
    net, (X, y) = random_network(seed), random_data(seed)
    scaled = Network(net.W * t, net.a / t)
    np.testing.assert_allclose(scaled.predict(X), net.predict(X), rtol=1e-10, atol=1e-12)
    one, other = net.balanced(), scaled.balanced()
    np.testing.assert_allclose(one.W, other.W, rtol=1e-10)
    np.testing.assert_allclose(one.predict(X), net.predict(X), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(np.abs(one.a), np.linalg.norm(one.W, axis=1), rtol=1e-12)
    norm = 2 * np.sum(np.abs(net.a) * np.linalg.norm(net.W, axis=1))
    assert one.squared_norm() == pytest.approx(norm, rel=1e-12)
    assert one.squared_norm() <= min(net.squared_norm(), scaled.squared_norm()) * (1 + 1e-12)
    assert one.loss(X, y, 0.1) <= net.loss(X, y, 0.1) * (1 + 1e-12)


def test_balancing_a_neuron_with_a_zero_factor_makes_it_zero():
    net = Network(
        [[1.0, 2.0], [0.0, 0.0], [0.0, 0.0], [3.0, 4.0]], [0.0, 5.0, 0.0, -5.0]
    ).balanced()
    np.testing.assert_array_equal(net.a[:3], 0)
    np.testing.assert_array_equal(net.W[:3], 0)
    np.testing.assert_allclose(net.W[3], [3, 4])


@pytest.mark.parametrize("size", [1e-40, 1e40])
def test_balancing_survives_factors_of_very_different_size(size):
    net = Network([[3 * size, 4 * size]], [1 / size]).balanced()
    np.testing.assert_allclose(np.abs(net.a), np.sqrt(5))
    np.testing.assert_allclose(net.W, [[3 / np.sqrt(5), 4 / np.sqrt(5)]])


@given(seeds)
def test_signed_patterns_say_which_neuron_is_active_where(seed):
    net, (X, _) = random_network(seed), random_data(seed)
    patterns, signs = net.signed_patterns(X)
    assert patterns.dtype == bool
    for j in range(4):
        assert signs[j] == (1 if net.a[j] > 0 else -1)
        for k in range(6):
            assert patterns[j, k] == (net.W[j] @ X[k] > 0)
    # Within the patterns the network is linear in v = |a| w.
    v = np.abs(net.a)[:, None] * net.W
    np.testing.assert_allclose(
        (patterns * (v @ X.T) * signs[:, None]).sum(axis=0), net.predict(X), atol=1e-12
    )


def test_a_zero_outer_weight_counts_as_positive_and_a_wall_as_inactive():
    patterns, signs = Network([[1.0, 0.0]], [0.0]).signed_patterns([[0.0, 1.0], [1.0, 0.0]])
    assert patterns.tolist() == [[False, True]]
    assert signs.tolist() == [1]


def test_from_directions_is_balanced_with_the_given_products():
    rng = np.random.default_rng(0)
    u = rng.standard_normal((4, 3))
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    signs, weights = np.array([1, -1, 1, -1]), np.array([0.5, 2.0, 0.0, 1e-9])
    net = Network.from_directions(u, signs, weights)
    np.testing.assert_allclose(np.abs(net.a)[:, None] * net.W, weights[:, None] * u, atol=1e-15)
    np.testing.assert_allclose(np.abs(net.a), np.linalg.norm(net.W, axis=1), rtol=1e-12)
    assert net.squared_norm() == pytest.approx(2 * weights.sum())
    empty = Network.from_directions(np.zeros((0, 3)), [], [])
    assert (empty.width, empty.dimension, empty.squared_norm()) == (1, 3, 0.0)


def test_a_bias_is_a_constant_coordinate():
    W, b, a = np.array([[1.0, -1.0], [0.5, 2.0]]), np.array([0.3, -1.0]), np.array([2.0, -1.0])
    X = np.random.default_rng(0).standard_normal((5, 2))
    net = Network(np.column_stack([W, b]), a)
    np.testing.assert_allclose(
        net.predict(np.column_stack([X, np.ones(5)])), np.maximum(X @ W.T + b, 0) @ a
    )


def test_weights_are_copied_and_shown_shortly():
    W = np.ones((2, 3))
    net = Network(W, [1, -1])
    W[0, 0] = 7
    assert net.W[0, 0] == 1
    assert net.W.dtype == net.a.dtype == np.float64
    assert repr(net) == "Network(m=2, d=3, |theta|^2=8)"
