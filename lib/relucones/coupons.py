r"""Who holds which coupon: how likely a random activation cone contains a global minimum.

The optimal directions :math:`u_1, \dots, u_k` are coupons. A cone of m signed patterns contains a global minimum when,
for every i, it holds a signed pattern from :math:`T_i`: the patterns whose closed cone contains :math:`u_i`, with the
right sign. For m independent draws inclusion and exclusion gives (derived in chapter 5)

.. math:: \Pr = \sum_{I\subseteq[k]} (-1)^{|I|} \bigl(1 - \mu(\textstyle\bigcup_{i\in I} T_i)\bigr)^m .
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from . import checks
from .arrangement import Arrangement, activation_patterns, count_patterns
from .convex import solve_global
from .faces import Faces

WALL = 1e-6  # a unit direction this close to a hyperplane, relative to the point's length, lies on it
TIGHT = 1e-7  # relative slack of the dual constraint below which a direction may be used by an optimum
