"""Activation cones, certified optima, coupon probabilities of two-layer ReLU networks.

The package behind the book *Cones and Coupons*. Shapes: points `X` (n, d) in rows, labels `y` (n,),
inner weights `W` (m, d) in rows, outer weights `a` (m,); `lam` is the weight decay in
``mean((f - y)**2) + lam * (|W|^2 + |a|^2)``.

Names are imported when they are first used: the command line starts, and can be stopped, at once.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import data
    from .arrangement import activation_patterns, cell_measures, count_patterns
    from .convex import certify, lambda_max, solve_cone, solve_global
    from .coupons import (
        draw_cone,
        find_coupons,
        good_cone_probability,
        good_cone_width,
        landscape_table,
        sufficient_width,
    )
    from .network import Network

__version__ = "0.1.0"

__all__ = [
    "Network",
    "activation_patterns",
    "cell_measures",
    "certify",
    "count_patterns",
    "data",
    "draw_cone",
    "find_coupons",
    "good_cone_probability",
    "good_cone_width",
    "lambda_max",
    "landscape_table",
    "solve_cone",
    "solve_global",
    "sufficient_width",
]
_ROOMS = ("network", "data", "arrangement", "convex", "coupons")  # where those names live


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f".{name}", __name__)
    for room in _ROOMS if name in __all__ else ():
        found = getattr(import_module(f".{room}", __name__), name, None)
        if found is not None:
            globals()[name] = found
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_ROOMS})
