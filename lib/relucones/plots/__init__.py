"""Figures of the book. Every function returns ``fig, ax`` and draws what the rest of the package returns.

Importing this package sets the book's matplotlib style. `color` holds one colour per concept, the same in every
chapter, from the palette of Okabe and Ito, which readers with colour-blindness can tell apart.
"""

from .cells import bits, cell_sizes, new_wall, pattern_growth, readme_picture, sphere_cells, turn_weight, weight_space
from .one_cone import cone_solution, describe_minimum, name_pattern, segment, single_neuron, through_the_wall
from .penalty import end_losses, hinges, imbalance, neuron_vectors, norm_path, rescaling, ridges, same_function, valley
from .style import color
from .widgets import interact, slider

__all__ = [
    "bits",
    "cell_sizes",
    "color",
    "cone_solution",
    "describe_minimum",
    "end_losses",
    "hinges",
    "imbalance",
    "interact",
    "name_pattern",
    "neuron_vectors",
    "new_wall",
    "norm_path",
    "pattern_growth",
    "readme_picture",
    "rescaling",
    "ridges",
    "same_function",
    "segment",
    "single_neuron",
    "slider",
    "sphere_cells",
    "through_the_wall",
    "turn_weight",
    "valley",
    "weight_space",
]
