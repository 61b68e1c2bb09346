"""Every public function refuses bad input with one ValueError that names the argument."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from scipy import sparse

from relucones import (
    Network,
    activation_patterns,
    cell_measures,
    certify,
    count_patterns,
    data,
    draw_cone,
    find_coupons,
    good_cone_probability,
    lambda_max,
    solve_cone,
    solve_global,
    sufficient_width,
)
from relucones.checks import BadInput, device
from relucones.convex import shortest_subgradient

X = np.array([[1.0, 0.2], [0.1, 1.0], [-0.8, 0.7]])
Y = np.array([1.0, -0.5, 0.8])
NET = Network([[1.0, 0.5], [0.2, -1.0]], [1.0, -1.0])
PATTERNS, SIGNS = np.array([[True, True, False]]), [1]

nan, inf = np.nan, np.inf


class Frame:
    """A table with names, as a data frame is: an object array when a column holds text."""

    columns = ("age", "sex")

    def __init__(self, second):
        self.second = second

    def __array__(self, dtype=None, copy=None):
        return np.array([[1.0, second] for second in self.second], dtype=object)


class Broken:
    """An object that raises whatever it likes when it is converted or shown."""

    def __array__(self, dtype=None, copy=None):
        raise KeyError("no")

    def __repr__(self):
        raise KeyError("no")


BAD_X = {
    "NaN": ([[1, nan], [1, 2], [3, 4]], r"X must be finite, but X\[0, 1\] is nan"),
    "infinity": ([[1, 2], [-inf, 2], [3, 4]], r"X must be finite, but X\[1, 0\] is -inf"),
    "None inside": ([[1, None], [1, 2], [3, 4]], "X must be finite"),
    "vector": ([1, 2, 3], r"X must be a matrix with 2 axes, but its shape is \(3,\)"),
    "three axes": (np.ones((3, 2, 1)), "X must be a matrix"),
    "number": (3.0, "X must be a matrix"),
    "None": (None, "X must be a matrix"),
    "no rows": (np.zeros((0, 2)), r"X must not be empty, but its shape is \(0, 2\)"),
    "no columns": (np.zeros((3, 0)), "X must not be empty"),
    "empty list": ([], "X must be a matrix"),
    "ragged": ([[1, 2], [3], [4, 5]], "X must hold real numbers in a regular array"),
    "text": ([["a", "b"], ["c", "d"], ["e", "f"]], "X must hold real numbers"),
    "numbers as text": ([["1", "2"], ["3", "4"], ["5", "6"]], "X must hold real numbers"),
    "complex": ([[1j, 1], [1, 1], [1, 1]], "X must hold real numbers"),
    "dates": (
        np.array([["2020-01-01"] * 2] * 3, dtype="datetime64[D]"),
        "X must hold real numbers",
    ),
    "dict": ({"x": 1}, "X must"),
    "huge": (
        [[1e200, 1], [1, 1], [1, 1]],
        r"X must hold numbers of size at most 1e\+50, but it holds 1e\+200",
    ),
    "beyond floats": (
        [[1, 1], [10**400, 1], [1, 1]],
        r"X must hold numbers of size at most 1e\+50, but X\[1, 0\] is beyond",
    ),
    "beyond all digits": (
        [[10**5000, 1], [1, 1], [1, 1]],
        r"X\[0, 0\] is beyond the range of floats",
    ),
    "long doubles": (
        np.longdouble(10) ** np.full((3, 2), 400),
        "X must be finite|X must hold numbers of size",
    ),
    "signalling NaN": (
        [[Decimal("sNaN"), 1], [1, 1], [1, 1]],
        r"X\[0, 0\] is beyond the range of floats",
    ),
    "masked": (
        np.ma.array(np.ones((3, 2)), mask=[[0, 1], [0, 0], [1, 0]]),
        "X must hold a number everywhere, but 2 of its entries are",
    ),
    "masked rows in a list": (
        [np.ma.array([1.0, 2.0], mask=[0, 1])] * 3,
        "X must hold a number everywhere, but 1 of its entries is masked",
    ),
    "one entry masked": ([[1.0, np.ma.masked], [1, 2], [3, 4]], "X must hold a number everywhere"),
    "masked in objects": (
        np.array([[1.0, np.ma.masked]] * 3, dtype=object),
        r"X must hold real numbers, but X\[0, 1\] is",
    ),
    "text among numbers": (
        [[1, "2"], [3, 4], [5, 6]],
        r"X must hold real numbers, but X\[0, 1\] is the text '2': convert it",
    ),
    "text in objects": (
        np.array([[1, 2], [3, "4"], [5, 6]], dtype=object),
        r"X\[1, 1\] is the text '4'",
    ),
    "frame with numbers as text": (
        Frame(["0", "1", "1"]),
        r"X\[0, 1\] is the text '0': convert the column 'sex' to numbers, or leave it out",
    ),
    "frame with text": (
        Frame([0.0, 1.0, "male"]),
        r"X\[2, 1\] is the text 'male': convert the column 'sex'",
    ),
    "frame with a gap": (Frame([0.0, None, 1.0]), r"X must be finite, but X\[1, 1\] is None"),
    "new text": (
        np.array([["1", "2"]] * 3, dtype=np.dtypes.StringDType()),
        r"X\[0, 0\] is the text '1'",
    ),
    "records": (np.zeros(3, dtype=[("a", float)]), "X must hold real numbers"),
    "sparse": (
        sparse.eye_array(3).tocsr()[:, :2],
        r"X must be a dense array, but it is a sparse one: pass X.toarray\(\)",
    ),
    "set": ({1, 2, 3}, "X must hold real numbers in a regular array, but it is a set"),
    "broken": (Broken(), "X must hold real numbers in a regular array"),
    "broken inside": ([[Broken(), 1]] * 3, "X must hold real numbers"),
}
BAD_Y = {
    "NaN": ([1, nan, 2], r"y must be finite, but y\[1\] is nan"),
    "infinity": ([1, 2, inf], r"y must be finite, but y\[2\] is inf"),
    "too short": ([1, 2], "y must have length 3, but it has length 2"),
    "too long": ([1, 2, 3, 4], "y must have length 3, but it has length 4"),
    "empty": ([], "y must have length 3, but it has length 0"),
    "column": ([[1], [2], [3]], r"y must be a vector with 1 axis, but its shape is \(3, 1\)"),
    "number": (1.0, "y must be a vector"),
    "text": (["a", "b", "c"], "y must hold real numbers"),
    "huge": ([1, 2, 1e300], "y must hold numbers of size at most"),
    "masked": (
        np.ma.array([1.0, 2.0, 3.0], mask=[0, 0, 1]),
        "y must hold a number everywhere, but 1 of its entries is masked",
    ),
    "beyond floats": (
        [1, 2, -(10**400)],
        r"y must hold numbers of size at most 1e\+50, but y\[2\] is beyond",
    ),
    "numbers as text": (
        np.array([1.0, 2.0, "3"], dtype=object),
        r"y must hold real numbers, but y\[2\] is the text '3'",
    ),
}
BAD_LAM = {
    "zero": (0.0, "lam must be a positive finite number, but it is 0.0"),
    "negative": (-1e-3, "lam must be a positive finite number, but it is -0.001"),
    "NaN": (nan, "lam must be a positive finite number, but it is nan"),
    "infinity": (inf, "lam must be a positive finite number, but it is inf"),
    "text": ("0.1", "lam must be a number, but it is '0.1'"),
    "None": (None, "lam must be a number, but it is None"),
    "bool": (True, "lam must be a number, but it is True"),
    "list": ([0.1], r"lam must be a number, but it is \[0.1\]"),
    "array": (np.array([0.1, 0.2]), r"lam must be a single number, but its shape is \(2,\)"),
    "array of text": (np.array("a"), "lam must be a number"),
    "complex": (1j, "lam must be a number"),
    "beyond floats": (10**400, "lam must be a finite number"),
    "masked": (np.ma.masked, "lam must hold a number everywhere, but 1 of its entries is masked"),
}


def look(X, y, lam):
    from relucones.training import claimed_limit  # needs torch

    return claimed_limit(NET, X, y, lam)


def descend(X, y, lam):
    from relucones.training import train  # needs torch

    return train(X, y, lam, m=3, alpha=0.1, runs=1, seed=0, max_steps=3)


WITH_X = {
    "activation_patterns": activation_patterns,
    "cell_measures": lambda X: cell_measures(X, PATTERNS),
    "draw_cone": lambda X: draw_cone(X, 3),
    "predict": NET.predict,
    "signed_patterns": NET.signed_patterns,
}
WITH_DATA = {
    "lambda_max": lambda X, y, lam: lambda_max(X, y),
    "solve_global": solve_global,
    "clarabel": lambda X, y, lam: solve_global(X, y, lam, method="clarabel"),
    "solve_cone": lambda X, y, lam: solve_cone(X, y, lam, PATTERNS, SIGNS),
    "certify": lambda X, y, lam: certify(NET, X, y, lam),
    "shortest_subgradient": lambda X, y, lam: shortest_subgradient(NET, X, y, lam),
    "loss": NET.loss,
    "find_coupons": find_coupons,
    "claimed_limit": look,
    "train": descend,
    "good_cone_probability": lambda X, y, lam: good_cone_probability(X, y, lam, 3),
}
WITH_LAM = {name: f for name, f in WITH_DATA.items() if name != "lambda_max"}


def test_the_arguments_used_here_are_fine():
    for f in WITH_X.values():
        f(X)
    for f in WITH_DATA.values():
        f(X, Y, 0.05)


@pytest.mark.parametrize("case", BAD_X)
@pytest.mark.parametrize("name", [*WITH_X, *WITH_DATA])
def test_bad_points(name, case):
    bad, message = BAD_X[case]
    with pytest.raises(ValueError, match=message):
        WITH_X[name](bad) if name in WITH_X else WITH_DATA[name](bad, Y, 0.05)


@pytest.mark.parametrize("case", BAD_Y)
@pytest.mark.parametrize("name", WITH_DATA)
def test_bad_labels(name, case):
    bad, message = BAD_Y[case]
    with pytest.raises(ValueError, match=message):
        WITH_DATA[name](X, bad, 0.05)


@pytest.mark.parametrize("case", BAD_LAM)
@pytest.mark.parametrize("name", WITH_LAM)
def test_bad_penalty(name, case):
    bad, message = BAD_LAM[case]
    with pytest.raises(ValueError, match=message):
        WITH_LAM[name](X, Y, bad)


INTEGERS = {
    "count_patterns n": (lambda v: count_patterns(v, 2), "n"),
    "count_patterns d": (lambda v: count_patterns(3, v), "d"),
    "sufficient_width n": (lambda v: sufficient_width(v, 2, 0.1), "n"),
    "sufficient_width d": (lambda v: sufficient_width(3, v, 0.1), "d"),
    "draw_cone m": (lambda v: draw_cone(X, v), "m"),
    "gaussian_teacher n": (lambda v: data.gaussian_teacher(v, 2), "n"),
    "gaussian_teacher d": (lambda v: data.gaussian_teacher(3, v), "d"),
    "gaussian_teacher width": (lambda v: data.gaussian_teacher(3, 2, width=v), "width"),
    "orthogonal n": (lambda v: data.orthogonal(v, 3), "n"),
    "orthogonal d": (lambda v: data.orthogonal(1, v), "d"),
    "small_init_trap d": (lambda v: data.small_init_trap(v), "d"),
    "correlated n": (lambda v: data.correlated(v, 5, 0.1), "n"),
    "correlated d": (lambda v: data.correlated(1, v, 0.1), "d"),
    "real n": (lambda v: data.real("iris", v, 2), "n"),
    "real d": (lambda v: data.real("iris", 5, v), "d"),
    "good_cone_probability samples": (
        lambda v: good_cone_probability(X, Y, 0.05, 3, samples=v),
        "samples",
    ),
}


@pytest.mark.parametrize("bad", [0, -3, 2.5, 2.0, "3", None, True, nan, [2]], ids=repr)
@pytest.mark.parametrize("name", INTEGERS)
def test_bad_counts(name, bad):
    call, argument = INTEGERS[name]
    with pytest.raises(ValueError, match=rf"^{argument} must be an integer >= \d+, but it is"):
        call(bad)


@pytest.mark.parametrize("bad", [-1, 0.5, "seed", True, [1, 2]], ids=repr)
def test_bad_seeds(bad):
    for call in (
        lambda: data.gaussian_teacher(3, 2, seed=bad),
        lambda: data.orthogonal(2, 3, seed=bad),
        lambda: data.small_init_trap(seed=bad),
        lambda: data.correlated(2, 3, 0.1, seed=bad),
        lambda: data.real("iris", 5, 2, seed=bad),
        lambda: draw_cone(X, 2, seed=bad),
        lambda: good_cone_probability(np.eye(4), np.ones(4), 0.01, 3, measure="gaussian", seed=bad),
    ):
        with pytest.raises(ValueError, match=r"^seed must be an integer >= 0"):
            call()


OTHERS = {
    "m zero": (
        lambda: good_cone_probability(X, Y, 0.05, 0),
        "m must hold integers >= 1, but it holds 0",
    ),
    "m negative among others": (
        lambda: good_cone_probability(X, Y, 0.05, [3, -1]),
        "m must hold integers >= 1, but it holds -1",
    ),
    "m float": (
        lambda: good_cone_probability(X, Y, 0.05, 2.5),
        "m must hold integers >= 1, but it is 2.5",
    ),
    "m empty": (lambda: good_cone_probability(X, Y, 0.05, []), "m must not be empty"),
    "m ragged": (
        lambda: good_cone_probability(X, Y, 0.05, [[1], [1, 2]]),
        "m must be an integer or a regular array",
    ),
    "m of 65 bits": (
        lambda: good_cone_probability(X, Y, 0.05, 2**63),
        "m must hold integers of at most 64 bits",
    ),
    "m beyond all digits": (
        lambda: good_cone_probability(X, Y, 0.05, [3, 10**5000]),
        "m must hold integers of at most 64 bits",
    ),
    "m masked": (
        lambda: good_cone_probability(X, Y, 0.05, np.ma.array([1, 2], mask=[0, 1])),
        "m must hold a number everywhere",
    ),
    "m as text": (
        lambda: good_cone_probability(X, Y, 0.05, ["3"]),
        r"m must hold integers, but m\[0\] is the text '3'",
    ),
    "patterns masked": (
        lambda: solve_cone(X, Y, 0.1, np.ma.array(PATTERNS, mask=[[0, 1, 0]]), [1]),
        "patterns must hold a number everywhere",
    ),
    "patterns of objects": (
        lambda: solve_cone(X, Y, 0.1, np.array([[1, "1", 0]], dtype=object), [1]),
        r"patterns\[0, 1\] is the text '1'",
    ),
    "signs masked": (
        lambda: solve_cone(X, Y, 0.1, PATTERNS, np.ma.array([1], mask=True)),
        "signs must hold a number everywhere",
    ),
    "W masked": (
        lambda: Network(np.ma.array([[1.0]], mask=True), [1.0]),
        "W must hold a number everywhere",
    ),
    "noise masked": (
        lambda: data.gaussian_teacher(3, 2, noise=np.ma.masked),
        "noise must hold a number everywhere",
    ),
    "n of a size no array has": (
        lambda: data.gaussian_teacher(10**30, 2),
        "n must be an integer <= 100,000,000, but it is 1000",
    ),
    "n of thousands of digits": (
        lambda: data.gaussian_teacher(-(10**5000), 2),
        "n must be an integer >= 1, but it is a value of type int",
    ),
    "measure unknown": (
        lambda: good_cone_probability(X, Y, 0.05, 2, measure="volume"),
        "measure must be one of 'counting'",
    ),
    "measure of a drawn cone": (
        lambda: draw_cone(X, 2, measure=None),
        "measure must be one of .*, but it is None",
    ),
    "method unknown": (
        lambda: solve_global(X, Y, 0.1, method="fast"),
        "method must be one of 'exact', 'clarabel', but it is 'fast'",
    ),
    "method array": (
        lambda: solve_global(X, Y, 0.1, method=np.array(["exact", "b"])),
        "method must be one of",
    ),
    "tol zero": (
        lambda: solve_global(X, Y, 0.1, tol=0),
        "tol must be a positive finite number, but it is 0",
    ),
    "tol of certify": (lambda: certify(NET, X, Y, 0.1, tol=-1), "tol must be a positive"),
    "stationarity_tol": (
        lambda: certify(NET, X, Y, 0.1, stationarity_tol=nan),
        "stationarity_tol must be a positive",
    ),
    "wall_tol": (
        lambda: certify(NET, X, Y, 0.1, wall_tol=-1),
        "wall_tol must be a finite number >= 0",
    ),
    "network of another kind": (
        lambda: certify(([1], [2]), X, Y, 0.1),
        "network must be a relucones.Network, but it is a tuple",
    ),
    "network of another dimension": (
        lambda: certify(Network([[1.0]], [1.0]), X, Y, 0.1),
        "X must have 1 columns",
    ),
    "eps zero": (
        lambda: sufficient_width(3, 2, 0),
        "eps must lie strictly between 0 and 1, but it is 0",
    ),
    "eps one": (lambda: sufficient_width(3, 2, 1.0), "eps must lie strictly between 0 and 1"),
    "eps NaN": (lambda: sufficient_width(3, 2, nan), "eps must lie strictly between 0 and 1"),
    "eps text": (lambda: sufficient_width(3, 2, "a"), "eps must be a number"),
    "patterns of another length": (
        lambda: solve_cone(X, Y, 0.1, [[True]], [1]),
        r"patterns must have shape \(k, 3\).*\(1, 1\)",
    ),
    "patterns vector": (lambda: solve_cone(X, Y, 0.1, [True] * 3, [1]), "patterns must have shape"),
    "patterns none": (
        lambda: solve_cone(X, Y, 0.1, np.zeros((0, 3), bool), []),
        "patterns must hold at least one pattern",
    ),
    "patterns ragged": (
        lambda: solve_cone(X, Y, 0.1, [[1, 1, 1], [1]], [1, 1]),
        "patterns must have shape.*differ in length",
    ),
    "patterns of numbers": (
        lambda: solve_cone(X, Y, 0.1, [[1, 2, 0]], [1]),
        "patterns must hold booleans",
    ),
    "patterns of text": (
        lambda: solve_cone(X, Y, 0.1, [["a", "b", "c"]], [1]),
        "patterns must hold booleans",
    ),
    "patterns of no cell": (
        lambda: cell_measures([[1.0], [1.0]], [[True, False]]),
        r"patterns\[0\] is the pattern of no open cell",
    ),
    "signs too few": (
        lambda: solve_cone(X, Y, 0.1, PATTERNS, [1, 1]),
        "signs must have length 1, but it has length 2",
    ),
    "signs zero": (
        lambda: solve_cone(X, Y, 0.1, PATTERNS, [0]),
        r"signs must hold \+1 and -1 only",
    ),
    "signs NaN": (lambda: solve_cone(X, Y, 0.1, PATTERNS, [nan]), "signs must be finite"),
    "collected patterns": (
        lambda: find_coupons(X, Y, 0.1).collected_by([[True]], [1]),
        "patterns must have shape",
    ),
    "collected signs": (
        lambda: find_coupons(X, Y, 0.1).collected_by(PATTERNS, [2]),
        "signs must hold",
    ),
    "W empty": (lambda: Network(np.zeros((0, 2)), []), "W must not be empty"),
    "W vector": (lambda: Network([1.0, 2.0], [1.0]), "W must be a matrix"),
    "W NaN": (lambda: Network([[nan]], [1.0]), r"W must be finite, but W\[0, 0\] is nan"),
    "a of another length": (
        lambda: Network([[1.0]], [1.0, 2.0]),
        "a must have length 1, but it has length 2",
    ),
    "a infinite": (lambda: Network([[1.0]], [inf]), r"a must be finite, but a\[0\] is inf"),
    "X of another width": (
        lambda: NET.predict(np.ones((2, 5))),
        r"X must have 2 columns, but its shape is \(2, 5\)",
    ),
    "directions not unit": (
        lambda: Network.from_directions([[2.0, 0.0]], [1], [1.0]),
        "directions must be unit vectors.*norm 2",
    ),
    "directions ragged": (
        lambda: Network.from_directions([[1.0], [1, 0]], [1, 1], [1, 1]),
        "directions must hold real numbers",
    ),
    "directions text": (
        lambda: Network.from_directions([["a"]], [1], [1.0]),
        "directions must hold real numbers",
    ),
    "directions of no coordinate": (
        lambda: Network.from_directions(np.zeros((0, 0)), [], []),
        "directions must not be empty",
    ),
    "no directions but weights": (
        lambda: Network.from_directions(np.zeros((0, 2)), [], [1.0]),
        "weights must have length 0",
    ),
    "weights negative": (
        lambda: Network.from_directions([[1.0, 0.0]], [1], [-1.0]),
        "weights must be >= 0, but the smallest is -1",
    ),
    "weights too many": (
        lambda: Network.from_directions([[1.0, 0.0]], [1], [1, 2]),
        "weights must have length 1",
    ),
    "noise negative": (
        lambda: data.gaussian_teacher(3, 2, noise=-1),
        "noise must be a finite number >= 0",
    ),
    "noise NaN": (lambda: data.small_init_trap(noise=nan), "noise must be a finite number >= 0"),
    "more orthogonal points than dimensions": (
        lambda: data.orthogonal(4, 3),
        r"n must be <= d.*n is 4",
    ),
    "labels of another length": (
        lambda: data.orthogonal(2, 3, labels=[1.0]),
        "labels must have length 2",
    ),
    "trap in the plane": (
        lambda: data.small_init_trap(2),
        "d must be an integer >= 3, but it is 2",
    ),
    "rho one": (lambda: data.correlated(2, 3, 1.0), "rho must be < 1"),
    "rho negative": (lambda: data.correlated(2, 3, -0.1), "rho must be a finite number >= 0"),
    "too few dimensions": (
        lambda: data.correlated(3, 3, 0.5),
        "d must be >= n \\+ 1 = 4, but it is 3",
    ),
    "unknown data": (lambda: data.real("digits", 5, 2), "name must be one of 'diabetes'"),
    "too many rows": (
        lambda: data.real("iris", 151, 2),
        "iris has 150 rows and 4 features, but n is 151",
    ),
    "too many features": (lambda: data.real("iris", 10, 5), "d is 5"),
    "one row": (lambda: data.real("iris", 1, 2), "n must be an integer >= 2"),
    "data set of another length": (lambda: data.Dataset(X, [1.0]), "y must have length 3"),
}


@pytest.mark.parametrize("case", OTHERS)
def test_bad_arguments(case):
    call, message = OTHERS[case]
    with pytest.raises(ValueError, match=message):
        call()


def test_integers_floats_and_zero_dimensional_arrays_are_numbers():
    expected = solve_global(X, Y, 0.5).value
    for lam in (np.float64(0.5), np.array(0.5), np.float32(0.5)):
        assert solve_global(X.tolist(), tuple(Y), lam).value == expected
    assert (
        solve_global([[1, 0], [0, 1]], [3, 4], 1).value
        == solve_global(np.eye(2), [3.0, 4.0], 1.0).value
    )
    assert (
        solve_cone(X, Y, 0.5, [[1, 1, 0]], [1.0]).value
        == solve_cone(X, Y, 0.5, PATTERNS, SIGNS).value
    )
    assert count_patterns(np.int32(4), np.int64(2)) == 8


def test_numbers_of_other_kinds_are_numbers():
    expected = solve_global([[0.5, 1.0], [2.0, 0.25]], [1.0, -1.0], 0.1).value
    objects = np.array([[Fraction(1, 2), 1], [Decimal(2), 0.25]], dtype=object)
    assert solve_global(objects, [1, Decimal(-1)], Decimal("0.1")).value == expected
    unmasked = np.ma.array([[0.5, 1.0], [2.0, 0.25]], mask=False)
    assert solve_global(unmasked, np.ma.array([1.0, -1.0]), 0.1).value == expected


@pytest.mark.parametrize("name", [*WITH_X, *WITH_DATA])
def test_tensors_are_taken_with_their_gradients_left_behind(name):
    torch = pytest.importorskip("torch")
    points = torch.tensor(X, requires_grad=True)
    labels = torch.nn.Parameter(torch.tensor(Y))
    if name in WITH_X:
        WITH_X[name](points)
        WITH_X[name](list(points))
        return
    WITH_DATA[name](points, labels, torch.tensor(0.05, requires_grad=True))
    with pytest.raises(ValueError, match="X must be a dense tensor of real numbers"):
        WITH_DATA[name](points.detach().to_sparse(), labels, 0.05)
    with pytest.raises(ValueError, match="y must be a dense tensor of real numbers"):
        WITH_DATA[name](points, labels.detach() * 1j, 0.05)


def test_tensors_of_weights_patterns_and_counts():
    torch = pytest.importorskip("torch")
    W, a = (
        torch.ones(2, 3, requires_grad=True),
        torch.ones(2, dtype=torch.bfloat16, requires_grad=True),
    )
    assert Network(W, a).squared_norm() == 8
    one = solve_cone(X, Y, 0.5, torch.tensor(PATTERNS), torch.tensor(SIGNS))
    assert one.value == solve_cone(X, Y, 0.5, PATTERNS, SIGNS).value
    both = good_cone_probability(X, Y, 0.05, torch.tensor([2, 3]))
    np.testing.assert_array_equal(both, good_cone_probability(X, Y, 0.05, [2, 3]))
    for bad, message in (
        (torch.ones(2, device="meta"), "on meta"),
        (torch.ones(2), "m must hold integers >= 1"),
    ):
        with pytest.raises(ValueError, match=message):
            good_cone_probability(X, Y, 0.05, bad)


def test_data_frames():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"age": [1.0, 2.0, 3.0], "sex": ["0", "1", "0"]})
    with pytest.raises(
        ValueError, match=r"X\[0, 1\] is the text '0': convert the column 'sex' to numbers"
    ):
        solve_global(frame, Y, 0.1)
    frame = frame.assign(sex=[0, 1, 0])
    assert (
        solve_global(frame, pandas.Series(Y), 0.1).value
        == solve_global(frame.to_numpy(), Y, 0.1).value
    )


@pytest.mark.parametrize("bad", ["cuda:99", "abc", "meta", "", 3, None, ["cpu"]], ids=repr)
def test_bad_devices(bad):
    pytest.importorskip("torch")
    with pytest.raises(
        ValueError, match=r"device must be one on which PyTorch computes in float64 here \('cpu'"
    ):
        device(bad)


def test_a_device_that_computes():
    torch = pytest.importorskip("torch")
    assert device("cpu") == device(torch.device("cpu")) == torch.device("cpu")


def test_one_kind_of_error():
    with pytest.raises(BadInput):
        solve_global([[nan]], [1.0], 0.1)
    assert issubclass(BadInput, ValueError)


def test_inputs_are_not_changed():
    before = X.copy(), Y.copy()
    for f in WITH_DATA.values():
        f(X, Y, 0.05)
    np.testing.assert_array_equal(X, before[0])
    np.testing.assert_array_equal(Y, before[1])
