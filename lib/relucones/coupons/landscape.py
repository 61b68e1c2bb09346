r"""What the minimisers of random activation cones are: global minima, spurious stationary points, or neither.

The share of good cones is exact (see `relucones.coupons`). Whether the minimiser of a cone without a global minimum is a
stationary point of the whole loss is found by solving the cone's convex program, so that share is estimated from cones
drawn at random, as in the experiments of Boursier et al. (arXiv 2505.22578).
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from .. import checks
from ..convex import ConeProgram, Faces, shortest_subgradient
from .holders import find_coupons
from .probability import draw_cone, good_cone_probability

STATIONARY = 1e-4  # shortest subgradient, in units of 2 lam |theta|, below which a minimiser is called stationary
_WALL = 1e-7


@dataclass(frozen=True, eq=False)
class Landscape:
    r"""The shares of cones by width.

    Attributes
    ----------
    widths : int array (w,)
        The widths m.
    good : array (w,)
        The probability that a cone contains a global minimum.
    good_error : array (w,)
        Its standard error, 0 where it is exact.
    spurious : array (w,)
        The share of the drawn cones that contain no global minimum, and whose minimiser, balanced, is a spurious
        stationary point. (The zero network lies in every closed cone, and is stationary too; it does not count.)
    spurious_error : array (w,)
        The standard error of `spurious`, with one success and one failure added, so that it is never 0.
    cones : int
        How many cones were drawn for each width.
    found : list of w float arrays
        The shortest subgradient at the minimiser of each drawn cone, relative to :math:`2\lambda\|\theta\|`; not a
        number for the cones that contain a global minimum.
    """

    widths: np.ndarray
    good: np.ndarray
    good_error: np.ndarray
    spurious: np.ndarray
    spurious_error: np.ndarray
    cones: int
    found: list

    @property
    def neither(self):
        """The share of the other cones: their minimiser lies on a wall through which the loss falls."""
        return np.maximum(1 - self.good - self.spurious, 0.0)

    def __str__(self):
        lines = [f"{'width':>7} {'good':>9} {'spurious':>15} {'neither':>8}"]
        for m, good, bad, error, rest in zip(
            self.widths, self.good, self.spurious, self.spurious_error, self.neither, strict=True
        ):
            lines.append(f"{m:7d} {good:9.6f} {bad:7.3f} +- {error:.3f} {rest:8.3f}")
        return "\n".join(lines)


def landscape_table(X, y, lam, widths, cones=20, seed=0, measure="counting", progress=False):
    r"""What the activation cones of each width contain: the experiment of Boursier et al., its first curve exact.

    Parameters
    ----------
    X, y : arrays (n, d), (n,)
        The data.
    lam : float
        The weight decay :math:`\lambda > 0`.
    widths : int array (w,)
        The widths m.
    cones : int
        How many cones to draw for each width. One that holds the coupons of an optimum contains a global minimum and
        needs no solving; of the others, the program of each set of signed patterns is solved once.
    seed
        Of the drawn cones.
    measure : {"counting", "gaussian"}
        How a neuron draws its signed pattern, as in `good_cone_probability`.
    progress : bool
        Show a progress bar over the programs to solve.

    Returns
    -------
    Landscape

    Source
    ------
    Boursier et al. (arXiv 2505.22578), experiments: 20 cones per width. The test of stationarity is theirs, up to
    tolerances: every ReLU at zero may take any derivative in [0, 1].

    Examples
    --------
    >>> print(landscape_table([[1.0, 0.0], [0.0, 1.0]], [1.0, -1.0], 0.1, [1, 40], cones=10))
      width      good        spurious  neither
          1  0.000000   1.000 +- 0.080    0.000
         40  0.999980   0.000 +- 0.080    0.000
    """
    X, y = checks.data(X, y)
    lam, cones = checks.penalty(lam), checks.count(cones, "cones")
    widths = np.atleast_1d(checks.counts(widths, "widths"))
    if widths.ndim > 1:
        raise checks.BadInput(f"widths must be a list of integers, but its shape is {widths.shape}")
    rng = checks.generator(seed)
    faces = Faces(X)
    coupons = find_coupons(X, y, lam, faces=faces)
    good, good_error = good_cone_probability(
        X, y, lam, widths, measure, seed=rng.spawn(1)[0], with_error=True, coupons=coupons
    )
    drawn = [_drawn(X, m, measure, rng, cones) for m in widths]
    lengths = _relative_subgradients(X, y, lam, coupons, {cone for some in drawn for cone in some}, progress)
    found = [np.array([lengths[cone] for cone in some]) for some in drawn]
    hits = np.array([np.sum(of_width <= STATIONARY) for of_width in found])
    shrunk = (hits + 1) / (cones + 2)
    return Landscape(
        widths, good, good_error, hits / cones, np.sqrt(shrunk * (1 - shrunk) / (cones + 2)), cones, found
    )


def _drawn(X, m, measure, rng, cones):
    """Random cones of width m, each as the set of its signed patterns."""
    patterns, signs = draw_cone(X, cones * m, rng, measure)  # all at once: the patterns are listed only once
    signed = np.column_stack([signs > 0, patterns]).reshape(cones, m, -1)
    return [frozenset(row.tobytes() for row in cone) for cone in signed]


def _relative_subgradients(X, y, lam, coupons, cones, progress):
    """For each set of signed patterns the relative length of the shortest subgradient at its minimiser; nan if good."""
    lengths, by_size = {}, defaultdict(list)
    for cone in sorted(cones, key=sorted):  # the solver is used again, so the order counts
        rows = np.array([np.frombuffer(row, dtype=bool) for row in sorted(cone)])
        patterns, signs = rows[:, 1:], np.where(rows[:, 0], 1, -1)
        if coupons.collected_by(patterns, signs):
            lengths[cone] = np.nan
        else:
            by_size[len(cone)].append((cone, patterns, signs))
    bar = _bar(sum(map(len, by_size.values())), progress)
    for blocks, alike in sorted(by_size.items()):
        program = ConeProgram(X, y, lam, blocks, tol=1e-9)
        for cone, patterns, signs in alike:
            network = program.solve(patterns, signs).network
            shortest = np.linalg.norm(shortest_subgradient(network, X, y, lam, _WALL))
            scale = 2 * lam * np.sqrt(network.squared_norm())
            lengths[cone] = shortest / scale if scale > 0 else 0.0  # the zero network is stationary
            bar.update()
    bar.close()
    return lengths


def _bar(total, progress):
    from tqdm.auto import tqdm

    return tqdm(total=total, disable=not progress, unit="cone", leave=False)
