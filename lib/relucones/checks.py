"""Validation of inputs, in one place.

Every public function calls these before it computes. Each raises one `ValueError` that names the
argument, what was found and what was expected, so that a mistake never turns into a NaN, a hang or
a solver's own message.
"""

import numbers
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

# The loss multiplies six such numbers (label or weight times weight times point, squared): no
# overflow below this.
LARGEST = 1e50
_NUMBERS = (numbers.Real, Decimal, np.bool_)
_DEEPEST = 4  # lists in lists; no argument has more axes


class BadInput(ValueError):
    """The `ValueError` of this package: it names the argument, what was found and expected."""


def array(value: Any, name: str, kind: str = "real numbers", irregular: str = "") -> np.ndarray:
    """Return `value` as an array of booleans, integers, floats, or objects that are all numbers.

    Every array that comes in is converted here. What numpy would convert with a silent loss is
    refused: text that looks like numbers, masked entries, sparse matrices, complex numbers, dates.
    Tensors of PyTorch are taken from any device, detached from their gradients. Messages say that
    it must hold `kind`; `irregular` replaces the one on rows of different lengths.
    """
    opened = _opened(value, name)
    if hasattr(opened, "toarray"):
        raise BadInput(
            f"{name} must be a dense array, but it is a sparse one: pass {name}.toarray()"
        )
    try:
        found = np.asarray(opened)
        if found.dtype.kind not in "biuf":
            found = np.asarray(opened, dtype=object)  # as it was before numpy made it all text
    except Exception:  # rows of different lengths, or whatever a foreign object raises
        raise BadInput(f"{name} {irregular or f'must hold {kind} in a regular array'}") from None
    if found.dtype.kind == "O":
        _all_numbers(found, value, name, kind)
    return found


def matrix(value: ArrayLike, name: str, columns: int | None = None) -> NDArray[np.float64]:
    """Return `value` as a float64 array of shape (rows, columns), both at least 1, all finite."""
    found = _as_floats(array(value, name), name)
    if found.ndim != 2:
        raise BadInput(f"{name} must be a matrix with 2 axes, but its shape is {found.shape}")
    if found.shape[0] == 0 or found.shape[1] == 0:
        raise BadInput(f"{name} must not be empty, but its shape is {found.shape}")
    if columns is not None and found.shape[1] != columns:
        raise BadInput(f"{name} must have {columns} columns, but its shape is {found.shape}")
    _all_finite(found, name)
    return found


def vector(value: ArrayLike, name: str, length: int | None = None) -> NDArray[np.float64]:
    """Return `value` as a float64 array of shape (length,), all finite."""
    found = _as_floats(array(value, name), name)
    if found.ndim != 1:
        raise BadInput(f"{name} must be a vector with 1 axis, but its shape is {found.shape}")
    if length is not None and len(found) != length:
        raise BadInput(f"{name} must have length {length}, but it has length {len(found)}")
    _all_finite(found, name)
    return found


def data(X: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the points `X` (n, d) and the labels `y` (n,) as float64 arrays."""
    points = matrix(X, "X")
    return points, vector(y, "y", length=len(points))


def penalty(lam: float) -> float:
    """Return the weight-decay strength as a float > 0."""
    return positive(lam, "lam")


def positive(value: float, name: str) -> float:
    """Return `value` as a finite float > 0."""
    number = _real(value, name)
    if not np.isfinite(number) or number <= 0:
        raise BadInput(f"{name} must be a positive finite number, but it is {_shown(value)}")
    return number


def nonnegative(value: float, name: str) -> float:
    """Return `value` as a finite float >= 0."""
    number = _real(value, name)
    if not np.isfinite(number) or number < 0:
        raise BadInput(f"{name} must be a finite number >= 0, but it is {_shown(value)}")
    return number


def probability(value: float, name: str) -> float:
    """Return `value` as a float strictly between 0 and 1."""
    number = _real(value, name)
    if not 0 < number < 1:
        raise BadInput(f"{name} must lie strictly between 0 and 1, but it is {_shown(value)}")
    return number


def count(value: int, name: str, least: int = 1, most: int | None = None) -> int:
    """Return `value` as an int from `least` to `most`."""
    if (
        isinstance(value, (bool, np.bool_))
        or not isinstance(value, numbers.Integral)
        or value < least
    ):
        raise BadInput(f"{name} must be an integer >= {least}, but it is {_shown(value)}")
    if most is not None and value > most:
        raise BadInput(f"{name} must be an integer <= {most:,}, but it is {_shown(value)}")
    return int(value)


def counts(value: ArrayLike, name: str, least: int = 1) -> NDArray[np.int64]:
    """Return `value`, an integer or an array of integers >= `least`, as an int64 array."""
    found = array(value, name, "integers", "must be an integer or a regular array of integers")
    if found.size == 0:
        raise BadInput(f"{name} must not be empty")
    whole = found.dtype.kind in "iu" or (
        found.dtype.kind == "O" and all(isinstance(v, numbers.Integral) for v in found.flat)
    )
    if not whole:
        raise BadInput(f"{name} must hold integers >= {least}, but it is {_shown(value)}")
    if found.min() < least:
        raise BadInput(
            f"{name} must hold integers >= {least}, but it holds {_shown(int(found.min()))}"
        )
    if found.max() > np.iinfo(np.int64).max:
        raise BadInput(
            f"{name} must hold integers of at most 64 bits, but it holds {_shown(int(found.max()))}"
        )
    return found.astype(np.int64)


def choice(value: str, name: str, allowed: "Sequence[str]") -> str:
    """Return `value` if it is one of the strings in `allowed`."""
    if not isinstance(value, str) or value not in allowed:
        raise BadInput(
            f"{name} must be one of {', '.join(map(repr, allowed))}, but it is {_shown(value)}"
        )
    return value


def patterns(value: ArrayLike, name: str, points: int) -> NDArray[np.bool_]:
    """Return `value` as a boolean array of shape (k, points)."""
    kind, shape = "booleans (or 0 and 1)", f"must have shape (k, {points}), one column per point"
    found = array(value, name, kind, f"{shape}, but its rows differ in length")
    if found.ndim != 2 or found.shape[1] != points:
        raise BadInput(f"{name} {shape}, but its shape is {found.shape}")
    if found.dtype != bool and not np.isin(_as_floats(found, name), (0, 1)).all():
        raise BadInput(f"{name} must hold {kind}, but it holds other numbers")
    return found.astype(bool)


def signs(value: ArrayLike, name: str, length: int) -> NDArray[np.int_]:
    """Return `value` as an int array of shape (length,) with entries +1 and -1."""
    found = vector(value, name, length)
    if not np.isin(found, (-1, 1)).all():
        raise BadInput(f"{name} must hold +1 and -1 only, but it holds {_shown(np.unique(found))}")
    return found.astype(int)


def generator(seed: "int | np.random.Generator | None") -> np.random.Generator:
    """Return a generator from an integer seed, a generator, or None (fresh entropy)."""
    if seed is None or isinstance(seed, np.random.Generator):
        return np.random.default_rng(seed)
    return np.random.default_rng(count(seed, "seed", least=0))


def device(value: "str | torch.device") -> "torch.device":
    """Return `value` as a device of PyTorch that computes in float64 on this machine."""
    import torch  # slow to import, and only for what trains

    try:
        found = torch.device(value) if isinstance(value, (str, torch.device)) else None
        works = found is not None and torch.ones(1, dtype=torch.float64, device=found).item() == 1
    except Exception:  # torch raises many types: AssertionError, RuntimeError, NotImplementedError
        works = False
    if not works:
        here = ["'cpu'", *(f"'cuda:{i}'" for i in range(torch.cuda.device_count()))]
        raise BadInput(
            f"device must be one on which PyTorch computes in float64 here ({', '.join(here)}), "
            f"but it is {_shown(value)}"
        )
    return found


def _real(value, name):
    if _is_tensor(value) or isinstance(value, (np.ma.MaskedArray, np.ndarray)):
        found = array(value, name) if not _is_text(value) else value
        if found.ndim != 0:
            raise BadInput(f"{name} must be a single number, but its shape is {found.shape}")
        single = found.item()
    else:
        single = value
    if isinstance(single, (bool, np.bool_)) or not isinstance(single, _NUMBERS):
        raise BadInput(f"{name} must be a number, but it is {_shown(value)}")
    try:
        return float(single)
    except (OverflowError, ValueError):  # ValueError: Decimal's signalling NaN
        raise BadInput(
            f"{name} must be a finite number, but it is beyond the range of floats"
        ) from None


def _as_floats(found, name):
    if found.dtype.kind == "O":
        floats = np.empty(found.shape)
        for where, entry in np.ndenumerate(found):
            try:
                floats[where] = entry
            except (OverflowError, ValueError):
                raise BadInput(
                    f"{name} must hold numbers of size at most {LARGEST:g}, but "
                    f"{_place(name, where)} is beyond the range of floats"
                ) from None
        return floats
    with np.errstate(over="ignore"):  # a long double beyond the range of floats becomes infinite
        return np.array(found, dtype=np.float64)


def _all_finite(found, name):
    bad = np.argwhere(~np.isfinite(found))
    if len(bad):
        where = tuple(int(i) for i in bad[0])
        raise BadInput(f"{name} must be finite, but {_place(name, where)} is {found[where]}")
    if found.size and np.abs(found).max() > LARGEST:
        largest = np.abs(found).max()
        raise BadInput(
            f"{name} must hold numbers of size at most {LARGEST:g}, but it holds {largest:g}"
        )


def _opened(value, name, depth=0):
    """`value` with tensors and masked arrays, also those inside lists, as plain arrays."""
    if isinstance(value, np.ma.MaskedArray):
        hidden = int(np.ma.count_masked(value))
        if hidden:
            raise BadInput(
                f"{name} must hold a number everywhere, but {hidden} of its entries "
                f"{'is' if hidden == 1 else 'are'} masked: drop those points or fill in values"
            )
        return np.ma.getdata(value)
    if _is_tensor(value):
        return tensor(value, name)
    if isinstance(value, (list, tuple)) and depth < _DEEPEST:
        return [_opened(entry, name, depth + 1) for entry in value]
    return value


def tensor(value: "torch.Tensor", name: str) -> np.ndarray:
    """Return a dense tensor of real numbers as an array, from any device, without its gradient."""
    try:
        if value.is_complex() or "Masked" in type(value).__name__:
            raise TypeError
        plain = value.detach().cpu()
        # numpy does not know bfloat16
        return (plain.double() if plain.is_floating_point() else plain).numpy()
    except (TypeError, RuntimeError, AttributeError):  # sparse, quantised, or without storage
        raise BadInput(
            f"{name} must be a dense tensor of real numbers, but it is {value.dtype}, "
            f"{value.layout}, "
            f"on {value.device}"
        ) from None


def _is_tensor(value):
    """Whether this is a tensor of PyTorch, told without importing it."""
    return hasattr(value, "detach") and hasattr(value, "layout") and not isinstance(value, type)


def _is_text(value):
    return getattr(getattr(value, "dtype", None), "kind", "") in ("U", "S", "T")


def _all_numbers(found, value, name, kind):
    for where, entry in np.ndenumerate(found):
        if isinstance(entry, _NUMBERS) or (entry is None and not where):
            continue  # None itself has no axes, and is refused for that
        place = _place(name, where)
        if entry is None:
            raise BadInput(f"{name} must be finite, but {place} is None")
        if not where:  # not an array at all
            raise BadInput(
                f"{name} must hold {kind} in a regular array, but it is a {type(value).__name__}"
            )
        text = isinstance(entry, (str, bytes))
        what = f"the text {_shown(entry)}" if text else f"{_shown(entry)}, a {type(entry).__name__}"
        raise BadInput(
            f"{name} must hold {kind}, but {place} is {what}{_remedy(value, where, text)}"
        )


def _remedy(value, where, text):
    """What to do about an entry that is no number, with the name of its column where it has one."""
    columns = getattr(value, "columns", None)
    if columns is not None and len(where) == 2 and len(columns) > where[1]:
        return f": convert the column {_shown(columns[where[1]])} to numbers, or leave it out"
    return ": convert it to numbers first" if text else ""


def _place(name, where):
    return f"{name}{list(map(int, where))}" if where else name


def _shown(value):
    """A value as a message can show it: one line of at most 80 characters."""
    try:
        text = " ".join(repr(value).split())
    except Exception:  # integers of thousands of digits, or whatever a foreign object raises
        return f"a value of type {type(value).__name__}"
    return text if len(text) <= 80 else f"{text[:77]}..."
