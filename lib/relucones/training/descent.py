"""The steps: of gradient descent, and along the flow."""

import numpy as np
import torch

from .. import checks
from .limits import ROUNDING

_TURN = 0.02  # steps along the flow are made so long that neurons turn or stretch by about this much, or less
_STRIDE = 50.0  # where neurons hardly move, since pull and decay balance, steps grow up to this factor
_ITERATIONS = 15  # the most corrections of residual and gates in a step
_DAMPING = 0.7  # of the gates, since walls of one neuron influence each other
_ACCURACY = 1e-5  # the relative error of the residual at which corrections stop
_HELD = 0.005  # the same for the gates: how far a neuron is held off its place, as a share of the turn of a step


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
        self.residual, self.gate = self._fit(self._dots(self.W), self.a) - self.y, (self._dots(self.W) > 0).double()
        self.all_W, self.all_a = W.copy(), a.copy()
        self.slot = np.tile(np.arange(W.shape[1]), (len(W), 1))  # which neuron a column holds
        self.runs = np.arange(len(W))
        surplus = self.a.square() - self.W.square().sum(0)  # 0 for a balanced neuron
        self.surplus = torch.where(surplus.abs() <= 1e-12 * self.a.square(), 0.0, surplus)
        self.stride = np.ones(len(W))  # how many times longer than sure to be small enough the next step is
        self.shrunk = np.zeros(len(W))  # log of the factor by which a neuron off at every point has shrunk
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
            pull = (X.T @ torch.where(dots > 0, residual[:, :, None], 0.0).view(-1, runs * m)).view(d, runs, m)
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
            longer = np.clip(self.stride * np.clip(0.8 * _TURN / (moved + 1e-300), 0.5, 1.25), 0.25, _STRIDE)
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
        newton = torch.linalg.inv(torch.eye(self.n, dtype=W.dtype, device=W.device) + 2 / self.n * span[:, None, None] * kernel)
        keep = torch.exp(-2 * lam * h)
        size = 2 / self.n * self.gram.diagonal()[:, None, None] * h * a  # times the residual: what a gate does to its dot
        # Where a limit lies on a wall, dots from the off side tend to 0 until rounding would switch the point on.
        on = (dots > ROUNDING * self.lengths * W.square().sum(0).sqrt()).double()
        for _ in range(_ITERATIONS):
            pull = self._pull(gate, residual)
            turn2 = (h * h) * pull.square().sum(0)
            sine = h * (1 + turn2 / 6 * (1 + turn2 / 20 * (1 + turn2 / 42)))  # sinh and cosh: turns stay below 1
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
            next_gate = torch.where(give > 0, (gate + _DAMPING * end_dots / give.clamp_min(1e-300)).clamp(0, 1), on)
            moved = ((next_gate - gate) * give).abs().amax(0) / (W.square().sum(0).sqrt() + 1e-300)
            gate = next_gate
            if bool((error.abs().amax(0) <= _ACCURACY * residual.abs().amax(0)).all() & (moved.amax() <= _HELD * _TURN)):
                break
        end_W, end_a = self._as_balanced(end_W, end_a, keep)
        near = error.abs().amax(0) <= _TURN * residual.abs().amax(0)  # never true of nan
        moved = torch.where(near, _movement(W, end_W), torch.inf)
        self.surplus = torch.where(near[:, None], self.surplus * keep**2, self.surplus)
        self.W, self.a = torch.where(near[:, None], end_W, W), torch.where(near[:, None], end_a, self.a)
        self.gate = torch.where(near[:, None], gate, self.gate)
        self.residual = torch.where(near, residual, self.residual)
        return moved

    def _as_balanced(self, end_W, end_a, keep):
        r"""The flow keeps :math:`(a^2 - \|w\|^2)e^{4\lambda t}`; in a neuron that shrinks, rounding would come to outweigh it."""
        surplus, squares = self.surplus * keep**2, end_W.square().sum(0)
        kept_a = self.a.sign() * (squares + surplus.clamp_min(0)).sqrt()
        kept_W = end_W * ((end_a.square() - surplus) / squares.clamp_min(1e-300)).clamp_min(0).sqrt()
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
        self.gate, self.residual = self.gate[:, index].contiguous(), self.residual[:, index].contiguous()
        self.stride, self.surplus = self.stride[kept], self.surplus[index]
        self.slot, self.runs = self.slot[kept], self.runs[kept]


def _movement(W, end_W):
    """For every run the largest angle by which a neuron turns, or change of length as a part of the longest, if larger."""
    before, after = W.square().sum(0).sqrt(), end_W.square().sum(0).sqrt()
    turned = (end_W * (before / after.clamp_min(1e-300)) - W).square().sum(0).sqrt() / before.clamp_min(1e-300)
    return torch.maximum(turned, (after - before).abs() / before.amax(-1, keepdim=True).clamp_min(1e-300)).amax(-1)
