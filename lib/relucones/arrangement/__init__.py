"""The hyperplane arrangement of the data: activation patterns, their number, their solid angles.

Taught in the chapter on activation cones, and used by everything after it.
"""

from .cells import Arrangement, activation_patterns, count_patterns
from .exact_cells import exact_cells
from .lines import TooManyPatterns
from .measures import cell_measures

__all__ = [
    "Arrangement",
    "TooManyPatterns",
    "activation_patterns",
    "cell_measures",
    "count_patterns",
    "exact_cells",
]
