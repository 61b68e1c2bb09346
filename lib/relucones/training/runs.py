r"""The loop: all runs of one call move on, are recorded, are looked at, and are let go where they
have ended."""

from dataclasses import dataclass

import numpy as np

from .. import checks
from ..convex import Solution, certify, solve_global
from ..network import Network
from .descent import Descent
from .flow import Flow, FlowControl
from .limits import Approach, Claim, claimed_limit
from .records import Traces, measured
from .start import starts

GLOBAL, SPURIOUS = "global minimum", "spurious stationary point"
OPEN, DIVERGED = "not converged", "diverged"


@dataclass(frozen=True, eq=False)
class Ensemble:
    """The runs of one call of `train`.

    Attributes
    ----------
    process : str
        What was followed: "flow" or "descent".
    eta : float or None
        The step of descent.
    networks : list of Network
        Where each run ends, m neurons each: the limit where there is one, or else the last iterate.
    losses : array (runs,)
        Their regularised losses; infinite for a run that diverged.
    stop_reason : list of str
        The end of this process from this start: "global minimum", "spurious stationary point", "not
        converged" or "diverged".
    certificates : list of Certificate
        Of the limits; of the last iterates where there is none; None for a run that diverged.
    limits : list of Network or None
        The limit with parallel neurons merged and zero neurons left out, to rounding; the last
        iterate itself where its loss is at the global minimum and no single limit can be told.
    iterates : list of Network
        The last iterate itself, before the finishing step; of a run that diverged, the last one
        seen within bounds.
    traces : Traces
    steps, time : arrays (runs,)
        How many steps were taken, for the flow those included that were repeated shorter, and the
        time they cover.
    optimum : Solution
        The global minimum that `excess` is measured from.
    """

    process: str
    eta: float | None
    networks: list
    losses: np.ndarray
    stop_reason: list
    certificates: list
    limits: list
    iterates: list
    traces: Traces
    steps: np.ndarray
    time: np.ndarray
    optimum: Solution

    def __repr__(self):
        of = "the flow" if self.process == "flow" else f"descent with step {self.eta:g}"
        kinds = (GLOBAL, SPURIOUS, OPEN, DIVERGED)
        counted = ", ".join(
            f"{self.stop_reason.count(k)} {k}" for k in kinds if k in self.stop_reason
        )
        return f"Ensemble({len(self.networks)} runs of {of}: {counted})"


def train(
    X, y, lam, m=None, alpha=None, runs=1, seed=None, *, process=None, eta=None, start=None,
    max_steps=20_000_000, max_time=None, optimum=None, records=100, control=None, device="cpu",
    progress=False,
):  # fmt: skip
    r"""Train from many starts at once by gradient flow or by gradient descent, each run to a
    certified end.

    .. math:: \dot\theta = -\nabla L_\lambda(\theta) \quad\text{(flow)}\qquad
              \theta \leftarrow \theta - \eta\nabla L_\lambda(\theta) \quad\text{(descent)}, \qquad
              \sigma'(0) = 0

    with :math:`L_\lambda(\theta) = \frac1n\sum_k (f_\theta(x_k)-y_k)^2 + \lambda\|\theta\|^2`. The
    two may end at different points from the same start, however small :math:`\eta` is: the flow
    keeps the sign of every outer weight, while in descent a dying neuron may change it and grow
    again (see `relucones.training.descent`). A verdict is one about the process that was followed.

    Parameters
    ----------
    X, y : arrays (n, d), (n,)
        The data.
    lam : float
        The weight decay :math:`\lambda > 0`.
    m, alpha, runs, seed
        Width, scale, number and seed of the starts: see `initialise`.
    process : str, optional
        "flow" or "descent"; by default descent if there is a step `eta`, or else the flow.
    eta : float, optional
        The step of descent; stable below 2/L, see `hessian_bound`.
    start : pair of arrays (runs, m, d), (runs, m), optional
        Explicit starts W and a, in place of m, alpha, runs and seed.
    max_steps : int
        The steps after which a run is called not converged.
    max_time : float, optional
        The time :math:`t`, for descent :math:`\eta` times the steps, after which it is, by default
        :math:`1000/\lambda`.
    optimum : Solution, optional
        The global minimum, where `solve_global` has found it already.
    records : int
        How many points of the clock the traces have after time 0, evenly in log t. Runs do not
        depend on it.
    control : FlowControl, optional
        How the steps along the flow are chosen.
    device : str or torch.device
        Where the steps are computed.
    progress : bool
        Whether to show a bar with the runs that have ended.

    Returns
    -------
    Ensemble

    Raises
    ------
    ValueError
        For bad input.

    Notes
    -----
    From time to time a run is handed to the finishing step: the convex program over the signed
    patterns that its neurons touch, whose optimum is the limit if the run stays in these cones. The
    claim is accepted only if the limit is stationary, no neuron, however small, grows near it, and
    the run has come ever closer at three looks in a row (`claimed_limit`). For descent neurons of
    both signs are asked for, since a dying neuron may turn round. Where optima are many no single
    limit can be told; then a run ends where its loss has been at the optimum, to 1e-10, at three
    looks. Fixed steps chatter on walls, where the gradient never vanishes: a run of descent that
    comes as near to its limit as steps of this size can tell is accepted, one that keeps moving is
    not converged, and one whose weights leave all bounds has diverged.

    Examples
    --------
    >>> X, y = [[1.0, 0.0], [0.0, 1.0]], [3.0, 4.0]
    >>> starts = {"m": 20, "alpha": 0.1, "runs": 3, "seed": 0}
    >>> train(X, y, 0.5, **starts)
    Ensemble(3 runs of the flow: 3 global minimum)
    >>> ensemble = train(X, y, 0.5, **starts, process="descent", eta=0.01)
    >>> ensemble
    Ensemble(3 runs of descent with step 0.01: 3 global minimum)
    >>> ensemble.losses.round(8)
    array([4.5, 4.5, 4.5])
    """
    X, y = checks.data(X, y)
    lam = checks.penalty(lam)
    W, a = starts(X, m, alpha, runs, seed, start)
    eta = None if eta is None else checks.positive(eta, "eta")
    process = _process(process, eta)
    max_steps, records = (
        checks.count(max_steps, "max_steps"),
        checks.count(records, "records", least=2),
    )
    max_time = 1000 / lam if max_time is None else checks.positive(max_time, "max_time")
    if optimum is None:
        optimum = solve_global(X, y, lam)
    elif not isinstance(optimum, Solution):
        raise checks.BadInput(
            f"optimum must be a relucones Solution, but it is a {type(optimum).__name__}"
        )
    if not (control is None or isinstance(control, FlowControl)):
        raise checks.BadInput(
            f"control must be a FlowControl, but it is a {type(control).__name__}"
        )
    device = checks.device(device)
    if process == "flow":
        moving = _AlongFlow(Flow(X, y, lam, W, a, device, control), max_steps, max_time, records)
    else:
        moving = _ByDescent(Descent(X, y, lam, W, a, eta, device), max_steps, max_time, records)
    return _Training(X, y, lam, moving, W, optimum, progress).run()


def _process(process, eta):
    if process is None:
        return "flow" if eta is None else "descent"
    checks.choice(process, "process", ("flow", "descent"))
    if process == "descent" and eta is None:
        raise checks.BadInput("eta must be given, the step of descent")
    if process == "flow" and eta is not None:
        raise checks.BadInput(
            f"eta must be left out for the flow, which has no step, but it is {eta:g}"
        )
    return process


# ---- the two processes, as the loop sees them ----------------------------------------------------


class _AlongFlow:
    """Runs along the flow: each has its own time, and is recorded between two of its steps."""

    process, eta = "flow", None

    def __init__(self, state, max_steps, max_time, records):
        self.state, self.max_steps, self.max_time = state, max_steps, max_time
        first = min(_first_time(state), max_time / 2)
        self.clock = np.concatenate([[0.0], np.geomspace(first, max_time, records)])

    def advance(self, looks):
        """A step of every run."""
        self.state.advance(self.max_time)

    def neurons(self, r, time=None):
        """The neurons of run r now, or at a time within its last step."""
        return self.state.neurons(r) if time is None else self.state.at(r, time)

    def step_length(self, r):
        """The fixed step of a run that chatters; the flow does not."""
        return 0.0


class _ByDescent:
    """Runs by fixed steps: all have the same time, and are recorded at multiples of the step."""

    process = "descent"

    def __init__(self, state, max_steps, max_time, records):
        self.state, self.eta = state, state.eta
        self.max_steps = max(1, min(max_steps, int(max_time / self.eta)))
        self.max_time = self.max_steps * self.eta
        steps = np.geomspace(1, self.max_steps, records).round().astype(np.int64)
        self.clock = self.eta * np.unique(np.concatenate([[0], steps]))

    def advance(self, looks):
        """Steps up to the next record or look, all at once."""
        now = self.state.steps[self.state.runs[0]]
        following = self.clock[self.clock > (now + 0.5) * self.eta]
        left = min(following[0], looks.min()) / self.eta - now
        self.state.advance(int(np.clip(round(left), 1, _CHUNK)))

    def neurons(self, r, time=None):
        """The neurons of run r now."""
        return self.state.neurons(r)

    def step_length(self, r):
        """The step, by which a run may chatter around its limit."""
        return self.eta


def _first_time(state):
    """A time within which a start hardly moves."""
    X, y = state.X.cpu().numpy(), state.y.cpu().numpy()
    return 0.1 / (2 / state.n * np.linalg.norm(X, 2) * np.linalg.norm(y) + 2 * state.lam)


# ---- the loop ------------------------------------------------------------------------------------

_CHUNK = 1000  # the most steps of descent between two looks at the weights
# The time between two searches for a limit is at least this, in units of 1/lam, the time scale of
# the end, and grows by a factor.
_PAUSE, _LONGER = 0.1, 1.3
_LARGEST = 1e3  # weights that grow by this factor come from an unstable step
_AT_OPTIMUM = (
    1e-10  # the relative excess below which a network is at the optimum, whatever its neurons do
)
_SETTLING = (
    0.01  # the relative change of the loss in between above which there is no point in searching
)


class _Training:
    """All runs of one call: advance, record on the clock, look for a limit, let those that have
    ended go."""

    def __init__(self, X, y, lam, moving, W, optimum, progress):
        self.X, self.y, self.lam = X, y, lam
        self.moving, self.state, self.clock = moving, moving.state, moving.clock
        self.optimum, self.progress = optimum, progress
        runs = len(W)
        self.trace = np.full((8, runs, len(self.clock)), np.nan)
        self.recorded = np.zeros(runs, int)  # the last record written
        self.approaches = [Approach() for _ in range(runs)]
        self.claims, self.at_optimum = [None] * runs, np.zeros(runs, int)
        self.last_loss = np.full(runs, np.inf)
        self.next_look = np.full(runs, _PAUSE / lam)
        self.within = [None] * runs  # the last iterate within bounds
        self.diverged = np.zeros(runs, bool)
        self.bound = _LARGEST * (
            1 + max(np.abs(W).max(), np.linalg.norm(y) / (np.linalg.norm(X, 2) or 1.0))
        )
        self.optimal_fit = optimum.network.predict(X)
        self.known = {}  # a limit that several runs find is solved for and certified once

    def run(self):
        bar = _bar(len(self.claims)) if self.progress else None
        for r in range(len(self.claims)):
            self._record(r, slice(0, 1), self._iterate(r))
        while len(alive := self.state.runs):
            self.moving.advance(self.next_look[alive])
            over = np.array([self._look(r) for r in alive])
            if over.any():
                self.state.release(over)
                if bar is not None:
                    bar.update(int(over.sum()))
        if bar is not None:
            bar.close()
        return self._ensemble()

    def _look(self, r):
        """Record run r and search for its limit when it is time to; is it over?"""
        time = self.state.time[r]
        if self.moving.process == "descent" and not self._is_within_bounds(r):
            return True
        while self.recorded[r] + 1 < len(self.clock) and self.clock[
            self.recorded[r] + 1
        ] <= time * (1 + 1e-12):
            self.recorded[r] += 1
            at = min(self.clock[self.recorded[r]], time)
            self._record(
                r,
                slice(self.recorded[r], self.recorded[r] + 1),
                Network(*self.moving.neurons(r, at)),
            )
        if time >= self.next_look[r] * (1 - 1e-12):
            self.next_look[r] = max(time * _LONGER, time + _PAUSE / self.lam)
            self._search(r)
        spent = self.state.steps[r] >= self.moving.max_steps or time >= self.moving.max_time * (
            1 - 1e-12
        )
        return spent or self.claims[r] is not None

    def _is_within_bounds(self, r):
        W, a = self.moving.neurons(r)
        largest = max(np.abs(W).max(), np.abs(a).max())
        self.diverged[r] = not largest < self.bound  # nan, too
        if not self.diverged[r]:
            self.within[r] = W, a
        return not self.diverged[r]

    def _search(self, r):
        """Look for the limit of run r, unless its loss still changes."""
        network = self._iterate(r)
        before, loss = self.last_loss[r], network.loss(self.X, self.y, self.lam)
        self.last_loss[r] = loss
        if abs(before - loss) <= _SETTLING * loss:
            both, step = self.moving.process == "descent", self.moving.step_length(r)
            claim = claimed_limit(
                network, self.X, self.y, self.lam, self.known, both_signs=both, step=step
            )
        else:
            claim = None
        if self.approaches[r].completed_by(claim):
            self.claims[r] = claim
            return
        # Where optima are many, or neurons hardly move any more, no single limit can be told; but
        # the value is enough, since the loss does not rise again. Three looks, because a limit is
        # better than a value.
        self.at_optimum[r] += loss <= self.optimum.value * (1 + _AT_OPTIMUM)
        if self.at_optimum[r] >= 3:
            certificate = certify(network, self.X, self.y, self.lam)
            self.claims[r] = (
                Claim(network, network, certificate, 0.0, "") if certificate.is_global else None
            )

    def _iterate(self, r):
        return Network(*(self.within[r] if self.diverged[r] else self.moving.neurons(r)))

    def _record(self, r, at, network):
        values = measured(network, self.X, self.y, self.lam, self.optimum.value, self.optimal_fit)
        self.trace[:, r, at] = np.array(values)[:, None]

    def _ensemble(self):
        runs = range(len(self.claims))
        iterates = [self._iterate(r) for r in runs]
        networks = [iterates[r] if self.claims[r] is None else self.claims[r].end for r in runs]
        losses = np.array([network.loss(self.X, self.y, self.lam) for network in networks])
        for r in runs:
            if not self.diverged[r]:
                self._record(r, slice(self.recorded[r] + 1, None), networks[r])
        losses[self.diverged] = np.inf
        return Ensemble(
            process=self.moving.process,
            eta=self.moving.eta,
            networks=networks,
            losses=losses,
            stop_reason=[self._verdict(r) for r in runs],
            certificates=[self._certificate(r, iterates[r]) for r in runs],
            limits=[None if claim is None else claim.limit for claim in self.claims],
            iterates=iterates,
            traces=Traces(self.clock, *self.trace),
            steps=self.state.steps,
            time=self.state.time,
            optimum=self.optimum,
        )

    def _verdict(self, r):
        if self.claims[r] is not None:
            return self.claims[r].certificate.verdict
        return DIVERGED if self.diverged[r] else OPEN

    def _certificate(self, r, iterate):
        if self.claims[r] is not None:
            return self.claims[r].certificate
        return None if self.diverged[r] else certify(iterate, self.X, self.y, self.lam)


def _bar(runs):
    from tqdm import tqdm  # only for those who want to see it

    return tqdm(total=runs, unit="run")
