"""Where descent from a small start ends on the data of Theorem 2."""

from itertools import product

from relucones import data

from ..reproduce import Experiment
from .rows import ends


def trap(quick=False):
    """Where descent from a small start ends on the data of Theorem 2: over width, dimension, weight
    decay, scale, labels."""
    widths = [10, 100] if quick else [10, 30, 100, 300, 1000, 3000, 10000]
    decays = (
        [1e-4, 1e-3]
        if quick
        else [1e-5, 3e-5, 1e-4, 2e-4, 3e-4, 4.5e-4, 6e-4, 7e-4, 8e-4, 9e-4, 1e-3, 1.5e-3, 2e-3]
    )
    totals = [0.03, 1.0] if quick else [0.01, 0.03, 0.1, 0.2, 0.3, 0.6, 1.0, 3.0]
    settings = {"noise": 1e-3, "data_seed": 0, "runs": 2 if quick else 8, "seed": 0}
    usual = {"d": 4, "lam": 1e-4, "m": 100, "alpha": 0.003, "labels": "teacher"}
    points = [
        *({"family": "width", **usual, "m": m, "alpha": 0.03 / m**0.5} for m in widths),
        *({"family": "one scale", **usual, "m": m} for m in widths),
        *({"family": "dimension", **usual, "d": d} for d in (3, 4, 5)),
        *({"family": "decay", **usual, "lam": lam} for lam in decays),
        *(
            {"family": "scale", **usual, "m": m, "alpha": t / m**0.5}
            for m, t in product([100] if quick else [100, 1000], totals)
        ),
        {"family": "labels", **usual, "labels": "first coordinate"},
    ]
    return Experiment("trap", settings, points, trap_point)


def trap_data(point, settings):
    """The data of Theorem 2; or the same points, labelled by another single neuron, e_1."""
    X, y = data.small_init_trap(point["d"], settings["noise"], settings["data_seed"])
    return X, y if point["labels"] == "teacher" else X[:, 0].copy()


def trap_point(point, settings):
    """One ensemble: a row for every run, with the certificate of its end."""
    from relucones.training import train  # needs torch

    X, y = trap_data(point, settings)
    runs = train(X, y, point["lam"], point["m"], point["alpha"], settings["runs"], settings["seed"])
    rows = [{**point, **row} for row in ends(runs)]
    for row, network in zip(rows, runs.networks, strict=True):
        row["neurons on"] = int((network.W @ X.T > 0).any(axis=1).sum())
    return rows
