"""Activation cones of anybody's points: in the plane, on the sphere, by size."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.patches import Circle, Wedge

from ..arrangement import activation_patterns
from .style import color

# A cell is the darker the more points are active in it. Neighbours differ in one point, so they differ in shade.
_shades = LinearSegmentedColormap.from_list("active points", ["#fbfdff", "#b9def3", color.cone])
_RIM = 1.5  # radius of the drawn part of weight space; patterns stand near it
_VIEW = np.array([[0.36, 0.48, -0.8], [-0.8, 0.6, 0.0], [0.48, 0.64, 0.6]])  # rows: right, up, towards the reader
_PIXELS = 440


def bits(pattern):
    """An activation pattern as a string: ``bits([True, False, True])`` is ``'101'``."""
    return "".join("1" if active else "0" for active in pattern)


def weight_space(X, network=None):
    """The cells of points in the plane: wedges between the walls, each with its activation pattern.

    With a `network`, its inner weights are arrows, coloured by the sign of the outer weight.
    """
    fig, ax = plt.subplots(figsize=(5.4, 5.2))
    draw_wedges(ax, X)
    if network is not None:
        draw_neurons(ax, network)
    fig.tight_layout()
    return fig, ax


def turn_weight(X, degrees):
    """Data space beside weight space: a weight w at an angle, the points it activates, and the cell it lies in."""
    w = np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])
    fig, axes = plt.subplots(1, 2, figsize=(5.6, 3.4), width_ratios=[0.72, 1])
    reach = 1.15 * np.abs(X).max() + 0.15
    left = axes[0]
    left.add_patch(Wedge((0, 0), 3 * reach, degrees - 90, degrees + 90, color=color.cone, alpha=0.25, lw=0))
    across = 3 * reach * np.array([-w[1], w[0]])
    left.plot(*np.transpose([-across, across]), color=color.wall, ls="--", lw=1.5)
    active = X @ w > 0
    left.scatter(*X[active].T, s=180, color=color.point, zorder=3)
    left.scatter(*X[~active].T, s=180, facecolor="white", edgecolor=color.point, lw=1.5, zorder=3)
    for k, (x, on) in enumerate(zip(X, active, strict=True), 1):
        left.text(*x, str(k), ha="center", va="center", color="white" if on else color.point, fontsize=12, zorder=4)
    _arrow(left, 0.6 * w, color.point)
    left.text(*(0.75 * w), "$w$", ha="center", va="center", color=color.point, fontsize=15, zorder=5)
    left.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", xticks=[], yticks=[])
    left.set_title("data space", fontsize=13)
    left.spines[:].set_color("#bbbbbb")
    left.spines[:].set_visible(True)
    draw_wedges(axes[1], X, chosen=bits(active))
    _arrow(axes[1], 0.78 * w, color.point)  # short of the patterns; only its direction matters
    axes[1].set_title(f"weight space: {bits(active)}", fontsize=13)
    fig.subplots_adjust(left=0.02, right=0.99, top=0.92, bottom=0.02, wspace=0.03)
    return fig, axes


def sphere_cells(X, patterns=True):
    """The cells of points in R^3 on the unit sphere, as two maps of equal area: the front and the back.

    The darker a cell, the more points are active. Each great circle is one wall, with the number of its point.
    """
    fig, axes = _two_maps()
    cells = activation_patterns(X)
    for ax, side in zip(axes, ("front", "back"), strict=True):
        directions, inside = _map_grid(side)
        active = directions @ X.T > 0
        _fill(ax, _shades(0.05 + 0.9 * active.mean(axis=-1)), inside)
        _draw_great_circles(ax, X, side)
        if patterns:
            _write_patterns(ax, active, inside)
    fig.suptitle(f"{len(X)} {'wall' if len(X) == 1 else 'walls'}, {len(cells)} cells", y=0.06, fontsize=14)
    return fig, axes


def new_wall(X):
    """The last point's wall in R^3, and the cells of the other points that it meets: exactly these are split."""
    fig, axes = _two_maps()
    for ax, side in zip(axes, ("front", "back"), strict=True):
        directions, inside = _map_grid(side)
        met = _met_by(X[-1], X[:-1], directions)
        shade = np.where(met[..., None], to_rgb(color.cone), to_rgb("#eeeeee"))
        _fill(ax, np.dstack([shade, np.ones(met.shape)]), inside)
        _draw_great_circles(ax, X, side, highlight=len(X) - 1)
    return fig, axes


def cell_sizes(shares):
    """A histogram of the cells' shares of the sphere, on a log axis, with the share that equal cells would have."""
    shares = np.asarray(shares)
    fig, ax = plt.subplots(figsize=(5.4, 3.7))
    edges = np.logspace(np.floor(np.log10(shares.min())), np.ceil(np.log10(shares.max())), 36)
    ax.hist(shares, bins=edges, color=color.gaussian, edgecolor="white", lw=0.5)
    ax.axvline(1 / len(shares), color=color.counting, lw=2)
    top = 1.1 * ax.get_ylim()[1]
    ax.set_ylim(0, top)
    ax.text(0.8 / len(shares), top, "all cells equal: $1/N$", color=color.counting, ha="right", va="top", fontsize=12)
    ax.set_xscale("log")
    ax.set(xlabel="share of the sphere", ylabel="number of cells")
    fig.tight_layout()
    return fig, ax


def draw_wedges(ax, X, chosen=None):
    """Wedges with their patterns; with `chosen`, that wedge alone is coloured."""
    size, reach = (12, 1.25) if chosen is None else (10, 1.17)
    walls = np.sort(np.concatenate([np.degrees(np.arctan2(X[:, 1], X[:, 0])) + turn for turn in (90, 270)]) % 360)
    for start, end in zip(walls, np.roll(walls, -1), strict=True):
        middle = np.radians(start + ((end - start) % 360) / 2)
        u = np.array([np.cos(middle), np.sin(middle)])
        pattern = X @ u > 0
        face = _shades(0.05 + 0.9 * pattern.mean())
        if chosen is not None:
            face = color.cone if bits(pattern) == chosen else "#f1f1f1"
        ax.add_patch(Wedge((0, 0), _RIM, start, end, facecolor=face, lw=0))
        turn = np.degrees(middle) % 360
        upright = turn if turn <= 90 or turn >= 270 else turn + 180
        ax.text(*(reach * u), bits(pattern), rotation=upright, ha="center", va="center", fontsize=size)
    for k, x in enumerate(X, 1):
        along = _RIM * np.array([-x[1], x[0]]) / np.linalg.norm(x)
        ax.plot(*np.transpose([-along, along]), color=color.wall, lw=1.5)
        for end in (along, -along):
            ax.text(*(1.09 * end), str(k), color="#555555", ha="center", va="center", fontsize=12)
    if chosen is None:
        ax.add_patch(Circle((0, 0), 1, fill=False, color=color.wall, lw=0.8, ls=":"))
    ax.set(xlim=(-1.72, 1.72), ylim=(-1.72, 1.72), aspect="equal")
    ax.axis("off")


def draw_neurons(ax, network):
    """The neurons of a network in the plane as arrows, coloured by the sign of their outer weight."""
    for w, a in zip(network.W, network.a, strict=True):
        _arrow(ax, w, color.positive if a > 0 else color.negative)


def _arrow(ax, tip, shade):
    style = {"arrowstyle": "-|>", "color": shade, "lw": 3.5, "mutation_scale": 20, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", xy=tip, xytext=(0, 0), arrowprops=style, zorder=4)


def _two_maps():
    fig, axes = plt.subplots(1, 2, figsize=(5.4, 3.1))
    for ax, side in zip(axes, ("front", "back"), strict=True):
        ax.set(xlim=(-1.13, 1.13), ylim=(-1.13, 1.13), aspect="equal")
        ax.axis("off")
        ax.set_title(side, fontsize=13, pad=2)
    fig.subplots_adjust(left=0.01, right=0.99, top=0.94, bottom=0.06, wspace=0.02)
    return fig, axes


def _map_grid(side):
    """Lambert's equal-area map, inverted on a grid of pixels: unit directions and which pixels lie on the disc."""
    x, y = np.meshgrid(np.linspace(-1, 1, _PIXELS), np.linspace(-1, 1, _PIXELS))
    square = x**2 + y**2
    stretch = np.sqrt(np.maximum(2 - square, 0))
    flip = 1 if side == "front" else -1  # the back is seen after half a turn about the upward axis
    local = np.stack([flip * x * stretch, y * stretch, flip * (1 - square)], axis=-1)
    return local @ _VIEW, square <= 1


def _fill(ax, colours, inside):
    colours = np.array(colours)
    colours[~inside, 3] = 0
    ax.imshow(colours, extent=(-1, 1, -1, 1), origin="lower", interpolation="nearest")
    ax.add_patch(Circle((0, 0), 1, fill=False, color="#444444", lw=1))
    ax.set(xlim=(-1.13, 1.13), ylim=(-1.13, 1.13))


def _draw_great_circles(ax, X, side, highlight=None):
    t = np.linspace(0, 2 * np.pi, 721)
    for k, x in enumerate(X):
        _, _, Vt = np.linalg.svd(x[None])
        circle = np.cos(t)[:, None] * Vt[1] + np.sin(t)[:, None] * Vt[2]
        right, up, near = (circle @ _VIEW.T).T
        flip = 1 if side == "front" else -1
        seen = flip * near >= 0
        x_map, y_map = flip * right / np.sqrt(1 + np.abs(near)), up / np.sqrt(1 + np.abs(near))
        line = {"color": "#666666", "lw": 1.2} if k != highlight else {"color": color.point, "lw": 4}
        ax.plot(np.where(seen, x_map, np.nan), np.where(seen, y_map, np.nan), **line)
        rim = np.flatnonzero(seen & ~np.roll(seen, 1)) if not seen.all() else []
        for i in rim:
            for sign in (1, -1):
                ax.text(sign * 1.07 * x_map[i], sign * 1.07 * y_map[i], str(k + 1), ha="center", va="center",
                        fontsize=12, color=line["color"])  # fmt: skip


def _met_by(x, others, directions):
    """Whether the cell of the `others` that holds each of the `directions` is met by the hyperplane of `x`."""
    plane = np.linalg.svd(x[None])[2][1:]
    met = {pattern.tobytes() for pattern in activation_patterns(others @ plane.T)}
    active = directions @ others.T > 0
    return np.array([row.tobytes() in met for row in active.reshape(-1, len(others))]).reshape(active.shape[:2])


def _write_patterns(ax, active, inside):
    """Write each pattern at the middle of its patch, where there is room."""
    from scipy.ndimage import distance_transform_edt

    codes = active @ (1 << np.arange(active.shape[-1]))
    for code in np.unique(codes[inside]):
        room = distance_transform_edt(np.pad((codes == code) & inside, 1))[1:-1, 1:-1]
        row, column = np.unravel_index(room.argmax(), room.shape)
        if room[row, column] > 0.085 * _PIXELS:
            at = 2 * np.array([column, row]) / (_PIXELS - 1) - 1
            ax.text(*at, bits(active[row, column]), ha="center", va="center", fontsize=11)
