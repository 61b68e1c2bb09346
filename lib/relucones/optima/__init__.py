"""The set of all optimal networks: its polytope, its pieces at every width, the ways between them.

Taught in the part on the set of all optimal networks. Source: Kim, Mishkin and Pilanci (arXiv
2411.07729), and derived here where it says so.
"""

from .local_minima import Verdict, local_minimum
from .optimal_set import OptimalSet, optimal_set
from .paths import descent_path, prune
from .staircase import Stair
from .stationary import StationaryPoint, stationary_points
from .walk import Path

__all__ = [
    "OptimalSet",
    "Path",
    "Stair",
    "StationaryPoint",
    "Verdict",
    "descent_path",
    "local_minimum",
    "optimal_set",
    "prune",
    "stationary_points",
]
