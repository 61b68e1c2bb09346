"""The picture that a link to the site shows in messages and search results."""

import matplotlib.pyplot as plt

from relucones import solve_global
from relucones.data import five_points
from relucones.plots.cells import draw_neurons, draw_wedges


def preview(path=None):
    """Cones of the five points and their optimal network beside the title, 1200 by 630 pixels."""
    X, y = five_points()
    fig, ax = plt.subplots(figsize=(12, 6.3))
    draw_wedges(ax, X)
    draw_neurons(ax, solve_global(X, y, lam=0.02).network)
    ax.set_position([0.01, 0.03, 0.5, 0.94])
    fig.text(0.55, 0.6, "Cones and\nCoupons", fontsize=46, weight="bold", linespacing=1.1)
    fig.text(
        0.55,
        0.2,
        "When does gradient descent\non a two-layer ReLU network\nwith weight decay end\n"
        "at a global minimum?",
        fontsize=20,
        color="#333333",
        linespacing=1.3,
    )
    if path is not None:
        fig.savefig(path, dpi=100, metadata={"Software": None})
    return fig, ax
