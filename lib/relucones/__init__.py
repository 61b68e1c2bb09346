"""Activation cones, certified optima and coupon probabilities of two-layer ReLU networks with weight decay.

The package behind the book *Cones and Coupons*. Shapes: points `X` (n, d) in rows, labels `y` (n,), inner weights `W`
(m, d) in rows, outer weights `a` (m,); `lam` is the weight decay in ``mean((f - y)**2) + lam * (|W|^2 + |a|^2)``.
"""

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
