"""Small data in every position: general, on grids, repeated, parallel, opposite, zero and rank-deficient rows."""

import numpy as np
from hypothesis import strategies as st

from relucones import Network

seeds = st.integers(0, 2**32 - 1)


@st.composite
def points(draw, most=6, dimensions=4):
    """A matrix (n, d) of points."""
    n, d = draw(st.integers(1, most)), draw(st.integers(1, dimensions))
    rng = np.random.default_rng(draw(seeds))
    kind = draw(st.sampled_from(["general", "grid", "multiples", "low rank", "walls"]))
    if kind == "general":
        return rng.standard_normal((n, d))
    if kind == "grid":
        return rng.integers(-2, 3, (n, d)).astype(float)
    if kind == "multiples":
        few = rng.standard_normal((max(1, n // 2), d))
        return few[rng.integers(len(few), size=n)] * rng.choice([1.0, -2.0, 0.3, -1.0, 0.0], (n, 1))
    if kind == "low rank":
        r = draw(st.integers(1, d))
        return rng.standard_normal((n, r)) @ rng.standard_normal((r, d))
    return rng.integers(-1, 2, (n, d)) * rng.choice([1.0, 0.5, 3.0], (n, 1))


@st.composite
def problems(draw, most=6, dimensions=3):
    """Points with labels, and a weight decay as a share of the largest that matters."""
    X = draw(points(most, dimensions))
    rng = np.random.default_rng(draw(seeds))
    grid = draw(st.booleans())
    y = rng.integers(-2, 3, len(X)).astype(float) if grid else rng.standard_normal(len(X))
    return X, y, draw(st.sampled_from([1.5, 0.9, 0.5, 0.1, 0.01, 1e-3]))


def random_network(seed, m=4, d=3):
    rng = np.random.default_rng(seed)
    return Network(rng.standard_normal((m, d)), rng.standard_normal(m))


def random_data(seed, n=6, d=3):
    rng = np.random.default_rng(seed + 1)
    return rng.standard_normal((n, d)), rng.standard_normal(n)
