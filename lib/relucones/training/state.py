"""The runs of one ensemble that are still under way, as torch tensors; `flow` and `descent` move
them."""

import numpy as np
import torch


class State:
    r"""The neurons of the runs under way: W (d, runs, neurons) and a (runs, neurons), in units of
    their own.

    Neuron j of a run is :math:`e^{s_j}(w_j, a_j)` with its `log_unit` :math:`s_j`, since a dying
    neuron may become smaller than any float before it grows again. Neurons that are off at every
    point are taken out, since they only shrink; `neurons` puts them back.

    Attributes
    ----------
    runs : array of int
        Which run a row holds.
    time, steps : arrays
        Of every run, ended or not.
    """

    def __init__(self, X, y, lam, W, a, device="cpu"):
        self.lam, self.n = lam, len(y)
        self.X = torch.tensor(X, device=device)
        self.y = torch.tensor(y, device=device)[:, None]
        self.W = torch.tensor(W, device=device).permute(2, 0, 1).contiguous()
        self.a = torch.tensor(a, device=device)
        self.log_unit = torch.zeros_like(self.a)
        self.runs = np.arange(len(W))
        self.time, self.steps = np.zeros(len(W)), np.zeros(len(W), int)
        self._slot = np.tile(np.arange(W.shape[1]), (len(W), 1))  # which neuron a column holds
        self._stored = {"W": W.copy(), "a": a.copy(), "log": np.zeros(a.shape)}
        self._shrunk = np.zeros(
            len(W)
        )  # log of the factor by which a neuron off at every point has shrunk

    def dots(self, W):
        """The inner products (n, runs, neurons)."""
        return (self.X @ W.reshape(len(W), -1)).view(-1, *W.shape[1:])

    def fit(self, dots, a, weight=None):
        """The networks at the points, (n, runs); `weight` is the square of the neurons' units, by
        default 1."""
        return (torch.relu(dots) * (a if weight is None else a * weight)).sum(-1)

    def pull(self, gate, residual):
        """The vectors g_j (d, runs, neurons), with `gate` in place of 1[w.x > 0]."""
        weighted = gate * (2 / self.n * residual)[:, :, None]
        return (self.X.T @ weighted.view(self.n, -1)).view(-1, *gate.shape[1:])

    def take_out_dead(self):
        """Leave out neurons that are off at every point, when there are enough of them."""
        live = (self.dots(self.W) > 0).any(0)
        width = max(1, int(live.sum(1).max()))
        if width <= 0.8 * live.shape[1]:
            self._store()
            self._keep_neurons(torch.argsort(~live, dim=1, stable=True)[:, :width])

    def release(self, over):
        """Stop the runs marked in `over`."""
        self._store()
        kept = np.flatnonzero(~over)
        self._slot, self.runs = self._slot[kept], self.runs[kept]
        self._keep_runs(torch.as_tensor(kept, device=self.W.device))

    def neurons(self, r):
        """All neurons of run r, W (m, d) and a (m,), those taken out shrunk as they do."""
        W, a, log = (self._stored[name][r].copy() for name in ("W", "a", "log"))
        log += self._shrunk[r]
        row = np.flatnonzero(self.runs == r)
        if len(row):
            W[self._slot[row[0]]] = self.W[:, row[0]].T.cpu().numpy()
            a[self._slot[row[0]]] = self.a[row[0]].cpu().numpy()
            log[self._slot[row[0]]] = self.log_unit[row[0]].cpu().numpy()
        unit = np.exp(log)
        return W * unit[:, None], a * unit

    def _store(self):
        rows = self.runs[:, None]
        self._stored["W"][rows, self._slot] = self.W.permute(1, 2, 0).cpu().numpy()
        self._stored["a"][rows, self._slot] = self.a.cpu().numpy()
        self._stored["log"][rows, self._slot] = self.log_unit.cpu().numpy() - self._shrunk[rows]

    def _keep_neurons(self, order):
        self.W = torch.take_along_dim(self.W, order[None], dim=2).contiguous()
        self.a = torch.take_along_dim(self.a, order, dim=1)
        self.log_unit = torch.take_along_dim(self.log_unit, order, dim=1)
        self._slot = np.take_along_axis(self._slot, order.cpu().numpy(), axis=1)

    def _keep_runs(self, kept):
        self.W, self.a = self.W[:, kept].contiguous(), self.a[kept]
        self.log_unit = self.log_unit[kept]
