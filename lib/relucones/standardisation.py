"""Units in which every column has mean 0 and variance 1, and the way back."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import checks

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Standardisation:
    """The constants of ``(x - mean) / scale`` and ``(y - label_mean) / label_scale``.

    Attributes
    ----------
    mean, scale : arrays (d,)
        Of the points; where a column is constant, scale is 1.
    label_mean, label_scale : float
        Of the labels.
    """

    mean: Floats
    scale: Floats
    label_mean: float
    label_scale: float

    def points(self, X: ArrayLike) -> Floats:
        """Raw points `X` (n, d) in the standardised units."""
        return (checks.matrix(X, "X", len(self.mean)) - self.mean) / self.scale

    def labels(self, outputs: ArrayLike) -> Floats:
        """Standardised labels or outputs (n,) in the raw units."""
        return checks.vector(outputs, "outputs") * self.label_scale + self.label_mean


def standardised(values: Floats) -> tuple[Floats, Floats, Floats]:
    """Columns with mean 0 and variance 1, their means and scales; constant ones are 0 exactly."""
    constant = (np.diff(values, axis=0) == 0).all(axis=0)
    # In units of the largest entry, so that no square underflows.
    size = np.where(constant, 1.0, np.abs(values).max(axis=0))
    units = values / size
    centre = np.where(constant, units[0], units.mean(axis=0))
    spread = np.where(constant, 1.0, units.std(axis=0))
    return (units - centre) / spread, centre * size, spread * size
