"""Figures of chapter 4: bounds from below, and the dual certificate of planar data."""

import matplotlib.pyplot as plt
import numpy as np

from ..faces import Faces
from ..network import relu
from .style import color

_VERDICTS = {
    "global minimum": (color.good, "o"),
    "spurious stationary point": (color.spurious, "s"),
    "not stationary": (color.wall, "x"),
}
_TOUCHING = 1e-6  # relative distance to the lines below which a direction counts as touching


def loss_floor(widths, values, floor, on_floor=1e-7, just_above=1e-3):
    """Losses of many networks against their width, and the value that none of them can be below.

    Those within `on_floor` of it are drawn a little to the left of their width, those within `just_above` to the right.
    """
    widths, gap = np.asarray(widths), np.asarray(values) - floor
    on, near = gap <= on_floor, (gap > on_floor) & (gap <= just_above)
    groups = (
        (~on & ~near, 1.0, "o", {"color": color.cone, "alpha": 0.7}, "above the line"),
        (near, 1.06, "^", {"mfc": color.cone, "mec": color.point}, "just above the line"),
        (on, 0.95, "o", {"color": color.good}, "on the line"),
    )
    fig, ax = plt.subplots(figsize=(5.6, 4.0))
    ax.axhspan(0, floor, color=color.dual, alpha=0.18, lw=0)
    ax.axhline(floor, color=color.dual)
    for chosen, shift, marker, look, label in groups:
        size = 6 if marker == "o" else 8
        where = shift * widths[chosen]
        ax.semilogx(where, gap[chosen] + floor, marker, ms=size, label=f"{label} ({chosen.sum()})", zorder=3, **look)
    ax.text(widths.min(), floor / 2, "no network of any width", color=color.dual, va="center", fontsize=13)
    ticks = np.unique(widths)
    ax.set_xticks(ticks, [str(w) for w in ticks])
    ax.minorticks_off()
    ax.set(xlabel="width m", ylabel="best loss in a random cone", ylim=(0, 1.05 * (gap.max() + floor)))
    ax.legend(loc="upper right")
    return fig, ax


def one_number_bound(nu, y=1.0, lam=0.1):
    r"""The loss :math:`(y-c)^2 + 2\lambda|c|` of one number c, and the function below it that belongs to `nu`.

    The function is :math:`\nu(y-c) - \nu^2/4 + 2\lambda|c|`. While :math:`|\nu| \le 2\lambda` it is smallest at c = 0.
    """
    c = np.linspace(-0.6, 1.8, 481)
    cost = 2 * lam * np.abs(c)
    fig, ax = plt.subplots(figsize=(5.6, 4.0))
    ax.plot(c, (y - c) ** 2 + cost, color=color.point, label="loss of c")
    ax.plot(c, nu * (y - c) - nu**2 / 4 + cost, color=color.dual, label="function of ν below it")
    if abs(nu) <= 2 * lam * (1 + 1e-12):
        bound = nu * y - nu**2 / 4
        ax.axhspan(-0.1, bound, color=color.dual, alpha=0.18, lw=0)
        ax.set_title(f"ν = {nu:.2f}: no loss below {bound:.4f}")
    else:
        ax.set_title(f"ν = {nu:.2f} > 2λ = {2 * lam:.2f}: no bound at all", color=color.spurious)
    ax.set(xlabel="c", ylabel="loss", xlim=(-0.6, 1.8), ylim=(-0.1, 1.2))
    ax.legend(loc="upper center", bbox_to_anchor=(0.58, 1.0))
    return fig, ax


def certificate_curve(X, nu, lam, title=""):
    r"""For points in the plane: :math:`\nu^\top\sigma(Xu)` against the angle of u, and the two lines :math:`\pm2\lambda`.

    Dots: directions at which the curve touches a line, coloured by their sign. Orange: where it crosses one.
    """
    fig, ax = plt.subplots(figsize=(5.6, 4.0))
    _draw_curve(ax, X, nu, lam)
    ax.set_xlabel("angle of u in degrees")
    ax.set_title(title)
    return fig, ax


def scaled_dual(X, y, nu, lam, t):
    r"""Above: the curve of :math:`t\nu`. Below: the dual value :math:`t\,y^\top\nu - \frac n4t^2\|\nu\|^2` against t."""
    largest = Faces(X).maximisers(nu).values[0]
    limit = 2 * lam / largest
    ts = np.linspace(0, 1, 201)
    value = ts * (y @ nu) - len(y) / 4 * ts**2 * (nu @ nu)
    here = t * (y @ nu) - len(y) / 4 * t**2 * (nu @ nu)
    fig, (top, bottom) = plt.subplots(2, 1, figsize=(5.6, 6.4), height_ratios=(3, 2), layout="constrained")
    _draw_curve(top, X, t * nu, lam, largest=1 / t)
    top.set_xlabel("angle of u in degrees")
    feasible = ts <= limit
    bottom.plot(ts, value, "--", color=color.wall)
    bottom.plot(ts[feasible], value[feasible], color=color.dual, lw=3.5)
    inside = t <= limit * (1 + 1e-9)
    bottom.plot(t, here, "o", ms=11, color=color.dual if inside else color.spurious)
    bottom.text(limit, 0.96 * value.max(), "  too far: no bound", va="top", color=color.spurious)
    bottom.axvspan(limit, 1, color=color.spurious, alpha=0.08, lw=0)
    bottom.set(xlabel="scale t", ylabel="value", xlim=(0, 1), ylim=(0, 1.08 * value.max()))
    verdict = f"every network has loss ≥ {here:.4f}" if inside else "outside the lines: nothing is proved"
    top.set_title(f"t = {t:.3f}: {verdict}")
    return fig, (top, bottom)


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


def _draw_curve(ax, X, nu, lam, largest=1.0):
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
