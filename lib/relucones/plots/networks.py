"""Networks: their neurons over the inputs, as vectors, and along the path of weight decays."""

import matplotlib.pyplot as plt
import numpy as np

from ..network import relu
from .style import color


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
