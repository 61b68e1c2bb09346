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

import numbers
from dataclasses import dataclass

import numpy as np
import torch

from . import checks
from .convex import Solution, certify, solve_global
from .limits import ROUNDING, Approach, Claim, claimed_limit
from .network import Network

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
        counted = ", ".join(
            f"{self.stop_reason.count(r)} {r}"
            for r in (GLOBAL, SPURIOUS, OPEN)
            if r in self.stop_reason
        )
        return f"Ensemble({len(self.networks)} runs: {counted})"


def initialise(m, d, alpha, runs, seed=None):
    r"""Balanced Gaussian initialisation: :math:`w_j \sim \mathcal N(0, \alpha^2 I_d)`, :math:`a_j = \pm\|w_j\|` with probability 1/2.

    Parameters
    ----------
    m, d : int
        Width and dimension.
    alpha : float or array (runs,)
        The scale, one for all runs or one each. There is no factor :math:`1/\sqrt m`.
    runs : int or sequence of int
        How many runs; or their numbers. Run r is the same in whatever company it is drawn.
    seed : int or Generator

    Returns
    -------
    W : array (runs, m, d)
    a : array (runs, m)

    Examples
    --------
    >>> W, a = initialise(m=3, d=2, alpha=0.1, runs=4, seed=0)
    >>> W.shape, bool(np.allclose(np.linalg.norm(W, axis=2), abs(a)))
    ((4, 3, 2), True)
    >>> bool((initialise(m=3, d=2, alpha=0.1, runs=[3], seed=0)[0] == W[3]).all())
    True
    """
    m, d = checks.count(m, "m"), checks.count(d, "d")
    labels = _run_numbers(runs)
    scales = _scales(alpha, len(labels))
    rng = checks.generator(seed)
    root = int(seed) if isinstance(seed, numbers.Integral) else int(rng.integers(2**63))
    W, a = np.empty((len(labels), m, d)), np.empty((len(labels), m))
    for i, label in enumerate(labels):
        rng = np.random.default_rng(np.random.SeedSequence(root, spawn_key=(label,)))
        W[i] = scales[i] * rng.standard_normal((m, d))
        a[i] = rng.choice([-1.0, 1.0], size=m) * np.linalg.norm(W[i], axis=1)
    return W, a


def hessian_bound(network, X, y, lam):
    r"""The number L above the Hessian of the loss at `network` inside its cone: steps below 2/L are stable.

    .. math:: L = \tfrac2n\lambda_{\max}\Bigl(\sum_j a_j^2 D_j XX^\top D_j + \sigma(Xw_j)\sigma(Xw_j)^\top\Bigr)
              + \max_j\|g_j\| + 2\lambda

    The first part is the tangent kernel, the norm of the Gauss-Newton part of the Hessian; the second is the norm of what
    the residual adds, a matrix that couples :math:`w_j` with :math:`a_j` by :math:`g_j` and nothing else (derived here).

    Examples
    --------
    >>> round(hessian_bound(Network([[1.0]], [1.0]), [[1.0]], [1.0], lam=0.1), 12)  # (a w - 1)^2 at a = w = 1
    4.2
    """
    X, y = checks.data(X, y)
    lam = checks.penalty(lam)
    return float(_Descent(X, y, lam, network.W[None], network.a[None], "cpu").hessian_bounds()[0])


def _run_numbers(runs):
    if np.ndim(runs) == 0:
        return range(checks.count(runs, "runs"))
    labels = checks.counts(runs, "runs", least=0)
    if labels.ndim != 1:
        raise ValueError(
            f"runs must be an integer or a list of run numbers, but its shape is {labels.shape}"
        )
    return labels.tolist()


def _scales(alpha, runs):
    if np.ndim(alpha) == 0:
        return np.full(runs, checks.positive(alpha, "alpha"))
    scales = checks.vector(alpha, "alpha", length=runs)
    if scales.min() <= 0:
        raise ValueError(f"alpha must be positive, but it holds {scales.min():.6g}")
    return scales


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
    max_steps, records = (
        checks.count(max_steps, "max_steps"),
        checks.count(records, "records", least=2),
    )
    max_time = 1000 / lam if max_time is None else checks.positive(max_time, "max_time")
    if optimum is None:
        optimum = solve_global(X, y, lam)
    elif not isinstance(optimum, Solution):
        raise ValueError(
            f"optimum must be a relucones Solution, but it is a {type(optimum).__name__}"
        )
    return _Training(
        X, y, lam, W, a, eta, max_steps, max_time, optimum, records, device, progress
    ).run()


def _starts(X, m, alpha, runs, seed, start):
    if start is None:
        if m is None or alpha is None:
            raise ValueError("m and alpha must be given, or explicit starts")
        return initialise(m, X.shape[1], alpha, runs, seed)
    if not isinstance(start, (tuple, list)) or len(start) != 2:
        raise ValueError("start must be a pair of arrays (runs, m, d), (runs, m)")
    W, a = np.asarray(start[0]), np.asarray(start[1])
    if W.ndim != 3 or W.shape[2] != X.shape[1] or a.shape != W.shape[:2] or 0 in W.shape:
        raise ValueError(
            f"start must have shapes (runs, m, {X.shape[1]}), (runs, m), but they are {W.shape}, {a.shape}"
        )
    flat = checks.matrix(W.reshape(len(W), -1), "start W"), checks.matrix(a, "start a")
    return flat[0].reshape(W.shape), flat[1]


# ---- the loop ---------------------------------------------------------------------------------------------------


class _Training:
    """All runs of one call: advance in chunks, record on the clock, look for a limit, let those that found one go."""

    def __init__(
        self, X, y, lam, W, a, eta, max_steps, max_time, optimum, records, device, progress
    ):
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
            self.claims[r] = (
                Claim(network, network, certificate, 0.0, "") if certificate.is_global else None
            )

    def _iterate(self, r):
        return Network(*self.descent.neurons(r))

    def _record(self, r, network, at=None):
        if (
            self.eta is not None
            and not max(np.abs(network.W).max(), np.abs(network.a).max()) < _LARGEST * self.largest
        ):
            raise ValueError(
                f"eta must be a stable step, but with {self.eta:g} the weights of run {r} grow beyond all bounds"
            )
        fit = network.predict(self.X)
        norm = network.squared_norm()
        loss = np.mean((fit - self.y) ** 2) + self.lam * norm
        off = np.sqrt(np.mean((fit - self.optimal_fit) ** 2))
        values = (
            loss,
            norm,
            loss - self.optimum.value,
            off,
            effective_rank(network.W),
            *_counted(network, self.X),
        )
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
            stop_reason=[
                OPEN if claim is None else claim.certificate.verdict for claim in self.claims
            ],
            certificates=certificates,
            limits=[None if claim is None else claim.limit for claim in self.claims],
            iterates=iterates,
            traces=Traces(self.clock, *self.trace),
            steps=self.steps,
            time=self.time,
            optimum=self.optimum,
        )


_TURN = 0.02  # steps along the flow are made so long that neurons turn or stretch by about this much, or less
_STRIDE = (
    50.0  # where neurons hardly move, since pull and decay balance, steps grow up to this factor
)
_ITERATIONS = 15  # the most corrections of residual and gates in a step
_DAMPING = 0.7  # of the gates, since walls of one neuron influence each other
_ACCURACY = 1e-5  # the relative error of the residual at which corrections stop
_HELD = 0.005  # the same for the gates: how far a neuron is held off its place, as a share of the turn of a step
_CHUNK = 100  # the most steps between two looks at the clock
_PAUSE = 0.1  # the time between two searches for a limit is at least this, in units of 1/lam, the time scale of the end
_LONGER = 1.3  # and grows by this factor
_LARGEST = 1e3  # weights that grow by this factor come from an unstable step
_AT_OPTIMUM = (
    1e-10  # the relative excess below which a network is at the optimum, whatever its neurons do
)
_SETTLING = (
    0.01  # the relative change of the loss in between above which there is no point in searching
)


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


class _Descent:
    """The runs still under way as torch tensors: W (d, runs, neurons), a (runs, neurons).

    Neurons that are off at every point are taken out, since they only shrink; `neurons` puts them back.
    """

    def __init__(self, X, y, lam, W, a, device):
        self.lam, self.n = lam, len(y)
        self.X = torch.tensor(X, device=device)
        self.y = torch.tensor(y, device=device)[:, None]
        self.gram = self.X @ self.X.T
        self.lengths = self.gram.diagonal().sqrt()[:, None, None]
        self.W = torch.tensor(W, device=device).permute(2, 0, 1).contiguous()
        self.a = torch.tensor(a, device=device)
        self.residual, self.gate = (
            self._fit(self._dots(self.W), self.a) - self.y,
            (self._dots(self.W) > 0).double(),
        )
        self.all_W, self.all_a = W.copy(), a.copy()
        self.slot = np.tile(np.arange(W.shape[1]), (len(W), 1))  # which neuron a column holds
        self.runs = np.arange(len(W))
        surplus = self.a.square() - self.W.square().sum(0)  # 0 for a balanced neuron
        self.surplus = torch.where(surplus.abs() <= 1e-12 * self.a.square(), 0.0, surplus)
        self.stride = np.ones(
            len(W)
        )  # how many times longer than sure to be small enough the next step is
        self.shrunk = np.zeros(
            len(W)
        )  # log of the factor by which a neuron off at every point has shrunk
        self.since = np.zeros(a.shape)  # the same when it was taken out

    def _dots(self, W):
        return (self.X @ W.view(len(W), -1)).view(-1, *W.shape[1:])

    def _fit(self, dots, a):
        return (torch.relu(dots) * a).sum(-1)

    def _pull(self, gate, residual):
        """The vectors g_j (d, runs, neurons)."""
        weighted = gate * (2 / self.n * residual)[:, :, None]
        return (self.X.T @ weighted.view(self.n, -1)).view(-1, *gate.shape[1:])

    def _kernel(self, gate, dots, a):
        """The tangent kernel of every run, (runs, n, n)."""
        gate, heights = gate.transpose(0, 1), torch.relu(dots).transpose(0, 1)
        return self.gram * ((gate * a.square()[:, None]) @ gate.mT) + heights @ heights.mT

    def descend(self, eta, steps):
        """That many steps of gradient descent."""
        W, a, X = self.W, self.a, self.X
        d, runs, m = W.shape
        keep = 1 - 2 * eta * self.lam
        for _ in range(steps):
            dots = self._dots(W)
            residual = (self._fit(dots, a) - self.y).mul_(2 / self.n * eta)
            pull = (X.T @ torch.where(dots > 0, residual[:, :, None], 0.0).view(-1, runs * m)).view(
                d, runs, m
            )
            change = (W * pull).sum(0)
            W.mul_(keep).sub_(pull.mul_(a))
            a.mul_(keep).sub_(change)
        self.shrunk[self.runs] += steps * np.log(max(abs(keep), 1e-300))

    def hessian_bounds(self):
        dots = self._dots(self.W)
        on = (dots > 0).double()
        pull = self._pull(on, self._fit(dots, self.a) - self.y)
        kernel = torch.linalg.eigvalsh(self._kernel(on, dots, self.a))[:, -1]
        return 2 / self.n * kernel + pull.square().sum(0).amax(-1).sqrt() + 2 * self.lam

    def follow_flow(self, left, most):
        """Steps along the flow until a run has covered its time `left`: their number, and the time covered by each run."""
        self.take_out_dead()
        covered, taken = np.zeros(len(left)), 0
        for _ in range(most):
            pull = self._pull(self.gate, self.residual)
            turning = (pull.square().sum(0).amax(-1).sqrt() + 2 * self.lam).cpu().numpy()
            span = np.minimum(self.stride * _TURN / turning, left - covered)
            moved = self._implicit_step(torch.as_tensor(span, device=self.X.device)).cpu().numpy()
            failed = np.isinf(moved)
            span[failed] = 0.0
            longer = np.clip(
                self.stride * np.clip(0.8 * _TURN / (moved + 1e-300), 0.5, 1.25), 0.25, _STRIDE
            )
            self.stride = np.where(failed, np.maximum(self.stride / 4, 1e-6), longer)
            covered += span
            taken += 1
            if (covered >= left * (1 - 1e-12)).any():
                break
        self.shrunk[self.runs] -= 2 * self.lam * covered
        return taken, covered

    def _implicit_step(self, span):
        r"""One step in which the residual is that at its end, and the patterns obey :math:`\delta \in \partial\sigma`.

        For a fixed residual every neuron obeys a linear equation, whose solution is known. Newton's method finds the residual.
        A run for which it does not come near stays where it is. Returned is `_movement`, infinite for such a run.
        """
        W, a, lam = self.W, self.a, self.lam
        dots, residual, gate = self._dots(W), self.residual, self.gate
        kernel = self._kernel(gate, dots, a)
        h = span[:, None]
        newton = torch.linalg.inv(
            torch.eye(self.n, dtype=W.dtype, device=W.device)
            + 2 / self.n * span[:, None, None] * kernel
        )
        keep = torch.exp(-2 * lam * h)
        size = (
            2 / self.n * self.gram.diagonal()[:, None, None] * h * a
        )  # times the residual: what a gate does to its dot
        # Where a limit lies on a wall, dots from the off side tend to 0 until rounding would switch the point on.
        on = (dots > ROUNDING * self.lengths * W.square().sum(0).sqrt()).double()
        for _ in range(_ITERATIONS):
            pull = self._pull(gate, residual)
            turn2 = (h * h) * pull.square().sum(0)
            sine = h * (
                1 + turn2 / 6 * (1 + turn2 / 20 * (1 + turn2 / 42))
            )  # sinh and cosh: turns stay below 1
            cosine = h * h / 2 * (1 + turn2 / 12 * (1 + turn2 / 30 * (1 + turn2 / 56)))
            along = (pull * W).sum(0)
            end_W = keep * (W + pull * (cosine * along - sine * a))
            end_a = keep * (a + cosine * pull.square().sum(0) * a - sine * along)
            end_dots = self._dots(end_W)
            error = self._fit(end_dots, end_a) - self.y - residual
            change = (newton @ error.T[:, :, None])[:, :, 0].T
            residual = residual + change
            # Gates hold a dot at zero against the pull of the new residual, so the dots must have felt that pull, too.
            end_dots = end_dots - self._dots(self._pull(gate, change) * h * a)
            give = size * residual[:, :, None]
            next_gate = torch.where(
                give > 0, (gate + _DAMPING * end_dots / give.clamp_min(1e-300)).clamp(0, 1), on
            )
            moved = ((next_gate - gate) * give).abs().amax(0) / (W.square().sum(0).sqrt() + 1e-300)
            gate = next_gate
            if bool(
                (error.abs().amax(0) <= _ACCURACY * residual.abs().amax(0)).all()
                & (moved.amax() <= _HELD * _TURN)
            ):
                break
        end_W, end_a = self._as_balanced(end_W, end_a, keep)
        near = error.abs().amax(0) <= _TURN * residual.abs().amax(0)  # never true of nan
        moved = torch.where(near, _movement(W, end_W), torch.inf)
        self.surplus = torch.where(near[:, None], self.surplus * keep**2, self.surplus)
        self.W, self.a = (
            torch.where(near[:, None], end_W, W),
            torch.where(near[:, None], end_a, self.a),
        )
        self.gate = torch.where(near[:, None], gate, self.gate)
        self.residual = torch.where(near, residual, self.residual)
        return moved

    def _as_balanced(self, end_W, end_a, keep):
        r"""The flow keeps :math:`(a^2 - \|w\|^2)e^{4\lambda t}`; in a neuron that shrinks, rounding would come to outweigh it."""
        surplus, squares = self.surplus * keep**2, end_W.square().sum(0)
        kept_a = self.a.sign() * (squares + surplus.clamp_min(0)).sqrt()
        kept_W = (
            end_W * ((end_a.square() - surplus) / squares.clamp_min(1e-300)).clamp_min(0).sqrt()
        )
        return torch.where(surplus < 0, kept_W, end_W), torch.where(surplus < 0, end_a, kept_a)

    def take_out_dead(self):
        """Leave out neurons that are off at every point."""
        live = (self._dots(self.W) > 0).any(0)
        width = max(1, int(live.sum(1).max()))
        if width > 0.8 * live.shape[1]:
            return
        self._store()
        order = torch.argsort(~live, dim=1, stable=True)[:, :width]
        self.W = torch.take_along_dim(self.W, order[None], dim=2).contiguous()
        self.gate = torch.take_along_dim(self.gate, order[None], dim=2).contiguous()
        self.a = torch.take_along_dim(self.a, order, dim=1)
        self.surplus = torch.take_along_dim(self.surplus, order, dim=1)
        self.slot = np.take_along_axis(self.slot, order.cpu().numpy(), axis=1)

    def _store(self):
        rows = self.runs[:, None]
        self.all_W[rows, self.slot] = self.W.permute(1, 2, 0).cpu().numpy()
        self.all_a[rows, self.slot] = self.a.cpu().numpy()
        self.since[rows, self.slot] = self.shrunk[rows]

    def neurons(self, r):
        """All neurons of run r, those taken out shrunk as descent would have."""
        factor = np.exp(self.shrunk[r] - self.since[r])
        W, a = self.all_W[r] * factor[:, None], self.all_a[r] * factor
        at = np.flatnonzero(self.runs == r)
        if len(at):
            W[self.slot[at[0]]] = self.W[:, at[0]].T.cpu().numpy()
            a[self.slot[at[0]]] = self.a[at[0]].cpu().numpy()
        return W, a

    def release(self, over):
        """Stop the runs marked in `over`."""
        self._store()
        kept = np.flatnonzero(~over)
        index = torch.as_tensor(kept, device=self.W.device)
        self.W, self.a = self.W[:, index].contiguous(), self.a[index]
        self.gate, self.residual = (
            self.gate[:, index].contiguous(),
            self.residual[:, index].contiguous(),
        )
        self.stride, self.surplus = self.stride[kept], self.surplus[index]
        self.slot, self.runs = self.slot[kept], self.runs[kept]


def _movement(W, end_W):
    """For every run the largest angle by which a neuron turns, or change of length as a part of the longest, if larger."""
    before, after = W.square().sum(0).sqrt(), end_W.square().sum(0).sqrt()
    turned = (end_W * (before / after.clamp_min(1e-300)) - W).square().sum(
        0
    ).sqrt() / before.clamp_min(1e-300)
    return torch.maximum(
        turned, (after - before).abs() / before.amax(-1, keepdim=True).clamp_min(1e-300)
    ).amax(-1)


# ---- what is recorded -------------------------------------------------------------------------------------------


def effective_rank(W):
    r"""exp of the entropy of the singular values of W, normalised to sum 1: between 1 and the rank of W; 0 for W = 0.

    Examples
    --------
    >>> effective_rank(np.eye(3)).round(12), effective_rank(np.ones((5, 2))).round(12)
    (np.float64(3.0), np.float64(1.0))
    """
    singular = np.linalg.svd(
        np.linalg.qr(W, mode="r") if len(W) > W.shape[1] else W, compute_uv=False
    )
    if singular.sum() == 0:
        return 0.0
    share = singular[singular > 0] / singular.sum()
    return np.exp(-np.sum(share * np.log(share)))


def _counted(network, X):
    """Signed patterns, and merged directions of either sign, among the neurons that count."""
    sizes = np.abs(network.a) * np.linalg.norm(network.W, axis=1)
    patterns, signs = network.signed_patterns(X)
    counts = patterns.any(axis=1) & (sizes > 1e-6 * sizes.max())
    packed = np.packbits(np.column_stack([signs > 0, patterns])[counts], axis=1)
    merged = [len(merged_directions(network.W[counts & (signs == s)])) for s in (1, -1)]
    return len(np.unique(packed, axis=0)), *merged


def merged_directions(W, angle=0.1):
    """The unit directions left when each row within `angle` radians of a longer one is merged with it.

    Examples
    --------
    >>> merged_directions(np.array([[2.0, 0.1], [1.0, 0.0], [0.0, 1.0]])).round(2)
    array([[1.  , 0.05],
           [0.  , 1.  ]])
    """
    norms = np.linalg.norm(W, axis=1)
    left = W[norms > 0] / norms[norms > 0, None]
    left = left[np.argsort(-norms[norms > 0], kind="stable")]
    found = []
    while len(left):
        found.append(left[0])
        left = left[left @ left[0] < np.cos(angle)]
    return np.array(found).reshape(-1, W.shape[1])
