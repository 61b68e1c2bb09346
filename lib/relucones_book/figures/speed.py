"""Figures of the chapter on speed, drawn from the file of the benchmarks."""

import matplotlib.pyplot as plt
import numpy as np

from relucones.plots.style import color

_ROUTES = {
    "exact": ("relucones", color.good, "o"),
    "clarabel": ("whole program", color.point, "s"),
    "cones": ("cone by cone", color.cone, "^"),
    "pyscnn": ("pyscnn, all gates", color.wall, "D"),
    "pyscnn-sampled": ("pyscnn, 250 gates", color.wall, "v"),
}
_MARKS = {2: "o", 3: "s", 4: "^"}


def time_and_distance(summary, n, d):
    """How long each route took on the problem of n points in R^d, and how far from the optimum it ended.

    Parameters
    ----------
    summary : dict
        The entry ``"summary"`` of the benchmarks' file.
    n, d : int
        A problem of its group ``"race"``.
    """
    fig, ax = plt.subplots(figsize=(5.4, 3.6))
    rows = [row for row in summary["rows"] if (row["group"], row["n"], row["d"]) == ("race", n, d)]
    for row in rows:
        name, look, mark = _ROUTES[row["solver"]]
        off = max(row.get("relative_gap", row.get("excess")), 1e-16)
        face = "white" if "relative_gap" not in row else look  # hollow where nothing is proved
        ax.plot([row["fastest"], row["slowest"]], [off, off], color=look, linewidth=1)
        ax.plot(row["seconds"], off, mark, color=look, markerfacecolor=face, markersize=10, label=name)
    ax.set(xscale="log", yscale="log", xlabel="seconds", ylabel="relative distance to the optimum", ylim=(1e-16, 10))
    ax.margins(x=0.15)
    ax.axhline(1e-7, color=color.theory, linewidth=1, linestyle=":")
    ax.legend(fontsize=9, loc="upper center", bbox_to_anchor=(0.45, -0.2), ncols=2)
    return fig, ax


def time_growth(summary):
    """Time against n for both solvers that prove their answer, with the fitted power laws and their exponents."""
    fig, ax = plt.subplots(figsize=(5.4, 4.4))
    rows = [row for row in summary["rows"] if row["group"] in ("race", "scaling")]
    for solver in ("exact", "clarabel"):
        name, look, _ = _ROUTES[solver]
        for d, mark in _MARKS.items():
            points = sorted({row["n"]: row["seconds"] for row in rows if (row["solver"], row["d"]) == (solver, d)}.items())
            ax.plot(*zip(*points, strict=True), mark, color=look, markersize=6)
        ax.plot([], [], color=look, label=name)
    for fit in summary["fits"]:
        if fit["against"] == "n":
            _power_law(ax, fit, _ROUTES[fit["solver"]][1])
    for d, mark in _MARKS.items():
        ax.plot([], [], mark, color=color.wall, label=f"$d = {d}$")
    ax.set(xscale="log", yscale="log", xlabel="number of points $n$", ylabel="seconds")
    ax.set_xticks([10, 20, 50, 100, 200, 500, 1000], ["10", "20", "50", "100", "200", "500", "1000"])
    ax.minorticks_off()
    ax.margins(x=0.1)
    ax.legend(fontsize=9, loc="upper center", bbox_to_anchor=(0.5, -0.15), ncols=5, columnspacing=1, handlelength=1)
    return fig, ax


def _power_law(ax, fit, look):
    n = np.array([point[0] for point in fit["points"]], dtype=float)
    ends = np.array([n.min(), n.max()])
    times = np.exp(fit["intercept"]) * ends ** fit["slope"]
    ax.plot(ends, times, color=look, linewidth=1)
    ax.annotate(f"$n^{{{fit['slope']:.1f}}}$", (ends[1], times[1]), (5, 3), textcoords="offset points", fontsize=9, color=look)
