"""Figures of the chapter on the trap and the weight decay: where starts end over scale and decay,
the clocks of sorting and growing, paths of one neuron."""

import matplotlib.pyplot as plt
import numpy as np

from relucones.plots.style import color

from .trap import stacked_bars


def kinds_of_ends(scales, shares):
    """Stacked bars: which share of the runs ends where, one bar per initialisation scale.

    Parameters
    ----------
    scales : array (k,)
    shares : dict
        Names of the kinds of ends, each with an array (k,); the bars are coloured in this order:
        trapped, another spurious point, global minimum, no end.
    """
    fig, ax = plt.subplots(figsize=(5.2, 3.6))
    looks = (color.spurious, color.gaussian, color.good, "#DDDDDD")
    stacked_bars(ax, scales, shares, looks, fontsize=10)
    ax.set(xlabel=r"initialisation scale $\alpha$", ylabel="share of the runs", ylim=(0, 1))
    fig.legend(loc="lower center", ncols=2, fontsize=11, handlelength=1.2)
    fig.tight_layout(rect=(0, 0.14, 1, 1))
    return fig, ax


def sorting_clocks(times, sorted_share, fits):
    """The share of sorted neurons and the largest fit relative to its label, against time, one
    curve per weight decay.

    Parameters
    ----------
    times : array (T,)
    sorted_share, fits : dict
        For each weight decay an array (T,).
    """
    fig, axes = plt.subplots(1, 2, figsize=(5.6, 3.3))
    looks = (("-", color.spurious), ("--", color.good), (":", color.theory))
    for ax, curves in zip(axes, (sorted_share, fits), strict=True):
        for (lam, curve), (line, look) in zip(curves.items(), looks, strict=True):
            ax.plot(times, curve, line, color=look, label=rf"$\lambda = {lam:g}$")
        ax.set(xlabel="time $t$")
    axes[0].set(
        ylabel="share of sorted neurons",
        ylim=(0, 1.05),
        xlim=(0, times[np.argmax(sorted_share[lam] >= 1)] * 3),
    )
    axes[1].set(ylabel="largest fit, in units of its label", yscale="log")
    axes[1].legend(loc="lower right", fontsize=11)
    fig.tight_layout()
    return fig, axes


def trap_map(panels, line=None):
    r"""How many runs are trapped, over the weight decay and the initialisation scale.

    Parameters
    ----------
    panels : dict
        Titles, each with a tuple (lams (l,), scales (k,), trapped (k, l), runs (k, l)); cells
        without runs stay grey.
    line : tuple, optional
        ``(label, places)`` of a curve to draw over the first panel: for each of the lams a
        position among the scales,
        a float.
    """
    fig, axes = plt.subplots(1, len(panels), figsize=(5.5, 4.3), sharey=True, squeeze=False)
    axes = axes[0]
    for ax, (title, (lams, scales, trapped, runs)) in zip(axes, panels.items(), strict=True):
        share = np.divide(
            trapped, runs, out=np.full(np.shape(runs), np.nan), where=np.asarray(runs) > 0
        )
        ax.set_facecolor("#DDDDDD")
        ax.set_title(title, fontsize=11)
        ax.imshow(share, origin="lower", cmap="Oranges", vmin=0, vmax=1.35, aspect="auto")
        for (row, column), count in np.ndenumerate(runs):
            if count:
                text = f"{trapped[row, column]}"
                ax.text(
                    column, row, text, ha="center", va="center", fontsize=9.5, color=color.theory
                )
        ax.set_xticks(range(len(lams)), [f"{lam:g}" for lam in lams], fontsize=9.5, rotation=60)
        ax.set_yticks(range(len(scales)), [f"{alpha:g}" for alpha in scales], fontsize=9.5)
        ax.set(
            xlabel=r"weight decay $\lambda$",
            ylim=(-0.5, len(scales) - 0.5),
            xlim=(-0.5, len(lams) - 0.5),
        )
    axes[0].set_ylabel(r"scale $\alpha$")
    if line is not None:
        axes[0].plot(range(len(line[1])), line[1], "--", color=color.good, label=line[0])
        fig.legend(*axes[0].get_legend_handles_labels(), loc="lower center", fontsize=11)
    fig.tight_layout(rect=(0, 0.06, 1, 1))
    return fig, axes


def one_neuron_paths(panels):
    r"""The inner products of the points with the direction of one neuron while it grows, one curve
    per point.

    Parameters
    ----------
    panels : dict
        Titles, each with a tuple (times (T,), products (T, n), take-off): :math:`Xu` along the
        path, and when the neuron grows.
    """
    fig, axes = plt.subplots(1, len(panels), figsize=(5.5, 3.2), sharey=True)
    for ax, (title, panel) in zip(np.atleast_1d(axes), panels.items(), strict=True):
        times, products, grown = panel
        for curve in np.transpose(products):
            look = color.positive if curve.min() > 0 else color.spurious
            ax.plot(times, curve, color=look, linewidth=1.6)
        ax.axhline(0, linestyle="--", color=color.theory, linewidth=1.2)
        ax.axvline(grown, linestyle=":", color=color.theory, linewidth=1.2)
        ax.set_title(title, fontsize=12)
        ax.set(xscale="log", xlabel="time $t$", xlim=(0.5, times[-1]))
    np.atleast_1d(axes)[0].set_ylabel(r"$x_k^\top u$")
    fig.tight_layout()
    return fig, axes
