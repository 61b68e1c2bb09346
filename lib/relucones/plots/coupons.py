"""Coupons: the cones that hold them, how likely they are collected, and what random cones contain."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Circle, Patch, Wedge

from .style import color

GOLDEN = (np.sqrt(5) - 1) / 2  # spreads dots evenly in a cell without a random number
_NEITHER = "#DDDDDD"


def coupon_circles(coupons, patterns=(), signs=()):
    """The coupons of a problem in the plane, one circle for each output sign, and the neurons drawn so far.

    The wedges are the cells of the signed patterns that hold a coupon. All wedges of a coupon are light until a drawn
    neuron has one of its patterns, and dark from then on. A black dot is a drawn neuron, somewhere in its cell.

    Parameters
    ----------
    coupons : Coupons
        Of points in the plane.
    patterns : bool array (m, n)
    signs : array (m,)
        The signed patterns of the neurons.
    """
    cells = _cells_of_circle(coupons.X)
    drawn = {(p.tobytes(), s) for p, s in zip(patterns, signs, strict=True)}
    holders = list(zip([p.tobytes() for p in coupons.patterns], coupons.pattern_signs, strict=True))
    got = coupons.holds[[holder in drawn for holder in holders]].any(axis=0)
    fig, axes = plt.subplots(1, 2, figsize=(4.7, 2.8))
    for ax, sign, look in zip(axes, (1, -1), (color.positive, color.negative), strict=True):
        for (key, s), row in zip(holders, coupons.holds, strict=True):
            if s == sign:
                shade, strength = (color.good, 0.75) if got[row].any() else (color.cone, 0.35)
                ax.add_patch(Wedge((0, 0), 1, *np.degrees(cells[key]), color=shade, alpha=strength, linewidth=0))
        for start, _ in cells.values():
            ax.plot([0, np.cos(start)], [0, np.sin(start)], color=color.wall, linewidth=1)
        ax.add_patch(Circle((0, 0), 1, fill=False, color=color.wall, linewidth=1))
        for j in np.flatnonzero(np.asarray(signs) == sign):
            start, end = cells[patterns[j].tobytes()]
            angle = start + (end - start) * (0.1 + 0.8 * ((j + 1) * GOLDEN % 1))
            radius = 0.62 + 0.3 * ((j + 1) * GOLDEN**2 % 1)
            ax.plot(radius * np.cos(angle), radius * np.sin(angle), "o", color=color.point, markersize=4)
        for i in np.flatnonzero(coupons.signs == sign):
            u = coupons.directions[i]
            ax.annotate("", 1.08 * u, (0, 0), arrowprops={"arrowstyle": "-|>", "color": look, "linewidth": 2.2})
            ax.text(*(1.27 * u), f"$u_{i + 1}$", ha="center", va="center", fontsize=14, color=look)
        ax.set_title(f"sign $s = {sign:+d}$", fontsize=13)
        ax.set(xlim=(-1.42, 1.42), ylim=(-1.42, 1.42), aspect="equal")
        ax.axis("off")
    if len(signs):
        fig.suptitle(f"{len(signs)} neurons: {got.sum()} of {len(got)} coupons", fontsize=14, y=0.06)
    fig.subplots_adjust(left=0, right=1, wspace=0, bottom=0.06, top=0.92)
    return fig, axes


def _cells_of_circle(X):
    """The arc of angles of every cell of points in the plane, by the bytes of its pattern."""
    walls = np.unique(np.round(np.mod(np.arctan2(X[:, 1], X[:, 0]) + np.pi / 2, np.pi), 12))
    starts = np.concatenate([walls, walls + np.pi])
    ends = np.append(starts[1:], starts[0] + 2 * np.pi)
    middle = (starts + ends) / 2
    patterns = np.stack([np.cos(middle), np.sin(middle)], axis=1) @ X.T > 0
    return {p.tobytes(): (a, b) for p, a, b in zip(patterns, starts, ends, strict=True)}


def good_cones(widths, curves, log=False, band=None):
    """The proportion of good cones against the width.

    Parameters
    ----------
    widths : array (w,)
    curves : list of tuples
        ``(values, label, concept, line style)``; the concept is a name in `color`; an empty label shows no entry.
    log : bool
        A logarithmic vertical axis, on which a power of the width is a straight line.
    band : tuple, optional
        ``(lower, upper, concept)``, drawn as a shaded band.
    """
    fig, ax = plt.subplots(figsize=(5.6, 3.8))
    for values, label, concept, style in curves:
        ax.plot(widths, values, style, color=getattr(color, concept), label=label or "_")
    if band is not None:
        ax.fill_between(widths, band[0], band[1], color=getattr(color, band[2]), alpha=0.35, linewidth=0)
    ax.set(xscale="log", xlabel="width $m$", ylabel="proportion of good cones")
    if log:
        ax.set_yscale("log")
    else:
        ax.set_ylim(-0.03, 1.04)
    ax.legend(loc="best", fontsize=11)
    return fig, ax


def cone_contents(table, title=""):
    """The three shares of a `Landscape` by width, stacked: a global minimum, a spurious stationary point, neither.

    The border of the blue part is exact; the orange part is a sample, with a bar of one standard error.
    """
    widths, good = table.widths, table.good
    top = np.minimum(good + table.spurious, 1)
    fig, ax = plt.subplots(figsize=(5.6, 3.8))
    ax.fill_between(widths, 0, good, color=color.good, linewidth=0)
    ax.fill_between(widths, good, top, color=color.spurious, linewidth=0)
    ax.fill_between(widths, top, 1, color=_NEITHER, linewidth=0)
    ax.errorbar(widths, top, table.spurious_error, fmt="none", ecolor=color.point, elinewidth=1, capsize=3)
    looks = ((color.good, "good"), (color.spurious, "spurious"), (_NEITHER, "neither"))
    keys = [Patch(color=look, label=name) for look, name in looks]
    fig.legend(handles=keys, loc="lower center", ncols=3, fontsize=12)
    ax.set(xscale="log", xlabel="width $m$", ylabel="share of the cones", ylim=(0, 1), xlim=(widths[0], widths[-1]))
    ax.set_title(title, fontsize=12)
    fig.tight_layout(rect=(0, 0.08, 1, 1))
    return fig, ax
