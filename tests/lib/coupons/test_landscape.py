"""What random cones contain: against certificates of the cones' minimisers, and on orthogonal data in closed form."""

import numpy as np
import pytest
from hypothesis import given, settings

from relucones import certify, data, draw_cone, good_cone_probability, lambda_max, landscape_table, solve_cone, solve_global
from strategies import problems, seeds


def test_on_orthogonal_points_every_minimiser_is_stationary():
    X, y = data.orthogonal(4, 6, seed=1)
    table = landscape_table(X, y, 0.01, [1, 2, 4, 8, 16, 32], cones=40, seed=2)
    good = np.array([np.isnan(found).mean() for found in table.found])
    np.testing.assert_allclose(good + table.spurious, 1, atol=1e-15)
    assert (np.abs(good - table.good) < 4 * table.spurious_error).all()
    assert 0.1 < good[3] < 1


def test_on_many_orthogonal_points_too():
    """Cones whose solutions lean weakly on walls, which the solver alone leaves at 1e-4."""
    X, y = data.orthogonal(6, 10, seed=101)
    table = landscape_table(X, y, 0.01, [1, 2, 4, 8], seed=1)
    np.testing.assert_allclose([np.isnan(found).mean() for found in table.found] + table.spurious, 1, atol=1e-15)


def test_generic_points_have_cones_with_neither():
    X, y = data.gaussian_teacher(4, 3, seed=0)
    table = landscape_table(X, y, 0.01, [2, 8, 32, 640], cones=60, seed=0)
    assert table.neither[1] > 0.5
    assert table.spurious[0] > 0.1
    assert table.good[-1] > 0.999
    assert table.spurious[-1] == 0
    np.testing.assert_array_equal(table.good, good_cone_probability(X, y, 0.01, table.widths))
    # Stationary or not is no question of the tolerance: no relative length lies between.
    lengths = np.concatenate(table.found)
    assert not ((lengths > 1e-7) & (lengths < 1e-4)).any()


@settings(max_examples=30)
@given(problems(), seeds)
def test_the_verdicts_are_those_of_the_certificate(problem, seed):
    X, y, share = problem
    lam = share * (lambda_max(X, y) or 1.0)
    table = landscape_table(X, y, lam, [1, 3], cones=4, seed=seed)
    best = solve_global(X, y, lam)
    for m, found in zip(table.widths, table.found, strict=True):
        assert len(found) == 4
        # One neuron more never hurts: were all of these cones good, one with all patterns would be.
        for _ in range(2):
            s = solve_cone(X, y, lam, *draw_cone(X, m, seed))
            assert s.value >= best.lower_bound * (1 - 1e-12)
    again = landscape_table(X, y, lam, [1, 3], cones=4, seed=seed)
    np.testing.assert_array_equal(np.concatenate(again.found), np.concatenate(table.found))
    assert ((table.spurious == 0) | (table.good < 1)).all()


@pytest.mark.parametrize("measure", ["counting", "gaussian"])
def test_single_neurons_one_by_one(measure):
    """Width 1 has few cones: every verdict against the certificate, their mixture against the share."""
    X, y = data.five_points()
    lam = 0.02
    table = landscape_table(X, y, lam, [1], cones=400, seed=5, measure=measure)
    rng, hits = np.random.default_rng(0), 0
    for _ in range(400):
        patterns, signs = draw_cone(X, 1, rng, measure=measure)
        verdict = certify(solve_cone(X, y, lam, patterns, signs).network, X, y, lam).verdict
        assert verdict != "global minimum"  # the optimum has several neurons
        hits += verdict == "spurious stationary point"
    assert 20 < hits < 380
    assert abs(hits / 400 - table.spurious[0]) < 4.5 * np.sqrt(2) * table.spurious_error[0]


def test_the_table_reads_as_text():
    lines = str(landscape_table(np.eye(2), np.array([1.0, -1.0]), 0.1, [1, 40], cones=10)).splitlines()
    assert lines[0].split() == ["width", "good", "spurious", "neither"]
    assert lines[1].split()[:3] == ["1", "0.000000", "1.000"]
    assert len(lines) == 3


def test_widths_must_be_a_list():
    with pytest.raises(ValueError, match=r"widths must be a list of integers, but its shape is \(1, 2\)"):
        landscape_table(np.eye(2), np.ones(2), 0.1, [[1, 2]])
    with pytest.raises(ValueError, match=r"cones must be an integer >= 1"):
        landscape_table(np.eye(2), np.ones(2), 0.1, [1], cones=0)
