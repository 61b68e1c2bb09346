r"""Ensembles of full-batch gradient descents, run to an end that is certified.

Descent on :math:`L_\lambda(\theta) = \frac1n\sum_k (f_\theta(x_k)-y_k)^2 + \lambda\|\theta\|^2` with the ReLU's derivative
at 0 taken as 0. With :math:`g_j = \frac2n\sum_k (f(x_k) - y_k)\,1[w_j^\top x_k > 0]\,x_k`,

.. math:: w_j \leftarrow (1 - 2\eta\lambda) w_j - \eta a_j g_j, \qquad
          a_j \leftarrow (1 - 2\eta\lambda) a_j - \eta w_j^\top g_j .

What carries the module; all derived here:

* **Stable step.** Steps below 2/L are stable inside a cone, L as in `hessian_bound`. The last phase lasts a time of several
  :math:`1/\lambda`, so that many such steps are needed, 10^7 and more of size 0.01 for :math:`\lambda = 10^{-5}`.
* **Following the flow.** For given residuals each neuron obeys the linear equation
  :math:`\dot w = -2\lambda w - a g,\ \dot a = -2\lambda a - g^\top w`, solved in closed form, and the residuals at the end of
  a step are n numbers found by Newton's method. Such a step may be as long as no neuron turns by more than a hundredth or two
  of its length, however stiff the loss: this is the limit of small steps at a cost that does not depend on
  :math:`\lambda`. At a wall that pulls from both sides, a number in [0, 1] in place of :math:`1[w^\top x>0]` holds the neuron
  there (Filippov's solution), which fixed steps do by chattering.
* **A neuron off at every point** has :math:`g_j = 0`: it only shrinks, for ever.
"""

from dataclasses import dataclass

import numpy as np

from .. import checks
from ..certificate import certify
from ..convex import solve_global
from ..network import Network
from ..solution import Solution
from .descent import _Descent
from .limits import Approach, Claim, claimed_limit
from .records import _counted, effective_rank
from .start import _starts

GLOBAL, SPURIOUS, OPEN = "global minimum", "spurious stationary point", "not converged"

@dataclass(frozen=True, eq=False)
class Traces:
    r"""What was recorded along the runs; every array but `time` has shape (runs, len(time)).

    Attributes
    ----------
    time : array (T,)
        The flow time :math:`t = \sum\eta`, in logarithmic steps after 0.
    loss, squared_norm : arrays
        :math:`L_\lambda(\theta)` and :math:`\|\theta\|^2`.
    excess : array
        The loss minus the certified optimum's value.
    fit_distance : array
        The root mean square of f minus the optimal fit, which is unique.
    effective_rank : array
        exp of the entropy of the normalised singular values of W.
    active_patterns : array
        How many signed patterns the neurons have; those a millionth of the largest and smaller in :math:`|a_j|\|w_j\|`, or off
        at every point, do not count.
    merged_positive, merged_negative : arrays
        How many directions are left when such neurons of one sign within 0.1 radians of a longer one are merged with it.
    """

    time: np.ndarray
    loss: np.ndarray
    squared_norm: np.ndarray
    excess: np.ndarray
    fit_distance: np.ndarray
    effective_rank: np.ndarray
    active_patterns: np.ndarray
    merged_positive: np.ndarray
    merged_negative: np.ndarray


@dataclass(frozen=True, eq=False)
class Ensemble:
    """The runs of one call of `train`.

    Attributes
    ----------
    networks : list of Network
        Where each run ends, m neurons each: the limit where there is one, or else the last iterate.
    losses : array (runs,)
        Their regularised losses.
    stop_reason : list of str
        "global minimum", "spurious stationary point" or "not converged".
    certificates : list of Certificate
        Of the limits; of the last iterates where there is none.
    limits : list of Network or None
        The limit with parallel neurons merged and zero neurons left out, to rounding; the last iterate itself where its
        loss is at the global minimum and no single limit can be told.
    iterates : list of Network
        The last iterate itself, before the finishing step.
    traces : Traces
    steps, time : arrays (runs,)
        How many steps were taken, and the flow time they cover.
    optimum : Solution
        The global minimum that `excess` is measured from.
    """

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
        counted = ", ".join(f"{self.stop_reason.count(r)} {r}" for r in (GLOBAL, SPURIOUS, OPEN) if r in self.stop_reason)
        return f"Ensemble({len(self.networks)} runs: {counted})"


def train(
    X, y, lam, m=None, alpha=None, runs=1, seed=None, *, start=None, eta=None, max_steps=20_000_000, max_time=None,
    optimum=None, records=100, device="cpu", progress=False,
):  # fmt: skip
    r"""Full-batch gradient descent from many starts at once, each to a certified end.

    .. math:: \theta \leftarrow \theta - \eta\nabla L_\lambda(\theta) \quad\text{or its limit}\quad
              \dot\theta = -\nabla L_\lambda(\theta), \qquad \sigma'(0) = 0

    Parameters
    ----------
    X, y : arrays (n, d), (n,)
        The data.
    lam : float
        The weight decay :math:`\lambda > 0`.
    m, alpha, runs, seed
        Width, scale, number and seed of the starts: see `initialise`.
    start : pair of arrays (runs, m, d), (runs, m), optional
        Explicit starts W and a, in place of m, alpha, runs and seed.
    eta : float, optional
        The step of plain gradient descent; stable below 2/L, see `hessian_bound`. By default the gradient flow is followed,
        the limit of small steps, in steps whose length is chosen so that neurons turn, or change in size measured by the
        largest, by about 2% at most.
    max_steps : int
        The steps after which a run is called not converged.
    max_time : float, optional
        The flow time :math:`t = \sum\eta` after which it is, by default :math:`1000/\lambda`.
    optimum : Solution, optional
        The global minimum, where `solve_global` has found it already.
    records : int
        How many points of the clock the traces have after time 0, evenly in log t.
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
        For bad input, and when a fixed step is so large that the loss grows beyond all bounds.

    Notes
    -----
    From time to time a run is handed to the finishing step: the convex program over the signed patterns that its neurons
    touch, whose optimum is the limit if descent stays in these cones. The claim is accepted only if the limit is
    stationary, no neuron, however small, grows near it, and the run has come ever closer at three looks in a row
    (`claimed_limit`). Where optima are many no single limit can be told; then a run ends where its loss has been at the
    optimum, to 1e-10, at three looks. Fixed steps chatter on walls, where the gradient never vanishes: its size decides
    nothing here.

    Examples
    --------
    >>> X, y = [[1.0, 0.0], [0.0, 1.0]], [3.0, 4.0]
    >>> ensemble = train(X, y, lam=0.5, m=20, alpha=0.1, runs=3, seed=0)
    >>> ensemble
    Ensemble(3 runs: 3 global minimum)
    >>> ensemble.losses.round(8)
    array([4.5, 4.5, 4.5])
    """
    X, y = checks.data(X, y)
    lam = checks.penalty(lam)
    W, a = _starts(X, m, alpha, runs, seed, start)
    eta = None if eta is None else checks.positive(eta, "eta")
    max_steps, records = checks.count(max_steps, "max_steps"), checks.count(records, "records", least=2)
    max_time = 1000 / lam if max_time is None else checks.positive(max_time, "max_time")
    if optimum is None:
        optimum = solve_global(X, y, lam)
    elif not isinstance(optimum, Solution):
        raise ValueError(f"optimum must be a relucones Solution, but it is a {type(optimum).__name__}")
    return _Training(X, y, lam, W, a, eta, max_steps, max_time, optimum, records, device, progress).run()


# ---- the loop ---------------------------------------------------------------------------------------------------


class _Training:
    """All runs of one call: advance in chunks, record on the clock, look for a limit, let those that found one go."""

    def __init__(self, X, y, lam, W, a, eta, max_steps, max_time, optimum, records, device, progress):
        self.X, self.y, self.lam, self.eta = X, y, lam, eta
        self.max_steps, self.optimum, self.progress = max_steps, optimum, progress
        self.descent = _Descent(X, y, lam, W, a, device)
        self.clock = _clock(X, y, lam, eta, max_steps, max_time, records)
        runs = len(W)
        self.trace = np.full((8, runs, len(self.clock)), np.nan)
        self.reached = np.zeros(runs, int)  # the last record written
        self.time, self.steps = np.zeros(runs), np.zeros(runs, int)
        self.approaches = [Approach() for _ in range(runs)]
        self.claims, self.at_optimum = [None] * runs, np.zeros(runs, int)
        self.last_loss = np.full(runs, np.inf)
        self.next_look = np.full(runs, _PAUSE / lam)
        self.largest = 1 + max(np.abs(W).max(), np.linalg.norm(y) / (np.linalg.norm(X, 2) or 1.0))
        self.optimal_fit = optimum.network.predict(X)
        self.known = {}  # a limit that several runs find is solved for and certified once

    def run(self):
        bar = _bar(len(self.claims)) if self.progress else None
        for r in range(len(self.claims)):
            self._record(r, self._iterate(r))
        while len(self.descent.runs):
            alive = self.descent.runs
            self._advance(alive)
            over = np.array([self._look(r) for r in alive])
            if over.any():
                self.descent.release(over)
                if bar is not None:
                    bar.update(int(over.sum()))
        if bar is not None:
            bar.close()
        return self._ensemble()

    def _advance(self, alive):
        """Some steps; no run goes beyond its next point of the clock."""
        target = np.minimum(self.clock[self.reached[alive] + 1], self.next_look[alive])
        most = self.max_steps - self.steps[alive].max()
        if self.eta is None:
            taken, covered = self.descent.follow_flow(target - self.time[alive], min(most, _CHUNK))
        else:
            left = int((target - self.time[alive]).min() / self.eta * (1 + 1e-9))
            taken = max(1, min(most, left, 10 * _CHUNK))
            self.descent.take_out_dead()
            self.descent.descend(self.eta, taken)
            covered = taken * self.eta
        self.time[alive] += covered
        self.steps[alive] += taken

    def _look(self, r):
        """Record run r and search for its limit when it is time to; is it over: limit accepted, or time or steps spent?"""
        recorded = self.time[r] >= self.clock[self.reached[r] + 1] * (1 - 1e-9)
        if recorded:
            self.reached[r] += 1
            self._record(r, self._iterate(r))
        if self.time[r] >= self.next_look[r] * (1 - 1e-9):
            self.next_look[r] = max(self.time[r] * _LONGER, self.time[r] + _PAUSE / self.lam)
            self._search(r)
        spent = self.steps[r] >= self.max_steps or self.reached[r] == len(self.clock) - 1
        return spent or self.claims[r] is not None

    def _search(self, r):
        """Look for the limit of run r, unless its loss still changes."""
        network = self._iterate(r)
        before, loss = self.last_loss[r], network.loss(self.X, self.y, self.lam)
        self.last_loss[r] = loss
        settled = abs(before - loss) <= _SETTLING * loss
        claim = claimed_limit(network, self.X, self.y, self.lam, self.known) if settled else None
        if self.approaches[r].completed_by(claim):
            self.claims[r] = claim
            return
        # Where optima are many, or neurons hardly move any more, no single limit can be told; but the value is enough,
        # since the flow never leaves it. Three looks, because a limit is better than a value.
        self.at_optimum[r] += loss <= self.optimum.value * (1 + _AT_OPTIMUM)
        if self.at_optimum[r] >= 3:
            certificate = certify(network, self.X, self.y, self.lam)
            self.claims[r] = Claim(network, network, certificate, 0.0, "") if certificate.is_global else None

    def _iterate(self, r):
        return Network(*self.descent.neurons(r))

    def _record(self, r, network, at=None):
        if self.eta is not None and not max(np.abs(network.W).max(), np.abs(network.a).max()) < _LARGEST * self.largest:
            raise ValueError(f"eta must be a stable step, but with {self.eta:g} the weights of run {r} grow beyond all bounds")
        fit = network.predict(self.X)
        norm = network.squared_norm()
        loss = np.mean((fit - self.y) ** 2) + self.lam * norm
        off = np.sqrt(np.mean((fit - self.optimal_fit) ** 2))
        values = loss, norm, loss - self.optimum.value, off, effective_rank(network.W), *_counted(network, self.X)
        at = slice(self.reached[r], self.reached[r] + 1) if at is None else at
        self.trace[:, r, at] = np.array(values)[:, None]

    def _ensemble(self):
        iterates = [self._iterate(r) for r in range(len(self.claims))]
        networks = []
        for r, (iterate, claim) in enumerate(zip(iterates, self.claims, strict=True)):
            networks.append(iterate if claim is None else claim.end)
            self._record(r, networks[-1], slice(self.reached[r] + 1, None))
        certificates = [
            certify(network, self.X, self.y, self.lam) if claim is None else claim.certificate
            for network, claim in zip(iterates, self.claims, strict=True)
        ]
        return Ensemble(
            networks=networks,
            losses=np.array([network.loss(self.X, self.y, self.lam) for network in networks]),
            stop_reason=[OPEN if claim is None else claim.certificate.verdict for claim in self.claims],
            certificates=certificates,
            limits=[None if claim is None else claim.limit for claim in self.claims],
            iterates=iterates,
            traces=Traces(self.clock, *self.trace),
            steps=self.steps,
            time=self.time,
            optimum=self.optimum,
        )


_CHUNK = 100  # the most steps between two looks at the clock
_PAUSE = 0.1  # the time between two searches for a limit is at least this, in units of 1/lam, the time scale of the end
_LONGER = 1.3  # and grows by this factor
_LARGEST = 1e3  # weights that grow by this factor come from an unstable step
_AT_OPTIMUM = 1e-10  # the relative excess below which a network is at the optimum, whatever its neurons do
_SETTLING = 0.01  # the relative change of the loss in between above which there is no point in searching


def _bar(runs):
    from tqdm import tqdm  # only for those who want to see it

    return tqdm(total=runs, unit="run")


def _clock(X, y, lam, eta, max_steps, max_time, records):
    """Time 0, then times evenly spaced in log t; with a fixed step they are multiples of it."""
    first = 0.1 / (2 / len(y) * np.linalg.norm(X, 2) * np.linalg.norm(y) + 2 * lam)
    if eta is None:
        return np.concatenate([[0.0], np.geomspace(min(first, max_time / 2), max_time, records)])
    last = max(1, min(max_steps, int(max_time / eta)))
    steps = np.geomspace(1, last, records).round().astype(np.int64)
    return eta * np.unique(np.concatenate([[0], steps]))
