r"""Steps of gradient descent, as they are, and the bound below which they are stable.

.. math:: w_j \leftarrow (1 - 2\eta\lambda) w_j - \eta a_j g_j, \qquad
          a_j \leftarrow (1 - 2\eta\lambda) a_j - \eta w_j^\top g_j, \qquad
          g_j = \tfrac2n\sum_k (f(x_k) - y_k)\,1[w_j^\top x_k > 0]\,x_k

The imbalance :math:`B = \|w\|^2 - a^2` of a neuron obeys (derived here)

.. math:: B^+ = (1 - 2\eta\lambda)^2 B + \eta^2\bigl(a^2\|g\|^2 - (w^\top g)^2\bigr)

exactly. Its last term is positive for a balanced neuron, unless w and g are parallel. A neuron that
earns less than nothing shrinks faster than B decays, so in the end B outweighs it and a crosses
zero: with a finite step, however short, a dying neuron may change its sign, and the turned neuron
may grow. The flow keeps every sign.

There is no limit of small steps with sign changes to follow in its place: when a sign changes
depends on the logarithm of 1/eta, and so does the order in which neurons change theirs and the
point at which they end. Of 29 small runs that end lower than the flow at steps of .002, most still
differ from it at steps sixteen times shorter, but not all in the same way; and flows whose
imbalance is fed as the identity says agree with descent in three quarters of such runs only, since
chattering at walls feeds it, too. So a fixed step is followed as it is.
"""

import numpy as np
import torch

from .. import checks
from .state import State


class Descent(State):
    """The runs of an ensemble under gradient descent with the step `eta`."""

    def __init__(self, X, y, lam, W, a, eta, device="cpu"):
        super().__init__(X, y, lam, W, a, device)
        self.eta = eta

    def advance(self, steps):
        """That many steps of every run."""
        keep = 1 - 2 * self.eta * self.lam
        if keep > 0:  # else a neuron that is off at every point may be on after the next step
            self.take_out_dead()
            self._shrunk[self.runs] += steps * np.log(keep)
        self._descend(steps, keep)
        self.time[self.runs] += steps * self.eta
        self.steps[self.runs] += steps

    def _descend(self, steps, keep):
        W, a, X, XT = self.W, self.a, self.X, self.X.T
        d, runs, m = W.shape
        change, flat, product = torch.empty_like(W), W.view(d, -1), torch.empty_like(W)
        dots = torch.empty(self.n, runs * m, dtype=W.dtype, device=W.device)
        cubic, pull = dots.view(self.n, runs, m), change.view(d, -1)
        slope = 2 / self.n * self.eta
        for _ in range(steps):
            torch.mm(X, flat, out=dots)
            dots.relu_()
            residual = (cubic * a).sum(-1).sub_(self.y).mul_(slope)
            torch.mul(cubic.sign_(), residual[:, :, None], out=cubic)
            torch.mm(XT, dots, out=pull)
            torch.mul(W, change, out=product)
            W.mul_(keep).sub_(change.mul_(a))
            a.mul_(keep).sub_(product.sum(0))


def hessian_bound(network, X, y, lam):
    r"""The number L above the Hessian of the loss inside a network's cone: 2/L is a stable step.

    .. math:: L = \tfrac2n\lambda_{\max}\Bigl(\sum_j a_j^2 D_j XX^\top D_j
              + \sigma(Xw_j)\sigma(Xw_j)^\top\Bigr) + \max_j\|g_j\| + 2\lambda

    The first part is the tangent kernel, the norm of the Gauss-Newton part of the Hessian; the
    second is the norm of what the residual adds, a matrix that couples :math:`w_j` with :math:`a_j`
    by :math:`g_j` and nothing else (derived here).

    Examples
    --------
    >>> from relucones import Network
    >>> one = Network([[1.0]], [1.0])  # (a w - 1)^2 at a = w = 1
    >>> round(hessian_bound(one, [[1.0]], [1.0], lam=0.1), 12)
    4.2
    """
    X, y = checks.data(X, y)
    lam = checks.penalty(lam)
    n, dots = len(y), network.W @ X.T
    on, heights = dots > 0, np.maximum(dots, 0)
    seen = (network.a[:, None] * on).T
    kernel = (X @ X.T) * (seen @ seen.T) + heights.T @ heights
    pull = (on * (2 / n * (network.predict(X) - y))) @ X
    largest = np.linalg.eigvalsh(kernel)[-1]
    return float(2 / n * largest + np.linalg.norm(pull, axis=1).max() + 2 * lam)
