"""Descent: its steps against autograd and a plain loop, its imbalance, and its own ends."""

import os

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hypothesis import given, settings  # noqa: E402

from plain_loops import SCALES, loss_of, plain_loop, small_problem  # noqa: E402
from relucones import Network, data, lambda_max, solve_global  # noqa: E402
from relucones.training import hessian_bound, initialise, train  # noqa: E402
from relucones_book.experiments.side_by_side import SideBySide  # noqa: E402
from strategies import problems, seeds  # noqa: E402

THOROUGH = bool(os.environ.get("RELUCONES_THOROUGH"))
LABELS = np.array([1.0, 0.8, 1.2, -1.0, -0.7])


@settings(max_examples=15)
@given(problems(), seeds)
def test_one_step_moves_against_the_gradient_of_torch(problem, seed):
    X, y, share = problem
    lam = share * (lambda_max(X, y) or 1.0)
    W, a = initialise(5, X.shape[1], 0.7, 2, seed)
    done = train(X, y, lam, start=(W, a), eta=1e-3, max_steps=1)
    for r in range(2):
        Wt, at = (torch.tensor(part[r], requires_grad=True) for part in (W, a))
        fit = torch.relu(torch.tensor(X) @ Wt.T) @ at
        (
            (fit - torch.tensor(y)).square().mean() + lam * (Wt.square().sum() + at.square().sum())
        ).backward()
        scale = 1 + np.abs(Wt.grad.numpy()).max() + np.abs(at.grad.numpy()).max()
        assert np.abs(done.iterates[r].W - (W[r] - 1e-3 * Wt.grad.numpy())).max() <= 1e-12 * scale
        assert np.abs(done.iterates[r].a - (a[r] - 1e-3 * at.grad.numpy())).max() <= 1e-12 * scale


@settings(max_examples=10)
@given(problems(most=5, dimensions=3), seeds)
def test_fixed_steps_are_those_of_a_plain_loop(problem, seed):
    X, y, share = problem
    lam = share * (lambda_max(X, y) or 1.0)
    W, a = initialise(12, X.shape[1], 0.3, 3, seed)
    eta = 0.5 / max(hessian_bound(Network(W[r], a[r]), X, y, lam) for r in range(3))
    done = train(X, y, lam, start=(W, a), eta=eta, max_steps=700, records=5)
    for r in range(3):
        if done.stop_reason[r] == "not converged":
            assert done.steps[r] == 700 or done.time[r] > 190 / lam
        expected = plain_loop(X, y, lam, W[r], a[r], eta, done.steps[r])
        np.testing.assert_allclose(done.iterates[r].W, expected[0], atol=1e-9)
        np.testing.assert_allclose(done.iterates[r].a, expected[1], atol=1e-9)


def test_a_run_is_the_same_alone_and_in_company():
    X, y = data.five_points()
    options = {"m": 8, "alpha": 0.2, "seed": 3, "eta": 0.02, "max_steps": 900}
    together, alone = train(X, y, 0.01, runs=4, **options), train(X, y, 0.01, runs=[2], **options)
    np.testing.assert_allclose(together.iterates[2].W, alone.iterates[0].W, atol=1e-12)
    np.testing.assert_allclose(together.traces.loss[2], alone.traces.loss[0], atol=1e-12)


@given(problems(), seeds)
def test_descent_below_the_stable_step_never_raises_the_loss_inside_a_cone(problem, seed):
    X, y, share = problem
    lam = share * (lambda_max(X, y) or 1.0)
    W, a = (part[0] for part in initialise(6, X.shape[1], 0.5, 1, seed))
    for _ in range(20):
        before = loss_of(X, y, lam, W, a)
        eta = 1.9 / hessian_bound(Network(W, a), X, y, lam)
        next_W, next_a = plain_loop(X, y, lam, W, a, 0.02 * eta, 1)
        if ((X @ W.T > 0) == (X @ next_W.T > 0)).all():
            assert loss_of(X, y, lam, next_W, next_a) <= before * (1 + 1e-12)
        W, a = next_W, next_a


def test_twice_the_stable_step_does_raise_it():
    X, y, lam = np.eye(2), np.array([3.0, 4.0]), 0.1
    optimum = solve_global(X, y, lam).network
    W, a = optimum.W * 1.001, optimum.a * 1.001
    eta = 4.2 / hessian_bound(Network(W, a), X, y, lam)
    assert loss_of(X, y, lam, *plain_loop(X, y, lam, W, a, eta, 1)) > loss_of(X, y, lam, W, a)


def test_on_orthogonal_data_what_is_off_stays_off():
    X, y = data.orthogonal(5, 6, seed=1, labels=LABELS)
    start = initialise(20, 6, 0.3, 3, seed=2)
    optimum = solve_global(X, y, 0.01)
    on = start[0] @ X.T > 0
    for _ in range(15):
        done = train(X, y, 0.01, start=start, eta=0.05, max_steps=200, records=2, optimum=optimum)
        start = (
            np.array([net.W for net in done.iterates]),
            np.array([net.a for net in done.iterates]),
        )
        now = start[0] @ X.T > 0
        assert not (now & ~on).any()
        on = now


def test_on_other_data_what_is_off_may_come_back():
    X, y = np.array([[1.0, 0.0], [0.8, 0.6]]), np.array([1.0, 3.0])
    start = np.array([[[-0.01, 0.5]]]), np.array([[0.5]])
    done = train(X, y, 0.01, start=start, eta=0.01, max_steps=500)
    assert start[0][0, 0] @ X[0] < 0 < done.iterates[0].W[0] @ X[0]


# ---- what a finite step does ---------------------------------------------------------------------


def test_the_imbalance_obeys_its_identity():
    """B+ = (1 - 2 eta lam)^2 B + eta^2 (a^2 |g|^2 - (w.g)^2), exactly."""
    X, y, lam, m = small_problem(8)
    W, a = initialise(m, X.shape[1], 1.0, 3, seed=8)
    eta = 0.01
    optimum = solve_global(X, y, lam)
    for _ in range(20):
        done = train(X, y, lam, start=(W, a), eta=eta, max_steps=1, optimum=optimum)
        dots = np.einsum("nd,rmd->rmn", X, W)
        residual = np.einsum("rmn,rm->rn", np.maximum(dots, 0), a) - y
        g = 2 / len(y) * np.einsum("rmn,rn,nd->rmd", (dots > 0) * 1.0, residual, X)
        fed = eta**2 * (a**2 * (g**2).sum(2) - (W * g).sum(2) ** 2)
        expected = (1 - 2 * eta * lam) ** 2 * ((W**2).sum(2) - a**2) + fed
        W, a = (
            np.array([net.W for net in done.iterates]),
            np.array([net.a for net in done.iterates]),
        )
        np.testing.assert_allclose(
            (W**2).sum(2) - a**2, expected, atol=1e-14 * (1 + np.abs(W).max()) ** 2
        )


def test_descent_ends_lower_than_the_flow_where_a_dying_neuron_turns_its_sign():
    X, y, lam, m = small_problem(8)
    W, a = initialise(m, X.shape[1], SCALES[[4]], [4], seed=8)
    optimum = solve_global(X, y, lam)
    flow = train(X, y, lam, start=(W, a), optimum=optimum)
    assert flow.process == "flow"
    assert flow.stop_reason == ["spurious stationary point"]
    descent = train(X, y, lam, start=(W, a), eta=0.002, optimum=optimum, max_time=80 / lam)
    assert (descent.process, descent.eta) == ("descent", 0.002)
    np.testing.assert_allclose(
        [flow.losses[0], descent.losses[0], optimum.value], [1.21895, 0.40822, 0.40741], atol=1e-5
    )
    assert (flow.iterates[0].a * a[0] >= 0).all()
    assert (descent.iterates[0].a * a[0] < 0).any()


def test_descent_is_not_stopped_before_a_dying_neuron_has_turned():
    """At t = 163 it looks like an end, of loss 1.03267; 600 time units later it is at the
    optimum."""
    X, y, lam, m = small_problem(3)
    W, a = initialise(m, X.shape[1], SCALES[[12]], [12], seed=3)
    done = train(X, y, lam, start=(W, a), eta=0.002, max_time=800)
    assert done.losses[0] == pytest.approx(0.8412, abs=1e-3)  # chattering, and on its way
    assert train(X, y, lam, start=(W, a), optimum=done.optimum).losses[0] == pytest.approx(
        1.03267, abs=1e-5
    )


def test_a_run_that_diverges_does_not_cost_the_others():
    X, y = data.gaussian_teacher(6, 3, seed=1)
    W, a = initialise(20, 3, np.array([0.1, 8.0, 0.1]), [0, 1, 2], seed=0)
    done = train(X, y, 0.05, start=(W, a), eta=0.05, max_time=100)
    assert done.stop_reason[1] == "diverged"
    assert done.losses[1] == np.inf
    assert done.certificates[1] is None
    assert done.limits[1] is None
    assert done.time[1] < 0.1 * done.time[0]
    assert "diverged" in repr(done)
    alone = train(
        X, y, 0.05, start=(W[[0, 2]], a[[0, 2]]), eta=0.05, max_time=100, optimum=done.optimum
    )
    np.testing.assert_allclose(done.losses[[0, 2]], alone.losses, rtol=1e-9)
    assert done.stop_reason[::2] == alone.stop_reason


@pytest.mark.parametrize("k", range(17) if THOROUGH else [7, 12])
def test_descent_ends_where_a_plain_loop_ends(k):
    """Twenty starts each, with the same step and for as long; so runs that have not ended agree,
    too."""
    X, y, lam, m = small_problem(k)
    W, a = initialise(m, X.shape[1], SCALES, 20, seed=k)
    eta, time = 0.01, 60 / lam
    done = train(X, y, lam, start=(W, a), eta=eta, max_time=time)
    loop = SideBySide([(X, y, lam, W[r], a[r]) for r in range(20)], eta)
    with np.errstate(over="ignore", invalid="ignore"):  # one diverges
        loop.advance(round(time / eta))
    expected = loop.losses()
    assert np.isnan(expected).tolist() == [reason == "diverged" for reason in done.stop_reason]
    stable = ~np.isnan(expected)
    np.testing.assert_allclose(done.losses[stable], expected[stable], rtol=2e-3)
