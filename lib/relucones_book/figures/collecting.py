"""Figures of the chapters on coupons and on widths: proportions of good and of bad cones, and the
widths they need."""

import matplotlib.pyplot as plt
import numpy as np

from relucones.plots.coupons import GOLDEN
from relucones.plots.style import color

_MARKS = ("o", "D", "^", "s")


def sampled_cones(widths, hits, trials, fine, curves):
    """Sampled cones, solved one by one, against the exact curves: one thin curve per data set, the
    mean thick.

    Parameters
    ----------
    widths : array (w,)
    hits : int array (s, w)
        How many of the `trials` cones of each width were good, for s data sets.
    fine : array (f,)
    curves : array (s, f)
        The exact proportions.
    """
    fig, ax = plt.subplots(figsize=(5.6, 3.8))
    ax.plot(fine, curves.T, color=color.wall, linewidth=0.9)
    ax.plot(fine, curves.mean(axis=0), color=color.theory, label="exact, mean of the data sets")
    share = hits / trials
    # One standard deviation of the mean of independent binomials, at the exact proportions.
    exact = np.array([np.interp(widths, fine, row) for row in curves])
    spread = np.sqrt((exact * (1 - exact)).sum(axis=0) / trials) / len(hits)
    ax.errorbar(
        widths,
        share.mean(axis=0),
        spread,
        fmt="o",
        color=color.good,
        capsize=4,
        label="sampled cones",
    )
    ax.set(xscale="log", xlabel="width $m$", ylabel="proportion of good cones", ylim=(-0.03, 1.04))
    ax.legend(loc="upper left", fontsize=11)
    return fig, ax


def two_measures(widths, panels):
    """Exact curves of several data sets under both measures, one panel per kind of data.

    `panels` maps a title to a list of pairs ``(counting, gaussian)`` of arrays like `widths`.
    """
    fig, axes = plt.subplots(1, len(panels), figsize=(6.2, 3.4), sharey=True)
    for ax, (title, pairs) in zip(np.atleast_1d(axes), panels.items(), strict=True):
        for i, pair in enumerate(pairs):
            for values, concept in zip(pair, ("counting", "gaussian"), strict=True):
                name = {"counting": "counting", "gaussian": "Gaussian"}[concept] if i == 0 else "_"
                ax.plot(widths, values, color=getattr(color, concept), linewidth=1.5, label=name)
        ax.set(xscale="log", xlabel="width $m$")
        ax.set_title(title, fontsize=12)
    axes = np.atleast_1d(axes)
    axes[0].set_ylabel("proportion of good cones")
    axes[0].legend(loc="upper left", fontsize=11, handlelength=1.2)
    fig.tight_layout()
    return fig, axes


def duel(groups):
    """The width at which half the cones are good, counted and drawn; below the diagonal drawing
    needs fewer neurons.

    `groups` maps a label to a pair of arrays: the widths under the counting and under the Gaussian
    measure.
    """
    fig, ax = plt.subplots(figsize=(5.0, 4.4))
    looks = (color.point, color.wall)
    for (label, (counting, gaussian)), look, mark in zip(
        groups.items(), looks, _MARKS, strict=False
    ):
        ax.plot(
            counting,
            gaussian,
            mark,
            color=look,
            label=label,
            alpha=0.75,
            markeredgecolor="white",
            markersize=7,
        )
    both = np.concatenate([np.concatenate(pair) for pair in groups.values()])
    ends = np.array([both.min() / 1.3, both.max() * 1.3])
    ax.plot(ends, ends, "--", color=color.wall, linewidth=1.2)
    ax.set(
        xscale="log",
        yscale="log",
        xlabel="counting: width for one half",
        ylabel="Gaussian: width for one half",
    )
    ax.legend(loc="upper left", fontsize=11, handletextpad=0.2)
    return fig, ax


def relative_sizes(walls, sizes, prediction):
    """How large the cells of a coupon are, relative to an average cell, by the number of walls its
    direction lies on.

    Parameters
    ----------
    walls : int array (c,)
        On how many walls the direction of each coupon lies.
    sizes : array (c,)
        The Gaussian measure of the coupon divided by its counting measure.
    prediction : float
        The mean size for a direction placed at random on the sphere, drawn over the coupons on no
        wall.
    """
    fig, ax = plt.subplots(figsize=(5.6, 3.8))
    names = ("inside a cell", "on one wall", "on two walls")
    for q in np.unique(walls):
        here = np.sort(sizes[walls == q])
        across = q + 0.5 * ((np.arange(len(here)) * GOLDEN) % 1 - 0.5)
        ax.plot(across, here, "o", color=color.cone, markersize=5, alpha=0.75)
        label = "mean" if q == walls.min() else "_"
        ax.plot(
            [q - 0.36, q + 0.36], [here.mean()] * 2, color=color.gaussian, linewidth=4, label=label
        )
    ax.plot(
        [-0.36, 0.36],
        [prediction] * 2,
        ":",
        color=color.theory,
        linewidth=3,
        label="random direction",
    )
    ax.axhline(1, color=color.wall, linewidth=1)
    ax.set(yscale="log", ylabel="Gaussian / counting measure")
    ax.set_xticks(np.unique(walls), [names[q] for q in np.unique(walls)])
    ax.legend(loc="upper right", fontsize=11)
    return fig, ax


def width_and_decay(decays, widths, numbers, bound):
    """The width at which half the cones are good, against the weight decay, one curve per data set.

    Parameters
    ----------
    decays : array (l,)
        Values of lambda / lambda_max.
    widths, numbers : arrays (s, l)
        The widths, and how many coupons there are.
    bound : float
        The width that the theorem guarantees, for every weight decay.
    """
    fig, (ax, below) = plt.subplots(2, 1, figsize=(5.6, 4.8), sharex=True, height_ratios=(3, 2))
    names = ("first data set", "second", "third")
    for row, count, mark, dash, name in zip(
        widths, numbers, _MARKS, ("-", "--", ":"), names, strict=False
    ):
        look = {
            "color": color.counting,
            "marker": mark,
            "linestyle": dash,
            "linewidth": 1.6,
            "markersize": 6,
        }
        ax.plot(decays, row, **look)
        below.plot(decays, count, label=name, **look)
    ax.axhline(bound, linestyle="--", color=color.theory)
    ax.text(decays[0], bound * 0.97, "theorem, for every $\\lambda$", va="top", fontsize=11)
    ax.set(ylim=(0, 1.08 * bound), ylabel="width for one half")
    below.set(
        xscale="log",
        xlabel="weight decay $\\lambda/\\lambda_{\\max}$",
        ylabel="coupons",
        ylim=(0, None),
    )
    below.legend(loc="upper right", fontsize=11)
    fig.tight_layout()
    return fig, (ax, below)


def bad_levels(minima, best, narrowest, positive, most=12):
    """The losses of all bad local minima, each a line from its least width to the right; the best
    loss below them.

    Parameters
    ----------
    minima : list of BadMinimum
    best : float
        The least loss p*, from the width `narrowest` on.
    positive : float
        The least loss without negative outer weights, drawn thick.
    most : int
        The largest width shown.
    """
    fig, ax = plt.subplots(figsize=(5.6, 3.8))
    for minimum in minima:
        chosen = np.isclose(minimum.value, positive, rtol=1e-6)
        look = color.positive if chosen else color.spurious
        start = len(minimum.signs)
        ax.plot(
            [start, most + 0.5],
            [minimum.value] * 2,
            color=look,
            linewidth=3 if chosen else 1.1,
            zorder=3 if chosen else 2,
        )
        ax.plot(start, minimum.value, "o", color=look, markersize=7 if chosen else 4, zorder=3)
    ax.plot([narrowest, most + 0.5], [best] * 2, color=color.good, linewidth=3)
    ax.plot(narrowest, best, "o", color=color.good, markersize=7)
    ax.text(most + 0.7, best, "$p^\\star$", color=color.good, va="center", fontsize=14)
    ax.text(most + 0.7, positive, "$p_+$", color=color.positive, va="center", fontsize=14)
    ax.set(
        yscale="log",
        xlabel="width $m$",
        ylabel="loss",
        xlim=(0.5, most + 0.5),
        ylim=(best * 0.86, None),
        yticks=(0.1, 0.15, 0.2, 0.3, 0.5),
        yticklabels=("0.1", "0.15", "0.2", "0.3", "0.5"),
    )
    ax.minorticks_off()
    return fig, ax


def two_halves(widths, good, bad, bound):
    """The shares of cones that contain a global minimum and that contain a bad local minimum, by
    width.

    Parameters
    ----------
    widths, good, bad, bound : arrays (w,)
        The widths, both shares, and the bound on the second.
    """
    fig, ax = plt.subplots(figsize=(5.6, 3.8))
    shown = np.where(good > 0, good, np.nan)
    ax.plot(widths, shown, color=color.good, label="a global minimum")
    ax.plot(widths, bad, color=color.spurious, label="a bad local minimum")
    ax.plot(widths, np.where(bound < 1, bound, np.nan), "--", color=color.theory, label="bound")
    ax.set(
        xscale="log",
        yscale="log",
        xlabel="width $m$",
        ylabel="share of the cones",
        ylim=(1e-8, 2),
        xlim=(widths[0], widths[-1]),
        xticks=(1, 2, 5, 10, 20, 50, 100),
        xticklabels=("1", "2", "5", "10", "20", "50", "100"),
    )
    ax.minorticks_off()
    ax.legend(loc="center right", fontsize=11)
    return fig, ax


def interpolators(widths, found, trials, fine, least_norm, bound):
    """The shares of cones that hold an interpolator, sampled, and a minimum-norm interpolator,
    exact.

    Parameters
    ----------
    widths, found : int arrays (w,)
        How many of the `trials` drawn cones hold an interpolator.
    fine, least_norm : arrays (f,)
        Widths, and the exact proportions.
    bound : float
        The width that the theorem guarantees for one half.
    """
    fig, ax = plt.subplots(figsize=(5.6, 3.8))
    share = found / trials
    shrunk = (found + 1) / (trials + 2)  # so that no bar has length zero
    spread = np.sqrt(shrunk * (1 - shrunk) / trials)
    ax.errorbar(
        widths,
        share,
        spread,
        fmt="o-",
        color=color.gaussian,
        capsize=3,
        linewidth=1.2,
        label="an interpolator",
    )
    ax.plot(fine, least_norm, color=color.good, label="one of least norm")
    ax.axvline(bound, linestyle="--", color=color.theory, linewidth=1.4)
    ax.text(bound * 1.08, 0.06, "theorem", fontsize=11)
    ax.set(
        xscale="log",
        xlabel="width $m$",
        ylabel="share of the cones",
        ylim=(-0.03, 1.04),
        xlim=(fine[0], fine[-1]),
    )
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, fontsize=11)
    return fig, ax
