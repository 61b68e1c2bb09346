"""The cover: the cones of the five points, the neurons of their best network, and the title."""

import matplotlib.pyplot as plt

from relucones import solve_global
from relucones.data import five_points
from relucones.plots.cells import draw_neurons, draw_wedges


def cover_picture(path):
    """The picture that other sites show beside a link to the book, 1200 by 630 pixels.

    Remade from the root of the repository by
    ``python -c "from relucones_book.figures.cover import cover_picture as c; \\
    c('book/_static/cover.png')"``.
    """
    X, y = five_points()
    fig = plt.figure(figsize=(12, 6.3), facecolor="#f4f9fd")
    ax = fig.add_axes((0.5, 0.02, 0.5, 0.96))
    draw_wedges(ax, X)
    draw_neurons(ax, solve_global(X, y, lam=0.02).network)
    fig.text(0.05, 0.63, "Cones\nand Coupons", fontsize=50, fontweight="bold", linespacing=1.05)
    question = "When does training a ReLU network\nend at the best network there is?"
    fig.text(0.052, 0.4, question, fontsize=21, linespacing=1.4)
    fig.text(0.052, 0.24, "An executable book, with proofs", fontsize=17, color="#555555")
    fig.savefig(path, dpi=100, metadata={"Software": None}, facecolor=fig.get_facecolor())
    return fig, ax
