"""Who holds which coupon, the law of collecting them, and what random cones contain.

Taught in the chapters on the coupon collector, the papers' experiment, and orthogonal and
correlated data.
"""

from .bad_minima import BadMinimum, bad_cone_probability, find_bad_minima
from .holders import Coupons, find_coupons
from .landscape import Landscape, landscape_table
from .probability import draw_cone, good_cone_probability, good_cone_width, sufficient_width

__all__ = [
    "BadMinimum",
    "Coupons",
    "Landscape",
    "bad_cone_probability",
    "draw_cone",
    "find_bad_minima",
    "find_coupons",
    "good_cone_probability",
    "good_cone_width",
    "landscape_table",
    "sufficient_width",
]
