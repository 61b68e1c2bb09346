"""Data sets: exact geometry, seeds, real tables, standardising."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracles import general_position
from relucones import activation_patterns, count_patterns, data
from relucones.data import Dataset, Standardisation
from strategies import seeds

MAKERS = {
    "gaussian_teacher": lambda seed: data.gaussian_teacher(6, 3, seed=seed),
    "with noise": lambda seed: data.gaussian_teacher(6, 3, width=2, noise=0.5, seed=seed),
    "orthogonal": lambda seed: data.orthogonal(3, 5, seed=seed),
    "trap": lambda seed: data.small_init_trap(5, seed=seed),
    "correlated": lambda seed: data.correlated(3, 6, 0.4, seed=seed),
    "real": lambda seed: data.real("diabetes", 8, 3, seed=seed),
}


@pytest.mark.parametrize("name", MAKERS)
def test_a_seed_says_it_all_and_a_generator_goes_on(name):
    make = MAKERS[name]
    one, again, other = make(3), make(3), make(4)
    np.testing.assert_array_equal(one.X, again.X)
    np.testing.assert_array_equal(one.y, again.y)
    assert not np.array_equal(one.X, other.X)
    rng = np.random.default_rng(3)
    np.testing.assert_array_equal(make(rng).X, one.X)
    assert not np.array_equal(make(rng).X, one.X)
    assert not np.array_equal(make(None).X, make(None).X)
    np.testing.assert_array_equal(make(np.int64(3)).X, one.X)


def test_a_data_set_unpacks_and_copies():
    X = np.ones((2, 3))
    d = Dataset(X, [1, 2], "mine", ("a", "b", "c"))
    points, labels = d
    X[0, 0] = 5
    assert points[0, 0] == 1
    assert labels.dtype == float
    assert repr(d) == "Dataset('mine', n=2, d=3)"


def test_with_bias_appends_ones():
    d = Dataset([[1.0, 2.0], [3.0, 4.0]], [0.0, 1.0], columns=("a", "b")).with_bias()
    np.testing.assert_array_equal(d.X, [[1, 2, 1], [3, 4, 1]])
    assert d.columns == ("a", "b", "1")
    assert data.five_points().with_bias().columns == ()


@pytest.mark.filterwarnings("ignore:.*constant")
@given(seeds, st.integers(1, 50), st.floats(-5, 5))
def test_standardised_has_mean_zero_and_variance_one_and_constants_are_zero(seed, n, constant):
    rng = np.random.default_rng(seed)
    X = np.column_stack([rng.standard_normal((n, 2)) * 7 + 3, np.full(n, constant)])
    d = Dataset(X, rng.standard_normal(n)).standardised()
    np.testing.assert_allclose(d.X.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_array_equal(d.X[:, 2], 0)
    if n > 1:
        np.testing.assert_allclose(d.X[:, :2].std(axis=0), 1)
        assert d.y.std() == pytest.approx(1)


@pytest.mark.parametrize("size", [1e-300, 1e-9, 1.0, 1e40])
def test_standardised_in_any_units(size):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((9, 2)), rng.standard_normal(9)
    plain, scaled = Dataset(X, y).standardised(), Dataset(X * size, y * size).standardised()
    np.testing.assert_allclose(scaled.X, plain.X, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(scaled.y, plain.y, rtol=1e-9, atol=1e-12)


@pytest.mark.filterwarnings("ignore:.*constant")
@given(st.floats(-1e30, 1e30), st.integers(1, 40))
def test_a_column_of_equal_numbers_is_zero_exactly(value, n):
    d = Dataset(np.full((n, 1), value), np.full(n, value)).standardised()
    assert not d.X.any()
    assert not d.y.any()


def test_constant_columns_are_named_before_they_become_zero():
    d = Dataset([[1.0, 5.0], [2.0, 5.0]], [1.0, 2.0], columns=("size", "room"))
    assert d.constant() == ["room"]
    with pytest.warns(UserWarning, match="room is constant, and becomes 0 by standardising"):
        d.standardised()
    assert Dataset(d.X, d.y).constant() == ["column 2"]


def test_the_constants_of_the_standardisation_are_kept():
    rng = np.random.default_rng(0)
    raw = Dataset(rng.standard_normal((9, 2)) * 7 + 3, rng.standard_normal(9) * 5 - 1)
    assert raw.standardisation is None
    d = raw.standardised().with_bias()
    assert isinstance(d.standardisation, Standardisation)
    np.testing.assert_allclose(d.standardisation.points(raw.X), d.X[:, :2])
    np.testing.assert_allclose(d.standardisation.labels(d.y), raw.y)
    with pytest.raises(ValueError, match="X must have 2 columns"):
        d.standardisation.points(d.X)
    with pytest.raises(ValueError, match="outputs must be finite"):
        d.standardisation.labels([np.nan])


def test_standardised_constant_labels_are_zero():
    np.testing.assert_array_equal(Dataset([[1.0], [2.0]], [0.1, 0.1]).standardised().y, 0)


def test_five_points_have_ten_patterns():
    X, y = data.five_points()
    assert X.shape == (5, 2)
    assert len(y) == 5
    assert len(activation_patterns(X)) == count_patterns(5, 2) == 10


def test_gaussian_points_are_generic_and_labelled_by_a_network():
    X, y = data.gaussian_teacher(7, 3, seed=0)
    assert general_position(X)
    assert y.shape == (7,)
    # A teacher is positively homogeneous: more points do not change what a neuron is.
    big = data.gaussian_teacher(20_000, 3, width=1, seed=1)
    assert abs(big.X.mean()) < 0.02
    assert big.X.std() == pytest.approx(1, abs=0.02)
    # Width one: the labels are a sigma(w.x), zero on a half space and of one sign on the other.
    assert np.mean(big.y == 0) == pytest.approx(0.5, abs=0.02)
    assert (big.y >= 0).all() or (big.y <= 0).all()


def test_noise_is_added_with_its_standard_deviation():
    clean, noisy = (data.gaussian_teacher(5000, 2, noise=s, seed=2) for s in (0.0, 0.5))
    np.testing.assert_array_equal(clean.X, noisy.X)
    assert (noisy.y - clean.y).std() == pytest.approx(0.5, rel=0.05)


@given(seeds, st.integers(1, 6), st.integers(0, 3))
def test_orthogonal_points_are_orthonormal(seed, n, more):
    X = data.orthogonal(n, n + more, seed=seed).X
    np.testing.assert_allclose(X @ X.T, np.eye(n), atol=1e-12)


def test_orthogonal_points_are_uniform_on_the_sphere():
    rng = np.random.default_rng(0)
    first = np.array([data.orthogonal(2, 3, rng).X[0] for _ in range(2000)])
    np.testing.assert_allclose(first.mean(axis=0), 0, atol=0.06)
    np.testing.assert_allclose(first.T @ first / 2000, np.eye(3) / 3, atol=0.04)
    assert (
        np.linalg.det([data.orthogonal(3, 3, rng).X for _ in range(40)]).round().min() == -1
    )  # not rotations only


def test_orthogonal_labels_can_be_given():
    np.testing.assert_array_equal(data.orthogonal(3, 4, 0, labels=[1, -2, 3]).y, [1, -2, 3])


@pytest.mark.parametrize("d", [3, 4, 6])
def test_the_trap_has_its_exact_geometry(d):
    X, y = data.small_init_trap(d, noise=0)
    np.testing.assert_allclose(np.linalg.norm(X, axis=1), 1, rtol=1e-14)
    beta = np.zeros(d)
    beta[[0, 2]] = 0.8, 0.6
    np.testing.assert_allclose(y, X @ beta, rtol=1e-14)
    np.testing.assert_allclose(y[:4], [4 / 5, 7 / 9, 7 / 9, 32 / 45][: min(d, 4)], rtol=1e-14)
    np.testing.assert_allclose(
        np.degrees(np.arccos(y)), [36.87, 38.94, 38.94] + [44.67] * (d - 3), atol=0.005
    )
    spectrum = {3: [0.0032, 0.1317, 0.8651], 4: [0.0023, 0.0406, 0.0988, 0.8583]}
    if d in spectrum:
        np.testing.assert_allclose(np.linalg.eigvalsh(X @ X.T / d), spectrum[d], atol=5e-5)
    np.testing.assert_allclose(np.linalg.solve(X.T, beta)[:3], [-4, 2.7, 2.7], rtol=1e-12)


def test_the_noise_of_the_trap_stays_on_the_sphere():
    X, y = data.small_init_trap(4, seed=0)
    clean = data.small_init_trap(4, noise=0).X
    np.testing.assert_allclose(np.linalg.norm(X, axis=1), 1, rtol=1e-14)
    assert 0 < np.abs(X - clean).max() < 6e-3
    np.testing.assert_allclose(y, X @ [0.8, 0, 0.6, 0], rtol=1e-14)


@given(seeds, st.integers(1, 5), st.sampled_from([0.0, 0.3, 0.99]), st.integers(1, 3))
def test_correlated_points_have_exactly_that_inner_product(seed, n, rho, more):
    X = data.correlated(n, n + more, rho, seed=seed).X
    np.testing.assert_allclose(X @ X.T, (1 - rho) * np.eye(n) + rho, atol=1e-12)


REAL = [("diabetes", 442, 10), ("breast_cancer", 569, 30), ("wine", 178, 13), ("iris", 150, 4)]


@pytest.mark.parametrize(("name", "rows", "features"), REAL)
def test_real_data_have_their_size_and_are_standardised(name, rows, features):
    whole = data.real(name, rows, features, seed=0)
    assert whole.X.shape == (rows, features)
    assert len(whole.columns) == features
    np.testing.assert_allclose(whole.X.mean(axis=0), 0, atol=1e-10)
    np.testing.assert_allclose(whole.X.std(axis=0), 1, rtol=1e-10)
    part = data.real(name, 9, 2, seed=1)
    assert part.X.shape == (9, 2)
    assert abs(part.y.mean()) < 1e-12
    assert part.y.std() == pytest.approx(1) or not part.y.any()
    assert set(part.columns) < set(whole.columns)
    for row in part.X:  # rows of the table, each once
        columns = [whole.columns.index(c) for c in part.columns]
        assert (np.abs(whole.X[:, columns] - row).max(axis=1) < 1e-12).any()
    # The features kept are those most correlated with the labels.
    correlation = np.abs(np.corrcoef(np.column_stack([whole.X, whole.y]).T)[-1, :-1])
    kept = [whole.columns.index(c) for c in part.columns]
    assert set(kept) == set(np.argsort(-correlation)[:2])
