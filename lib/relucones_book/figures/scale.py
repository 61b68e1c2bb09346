"""Figures of the chapter on the scale of the start: ends against scale, shares, phase diagrams, the
ball of fits."""

import matplotlib.pyplot as plt
import numpy as np

from relucones.plots.style import color

_LOOKS = {
    "global minimum": (color.good, "s"),
    "spurious stationary point": (color.spurious, "o"),
    "not converged": (color.wall, "x"),
}


def _scale_axis(ax):
    ax.set_xscale("log")
    ax.set_xlabel(r"scale $\alpha$ of the start")


def _runs(ax, x, heights, stops, size=3.5):
    """One mark per run, coloured by how it ended."""
    for stop, (look, mark) in _LOOKS.items():
        here = stops == stop
        if here.any():
            ax.plot(
                x[here], heights[here], mark, color=look, markersize=size, alpha=0.55, label=stop
            )


def _keys(fig, axes, columns=2):
    found = {}
    for ax in axes:
        found |= dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
    fig.legend(
        found.values(),
        found.keys(),
        loc="lower center",
        ncols=columns,
        fontsize=11,
        handletextpad=0.3,
    )


def ends_over_scale(panels, ylabel, mark=None, linear=None):
    r"""A number at the end of every run over the scale of its start, runs of one scale a little
    apart.

    Parameters
    ----------
    panels : dict
        Titles, each with a tuple (alpha (r,), heights (r,), stop (r,)).
    ylabel : str
    mark : float, optional
        A height to mark by a line.
    linear : float, optional
        The height up to which the axis is linear; it is logarithmic beyond. Linear everywhere by
        default.
    """
    fig, axes = plt.subplots(
        len(panels), 1, figsize=(6.4, 0.9 + 2.3 * len(panels)), sharex=True, squeeze=False
    )
    axes = axes[:, 0]
    for ax, (title, (alpha, heights, stops)) in zip(axes, panels.items(), strict=True):
        apart = np.concatenate(
            [np.linspace(-0.16, 0.16, (alpha == a).sum()) for a in np.unique(alpha)]
        )
        order = np.argsort(alpha, kind="stable")
        x = np.empty(len(alpha))
        x[order] = alpha[order] * 2.0**apart
        if mark is not None:
            ax.axhline(mark, color=color.theory, linestyle="--", linewidth=1)
        _runs(ax, x, heights, stops)
        if linear is not None:
            ax.set_yscale("symlog", linthresh=linear)
        ax.set_title(title, fontsize=11)
        ax.set_ylabel(ylabel)
    _scale_axis(axes[-1])
    axes[-1].set_xticks([0.001, 0.01, 0.1, 1])
    fig.tight_layout(rect=(0, 0.045 + 0.04 / len(panels), 1, 1))
    _keys(fig, axes)
    return fig, axes


def shares_over_scale(curves):
    """The share of the runs that end at a global minimum over the scale, with 95% intervals.

    Parameters
    ----------
    curves : dict
        Labels, each with a tuple (alpha (k,), share (k,), low (k,), high (k,)).
    """
    fig, ax = plt.subplots(figsize=(6.4, 4.0))
    for (label, (alpha, share, low, high)), mark, line in zip(
        curves.items(), "so^D", ("-", "--", ":", "-."), strict=False
    ):
        shown = ax.errorbar(
            alpha,
            share,
            (share - low, high - share),
            fmt=mark + line,
            color=color.good,
            markersize=6,
            linewidth=1.5,
            capsize=2,
        )
        shown.set_label(label)
        shown[0].set_markerfacecolor("white" if mark in "^D" else color.good)
    _scale_axis(ax)
    ax.set(ylabel="share of global minima", ylim=(-0.04, 1.06))
    ax.legend(fontsize=11, loc="lower right")
    fig.tight_layout()
    return fig, ax


def phase_diagrams(panels, total):
    r"""The share of global minima over scale and width, one map per title, with a line
    :math:`\alpha\sqrt m` = `total`.

    Parameters
    ----------
    panels : dict
        Titles, each with a tuple (alpha (k,), widths (w,), share (w, k)).
    total : float
    """
    fig, axes = plt.subplots(
        len(panels),
        1,
        figsize=(6.4, 0.7 + 2.6 * len(panels)),
        sharex=True,
        squeeze=False,
        layout="constrained",
    )
    axes = axes[:, 0]
    for ax, (title, (alpha, widths, share)) in zip(axes, panels.items(), strict=True):
        rows = np.arange(len(widths))
        steps = np.sqrt(alpha[1] / alpha[0])
        edges = np.append(alpha / steps, alpha[-1] * steps)
        drawn = ax.pcolormesh(
            edges, np.arange(len(widths) + 1) - 0.5, share, vmin=0, vmax=1, cmap="cividis"
        )
        inside = np.clip(total / np.sqrt(widths), edges[0], edges[-1])
        ax.plot(inside, rows, color="white", linewidth=3.5)
        ax.plot(inside, rows, color=color.spurious, linewidth=1.8)
        ax.set_yticks(rows, [f"{m:g}" for m in widths])
        ax.set_title(title, fontsize=11)
        ax.set_ylabel("width $m$")
    _scale_axis(axes[-1])
    bar = fig.colorbar(drawn, ax=list(axes), shrink=0.6, location="bottom", aspect=40)
    bar.set_label("share of global minima")
    return fig, axes


def ball_of_fits(panels):
    r"""Fits of stationary points as seen from the optimal fit: along it, and how far from its line.
    Half a disc holds them.

    Parameters
    ----------
    panels : dict
        Titles, each with a tuple (along (r,), across (r,), stop (r,)), in units of the optimal
        fit's length.
    """
    fig, axes = plt.subplots(1, len(panels), figsize=(6.6, 2.9), sharey=True, squeeze=False)
    axes = axes[0]
    turn = np.linspace(0, np.pi, 181)
    for ax, (title, (along, across, stops)) in zip(axes, panels.items(), strict=True):
        ax.plot(0.5 + 0.5 * np.cos(turn), 0.5 * np.sin(turn), color=color.theory, linewidth=1.2)
        ax.plot([0, 1], [0, 0], color=color.theory, linewidth=1.2)
        _runs(ax, along, across, stops, size=6)
        ax.set_title(title, fontsize=11)
        ax.set(
            aspect="equal", xlim=(-0.05, 1.08), ylim=(-0.04, 0.56), xlabel="along the optimal fit"
        )
        ax.annotate("0", (0, 0), xytext=(-9, -3), textcoords="offset points")
    axes[0].set_ylabel("across")
    fig.tight_layout(rect=(0, 0.1, 1, 1))
    _keys(fig, axes)
    return fig, axes


def flow_and_descent(panels, linear=1e-4):
    """Where descent ends against where the flow from the same start ends, above the optimum; below
    the diagonal descent ends lower.

    Parameters
    ----------
    panels : dict
        Titles, each with a tuple (flow (r,), descent (r,), marked (r,)): losses above the optimum
        as shares of it, and a mask of runs to draw as crosses.
    linear : float
        The axes are linear up to here, and logarithmic beyond.
    """
    fig, axes = plt.subplots(
        1, len(panels), figsize=(6.8, 3.3), sharex=True, sharey=True, squeeze=False
    )
    axes = axes[0]
    most = 2 * max(np.nanmax(np.append(flow, descent)) for flow, descent, _ in panels.values())
    ends = np.concatenate([[0], np.geomspace(linear / 10, most, 50)])
    for ax, (title, (flow, descent, marked)) in zip(axes, panels.items(), strict=True):
        ax.plot(ends, ends, color=color.theory, linewidth=1, linestyle="--")
        for chosen, mark, name in ((~marked, "o", "step 0.01"), (marked, "x", "step 1/L")):
            lower = descent < flow - linear
            for here, look in ((chosen & ~lower, color.wall), (chosen & lower, color.good)):
                ax.plot(
                    np.maximum(flow[here], 0),
                    np.maximum(descent[here], 0),
                    mark,
                    color=look,
                    markersize=5,
                    alpha=0.8,
                )
            ax.plot([], [], mark, color=color.wall, label=name)
        ax.set_xscale("symlog", linthresh=linear)
        ax.set_yscale("symlog", linthresh=linear)
        ax.set(xlabel="flow", xlim=(-linear / 2, most), ylim=(-linear / 2, most))
        ax.set_xticks([0, 1e-3, 1], ["0", "$10^{-3}$", "1"])
        ax.set_yticks([0, 1e-3, 1], ["0", "$10^{-3}$", "1"])
        ax.minorticks_off()
        ax.set_title(title, fontsize=11)
    axes[0].set_ylabel("descent")
    handles, labels = axes[0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="lower center", ncols=2, fontsize=11, handletextpad=0.2)
    fig.tight_layout(rect=(0, 0.08, 1, 1))
    return fig, axes
