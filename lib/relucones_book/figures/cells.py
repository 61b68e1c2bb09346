"""Cells of the data's hyperplane arrangement: in the plane, on the sphere, their number and their sizes."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D

from relucones import count_patterns, solve_global
from relucones.data import five_points
from relucones.plots.cells import draw_neurons, draw_wedges
from relucones.plots.style import color


def pattern_growth(n_max=100, dimensions=(2, 3, 4, 5)):
    """The number of activation patterns against the number of points, both on log axes, with 2^n and the power bound."""
    fig, ax = plt.subplots(figsize=(5.4, 4.2))
    n = np.arange(1, n_max + 1)
    shades = plt.cm.cividis(np.linspace(0.1, 0.75, len(dimensions)))
    for d, shade in zip(dimensions, shades, strict=True):
        counts = [count_patterns(int(k), d) for k in n]
        ax.loglog(n, counts, color=shade)
        ax.loglog(n, 2.0 * n ** (d - 1), color=shade, ls=":", lw=1.5)
        ax.text(1.08 * n_max, counts[-1], f"$d={d}$", color=shade, va="center", fontsize=12)
    short = n[n <= 29]
    ax.loglog(short, 2.0**short, color=color.theory, lw=1.5)
    ax.text(25, 4e8, "$2^n$", ha="right", fontsize=13)
    ax.set(xlabel="number of points $n$", ylabel="number of patterns $N$", xlim=(1, n_max), ylim=(1.5, 1e9))
    handles = [Line2D([], [], color=color.wall), Line2D([], [], color=color.wall, ls=":", lw=1.5)]
    ax.legend(handles, ["$N(n, d)$", "bound $2n^{d-1}$"], loc="upper left", fontsize=12)
    fig.tight_layout()
    return fig, ax


def readme_picture(path):
    """The picture of the README: cones of the five points, and the neurons of their optimal network.

    Remade from the root of the repository by
    ``python -c "from relucones_book import figures; figures.readme_picture('book/figures/readme.png')"``.
    """
    X, y = five_points()
    fig, ax = plt.subplots(figsize=(8, 5.6))
    draw_wedges(ax, X)
    draw_neurons(ax, solve_global(X, y, lam=0.02).network)
    ax.set_position([0.0, 0.01, 0.68, 0.98])
    arrows = [Line2D([], [], color=c, lw=4) for c in (color.positive, color.negative)]
    wall = Line2D([], [], color=color.wall, lw=1.5)
    handles = [*arrows, wall]
    labels = ["optimal neuron, $a_j > 0$", "optimal neuron, $a_j < 0$", "wall of data point $k$"]
    fig.legend(handles, labels, loc="center left", bbox_to_anchor=(0.665, 0.5), fontsize=13, labelspacing=1.1)
    fig.savefig(path, dpi=175, metadata={"Software": None})
    return fig, ax


# ---- the plane --------------------------------------------------------------------------------------------------


# ---- the sphere -------------------------------------------------------------------------------------------------


