"""Figures of the chapter on one activation cone: segments of the loss, cones in the plane, forces at a wall."""

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np

from relucones import Network, solve_cone
from relucones.network import relu
from relucones.plots.style import color

_ZERO = 1e-6  # a neuron shorter than this, in units of the picture, is the zero neuron


def segment(X, y, lam, first, second, top=None, points=121):
    """The loss between two networks of one cone, along the straight line in (W, a) and along the one in v.

    Dashed lines are the chords: a convex function stays below its chord. `first` and `second` are networks of the same
    width whose neurons have the same signed patterns; `top` fixes the upper end of the axis.
    """
    t = np.linspace(0, 1, points)
    losses = [_between(first, second, u).loss(X, y, lam) for u in t]
    v = [a[:, None] * W for W, a in ((np.asarray(net.W), np.abs(net.a)) for net in (first, second))]
    signs = np.where(first.a + second.a < 0, -1, 1)
    convex = [_value(X, y, lam, (1 - u) * v[0] + u * v[1], signs) for u in t]
    fig, ax = plt.subplots(figsize=(5.6, 3.9))
    for values, name, look in ((losses, "line in $(W, a)$", color.point), (convex, "line in $v$", color.cone)):
        ax.plot(t, values, color=look, label=name, linewidth=2.6)
        ax.plot([0, 1], [values[0], values[-1]], "--", color=look, linewidth=1.2)
    ax.set(xlabel="from the first network (0) to the second (1)", ylabel="loss", ylim=(0, top))
    ax.legend(loc="upper center", ncols=2, bbox_to_anchor=(0.5, 1.14))
    return fig, ax


def cone_solution(X, patterns, signs, solution, reach=1.7):
    """The closed cones of the neurons of one cone program, and the minimiser: one arrow v per neuron."""
    fig, ax = plt.subplots(figsize=(5.2, 4.6))
    _walls(ax, X, reach)
    for j, (pattern, sign) in enumerate(zip(np.asarray(patterns, bool), signs, strict=True)):
        look = color.positive if sign > 0 else color.negative
        wedge = _wedge(X, pattern) * 3 * reach
        ax.fill(*np.vstack([[0, 0], wedge]).T, color=look, alpha=0.16, linewidth=0)
        middle = wedge.mean(axis=0)
        place = middle / np.abs(middle).max() * 0.78 * reach
        ax.text(*place, f"${j + 1}$", fontsize=14, color=look, ha="center", va="center", weight="bold")
    for u, sign, weight in zip(solution.directions, solution.signs, solution.weights, strict=True):
        look = color.positive if sign > 0 else color.negative
        ax.annotate("", weight * u, (0, 0), arrowprops={"arrowstyle": "-|>", "color": look, "linewidth": 2.6})
    _plane(ax, reach)
    return fig, ax


def single_neuron(X, y, lam, pattern, sign, reach=1.6, grid=81):
    """The plane of one neuron v: level sets of its loss, one closed cone, the minimiser in it, and the two forces.

    Inside the cone the level sets are those of the convex objective; outside they continue with the patterns found
    there, in grey. Both arrows have the same length on paper, since the two forces cancel; the number is their size.
    """
    pattern = np.asarray(pattern, bool)
    found = _minimiser(X, y, lam, pattern, sign)
    axis = np.linspace(-reach, reach, grid)
    V = np.stack(np.meshgrid(axis, axis), axis=-1)
    dots = V @ X.T
    heights = np.mean((sign * relu(dots) - y) ** 2, axis=-1) + 2 * lam * np.linalg.norm(V, axis=-1)
    # A little more than the cone, so that clipping cuts the lines exactly at the walls.
    near = np.where(pattern, dots, -dots).min(axis=-1) >= -6 * reach / grid
    fig, ax = plt.subplots(figsize=(5.2, 5.0))
    _walls(ax, X, reach)
    corners = np.vstack([[0, 0], _wedge(X, pattern) * 3 * reach])
    (cone,) = ax.fill(*corners.T, color=color.cone, alpha=0.22, linewidth=0)
    # Few lines and a coarse grid: a slider over all patterns holds 20 of these figures.
    span = heights.max() - heights.min()
    ax.contour(axis, axis, heights, levels=heights.min() + span * np.geomspace(0.005, 1, 6), colors="#bdbdbd", linewidths=0.8)
    levels = found.value + span * np.geomspace(0.004, 1, 9)
    lines = ax.contour(axis, axis, np.where(near, heights, np.nan), levels=levels, colors=color.good, linewidths=1.5)
    lines.set_clip_path(cone)
    if found.push > 0:
        for way, look in ((-1, color.dual), (1, color.point)):
            tip = found.v + way * 0.45 * found.normal
            ax.annotate("", tip, found.v, arrowprops={"arrowstyle": "-|>", "color": look, "linewidth": 2.4})
    ax.plot(*found.v, "o", color=color.good, markersize=10, markeredgecolor="white", zorder=5)
    ax.set_title(f"{name_pattern(pattern, sign)}: minimum {found.value:.3f}, {found.place}", fontsize=12)
    _plane(ax, reach)
    return fig, ax


def through_the_wall(X, y, lam, solution, moves, reach=0.03):
    """The change of the loss when one neuron of a cone's minimiser moves through its wall, all others held still.

    `moves` lists pairs of a neuron and a point, counted from 0; the neuron moves along that point, so that to the right
    it is active there and to the left it is not.
    """
    fig, ax = plt.subplots(figsize=(5.6, 3.9))
    steps = np.linspace(-reach, reach, 201)
    V = solution.weights[:, None] * solution.directions
    start = _value(X, y, lam, V, solution.signs)
    for (j, k), style in zip(moves, ("-", "--"), strict=False):
        change = []
        for step in steps:
            moved = V.copy()
            moved[j] = moved[j] + step * X[k] / np.linalg.norm(X[k])
            change.append(_value(X, y, lam, moved, solution.signs) - start)
        look = color.positive if solution.signs[j] > 0 else color.negative
        sign = "positive" if solution.signs[j] > 0 else "negative"
        ax.plot(steps, 1e3 * np.array(change), style, color=look, label=f"{sign} neuron, wall of $x_{k + 1}$")
    ax.axvline(0, color=color.wall, linewidth=1)
    ax.axhline(0, color=color.wall, linewidth=1)
    ax.plot(0, 0, "o", color=color.good, markersize=9, zorder=5)
    ax.set(xlabel="inactive   $\\leftarrow$   distance to the wall   $\\rightarrow$   active")
    ax.set(ylabel="change of the loss, in thousandths")
    ax.legend(loc="upper center")
    return fig, ax


def name_pattern(pattern, sign):
    """A signed pattern as the book writes it in captions: the sign, then one digit per point."""
    return ("+" if sign > 0 else "−") + "".join("1" if active else "0" for active in pattern)


def describe_minimum(X, y, lam, pattern, sign):
    """One sentence on the minimiser of a single-neuron cone, for alt texts: its value and whether it lies on a wall."""
    found = _minimiser(X, y, lam, np.asarray(pattern, bool), sign)
    return (
        f"Plane of one neuron with signed pattern {name_pattern(pattern, sign)}: its cone is shaded, "
        f"the minimiser is {found.place}, the minimum is {found.value:.3f}."
    )


def _minimiser(X, y, lam, pattern, sign):
    """Where the minimiser of a single-neuron cone lies, and the force with which walls hold it there."""
    solution = solve_cone(X, y, lam, pattern[None], [sign])
    v = (solution.weights[:, None] * solution.directions).sum(axis=0)
    if np.linalg.norm(v) < _ZERO:
        return SimpleNamespace(value=solution.value, v=np.zeros(2), push=0.0, normal=None, place="at the tip (zero)")
    on = solution.vanishing[0]
    if not on.any():
        return SimpleNamespace(value=solution.value, v=v, push=0.0, normal=None, place="in the interior")
    force = (np.where(pattern, 1, -1) * on * solution.multipliers[0]) @ X
    push = np.linalg.norm(force)
    names = " and ".join(f"$x_{k + 1}$" for k in np.flatnonzero(on))
    place = f"on the wall of {names}"
    return SimpleNamespace(value=solution.value, v=v, push=push, normal=force / push, place=place)


def _between(first, second, t):
    return Network((1 - t) * first.W + t * second.W, (1 - t) * first.a + t * second.a)


def _value(X, y, lam, V, signs):
    """The convex objective of vectors v (m, d) with signs: the loss of their balanced lift."""
    return np.mean((np.asarray(signs) @ relu(V @ X.T) - y) ** 2) + 2 * lam * np.linalg.norm(V, axis=1).sum()


def _wedge(X, pattern):
    """The two unit rays (2, 2) that bound the closed cone of a pattern in the plane, the cell being less than a half."""
    side = np.where(pattern, 1.0, -1.0)[:, None] * X
    normals = np.concatenate([side @ turn for turn in ([[0, 1], [-1, 0]], [[0, -1], [1, 0]])])
    rays = normals / np.linalg.norm(normals, axis=1, keepdims=True)
    rays = rays[(rays @ side.T >= -1e-12).all(axis=1)]
    gaps = rays @ rays.T
    i, j = np.unravel_index(gaps.argmin(), gaps.shape)
    return rays[[i, j]]


def _walls(ax, X, reach):
    for k, x in enumerate(X):
        along = np.array([-x[1], x[0]]) / np.linalg.norm(x)
        ax.plot(*(np.outer([-3 * reach, 3 * reach], along).T), color=color.wall, linewidth=1, zorder=1)
        end = along if along[1] > 0 else -along
        place = end * 0.93 * reach / np.abs(end).max()
        ax.text(*place, f"$x_{k + 1}$", color="#555555", fontsize=11, ha="center", va="center",
                bbox={"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.8})  # fmt: skip


def _plane(ax, reach):
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), xlabel="first coordinate", ylabel="second coordinate")
    ax.set(xticks=[-1, 0, 1], yticks=[-1, 0, 1])
    ax.set_aspect("equal")
