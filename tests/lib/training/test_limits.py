"""The finishing step: where it finds a limit, and when it refuses one."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from relucones import Network, data  # noqa: E402
from relucones.training import claimed_limit, train  # noqa: E402


def rank_one(X, y, lam):
    """The best single linear neuron: v minimises mean((Xv - y)^2) + 2 lam |v|, by fixed-point
    iteration on its length."""
    n, d = X.shape
    size = 1.0
    for _ in range(500):
        v = np.linalg.solve(X.T @ X / n + lam / size * np.eye(d), X.T @ y / n)
        size = np.linalg.norm(v)
    return v


def trapped(lam=1e-4, moved=0.0, extra=None):
    X, y = data.small_init_trap(d=4, seed=0)
    v = rank_one(X, y, lam)
    length = np.sqrt(np.linalg.norm(v))
    W, a = [v / length * (1 + moved)], [length]
    if extra is not None:
        W, a = [*W, extra], [*a, np.linalg.norm(extra)]
    return X, y, Network(W, a)


def test_the_finishing_step_finds_the_rank_one_point():
    X, y, net = trapped(moved=1e-5)
    claim = claimed_limit(net, X, y, 1e-4)
    assert claim.refusal == ""
    assert claim.certificate.verdict == "spurious stationary point"
    exact = trapped()[2]
    np.testing.assert_allclose(claim.limit.W, exact.W, atol=1e-10)


def test_small_starts_end_at_rank_one_and_large_ones_at_the_optimum():
    X, y = data.small_init_trap(d=4, seed=0)
    small = train(X, y, 1e-4, m=40, alpha=0.004, runs=3, seed=0)
    assert small.stop_reason == ["spurious stationary point"] * 3
    v = rank_one(X, y, 1e-4)
    for limit in small.limits:
        np.testing.assert_allclose(limit.W * limit.a[:, None], v[None], atol=1e-9)
    large = train(X, y, 1e-4, m=40, alpha=0.5, runs=2, seed=0, optimum=small.optimum)
    assert large.stop_reason == ["global minimum"] * 2
    assert [limit.width for limit in large.limits] == [3, 3]
    np.testing.assert_allclose(large.losses, small.optimum.value, rtol=1e-10)
    # Above the threshold of lam the rank-one point is the global minimum, and the same small starts
    # end there.
    assert (
        train(X, y, 2e-3, m=40, alpha=0.004, runs=3, seed=0).stop_reason == ["global minimum"] * 3
    )


def test_the_finishing_step_refuses_where_a_tiny_neuron_grows():
    growing = 1e-12 * np.array([0, -4, 1, 0]) / np.sqrt(17)
    X, y, net = trapped(moved=1e-5, extra=growing)
    assert claimed_limit(net, X, y, 1e-4).refusal == "a neuron grows near the limit"
    X, y, net = trapped(moved=1e-5, extra=-1e-12 * X.sum(axis=0))  # this one is off at every point
    assert claimed_limit(net, X, y, 1e-4).refusal == ""


@pytest.mark.parametrize("moved", [0.3, 0.03, -0.03])
def test_the_finishing_step_refuses_a_network_far_from_its_limit(moved):
    X, y, net = trapped(moved=moved)
    assert claimed_limit(net, X, y, 1e-4).refusal != ""


def test_a_dying_neuron_that_would_grow_with_the_other_sign_is_refused_for_descent_only():
    X, y = np.eye(2), np.array([3.0, -4.0])
    dying = Network([[1.41421356, -1e-3], [0.0, 1e-9]], [1.41421356, 1e-9])
    assert claimed_limit(dying, X, y, 0.5).refusal == ""
    assert (
        claimed_limit(dying, X, y, 0.5, both_signs=True).refusal
        == "a neuron may turn its sign and grow"
    )
    # This one is off at every point.
    dead = Network([[1.41421356, -1e-3], [-1e-9, -1e-9]], [1.41421356, 1e-9])
    assert claimed_limit(dead, X, y, 0.5, both_signs=True).refusal == ""
