"""Figures of the chapter on new data: errors on the sphere, paired errors."""

import matplotlib.pyplot as plt
import numpy as np
from scipy import stats

from relucones.plots.style import color

from .trap import on_disc, seen, sphere


def paired_errors(rows):
    """Test error of spurious ends minus that of the optimum on the same data set: dots, and their
    mean with its 95 % interval.

    Parameters
    ----------
    rows : dict
        Labels, each with an array of differences, one per data set; it may be empty.
    """
    fig, ax = plt.subplots(figsize=(5.6, 0.44 * len(rows) + 1.3))
    for place, differences in enumerate(rows.values()):
        ax.plot(
            differences,
            np.full(len(differences), place),
            "o",
            color=color.point,
            alpha=0.35,
            markersize=4,
            linewidth=0,
        )
        if len(differences) > 2:
            error = np.std(differences, ddof=1) / len(differences) ** 0.5
            reach = stats.t.ppf(0.975, len(differences) - 1) * error
            ax.errorbar(
                np.mean(differences),
                place,
                xerr=reach,
                fmt="D",
                color=color.spurious,
                capsize=4,
                markersize=6,
            )
    ax.axvline(0, linestyle="--", color=color.theory, linewidth=1.2)
    ax.set_yticks(range(len(rows)), [f"{label}  ({len(values)})" for label, values in rows.items()])
    ax.set_xscale("symlog", linthresh=0.01)
    ax.set_xticks([-10, -1, -0.1, 0, 0.1, 1], ["−10", "−1", "−0.1", "0", "0.1", "1"])
    ax.minorticks_off()
    ax.margins(x=0.08)
    ax.set(ylim=(len(rows) - 0.5, -0.5), xlabel="test error, spurious ends minus optimum")
    fig.tight_layout()
    return fig, ax


def errors_on_sphere(X, teacher, networks):
    """By how much the outputs of networks differ from a teacher's, over the unit sphere around e_1.

    Parameters
    ----------
    X : array (3, 3)
        The training points.
    teacher : Network
    networks : dict
        Titles, each with a `Network`.
    """
    U, place = on_disc()
    fig, axes = plt.subplots(1, len(networks), figsize=(5.4, 3.7))
    for ax, (title, network) in zip(axes, networks.items(), strict=True):
        filled = ax.contourf(
            *place,
            _difference(network, teacher, U),
            levels=np.arange(-0.195, 0.2, 0.03),
            cmap="PuOr",
            extend="both",
        )
        sphere(ax, X)
        ax.plot(*seen(X).T, "x", color=color.point, markersize=7)
        ax.set_title(title, fontsize=12)
    bar = fig.colorbar(
        filled,
        ax=axes,
        orientation="horizontal",
        shrink=0.7,
        pad=0.04,
        ticks=[-0.15, 0, 0.15],
    )
    bar.set_label("output minus teacher")
    return fig, axes


def errors_by_decay(lams, curves, threshold):
    r"""Test errors against the weight decay, one curve per network, and the decay from which on
    they are one.

    Parameters
    ----------
    lams : array (l,)
    curves : dict
        Labels, each with an array (l,); the first is drawn as the spurious one.
    threshold : float
    """
    fig, ax = plt.subplots(figsize=(5.4, 3.6))
    looks = (("-", color.spurious), ("--", color.good))
    for (label, curve), (line, look) in zip(curves.items(), looks, strict=True):
        ax.plot(lams, curve, line, color=look, label=label)
    ax.axvline(threshold, linestyle=":", color=color.theory, linewidth=1.4)
    ax.annotate(
        r"$\lambda_c$",
        (threshold, 0.5),
        xycoords=("data", "axes fraction"),
        xytext=(10, 0),
        textcoords="offset points",
        fontsize=13,
    )
    ax.set(
        xscale="log",
        yscale="log",
        xlabel=r"weight decay $\lambda$",
        ylabel="test error",
    )
    ax.legend(loc="lower right", fontsize=11)
    fig.tight_layout()
    return fig, ax


def _difference(network, teacher, U):
    directions = U.reshape(-1, U.shape[-1])
    return (network.predict(directions) - teacher.predict(directions)).reshape(U.shape[:-1])
