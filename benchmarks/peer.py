"""Train a ReLU network with `pyscnn` and store it: ``.peers/bin/python peer.py task.npz
answer.npz``.

`pyscnn` minimises :math:`\\frac1{2n}\\|\\hat y - y\\|^2 + \\lambda\\sum\\|v\\|`, which is half the
objective of the book with the same lambda. Only the call of its solver is timed.
"""

import json
import sys

import numpy as np
import torch
from own_process import Stopwatch
from scnn.metrics import Metrics
from scnn.models import ConvexReLU
from scnn.optimize import optimize_model
from scnn.regularizers import NeuronGL1
from scnn.solvers import AL


def train(X, y, lam, gates, tol):
    model = ConvexReLU(gates)
    solver = AL(model, tol=tol, constraint_tol=tol)
    plain = {"regularizer": NeuronGL1(lam), "unitize_data": False, "dtype": "float64"}
    network, _ = optimize_model(model, solver, Metrics(), X, y, **plain)
    W, a = network.parameters
    return np.asarray(W, dtype=float), np.asarray(a, dtype=float).ravel()


def main(task, answer):
    torch.set_num_threads(1)
    with np.load(task, allow_pickle=False) as given:
        X, y, lam, gates, tol = (given[key] for key in ("X", "y", "lam", "gates", "tol"))
    watch = Stopwatch()
    W, a = train(X, y, float(lam), gates, float(tol))
    np.savez(answer, W=W, a=a, measured=json.dumps(watch.read()))


if __name__ == "__main__":
    main(*sys.argv[1:])
