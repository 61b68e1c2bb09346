"""Plain gradient descents of many runs side by side, in numpy: as one would write them down, and
nothing else.

Runs may belong to different data; data with fewer points or dimensions are filled up with zeros,
which change nothing. This code shares none with `relucones.training`, so that the two can be
compared.
"""

import numpy as np

from relucones import Network


class SideBySide:
    """Runs of gradient descent, each with its own data, weight decay and step; all neurons stand in
    one row.

    Attributes
    ----------
    problems : list of tuples (X, y, lam, W, a)
        What every run is given: points (n, d), labels (n,), weight decay, and where it starts, W
        (m, d), a (m,).
    runs : array of int
        The numbers of the runs under way.
    eta : array
        Their steps.
    """

    def __init__(self, problems, eta):
        self.problems = problems
        runs = len(problems)
        n, d = (max(problem[0].shape[axis] for problem in problems) for axis in (0, 1))
        self.points, self.y = np.zeros((d, n, runs)), np.zeros((n, runs))
        self.share, self.lam = np.zeros((n, runs)), np.zeros(runs)
        weights = np.zeros((d, sum(len(problem[4]) for problem in problems)))
        self.a = np.concatenate([problem[4] for problem in problems])
        self.owner = np.repeat(np.arange(runs), [len(problem[4]) for problem in problems])
        for r, (X, y, lam, W, _) in enumerate(problems):
            self.points[: X.shape[1], : len(y), r] = X.T
            self.y[: len(y), r], self.share[: len(y), r] = y, 1 / len(y)
            weights[: W.shape[1], self.owner == r] = W.T
            self.lam[r] = lam
        self.W, self.runs = weights, np.arange(runs)
        self.eta = np.broadcast_to(np.asarray(eta, float), runs).copy()
        self.gone = np.zeros(runs)  # the squared norm of the neurons that were taken out
        self._arrange()

    def _arrange(self):
        self.X = self.points[:, :, self.owner]
        self.first = np.searchsorted(self.owner, np.arange(len(self.runs)))

    def advance(self, steps, keep_signs=False):
        """That many steps; with `keep_signs` the outer weights of balanced neurons are set to plus
        or minus |w|."""
        X, W, a, y, owner, first = self.X, self.W, self.a, self.y, self.owner, self.first
        signs, keep = np.sign(a), 1 - 2 * self.eta * self.lam
        shrink, slope = keep[owner], 2 * self.eta * self.share
        dots, part = np.empty(X.shape[1:]), np.empty(X.shape[1:])
        on, change, pull = np.empty(dots.shape, bool), np.empty_like(a), np.empty_like(W)
        for _ in range(steps):
            np.multiply(X[0], W[0], out=dots)
            for k in range(1, len(X)):
                np.multiply(X[k], W[k], out=part)
                dots += part
            np.greater(dots, 0, out=on)
            np.maximum(dots, 0, out=dots)
            dots *= a
            residual = np.add.reduceat(dots, first, axis=1)
            residual -= y
            residual *= slope
            np.take(residual, owner, axis=1, out=dots, mode="clip")
            dots *= on
            for k in range(len(X)):
                np.multiply(dots, X[k], out=part)
                np.add.reduce(part, axis=0, out=pull[k])
            if not keep_signs:
                np.einsum("kj,kj->j", W, pull, out=change)
            W *= shrink
            pull *= a
            W -= pull
            if keep_signs:
                np.einsum("kj,kj->j", W, W, out=change)
                np.multiply(signs, np.sqrt(change, out=change), out=a)
            else:
                a *= shrink
                a -= change
        self.gone *= keep ** (2 * steps)

    def losses(self):
        """The regularised losses of the runs under way."""
        dots = np.maximum((self.X * self.W[:, None]).sum(0), 0)
        residual = np.add.reduceat(dots * self.a, self.first, axis=1) - self.y
        norms = np.add.reduceat((self.W**2).sum(0) + self.a**2, self.first) + self.gone
        return (residual**2 * self.share).sum(0) + self.lam * norms

    def largest_weights(self):
        """The largest weight of every run, nan for one that has left the floats."""
        return np.maximum.reduceat(np.maximum(np.abs(self.W).max(0), np.abs(self.a)), self.first)

    def network(self, row):
        """The network in that row; neurons that were taken out are missing."""
        mine, d = self.owner == row, self.problems[self.runs[row]][0].shape[1]
        return Network(self.W[:d, mine].T, self.a[mine])

    def take_out_dead(self):
        """Leave out neurons that are off at every point, all but the first of a run: they only
        shrink."""
        live = ((self.X * self.W[:, None]).sum(0) > 0).any(0) | (2 * self.eta * self.lam >= 1)[
            self.owner
        ]
        live[self.first] = True
        if live.mean() < 0.95:
            dead = np.where(live, 0.0, (self.W**2).sum(0) + self.a**2)
            self.gone += np.add.reduceat(dead, self.first)
            self.W, self.a, self.owner = self.W[:, live], self.a[live], self.owner[live]
            self._arrange()

    def release(self, over):
        """Let the runs in these rows (a mask) go."""
        kept, mine = ~over, ~over[self.owner]
        self.points, self.y, self.share = (
            self.points[:, :, kept],
            self.y[:, kept],
            self.share[:, kept],
        )
        self.lam, self.eta, self.gone, self.runs = (
            self.lam[kept],
            self.eta[kept],
            self.gone[kept],
            self.runs[kept],
        )
        self.W, self.a = self.W[:, mine], self.a[mine]
        self.owner = (np.cumsum(kept) - 1)[self.owner[mine]]
        self._arrange()
