"""The loop: traces, verdicts, and what is refused."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from relucones import certify, data, lambda_max  # noqa: E402
from relucones.training import initialise, train  # noqa: E402
from strategies import problems, seeds  # noqa: E402


def test_traces_end_where_the_run_ends():
    X, y = data.five_points()
    done = train(X, y, 0.01, m=10, alpha=0.1, runs=3, seed=0)
    traces = done.traces
    assert traces.time.shape == traces.loss[0].shape
    assert all(np.isfinite(value).all() for value in vars(traces).values())
    np.testing.assert_allclose(traces.loss[:, -1], done.losses, rtol=1e-12)
    np.testing.assert_allclose(traces.excess, traces.loss - done.optimum.value, atol=1e-15)
    assert (np.diff(traces.loss, axis=1) <= 1e-3 * traces.loss[:, :-1]).all()
    for r, limit in enumerate(done.limits):
        assert traces.merged_positive[r, -1] + traces.merged_negative[r, -1] <= limit.width
        assert traces.squared_norm[r, -1] == pytest.approx(limit.squared_norm())


def test_too_few_steps_are_not_converged_and_said_so():
    X, y = data.five_points()
    done = train(X, y, 0.01, m=10, alpha=0.1, runs=2, seed=0, max_steps=50)
    assert done.stop_reason == ["not converged"] * 2
    assert done.limits == [None, None]
    assert [done.losses[r] == done.iterates[r].loss(X, y, 0.01) for r in range(2)] == [True, True]


@settings(max_examples=10)
@given(problems(most=4, dimensions=2), seeds, st.sampled_from([0.01, 0.5]))
def test_ends_are_what_the_certificate_says(problem, seed, alpha):
    X, y, share = problem
    lam = max(share, 0.05) * (lambda_max(X, y) or 1.0)
    done = train(X, y, lam, m=8, alpha=alpha, runs=2, seed=seed, max_steps=20_000)
    for net, loss, reason in zip(done.networks, done.losses, done.stop_reason, strict=True):
        assert net.width == 8
        assert loss == net.loss(X, y, lam)
        if reason != "not converged":
            assert certify(net, X, y, lam).verdict == reason


def test_traces_of_a_run_that_did_not_end_are_whole():
    X, y = data.five_points()
    stopped = train(X, y, 0.01, m=10, alpha=0.1, runs=2, seed=0, max_steps=30)
    assert stopped.stop_reason == ["not converged"] * 2
    assert all(np.isfinite(value).all() for value in vars(stopped.traces).values())
    np.testing.assert_allclose(stopped.traces.loss[:, -1], stopped.losses, rtol=1e-12)


def test_a_run_ends_at_the_optimum_where_optima_are_many():
    """Four points on the axes: the four optimal directions have dependent fits, so weight can be
    shifted between them."""
    X, y = np.array([[1.0, 0], [0, 1], [-1, 0], [0, -1]]), np.ones(4)
    ensemble = train(X, y, 0.02, m=50, alpha=0.3, runs=3, seed=0)
    assert ensemble.stop_reason == ["global minimum"] * 3
    np.testing.assert_allclose(ensemble.losses, ensemble.optimum.value, rtol=2e-10)
    corners = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) / 2**0.5
    shares = [[at_direction(network, u) for u in corners] for network in ensemble.networks]
    assert np.ptp(shares, axis=0).min() > 0.1
    np.testing.assert_allclose(np.sum(shares, axis=1), ensemble.optimum.weights.sum(), rtol=1e-4)


def at_direction(network, u):
    sizes = np.linalg.norm(network.W, axis=1)
    return (np.abs(network.a) * sizes)[network.W @ u > 0.99 * sizes].sum()


BAD = {
    "m missing": ({"alpha": 0.1}, "m and alpha must be given"),
    "m zero": ({"m": 0, "alpha": 0.1}, "m must be an integer >= 1"),
    "alpha zero": ({"m": 2, "alpha": 0.0}, "alpha must be a positive"),
    "alpha NaN": ({"m": 2, "alpha": np.nan}, "alpha must be a positive"),
    "alphas too few": ({"m": 2, "alpha": [0.1], "runs": 2}, "alpha must have length 2"),
    "runs zero": ({"m": 2, "alpha": 0.1, "runs": 0}, "runs must be an integer >= 1"),
    "runs none": ({"m": 2, "alpha": 0.1, "runs": []}, "runs must not be empty"),
    "eta zero": ({"m": 2, "alpha": 0.1, "eta": 0}, "eta must be a positive"),
    "eta of the flow": (
        {"m": 2, "alpha": 0.1, "eta": 0.1, "process": "flow"},
        "eta must be left out",
    ),
    "no eta": ({"m": 2, "alpha": 0.1, "process": "descent"}, "eta must be given"),
    "process": (
        {"m": 2, "alpha": 0.1, "process": "adam"},
        "process must be one of 'flow', 'descent'",
    ),
    "control": ({"m": 2, "alpha": 0.1, "control": 0.02}, "control must be a FlowControl"),
    "device": ({"m": 2, "alpha": 0.1, "device": "abc"}, "device must be one"),
    "max_steps": ({"m": 2, "alpha": 0.1, "max_steps": 0}, "max_steps must be an integer >= 1"),
    "max_time": ({"m": 2, "alpha": 0.1, "max_time": -1}, "max_time must be a positive"),
    "records": ({"m": 2, "alpha": 0.1, "records": 1}, "records must be an integer >= 2"),
    "optimum": ({"m": 2, "alpha": 0.1, "optimum": 3.0}, "optimum must be a relucones Solution"),
    "start": ({"start": 3}, "start must be a pair"),
    "start shapes": (
        {"start": (np.ones((1, 2, 3)), np.ones((1, 2)))},
        r"start must have shapes \(runs, m, 2\)",
    ),
    "start empty": (
        {"start": (np.ones((0, 2, 2)), np.ones((0, 2)))},
        "start W must hold runs and neurons",
    ),
    "start masked": (
        {"start": (np.ma.masked_greater([[[1.0, 2.0], [3.0, 4.0]]], 3.5), np.ones((1, 2)))},
        "start W must .* masked",
    ),
    "start NaN": (
        {"start": (np.full((1, 2, 2), np.nan), np.ones((1, 2)))},
        "start W must be finite",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_arguments(case):
    options, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        train(*data.five_points(), 0.01, **options)


def test_a_start_may_be_made_of_tensors():
    X, y = data.five_points()
    W, a = initialise(3, 2, 0.1, 2, seed=0)
    tensors = torch.tensor(W, requires_grad=True), torch.tensor(a, requires_grad=True)
    of_tensors, of_arrays = (
        train(X, y, 0.01, start=start, max_steps=5) for start in (tensors, (W, a))
    )
    assert (of_tensors.losses == of_arrays.losses).all()


def test_what_is_followed_is_said():
    X, y = data.five_points()
    made = {"m": 5, "alpha": 0.1, "runs": 2, "seed": 0}
    assert "of the flow" in repr(train(X, y, 0.01, **made, max_steps=5))
    by_step = train(X, y, 0.01, **made, max_steps=5, eta=0.02)
    assert "of descent with step 0.02" in repr(by_step)
    named = train(X, y, 0.01, **made, max_steps=5, process="descent", eta=0.02)
    assert (named.losses == by_step.losses).all()
