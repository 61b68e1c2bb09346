"""The flow: against small steps that keep signs, closed forms, and what its end must not depend
on."""

import os

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from plain_loops import SCALES, loss_of, plain_loop, small_problem  # noqa: E402
from relucones import data, solve_global  # noqa: E402
from relucones.training import FlowControl, initialise, train  # noqa: E402
from relucones_book.experiments import open_questions, open_questions_data  # noqa: E402
from relucones_book.experiments.side_by_side import SideBySide  # noqa: E402

USUAL = FlowControl()
THOROUGH = bool(os.environ.get("RELUCONES_THOROUGH"))
LABELS = np.array([1.0, 0.8, 1.2, -1.0, -0.7])


def test_the_flow_is_the_limit_of_small_steps():
    X, y = data.five_points()
    W, a = initialise(10, 2, 0.2, 1, seed=1)
    for time in (1.0, 4.0, 40.0):
        flow = train(X, y, 0.01, start=(W, a), max_time=time, records=2)
        small = plain_loop(X, y, 0.01, W[0], a[0], 1e-3, round(time / 1e-3))
        assert flow.time[0] == pytest.approx(time)
        assert flow.steps[0] < time / 1e-2 + 200
        assert flow.iterates[0].loss(X, y, 0.01) == pytest.approx(
            loss_of(X, y, 0.01, *small), rel=2e-3
        )


@pytest.mark.parametrize("m", [4, 24])
def test_on_orthogonal_data_the_start_decides_the_end(m):
    """Global exactly when a positive neuron starts active on all positive labels and a negative one
    on all negative."""
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


def test_on_generic_data_every_run_ends_and_neurons_stay_balanced_however_small():
    X, y = data.gaussian_teacher(6, 3, seed=1)
    W, a = initialise(
        m=40, d=3, alpha=np.array([0.002, 0.002, 0.1, 0.1]), runs=[0, 1, 0, 1], seed=0
    )
    done = train(X, y, 1e-3, start=(W, a))
    assert "not converged" not in done.stop_reason
    assert all(c.is_stationary for c in done.certificates)
    for network, start in zip(done.iterates, a, strict=True):
        # The atol is for neurons so small that floats no longer hold their squares.
        np.testing.assert_allclose(
            np.abs(network.a), np.linalg.norm(network.W, axis=1), rtol=1e-6, atol=1e-150
        )
        assert (network.a * start >= 0).all()  # a neuron that is off may have shrunk to 0


def test_imbalance_decays_at_its_own_rate():
    X, y = data.five_points()
    W, a = initialise(m=6, d=2, alpha=0.5, runs=1, seed=0)
    W, a = (
        np.concatenate([W, 2 * W, W]),
        np.concatenate([a, a, 2 * a]),
    )  # balanced, then the inner, then the outer too large
    done = train(X, y, 0.01, start=(W, a), max_time=20)
    for network, time, start_W, start_a in zip(done.iterates, done.time, W, a, strict=True):
        surplus = network.a**2 - np.sum(network.W**2, axis=1)
        expected = (start_a**2 - np.sum(start_W**2, axis=1)) * np.exp(-4 * 0.01 * time)
        np.testing.assert_allclose(surplus, expected, atol=1e-9)


def test_neurons_that_slide_along_two_walls_do_not_hold_up_the_flow():
    """Eight patients: neurons end in corners, where gates act on each other; the flow once stood
    still there."""
    X, y, _, _ = open_questions_data(
        {"part": "norm", "data": "diabetes", "seed": 1}, open_questions().settings
    )
    for m, run in ((16, 2), (64, 3)):
        done = train(X, y, 1e-4, start=initialise(m, 3, 3 / m**0.5, [run], seed=1), max_steps=5000)
        assert done.stop_reason != ["not converged"]
        network = done.networks[0]
        dots = (
            network.W
            @ X.T
            / np.outer(np.linalg.norm(network.W, axis=1) + 1e-300, np.linalg.norm(X, axis=1))
        )
        assert ((np.abs(dots) < 1e-6).sum(axis=1) == 2).any()


# ---- what the end must not depend on -------------------------------------------------------------


def patients():
    """Six patients, and a start whose end hangs on a wall that a neuron crosses at t = 330."""
    X, y = data.real("diabetes", 6, 3, seed=2)
    W, a = initialise(4, 3, 1.0, range(4), 2)
    return X, y, W, a, solve_global(X, y, 1e-3)


def test_the_end_is_that_of_a_small_step_loop_however_it_is_recorded():
    X, y, W, a, optimum = patients()
    ways = [{"records": 20}, {"records": 200}, {"records": 1000}, {"max_time": 30_000}]
    found = [train(X, y, 1e-3, start=(W[3:], a[3:]), optimum=optimum, **way) for way in ways]
    for done in found:
        assert done.losses[0] == pytest.approx(0.52732, abs=1e-5)
        assert (done.iterates[0].W == found[0].iterates[0].W).all()
    halved = FlowControl(turn=USUAL.turn / 2, error=USUAL.error / 4)
    finer = train(X, y, 1e-3, start=(W[3:], a[3:]), optimum=optimum, control=halved)
    assert finer.steps[0] > 1.5 * found[0].steps[0]
    assert finer.losses[0] == pytest.approx(0.52732, abs=1e-5)


def test_a_run_is_the_same_in_company():
    X, y, W, a, optimum = patients()
    together = train(X, y, 1e-3, start=(W, a), optimum=optimum)
    for r in range(4):
        alone = train(X, y, 1e-3, start=(W[r : r + 1], a[r : r + 1]), optimum=optimum)
        assert together.losses[r] == pytest.approx(alone.losses[0], rel=1e-9)
        assert together.stop_reason[r] == alone.stop_reason[0]
        assert (
            abs(together.steps[r] - alone.steps[0]) <= 5
        )  # rounding may tip a step that is just good enough


@pytest.mark.parametrize("k", range(100) if THOROUGH else range(0, 100, 5))
def test_half_the_step_and_more_records_lead_to_the_same_end(k):
    rng = np.random.default_rng(5000 + k)
    n, d, m = (int(rng.integers(*bounds)) for bounds in ((3, 8), (2, 4), (3, 13)))
    lam = float(rng.choice([0.003, 0.01, 0.03, 0.1]))
    X, y = rng.standard_normal((n, d)), rng.standard_normal(n)
    W, a = initialise(m, d, [0.1, 1.0], 2, seed=k)
    usual = train(X, y, lam, start=(W, a))
    halved = FlowControl(turn=USUAL.turn / 2, error=USUAL.error / 4)
    other = train(
        X,
        y,
        lam,
        start=(W, a),
        optimum=usual.optimum,
        records=17,
        max_time=3000 / lam,
        control=halved,
    )
    for r in range(2):
        ended = "not converged" not in (usual.stop_reason[r], other.stop_reason[r])
        # Without an end the two are compared at different times.
        assert other.losses[r] == pytest.approx(usual.losses[r], rel=1e-6 if ended else 1e-4)


@pytest.mark.parametrize("k", range(17) if THOROUGH else [7, 8])
def test_the_flow_ends_where_small_steps_end_that_keep_signs(k):
    """Twenty starts each; a = +-|w| after every step of .002."""
    X, y, lam, m = small_problem(k)
    W, a = initialise(m, X.shape[1], SCALES, 20, seed=k)
    done = train(X, y, lam, start=(W, a))
    loop = SideBySide([(X, y, lam, W[r], a[r]) for r in range(20)], 0.002)
    loop.advance(round((100 if THOROUGH else 25) / lam / 0.002), keep_signs=True)
    np.testing.assert_allclose(done.losses, loop.losses(), rtol=2e-3)


def test_a_neuron_may_become_smaller_than_any_float_and_grow_again():
    """A negative neuron dies until a positive one has overshot; here the field is turned round by
    hand."""
    X, y = np.eye(2), np.array([1.0, 1.0])
    tiny = np.array([[[1.0, 0.0], [0.0, 1e-160]]]), np.array([[1.0, 1e-160]])
    done = train(X, y, 0.05, start=tiny)
    assert done.stop_reason == ["spurious stationary point"] or done.losses[0] < 0.5
    assert np.linalg.norm(done.networks[0].W[1]) > 0.5
