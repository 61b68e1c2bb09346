"""Figures of the chapter on norms: by width, along training, and their bound."""

import matplotlib.pyplot as plt
import numpy as np

from relucones.plots.style import color

from .trap import FLOOR


def norms_by_width(panels):
    """Squared norms over the optimum's, against the width: where the data are first fitted, and at
    the end.

    Parameters
    ----------
    panels : dict
        Titles, each with a dict of `m` (w,), `fitted` and `end`, arrays (w, 2) of means and
        standard errors, nan where there is none, and `half`, the least and the largest width at
        which half of the cones are good.
    """
    fig, axes = plt.subplots(2, 2, figsize=(5.4, 5.4), sharex=True, sharey=True)
    for ax, panel in zip(axes.flat, panels.values(), strict=True):
        low, high = panel["half"]
        ax.axvspan(
            0.95 * low,
            1.05 * high,
            color=color.cone,
            alpha=0.25,
            linewidth=0,
            label="half of the cones are good",
        )
        for name, look, mark, label in (
            ("fitted", color.gaussian, "o", "when the data are fitted"),
            ("end", color.good, "s", "at the end"),
        ):
            mean, error = np.asarray(panel[name]).T
            ax.errorbar(
                panel["m"],
                mean,
                error,
                fmt=f"{mark}-",
                color=look,
                capsize=3,
                markersize=4,
                linewidth=1.3,
                label=label,
            )
        ax.axhline(1, linestyle="--", color=color.theory, linewidth=1)
        ax.set(yscale="log", xlim=(1.7, 2.2 * np.max(panel["m"])))
    return _finished(fig, axes, panels, "norm² / least norm²")


def reached_by_width(panels):
    """Shares by width: starts in a good cone, as counted and by the exact formula, and runs that
    reach the optimum.

    Parameters
    ----------
    panels : dict
        Titles, each with a dict of `m` (w,), `formula` (w,), `start` (w,) and `end` (w, 3): share
        and ends of its bar.
    """
    fig, axes = plt.subplots(2, 2, figsize=(5.4, 5.4), sharex=True, sharey=True)
    for ax, panel in zip(axes.flat, panels.values(), strict=True):
        share, low, high = np.asarray(panel["end"]).T
        ax.errorbar(
            panel["m"],
            share,
            (share - low, high - share),
            fmt="s-",
            color=color.good,
            capsize=3,
            markersize=4,
            linewidth=1.3,
            label="runs that reach $p^\\star$",
        )
        ax.plot(
            panel["m"],
            panel["start"],
            "o",
            color=color.gaussian,
            markersize=5,
            label="starts in a good cone",
        )
        ax.plot(
            panel["m"],
            panel["formula"],
            "-",
            color=color.gaussian,
            linewidth=1.3,
            label="the same, computed",
        )
        ax.set_ylim(-0.04, 1.04)
    return _finished(fig, axes, panels, "share")


def _finished(fig, axes, panels, ylabel):
    """Four panels over the width: titles, a logarithmic axis with powers of two, labels at the rim,
    one legend."""
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
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="lower center", ncols=2, fontsize=10.5)
    fig.tight_layout(rect=(0, 0.1, 1, 1))
    return fig, axes


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
    across, up = (
        np.maximum(np.asarray(earnings) - 1, FLOOR),
        np.maximum(np.asarray(ratios) - 1, FLOOR),
    )
    line = np.array([min(across.min(), up.min()) / 2, 2 * max(across.max(), up.max())])
    ax.plot(line, line, "--", color=color.theory, linewidth=1.2, label="the bound")
    ax.plot(across, up, "o", color=color.spurious, markersize=5, alpha=0.7, label="runs")
    ax.set(xscale="log", yscale="log", xlabel=r"$\omega - 1$", ylabel=r"$L_\lambda / p^\star - 1$")
    ax.legend(loc="upper left", fontsize=11)
    fig.tight_layout()
    return fig, ax


def norm_before_and_after(kinds):
    """The squared norm over the optimum's when a run first fits its labels, and at its end: a line
    for each run.

    Parameters
    ----------
    kinds : dict
        Titles, each with an array (runs, 2).
    """
    fig, axes = plt.subplots(2, 2, figsize=(5.2, 5.4), sharex=True, sharey=True)
    for ax, (title, pairs) in zip(axes.flat, kinds.items(), strict=True):
        ax.axhline(1, linestyle="--", color=color.theory, linewidth=1.2)
        ax.plot([0, 1], pairs.T, "-", color=color.wall, linewidth=0.8, alpha=0.6)
        ax.plot(np.zeros(len(pairs)), pairs[:, 0], "o", color=color.gaussian, markersize=4)
        ax.plot(np.ones(len(pairs)), pairs[:, 1], "s", color=color.good, markersize=4)
        ax.set_title(f"{title}: {len(pairs)} of 24", fontsize=11)
        ax.set_xticks([0, 1], ["first fit", "end"], fontsize=10)
        ax.set(yscale="log", xlim=(-0.35, 1.35), ylim=(0.7, 25))
        ax.minorticks_off()
    axes[0, 0].set_yticks([1, 2, 5, 10, 20], ["1", "2", "5", "10", "20"])
    for ax in axes[:, 0]:
        ax.set_ylabel("norm² / least norm²")
    fig.tight_layout()
    return fig, axes
