"""Always a way down from width n + 1 on, and what is in the way below."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relucones import Network, data, lambda_max, solve_global
from relucones.optima import descent_path, local_minimum, prune, stationary_points
from relucones.training import train
from strategies import problems, seeds

TWO = np.array([[1.0, 0.0], [-0.6, 0.8]]), np.array([1.3, 0.624]), 0.01


def split_optimum(X, y, lam, m, rng):
    """An optimum of width m, its neurons split at random and in random slots."""
    best = solve_global(X, y, lam, tol=1e-12)
    parts = list(zip(best.directions, best.signs, best.weights, strict=True))
    while parts and len(parts) < m and rng.random() < 0.8:
        u, s, c = parts.pop(0)
        share = rng.random()
        parts += [(u, s, share * c), (u, s, (1 - share) * c)]
    W, a = np.zeros((m, X.shape[1])), np.zeros(m)
    for j, (u, s, c) in zip(rng.permutation(m), parts, strict=False):
        W[j], a[j] = np.sqrt(c) * u, s * np.sqrt(c)
    return Network(W, a)


def random_start(m, d, rng):
    """Neurons out of balance, some of them dead or half dead."""
    return Network(
        rng.standard_normal((m, d)) * (rng.random((m, 1)) < 0.8),
        rng.standard_normal(m) * (rng.random(m) < 0.8),
    )


@given(problems(), seeds, st.integers(1, 4))
def test_there_is_a_way_down_from_everywhere(problem, seed, more):
    X, y, share = problem
    lam = share * (lambda_max(X, y) or 1.0)
    rng = np.random.default_rng(seed)
    m = len(y) + more
    start, target = random_start(m, X.shape[1], rng), split_optimum(X, y, lam, m, rng)
    path = descent_path(start, target, X, y, lam)
    for t, end in zip((0, 1), (start, target), strict=True):
        np.testing.assert_array_equal(path.at(t).W, end.W)
        np.testing.assert_array_equal(path.at(t).a, end.a)
    losses = path.losses(10)
    assert np.diff(losses).max() <= 1e-9 * max(losses[0], 1e-12)
    size = max(np.abs(start.W).max(), np.abs(target.W).max(), 1e-300)
    for before, after in zip(path.pieces, path.pieces[1:], strict=False):
        np.testing.assert_allclose(before.at(1).W, after.at(0).W, atol=1e-5 * size)


def test_ten_thousand_points_of_a_path():
    X, y, lam = TWO
    rng = np.random.default_rng(0)
    target = split_optimum(X, y, lam, 3, rng)
    path = descent_path(random_start(3, 2, rng), target, X, y, lam)
    losses = [path.at(t).loss(X, y, lam) for t in np.linspace(0, 1, 10_001)]
    assert np.diff(losses).max() <= 1e-9


def test_between_optima_the_loss_stays():
    rng = np.random.default_rng(1)
    X, y, lam = rng.standard_normal((5, 2)), rng.standard_normal(5), 1e-3
    ends = [split_optimum(X, y, lam, 8, rng) for _ in range(2)]
    losses = descent_path(*ends, X, y, lam).losses()
    assert losses.max() - losses.min() <= 1e-12


def test_below_n_plus_one_it_is_refused_with_the_reason():
    X, y, lam = TWO
    best = solve_global(X, y, lam).network
    with pytest.raises(ValueError, match=r"n \+ 1 = 3 neurons, but it has 2"):
        descent_path(best, best, X, y, lam)
    wide = Network(np.vstack([best.W, [0, 0]]), np.append(best.a, 0))
    with pytest.raises(ValueError, match="target must have the width of network, 2"):
        descent_path(best, wide, X, y, lam)
    with pytest.raises(ValueError, match="target must be a global minimum"):
        descent_path(wide, Network(1.1 * wide.W, wide.a), X, y, lam)
    with pytest.raises(ValueError, match="network must be a Network"):
        descent_path("net", wide, X, y, lam)


@given(problems(), seeds)
def test_pruning_keeps_the_fit_and_ends_with_independent_fits(problem, seed):
    X, y, share = problem
    lam = share * (lambda_max(X, y) or 1.0)
    rng = np.random.default_rng(seed)
    start = random_start(len(y) + 3, X.shape[1], rng)
    path = prune(start, X, y, lam)
    size = max(np.abs(start.predict(X)).max(), 1e-12)
    for t in np.linspace(0, 1, 9):
        np.testing.assert_allclose(path.at(t).predict(X), start.predict(X), atol=1e-9 * size)
    assert np.diff(path.losses(5)).max() <= 1e-9 * max(path.losses(5)[0], 1e-12)
    end = path.at(1)
    fits = np.maximum(end.W[end.a != 0] @ X.T, 0)
    assert np.linalg.matrix_rank(fits, tol=1e-12 * size) == len(fits)


# ---- local minima --------------------------------------------------------------------------------




def test_at_width_n_a_strict_bad_local_minimum_is_in_the_way():
    X, y, lam = TWO
    bad = Network.from_directions([[1.0, 0.0], [0.28, 0.96]], [1, 1], [1.0, 1.0])
    assert bad.loss(X, y, lam) == pytest.approx(0.040488)
    verdict = local_minimum(bad, X, y, lam)
    assert (verdict.kind, verdict.strict) == ("local minimum", True)
    assert solve_global(X, y, lam).value == pytest.approx(0.03808)
    # Nothing within a small ball is lower.
    rng = np.random.default_rng(0)
    for size in (1e-1, 1e-2, 1e-3):
        for _ in range(300):
            near = Network(
                bad.W + size * rng.standard_normal((2, 2)), bad.a + size * rng.standard_normal(2)
            )
            assert near.loss(X, y, lam) >= bad.loss(X, y, lam)
    # One more neuron, and there is a way down.
    wide = Network(np.vstack([bad.W, [0, 0]]), np.append(bad.a, 0))
    assert local_minimum(wide, X, y, lam).kind == "saddle"


def test_verdicts_come_with_a_lower_network_beside():
    X, y, lam = TWO
    seen = Counter()
    for point in stationary_points(X, y, lam, 2):
        verdict = local_minimum(point.network, X, y, lam)
        seen[point.kind] += 1
        if verdict.kind == "saddle":
            assert verdict.escape.loss(X, y, lam) < point.value
        else:
            assert verdict.kind in ("global minimum", "local minimum")
            assert verdict.strict
            assert "minimum" in point.kind
    assert len(seen) == 5
    assert local_minimum(Network([[1.0, 2.0]], [3.0]), X, y, lam).kind == "not stationary"


# ---- all stationary points -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "m", "expected"),
    [
        ("two", 1, (1, 0, 3, 2, 0)),
        ("two", 2, (1, 1, 2, 5, 3)),
        ("two", 3, (1, 1, 0, 5, 5)),
        ("four", 2, (1, 0, 3, 0, 3)),
    ],
)
def test_all_stationary_points(name, m, expected):
    five = data.five_points()
    X, y, lam = TWO if name == "two" else (five.X[:4], five.y[:4], 0.02)
    kinds = Counter(point.kind for point in stationary_points(X, y, lam, m))
    assert expected == (
        kinds["zero network"],
        kinds["global minimum"],
        kinds["strict local minimum"],
        kinds["saddle at a concave wall"],
        kinds["saddle at a zero neuron"],
    )


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("process", ["flow", "descent"])
def test_ends_of_training_are_on_the_list(process, seed):
    """At rest, and with parallel neurons merged, every run is at a point of the list."""
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((3, 2)), rng.standard_normal(3)
    lam = 0.1 * lambda_max(X, y)
    values = np.array([point.value for point in stationary_points(X, y, lam, 2)])
    eta = 0.02 if process == "descent" else None
    runs = train(X, y, lam, 2, 1.0, 6, seed, process=process, eta=eta, max_steps=100_000)
    rested = 0
    for network, reason in zip(runs.networks, runs.stop_reason, strict=True):
        if reason not in ("global minimum", "spurious stationary point"):
            continue
        end = prune(network, X, y, lam).at(1)
        rested += 1
        assert np.abs(values - end.loss(X, y, lam)).min() <= 1e-6 * np.mean(y**2)
    assert rested > 2


def test_too_many_sets_of_faces_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="m must be smaller for these data"):
        stationary_points(rng.standard_normal((12, 3)), rng.standard_normal(12), 0.01, 3)
