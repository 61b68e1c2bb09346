r"""Steps along the gradient flow, in which every outer weight keeps its sign.

What carries the module; derived here:

* **However stiff.** For given residuals each neuron obeys the linear equation
  :math:`\dot w = -2\lambda w - a g,\ \dot a = -2\lambda a - g^\top w`, solved in closed form; the
  residuals at the end of a step are n numbers found by Newton's method. So the length of a step
  depends neither on the largest eigenvalue of the loss nor on :math:`\lambda`.
* **Walls.** In place of :math:`1[w^\top x > 0]` stands the share of the step for which the point is
  on, were the velocity of :math:`w^\top x` constant on either side of the wall. Where both sides
  push towards the wall this is the number in [0, 1] that holds the neuron there (Filippov's
  solution), which fixed steps do by chattering.
* **Steps that are repeated shorter.** Every step is made twice, in one and in two halves. If they
  differ by too much, or a neuron moves too far, the step is rejected. Otherwise the two are
  extrapolated (Richardson), which makes the method of second order. The length of a run's steps
  depends on nothing else: not on other runs, nor on when the run is looked at.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from .limits import ROUNDING
from .state import State

_TINY = 1e-300  # in place of 0 in a denominator
_CANCELS = 1e-13  # the rounding error of a sum, as a share of its largest terms
_ON_WALL = 1e-7  # the sine of an angle to a wall that is an error of Newton's method, not a place
# W, gate and residual have runs in their second axis, a and surplus in their first.
_RUNS_SECOND = (0, 2, 3)


@dataclass(frozen=True)
class FlowControl:
    """How steps along the flow are chosen; steps of other tolerances cost more or err more.

    Attributes
    ----------
    error : float
        By how much one step and its two halves may differ, as a share of a neuron's size. The
        extrapolated step is better by another order. At ten times this the ends of a few runs in a
        hundred change.
    turn : float
        The angle in radians by which a neuron may turn in a step, and the change of its length as a
        share of the longest neuron. A step within the tolerance of errors is rarely so long; this
        catches what two halves miss alike.
    longest : float
        The limit of a step's length times the largest pull, so that the series of sinh and cosh are
        exact to rounding.
    accuracy : float
        The relative error of the residual at which Newton's method stops; it converges fast, and
        limits are found to about this accuracy.
    held : float
        How far a neuron may be off a wall that holds it, as a share of its size, when Newton's
        method stops. Small, since the neuron stays there.
    passed : float
        The same for walls that it crosses, an error that is made once.
    together : int
        The iterations that all runs make together; those that have not been found by then go on by
        themselves.
    iterations : int
        After which a step counts as failed; most need 3 to 6.
    """

    error: float = 1e-3
    turn: float = 0.1
    longest: float = 1.0
    accuracy: float = 1e-7
    held: float = 1e-8
    passed: float = 1e-5
    together: int = 4
    iterations: int = 16


class _Point(NamedTuple):
    """Where the runs are: neurons in their units, gates (n, runs, neurons), residuals (n, runs),
    a^2 - |w|^2."""

    W: torch.Tensor
    a: torch.Tensor
    gate: torch.Tensor
    residual: torch.Tensor
    surplus: torch.Tensor

    def of(self, rows):
        """The same of these runs only."""
        return _Point(
            *(part[:, rows] if i in _RUNS_SECOND else part[rows] for i, part in enumerate(self))
        )

    def put(self, rows, other):
        """Let these runs be where `other` says."""
        for i, (part, late) in enumerate(zip(self, other, strict=True)):
            part[(slice(None), rows) if i in _RUNS_SECOND else rows] = late


class Flow(State):
    """The runs of an ensemble along the gradient flow, each with steps of its own."""

    def __init__(self, X, y, lam, W, a, device="cpu", control=None):
        super().__init__(X, y, lam, W, a, device)
        self.control = FlowControl() if control is None else control
        self.gram = self.X @ self.X.T
        self._squares = self.gram.diagonal()[:, None, None]
        dots = self.dots(self.W)
        self.gate, self.residual = (dots > 0).double(), self.fit(dots, self.a) - self.y
        surplus = self.a.square() - self.W.square().sum(0)  # 0 for a balanced neuron
        self.surplus = torch.where(surplus.abs() <= 1e-12 * self.a.square(), 0.0, surplus)
        self.rejected = np.zeros(len(W), int)
        self._span = self.control.turn / (self._largest_pull() + 2 * lam)
        self._normalise()
        self._before = self.time.copy(), self.W, self.a, self.log_unit

    def _largest_pull(self):
        pull = self.pull(self.gate, self.residual).square().sum(0).amax(-1).sqrt()
        return pull.cpu().numpy()

    def advance(self, until):
        """One step of every run, rejected or not; none goes beyond its time in `until`."""
        self.take_out_dead()
        longest = self.control.longest / np.maximum(self._largest_pull(), _TINY)
        proposed = np.minimum(self._span, longest)
        span = np.minimum(proposed, until - self.time[self.runs])
        start = _Point(self.W, self.a, self.gate, self.residual, self.surplus)
        end, error, moved = self._both_ways(start, torch.as_tensor(span, device=self.X.device))
        good = (error <= self.control.error) & (moved <= 1.5 * self.control.turn)
        # The difference of one step and two halves is of second order, what a neuron moves is of
        # first.
        longer = np.minimum(
            0.8 * np.sqrt(self.control.error / np.maximum(error, _TINY)),
            self.control.turn / np.maximum(moved, _TINY),
        )
        grown = span * np.where(good, np.clip(longer, 0.3, 2.0), np.clip(longer, 0.1, 0.7))
        self._span = np.where(
            good & (span < proposed), self._span, grown
        )  # cut short: nothing learnt
        self._before = self.time.copy(), self.W, self.a, self.log_unit
        self._accept(start, end, torch.as_tensor(good, device=self.X.device))
        self.time[self.runs] += np.where(good, span, 0.0)
        self._shrunk[self.runs] = -2 * self.lam * self.time[self.runs]
        self.steps[self.runs] += 1
        self.rejected[self.runs] += ~good

    def _both_ways(self, start, span):
        """One step and two halves, extrapolated; how much they differ, and how far neurons move;
        infinite if it failed."""
        weight = self._weight()
        whole, found = self._implicit_step(start, span, weight)
        guess = start._replace(residual=(start.residual + whole.residual) / 2)
        middle, found_middle = self._implicit_step(guess, span / 2, weight)
        end, found_end = self._implicit_step(
            middle._replace(residual=whole.residual), span / 2, weight
        )
        failed = ~(found & found_middle & found_end)
        failed |= self._is_torn(start, middle, span / 2) | self._is_torn(middle, end, span / 2)
        sizes = _sizes(end.W, end.a)
        gap = ((whole.W - end.W).square().sum(0) + (whole.a - end.a).square()).sqrt()
        error = (gap / (sizes + _TINY)).amax(-1).masked_fill(failed, torch.inf)
        W, a = _as_balanced(2 * end.W - whole.W, 2 * end.a - whole.a, end.surplus, self.a.sign())
        # Which side of a wall a neuron leaves to decides what comes: there the halves are believed.
        dots, halves = self.dots(W), self.dots(end.W)
        crosses = ((dots > 0) != (halves > 0)) & (dots.abs() > self._blur(sizes))
        crosses = crosses.any(0)
        W, a = torch.where(crosses, end.W, W), torch.where(crosses, end.a, a)
        residual = self.fit(torch.where(crosses, halves, dots), a, weight) - self.y
        lost = (self._is_held(end, halves) & (a * residual[:, :, None] <= 0)).any(0).any(-1)
        W, a = torch.where(lost[:, None], end.W, W), torch.where(lost[:, None], end.a, a)
        residual = torch.where(lost, end.residual, residual)
        moved = self._movement(W, a).masked_fill(failed, torch.inf)
        return end._replace(W=W, a=a, residual=residual), error.cpu().numpy(), moved.cpu().numpy()

    def _blur(self, sizes):
        """How near its wall a dot is on it, but for the error of Newton's method."""
        return _ON_WALL * self._squares.sqrt() * sizes

    def _is_held(self, point, dots):
        on_wall = dots.abs() <= self._blur(_sizes(point.W, point.a))
        return (point.gate > 0) & (point.gate < 1) & on_wall

    def _is_torn(self, start, end, span):
        """Whether a wall that held a neuron repels it on both sides at the end: it left in between,
        to a side that a step of this length cannot tell."""
        before = self.dots(start.W)
        residual = self.fit(before, start.a, self._weight()) - self.y
        held = self._is_held(start, before) & (start.a * residual[:, :, None] > 0)
        give = self._reach(start.a, span[:, None])[0] * end.residual[:, :, None] * self._squares
        up = self.dots(end.W) + end.gate * give
        return (held & (up < 0) & (up > give)).any(0).any(-1)

    def _reach(self, a, h):
        """How far gate times residual moves a neuron against its point, and for how long it tells:
        decay takes off what was moved early."""
        felt = -torch.expm1(-2 * self.lam * h) / (2 * self.lam)
        return 2 / self.n * felt * a, felt

    def _accept(self, start, end, good):
        wide = good[:, None]
        kept = (
            torch.where(g, e, s)
            for g, e, s in zip((wide, wide, wide, good, wide), end, start, strict=True)
        )
        self.W, self.a, self.gate, self.residual, self.surplus = kept
        self._normalise()

    def _movement(self, W, a):
        """The largest angle by which a neuron turns, or change of length as a share of the longest,
        if larger."""
        before, after = _sizes(self.W, self.a), _sizes(W, a)
        factor = before / after.clamp_min(_TINY)
        turned = ((W * factor - self.W).square().sum(0) + (a * factor - self.a).square()).sqrt()
        unit = self.log_unit.exp()
        longest = (before * unit).amax(-1, keepdim=True).clamp_min(_TINY)
        return torch.maximum(
            turned / before.clamp_min(_TINY), (after - before).abs() * unit / longest
        ).amax(-1)

    # ---- one implicit step -----------------------------------------------------------------------

    def _implicit_step(self, start, span, weight, left=None):
        """A step in which residuals and gates are those that its end asks for; and for which runs
        they were found."""
        control, h = self.control, span[:, None]
        left = control.iterations if left is None else left
        residual, gate = start.residual, start.gate
        keep = torch.exp(-2 * self.lam * h)
        reach, felt = self._reach(start.a, h)
        sizes = start.W.square().sum(0).sqrt() + _TINY
        before, floor = self.dots(start.W), ROUNDING * self._squares.sqrt() * sizes
        for _ in range(min(left, control.together)):
            W, a = _in_constant_pull(start.W, start.a, self.pull(gate, residual), h, keep)
            dots = self.dots(W)
            give = reach * residual[:, :, None] * self._squares
            share, held = _shares(before, dots, gate, give, floor)
            error = (self.fit(dots, a, weight) - self.y - residual).abs().amax(0)
            off_by = ((share - gate) * give).abs() / sizes
            off_by = (
                torch.where(held, off_by / control.held, off_by / control.passed).amax(0).amax(-1)
            )
            # Large outputs of both signs cancel in the fit, and leave their rounding.
            rounding = _CANCELS * self.fit(dots, a.abs(), weight).amax(0)
            enough = control.accuracy * residual.abs().amax(0) + rounding
            found = (error <= enough) & (off_by <= 1)
            if bool(found.all()):
                break
            if left < control.iterations:  # walls of one neuron may play ball with each other
                share = torch.where(held, share, (share + gate) / 2)
            better, gates = self._newton(
                residual, gate, dots, a, weight, reach, (felt, 2 * h - felt), share, held
            )
            # A run that has been found stays as it is, so that its end does not depend on the
            # others.
            residual, gate = (
                torch.where(found, residual, better),
                torch.where(found[:, None], gate, gates),
            )
        surplus = start.surplus * keep**2
        W, a = _as_balanced(W, a, surplus, start.a.sign())
        end = _Point(W, a, gate, residual, surplus)
        if bool(found.all()) or left <= control.together:
            return end, found
        rest = (~found).nonzero()[:, 0]
        again = _Point(start.W, start.a, gate, residual, start.surplus).of(rest)
        late, found[rest] = self._implicit_step(
            again, span[rest], weight[rest], left - control.together
        )
        end.put(rest, late)
        return end, found

    def _newton(self, residual, gate, dots, a, weight, reach, times, share, held):
        """One iteration for residuals and gates together: held dots go to zero, whatever the
        residuals become."""
        run, neuron = held.any(0).nonzero(as_tuple=True)  # those that slide along walls
        dots = dots - reach * self._through_gram(
            torch.where(held, 0.0, (share - gate) * residual[:, :, None])
        )
        on = torch.where(held, 0.0, share)
        strength = a.square() * weight
        seen = on.transpose(0, 1)
        kernel = self.gram * ((seen * strength[:, None]) @ seen.mT)  # of directions, (runs, n, n)
        if len(run):
            walls = held[:, run, neuron].T
            inverse = self._inverse_on(walls)
            slide = dots[:, run, neuron].T[:, :, None]
            lift = inverse @ slide  # what brings the held dots to zero
            dots[:, run, neuron] = (slide - self.gram @ lift)[:, :, 0].T
            through = on[:, run, neuron].T[:, :, None] * self.gram
            kernel.index_add_(
                0, run, -strength[run, neuron][:, None, None] * (through @ inverse @ through.mT)
            )
        heights = torch.relu(dots).transpose(0, 1)
        # For how long a change of the residuals tells on directions and on sizes: sizes are at
        # rest, decay pays for growth.
        turns, grows = (2 / self.n * time[:, :, None] for time in times)
        system = turns * kernel + grows * ((heights * weight[:, None]) @ heights.mT)
        system.diagonal(dim1=1, dim2=2).add_(1.0)
        error = self.fit(dots, a, weight) - self.y - residual
        change = torch.linalg.solve_ex(system, error.T[:, :, None])[0][
            :, :, 0
        ].T  # one may be singular
        better, gates = residual + change, torch.where(held, gate, share)
        if len(run):
            push = (on * change[:, :, None])[:, run, neuron].T[:, :, None]
            more = (lift / reach[run, neuron][:, None, None] - inverse @ (self.gram @ push))[
                :, :, 0
            ].T
            after = torch.where(better == 0, 1.0, better)[:, run]
            mine = gates[:, run, neuron]
            holding = ((mine * residual[:, run] + more) / after).clamp(0, 1)
            gates[:, run, neuron] = torch.where(walls.T, holding, mine)
        return better, gates

    def _inverse_on(self, walls):
        """The inverses of the Gram matrices of the points in the rows of `walls`, zero
        elsewhere."""
        mask = walls.double()
        squares = self.gram.diagonal()
        # Points that lie in one direction share a wall: the small number on the diagonal splits the
        # work between them.
        diagonal = torch.where(walls, 1e-13 * squares, 1.0)
        block = mask[:, :, None] * self.gram * mask[:, None, :] + torch.diag_embed(diagonal)
        return torch.linalg.inv_ex(block)[0] * mask[:, :, None] * mask[:, None, :]

    def _through_gram(self, values):
        return (self.gram @ values.view(self.n, -1)).view(values.shape)

    # ---- units -----------------------------------------------------------------------------------

    def _weight(self):
        return (2 * self.log_unit).exp()

    def _normalise(self):
        """Give neurons that have become very small or large a new unit."""
        largest = torch.maximum(self.W.abs().amax(0), self.a.abs())  # squares might vanish
        far = (largest > 0) & ((largest < 1e-30) | (largest > 1e30))
        unit = torch.where(far, largest, 1.0)
        self.W, self.a, self.surplus = self.W / unit, self.a / unit, self.surplus / unit / unit
        self.log_unit = self.log_unit + unit.log()

    # ---- what is kept ----------------------------------------------------------------------------

    def at(self, r, time):
        """All neurons of run r at a time within its last step."""
        W, a = self.neurons(r)
        before, row = self._before, np.flatnonzero(self.runs == r)[0]
        start, end = before[0][r], self.time[r]
        if end == start:
            return W, a
        unit = before[3][row].exp().cpu().numpy()
        old_W, old_a = (
            before[1][:, row].T.cpu().numpy() * unit[:, None],
            before[2][row].cpu().numpy() * unit,
        )
        share, slot = (time - start) / (end - start), self._slot[row]
        back = np.exp(2 * self.lam * (end - time))
        live = np.zeros(len(a), bool)
        live[slot] = True
        W, a = np.where(live[:, None], W, back * W), np.where(live, a, back * a)
        W[slot] = (1 - share) * old_W + share * W[slot]
        a[slot] = (1 - share) * old_a + share * a[slot]
        return W, a

    def _keep_neurons(self, order):
        super()._keep_neurons(order)
        self.gate = torch.take_along_dim(self.gate, order[None], dim=2).contiguous()
        self.surplus = torch.take_along_dim(self.surplus, order, dim=1)

    def _keep_runs(self, kept):
        super()._keep_runs(kept)
        self.gate, self.residual = (
            self.gate[:, kept].contiguous(),
            self.residual[:, kept].contiguous(),
        )
        self.surplus, self._span = self.surplus[kept], self._span[kept.cpu().numpy()]


def _sizes(W, a):
    return (W.square().sum(0) + a.square()).sqrt()


def _in_constant_pull(W, a, pull, h, keep):
    """The neurons after a time h in which residuals and gates do not change."""
    square, along = pull.square().sum(0), (pull * W).sum(0)
    angle = (h * h) * square
    sine = h * (1 + angle / 6 * (1 + angle / 20 * (1 + angle / 42 * (1 + angle / 72))))
    cosine = h * h / 2 * (1 + angle / 12 * (1 + angle / 30 * (1 + angle / 56 * (1 + angle / 90))))
    return keep * (W + pull * (cosine * along - sine * a)), keep * (
        a + cosine * square * a - sine * along
    )


def _shares(before, after, gate, give, floor):
    """For which share of the step every point is on, and which of these shares hold a dot at zero.

    `give` is what a gate of 1 takes off the dot at the end; up and down are where the dot would end
    were the point off, or on, all the time, and velocities are constant on each side.
    """
    up = after + gate * give
    # Where a limit lies on a wall, dots from the off side tend to 0 until rounding would switch the
    # point on.
    before, up = (torch.where(give > 0, dots, dots - floor) for dots in (before, up))
    down = up - give
    slide = torch.where(give > 0, up / give.clamp_min(_TINY), 0.0)  # puts the end on the wall
    leaves, enters = before / (before - down).clamp_min(_TINY), up / (up - before).clamp_min(_TINY)
    from_on = torch.where(down >= 0, 1.0, torch.maximum(leaves, slide))
    towards = torch.where(give > 0, torch.minimum(enters, slide), enters)
    from_off = torch.where(up <= 0, 0.0, towards)
    share = torch.where(before > 0, from_on, from_off).clamp(0, 1)
    return share, (share == slide) & (share > 0) & (share < 1)


def _as_balanced(W, a, surplus, sign):
    r"""The flow keeps :math:`(a^2 - \|w\|^2)e^{4\lambda t}`; in a neuron that shrinks, rounding
    would outweigh it."""
    squares = W.square().sum(0)
    kept_a = sign * (squares + surplus.clamp_min(0)).sqrt()
    kept_W = W * ((a.square() - surplus) / squares.clamp_min(_TINY)).clamp_min(0).sqrt()
    return torch.where(surplus < 0, kept_W, W), torch.where(surplus < 0, a, kept_a)
