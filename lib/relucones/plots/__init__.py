"""Figures of anybody's data: cells, networks, certificates, coupons. Every function returns ``fig, ax``.

Importing this package sets the matplotlib style of the book. `color` holds one colour per concept, from the palette of
Okabe and Ito, which readers with colour-blindness can tell apart.
"""

from .cells import bits, cell_sizes, new_wall, sphere_cells, turn_weight, weight_space
from .certificates import certificate_circle, certificate_curve, end_points
from .coupons import cone_contents, coupon_circles, good_cones
from .networks import hinges, neuron_vectors, norm_path, ridges
from .style import color

__all__ = [
    "bits",
    "cell_sizes",
    "certificate_circle",
    "certificate_curve",
    "color",
    "cone_contents",
    "coupon_circles",
    "end_points",
    "good_cones",
    "hinges",
    "neuron_vectors",
    "new_wall",
    "norm_path",
    "ridges",
    "sphere_cells",
    "turn_weight",
    "weight_space",
]
