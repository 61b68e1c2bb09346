"""Figures of the chapter on the small-initialisation trap: directions around e_1, plateaus, ends of
stored runs."""

import matplotlib.pyplot as plt
import numpy as np

from relucones.plots.style import color

_FINE = 181  # angles of the price map
FLOOR = 1e-9  # excesses below rounding are drawn here


def seen(U):
    """Where unit vectors (..., 3) are drawn: at the distance of their angle to e_1, in degrees, so
    the whole sphere is seen."""
    length = np.linalg.norm(U[..., 1:], axis=-1, keepdims=True)
    angle = np.degrees(np.arctan2(length, U[..., :1]))
    return angle * np.divide(U[..., 1:], length, out=np.zeros_like(U[..., 1:]), where=length > 0)


def sphere(ax, X):
    """The sphere around e_1 with the walls of the points (n, 3)."""
    t = np.linspace(0, 2 * np.pi, 181)
    for x in X:
        p, q = np.linalg.svd(x[None])[2][1:]
        wall = seen(np.outer(np.cos(t), p) + np.outer(np.sin(t), q))
        ax.plot(*wall.T, color=color.wall, linewidth=1)
    ax.plot(180 * np.cos(t), 180 * np.sin(t), color=color.theory, linewidth=0.8)
    ax.set(aspect="equal", xlim=(-184, 184), ylim=(-184, 184))
    ax.axis("off")


def on_disc():
    """A grid of unit vectors (_FINE, 2 _FINE, 3), and where they are drawn."""
    angle, turn = (
        np.radians(np.linspace(0, 180, _FINE))[:, None],
        np.linspace(0, 2 * np.pi, 2 * _FINE),
    )
    U = np.stack(
        [np.cos(angle) + 0 * turn, np.sin(angle) * np.cos(turn), np.sin(angle) * np.sin(turn)],
        axis=-1,
    )
    return U, (np.degrees(angle) * np.cos(turn), np.degrees(angle) * np.sin(turn))


def _label(ax, u, text, shift, look):
    ax.annotate(
        text,
        seen(u),
        xytext=shift,
        textcoords="offset points",
        color=look,
        fontsize=13,
        ha="center",
        va="center",
    )


def trap_data(X, rank_one, optimal):
    """Points, the rank-one direction and the optimal directions on the sphere, with e_1 in the
    middle.

    Parameters
    ----------
    X : array (3, 3)
    rank_one : array (3,)
        A unit vector.
    optimal : array (3, 3)
        Unit vectors, the one between the others first.
    """
    fig, ax = plt.subplots(figsize=(5.2, 5.4))
    sphere(ax, X)
    ax.plot(*seen(X).T, "o", color=color.point, markersize=8)
    for k, (x, shift) in enumerate(zip(X, ((0, -15), (-4, -15), (4, -15)), strict=True)):
        _label(ax, x, f"$x_{k + 1}$", shift, color.point)
    ax.plot(*seen(rank_one), "D", color=color.spurious, markersize=7, label="one direction")
    ax.plot(
        *seen(np.array(optimal)).T,
        "s",
        color=color.good,
        markersize=7,
        label="three directions, cheaper",
    )
    for u, name, shift in zip(
        optimal, ("$u_0$", "$u_-$", "$u_+$"), ((18, -2), (-16, 6), (17, 6)), strict=True
    ):
        _label(ax, u, name, shift, color.good)
    _label(ax, rank_one, r"$\beta^\star$", (16, 7), color.spurious)
    fig.legend(loc="lower center", fontsize=11, ncols=2, handletextpad=0.3)
    fig.subplots_adjust(left=0.01, right=0.99, top=0.99, bottom=0.08)
    return fig, ax


def price_map(X, prices, marks=()):
    r"""What a positive neuron earns per unit of cost, over its direction:
    :math:`\bar\nu^\top\sigma(Xu)`, e_1 in the middle.

    Parameters
    ----------
    X : array (3, 3)
    prices : array (3,)
        The dual vector, divided by :math:`2\lambda`: above 1 a neuron pays.
    marks : list of tuples
        ``(direction, label, concept)``.
    """
    U, place = on_disc()
    earned = np.maximum(U @ X.T, 0) @ prices
    fig, ax = plt.subplots(figsize=(6.0, 4.9))
    filled = ax.contourf(
        *place, earned, levels=np.linspace(-0.6, 1, 17), cmap="cividis", extend="both"
    )
    if earned.max() > 1 + 1e-3:
        ax.contourf(*place, earned, levels=[1 + 1e-3, 9], colors=[color.spurious])
    sphere(ax, X)
    for u, name, concept in marks:
        value = np.maximum(X @ u, 0) @ prices
        at = seen(u)
        ax.plot(*at, "s", color=getattr(color, concept), markersize=8, markeredgecolor="white")
        box = {"facecolor": "white", "alpha": 0.85, "pad": 2, "edgecolor": "none"}
        ax.text(
            at[0], at[1] + 22, f"{name}{value:.2f}", ha="center", va="center", fontsize=11, bbox=box
        )
    bar = fig.colorbar(filled, ax=ax, shrink=0.85, ticks=[-0.5, 0, 0.5, 1])
    bar.set_label("earned per unit of cost")
    return fig, ax


def neuron_disc(X, W, a):
    """Where the neurons point, e_1 in the middle: filled if on somewhere; the area grows with the
    size.

    Parameters
    ----------
    X : array (3, 3)
    W, a : arrays (m, 3), (m,)
    """
    U = W / np.maximum(np.linalg.norm(W, axis=1, keepdims=True), 1e-300)
    size = np.abs(a) * np.linalg.norm(W, axis=1)
    area = 22 + 500 * size / max(size.sum(), 1e-300) * min(1.0, size.sum() / 0.05)
    on = (W @ X.T > 0).any(axis=1)
    fig, ax = plt.subplots(figsize=(5.0, 5.6))
    sphere(ax, X)
    for sign, look in ((1, color.positive), (-1, color.negative)):
        own = np.sign(a) == sign
        for living, face, name in ((True, look, "on somewhere"), (False, "none", "off everywhere")):
            chosen = own & (on == living)
            label = f"$s = {sign:+d}$, {name}"
            ax.scatter(
                *seen(U[chosen]).T,
                s=area[chosen],
                facecolor=face,
                edgecolor=look,
                linewidth=1.3,
                alpha=0.85,
                label=label,
            )
    ax.plot(*seen(X).T, "x", color=color.point, markersize=8)
    handles, labels = ax.get_legend_handles_labels()
    keys = fig.legend(
        handles, labels, loc="lower center", ncols=2, fontsize=10.5, handletextpad=0.2
    )
    for key in keys.legend_handles:
        key.set_sizes([40])
    fig.subplots_adjust(left=0.01, right=0.99, top=0.99, bottom=0.12)
    return fig, ax


def plateaus(panels, level):
    """The excess of the loss over p* along training, one curve per run, and the excess of the
    rank-one network.

    Parameters
    ----------
    panels : dict
        Titles, each with a tuple (time (T,), excess (runs, T)).
    level : float
    """
    fig, axes = plt.subplots(1, len(panels), figsize=(6.8, 3.8), sharey=True)
    for ax, (title, (time, excess)) in zip(np.atleast_1d(axes), panels.items(), strict=True):
        time, excess = time[1:], np.maximum(excess[:, 1:], FLOOR)
        for run in excess:
            look = color.spurious if run[-1] > level / 1e3 else color.good
            ax.plot(time, run, color=look, linewidth=1.4, alpha=0.8)
        ax.axhline(level, linestyle="--", color=color.theory, linewidth=1.2)
        ax.set(xscale="log", yscale="log", xlabel="time $t$", title=title, ylim=(FLOOR * 0.6, 2))
    np.atleast_1d(axes)[0].set_ylabel("$L_\\lambda - p^\\star$")
    np.atleast_1d(axes)[0].annotate(
        "rank one", (time[1], level), xytext=(0, -12), textcoords="offset points", fontsize=11
    )
    fig.tight_layout()
    return fig, axes


def ends_by_width(families, level):
    """The relative excess at the end of every run against the width, a few places apart so that
    equal ends are seen.

    Parameters
    ----------
    families : dict
        Titles, each with a tuple (widths (r,), gaps (r,)).
    level : float
        The excess of the rank-one network.
    """
    fig, axes = plt.subplots(1, len(families), figsize=(6.8, 3.6), sharey=True)
    for ax, (title, (widths, gaps)) in zip(np.atleast_1d(axes), families.items(), strict=True):
        for m in np.unique(widths):
            here = np.maximum(gaps[widths == m], 0)
            spread = m * np.geomspace(0.78, 1.28, len(here))
            stuck = here > level / 1e3
            ax.plot(spread[stuck], here[stuck], "o", color=color.spurious, markersize=4)
            ax.plot(spread[~stuck], here[~stuck], "s", color=color.good, markersize=4)
        ax.axhline(level, linestyle="--", color=color.theory, linewidth=1.2, zorder=0)
        ax.axhline(0, linestyle="--", color=color.good, linewidth=1.2, zorder=0)
        ax.set(xscale="log", xlabel="width $m$", title=title, ylim=(-0.0009, 1.35 * level))
    first = np.atleast_1d(axes)[0]
    first.set_ylabel("$L_\\lambda / p^\\star - 1$")
    for height, text in ((level, "rank one"), (0, "global minimum")):
        first.annotate(
            text, (widths.min(), height), xytext=(0, 7), textcoords="offset points", fontsize=11
        )
    fig.tight_layout()
    return fig, axes


def gap_by_decay(lams, gaps, run_lams, run_gaps, threshold, limit):
    r"""What the rank-one network costs too much, in units of :math:`2\lambda`: closed curve, and
    where runs ended.

    Parameters
    ----------
    lams, gaps : arrays
        The curve.
    run_lams, run_gaps : arrays
    threshold, limit : floats
        The weight decay from which on rank one is optimal, and the value of the curve as it tends
        to 0.
    """
    fig, ax = plt.subplots(figsize=(6.0, 3.9))
    ax.plot(lams, gaps, color=color.spurious, label="rank-one network")
    ax.plot(run_lams, run_gaps, "o", color=color.point, markersize=5, label="ends of runs")
    ax.axhline(
        limit, linestyle=":", color=color.theory, linewidth=1.4, label=r"limit for $\lambda \to 0$"
    )
    ax.axvline(threshold, linestyle="--", color=color.theory, linewidth=1.2)
    ax.annotate(
        r"$\lambda_c$",
        (threshold, 0.55 * limit),
        xytext=(12, 0),
        textcoords="offset points",
        fontsize=13,
    )
    ax.set(
        xscale="log",
        xlabel=r"weight decay $\lambda$",
        ylabel=r"$(L_\lambda - p^\star) / 2\lambda$",
        ylim=(-0.0006, 1.12 * limit),
    )
    ax.legend(loc="lower left", fontsize=11)
    return fig, ax


def stacked_bars(ax, scales, shares, looks, fontsize):
    """One bar per scale, cut into the shares of the named kinds of ends, each with its colour."""
    place, bottom = np.arange(len(scales)), np.zeros(len(scales))
    for (name, share), look in zip(shares.items(), looks, strict=False):
        ax.bar(place, share, bottom=bottom, color=look, width=0.8, label=name)
        bottom = bottom + share
    ax.set_xticks(place, [f"{scale:g}" for scale in scales], fontsize=fontsize)


def ends_by_scale(panels):
    r"""How many directions the ends of the runs have, as shares, against :math:`\alpha\sqrt m`.

    Parameters
    ----------
    panels : dict
        Titles, each with a tuple (totals (t,), shares (t, 3)): the shares of ends with one, two and
        three directions.
    """
    fig, axes = plt.subplots(1, len(panels), figsize=(6.8, 3.7), sharey=True)
    looks = (color.spurious, color.gaussian, color.good)
    names = ("one direction", "two directions", "three: global minimum")
    for ax, (title, (totals, shares)) in zip(np.atleast_1d(axes), panels.items(), strict=True):
        stacked_bars(
            ax, totals, dict(zip(names, np.transpose(shares), strict=True)), looks, fontsize=9
        )
        ax.set(xlabel=r"$\alpha\sqrt{m}$", title=title)
    np.atleast_1d(axes)[0].set_ylabel("share of the runs")
    handles, labels = np.atleast_1d(axes)[0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="lower center", ncols=3, fontsize=11, handlelength=1.2)
    fig.tight_layout(rect=(0, 0.09, 1, 1))
    return fig, axes


def direction_path(paths, marks, critical):
    """How the direction of the best single neuron turns as the weight decay grows, from the teacher
    on.

    Parameters
    ----------
    paths : dict
        Labels, each with a tuple (x, q): q is the third coordinate, x the first one with what the
        coordinates from the fourth on add to it in the condition ``x <= 4 q``.
    marks : list of tuples
        ``(x, q, text)``: places to name.
    critical : float
        Above this q the rank-one network is not optimal.
    """
    fig, ax = plt.subplots(figsize=(6.0, 4.2))
    right = 1.25
    ax.fill_between([0, right], critical, 0.75, color=color.spurious, alpha=0.14, lw=0)
    ax.axhline(critical, color=color.spurious, ls="--", lw=1.4)
    x = np.linspace(0, right, 2)
    ax.plot(x, x / 4, color=color.theory, ls=":", lw=1.4)
    ax.fill_between(x, 0, x / 4, color=color.wall, alpha=0.18, lw=0)
    for (label, (at, q)), shade, style in zip(
        paths.items(), (color.point, color.good, color.cone), ("-", "--", "-."), strict=False
    ):
        ax.plot(at, q, color=shade, ls=style, label=label)
        ax.plot(at[0], q[0], "D", color=color.spurious, markersize=7)
    for at, q, text in marks:
        ax.annotate(
            text, (at, q), xytext=(-10, 8), textcoords="offset points", fontsize=12, ha="right"
        )
    ax.text(0.03, 0.69, "rank one is not optimal", fontsize=11, va="center")
    ax.text(0.03, critical - 0.05, "rank one is optimal", fontsize=11, va="center")
    ax.text(0.75, 0.05, "condition fails", fontsize=11, va="center")
    ax.set(
        xlim=(0, right),
        ylim=(0, 0.75),
        xlabel=r"$p + 8(d-3)|r|/\sqrt{17}$",
        ylabel="$q$",
    )
    ax.legend(loc="upper left", bbox_to_anchor=(0.0, 0.54), fontsize=11)
    fig.tight_layout()
    return fig, ax
