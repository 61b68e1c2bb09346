"""Plain descents side by side, and the sample of runs that they are made for."""

import numpy as np
import pytest

pytest.importorskip("torch")

from plain_loops import SCALES, loss_of, plain_loop, small_problem
from relucones.training import initialise
from relucones_book.experiments import (
    descents,
    descents_point,
    descents_population,
    descents_sample,
)
from relucones_book.experiments.side_by_side import SideBySide


def starts(k, runs):
    X, y, lam, m = small_problem(k)
    W, a = initialise(m, X.shape[1], SCALES[runs], runs, seed=k)
    return [(X, y, lam, W[r], a[r]) for r in range(len(runs))]


def test_runs_side_by_side_are_those_of_a_plain_loop():
    problems = [*starts(1, [4, 9]), *starts(7, [2, 12, 13])]
    together = SideBySide(problems, [0.01, 0.002, 0.01, 0.005, 0.01])
    together.advance(300)
    together.take_out_dead()
    together.release(np.array([False, True, False, False, False]))
    together.advance(500)
    for row, r in enumerate(together.runs):
        X, y, lam, W, a = problems[r]
        eta = [0.01, 0.002, 0.01, 0.005, 0.01][r]
        expected = loss_of(X, y, lam, *plain_loop(X, y, lam, W, a, eta, 800))
        assert together.losses()[row] == pytest.approx(expected, rel=1e-10)


def test_signs_are_kept_when_asked_for():
    problems = starts(8, [4])
    runs = SideBySide(problems, 0.002)
    runs.advance(20_000, keep_signs=True)
    assert (runs.a * problems[0][4] >= 0).all()
    np.testing.assert_allclose(np.abs(runs.a), np.linalg.norm(runs.W, axis=0))


def test_samples_are_drawn_from_the_runs_of_the_experiments():
    experiment = descents()
    for point in experiment.points[:15]:
        population = descents_population(point["part"], point["data"], experiment.settings)
        sample = descents_sample(point["part"], point["data"], experiment.settings)
        assert len(sample) == experiment.settings["sample"] >= 30
        assert all(run in population for run in sample)
        assert sample == descents_sample(point["part"], point["data"], experiment.settings)


def test_a_quick_point_has_what_a_chapter_reads():
    quick = descents(quick=True)
    for row in descents_point(quick.points[1], quick.settings):
        assert row["rule"] == "published"
        assert row["stop"] in ("global minimum", "spurious stationary point", "not converged")
        assert row["loss"] >= row["optimum"] * (1 - 1e-9)
        assert row["steps"] * quick.settings["step"] == pytest.approx(row["time"])
