"""Validation of inputs, in one place.

Every public function calls these before it computes. Each raises one `ValueError` that names the
argument, what was found and what was expected, so that a mistake never turns into a NaN, a hang or
a solver's own message.
"""

import numbers

import numpy as np

# The loss multiplies six such numbers (label or weight times weight times point, squared): no overflow below this.
LARGEST = 1e50


def matrix(value, name, columns=None):
    """Return `value` as a float64 array of shape (rows, columns), both at least 1, all finite."""
    array = _floats(value, name)
    if array.ndim != 2:
        raise ValueError(f"{name} must be a matrix with 2 axes, but its shape is {array.shape}")
    if array.shape[0] == 0 or array.shape[1] == 0:
        raise ValueError(f"{name} must not be empty, but its shape is {array.shape}")
    if columns is not None and array.shape[1] != columns:
        raise ValueError(
            f"{name} must have {columns} columns, but its shape is {array.shape}"
        )
    _all_finite(array, name)
    return array


def vector(value, name, length=None):
    """Return `value` as a float64 array of shape (length,), all finite."""
    array = _floats(value, name)
    if array.ndim != 1:
        raise ValueError(f"{name} must be a vector with 1 axis, but its shape is {array.shape}")
    if length is not None and len(array) != length:
        raise ValueError(f"{name} must have length {length}, but it has length {len(array)}")
    _all_finite(array, name)
    return array


def data(X, y):
    """Return the points `X` (n, d) and the labels `y` (n,) as float64 arrays."""
    X = matrix(X, "X")
    return X, vector(y, "y", length=len(X))


def penalty(lam):
    """Return the weight-decay strength as a float > 0."""
    return positive(lam, "lam")


def positive(value, name):
    """Return `value` as a finite float > 0."""
    number = _real(value, name)
    if not np.isfinite(number) or number <= 0:
        raise ValueError(f"{name} must be a positive finite number, but it is {value!r}")
    return number


def nonnegative(value, name):
    """Return `value` as a finite float >= 0."""
    number = _real(value, name)
    if not np.isfinite(number) or number < 0:
        raise ValueError(f"{name} must be a finite number >= 0, but it is {value!r}")
    return number


def probability(value, name):
    """Return `value` as a float strictly between 0 and 1."""
    number = _real(value, name)
    if not 0 < number < 1:
        raise ValueError(f"{name} must lie strictly between 0 and 1, but it is {value!r}")
    return number


def count(value, name, least=1):
    """Return `value` as an int >= `least`."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Integral):
        raise ValueError(f"{name} must be an integer >= {least}, but it is {value!r}")
    if value < least:
        raise ValueError(f"{name} must be an integer >= {least}, but it is {value}")
    return int(value)


def counts(value, name, least=1):
    """Return `value`, an integer or an array of integers >= `least`, as an int64 array."""
    try:
        array = np.asarray(value)
    except ValueError:  # rows of different lengths
        raise ValueError(f"{name} must be an integer or a regular array of integers") from None
    if array.size == 0:
        raise ValueError(f"{name} must not be empty")
    if array.dtype.kind not in "iu":
        raise ValueError(f"{name} must hold integers >= {least}, but it is {value!r}")
    if array.min() < least:
        raise ValueError(f"{name} must hold integers >= {least}, but it holds {array.min()}")
    if array.max() > np.iinfo(np.int64).max:
        raise ValueError(f"{name} must hold integers of at most 64 bits, but it holds {array.max()}")
    return array.astype(np.int64)


def choice(value, name, allowed):
    """Return `value` if it is one of the strings in `allowed`."""
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, allowed))}, but it is {value!r}")
    return value


def patterns(value, name, points):
    """Return `value` as a boolean array of shape (k, points)."""
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(f"{name} must have shape (k, {points}), but its rows differ in length") from None
    if array.ndim != 2 or array.shape[1] != points:
        raise ValueError(
            f"{name} must have shape (k, {points}), one column per point, but its shape is {array.shape}"
        )
    if array.dtype != bool:
        if array.dtype.kind not in "iuf" or not np.isin(array, (0, 1)).all():
            raise ValueError(f"{name} must hold booleans (or 0 and 1), but its dtype is {array.dtype}")
        array = array.astype(bool)
    return array


def signs(value, name, length):
    """Return `value` as an int array of shape (length,) with entries +1 and -1."""
    array = vector(value, name, length)
    if not np.isin(array, (-1, 1)).all():
        raise ValueError(f"{name} must hold +1 and -1 only, but it holds {np.unique(array)}")
    return array.astype(int)


def generator(seed):
    """Return a `numpy.random.Generator` from an integer seed, a generator, or None (fresh entropy)."""
    if seed is None or isinstance(seed, np.random.Generator):
        return np.random.default_rng(seed)
    return np.random.default_rng(count(seed, "seed", least=0))


def _real(value, name):
    if isinstance(value, np.ndarray) and value.ndim != 0:
        raise ValueError(f"{name} must be a single number, but its shape is {value.shape}")
    single = value.item() if isinstance(value, np.ndarray) else value
    if isinstance(single, (bool, np.bool_)) or not isinstance(single, numbers.Real):
        raise ValueError(f"{name} must be a number, but it is {value!r}")
    try:
        return float(single)
    except OverflowError:
        raise ValueError(f"{name} must be a finite number, but it is beyond the range of floats") from None


def _floats(value, name):
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "biufO":  # numpy would read numbers in text, dates and complex numbers
            raise TypeError
        return np.array(array, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must hold real numbers in a regular array") from None


def _all_finite(array, name):
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        where = tuple(int(i) for i in bad[0])
        raise ValueError(f"{name} must be finite, but {name}{list(where)} is {array[where]}")
    if array.size and np.abs(array).max() > LARGEST:
        raise ValueError(f"{name} must hold numbers of size at most {LARGEST:g}, but it holds {np.abs(array).max():g}")
