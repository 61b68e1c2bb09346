r"""The model: a two-layer ReLU network without bias, and its regularised loss.

.. math:: f_\theta(x) = \sum_{j=1}^m a_j\,\sigma(w_j^\top x), \qquad
          L_\lambda(\theta) = \frac1n\sum_{k=1}^n (f_\theta(x_k) - y_k)^2
                              + \lambda\sum_{j=1}^m (\|w_j\|^2 + a_j^2).

A bias is a constant coordinate: append a column of ones to `X`.
"""

import io
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import checks
from .checks import BadInput
from .torch_layers import AS_WEIGHTS, CONSTANTS, import_torch, layers_of, outputs_of, state_of

if TYPE_CHECKING:
    import torch

    from .standardisation import Standardisation

Floats = NDArray[np.float64]


def relu(z: Floats) -> Floats:
    """The positive part max(0, z), entry by entry."""
    return np.maximum(z, 0.0)


@dataclass(frozen=True, eq=False, init=False)
class Network:
    r"""A network :math:`f(x) = \sum_j a_j \sigma(w_j^\top x)`.

    Parameters
    ----------
    W : array (m, d)
        Inner weights, one row per neuron.
    a : array (m,)
        Outer weights.

    Raises
    ------
    ValueError
        If the shapes do not match, a number is not finite, or there is no neuron.

    Examples
    --------
    >>> net = Network(W=[[1.0, 0.0], [0.0, 1.0]], a=[2.0, -1.0])
    >>> net.predict([[3.0, 1.0], [-1.0, 1.0]])
    array([ 5., -1.])
    """

    W: Floats
    a: Floats

    def __init__(self, W: ArrayLike, a: ArrayLike) -> None:
        inner = checks.matrix(W, "W")
        object.__setattr__(self, "W", inner)
        object.__setattr__(self, "a", checks.vector(a, "a", length=len(inner)))

    def __repr__(self) -> str:
        return f"Network(m={self.width}, d={self.dimension}, |theta|^2={self.squared_norm():.6g})"

    @property
    def width(self) -> int:
        """The number of neurons m."""
        return len(self.a)

    @property
    def dimension(self) -> int:
        """The number of input coordinates d."""
        return self.W.shape[1]

    def squared_norm(self) -> float:
        r"""The squared norm :math:`\|\theta\|^2 = \sum_j (\|w_j\|^2 + a_j^2)` of all weights."""
        return float(np.sum(self.W**2) + np.sum(self.a**2))

    def predict(self, X: ArrayLike) -> Floats:
        """The outputs f(x_k) for the rows of `X` (n, d), shape (n,)."""
        X = checks.matrix(X, "X", columns=self.dimension)
        return relu(X @ self.W.T) @ self.a

    def loss(self, X: ArrayLike, y: ArrayLike, lam: float) -> float:
        r"""The regularised loss :math:`L_\lambda(\theta)` on points `X` (n, d), labels `y` (n,)."""
        X, y = checks.data(X, y)
        lam = checks.penalty(lam)
        return float(np.mean((self.predict(X) - y) ** 2) + lam * self.squared_norm())

    def balanced(self) -> "Network":
        r"""The same function with :math:`|a_j| = \|w_j\|`: the smallest norm that rescaling gives.

        Rescaling :math:`(w_j, a_j) \to (t w_j, a_j / t)` with t > 0 changes no output, and
        :math:`\|w_j\|^2 + a_j^2 \ge 2|a_j|\|w_j\|` with equality exactly when balanced (the
        book's prop-balancing).

        Examples
        --------
        >>> net = Network(W=[[4.0, 0.0]], a=[1.0])
        >>> net.squared_norm(), net.balanced().squared_norm()
        (17.0, 8.0)
        """
        norms = np.linalg.norm(self.W, axis=1)
        # Two square roots, so that the product of a huge and a tiny factor does not overflow.
        sizes = np.sqrt(norms) * np.sqrt(np.abs(self.a))
        scale = np.divide(sizes, norms, out=np.zeros_like(sizes), where=norms > 0)
        return Network(self.W * scale[:, None], np.sign(self.a) * sizes)

    def signed_patterns(self, X: ArrayLike) -> tuple[NDArray[np.bool_], NDArray[np.int_]]:
        """The signed activation pattern of every neuron on the rows of `X`.

        Returns
        -------
        patterns : bool array (m, n)
            ``patterns[j, k]`` is true when neuron j is active on point k: ``w_j @ x_k > 0``.
        signs : int array (m,)
            The sign of ``a_j``, with +1 for ``a_j = 0``.
        """
        X = checks.matrix(X, "X", columns=self.dimension)
        return self.W @ X.T > 0, np.where(self.a < 0, -1, 1)

    @classmethod
    def from_directions(
        cls, directions: ArrayLike, signs: ArrayLike, weights: ArrayLike
    ) -> "Network":
        r"""The balanced network with :math:`v_j = |a_j| w_j = c_j u_j` and sign :math:`s_j`.

        Parameters
        ----------
        directions : array (k, d)
            Unit vectors :math:`u_j`; with k = 0 the result is one neuron at zero.
        signs : array (k,)
            The signs :math:`s_j` of the outer weights, +1 or -1.
        weights : array (k,)
            The coefficients :math:`c_j \ge 0`.

        Examples
        --------
        >>> net = Network.from_directions([[0.0, 1.0]], [-1], [4.0])
        >>> net.W, net.a
        (array([[0., 2.]]), array([-2.]))
        """
        shape: tuple[int, ...] = getattr(directions, "shape", ())
        if len(shape) == 2 and shape[0] == 0 and shape[1] > 0:
            checks.vector(signs, "signs", 0)
            checks.vector(weights, "weights", 0)
            return cls(np.zeros((1, shape[1])), np.zeros(1))
        directions = checks.matrix(directions, "directions")
        norms = np.linalg.norm(directions, axis=1)
        if np.abs(norms - 1).max() > 1e-6:
            worst = norms[np.abs(norms - 1).argmax()]
            raise BadInput(f"directions must be unit vectors, but a row has norm {worst:.6g}")
        signs = checks.signs(signs, "signs", len(directions))
        weights = checks.vector(weights, "weights", len(directions))
        if weights.min() < 0:
            raise BadInput(f"weights must be >= 0, but the smallest is {weights.min():.6g}")
        roots = np.sqrt(weights)
        return cls(directions * roots[:, None], signs * roots)

    @classmethod
    def from_torch(cls, module: "torch.nn.Module | dict[Any, torch.Tensor]") -> "Network":
        r"""The network held by a PyTorch module, or by its state dict: Linear, ReLU, Linear.

        A bias of the first layer becomes the last column of `W`: append a column of ones to `X`
        before you use the result. The second layer must have no bias (or a zero one) and a single
        output.

        A module is also run on random points, and must give there what `predict` gives. A state
        dict holds weights only: that the activation is a ReLU cannot be seen in it, and is not
        checked.

        :math:`\lambda` is half of torch's ``weight_decay`` for SGD and Adam on the mean squared
        error, weights and biases alike; AdamW is another thing.

        Parameters
        ----------
        module : torch.nn.Module or dict of tensors
            With exactly two weight matrices, (m, d) and (1, m), in this order.

        Raises
        ------
        ValueError
            If the tensors are not those of such a network, or the module computes something else.

        Examples
        --------
        >>> net = Network([[1.0, -2.0], [0.5, 1.0]], [3.0, -1.0])
        >>> Network.from_torch(net.to_torch()).W
        array([[ 1. , -2. ],
               [ 0.5,  1. ]])
        """
        W, hidden, a = layers_of(state_of(module))
        network = cls(W if hidden is None else np.column_stack([W, hidden]), a)
        if not isinstance(module, dict):
            _check_forward(module, network, bias=hidden is not None)
        return network

    def to_torch(
        self, bias: bool = False, standardisation: "Standardisation | None" = None
    ) -> "torch.nn.Sequential":
        """A PyTorch module that computes this network: Linear, ReLU, Linear, in float64.

        Parameters
        ----------
        bias : bool
            Make the last column of `W` the bias of the first layer, for data that have a column of
            ones there: the module then takes points without this column.
        standardisation : Standardisation, optional
            That of the data which this network fits (``dataset.standardised().standardisation``).
            The module then takes raw points and gives raw labels: the constants go into its two
            layers, which have biases for this. (`from_torch` does not read the output bias back.)

        Raises
        ------
        ValueError
            If PyTorch is not installed, or the constants belong to data of another dimension.
        """
        torch = import_torch("to_torch")
        W, shift = (self.W[:, :-1], self.W[:, -1]) if bias else (self.W, None)
        a, top = self.a, None
        if standardisation is not None:
            checks.vector(standardisation.mean, "standardisation.mean", W.shape[1])
            W = W / standardisation.scale
            shift = (0 if shift is None else shift) - W @ standardisation.mean
            a, top = a * standardisation.label_scale, np.array([standardisation.label_mean])
        first = torch.nn.Linear(W.shape[1], len(a), bias=shift is not None, dtype=torch.float64)
        last = torch.nn.Linear(len(a), 1, bias=top is not None, dtype=torch.float64)
        for layer, weight, added in ((first, W, shift), (last, a[None], top)):
            layer.weight.data = torch.tensor(weight, dtype=torch.float64)
            if added is not None:
                layer.bias.data = torch.tensor(added, dtype=torch.float64)
        return torch.nn.Sequential(first, torch.nn.ReLU(), last)


def as_network(network: Any, X: Floats) -> tuple[Network, Floats]:
    """A network or torch module as a `Network`, and the points `X` (n, d) as that takes them.

    A module whose first layer has a bias takes points without the column of ones, which is then
    appended.
    """
    if isinstance(network, Network):
        return network, X
    if not isinstance(network, dict) and not hasattr(network, "state_dict"):
        kind = type(network).__name__
        raise BadInput(
            f"network must be a relucones.Network, but it is a {kind} (torch modules are read too)"
        )
    found, (_, bias, _) = Network.from_torch(network), layers_of(state_of(network))
    if bias is not None and X.shape[1] == found.dimension - 1:
        X = np.column_stack([X, np.ones(len(X))])
    return found, X


def _check_forward(module, network, bias):
    """Refuse a module that does not compute what its weights say: one pass over random points.

    The points are of many sizes, so that activations that differ from a ReLU only near zero or far
    away are told apart too.
    """
    W = network.W[:, :-1] if bias else network.W
    rng = np.random.default_rng(0)
    X = rng.standard_normal((256, W.shape[1])) * 10.0 ** rng.uniform(-3, 3, (256, 1))
    X[::2] /= np.clip(np.median(np.linalg.norm(W, axis=1)), 1e-30, 1e30)
    found = outputs_of(module, X)
    inputs = np.column_stack([X, np.ones(len(X))]) if bias else X
    expected = network.predict(inputs)
    size = (np.abs(inputs) @ np.abs(network.W).T) @ np.abs(network.a)
    rounding = 4 * (network.width + network.dimension + 4) * np.finfo(float).eps * size
    off = ~(np.abs(found - expected) <= rounding)  # so that NaN counts as off
    if off.any():
        k = int(off.argmax())
        raise BadInput(
            "module must compute sum_j a_j max(0, w_j . x), but at a random point it gives "
            f"{found[k]:.6g}, and its weights {expected[k]:.6g} in this formula: another "
            f"activation than ReLU, or another layer? ({AS_WEIGHTS})"
        )


def load_torch(path: "str | os.PathLike[str]") -> Network:
    """Read a network from a file of `save_torch`, or of ``torch.save(model.state_dict(), path)``.

    Nothing in the file is run. That the model's activation is a ReLU cannot be seen in its weights.

    Raises
    ------
    ValueError
        If PyTorch is not installed, or the file is not a state dict of plain tensors.
    """
    state = _loaded(path)
    try:
        return Network.from_torch(state)
    except BadInput as error:
        raise BadInput(f"{path} holds no two-layer network: {error}") from None


def load_constants(path: "str | os.PathLike[str]") -> dict[str, Floats]:
    """The constants of the standardisation in a file of `save_torch`, where there are some."""
    state = _loaded(path)
    found = state.items() if isinstance(state, dict) else ()
    return {
        str(name).removeprefix(CONSTANTS): checks.array(value, str(name))
        for name, value in found
        if str(name).startswith(CONSTANTS)
    }


def _loaded(path):
    torch = import_torch(f"reading {path}")
    try:
        return torch.load(path, weights_only=True, map_location="cpu")
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}") from None
    except Exception:  # torch raises many types for a file that is not its own
        raise BadInput(
            f"{path} is not a state dict of tensors; write it with "
            "torch.save(model.state_dict(), path)"
        ) from None


def save_torch(
    network: Network,
    path: "str | os.PathLike[str]",
    bias: bool = False,
    standardisation: "Standardisation | None" = None,
) -> None:
    """Write a network as the state dict of ``network.to_torch(bias)``, in one step.

    With a `standardisation` the file holds its constants too: the tensors ``standardisation.mean``
    and ``.scale`` (d,), ``.label_mean`` and ``.label_scale``. The network takes points ``(x - mean)
    / scale``, and its output times ``label_scale`` plus ``label_mean`` is in the units of the
    labels. `load_torch` and ``torch.nn.Module.load_state_dict(state, strict=False)`` leave them
    alone.

    Raises
    ------
    ValueError
        If PyTorch is not installed, or the file cannot be written.
    """
    torch = import_torch(f"writing {path}")
    state = network.to_torch(bias).state_dict()
    if standardisation is not None:
        for name, value in vars(standardisation).items():
            state[CONSTANTS + name] = torch.tensor(value, dtype=torch.float64)
    content = io.BytesIO()
    torch.save(state, content)
    target = os.path.realpath(path)
    temporary = f"{target}.tmp"
    try:
        with open(temporary, "wb") as file:
            file.write(content.getbuffer())
        os.replace(temporary, target)
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror}") from None
    finally:
        if os.path.isfile(temporary):
            os.unlink(temporary)
