"""Figures of the book. Every function returns ``fig, ax`` and draws what the rest of the package returns.

Importing this package sets the book's matplotlib style. `color` holds one colour per concept, the same in every
chapter, from the palette of Okabe and Ito, which readers with colour-blindness can tell apart.
"""

from .style import color
from .widgets import interact, slider

__all__ = ["color", "interact", "slider"]
