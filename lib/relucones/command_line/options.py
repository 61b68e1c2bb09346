"""The options of the command line; imports nothing slow, so that ``--help`` comes at once."""

import argparse
import os
import sys

from .. import __version__

WEIGHT_DECAY = (
    "lambda is half of torch's weight_decay for SGD and Adam on the mean squared error, weights "
    "and "
    "biases alike; AdamW is another thing."
)
_STATUS = (
    "Exit status: 0 certified; 1 the gap stays open, or the network given is no global minimum; "
    "2 bad input; 3 a fault of this program."
)


def parsed(arguments: "list[str] | None") -> argparse.Namespace:
    """The options in these arguments, by default those of the process; ends it after ``--help``."""
    started = os.path.basename(sys.argv[0]).removesuffix(".exe")
    program = "relucones" if started == "relucones" else "python -m relucones"
    parser = argparse.ArgumentParser(
        prog=program,
        description="Certified global minima of two-layer ReLU networks with weight decay.",
    )
    parser.add_argument("--version", action="version", version=f"relucones {__version__}")
    commands = parser.add_subparsers(required=True, metavar="command", dest="command")
    _add_certify(commands)
    _add_check(commands)
    _add_reproduce(commands)
    return parser.parse_args(arguments)


def _add_certify(commands):
    command = commands.add_parser(
        "certify",
        help="the certified global minimum of a two-layer ReLU network on your data",
        description="Read a table of numbers, compute the certified global minimum of the loss "
        "mean((f - y)^2) + lambda (|W|^2 + |a|^2) over networks of every width, and say how "
        "likely a "
        "random activation cone contains it. " + WEIGHT_DECAY,
        epilog=_STATUS,
    )
    command.add_argument(
        "data",
        help="text file, '-' for standard input; separated by commas, semicolons, tabs, bars "
        "or spaces; may be packed by gzip; the last column holds the labels unless --target names "
        "another",
    )
    add = command.add_argument_group("the table").add_argument
    add("--columns", help="names or numbers (from 1) of the columns to use as points, with commas")
    add("--target", help="name or number of the label column")
    add(
        "--header",
        action=argparse.BooleanOptionalAction,
        help="whether the first line holds names (default: told from its entries)",
    )
    add("--drop-missing", action="store_true", help="leave out lines with missing values")
    add("--standardise", action="store_true", help="give columns and labels mean 0 and variance 1")
    add("--bias", action="store_true", help="append a column of ones: the model gets a bias")
    add = command.add_argument_group("the question").add_argument
    add("--lam", type=float, required=True, help="the weight decay lambda > 0")
    add(
        "--tol",
        type=float,
        default=1e-6,
        help="relative gap up to which it is certified (%(default)s)",
    )
    add("--width", type=int, help="width m for the probability that a random cone is good")
    add(
        "--network",
        metavar="FILE",
        help="certify this network: torch.save(model.state_dict(), FILE)",
    )
    add = command.add_argument_group("the answer").add_argument
    add("--json", action="store_true", help="print one JSON object")
    add("--save", metavar="FILE", help="write the optimal network, as torch.save does a state dict")
    add(
        "--proof",
        metavar="FILE",
        help="write the bound down as a proof in exact rationals, for `relucones check`",
    )


def _add_check(commands):
    command = commands.add_parser(
        "check",
        help="check a written proof in exact arithmetic",
        description="Check a proof that `certify --proof` wrote, without any rounding.",
        epilog="Exit status: 0 accepted; 1 refused; 2 not readable.",
    )
    command.add_argument("proof", help="the JSON file")


def _add_reproduce(commands):
    command = commands.add_parser(
        "reproduce",
        help="run one of the book's long experiments",
        description="Compute the data of an experiment on all cores. Finished points are kept: "
        "after an interrupt or a crash the same command goes on where it stopped.",
    )
    add = command.add_argument
    add("experiment", help="which one: atlas, correlated, open-questions, scale, trap")
    add("--output", help="the JSON file to write (default: EXPERIMENT.json here)")
    add("--jobs", type=int, default=-1, help="processes (default: all cores)")
    add("--scheduler", help="address of a Dask scheduler whose workers compute, as tcp://host:8786")
    add("--quick", action="store_true", help="a few points only, to try it out")
