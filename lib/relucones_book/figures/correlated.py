"""Figures of the chapter on correlated data: solid angles, widths and spurious cones while the
points tilt."""

import matplotlib.pyplot as plt
import numpy as np

from relucones.plots.style import color

_MARKS = ("o", "s", "^", "D", "v")


def active_share(rhos, curves, measured=None):
    """The probability that one random neuron is active on c given points, against their
    correlation.

    Parameters
    ----------
    rhos : array (r,)
    curves : dict
        For each number c of points the probabilities, array (r,).
    measured : dict, optional
        For each c a triple of arrays: correlations, estimates, standard errors; the bars are three
        of these.
    """
    fig, ax = plt.subplots(figsize=(5.6, 4.0))
    for (c, share), shade in zip(curves.items(), np.linspace(0.4, 1, len(curves)), strict=True):
        ax.plot(rhos, share, color=color.gaussian, alpha=shade)
        ax.text(0.15, 0.72 * np.interp(0.15, rhos, share), f"$c = {c}$", va="top", fontsize=11)
    for x, estimate, error in (measured or {}).values():
        ax.errorbar(x, estimate, 3 * error, fmt="o", color=color.point, capsize=3, markersize=4)
    ax.set(
        yscale="log", xlabel="correlation $\\rho$", ylabel="active on all $c$ points", xlim=(0, 1)
    )
    fig.tight_layout()
    return fig, ax


def widths_by_correlation(panels, share):
    """Widths for a share of good cones against the correlation, counted and drawn, one panel per
    rule for the labels.

    Parameters
    ----------
    panels : dict
        Titles, each with a dict of `rho` (r,), `counting` and `gaussian`, arrays (r, 3): least,
        median, largest of the data sets.
    share : float
        For the label of the axis.
    """
    fig, axes = plt.subplots(2, 2, figsize=(5.8, 5.2), sharex=True, sharey=True)
    for ax, (title, data) in zip(axes.flat, panels.items(), strict=True):
        for measure, name, mark in (("counting", "counted", "s-"), ("gaussian", "drawn", "o-")):
            low, middle, high = np.asarray(data[measure], dtype=float).T
            look = getattr(color, measure)
            ax.fill_between(data["rho"], low, high, color=look, alpha=0.2, linewidth=0)
            ax.plot(data["rho"], middle, mark, color=look, markersize=4, label=name)
        ax.set_title(title, fontsize=12)
        ax.set(yscale="log")
    for ax in axes[1]:
        ax.set_xlabel("correlation $\\rho$")
    for ax in axes[:, 0]:
        ax.set_ylabel(f"width for {100 * share:g} %")
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="lower center", ncols=2, fontsize=11)
    fig.tight_layout(rect=(0, 0.06, 1, 1))
    return fig, axes


def walls_by_correlation(panels, n):
    """On how many points the optimal directions are active, against the correlation: the data sets
    as dots.

    Parameters
    ----------
    panels : dict
        Titles, each with a pair of arrays: correlations and numbers of active points, one entry per
        direction.
    n : int
        The number of points.
    """
    fig, axes = plt.subplots(1, len(panels), figsize=(5.8, 3.6), sharey=True)
    for ax, (title, (rho, active)) in zip(np.atleast_1d(axes), panels.items(), strict=True):
        places, counts = np.unique(np.column_stack([rho, active]), axis=0, return_counts=True)
        ax.scatter(*places.T, s=5 + 5 * counts, color=color.good, linewidths=0)
        ax.set_title(title, fontsize=12)
        ax.set(xlabel="correlation $\\rho$", ylim=(0, n + 0.6))
    np.atleast_1d(axes)[0].set_ylabel("active on how many points")
    fig.tight_layout()
    return fig, axes


def spurious_by_correlation(rhos, shares):
    """The share of cones with a spurious stationary point against the correlation, a curve for each
    width.

    Parameters
    ----------
    rhos : array (r,)
    shares : dict
        For each width the shares on s data sets, array (s, r); the bars are one standard error of
        their mean.
    """
    fig, ax = plt.subplots(figsize=(5.6, 3.8))
    for (m, share), shade, mark in zip(
        shares.items(), np.linspace(0.35, 1, len(shares)), _MARKS, strict=False
    ):
        ax.errorbar(
            rhos,
            share.mean(0),
            share.std(0, ddof=1) / np.sqrt(len(share)),
            fmt=mark + "-",
            color=color.spurious,
            alpha=shade,
            capsize=2,
            markersize=4,
            label=f"$m = {m}$",
        )
    ax.set(xlabel="correlation $\\rho$", ylabel="share of the cones", ylim=(-0.03, 1.04))
    ax.legend(fontsize=11)
    fig.tight_layout()
    return fig, ax


def levels(panels, values, names):
    """The losses at which training runs end, one dot each, over lines at the only values that are
    possible.

    Parameters
    ----------
    panels : dict
        For each width the losses, array (runs,).
    values : array (v,)
    names : list of v str
    """
    fig, ax = plt.subplots(figsize=(5.6, 3.8))
    for value, name, look in zip(
        values, names, ("good", *["spurious"] * (len(values) - 1)), strict=True
    ):
        ax.axhline(value, color=getattr(color, look), linewidth=1.2)
        ax.text(
            len(panels) - 0.42, value, name, va="center", fontsize=12, color=getattr(color, look)
        )
    for place, losses in enumerate(panels.values()):
        spread = np.linspace(-0.3, 0.3, len(losses))
        ax.plot(place + spread, losses, "o", color=color.point, markersize=3.5, alpha=0.6)
    ax.set_xticks(range(len(panels)), [f"$m = {m}$" for m in panels])
    ax.set(ylabel="loss at the end", xlim=(-0.5, len(panels) - 0.45))
    fig.tight_layout()
    return fig, ax
