"""Training: the step against autograd and a plain loop, the facts behind it, closed forms, and when an end is refused."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from relucones import Network, certify, data, lambda_max, solve_global  # noqa: E402
from relucones.training import claimed_limit, hessian_bound, initialise, merged_directions, train  # noqa: E402
from relucones_book.experiments import open_questions, open_questions_data  # noqa: E402
from strategies import problems, seeds  # noqa: E402


def plain_loop(X, y, lam, W, a, eta, steps):
    """Gradient descent as one would write it down."""
    n = len(y)
    for _ in range(steps):
        dots = X @ W.T
        residual = 2 / n * (np.maximum(dots, 0) @ a - y)
        W_slope = a[:, None] * (((dots > 0) * residual[:, None]).T @ X) + 2 * lam * W
        a_slope = np.maximum(dots, 0).T @ residual + 2 * lam * a
        W, a = W - eta * W_slope, a - eta * a_slope
    return W, a


def loss_of(X, y, lam, W, a):
    fit = np.maximum(X @ W.T, 0) @ a
    return np.mean((fit - y) ** 2) + lam * (np.sum(W**2) + np.sum(a**2))


# ---- the steps --------------------------------------------------------------------------------------------------


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
        ((fit - torch.tensor(y)).square().mean() + lam * (Wt.square().sum() + at.square().sum())).backward()
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


def test_the_flow_is_the_limit_of_small_steps():
    X, y = data.five_points()
    W, a = initialise(10, 2, 0.2, 1, seed=1)
    for time in (1.0, 4.0, 40.0):
        flow = train(X, y, 0.01, start=(W, a), max_time=time, records=2)
        small = plain_loop(X, y, 0.01, W[0], a[0], 1e-3, round(time / 1e-3))
        assert flow.time[0] == pytest.approx(time)
        assert flow.steps[0] < time / 1e-2 + 200
        assert flow.iterates[0].loss(X, y, 0.01) == pytest.approx(loss_of(X, y, 0.01, *small), rel=0.03)


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


# ---- orthogonal data --------------------------------------------------------------------------------------------

LABELS = np.array([1.0, 0.8, 1.2, -1.0, -0.7])


def test_on_orthogonal_data_what_is_off_stays_off():
    X, y = data.orthogonal(5, 6, seed=1, labels=LABELS)
    start = initialise(20, 6, 0.3, 3, seed=2)
    optimum = solve_global(X, y, 0.01)
    on = start[0] @ X.T > 0
    for _ in range(15):
        done = train(X, y, 0.01, start=start, eta=0.05, max_steps=200, records=2, optimum=optimum)
        start = np.array([net.W for net in done.iterates]), np.array([net.a for net in done.iterates])
        now = start[0] @ X.T > 0
        assert not (now & ~on).any()
        on = now


def test_on_other_data_what_is_off_may_come_back():
    X, y = np.array([[1.0, 0.0], [0.8, 0.6]]), np.array([1.0, 3.0])
    start = np.array([[[-0.01, 0.5]]]), np.array([[0.5]])
    done = train(X, y, 0.01, start=start, eta=0.01, max_steps=500)
    assert start[0][0, 0] @ X[0] < 0 < done.iterates[0].W[0] @ X[0]


@pytest.mark.parametrize("m", [4, 24])
def test_on_orthogonal_data_the_start_decides_the_end(m):
    """Global exactly when a positive neuron starts active on all positive labels and a negative one on all negative."""
    lam, n = 0.01, len(LABELS)
    X, y = data.orthogonal(n, n, seed=0, labels=LABELS)
    W, a = initialise(m, n, 0.02, 8, seed=5)
    done = train(X, y, lam, start=(W, a))
    on, P = W @ X.T > 0, y > 0
    whole = ((a > 0) & on[:, :, P].all(2)).any(1) & ((a < 0) & on[:, :, ~P].all(2)).any(1)
    assert [reason == "global minimum" for reason in done.stop_reason] == whole.tolist()
    assert "not converged" not in done.stop_reason
    closed = sum(2 * lam * np.linalg.norm(y[Q]) - n * lam**2 for Q in (P, ~P))
    assert done.optimum.value == pytest.approx(closed, rel=1e-9)
    np.testing.assert_allclose(done.losses[whole], closed, rtol=1e-9)
    assert (done.losses[~whole] > closed * 1.0001).all()


# ---- the finishing step -----------------------------------------------------------------------------------------


def rank_one(X, y, lam):
    """The best single linear neuron: v minimises mean((Xv - y)^2) + 2 lam |v|, by fixed-point iteration on its length."""
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
    # Above the threshold of lam the rank-one point is the global minimum, and the same small starts end there.
    assert train(X, y, 2e-3, m=40, alpha=0.004, runs=3, seed=0).stop_reason == ["global minimum"] * 3


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


# ---- starts and records -----------------------------------------------------------------------------------------


def test_starts_are_balanced_and_of_the_scale_asked_for():
    W, a = initialise(400, 3, [0.1, 2.0], 2, seed=0)
    np.testing.assert_allclose(np.linalg.norm(W, axis=2), np.abs(a))
    np.testing.assert_allclose(W.std(axis=(1, 2)), [0.1, 2.0], rtol=5 / np.sqrt(2 * 1200))
    assert abs((a > 0).mean() - 0.5) < 4 * 0.5 / np.sqrt(800)


def test_merging_leaves_directions_apart():
    W = np.random.default_rng(0).standard_normal((300, 2))
    left = merged_directions(W, angle=0.3)
    cosines = left @ left.T - 2 * np.eye(len(left))
    assert (cosines < np.cos(0.3)).all()
    units = W / np.linalg.norm(W, axis=1, keepdims=True)
    assert ((units @ left.T).max(axis=1) >= np.cos(0.3)).all()


BAD = {
    "m missing": ({"alpha": 0.1}, "m and alpha must be given"),
    "m zero": ({"m": 0, "alpha": 0.1}, "m must be an integer >= 1"),
    "alpha zero": ({"m": 2, "alpha": 0.0}, "alpha must be a positive"),
    "alpha NaN": ({"m": 2, "alpha": np.nan}, "alpha must be a positive"),
    "alphas too few": ({"m": 2, "alpha": [0.1], "runs": 2}, "alpha must have length 2"),
    "runs zero": ({"m": 2, "alpha": 0.1, "runs": 0}, "runs must be an integer >= 1"),
    "runs none": ({"m": 2, "alpha": 0.1, "runs": []}, "runs must not be empty"),
    "eta zero": ({"m": 2, "alpha": 0.1, "eta": 0}, "eta must be a positive"),
    "eta too large": ({"m": 20, "alpha": 1.0, "eta": 50.0}, "eta must be a stable step"),
    "max_steps": ({"m": 2, "alpha": 0.1, "max_steps": 0}, "max_steps must be an integer >= 1"),
    "max_time": ({"m": 2, "alpha": 0.1, "max_time": -1}, "max_time must be a positive"),
    "records": ({"m": 2, "alpha": 0.1, "records": 1}, "records must be an integer >= 2"),
    "optimum": ({"m": 2, "alpha": 0.1, "optimum": 3.0}, "optimum must be a relucones Solution"),
    "start": ({"start": 3}, "start must be a pair"),
    "start shapes": ({"start": (np.ones((1, 2, 3)), np.ones((1, 2)))}, r"start must have shapes \(runs, m, 2\)"),
    "start NaN": ({"start": (np.full((1, 2, 2), np.nan), np.ones((1, 2)))}, "start W must be finite"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_arguments(case):
    options, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        train(*data.five_points(), 0.01, **options)


def test_on_generic_data_every_run_ends_and_neurons_stay_balanced_however_small():
    X, y = data.gaussian_teacher(6, 3, seed=1)
    W, a = initialise(m=40, d=3, alpha=np.array([0.002, 0.002, 0.1, 0.1]), runs=[0, 1, 0, 1], seed=0)
    done = train(X, y, 1e-3, start=(W, a))
    assert "not converged" not in done.stop_reason
    assert all(c.is_stationary for c in done.certificates)
    for network, start in zip(done.iterates, a, strict=True):
        np.testing.assert_allclose(np.abs(network.a), np.linalg.norm(network.W, axis=1), rtol=1e-6)
        assert (network.a * start >= 0).all()  # a neuron that is off may have shrunk to 0


def test_imbalance_decays_at_its_own_rate():
    X, y = data.five_points()
    W, a = initialise(m=6, d=2, alpha=0.5, runs=1, seed=0)
    W, a = np.concatenate([W, 2 * W, W]), np.concatenate([a, a, 2 * a])  # balanced, then the inner, then the outer too large
    done = train(X, y, 0.01, start=(W, a), max_time=20)
    for network, time, start_W, start_a in zip(done.iterates, done.time, W, a, strict=True):
        surplus = network.a**2 - np.sum(network.W**2, axis=1)
        expected = (start_a**2 - np.sum(start_W**2, axis=1)) * np.exp(-4 * 0.01 * time)
        np.testing.assert_allclose(surplus, expected, atol=1e-9)


def test_traces_of_a_run_that_did_not_end_are_whole():
    X, y = data.five_points()
    stopped = train(X, y, 0.01, m=10, alpha=0.1, runs=2, seed=0, max_steps=30)
    assert stopped.stop_reason == ["not converged"] * 2
    assert all(np.isfinite(value).all() for value in vars(stopped.traces).values())
    np.testing.assert_allclose(stopped.traces.loss[:, -1], stopped.losses, rtol=1e-12)


def test_neurons_that_slide_along_two_walls_do_not_hold_up_the_flow():
    """Eight patients: neurons end in corners, where gates act on each other; the flow once stood still there."""
    X, y, _, _ = open_questions_data({"part": "norm", "data": "diabetes", "seed": 1}, open_questions().settings)
    for m, run in ((16, 2), (64, 3)):
        done = train(X, y, 1e-4, start=initialise(m, 3, 3 / m**0.5, [run], seed=1), max_steps=5000)
        assert done.stop_reason != ["not converged"]
        network = done.networks[0]
        dots = network.W @ X.T / np.outer(np.linalg.norm(network.W, axis=1) + 1e-300, np.linalg.norm(X, axis=1))
        assert ((np.abs(dots) < 1e-6).sum(axis=1) == 2).any()


def test_a_run_ends_at_the_optimum_where_optima_are_many():
    """Four points on the axes: the four optimal directions have dependent fits, so weight can be shifted between them."""
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
