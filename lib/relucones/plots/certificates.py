"""Certificates: what a direction earns at its best price, and where runs end above the bound."""

import matplotlib.pyplot as plt
import numpy as np

from ..convex import Faces
from ..network import relu
from .style import color

_VERDICTS = {
    "global minimum": (color.good, "o"),
    "spurious stationary point": (color.spurious, "s"),
    "not stationary": (color.wall, "x"),
}
_TOUCHING = 1e-6  # relative distance to the lines below which a direction counts as touching


def certificate_curve(X, nu, lam, title=""):
    r"""For points in the plane: :math:`\nu^\top\sigma(Xu)` against the angle of u, and the two lines :math:`\pm2\lambda`.

    Dots: directions at which the curve touches a line, coloured by their sign. Orange: where it crosses one.
    """
    fig, ax = plt.subplots(figsize=(5.6, 4.0))
    draw_curve(ax, X, nu, lam)
    ax.set_xlabel("angle of u in degrees")
    ax.set_title(title)
    return fig, ax


def certificate_circle(X, nu, lam, solution, close=0.9):
    r"""The certificate around the circle: at direction u the curve has radius :math:`1 + h\,\nu^\top\sigma(Xu)/2\lambda`.

    The three circles are :math:`-2\lambda`, 0 and :math:`+2\lambda`. The arrows are the directions of `solution`, all of
    one length; the numbers are the weights. Below, the same curve cut open, with only its part from `close` times
    :math:`2\lambda` on.
    """
    h = 0.45
    angle = np.linspace(-180, 180, 1441)
    circle = np.stack([np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))])
    earned = nu @ relu(X @ circle) / (2 * lam)
    fig, (ax, strip) = plt.subplots(2, 1, figsize=(5.4, 8.0), height_ratios=(5, 2.2), layout="constrained")
    ax.add_patch(plt.matplotlib.patches.Annulus((0, 0), 1 + h, 2 * h, color=color.dual, alpha=0.12, lw=0))
    for r, width, name in ((1 - h, 1.5, "−2λ"), (1, 0.8, "0"), (1 + h, 1.5, "+2λ")):
        ax.plot(*(r * circle), color=color.dual, lw=width, alpha=0.8)
        ax.text(-0.02, -r - 0.03, name, ha="center", va="top", color=color.dual, fontsize=13)
    for x in X:
        wall = np.array([-x[1], x[0]]) / np.linalg.norm(x) * 1.53
        ax.plot([-wall[0], wall[0]], [-wall[1], wall[1]], ":", color=color.wall, lw=1)
    ax.plot(*((1 + h * earned) * circle), color=color.dual, lw=2.4)
    for part, shade in ((earned, color.positive), (-earned, color.negative)):
        strip.plot(angle, 100 * np.where(part > 0, part, np.nan), color=shade, lw=2.4)
    for u, s, weight in zip(solution.directions, solution.signs, solution.weights, strict=True):
        shade = color.positive if s > 0 else color.negative
        look = {"arrowstyle": "-|>", "color": shade, "lw": 2.2, "mutation_scale": 14}
        ax.annotate("", 0.48 * u, (0, 0), arrowprops=look | {"shrinkA": 0, "shrinkB": 0})
        ax.plot(*((1 + s * h) * u), "o", ms=10, color=shade, mec="white", mew=1.2, zorder=3)
        ax.text(*((1.64 if s > 0 else 0.74) * u), f"{weight:.2f}", ha="center", va="center", color=shade, fontsize=12)
        strip.plot(np.degrees(np.arctan2(u[1], u[0])), 100, "o", ms=10, color=shade, mec="white", mew=1.2, zorder=3)
    ax.set(xlim=(-1.72, 1.72), ylim=(-1.66, 1.56), aspect="equal")
    ax.set_axis_off()
    strip.axhline(100, color=color.dual, lw=1.5)
    strip.set(xlim=(-180, 180), ylim=(100 * close, 101), xlabel="angle of u in degrees", ylabel="earned, in % of the cost")
    strip.set_xticks([-180, -90, 0, 90, 180])
    return fig, (ax, strip)


def end_points(widths, values, verdicts, floor, seed=0):
    """Gap to the lower bound at the end of training, one mark per run, by width and verdict."""
    rng = np.random.default_rng(seed)
    widths, verdicts = np.asarray(widths), np.asarray(verdicts)
    gap = np.maximum(np.asarray(values) - floor, 1e-12)
    fig, ax = plt.subplots(figsize=(5.6, 4.6))
    for verdict, (shade, marker) in _VERDICTS.items():
        chosen = verdicts == verdict
        if chosen.any():
            x = widths[chosen] + rng.uniform(-0.3, 0.3, chosen.sum())
            ax.semilogy(x, gap[chosen], marker, ms=6, color=shade, alpha=0.75, label=f"{verdict} ({chosen.sum()})")
    ax.set_xticks([1, *range(5, widths.max() + 1, 5)])
    ax.set(xlabel="width m", ylabel="loss minus lower bound", ylim=(1e-12, 3))
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.22), ncols=1)
    return fig, ax


def draw_curve(ax, X, nu, lam, largest=1.0):
    """The curve in units of 2 lambda, with walls, touching and crossing directions; room for it times `largest`."""
    angle = np.linspace(-180, 180, 361)
    u = np.stack([np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))])
    curve = nu @ relu(X @ u) / (2 * lam)
    normals = np.degrees(np.arctan2(X[:, 1], X[:, 0]))
    for wall in np.concatenate([normals - 90, normals + 90]):
        ax.axvline((wall + 180) % 360 - 180, ls=":", lw=1, color=color.wall)
    ax.axhspan(-1, 1, color=color.dual, alpha=0.12, lw=0)
    for line in (-1, 1):
        ax.axhline(line, color=color.dual, lw=1.5)
    ax.fill_between(angle, curve, np.clip(curve, -1, 1), color=color.spurious, alpha=0.5, lw=0)
    ax.plot(angle, curve, color=color.dual, lw=3)
    found = Faces(X).maximisers(nu, above=2 * lam * (1 - _TOUCHING))
    for value, v, s in zip(found.values, found.directions, found.signs, strict=True):
        crossing = value > 2 * lam * (1 + _TOUCHING)
        shade = color.spurious if crossing else color.positive if s > 0 else color.negative
        place = (np.degrees(np.arctan2(v[1], v[0])), s * value / (2 * lam))
        ax.plot(*place, "D" if crossing else "o", ms=9 if crossing else 11, color=shade, zorder=3)
    low, high = 1.12 * largest * curve.min(), 1.12 * largest * curve.max()
    ax.set(xlim=(-180, 180), ylim=(min(low, -1.35), max(high, 1.35)), ylabel="νᵀσ(Xu)")
    ax.set_xticks([-180, -90, 0, 90, 180])
    ax.set_yticks([-1, 0, 1], ["−2λ", "0", "+2λ"])
