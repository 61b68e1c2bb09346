"""Figures of the atlas: the exact widths of many problems, from its data file."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

from relucones.plots.style import color

_KINDS = ("teacher", "random labels", "diabetes")
_MARKS = {2: "o", 3: "s", 4: "D", 5: "^"}


def atlas_widths(table, share, lam):
    """The exact width for a share of good cones against the coupon bound, in the median over the data sets.

    One panel per kind of data, one point per pair n, d, under both measures; bars reach from the 10th to the 90th
    percentile over the data sets.

    Parameters
    ----------
    table : dict of arrays
        The columns of the atlas.
    share : float
        0.5 or 0.99.
    lam : float
        One of the values in the table.
    """
    fig, axes = plt.subplots(1, 3, figsize=(8.6, 3.7), sharex=True, sharey=True)
    for ax, kind in zip(axes, _KINDS, strict=True):
        for measure, look, shift in (("counting", color.counting, 0.96), ("gaussian", color.gaussian, 1.04)):
            for d, mark in _MARKS.items():
                for n in np.unique(table["n"]):
                    widths, bound = _widths(table, kind, n, d, lam, measure, share)
                    low, middle, high = np.percentile(widths, (10, 50, 90))
                    ax.plot([shift * bound] * 2, [low, high], color=look, linewidth=1, alpha=0.6)
                    ax.plot(shift * bound, middle, mark, color=look, markersize=5)
        bounds = table[f"bound {share:g}"]
        ends = np.array([bounds.min() / 2, bounds.max() * 2])
        ax.plot(ends, ends, color=color.theory, linewidth=1.2, zorder=0)
        ax.set(xscale="log", yscale="log", title=kind, xlim=ends)
    axes[1].set_xlabel(r"coupon bound $2N\,\log\,\frac{n+1}{\varepsilon}$")
    axes[0].set_ylabel(f"width for {share:.0%} good cones")
    handles = [plt.Line2D([], [], color=c, linewidth=4) for c in (color.counting, color.gaussian, color.theory)]
    names = ["counting", "drawing", "the bound"]
    handles += [plt.Line2D([], [], marker=mark, color=color.point, linestyle="") for mark in _MARKS.values()]
    fig.legend(handles, [*names, *(f"$d={d}$" for d in _MARKS)], loc="lower center", ncols=7, fontsize=9.5, handlelength=1.2)
    fig.suptitle(rf"$\lambda = {lam:g}$", fontsize=12, y=0.99)
    fig.subplots_adjust(left=0.09, right=0.99, bottom=0.27, top=0.84, wspace=0.06)
    return fig, axes


def atlas_gain(table, share, lam):
    """How many times narrower a network drawn by Gaussian weights may be than one drawn uniformly among cones.

    The median over the data sets of the ratio of the two exact widths, against n, one line per d; bars as in
    `atlas_widths`.
    """
    fig, axes = plt.subplots(1, 3, figsize=(8.6, 3.4), sharex=True, sharey=True)
    shades = dict(zip(_MARKS, (0.35, 0.55, 0.75, 1.0), strict=True))
    sizes = np.unique(table["n"])
    for ax, kind in zip(axes, _KINDS, strict=True):
        ax.axhline(1, color=color.theory, linewidth=1)
        for d, mark in _MARKS.items():
            spread = []
            for n in sizes:
                counted, _ = _widths(table, kind, n, d, lam, "counting", share)
                drawn, _ = _widths(table, kind, n, d, lam, "gaussian", share)
                spread.append(np.percentile(counted / drawn, (25, 50, 75)))
            low, middle, high = np.array(spread).T
            shift = sizes * 1.03 ** (d - 3.5)
            ax.vlines(shift, low, high, color=color.gaussian, linewidth=1, alpha=shades[d])
            ax.plot(shift, middle, marker=mark, color=color.gaussian, alpha=shades[d], linewidth=1.5, label=f"$d={d}$")
        ax.set(title=kind, xscale="log", yscale="log")
        ax.xaxis.set_major_locator(LogLocator(subs=[]))
        ax.set_xticks(sizes, [str(n) for n in sizes])
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.set_yticks([0.5, 1, 2, 4, 8])
        ax.yaxis.set_major_formatter(ScalarFormatter())
        ax.yaxis.set_minor_formatter(NullFormatter())
    axes[1].set_xlabel("number of points $n$")
    axes[0].set_ylabel("counting width / drawing width")
    axes[0].legend(fontsize=9.5, loc="upper left")
    fig.subplots_adjust(left=0.09, right=0.99, bottom=0.16, top=0.9, wspace=0.06)
    return fig, axes


def _widths(table, kind, n, d, lam, measure, share):
    """The widths of all data sets of one place of the grid, and the bound there."""
    chosen = (table["data"] == kind) & (table["n"] == n) & (table["d"] == d) & (table["lam"] == lam)
    widths = table[f"{measure} {share:g}"][chosen]
    return widths[np.isfinite(widths)], table[f"bound {share:g}"][chosen][0]
