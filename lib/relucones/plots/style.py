"""The book's palette and matplotlib style."""

from types import SimpleNamespace

import matplotlib.pyplot as plt

color = SimpleNamespace(
    positive="#009E73",  # neurons with a_j > 0
    negative="#CC79A7",  # neurons with a_j < 0
    good="#0072B2",  # cones that contain a global minimum; global minima
    spurious="#D55E00",  # spurious stationary points
    gaussian="#E69F00",  # probabilities under the Gaussian measure
    counting="#0072B2",  # probabilities under the counting measure
    dual="#8C5109",  # the dual function and its certificate
    cone="#56B4E9",  # one chosen activation cone
    point="#222222",  # data points
    wall="#888888",  # hyperplanes and walls
    theory="#000000",  # formulas and bounds drawn over measurements
)

plt.rcParams.update(
    {
        "figure.facecolor": "white",
        "axes.facecolor": "white",
        "savefig.facecolor": "white",
        "figure.figsize": (6.4, 4.0),
        "figure.dpi": 110,
        "font.size": 11,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": False,
        "lines.linewidth": 2,
        "legend.frameon": False,
        "svg.hashsalt": "relucones",
        "image.cmap": "cividis",
    }
)
