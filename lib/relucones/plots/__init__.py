"""Figures of the book. Every function returns ``fig, ax`` and draws what the rest of the package returns.

Importing this package sets the book's matplotlib style. `color` holds one colour per concept, the same in every
chapter, from the palette of Okabe and Ito, which readers with colour-blindness can tell apart.
"""

from .atlas import atlas_gain, atlas_widths
from .cells import bits, cell_sizes, new_wall, pattern_growth, readme_picture, sphere_cells, turn_weight, weight_space
from .collecting import coupon_circles, duel, good_cones, relative_sizes, sampled_cones, two_measures, width_and_decay
from .correlated import active_share, levels, spurious_by_correlation, walls_by_correlation, widths_by_correlation
from .landscape import bad_minima, cone_contents, descent_by_cones, leaking_walls, published_grid
from .one_cone import cone_solution, describe_minimum, name_pattern, segment, single_neuron, through_the_wall
from .open_questions import bound_on_loss, kinds_of_ends, norms_by_width, paired_errors, reached_by_width, sorting_clocks, trap_map
from .orthogonal import activation_history, gap_histories, needed_widths, repaired_runs, success_rates
from .penalty import end_losses, hinges, imbalance, neuron_vectors, norm_path, rescaling, ridges, same_function, valley
from .program import certificate_circle, certificate_curve, end_points, loss_floor, one_number_bound, scaled_dual
from .regimes import angle_paths, clock_hands, movement, sizes_by_scale, two_clocks
from .scale import ball_of_fits, ends_over_scale, phase_diagrams, shares_over_scale
from .speed import time_and_distance, time_growth
from .style import color
from .trap import ends_by_scale, ends_by_width, gap_by_decay, neuron_disc, plateaus, price_map, trap_data
from .widgets import interact, slider

__all__ = [
    "activation_history",
    "active_share",
    "angle_paths",
    "atlas_gain",
    "atlas_widths",
    "bad_minima",
    "ball_of_fits",
    "bits",
    "bound_on_loss",
    "cell_sizes",
    "certificate_circle",
    "certificate_curve",
    "clock_hands",
    "color",
    "cone_contents",
    "cone_solution",
    "coupon_circles",
    "descent_by_cones",
    "describe_minimum",
    "duel",
    "end_losses",
    "end_points",
    "ends_by_scale",
    "ends_by_width",
    "ends_over_scale",
    "gap_by_decay",
    "gap_histories",
    "good_cones",
    "hinges",
    "imbalance",
    "interact",
    "kinds_of_ends",
    "leaking_walls",
    "levels",
    "loss_floor",
    "movement",
    "name_pattern",
    "needed_widths",
    "neuron_disc",
    "neuron_vectors",
    "new_wall",
    "norm_path",
    "norms_by_width",
    "one_number_bound",
    "paired_errors",
    "pattern_growth",
    "phase_diagrams",
    "plateaus",
    "price_map",
    "published_grid",
    "reached_by_width",
    "readme_picture",
    "relative_sizes",
    "repaired_runs",
    "rescaling",
    "ridges",
    "same_function",
    "sampled_cones",
    "scaled_dual",
    "segment",
    "shares_over_scale",
    "single_neuron",
    "sizes_by_scale",
    "slider",
    "sorting_clocks",
    "sphere_cells",
    "spurious_by_correlation",
    "success_rates",
    "through_the_wall",
    "time_and_distance",
    "time_growth",
    "trap_data",
    "trap_map",
    "turn_weight",
    "two_clocks",
    "two_measures",
    "valley",
    "walls_by_correlation",
    "weight_space",
    "width_and_decay",
    "widths_by_correlation",
]
