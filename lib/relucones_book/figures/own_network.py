"""Figures of the page on certifying a network of one's own: two runs of training above the proved
bound, and what the networks say on the table."""

import matplotlib.pyplot as plt
import numpy as np

from relucones import data, solve_global
from relucones.plots.style import color

# Invented: eight days, the temperature in degrees, and bicycles counted on a bridge.
ROWS = (
    (-2, 310),
    (3, 420),
    (8, 760),
    (12, 1280),
    (17, 1490),
    (21, 1890),
    (26, 2010),
    (31, 1340),
)
BAD, FINE = color.spurious, color.good


def bicycles():
    """The table as a data set, standardised; without its bias."""
    rows = np.array(ROWS, float)
    return data.Dataset(rows[:, :1], rows[:, 1], "bicycles").standardised()


def losses(model, X, y, lam, steps, rate):
    """The loss before each step of gradient descent from the weights of a torch model whose first
    layer has a bias."""
    first, _, last = model
    W = np.column_stack([first.weight.detach(), first.bias.detach()]).astype(float)
    a = last.weight.detach().numpy().astype(float).ravel()
    found = np.empty(steps)
    for t in range(steps):
        h = X @ W.T
        active = h > 0
        h *= active
        r = h @ a - y
        found[t] = np.mean(r**2) + lam * ((W**2).sum() + a @ a)
        pull = (active * r[:, None]).T @ X * (a * 2 / len(y))[:, None]
        a = a - rate * (2 / len(y) * h.T @ r + 2 * lam * a)
        W = W - rate * (pull + 2 * lam * W)
    return found


def kinks(model, constants):
    """Where the neurons of a torch model for standardised points switch, in raw units; only those
    that are not nearly zero."""
    first, _, last = model
    slope, shift = first.weight.detach().numpy().ravel(), first.bias.detach().numpy()
    alive = np.abs(last.weight.detach().numpy().ravel() * slope) > 1e-3
    return -shift[alive] / slope[alive] * constants.scale[0] + constants.mean[0]


def two_runs(starts, lam=0.01, steps=3000, rate=0.1):
    """The loss of two runs from the torch models `starts`, and the line below which no network of
    any width can be."""
    X, y = bicycles().with_bias()
    bound = solve_global(X, y, lam).lower_bound
    fig, ax = plt.subplots(figsize=(5.2, 3.4), layout="constrained")
    names = ("run A", "bottom"), ("run B", "top")
    for model, shade, (name, side) in zip(starts, (BAD, FINE), names, strict=True):
        found = losses(model, X, y, lam, steps, rate)
        ax.semilogx(np.arange(1, steps + 1), found, color=shade)
        ax.text(1.06 * steps, found[-1], name, color=shade, va=side, fontweight="bold")
    ax.axhspan(0, bound, color=color.dual, alpha=0.15, lw=0)
    ax.axhline(bound, color=color.dual, lw=1.5)
    ax.text(1.3, bound / 2, "no network of any width", color=color.dual, va="center")
    ax.set(xlabel="steps of gradient descent", ylabel="loss", ylim=(0, 0.4), xlim=(1, 3 * steps))
    return fig, ax


def predictions(table, networks):
    """The table, and over it the outputs of torch models for raw points, by name."""
    fig, ax = plt.subplots(figsize=(5.2, 3.6), layout="constrained")
    x = np.linspace(table.X.min() - 3, table.X.max() + 3, 400)
    looks = ((BAD, "-"), (FINE, "-"), (color.theory, "--"))
    for (name, predict), (shade, line) in zip(networks.items(), looks, strict=True):
        ax.plot(x, predict(x[:, None]), line, color=shade, label=name)
    ax.plot(table.X.ravel(), table.y, "o", color=color.point, ms=8, zorder=3)
    ax.set(xlabel="temperature in degrees", ylabel="bicycles", ylim=(0, None))
    ax.legend(loc="lower right")
    return fig, ax
