"""What a PyTorch module or its state dict holds, as arrays: Linear, ReLU, Linear."""

import copy
from typing import Any

import numpy as np

from . import checks
from .checks import BadInput

CONSTANTS = "standardisation."  # the names of what `save_torch` adds to a state dict start so
AS_WEIGHTS = "module.state_dict() is read without running anything"


def import_torch(what: str) -> Any:
    """PyTorch, or an error that says what needs it; imported only where it is needed."""
    try:
        import torch
    except ImportError:
        raise BadInput(f"{what} needs PyTorch: pip install torch") from None
    return torch


def state_of(module: Any) -> dict[str, np.ndarray]:
    """The tensors of a module or a state dict as arrays, without the constants of `save_torch`."""
    state = module if isinstance(module, dict) else None
    if state is None and hasattr(module, "state_dict") and not isinstance(module, type):
        state = module.state_dict()
    if not isinstance(state, dict):
        what = module.__name__ if isinstance(module, type) else f"a {type(module).__name__}"
        raise BadInput(f"module must be a torch module or a state dict, but it is {what}")
    arrays = {}
    for name, value in state.items():
        if str(name).startswith(CONSTANTS):
            continue
        if not hasattr(value, "detach"):
            kind = type(value).__name__
            raise BadInput(f"module[{name!r}] must be a tensor, but it is a {kind}")
        arrays[str(name)] = checks.tensor(value, f"module[{name!r}]")
    return arrays


def layers_of(arrays: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray | None, np.ndarray]:
    """The weights of the first layer, its bias or None, and the outer weights."""
    shapes = {name: array.shape for name, array in arrays.items()}
    weights = [(name, array) for name, array in arrays.items() if array.ndim == 2]
    if len(weights) != 2 or weights[1][1].shape != (1, len(weights[0][1])):
        raise BadInput(
            "module must hold two weight matrices of shapes (m, d) and (1, m), "
            f"but it holds {shapes}"
        )
    (first, W), (second, outer) = weights
    hidden, output = arrays.get(_bias_name(first)), arrays.get(_bias_name(second))
    known = {first, second, _bias_name(first), _bias_name(second)}
    if set(arrays) - known or (hidden is not None and hidden.shape != (len(W),)):
        raise BadInput(
            f"module must hold two layers with at most one bias each, but it holds {shapes}"
        )
    if output is not None and np.any(output != 0):
        raise BadInput(
            "module has an output bias, which this model does not have: train with bias=False in "
            "the last layer"
        )
    return W, hidden, outer[0]


def _bias_name(weight_name):
    return weight_name.removesuffix("weight") + "bias"


def outputs_of(module: Any, X: np.ndarray) -> np.ndarray:
    """The outputs (n,) of a copy of the module at points `X` (n, d), in float64, not in training."""
    torch = import_torch("from_torch")
    try:
        evaluated = copy.deepcopy(module).cpu().double().eval()
        with torch.no_grad():
            return evaluated(torch.tensor(X, device="cpu")).reshape(len(X)).numpy()
    except Exception as error:  # whatever the forward pass of a stranger raises
        raise BadInput(
            f"module must give one output for each of {len(X)} points of dimension {X.shape[1]}, "
            f"but its forward pass fails ({type(error).__name__}); {AS_WEIGHTS}"
        ) from None
