"""Figures of the chapter on orthogonal data: bits that only go out, success of training against its
bound, widths."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch

from relucones.plots.style import color

_RELATIVE_FLOOR = 1e-16  # gaps below rounding are drawn here


def activation_history(times, panels, signs):
    """Which neuron is active at which point, over time: one row per pair, one panel per training
    run.

    Parameters
    ----------
    times : array (t,)
        The steps at which the patterns were recorded.
    panels : dict
        Titles, each with a bool array (t, m, n).
    signs : array (m,)
        The output signs, which give a neuron its colour. A bit that was off and came back is drawn
        in a third colour.
    """
    fig, axes = plt.subplots(1, len(panels), figsize=(5.8, 4.6), sharey=True)
    looks = ("white", color.positive, color.negative, color.spurious)
    for ax, (title, history) in zip(np.atleast_1d(axes), panels.items(), strict=True):
        history = np.asarray(history, bool)
        _, m, n = history.shape
        off_before = ~np.logical_and.accumulate(history, axis=0)
        shade = np.where(np.asarray(signs) > 0, 1, 2)[:, None] * history
        shade = np.where(history & off_before, 3, shade).reshape(len(history), m * n).T
        ax.pcolormesh(
            np.arange(len(times) + 1),
            np.arange(m * n + 1),
            shade,
            cmap=ListedColormap(looks),
            vmin=0,
            vmax=3,
        )
        for j in range(1, m):
            ax.axhline(n * j, color=color.wall, linewidth=0.8)
        # recorded steps stand side by side; powers of ten fall between them
        powers = [0, *10.0 ** np.arange(1, np.floor(np.log10(times[-1])) + 1)]
        ax.set_xticks(
            np.interp(powers, times, np.arange(len(times)) + 0.5), [f"{t:g}" for t in powers]
        )
        ax.set_xlabel("step")
        ax.set_title(title, fontsize=12)
    axes = np.atleast_1d(axes)
    axes[0].invert_yaxis()  # shared
    axes[0].set_yticks(np.arange(m) * n + n / 2, [f"neuron {j + 1}" for j in range(m)])
    axes[0].tick_params(axis="y", length=0)
    names = ("active, $s = +1$", "active, $s = -1$", "came back")
    keys = [Patch(color=look, label=name) for look, name in zip(looks[1:], names, strict=True)]
    fig.legend(handles=keys, loc="lower center", ncols=3, fontsize=11, handlelength=1.2)
    fig.tight_layout(rect=(0, 0.08, 1, 1))
    return fig, axes


def success_rates(panels, runs):
    """How many runs reach p*, against the proportion of good cones and the upper bound.

    Parameters
    ----------
    panels : dict
        Titles, each with a dict of `widths` (w,) and `successes` (w,), and `fine` (f,), `formula`
        (f,), `bound` (f,).
    runs : int
        Runs per width. The bars are one binomial standard deviation, from the formula.
    """
    fig, axes = plt.subplots(1, len(panels), figsize=(5.8, 3.9), sharey=True)
    axes = np.atleast_1d(axes)
    for ax, (title, data) in zip(axes, panels.items(), strict=True):
        ax.plot(data["fine"], data["formula"], color=color.good, label="good cones, exact")
        below = data["bound"] <= 1
        ax.plot(
            data["fine"][below], data["bound"][below], "--", color=color.theory, label="upper bound"
        )
        exact = np.interp(data["widths"], data["fine"], data["formula"])
        spread = np.sqrt(exact * (1 - exact) / runs)
        share = data["successes"] / runs
        ax.errorbar(
            data["widths"],
            share,
            spread,
            fmt="o",
            color=color.point,
            capsize=4,
            label="runs that reach $p^\\star$",
        )
        ax.set(xscale="log", xlabel="width $m$", ylim=(-0.03, 1.04))
        ax.set_title(title, fontsize=12)
    axes[0].set_ylabel("proportion")
    handles, labels = axes[0].get_legend_handles_labels()
    fig.legend(
        handles,
        labels,
        loc="lower center",
        ncols=3,
        fontsize=11,
        handlelength=1.6,
        columnspacing=1.2,
    )
    fig.tight_layout(rect=(0, 0.08, 1, 1))
    return fig, axes


def gap_histories(times, gaps, good):
    """The relative gap to p* during training, one curve per run: blue if the start lay in a good
    cone.

    Parameters
    ----------
    times : array (t,)
    gaps : array (t, runs)
    good : bool array (runs,)
    """
    gaps, good = np.maximum(gaps, _RELATIVE_FLOOR), np.asarray(good, bool)
    fig, ax = plt.subplots(figsize=(5.6, 3.8))
    for chosen, name, look in (
        (~good, "start in another cone", "spurious"),
        (good, "start in a good cone", "good"),
    ):
        lines = ax.plot(times, gaps[:, chosen], color=getattr(color, look), linewidth=1, alpha=0.6)
        if lines:
            lines[0].set_label(name)
    ax.set(
        yscale="log",
        xlabel="step",
        ylabel="$(L_\\lambda - p^\\star) / p^\\star$",
        ylim=(3e-17, None),
    )
    keys = ax.legend(loc="upper right", bbox_to_anchor=(1, 0.88), fontsize=11).get_lines()
    for key in keys:
        key.set(linewidth=2, alpha=1)
    return fig, ax


def needed_widths(sizes, curves):
    """Widths against the number of points, on a logarithmic axis.

    `curves` lists tuples ``(widths, label, concept, line style)``.
    """
    fig, ax = plt.subplots(figsize=(5.6, 4.0))
    for widths, label, concept, style in curves:
        ax.plot(sizes, widths, style, color=getattr(color, concept), label=label, markersize=5)
    ax.set_xticks(sizes)
    ax.set(yscale="log", xlabel="number of points $n$", ylabel="width $m$ for one half")
    ax.legend(loc="upper left", fontsize=11)
    return fig, ax


def repaired_runs(correlations, successes, good, runs):
    """Share of runs that reach p*, and share that start in a good cone, against the correlation of
    the points.

    The bars are one binomial standard deviation of the measured share.
    """
    fig, ax = plt.subplots(figsize=(5.6, 3.8))
    place = np.arange(len(correlations))
    for counts, name, look, mark in (
        (successes, "runs that end at $p^\\star$", "point", "o"),
        (good, "starts in a good cone", "good", "s"),
    ):
        share = np.asarray(counts) / runs
        ax.errorbar(
            place,
            share,
            np.sqrt(share * (1 - share) / runs),
            fmt=mark + "-",
            color=getattr(color, look),
            capsize=4,
            label=name,
        )
    ax.set_xticks(place, [f"{rho:g}" for rho in correlations])
    ax.set(xlabel="$x_k^\\top x_l$ for $k \\neq l$", ylabel="share of the runs", ylim=(-0.03, 1.08))
    ax.legend(loc="center right", fontsize=11)
    return fig, ax
