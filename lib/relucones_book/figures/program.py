"""Figures of *The whole landscape as one convex program*: bounds from below, and the dual
certificate of planar data."""

import matplotlib.pyplot as plt
import numpy as np

from relucones.convex import Faces
from relucones.plots.certificates import draw_curve
from relucones.plots.style import color


def loss_floor(widths, values, floor, on_floor=1e-7, just_above=1e-3):
    """Losses of many networks against their width, and the value that none of them can be below.

    Those within `on_floor` of it are drawn a little to the left of their width, those within
    `just_above` to the right.
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
        ax.semilogx(
            where,
            gap[chosen] + floor,
            marker,
            ms=size,
            label=f"{label} ({chosen.sum()})",
            zorder=3,
            **look,
        )
    ax.text(
        widths.min(),
        floor / 2,
        "no network of any width",
        color=color.dual,
        va="center",
        fontsize=13,
    )
    ticks = np.unique(widths)
    ax.set_xticks(ticks, [str(w) for w in ticks])
    ax.minorticks_off()
    ax.set(
        xlabel="width m", ylabel="best loss in a random cone", ylim=(0, 1.05 * (gap.max() + floor))
    )
    ax.legend(loc="upper right")
    return fig, ax


def one_number_bound(nu, y=1.0, lam=0.1):
    r"""The loss :math:`(y-c)^2 + 2\lambda|c|` of one number c, and the function below it that
    belongs to `nu`.

    The function is :math:`\nu(y-c) - \nu^2/4 + 2\lambda|c|`. While :math:`|\nu| \le 2\lambda` it is
    smallest at c = 0.
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


def scaled_dual(X, y, nu, lam, t):
    r"""Above: the curve of :math:`t\nu`. Below: the dual value :math:`t\,y^\top\nu - \frac
    n4t^2\|\nu\|^2` against t."""
    largest = Faces(X).maximisers(nu).values[0]
    limit = 2 * lam / largest
    ts = np.linspace(0, 1, 201)
    value = ts * (y @ nu) - len(y) / 4 * ts**2 * (nu @ nu)
    here = t * (y @ nu) - len(y) / 4 * t**2 * (nu @ nu)
    fig, (top, bottom) = plt.subplots(
        2, 1, figsize=(5.6, 6.4), height_ratios=(3, 2), layout="constrained"
    )
    draw_curve(top, X, t * nu, lam, largest=1 / t)
    top.set_xlabel("angle of u in degrees")
    feasible = ts <= limit
    bottom.plot(ts, value, "--", color=color.wall)
    bottom.plot(ts[feasible], value[feasible], color=color.dual, lw=3.5)
    inside = t <= limit * (1 + 1e-9)
    bottom.plot(t, here, "o", ms=11, color=color.dual if inside else color.spurious)
    bottom.text(limit, 0.96 * value.max(), "  too far: no bound", va="top", color=color.spurious)
    bottom.axvspan(limit, 1, color=color.spurious, alpha=0.08, lw=0)
    bottom.set(xlabel="scale t", ylabel="value", xlim=(0, 1), ylim=(0, 1.08 * value.max()))
    verdict = (
        f"every network has loss ≥ {here:.4f}" if inside else "outside the lines: nothing is proved"
    )
    top.set_title(f"t = {t:.3f}: {verdict}")
    return fig, (top, bottom)
