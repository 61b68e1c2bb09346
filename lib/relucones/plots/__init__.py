"""Figures of the book. Every function returns ``fig, ax`` and draws what the rest of the package returns.

Importing this package sets the book's matplotlib style. `color` holds one colour per concept, the same in every
chapter, from the palette of Okabe and Ito, which readers with colour-blindness can tell apart.
"""

from .cells import bits, cell_sizes, new_wall, pattern_growth, readme_picture, sphere_cells, turn_weight, weight_space
from .style import color
from .widgets import interact, slider

__all__ = [
    "bits",
    "cell_sizes",
    "color",
    "interact",
    "new_wall",
    "pattern_growth",
    "readme_picture",
    "slider",
    "sphere_cells",
    "turn_weight",
    "weight_space",
]
