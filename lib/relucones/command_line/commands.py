"""The commands, and what becomes of what goes wrong in them.

`certify` collects its findings in one dictionary, which ``--json`` prints and `report` puts into
words.
"""

import csv
import json
import os
import sys
import warnings
from argparse import Namespace
from importlib.util import find_spec
from math import log10
from typing import Any

import numpy as np

from .. import __version__, checks, exact_proof
from ..arrangement import count_patterns
from ..checks import BadInput
from ..convex import Faces, certify, faces_of, lambda_max, solve_global, write_proof
from ..coupons import find_coupons, good_cone_probability, sufficient_width
from ..data import Dataset, load_csv
from ..network import Network, load_constants, load_torch, save_torch
from . import report
from .progress import progress

CERTIFIED, OPEN, BAD_INPUT, FAULT = 0, 1, 2, 3
SAMPLES = 20_000  # rays for a solid angle; where collections are simulated, a tenth as many


def run(options: Namespace) -> int:
    """Run the command chosen; its exit status, after one line to stderr where it fails."""
    try:
        return COMMANDS[options.command](options)
    except BadInput as error:
        return _failed(options, str(error), BAD_INPUT)
    except MemoryError:
        return _failed(
            options, "this needs more memory than there is: fewer rows or columns", BAD_INPUT
        )
    except ModuleNotFoundError as error:
        needs = f"{options.command} needs the package {error.name}, which is not installed"
        return _failed(options, f"{needs}: pip install {error.name}", BAD_INPUT)
    except (KeyboardInterrupt, OSError):
        raise
    except Exception as error:
        if sys.flags.dev_mode:
            raise
        return _failed(
            options,
            f"a fault of this program, not of your data: {type(error).__name__}: {error} (please "
            "report "
            "it; `python -X dev -m relucones` shows where it is)",
            FAULT,
        )


def _failed(options, message, status):
    print(f"relucones: {' '.join(message.split())}", file=sys.stderr)
    if getattr(options, "json", False):
        print(json.dumps({"relucones": __version__, "error": message, "status": status}))
    return status


# ---- certify ------------------------------------------------------------------------------------


def _certify(options):
    found: dict[str, Any] = {"relucones": __version__}

    def say(lines):
        if not options.json:
            print("\n".join(lines), flush=True)

    _check(options)
    warned: list[str] = []
    dataset = _read(options, warned)
    network = _network_given(options, dataset, warned)
    found |= {"data": _data(options, dataset), "lam": options.lam, "tol": options.tol}
    say(report.data_lines(found["data"]))
    with progress("listing activation patterns"):
        faces = faces_of(dataset.X)
        found["patterns"] = _patterns(options, faces, dataset)
    say(report.pattern_lines(found["patterns"]))
    with progress("solving"):
        # A written proof should be as good as the solver can make it.
        tol = 1e-12 if options.proof else options.tol / 100
        solution = solve_global(*dataset, options.lam, tol=tol, faces=faces)
        found |= _optimum(options, solution, dataset, listed=isinstance(faces, Faces))
    say(report.optimum_lines(found))
    if options.save:
        save_torch(solution.network, options.save, options.bias, dataset.standardisation)
    found["width"] = found["network"] = found["proof"] = None
    if options.proof:
        with progress("writing the proof"):
            found["proof"] = _proof(options, dataset, solution, network)
        say(report.proof_lines(found["proof"]))
    if options.width is not None:
        with progress("collecting coupons"):
            found["width"] = _width(options, dataset, faces)
        say(report.width_lines(found["width"]))
    if network is not None:
        with progress("certifying the network"):
            found["network"] = _verdict(options, network, dataset)
        say(report.network_lines(found["network"]))
    status = _status(found)
    if options.json:
        found |= {"saved": options.save, "warnings": warned, "status": status}
        print(json.dumps(found, indent=1, allow_nan=False))
    return status


def _status(found):
    answered = "error" not in (found["width"] or {})
    is_global = found["network"] is None or found["network"]["is_global"]
    return CERTIFIED if found["certified"] and answered and is_global else OPEN


def _check(options):
    """What can be refused before any work is done."""
    checks.penalty(options.lam)
    checks.probability(options.tol, "--tol")
    if options.width is not None:
        checks.count(options.width, "--width", most=2**62)
    _check_writable(options.proof, "--proof")
    _check_writable(options.save, "--save")
    if options.save and find_spec("torch") is None:
        raise BadInput("--save needs PyTorch: pip install torch")


def _check_writable(path, option):
    if not path:
        return
    folder = os.path.dirname(os.path.realpath(path))
    if not os.path.isdir(folder) or os.path.isdir(path):
        raise BadInput(f"{option} must name a file in a folder that exists, but it is {path}")
    if not os.access(folder, os.W_OK):
        raise BadInput(f"{option} must name a file that can be written, but {folder} is read-only")


def _read(options, warned):
    """The data set, with the warnings that came up printed and appended to `warned`."""
    columns = (
        next(csv.reader([options.columns], skipinitialspace=True)) if options.columns else None
    )
    try:
        with warnings.catch_warnings(record=True) as raised:
            warnings.simplefilter("always", UserWarning)
            dataset = load_csv(
                options.data, columns, options.target, options.header, options.drop_missing
            )
            _warn_of_constants(options, dataset)
            if options.standardise:
                dataset = dataset.standardised()
    finally:
        _warn(warned, [str(w.message) for w in raised if issubclass(w.category, UserWarning)])
    return dataset.with_bias() if options.bias else dataset


def _warn(warned, messages):
    for message in messages:
        print(f"relucones: warning: {message}", file=sys.stderr)
        warned.append(message)


def _warn_of_constants(options, dataset: Dataset):
    if len(dataset.y) == 1:
        warnings.warn("there is one point only, so that every column is constant", stacklevel=1)
        return
    if not options.standardise:  # standardising warns of them itself
        for name in dataset.constant():
            warnings.warn(f"{name} is constant, and acts as a bias", stacklevel=1)
    if np.ptp(dataset.y) == 0:
        warnings.warn(f"the labels, {dataset.target}, are constant", stacklevel=1)


def _network_given(options, dataset, warned):
    if not options.network:
        return None
    network = load_torch(options.network)
    d = dataset.X.shape[1]
    if network.dimension != d:
        hint = "; --bias appends a column of ones" if network.dimension == d + 1 else ""
        raise BadInput(
            f"{options.network} takes {network.dimension} inputs, but the data have {d} "
            f"columns{hint}"
        )
    stored, own = load_constants(options.network), dataset.standardisation
    if stored and own is None:
        _warn(warned, [f"{options.network} was fitted to standardised data: add --standardise"])
    elif stored and not all(_close(stored.get(name), value) for name, value in vars(own).items()):
        _warn(warned, [f"{options.network} was fitted to data standardised by other constants"])
    return network


def _close(stored, own):
    return np.shape(stored) == np.shape(own) and np.allclose(stored, own)


def _data(options, dataset):
    table, constants = dataset.table, dataset.standardisation
    d = dataset.X.shape[1]
    names = dataset.columns or (
        *(f"x{j + 1}" for j in range(d - options.bias)),
        *["1"] * options.bias,
    )
    return {
        "file": options.data,
        "points": len(dataset.y),
        "dimensions": d,
        "features": list(names),
        "target": dataset.target,
        "header": table.header,
        "separator": table.separator,
        "decimal": table.decimal,
        "dropped_lines": table.dropped,
        "bias": options.bias,
        "standardisation": constants
        and {k: np.asarray(v).tolist() for k, v in vars(constants).items()},
    }


def _patterns(options, faces, dataset):
    if isinstance(faces, Faces):
        return {"count": faces.arrangement.number_of_cells, "digits": None}
    if options.width is not None:
        raise BadInput(
            "--width needs the activation patterns listed; use fewer columns or fewer rows"
        )
    rank = int(np.linalg.matrix_rank(dataset.X))
    return {"count": None, "digits": round(log10(count_patterns(len(dataset.y), rank)))}


def _optimum(options, solution, dataset, listed):
    neurons = [
        {"sign": int(s), "size": float(c), "walls": int(np.sum(zero)), "direction": u.tolist()}
        for u, s, c, zero in zip(
            solution.directions, solution.signs, solution.weights, solution.vanishing, strict=True
        )
    ]
    return {
        "value": float(solution.value),
        "lower_bound": float(solution.lower_bound),
        "relative_gap": float(solution.relative_gap),
        "certified": bool(solution.gap <= options.tol * solution.value),
        "neurons": neurons,
        "lambda_max": None if neurons or not listed else float(lambda_max(*dataset)),
    }


def _width(options, dataset, faces):
    X, y = dataset
    answer: dict[str, Any] = {"width": options.width}
    try:
        coupons = find_coupons(X, y, options.lam, faces=faces)
        for measure in ("counting", "gaussian"):
            p, error = good_cone_probability(
                X, y, options.lam, options.width, measure, SAMPLES, with_error=True, coupons=coupons
            )
            simulated = coupons.supports is None
            answer[measure] = {
                "probability": float(p),
                "standard_error": float(error),
                "collections": SAMPLES // 10 if simulated else None,
            }
    except BadInput as error:  # the optimum stands
        return {"width": options.width, "error": str(error)}
    return answer | {"sufficient_width": sufficient_width(len(y), faces.arrangement.rank, 0.01)}


def _proof(options, dataset, solution, network):
    """What the written proof states, of the network given or of the optimal one."""
    stated = write_proof(options.proof, *dataset, options.lam, solution, network)
    return {
        "file": options.proof,
        "cells": stated.cells,
        "value": float(stated.loss),
        "lower_bound": float(stated.bound),
        "relative_gap": float(stated.gap),
    }


def _verdict(options, network: Network, dataset):
    certificate = certify(network, *dataset, options.lam, tol=options.tol)
    return {
        "file": options.network,
        "width": network.width,
        "value": float(certificate.value),
        "lower_bound": float(certificate.lower_bound),
        "gap": float(certificate.gap),
        "relative_gap": float(certificate.relative_gap),
        "is_global": bool(certificate.is_global),
        "is_stationary": bool(certificate.is_stationary),
        "stationarity": float(certificate.stationarity),
        "verdict": certificate.verdict,
    }


# ---- reproduce ----------------------------------------------------------------------------------


def _reproduce(options):
    from relucones_book.experiments import EXPERIMENTS
    from relucones_book.reproduce import run as run_experiment

    checks.choice(options.experiment, "experiment", sorted(EXPERIMENTS))
    experiment = EXPERIMENTS[options.experiment](quick=options.quick)
    output = options.output or f"{options.experiment}{'-quick' if options.quick else ''}.json"
    try:
        result = run_experiment(experiment, output, options.jobs, options.scheduler)
    except KeyboardInterrupt:
        print(
            f"\nrelucones: what is finished lies in {output}.partial; the same command goes on "
            "from there",
            file=sys.stderr,
        )
        raise
    print(f"{output}: {len(result['rows']):,} rows from {len(experiment.points):,} points")
    return CERTIFIED


def _check_proof(options):
    return exact_proof.main(["--", options.proof])


COMMANDS = {"certify": _certify, "check": _check_proof, "reproduce": _reproduce}
