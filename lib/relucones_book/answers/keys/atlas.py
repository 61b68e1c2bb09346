"""Truths of the exercises on the atlas of widths."""

import numpy as np

from relucones import cell_measures, find_coupons

from ...experiments import atlas_data
from ...reproduce import load
from .. import Answer


def _how_many_times_rarer():
    """Of the problem with d = 3 and one optimum where drawing loses most for 99 %: the counting
    measure of its rarest coupon over the Gaussian measure of its rarest."""
    _, table = load("atlas")
    rows = (table["d"] == 3) & (table["optima"] == 1)
    i = np.where(rows, table["gaussian 0.99"] / table["counting 0.99"], 0).argmax()
    X, y = atlas_data({key: table[key][i].item() for key in ("data", "n", "d", "seed")})
    coupons = find_coupons(X, y, table["lam"][i])
    drawn = cell_measures(X, coupons.patterns) / 2 @ coupons.holds
    return (coupons.holds.sum(axis=0) / (2 * coupons.count)).min() / drawn.min()


ANSWERS = {
    "ex-atlas-half": Answer(
        lambda: np.log(1 - 2 ** (-1 / 12)) / -np.log(25 / 0.5),
        tolerance=0.01,
        asks="the share of the bound",
    ),
    "ex-atlas-narrow": Answer(_how_many_times_rarer, tolerance=0.02, asks="how many times rarer"),
}
