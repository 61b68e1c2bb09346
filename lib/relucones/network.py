r"""The model: a two-layer ReLU network without bias, and its regularised loss.

.. math:: f_\theta(x) = \sum_{j=1}^m a_j\,\sigma(w_j^\top x), \qquad
          L_\lambda(\theta) = \frac1n\sum_{k=1}^n (f_\theta(x_k) - y_k)^2
                              + \lambda\sum_{j=1}^m (\|w_j\|^2 + a_j^2).

A bias is a constant coordinate: append a column of ones to `X`.
"""

from dataclasses import dataclass

import numpy as np

from . import checks


def relu(z):
    """The positive part max(0, z), entry by entry."""
    return np.maximum(z, 0.0)


@dataclass(frozen=True, eq=False)
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

    W: np.ndarray
    a: np.ndarray

    def __post_init__(self):
        W = checks.matrix(self.W, "W")
        object.__setattr__(self, "W", W)
        object.__setattr__(self, "a", checks.vector(self.a, "a", length=len(W)))

    def __repr__(self):
        return f"Network(m={self.width}, d={self.dimension}, |theta|^2={self.squared_norm():.6g})"

    @property
    def width(self):
        """The number of neurons m."""
        return len(self.a)

    @property
    def dimension(self):
        """The number of input coordinates d."""
        return self.W.shape[1]

    def squared_norm(self):
        r"""The squared norm :math:`\|\theta\|^2 = \sum_j (\|w_j\|^2 + a_j^2)` of all weights."""
        return float(np.sum(self.W**2) + np.sum(self.a**2))

    def predict(self, X):
        """The outputs f(x_k) for the rows of `X` (n, d), shape (n,)."""
        X = checks.matrix(X, "X", columns=self.dimension)
        return relu(X @ self.W.T) @ self.a

    def loss(self, X, y, lam):
        r"""The regularised loss :math:`L_\lambda(\theta)` on points `X` (n, d) with labels `y` (n,)."""
        X, y = checks.data(X, y)
        lam = checks.penalty(lam)
        return float(np.mean((self.predict(X) - y) ** 2) + lam * self.squared_norm())

    def balanced(self):
        r"""The same function with :math:`|a_j| = \|w_j\|` in every neuron: the smallest norm that rescaling gives.

        Rescaling :math:`(w_j, a_j) \to (t w_j, a_j / t)` with t > 0 changes no output, and
        :math:`\|w_j\|^2 + a_j^2 \ge 2|a_j|\|w_j\|` with equality exactly when balanced (derived in chapter 1).

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

    def signed_patterns(self, X):
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
    def from_directions(cls, directions, signs, weights):
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
        shape = getattr(directions, "shape", ())
        if len(shape) == 2 and shape[0] == 0 and shape[1] > 0:
            checks.vector(signs, "signs", 0)
            checks.vector(weights, "weights", 0)
            return cls(np.zeros((1, shape[1])), np.zeros(1))
        directions = checks.matrix(directions, "directions")
        norms = np.linalg.norm(directions, axis=1)
        if np.abs(norms - 1).max() > 1e-6:
            raise ValueError(f"directions must be unit vectors, but a row has norm {norms[np.abs(norms - 1).argmax()]:.6g}")
        signs = checks.signs(signs, "signs", len(directions))
        weights = checks.vector(weights, "weights", len(directions))
        if weights.min() < 0:
            raise ValueError(f"weights must be >= 0, but the smallest is {weights.min():.6g}")
        roots = np.sqrt(weights)
        return cls(directions * roots[:, None], signs * roots)

    @classmethod
    def from_torch(cls, module):
        """The network held by a PyTorch module, or by its state dict: Linear, ReLU, Linear.

        A bias of the first layer becomes the last column of `W`: append a column of ones to `X` before
        you use the result. The second layer must have no bias (or a zero one) and a single output.

        Parameters
        ----------
        module : torch.nn.Module or dict of tensors
            With exactly two weight matrices, (m, d) and (1, m), in this order.

        Raises
        ------
        ValueError
            If the tensors are not those of such a network.
        """
        state = module if isinstance(module, dict) else getattr(module, "state_dict", lambda: None)()
        if not isinstance(state, dict):
            raise ValueError(f"module must be a torch module or a state dict, but it is a {type(module).__name__}")
        arrays = {str(name): _to_numpy(name, tensor) for name, tensor in state.items()}
        shapes = {name: array.shape for name, array in arrays.items()}
        weights = [(name, array) for name, array in arrays.items() if array.ndim == 2]
        if len(weights) != 2 or weights[1][1].shape != (1, len(weights[0][1])):
            raise ValueError(
                f"module must hold two weight matrices of shapes (m, d) and (1, m), but it holds {shapes}"
            )
        (first, W), (second, outer) = weights
        hidden = arrays.pop(_bias_name(first), None)
        output = arrays.pop(_bias_name(second), None)
        if len(arrays) != 2 or (hidden is not None and hidden.shape != (len(W),)):
            raise ValueError(f"module must hold two layers with at most one bias each, but it holds {shapes}")
        if output is not None and np.any(output != 0):
            raise ValueError(
                "module has an output bias, which this model does not have: train with bias=False in the last layer"
            )
        return cls(W if hidden is None else np.column_stack([W, hidden]), outer[0])


def _bias_name(weight_name):
    return weight_name.removesuffix("weight") + "bias"


def _to_numpy(name, tensor):
    if not hasattr(tensor, "detach"):
        raise ValueError(f"module[{name!r}] must be a tensor, but it is a {type(tensor).__name__}")
    try:
        if tensor.is_complex():
            raise TypeError
        return tensor.detach().cpu().double().numpy()
    except (TypeError, RuntimeError):  # complex, sparse, quantised, or without storage
        raise ValueError(
            f"module[{name!r}] must be a dense tensor of real numbers, but it is {tensor.dtype}, {tensor.layout}, on {tensor.device}"
        ) from None


def load_torch(path):
    """Read a network from a file written by ``torch.save(model.state_dict(), path)``, running nothing in it.

    Raises
    ------
    ValueError
        If PyTorch is not installed, or the file is not a state dict of plain tensors.
    """
    try:
        import torch  # only here, so that everything else runs without PyTorch
    except ImportError:
        raise ValueError(f"reading {path} needs PyTorch: pip install torch") from None
    try:
        state = torch.load(path, weights_only=True, map_location="cpu")
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror or error}") from None
    except Exception:  # torch raises many types for a file that is not its own
        raise ValueError(
            f"{path} is not a state dict of tensors; write it with torch.save(model.state_dict(), path)"
        ) from None
    try:
        return Network.from_torch(state)
    except ValueError as error:
        raise ValueError(f"{path} holds no two-layer network: {error}") from None
