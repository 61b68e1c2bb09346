"""Figures of the atlas: the exact widths of many problems, from its data file."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

from relucones.plots.style import color

_KINDS = ("teacher", "random labels", "diabetes")
_MARKS = {2: "o", 3: "s", 4: "D", 5: "^"}


def atlas_widths(table, share, lam):
    """The exact width for a share of good cones against the coupon bound, in the median over the
    data sets.

    One panel per kind of data, one point per pair n, d, under both measures; bars reach from the
    10th to the 90th percentile over the data sets.

    Parameters
    ----------
    table : dict of arrays
        The columns of the atlas.
    share : float
        0.5 or 0.99.
    lam : float
        One of the values in the table.
    """
    fig, axes, corner = _three_panels()
    for ax, kind in zip(axes, _KINDS, strict=True):
        for measure, look, shift in (
            ("counting", color.counting, 0.96),
            ("gaussian", color.gaussian, 1.04),
        ):
            for d, mark in _MARKS.items():
                for n in np.unique(table["n"]):
                    widths, bound = _widths(table, kind, n, d, lam, measure, share)
                    low, middle, high = np.percentile(widths, (10, 50, 90))
                    ax.plot([shift * bound] * 2, [low, high], color=look, linewidth=1, alpha=0.6)
                    ax.plot(shift * bound, middle, mark, color=look, markersize=5)
        bounds = table[f"bound {share:g}"]
        ends = np.array([bounds.min() / 2, bounds.max() * 2])
        ax.plot(ends, ends, color=color.theory, linewidth=1.2, zorder=0)
        ax.set(xscale="log", yscale="log", xlim=ends)
        ax.set_title(kind, fontsize=12)
    for ax in axes[1:]:
        ax.set_xlabel("bound")
        ax.tick_params(labelbottom=True)
    for ax in axes[::2]:
        ax.set_ylabel(f"width for {share:.0%} good")
    handles = [
        plt.Line2D([], [], color=c, linewidth=4)
        for c in (color.counting, color.gaussian, color.theory)
    ]
    handles += [
        plt.Line2D([], [], marker=mark, color=color.point, linestyle="") for mark in _MARKS.values()
    ]
    corner.legend(
        handles,
        ["counted", "drawn", "the bound", *(f"$d={d}$" for d in _MARKS)],
        loc="center",
        fontsize=11,
        title=rf"$\lambda = {lam:g}$",
        title_fontsize=12,
    )
    fig.tight_layout()
    return fig, axes


def _three_panels():
    """Three panels and an empty corner for the legend, on two rows: labels stay readable on a
    phone."""
    fig, grid = plt.subplots(2, 2, figsize=(5.8, 5.6), sharex=True, sharey=True)
    corner = grid[1, 1]
    corner.axis("off")
    return fig, [grid[0, 0], grid[0, 1], grid[1, 0]], corner


def atlas_gain(table, share, lam):
    """How many times narrower a network drawn by Gaussian weights may be than one drawn uniformly
    among cones.

    The median over the data sets of the ratio of the two exact widths, against n, one line per d;
    bars as in `atlas_widths`.
    """
    fig, axes, corner = _three_panels()
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
            ax.plot(
                shift,
                middle,
                marker=mark,
                color=color.gaussian,
                alpha=shades[d],
                linewidth=1.5,
                label=f"$d={d}$",
            )
        ax.set(xscale="log", yscale="log")
        ax.set_title(kind, fontsize=12)
        ax.xaxis.set_major_locator(LogLocator(subs=[]))
        ax.set_xticks(sizes, [str(n) for n in sizes])
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.set_yticks([0.5, 1, 2, 4, 8])
        ax.yaxis.set_major_formatter(ScalarFormatter())
        ax.yaxis.set_minor_formatter(NullFormatter())
    for ax in axes[1:]:
        ax.set_xlabel("number of points $n$")
        ax.tick_params(labelbottom=True)
    for ax in axes[::2]:
        ax.set_ylabel("counted / drawn width")
    corner.legend(*axes[0].get_legend_handles_labels(), fontsize=11, loc="center")
    fig.tight_layout()
    return fig, axes


def _widths(table, kind, n, d, lam, measure, share):
    """The widths of all data sets of one place of the grid, and the bound there."""
    chosen = (table["data"] == kind) & (table["n"] == n) & (table["d"] == d) & (table["lam"] == lam)
    widths = table[f"{measure} {share:g}"][chosen]
    return widths[np.isfinite(widths)], table[f"bound {share:g}"][chosen][0]
