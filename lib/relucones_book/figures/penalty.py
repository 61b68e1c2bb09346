"""Figures of *A network and a penalty*: what a network computes, what weight decay charges for it,
and where descent ends."""

import matplotlib.pyplot as plt
import numpy as np

from relucones.plots.style import color

# Neither part of the penalty is a concept with a colour of its own: two greys.
_INNER, _OUTER = "#555555", "#c4c4c4"


def same_function(networks, names, x):
    """Networks on the line, with the bias as second coordinate: their functions, and what each pays
    in each layer."""
    fig, (top, bottom) = plt.subplots(
        2, 1, figsize=(5.2, 5.4), height_ratios=[1.2, 1], layout="constrained"
    )
    points = np.column_stack([x, np.ones_like(x)])
    looks = zip(
        networks,
        names,
        [6, 3.5, 1.5],
        ["#dddddd", color.cone, color.theory],
        ["-", "-", "--"],
        strict=True,
    )
    for network, name, width, shade, dashes in looks:
        top.plot(x, network.predict(points), dashes, lw=width, color=shade, label=name)
    top.set(xlabel="input $x$", ylabel="output $f(x)$", title="one function")
    top.legend()
    for i, network in enumerate(networks):
        inner, outer = np.sum(network.W**2), np.sum(network.a**2)
        bottom.barh(i, inner, color=_INNER, label="inner weights" if i == 0 else None)
        bottom.barh(i, outer, left=inner, color=_OUTER, label="outer weights" if i == 0 else None)
        bottom.text(inner + outer + 0.7, i, f"{inner + outer:g}", va="center")
    bottom.set(
        yticks=range(len(names)),
        yticklabels=names,
        xlabel=r"penalty $\|W\|^2 + \|a\|^2$",
        title="three prices",
    )
    bottom.margins(x=0.12)
    bottom.invert_yaxis()
    bottom.legend(loc="lower right")
    return fig, (top, bottom)


def rescaling(length, a, t):
    """The neuron (t w, a/t): its two factors and their product, and its penalty on the curve over
    all t."""
    fig, (top, bottom) = plt.subplots(
        2, 1, figsize=(5.2, 5.2), height_ratios=[1, 1.5], layout="constrained"
    )
    parts = {"inner $t\\|w\\|$": t * length, "outer $a/t$": a / t, "product": a * length}
    bars = top.barh(list(parts), list(parts.values()), color=[_INNER, _OUTER, color.positive])
    top.bar_label(bars, fmt="%.3g", padding=3)
    top.set(xlim=(0, 9.5))
    top.invert_yaxis()
    curve = np.geomspace(1 / 8, 2, 200)
    bottom.plot(curve, (curve * length) ** 2 + (a / curve) ** 2, color=color.theory)
    bottom.axhline(2 * abs(a) * length, color=color.good, ls="--", label=r"$2\,|a|\,\|w\|$")
    bottom.plot(t, (t * length) ** 2 + (a / t) ** 2, "o", color=color.positive, ms=11)
    bottom.set(
        xscale="log",
        xticks=[1 / 8, 1 / 4, 1 / 2, 1, 2],
        xticklabels=["1/8", "1/4", "1/2", "1", "2"],
    )
    bottom.minorticks_off()
    bottom.set(xlabel="factor $t$", ylabel="penalty of the neuron", ylim=(0, 70))
    bottom.legend()
    return fig, (top, bottom)


def valley(lam, paths, size=3.0):
    """The loss (a relu(w) - 1)^2 + lam (w^2 + a^2) over (w, a) as contours, with paths of descent
    (steps, 2)."""
    fig, ax = plt.subplots(figsize=(5.2, 4.8), layout="constrained")
    grid = np.linspace(0, size, 201)
    w, a = np.meshgrid(grid, grid)
    loss = (a * w - 1) ** 2 + lam * (w**2 + a**2)
    ax.contour(
        w, a, loss, np.geomspace(loss.min() * 1.02, 20, 16), colors=color.wall, linewidths=0.8
    )
    ax.plot(grid, grid, "--", color=color.theory, lw=1.5, label="balanced: $a = w$")
    for i, path in enumerate(paths):
        ax.plot(*path.T, color=color.spurious, lw=2.5, label="descent" if i == 0 else None)
        ax.plot(*path[0], "o", color=color.spurious, mfc="white", ms=8)
    best = np.sqrt(1 - lam)
    ax.plot(best, best, "*", color=color.good, ms=18, label="global minimum", zorder=3)
    ax.set(
        xlim=(0, size),
        ylim=(0, size),
        aspect="equal",
        xlabel="inner weight $w$",
        ylabel="outer weight $a$",
    )
    ax.legend(loc="upper right", frameon=True, framealpha=1, edgecolor="none")
    return fig, ax


def imbalance(times, sizes, rate):
    """How far each neuron is from balance, over time (T, m), on the lines ``exp(-rate t)`` of
    gradient flow."""
    fig, ax = plt.subplots(figsize=(5.2, 3.8), layout="constrained")
    for j, column in enumerate(sizes.T):
        ax.plot(times, column[0] * np.exp(-rate * times), color=color.theory, lw=1.2, ls="--",
                label="gradient flow, exact" if j == 0 else None, zorder=3)  # fmt: skip
        ax.plot(
            times,
            column,
            color=color.cone,
            lw=5,
            alpha=0.8,
            label="descent, measured" if j == 0 else None,
        )
    ax.set(
        yscale="log",
        xlabel=r"time $t$ = steps $\times\ \eta$",
        ylabel=r"imbalance $|\,\|w_j\|^2 - a_j^2|$",
    )
    ax.legend()
    return fig, ax


def end_losses(losses, at_rest, lower_bound):
    """Where runs end: their losses in increasing order, filled if they came to rest, over the
    certified bound."""
    fig, ax = plt.subplots(figsize=(5.2, 3.8), layout="constrained")
    order = np.argsort(losses, kind="stable")
    rank, losses, at_rest = np.arange(1, len(order) + 1), losses[order], at_rest[order]
    ax.axhline(lower_bound, color=color.good, label="no network of any width is below")
    ax.plot(rank[at_rest], losses[at_rest], "o", color=color.spurious, label="stationary")
    ax.plot(
        rank[~at_rest],
        losses[~at_rest],
        "o",
        color=color.spurious,
        mfc="white",
        label="still bouncing",
    )
    ax.set(
        xlabel="runs, in order of their loss", ylabel=r"loss $L_\lambda$ at the end", ylim=(0, None)
    )
    ax.legend(loc="upper left")
    return fig, ax
