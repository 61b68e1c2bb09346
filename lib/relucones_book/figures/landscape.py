"""Figures of the chapter on the cone experiment: what cones contain by width, and the walls that
decide it."""

import matplotlib.pyplot as plt
import numpy as np

from relucones.plots.style import color


def published_grid(panels, complement=False):
    """Good cones, exact and sampled, and spurious stationary cones against the width, one panel for
    each kind of data; means over data sets, with bars and bands of one standard deviation over
    them.

    Parameters
    ----------
    panels : dict
        Titles, each with a dict of `widths` (w,), and for s data sets `sampled` and `spurious`,
        arrays (s, w) of shares among the drawn cones; `fine` (f,) with the exact proportions
        `exact` (s, f); `hit` (f,), the expected share of signed patterns that are drawn; and
        `patterns`, their number.
    complement : bool
        Draw one minus the exact proportion too, which the spurious cones follow on orthogonal data.
    """
    fig, axes = plt.subplots(2, 2, figsize=(5.8, 5.6), sharex=True, sharey=True)
    for ax, (title, panel) in zip(axes.flat, panels.items(), strict=True):
        fine, exact, widths = panel["fine"], panel["exact"], panel["widths"]
        mean, spread = exact.mean(axis=0), exact.std(axis=0, ddof=1)
        ax.axvline(panel["patterns"], color=color.wall, linewidth=1)
        ax.plot(fine, panel["hit"], ":", color=color.theory, linewidth=1.5, label="patterns drawn")
        ax.fill_between(
            fine,
            np.maximum(mean - spread, 0),
            np.minimum(mean + spread, 1),
            color=color.good,
            alpha=0.2,
            linewidth=0,
        )
        ax.plot(fine, mean, color=color.good, label="good, exact")
        if complement:
            ax.plot(fine, 1 - mean, "--", color=color.spurious, linewidth=1.2, label="1 $-$ exact")
        sampled, spurious = panel["sampled"], panel["spurious"]
        ax.plot(widths, sampled.mean(0), "o", color=color.good, markersize=4, label="good, sampled")
        middle, off = spurious.mean(0), spurious.std(0, ddof=1)
        ax.vlines(
            widths,
            np.maximum(middle - off, 0),
            np.minimum(middle + off, 1),
            color=color.spurious,
            linewidth=1.2,
            alpha=0.6,
        )
        ax.plot(widths, middle, "o", color=color.spurious, markersize=4, label="spurious")
        ax.set_title(title, fontsize=12)
        ax.set(xscale="log", ylim=(-0.04, 1.05))
    for ax in axes[-1]:
        ax.set_xlabel("width $m$")
    for ax in axes[:, 0]:
        ax.set_ylabel("share of the cones")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    fig.legend(
        handles,
        labels,
        loc="lower center",
        ncols=3,
        fontsize=11,
        handlelength=1.4,
        columnspacing=1.0,
    )
    fig.tight_layout(rect=(0, 0.1, 1, 1))
    return fig, axes


def counted_and_reached(panels):
    """By width, the share of counted cones whose minimiser is a spurious stationary point, or a
    local minimum, and the share of ends of descent that are bad local minima.

    `panels` maps a title to a dict from names, ``"spurious"``, ``"local"`` and ``"ends"``, to pairs
    ``(widths, shares)``, arrays (w,) and (s, w) for s data sets. Bars: one standard error of the
    mean over the data sets.
    """
    looks = {
        "spurious": ("cones: spurious stationary", color.spurious, "o-"),
        "local": ("cones: bad local minimum", color.point, "s--"),
        "ends": ("ends of descent: bad local minimum", color.negative, "D-"),
    }
    fig, axes = plt.subplots(1, len(panels), figsize=(5.8, 4.0), sharey=True)
    for ax, (title, found) in zip(np.atleast_1d(axes), panels.items(), strict=True):
        for key, (name, look, mark) in looks.items():
            _means(ax, *found[key], name, look, mark)
        _over_widths(ax, title, found["ends"][0], (-0.03, 1.03))
    np.atleast_1d(axes)[0].set_ylabel("share")
    handles, labels = np.atleast_1d(axes)[0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="lower center", ncols=1, fontsize=11)
    fig.tight_layout(rect=(0, 0.2, 1, 1))
    return fig, axes


def leaking_walls(walls, stationary, held):
    """The share of stationary minimisers by the number of walls that push, against independent
    lotteries.

    Parameters
    ----------
    walls : int array (c,)
        How many walls push on the neurons of each minimiser without a neighbour behind them.
    stationary : bool array (c,)
    held : float
        The share of all these walls that are held; its powers are drawn for comparison.
    """
    walls, stationary = np.asarray(walls), np.asarray(stationary, bool)
    numbers = np.arange(min(walls.max(), 8) + 1)
    counts = np.array([np.sum(walls == q) for q in numbers])
    share = np.array(
        [stationary[walls == q].mean() if (walls == q).any() else np.nan for q in numbers]
    )
    fig, (ax, below) = plt.subplots(2, 1, figsize=(5.6, 4.6), sharex=True, height_ratios=(3, 1.3))
    ax.plot(numbers, held**numbers, "--", color=color.theory, label=f"{held:.2f}$^q$")
    ax.plot(numbers, share, "o", color=color.spurious, label="stationary")
    ax.set(ylabel="share of the minimisers", ylim=(-0.04, 1.05))
    ax.legend(loc="upper right", fontsize=11)
    below.bar(numbers, counts, color=color.wall)
    below.set(xlabel="pushing walls without a neighbour, $q$", ylabel="minimisers")
    fig.tight_layout()
    return fig, (ax, below)


def descent_by_cones(panels):
    """Where a walk through leaking walls ends, by width, beside the share of good cones at its
    start.

    `panels` maps a title to ``(widths, start, end)``: the shares of the walks that start, and end,
    in a good cone, arrays (s, w) for s data sets. Bars: one standard error of the mean over them.
    """
    looks = (("starts in a good cone", color.wall, "o-"), ("ends in a good cone", color.good, "s-"))
    fig, axes = plt.subplots(1, len(panels), figsize=(5.8, 3.6), sharey=True)
    axes = np.atleast_1d(axes)
    for ax, (title, (widths, *found)) in zip(axes, panels.items(), strict=True):
        for shares, (name, look, mark) in zip(found, looks, strict=True):
            _means(ax, widths, shares, name, look, mark)
        _over_widths(ax, title, widths, (-0.04, 1.05))
    axes[0].set_ylabel("share of the walks")
    axes[-1].legend(loc="upper left", fontsize=11)
    fig.tight_layout()
    return fig, axes


def _means(ax, widths, shares, name, look, mark):
    """The mean over the data sets of shares (s, w), with one standard error."""
    error = shares.std(0, ddof=1) / np.sqrt(len(shares))
    drawn = {"fmt": mark, "color": look, "label": name, "capsize": 3, "markersize": 5}
    ax.errorbar(widths, shares.mean(0), error, **drawn)


def _over_widths(ax, title, widths, ylim):
    """A logarithmic axis with a tick at each of these widths."""
    ax.set(xscale="log", xlabel="width $m$", ylim=ylim)
    ax.set_xticks(widths, [str(m) for m in widths])
    ax.minorticks_off()
    ax.set_title(title, fontsize=12)
