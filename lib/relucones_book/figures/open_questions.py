"""Figures of the chapter on open questions: the trap over scale and weight decay, norms by width, paired test errors."""

import matplotlib.pyplot as plt
import numpy as np
from scipy import stats

from relucones.plots.style import color

from .trap import FLOOR, stacked_bars


def _finished(fig, axes, panels, ylabel):
    """Four panels over the width: titles, a logarithmic axis with powers of two, labels at the rim, one legend."""
    for ax, (title, panel) in zip(axes.flat, panels.items(), strict=True):
        ax.set_title(title, fontsize=12)
        ax.set_xscale("log")
        ticks = 2 ** np.arange(1, int(np.log2(np.max(panel["m"]))) + 1)
        ax.set_xticks(ticks, [str(tick) for tick in ticks], fontsize=9.5)
        ax.minorticks_off()
    for ax in axes[1]:
        ax.set_xlabel("width $m$")
    for ax in axes[:, 0]:
        ax.set_ylabel(ylabel)
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="lower center", ncols=3, fontsize=10.5)
    fig.tight_layout(rect=(0, 0.06, 1, 1))
    return fig, axes


def kinds_of_ends(scales, shares):
    """Stacked bars: which share of the runs ends where, one bar per initialisation scale.

    Parameters
    ----------
    scales : array (k,)
    shares : dict
        Names of the kinds of ends, each with an array (k,); the bars are coloured in this order: trapped, another
        spurious point, global minimum, no end.
    """
    fig, ax = plt.subplots(figsize=(6.4, 3.8))
    looks = (color.spurious, color.gaussian, color.good, "#DDDDDD")
    stacked_bars(ax, scales, shares, looks, fontsize=10)
    ax.set(xlabel=r"initialisation scale $\alpha$", ylabel="share of the runs", ylim=(0, 1))
    fig.legend(loc="lower center", ncols=2, fontsize=11, handlelength=1.2)
    fig.tight_layout(rect=(0, 0.14, 1, 1))
    return fig, ax


def sorting_clocks(times, sorted_share, fits):
    """The share of sorted neurons and the largest fit relative to its label, against time, one curve per weight decay.

    Parameters
    ----------
    times : array (T,)
    sorted_share, fits : dict
        For each weight decay an array (T,).
    """
    fig, axes = plt.subplots(1, 2, figsize=(6.8, 3.5))
    looks = (("-", color.spurious), ("--", color.good), (":", color.theory))
    for ax, curves in zip(axes, (sorted_share, fits), strict=True):
        for (lam, curve), (line, look) in zip(curves.items(), looks, strict=True):
            ax.plot(times, curve, line, color=look, label=rf"$\lambda = {lam:g}$")
        ax.set(xlabel="time $t$")
    axes[0].set(ylabel="share of sorted neurons", ylim=(0, 1.05), xlim=(0, times[np.argmax(sorted_share[lam] >= 1)] * 3))
    axes[1].set(ylabel="largest fit, in units of its label", yscale="log")
    axes[1].legend(loc="lower right", fontsize=11)
    fig.tight_layout()
    return fig, axes


def trap_map(panels, line=None):
    r"""How many runs are trapped, over the weight decay and the initialisation scale.

    Parameters
    ----------
    panels : dict
        Titles, each with a tuple (lams (l,), scales (k,), trapped (k, l), runs (k, l)); cells without runs stay grey.
    line : tuple, optional
        ``(label, places)`` of a curve to draw over the first panel: for each of the lams a position among the scales,
        a float.
    """
    fig, axes = plt.subplots(1, len(panels), figsize=(6.8, 4.3), sharey=True, squeeze=False)
    axes = axes[0]
    for ax, (title, (lams, scales, trapped, runs)) in zip(axes, panels.items(), strict=True):
        share = np.divide(trapped, runs, out=np.full(np.shape(runs), np.nan), where=np.asarray(runs) > 0)
        ax.set_facecolor("#DDDDDD")
        ax.imshow(share, origin="lower", cmap="Oranges", vmin=0, vmax=1.35, aspect="auto")
        for (row, column), count in np.ndenumerate(runs):
            if count:
                text = f"{trapped[row, column]}"
                ax.text(column, row, text, ha="center", va="center", fontsize=9, color=color.theory)
        ax.set_xticks(range(len(lams)), [f"{lam:g}" for lam in lams], fontsize=9, rotation=60)
        ax.set_yticks(range(len(scales)), [f"{alpha:g}" for alpha in scales], fontsize=9)
        ax.set(xlabel=r"weight decay $\lambda$", title=title, ylim=(-0.5, len(scales) - 0.5), xlim=(-0.5, len(lams) - 0.5))
    axes[0].set_ylabel(r"scale $\alpha$")
    if line is not None:
        axes[0].plot(range(len(line[1])), line[1], "--", color=color.good, label=line[0])
        fig.legend(*axes[0].get_legend_handles_labels(), loc="lower center", fontsize=11)
    fig.tight_layout(rect=(0, 0.06, 1, 1))
    return fig, axes


def norms_by_width(panels):
    """Squared norms over the optimum's, against the width: where the data are first fitted, and at the end.

    Parameters
    ----------
    panels : dict
        Titles, each with a dict of `m` (w,), `fitted` and `end`, arrays (w, 2) of means and standard errors, nan where
        there is none, and `half`, the least and the largest width at which half of the cones are good.
    """
    fig, axes = plt.subplots(2, 2, figsize=(6.6, 5.4), sharex=True, sharey=True)
    for ax, panel in zip(axes.flat, panels.values(), strict=True):
        low, high = panel["half"]
        ax.axvspan(0.95 * low, 1.05 * high, color=color.cone, alpha=0.25, linewidth=0, label="half of the cones are good")
        for name, look, mark, label in (
            ("fitted", color.gaussian, "o", "when the data are fitted"),
            ("end", color.good, "s", "at the end"),
        ):
            mean, error = np.asarray(panel[name]).T
            ax.errorbar(panel["m"], mean, error, fmt=f"{mark}-", color=look, capsize=3, markersize=4, linewidth=1.3, label=label)
        ax.axhline(1, linestyle="--", color=color.theory, linewidth=1)
        ax.set(yscale="log", xlim=(1.7, 2.2 * np.max(panel["m"])))
    return _finished(fig, axes, panels, "norm² / least norm²")


def reached_by_width(panels):
    """Shares by width: starts in a good cone, as counted and by the exact formula, and runs that reach the optimum.

    Parameters
    ----------
    panels : dict
        Titles, each with a dict of `m` (w,), `formula` (w,), `start` (w,) and `end` (w, 3): share and ends of its bar.
    """
    fig, axes = plt.subplots(2, 2, figsize=(6.6, 5.4), sharex=True, sharey=True)
    for ax, panel in zip(axes.flat, panels.values(), strict=True):
        share, low, high = np.asarray(panel["end"]).T
        ax.errorbar(panel["m"], share, (share - low, high - share), fmt="s-", color=color.good, capsize=3, markersize=4,
                    linewidth=1.3, label="runs that reach $p^\\star$")  # fmt: skip
        ax.plot(panel["m"], panel["start"], "o", color=color.gaussian, markersize=5, label="starts in a good cone")
        ax.plot(panel["m"], panel["formula"], "-", color=color.gaussian, linewidth=1.3, label="the same, computed")
        ax.set_ylim(-0.04, 1.04)
    return _finished(fig, axes, panels, "share")


def bound_on_loss(earnings, ratios):
    r"""The loss of stationary networks over :math:`p^\star` against their bound, one dot per run.

    Parameters
    ----------
    earnings : array (r,)
        The highest earning per unit of cost.
    ratios : array (r,)
        :math:`L_\lambda / p^\star`.
    """
    fig, ax = plt.subplots(figsize=(5.2, 4.0))
    across, up = np.maximum(np.asarray(earnings) - 1, FLOOR), np.maximum(np.asarray(ratios) - 1, FLOOR)
    line = np.array([min(across.min(), up.min()) / 2, 2 * max(across.max(), up.max())])
    ax.plot(line, line, "--", color=color.theory, linewidth=1.2, label="the bound")
    ax.plot(across, up, "o", color=color.spurious, markersize=5, alpha=0.7, label="runs")
    ax.set(xscale="log", yscale="log", xlabel=r"$\omega - 1$", ylabel=r"$L_\lambda / p^\star - 1$")
    ax.legend(loc="upper left", fontsize=11)
    fig.tight_layout()
    return fig, ax


def paired_errors(rows):
    """Test error of spurious ends minus that of the optimum on the same data set: dots, and their mean with its 95 % interval.

    Parameters
    ----------
    rows : dict
        Labels, each with an array of differences, one per data set; it may be empty.
    """
    fig, ax = plt.subplots(figsize=(6.6, 0.44 * len(rows) + 1.3))
    for place, differences in enumerate(rows.values()):
        ax.plot(differences, np.full(len(differences), place), "o", color=color.point, alpha=0.35, markersize=4, linewidth=0)
        if len(differences) > 2:
            error = np.std(differences, ddof=1) / len(differences) ** 0.5
            reach = stats.t.ppf(0.975, len(differences) - 1) * error
            ax.errorbar(np.mean(differences), place, xerr=reach, fmt="D", color=color.spurious, capsize=4, markersize=6)
    ax.axvline(0, linestyle="--", color=color.theory, linewidth=1.2)
    ax.set_yticks(range(len(rows)), [f"{label}  ({len(values)})" for label, values in rows.items()])
    ax.set_xscale("symlog", linthresh=0.01)
    ax.set_xticks([-10, -1, -0.1, 0, 0.1, 1], ["−10", "−1", "−0.1", "0", "0.1", "1"])
    ax.minorticks_off()
    ax.margins(x=0.08)
    ax.set(ylim=(len(rows) - 0.5, -0.5), xlabel="test error of spurious ends minus that of the optimum")
    fig.tight_layout()
    return fig, ax
