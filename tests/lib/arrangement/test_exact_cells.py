"""Cells listed in integers: against exact ranks, linear programs, and the enumeration in floats."""

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracles import patterns_by_linear_programs
from relucones import activation_patterns, count_patterns, data
from relucones.arrangement import exact_cells
from relucones.exact_proof import count_cells, distinct
from strategies import points, seeds


def exact_rank(rows):
    rows, rank = [[Fraction(v) for v in row] for row in rows], 0
    for c in range(len(rows[0]) if rows else 0):
        pivot = next((r for r in range(rank, len(rows)) if rows[r][c]), None)
        if pivot is None:
            continue
        rows[rank], rows[pivot] = rows[pivot], rows[rank]
        for r in range(rank + 1, len(rows)):
            factor = rows[r][c] / rows[rank][c]
            rows[r] = [x - factor * p for x, p in zip(rows[r], rows[rank], strict=True)]
        rank += 1
    return rank


def cells_by_whitney(rows):
    """The characteristic polynomial at -1, from the exact ranks of all sets of hyperplanes."""
    lines = distinct([[int(x) for x in row] for row in rows])
    return sum(
        (-1) ** (size + exact_rank(chosen))
        for size in range(len(lines) + 1)
        for chosen in combinations(lines, size)
    )


@st.composite
def integer_points(draw):
    n, d = draw(st.integers(1, 8)), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(seeds))
    return rng.integers(-2, 3, (n, d)) * rng.choice([1, 1, 1, -2, 0], (n, 1))


@given(integer_points())
def test_the_count_is_whitneys(X):
    expected = cells_by_whitney(X)
    rows = X.tolist()
    assert count_cells(rows, 10**6) == expected
    assert count_cells(rows, expected) == expected
    assert count_cells(rows, expected - 1) is None
    assert len(exact_cells(X)[0]) == expected


@given(integer_points())
def test_integer_points_have_the_cells_that_linear_programs_find(X):
    np.testing.assert_array_equal(exact_cells(X)[0], patterns_by_linear_programs(X))


@given(points(most=7))
def test_every_witness_lies_strictly_inside_its_cell(X):
    patterns, witnesses = exact_cells(X)
    assert len({pattern.tobytes() for pattern in patterns}) == len(patterns) == len(witnesses)
    for pattern, witness in zip(patterns, witnesses, strict=True):
        for on, x in zip(pattern, X.tolist(), strict=True):
            side = sum(Fraction(v) * w for v, w in zip(x, witness, strict=True))
            assert side > 0 if on else side < 0 or not any(x)


@pytest.mark.parametrize(("n", "d"), [(12, 1), (12, 2), (15, 3), (12, 4), (9, 6), (5, 8)])
def test_in_general_position_there_are_as_many_as_cover_counts(n, d):
    X = np.random.default_rng(n + d).standard_normal((n, d))
    patterns, _ = exact_cells(X)
    assert len(patterns) == count_patterns(n, d)
    np.testing.assert_array_equal(patterns, activation_patterns(X))


def test_scaling_rows_and_columns_changes_no_pattern():
    X = np.random.default_rng(0).standard_normal((8, 3))
    patterns, _ = exact_cells(X)
    columns = np.array([2.0**40, 1.0, 2.0**-30])
    rows = 2.0 ** np.arange(-40, 40, 10)[:, None]
    np.testing.assert_array_equal(exact_cells(X * columns * rows)[0], patterns)


@pytest.mark.parametrize("angle", [1e-7, 1e-12, 1e-17, 1e-40])
def test_thin_cells_are_not_lost(angle):
    X = [[1.0, 0.0, 0.0], [1.0, angle, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    assert len(exact_cells(X)[0]) == 12  # three lines through one axis, and one across
    assert len(exact_cells(X[:2] + X[:1])[0]) == 4


def test_a_grid_and_its_repetitions():
    X = np.array([[i, j, 1.0] for i in range(4) for j in range(4)])
    once, _ = exact_cells(X)
    twice, _ = exact_cells(np.concatenate([X, -3 * X, 0 * X]))
    np.testing.assert_array_equal(once, activation_patterns(X))
    assert len(twice) == len(once)
    np.testing.assert_array_equal(twice[:, 16:32], ~twice[:, :16])
    assert not twice[:, 32:].any()


def test_real_data():
    X, _ = data.real("iris", 20, 3, seed=0)
    rows = [[int(Fraction(v) * 2**80) for v in row] for row in X.tolist()]
    assert len(exact_cells(X)[0]) == count_cells(rows, 10**5)


def test_bad_points_are_refused():
    with pytest.raises(ValueError, match="X must be finite"):
        exact_cells([[np.nan]])
