"""Plain gradient descents beside the flows of the other experiments, on a random sample of their
runs."""

from itertools import product

import numpy as np

from relucones import solve_global

from ..reproduce import Experiment
from .open_questions import open_questions, open_questions_data
from .rows import rounded
from .scale import scale, scale_data
from .side_by_side import SideBySide
from .trap import trap, trap_data

DIVERGED, OPEN = "diverged", "not converged"
KINDS = [
    ("trap", "trap"),
    *product(["scale"], ["trap", "teacher", "diabetes"]),
    *product(["decay"], ["trap", "cone"]),
    *product(["norm"], ["teacher", "random labels", "orthogonal", "diabetes"]),
    *product(["test"], ["trap", "one neuron", "teacher", "noisy teacher", "diabetes"]),
]
_FAR = 1e3  # weights that grow by this factor have diverged
# Looks for a limit are at least so far apart, in units of 1/lam, and ever further.
_PAUSE, _LONGER = 0.2, 1.25
_FRESH = 100  # steps after which 1/L is computed anew


def descents(quick=False):
    """Where descent with the published step ends that starts where a flow of the book starts.

    Of every kind of data in `trap`, `scale` and `open-questions` a random sample of the runs with
    lambda of at least 1e-4 and a width of at most 300, since the end takes several 1/lambda. A run
    that diverges is recorded as such, and made again, like one that bounces because the step is
    above 2/L where it starts, with the step 1/L, at most the published one, along the way.
    """
    settings = {
        "step": 0.01,
        "sample": 2 if quick else 30,
        "seed": 0,
        "least lam": 1e-3 if quick else 1e-4,
        "most m": 300,
        "time": 2 if quick else 4,  # the most, in units of 1/lam
        "most steps": 100_000 if quick else 10_000_000,
    }
    kinds = [("scale", "teacher"), ("test", "one neuron")] if quick else KINDS
    points = [
        {"part": part, "data": kind, "rule": rule}
        for rule in ("published", "1/L")
        for part, kind in kinds
    ]
    return Experiment("descents", settings, points, descents_point)


def descents_population(part, kind, settings):
    """All runs of that kind that may be drawn: what to find each by in the file of its
    experiment."""
    if part == "trap":
        flows = trap()
        runs = [
            {**point, "run": run} for point in flows.points for run in range(flows.settings["runs"])
        ]
    elif part == "scale":
        flows = scale()
        mine = [point for point in flows.points if point["data"] == kind]
        block = flows.settings["runs"]
        runs = [
            {**point, "alpha": alpha, "run": block * point["block"] + i}
            for point, alpha, i in product(mine, flows.settings["scales"], range(block))
        ]
    else:
        flows = open_questions()
        mine = [point for point in flows.points if (point["part"], point["data"]) == (part, kind)]
        runs = []
        for point, i in product(mine, range(flows.settings["runs"])):
            made = flows.settings[part]
            lam, m = point.get("lam", made.get("lam")), point.get("m", made.get("m"))
            scales = made.get("scales", [made.get("total", 0.0) / m**0.5])
            runs += [{**point, "lam": lam, "m": m, "alpha": alpha, "run": i} for alpha in scales]
    return [
        run
        for run in runs
        if run["lam"] >= settings["least lam"] and run["m"] <= settings["most m"]
    ]


def descents_sample(part, kind, settings):
    """The runs that are drawn, without replacement."""
    population = descents_population(part, kind, settings)
    # A name is no seed; its letters are one that stays the same.
    rng = np.random.default_rng([settings["seed"], *f"{part} {kind}".encode()])
    drawn = rng.permutation(len(population))[: settings["sample"]]
    return [population[i] for i in sorted(drawn)]


def _problem(part, run):
    """X, y, lam and the start of a run, as its experiment makes them."""
    from relucones.training import initialise  # needs torch

    if part == "trap":
        settings = trap().settings
        X, y = trap_data(run, settings)
        seed = settings["seed"]
    else:
        seed = run["seed"]
        X, y = (
            scale_data(run, scale().settings)
            if part == "scale"
            else open_questions_data(run, open_questions().settings)[:2]
        )
    W, a = initialise(run["m"], X.shape[1], run["alpha"], [run["run"]], seed)
    return X, y, run["lam"], W[0], a[0]


def descents_point(point, settings):
    """All runs of one kind by one rule for the step: a row for each."""
    part = point["part"]
    sample = descents_sample(part, point["data"], settings)
    problems = [_problem(part, run) for run in sample]
    bounds = np.array([_bound(*problem) for problem in problems])
    unstable = settings["step"] * bounds >= 2
    if point["rule"] == "1/L":
        again = np.flatnonzero(unstable)  # these may diverge; those below do not
        sample, problems, bounds = (
            [sample[r] for r in again],
            [problems[r] for r in again],
            bounds[again],
        )
    if not sample:
        return []
    found = Followed(problems, settings, shorten=point["rule"] == "1/L").to_their_ends()
    known = ("part", "data", "rule")
    return [
        {
            **point,
            **{k: v for k, v in run.items() if k not in known},
            "step times L": rounded(settings["step"] * bound, 3),
            **row,
        }
        for run, bound, row in zip(sample, bounds, found, strict=True)
    ]


def _bound(X, y, lam, W, a):
    from relucones import Network
    from relucones.training import hessian_bound

    return hessian_bound(Network(W, a), X, y, lam)


class Followed:
    """A batch of descents, followed until each has ended, diverged, or used up its time.

    Attributes
    ----------
    best : list of Solution
        The global minimum of each run's problem.
    ends : list of Network or None
        Where each run ends, without the neurons that were dead before; its last iterate where that
        is open; None if it diverged.
    """

    def __init__(self, problems, settings, shorten):
        from relucones.training.limits import Approach

        self.settings, self.shorten, self.problems = settings, shorten, problems
        self.batch = SideBySide(problems, settings["step"])
        runs = len(problems)
        self.lam = np.array([problem[2] for problem in problems])
        self.time, self.steps, self.rows = np.zeros(runs), 0, [None] * runs
        self.ends = [None] * runs
        self.next_look = _PAUSE / self.lam
        self.approaches, self.known = [Approach() for _ in range(runs)], [{} for _ in range(runs)]
        self.best = [solve_global(X, y, lam) for X, y, lam, _, _ in problems]
        self.within = _FAR * (1 + self.batch.largest_weights())

    def to_their_ends(self):
        """A row for each run."""
        while len(alive := self.batch.runs):
            if self.shorten:
                self._shorten()
            steps = _FRESH if self.shorten else 1000
            with np.errstate(over="ignore", invalid="ignore"):
                self.batch.advance(steps)
                largest = self.batch.largest_weights()
            self.time[alive] += steps * self.batch.eta
            self.steps += steps
            over = np.array([self._is_over(row, r, largest[row]) for row, r in enumerate(alive)])
            if over.any():
                self.batch.release(over)
            if len(self.batch.runs) and self.steps % 5000 == 0:
                self.batch.take_out_dead()
        return self.rows

    def _shorten(self):
        for row, r in enumerate(self.batch.runs):
            X, y, lam = self.problems[r][:3]
            network = self.batch.network(row)
            self.batch.eta[row] = min(
                self.settings["step"], 1 / _bound(X, y, lam, network.W, network.a)
            )

    def _is_over(self, row, r, largest):
        if not largest < self.within[r]:
            self._end(row, r, DIVERGED, None)
            return True
        if self.time[r] >= self.next_look[r]:
            self.next_look[r] = max(self.time[r] * _LONGER, self.time[r] + _PAUSE / self.lam[r])
            if self._has_come_to_a_limit(row, r):
                return True
        if (
            self.time[r] * self.lam[r] >= self.settings["time"]
            or self.steps >= self.settings["most steps"]
        ):
            self.ends[r] = self.batch.network(row)
            self._end(row, r, OPEN, self.batch.losses()[row])
            return True
        return False

    def _has_come_to_a_limit(self, row, r):
        from relucones.training import claimed_limit

        X, y, lam = self.problems[r][:3]
        network, step = self.batch.network(row), self.batch.eta[row]
        claim = claimed_limit(network, X, y, lam, self.known[r], both_signs=True, step=step)
        if not self.approaches[r].completed_by(claim):
            return False
        self.ends[r] = claim.end
        self._end(row, r, claim.certificate.verdict, claim.certificate.value)
        return True

    def _end(self, row, r, stop, loss):
        best = self.best[r].value
        self.rows[r] = {
            "stop": stop,
            "loss": None if loss is None else float(loss),
            "optimum": best,
            "gap": None if loss is None else rounded(loss / best - 1, 9),
            "steps": self.steps,
            "time": rounded(self.time[r], 6),
        }
