"""Figures of chapter 1: what a network computes, what weight decay charges for it, and where descent ends."""

import matplotlib.pyplot as plt
import numpy as np

from ..network import relu
from .style import color

# Neither part of the penalty is a concept with a colour of its own: two greys.
_INNER, _OUTER = "#555555", "#c4c4c4"


def same_function(networks, names, x):
    """Networks on the line, with the bias as second coordinate: their functions, and what each pays in each layer."""
    fig, (top, bottom) = plt.subplots(2, 1, figsize=(5.2, 5.4), height_ratios=[1.2, 1], layout="constrained")
    points = np.column_stack([x, np.ones_like(x)])
    looks = zip(networks, names, [6, 3.5, 1.5], ["#dddddd", color.cone, color.theory], ["-", "-", "--"], strict=True)
    for network, name, width, shade, dashes in looks:
        top.plot(x, network.predict(points), dashes, lw=width, color=shade, label=name)
    top.set(xlabel="input $x$", ylabel="output $f(x)$", title="one function")
    top.legend()
    for i, network in enumerate(networks):
        inner, outer = np.sum(network.W**2), np.sum(network.a**2)
        bottom.barh(i, inner, color=_INNER, label="inner weights" if i == 0 else None)
        bottom.barh(i, outer, left=inner, color=_OUTER, label="outer weights" if i == 0 else None)
        bottom.text(inner + outer + 0.7, i, f"{inner + outer:g}", va="center")
    bottom.set(yticks=range(len(names)), yticklabels=names, xlabel=r"penalty $\|W\|^2 + \|a\|^2$", title="three prices")
    bottom.margins(x=0.12)
    bottom.invert_yaxis()
    bottom.legend(loc="lower right")
    return fig, (top, bottom)


def hinges(network, x):
    """A network on the line, with the bias as second coordinate: every neuron's hinge, and their sum in black."""
    fig, ax = plt.subplots(figsize=(5.2, 3.6), layout="constrained")
    ax.plot(x, network.predict(np.column_stack([x, np.ones_like(x)])), color=color.theory, lw=5)
    for w, a in zip(network.W, network.a, strict=True):
        shade = color.positive if a > 0 else color.negative
        ax.plot(x, a * relu(w[0] * x + w[1]), color=shade)
        ax.plot(-w[1] / w[0], 0, "o", color=shade, ms=9)
    for label, shade in [("neurons with $a_j > 0$", color.positive), ("neurons with $a_j < 0$", color.negative),
                         ("their sum $f$", color.theory)]:  # fmt: skip
        ax.plot([], [], color=shade, label=label)
    ax.set(xlabel="input $x$", ylabel="output")
    ax.legend(loc="lower left")
    return fig, ax


def ridges(network, X, y, size=1.5):
    """A network on the plane: its output as shades, each neuron's kink as a line, and the data with their labels."""
    fig, ax = plt.subplots(figsize=(5.2, 4.4), layout="constrained")
    grid = np.linspace(-size, size, 201)
    plane = np.stack(np.meshgrid(grid, grid), axis=-1)
    output = network.predict(plane.reshape(-1, 2)).reshape(plane.shape[:2])
    top = np.abs(output).max()
    # Limits beyond the data keep the shades pale, so that lines and labels stand out.
    shades = ax.contourf(grid, grid, output, np.linspace(-top, top, 19), cmap="PRGn", vmin=-2 * top, vmax=2 * top)
    fig.colorbar(shades, ax=ax, label="output $f(x)$", ticks=np.arange(-np.floor(top), top, 1))
    for w, a in zip(network.W, network.a, strict=True):
        shade = color.positive if a > 0 else color.negative
        ax.axline((0, 0), (-w[1], w[0]), color=shade, lw=2.5)
        arrow = {"arrowstyle": "-|>", "lw": 2.5, "color": shade, "mutation_scale": 16, "shrinkA": 0, "shrinkB": 0}
        ax.annotate("", 0.45 * w / np.linalg.norm(w), (0, 0), arrowprops=arrow)
    ax.plot(*X.T, "o", color=color.point, ms=7)
    for point, label in zip(X, y, strict=True):
        ax.annotate(f"{label:g}", point, (6, 6), textcoords="offset points", fontweight="bold",
                    bbox={"boxstyle": "round,pad=.15", "fc": "white", "ec": "none", "alpha": 0.8})  # fmt: skip
    ax.set(xlim=(-size, size), ylim=(-size, size), aspect="equal", xlabel="first coordinate", ylabel="second coordinate")
    return fig, ax


def rescaling(length, a, t):
    """The neuron (t w, a/t): its two factors and their product, and its penalty on the curve over all t."""
    fig, (top, bottom) = plt.subplots(2, 1, figsize=(5.2, 5.2), height_ratios=[1, 1.5], layout="constrained")
    parts = {"inner $t\\|w\\|$": t * length, "outer $a/t$": a / t, "product": a * length}
    bars = top.barh(list(parts), list(parts.values()), color=[_INNER, _OUTER, color.positive])
    top.bar_label(bars, fmt="%.3g", padding=3)
    top.set(xlim=(0, 9.5))
    top.invert_yaxis()
    curve = np.geomspace(1 / 8, 2, 200)
    bottom.plot(curve, (curve * length) ** 2 + (a / curve) ** 2, color=color.theory)
    bottom.axhline(2 * abs(a) * length, color=color.good, ls="--", label=r"$2\,|a|\,\|w\|$")
    bottom.plot(t, (t * length) ** 2 + (a / t) ** 2, "o", color=color.positive, ms=11)
    bottom.set(xscale="log", xticks=[1 / 8, 1 / 4, 1 / 2, 1, 2], xticklabels=["1/8", "1/4", "1/2", "1", "2"])
    bottom.minorticks_off()
    bottom.set(xlabel="factor $t$", ylabel="penalty of the neuron", ylim=(0, 70))
    bottom.legend()
    return fig, (top, bottom)


def neuron_vectors(solution, lam, size=1.3):
    """The vectors v_i of an optimum as arrows, coloured by output sign."""
    fig, ax = plt.subplots(figsize=(4.6, 4.6), layout="constrained")
    for direction, sign, weight in zip(solution.directions, solution.signs, solution.weights, strict=True):
        shade = color.positive if sign > 0 else color.negative
        ax.annotate("", weight * direction, (0, 0), arrowprops={
            "arrowstyle": "-|>", "lw": 3, "color": shade, "mutation_scale": 18, "shrinkA": 0, "shrinkB": 0})  # fmt: skip
    for label, shade in [("$s_i = +1$", color.positive), ("$s_i = -1$", color.negative)]:
        ax.plot([], [], color=shade, lw=3, label=label)
    ax.plot(0, 0, "o", color=color.wall, ms=5)
    count = len(solution.weights)
    ax.set(xlim=(-size, size), ylim=(-size, size), aspect="equal", xlabel="first coordinate of $v_i$",
           ylabel="second coordinate of $v_i$",
           title=rf"$\lambda$ = {lam:.3g}: {count} neuron{'' if count == 1 else 's'}")  # fmt: skip
    ax.legend(loc="upper right")
    return fig, ax


def norm_path(lams, solutions, lam_max):
    """Optima along a path of weight decays: the number of neurons, and their norms coloured by sign."""
    fig, (top, bottom) = plt.subplots(2, 1, figsize=(5.2, 5.2), sharex=True, layout="constrained")
    top.step(lams, [len(s.weights) for s in solutions], where="mid", color=color.theory)
    top.set(ylabel="number of neurons", ylim=(-0.3, 5.6))
    for lam, s in zip(lams, solutions, strict=True):
        shades = np.where(s.signs > 0, color.positive, color.negative)
        bottom.scatter(np.full(len(s.weights), lam), s.weights, s=14, c=shades)
    for label, shade in [("$s_i = +1$", color.positive), ("$s_i = -1$", color.negative)]:
        top.plot([], [], "o", color=shade, label=label)
    for ax in (top, bottom):
        ax.axvline(lam_max, color=color.wall, ls="--")
    top.text(lam_max * 0.93, 4.6, r"$\lambda_{\max}$", ha="right", color="#555555")
    bottom.set(xscale="log", xlabel=r"weight decay $\lambda$", ylabel=r"norms $\|v_i\|$")
    top.legend(loc="lower left")
    return fig, (top, bottom)


def valley(lam, paths, size=3.0):
    """The loss (a relu(w) - 1)^2 + lam (w^2 + a^2) over (w, a) as contours, with paths of descent (steps, 2)."""
    fig, ax = plt.subplots(figsize=(5.2, 4.8), layout="constrained")
    grid = np.linspace(0, size, 201)
    w, a = np.meshgrid(grid, grid)
    loss = (a * w - 1) ** 2 + lam * (w**2 + a**2)
    ax.contour(w, a, loss, np.geomspace(loss.min() * 1.02, 20, 16), colors=color.wall, linewidths=0.8)
    ax.plot(grid, grid, "--", color=color.theory, lw=1.5, label="balanced: $a = w$")
    for i, path in enumerate(paths):
        ax.plot(*path.T, color=color.spurious, lw=2.5, label="descent" if i == 0 else None)
        ax.plot(*path[0], "o", color=color.spurious, mfc="white", ms=8)
    best = np.sqrt(1 - lam)
    ax.plot(best, best, "*", color=color.good, ms=18, label="global minimum", zorder=3)
    ax.set(xlim=(0, size), ylim=(0, size), aspect="equal", xlabel="inner weight $w$", ylabel="outer weight $a$")
    ax.legend(loc="upper right", frameon=True, framealpha=1, edgecolor="none")
    return fig, ax


def imbalance(times, sizes, rate):
    """How far each neuron is from balance, over time (T, m), on the lines ``exp(-rate t)`` of gradient flow."""
    fig, ax = plt.subplots(figsize=(5.2, 3.8), layout="constrained")
    for j, column in enumerate(sizes.T):
        ax.plot(times, column[0] * np.exp(-rate * times), color=color.theory, lw=1.2, ls="--",
                label="gradient flow, exact" if j == 0 else None, zorder=3)  # fmt: skip
        ax.plot(times, column, color=color.cone, lw=5, alpha=0.8, label="descent, measured" if j == 0 else None)
    ax.set(yscale="log", xlabel=r"time $t$ = steps $\times\ \eta$", ylabel=r"imbalance $|\,\|w_j\|^2 - a_j^2|$")
    ax.legend()
    return fig, ax


def end_losses(losses, at_rest, lower_bound):
    """Where runs end: their losses in increasing order, filled if they came to rest, over the certified bound."""
    fig, ax = plt.subplots(figsize=(5.2, 3.8), layout="constrained")
    order = np.argsort(losses, kind="stable")
    rank, losses, at_rest = np.arange(1, len(order) + 1), losses[order], at_rest[order]
    ax.axhline(lower_bound, color=color.good, label="no network of any width is below")
    ax.plot(rank[at_rest], losses[at_rest], "o", color=color.spurious, label="stationary")
    ax.plot(rank[~at_rest], losses[~at_rest], "o", color=color.spurious, mfc="white", label="still bouncing")
    ax.set(xlabel="runs, in order of their loss", ylabel=r"loss $L_\lambda$ at the end", ylim=(0, None))
    ax.legend(loc="upper left")
    return fig, ax
