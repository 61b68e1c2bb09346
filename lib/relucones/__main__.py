"""The command line: ``python -m relucones certify data.csv --lam 0.01``, ``python -m relucones reproduce atlas``."""

import argparse
import sys
from math import log10

import numpy as np

from . import checks
from .arrangement import count_patterns
from .convex import Faces, certify, faces_of, lambda_max, solve_global
from .coupons import find_coupons, good_cone_probability, sufficient_width
from .data import load_csv
from .network import load_torch


def main(arguments=None):
    """Run the command line and return its exit status: 0, 2 after a message about bad input, 130 when interrupted."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except KeyboardInterrupt:
        print("relucones: stopped", file=sys.stderr)
        return 130
    except ValueError as error:
        print(f"relucones: {error}", file=sys.stderr)
        return 2
    return 0


def _parser():
    parser = argparse.ArgumentParser(prog="python -m relucones", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    command = commands.add_parser(
        "certify",
        help="the certified global minimum of a two-layer ReLU network on your data",
        description="Read a CSV file, compute the certified global minimum of the regularised loss over networks of "
        "every width, and say how likely a random activation cone contains it.",
    )
    command.add_argument("data", help="CSV file; the last column holds the labels unless --target names another")
    command.add_argument("--lam", type=float, required=True, help="weight decay lambda > 0, in mean((f-y)^2) + lambda |theta|^2")
    command.add_argument("--width", type=int, help="width m for the probability that a random cone is good")
    command.add_argument("--columns", help="names or numbers (from 1) of the columns to use as points, with commas")
    command.add_argument("--target", help="name or number of the label column")
    command.add_argument("--bias", action="store_true", help="append a column of ones: the model gets a bias")
    command.add_argument("--standardise", action="store_true", help="give every column and the labels mean 0 and variance 1")
    command.add_argument("--network", help="certify this trained network: a file from torch.save(model.state_dict(), ...)")
    command.set_defaults(run=_certify)
    command = commands.add_parser(
        "reproduce",
        help="run one of the book's long experiments",
        description="Compute the data file of an experiment on all cores. Finished points are kept: after an interrupt "
        "or a crash the same command goes on where it stopped.",
    )
    command.add_argument("experiment", help="which one: atlas, correlated, open-questions, scale, trap")
    command.add_argument("--output", help="the JSON file to write (default: EXPERIMENT.json here)")
    command.add_argument("--jobs", type=int, default=-1, help="processes (default: all cores)")
    command.add_argument("--scheduler", help="address of a Dask scheduler whose workers compute, as tcp://host:8786")
    command.add_argument("--quick", action="store_true", help="a few points only, to try it out")
    command.set_defaults(run=_reproduce)
    return parser


def _reproduce(options):
    from relucones_book.experiments import EXPERIMENTS
    from relucones_book.reproduce import run

    checks.choice(options.experiment, "experiment", sorted(EXPERIMENTS))
    experiment = EXPERIMENTS[options.experiment](quick=options.quick)
    output = options.output or f"{options.experiment}{'-quick' if options.quick else ''}.json"
    try:
        result = run(experiment, output, options.jobs, options.scheduler)
    except KeyboardInterrupt:
        print(f"\nrelucones: what is finished lies in {output}.partial; the same command goes on from there", file=sys.stderr)
        raise
    print(f"{output}: {len(result['rows']):,} rows from {len(experiment.points):,} points")


def _certify(options):
    checks.penalty(options.lam)  # before any work is done
    if options.width is not None:
        checks.count(options.width, "--width")
    columns = options.columns.split(",") if options.columns else None
    dataset = load_csv(options.data, columns=columns, target=options.target)
    if options.standardise:
        dataset = dataset.standardised()
    if options.bias:
        dataset = dataset.with_bias()
    X, y = dataset
    network = load_torch(options.network) if options.network else None
    if network is not None and network.dimension != X.shape[1]:
        hint = "; --bias appends a column of ones" if network.dimension == X.shape[1] + 1 else ""
        raise ValueError(f"{options.network} takes {network.dimension} inputs, but the data have {X.shape[1]} columns{hint}")
    print(f"data      {options.data}: {len(y)} points in {X.shape[1]} dimensions" + (", the last a bias" if options.bias else ""))
    faces = faces_of(X)
    listed = isinstance(faces, Faces)
    if listed:
        count = len(faces.arrangement.cells)
        print(f"patterns  N = {count:,} activation patterns, {2 * count:,} signed ones")
    else:
        digits = log10(count_patterns(len(y), int(np.linalg.matrix_rank(X))))
        print(f"patterns  about 10^{digits:.0f}, too many to list: neurons are found by climbing, and the gap stays open")
        if options.width is not None:
            raise ValueError("--width needs the activation patterns listed; use fewer columns or fewer rows")
    solution = solve_global(X, y, options.lam, faces=faces)
    closed = solution.gap <= 1e-6 * solution.value
    verdict = "is the global minimum over every width" if closed else "is the best found; the gap to the bound is still open"
    print(f"optimum   {solution.value:.10g} {verdict}")
    print(f"bound     {solution.lower_bound:.10g} is proved from below, relative gap {_relative(solution)}")
    if len(solution.weights) == 0:
        least = f"at least lambda_max = {lambda_max(X, y):.6g}" if listed else "large"
        print(f"neurons   none: lambda is {least}, and the zero network is {'optimal' if closed else 'the best found'}")
    else:
        _print_neurons(dataset, solution)
    if options.width is not None:
        coupons = find_coupons(X, y, options.lam, faces=faces)
        for measure, how in (("counting", "drawn uniformly among all cones"), ("gaussian", "drawn by Gaussian weights")):
            p, error = good_cone_probability(X, y, options.lam, options.width, measure, with_error=True, coupons=coupons)
            spread = f" +- {error:.1g} (standard error)" if error else ""
            print(f"width {options.width:<4}{_share(p)}{spread} is the probability that a cone {how} holds a global minimum")
        enough = sufficient_width(len(y), faces.arrangement.rank, 0.01)
        print(f"          from width {enough:,} on, at least 99 % of all cones do (coupon bound, chapter 5)")
    if network is not None:
        _print_certificate(options.network, network, certify(network, X, y, options.lam))


def _share(p):
    """A probability as far as it is worth printing."""
    return f"{p:.6f}" if p >= 1e-6 else "below 1e-6"


def _relative(solution):
    gap = solution.gap / solution.value if solution.value > 0 else 0.0
    return f"{gap:.1e}" if gap > 1e-12 else "below 1e-12"


def _print_neurons(dataset, solution):
    names = dataset.columns or tuple(f"x{i + 1}" for i in range(dataset.X.shape[1]))
    print(f"neurons   {len(solution.weights)}: sign, size |v|, points on its walls, direction")
    print("          sign     size  walls  " + "  ".join(f"{name[:9]:>9}" for name in names))
    for u, s, c, zero in zip(solution.directions, solution.signs, solution.weights, solution.vanishing, strict=True):
        entries = "  ".join(f"{value:9.5f}" for value in u)
        print(f"          {'+' if s > 0 else '-':>4}  {c:7.4g}  {int(np.sum(zero)):5d}  {entries}")


def _print_certificate(path, network, certificate):
    print(f"network   {path}: width {network.width}, loss {certificate.value:.10g}")
    print(f"verdict   {certificate.verdict}: at most {certificate.gap:.3g} above the global minimum, "
          f"shortest subgradient {certificate.stationarity:.3g}")  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
