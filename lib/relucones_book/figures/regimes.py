"""Figures of the chapter on the two regimes: neurons as hands of a clock, their angles and sizes,
how far weights move, and where descent leaves the flow."""

import matplotlib.pyplot as plt
import numpy as np

from relucones.plots.style import color

_SHADES = ("#888888", "#E69F00", "#000000")  # three runs that differ in one number only


def clock_hands(X, panels):
    """Neurons in the plane as hands of a clock, one clock per network.

    Parameters
    ----------
    X : array (n, 2)
        The points, for their walls.
    panels : list of (title, W, a, W_start)
        A hand points along a row of W and is as long as the neuron, compared with the longest one.
        The ring on the rim marks where the neuron started.
    """
    fig, axes = plt.subplots(1, len(panels), figsize=(6.4, 3.5))
    for ax, (title, W, a, W_start) in zip(np.atleast_1d(axes), panels, strict=True):
        _draw_face(ax, X)
        sizes = np.linalg.norm(W, axis=1)
        begun = W_start / np.linalg.norm(W_start, axis=1, keepdims=True)
        ax.scatter(*begun.T, s=26, facecolor="white", edgecolor=color.wall, lw=1.2, zorder=3)
        # A negative neuron is drawn over a positive one and thinner, so that both are seen.
        for chosen, shade, width in ((a > 0, color.positive, 4.5), (a < 0, color.negative, 1.8)):
            for w in W[chosen] / sizes.max():
                ax.plot(
                    *np.transpose([[0, 0], w]),
                    color=shade,
                    lw=width,
                    solid_capstyle="round",
                    zorder=4,
                )
            ax.scatter(*(W[chosen] / sizes[chosen, None]).T, s=12 * width, color=shade, zorder=5)
        ax.set_title(title, fontsize=11.5)
    fig.subplots_adjust(left=0.01, right=0.99, top=0.86, bottom=0.01, wspace=0.02)
    return fig, axes


def angle_paths(times, angles, signs, targets, until):
    """The angles of neurons over time, in degrees, with the directions where they should go.

    Parameters
    ----------
    times : array (t,)
    angles : array (t, m)
    signs : array (m,)
        Output signs, which give the neurons their colour.
    targets : list of (angle, sign)
        Drawn as dashed lines in the colour of the sign, darker than the neurons.
    until : float
        The end of the early phase, a vertical line.
    """
    fig, ax = plt.subplots(figsize=(6.4, 4.0))
    for angle, sign in targets:
        ax.axhline(angle, color=color.dual, ls="--" if sign > 0 else ":", lw=1.4, zorder=1)
    for path, sign in zip(np.transpose(angles), signs, strict=True):
        # no line across 0 = 360 degrees
        path = np.where(np.abs(np.diff(path, prepend=path[0])) > 180, np.nan, path)
        ax.plot(
            times, path, color=color.positive if sign > 0 else color.negative, lw=1.6, alpha=0.85
        )
    ax.axvline(until, color=color.point, lw=1)
    ax.text(until, 365, "$T$", ha="center", va="bottom", fontsize=11)
    ax.set(
        xlabel="time $t$",
        ylabel="direction of the neuron, degrees",
        ylim=(0, 360),
        xlim=(times[0], times[-1]),
    )
    ax.set_yticks([0, 90, 180, 270, 360])
    names = ("neuron, $s = +1$", "neuron, $s = -1$", "extremal, $s = +1$", "extremal, $s = -1$")
    looks = ((color.positive, "-"), (color.negative, "-"), (color.dual, "--"), (color.dual, ":"))
    keys = [
        plt.Line2D([], [], color=shade, ls=style, label=name)
        for name, (shade, style) in zip(names, looks, strict=True)
    ]
    fig.legend(handles=keys, loc="lower center", ncols=2, fontsize=11)
    fig.tight_layout(rect=(0, 0.13, 1, 1))
    return fig, ax


def sizes_by_scale(scales, groups):
    """Sizes of neurons against the initialisation scale, with the powers that are predicted.

    `groups` lists tuples ``(sizes (scales,), exponent, label, concept)``; the line is drawn through
    the smallest scale.
    """
    scales = np.asarray(scales)
    fig, ax = plt.subplots(figsize=(5.6, 4.0))
    for (sizes, exponent, label, concept), mark in zip(groups, "osv^D*", strict=False):
        line = sizes[scales.argmin()] * (scales / scales.min()) ** exponent
        ax.plot(scales, line, color=color.theory, lw=1, ls="--")
        ax.plot(scales, sizes, mark, color=getattr(color, concept), label=label)
    ax.set(
        xscale="log",
        yscale="log",
        xlabel="initialisation scale $\\alpha$",
        ylabel="size of the neuron",
    )
    ax.legend(loc="lower right", fontsize=10.5)
    return fig, ax


def movement(panels):
    """How far weights move, relative to their length, on two log axes.

    `panels` lists ``(x, x name, curves)``, and `curves` lists ``(low, middle, high, label, concept,
    slope or None)``: three arrays over x and the power that is predicted, drawn as a dashed line
    through the last point.
    """
    fig, axes = plt.subplots(1, len(panels), figsize=(6.4, 3.7), sharey=True)
    for ax, (x, name, curves) in zip(np.atleast_1d(axes), panels, strict=True):
        x = np.asarray(x, float)
        for (low, middle, high, label, concept, slope), mark in zip(curves, "os^", strict=False):
            shade = getattr(color, concept)
            ax.fill_between(x, low, high, color=shade, alpha=0.2, lw=0)
            ax.plot(x, middle, mark + "-", color=shade, label=label, markersize=5)
            if slope is not None:
                ax.plot(x, middle[-1] * (x / x[-1]) ** slope, color=color.theory, ls="--", lw=1)
        ax.set(xscale="log", yscale="log", xlabel=name)
        ax.legend(loc="lower left", fontsize=10.5)
    np.atleast_1d(axes)[0].set_ylabel("relative movement")
    fig.tight_layout()
    return fig, axes


def two_clocks(runs, factor):
    """Data term and squared norm over time on a log clock, one run per weight decay.

    `runs` lists ``(times, data_term, squared_norm, label)``; `factor` is the list of the decays,
    for the dashed curves
    :math:`e^{-4\\lambda t}\\|\\theta_0\\|^2`.
    """
    fig, axes = plt.subplots(2, 1, figsize=(5.8, 5.2), sharex=True)
    for (times, data_term, norm, label), lam, shade in zip(runs, factor, _SHADES, strict=False):
        axes[0].plot(times, data_term, color=shade, label=label)
        axes[1].plot(times, norm, color=shade)
        pure = norm[0] * np.exp(-4 * lam * times)
        axes[1].plot(
            times,
            np.where(pure > 0.5 * norm.min(), pure, np.nan),
            color=color.good,
            ls="--",
            lw=1.2,
        )
    axes[0].set(xscale="log", yscale="log", ylabel="data term")
    axes[1].set(yscale="log", ylabel="$\\|\\theta\\|^2$", xlabel="time $t$")
    axes[0].legend(loc="lower left", fontsize=11)
    axes[1].plot(
        [], [], color=color.good, ls="--", lw=1.2, label="$e^{-4\\lambda t}\\|\\theta_0\\|^2$"
    )
    axes[1].legend(loc="lower left", fontsize=11)
    fig.tight_layout()
    return fig, axes


def heights(X, prices, level, neurons):
    """What a direction of the plane earns at fixed prices, over its angle, with neurons on it.

    Parameters
    ----------
    X : array (n, 2)
        The points, for their walls.
    prices : array (n,)
    level : float
        The cost of a unit, drawn as two lines: above the upper one positive neurons grow, below
        the lower one negative ones do.
    neurons : list of (W_start, W_end, a)
        A ring where a neuron starts, a dot where it is later.
    """
    fig, ax = plt.subplots(figsize=(6.4, 3.9))
    angles = np.linspace(0, 360, 1441)
    ax.plot(angles, _height(X, prices, angles), color=color.dual, lw=1.6, zorder=2)
    for x in X:
        for wall in (np.degrees(np.arctan2(x[1], x[0])) + np.array([90, -90])) % 360:
            ax.axvline(wall, color=color.wall, lw=0.8, alpha=0.5, zorder=0)
    for side in (level, -level):
        ax.axhline(side, color=color.theory, lw=1, ls=":", zorder=1)
    for start, end, a in neurons:
        for W, filled in ((start, False), (end, True)):
            at = np.degrees(np.arctan2(W[:, 1], W[:, 0])) % 360
            for chosen, shade in ((a > 0, color.positive), (a < 0, color.negative)):
                ax.scatter(
                    at[chosen],
                    _height(X, prices, at[chosen]),
                    s=46 if filled else 34,
                    facecolor=shade if filled else "white",
                    edgecolor=shade,
                    linewidth=1.2,
                    zorder=4 if filled else 3,
                )
    ax.set(xlim=(0, 360), xlabel="direction, degrees", ylabel="earnings $h$ of a unit neuron")
    ax.set_xticks([0, 90, 180, 270, 360])
    keys = [
        plt.Line2D([], [], ls="", marker="o", color=shade, label=f"$s = {sign}1$", markersize=7)
        for sign, shade in (("+", color.positive), ("-", color.negative))
    ]
    keys.append(
        plt.Line2D(
            [], [], ls="", marker="o", color=color.wall, markerfacecolor="white", label="start"
        )
    )
    fig.legend(handles=keys, loc="lower center", ncols=3, fontsize=11, handletextpad=0.1)
    fig.tight_layout(rect=(0, 0.07, 1, 1))
    return fig, ax


def departures(curves, flow, best):
    """The loss over time along the flow and along descents from the same start.

    Parameters
    ----------
    curves : dict
        Steps, each with a tuple (times, losses), the longest step first.
    flow : tuple (times, losses)
    best : float
        The least loss of all networks.
    """
    fig, ax = plt.subplots(figsize=(6.4, 3.9))
    for (eta, (times, losses)), shade in zip(curves.items(), _SHADES[::-1], strict=False):
        ax.plot(times, losses, color=shade, lw=1.8, label=f"descent, step {eta:g}")
    ax.plot(*flow, color=color.spurious, ls="--", lw=2.4, label="gradient flow")
    ax.axhline(best, color=color.good, ls=":", lw=1.6, label="$p^\\star$")
    ax.set(xlabel="time $t$ = step × number of steps", ylabel="loss $L_\\lambda$", ylim=(0, None))
    fig.legend(loc="lower center", ncols=3, fontsize=10.5, handlelength=1.8)
    fig.tight_layout(rect=(0, 0.13, 1, 1))
    return fig, ax


def dying_neuron(neuron, rate, departures, delay):
    """Left: a dying neuron gets smaller than its own imbalance. Right: when descent leaves, by
    step.

    Parameters
    ----------
    neuron : tuple (times, w2, a2, sign)
        Squared sizes of w and a over time, and whether a still has the sign of its start.
    rate : float
        The imbalance of a flow decays like exp(-rate t).
    departures : tuple (steps, times)
    delay : float
        The predicted delay for each halving of the step.
    """
    fig, (left, right) = plt.subplots(1, 2, figsize=(6.8, 4.0))
    times, w2, a2, kept = neuron
    B = np.abs(w2 - a2)
    half = times > 0.35 * times[-1]
    decay = B[half][0] * np.exp(-rate * (times[half] - times[half][0]))
    curves = (
        (times, w2, color.cone, 4, "-", "$\\|w\\|^2$"),
        (times, np.where(kept, a2, np.nan), color.positive, 1.8, "-", "$a^2$, $a>0$"),
        (times, np.where(kept, np.nan, a2), color.negative, 1.8, "-", "$a^2$, $a<0$"),
        (times, B, color.theory, 1, "-", "$B$"),
        (times[half], decay, color.spurious, 3, ":", r"$e^{-4\lambda t}$"),
    )
    for x, y, shade, width, style, name in curves:
        left.plot(x, y, color=shade, lw=width, ls=style, label=name)
    left.set(yscale="log", xlabel="time $t$", title="one dying neuron", ylim=(1e-10, None))
    steps, left_at = departures
    line = left_at[-1] - delay * np.log2(steps / steps[-1])
    right.plot(steps, line, color=color.theory, ls="--", lw=1.2, label="predicted slope")
    right.plot(steps, left_at, "o", color=color.spurious, label="descent leaves")
    right.set(xscale="log", xlabel=r"step $\eta$", ylabel="time $t$", title="when descent leaves")
    right.set_xticks(steps, [f"{step:g}" for step in steps], fontsize=9)
    right.minorticks_off()
    right.set_ylim(0, None)
    right.legend(fontsize=10.5, loc="lower left")
    handles, labels = left.get_legend_handles_labels()
    fig.legend(handles, labels, loc="lower center", ncols=5, fontsize=10.5, handlelength=1.4)
    fig.tight_layout(rect=(0, 0.09, 1, 1))
    return fig, (left, right)


def _height(X, prices, degrees):
    t = np.radians(degrees)
    return np.maximum(np.stack([np.cos(t), np.sin(t)], axis=-1) @ X.T, 0) @ prices


def _draw_face(ax, X):
    """The unit circle and the walls of the points."""
    ax.add_patch(plt.Circle((0, 0), 1, fill=False, color=color.wall, lw=1))
    for x in X:
        along = np.array([-x[1], x[0]]) / np.linalg.norm(x)
        ax.plot(*np.transpose([-along, along]), color=color.wall, lw=0.8, alpha=0.6, zorder=1)
    ax.set(xlim=(-1.12, 1.12), ylim=(-1.12, 1.12), aspect="equal")
    ax.axis("off")
