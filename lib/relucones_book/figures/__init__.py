"""Figures of the book, one file a chapter. Every function returns ``fig, ax`` and draws what the
library returns.

What draws anybody's data is `relucones.plots`; importing either sets the matplotlib style of the
book.
"""

from .atlas import atlas_gain, atlas_widths
from .cells import pattern_growth, readme_picture
from .collecting import (
    bad_levels,
    duel,
    interpolators,
    relative_sizes,
    sampled_cones,
    two_halves,
    two_measures,
    width_and_decay,
)
from .correlated import (
    active_share,
    levels,
    spurious_by_correlation,
    walls_by_correlation,
    widths_by_correlation,
)
from .early_weight_decay import kinds_of_ends, one_neuron_paths, sorting_clocks, trap_map
from .landscape import counted_and_reached, descent_by_cones, leaking_walls, published_grid
from .new_data import errors_by_decay, errors_on_sphere, paired_errors
from .norm_and_width import (
    bound_on_loss,
    norm_before_and_after,
    norms_by_width,
    reached_by_width,
)
from .one_cone import (
    cone_solution,
    describe_minimum,
    name_pattern,
    segment,
    single_neuron,
    through_the_wall,
)
from .orthogonal import (
    activation_history,
    gap_histories,
    needed_widths,
    repaired_runs,
    success_rates,
)
from .penalty import end_losses, imbalance, rescaling, same_function, valley
from .program import loss_floor, one_number_bound, scaled_dual
from .regimes import (
    angle_paths,
    clock_hands,
    departures,
    dying_neuron,
    heights,
    movement,
    sizes_by_scale,
    two_clocks,
)
from .scale import (
    ball_of_fits,
    ends_over_scale,
    flow_and_descent,
    phase_diagrams,
    shares_over_scale,
)
from .speed import time_and_distance, time_growth
from .trap import (
    direction_path,
    ends_by_scale,
    ends_by_width,
    gap_by_decay,
    neuron_disc,
    plateaus,
    price_map,
    trap_data,
)

__all__ = [
    "activation_history",
    "active_share",
    "angle_paths",
    "atlas_gain",
    "atlas_widths",
    "bad_levels",
    "ball_of_fits",
    "bound_on_loss",
    "clock_hands",
    "cone_solution",
    "counted_and_reached",
    "departures",
    "descent_by_cones",
    "describe_minimum",
    "direction_path",
    "duel",
    "dying_neuron",
    "end_losses",
    "ends_by_scale",
    "ends_by_width",
    "ends_over_scale",
    "errors_by_decay",
    "errors_on_sphere",
    "flow_and_descent",
    "gap_by_decay",
    "gap_histories",
    "heights",
    "imbalance",
    "interpolators",
    "kinds_of_ends",
    "leaking_walls",
    "levels",
    "loss_floor",
    "movement",
    "name_pattern",
    "needed_widths",
    "neuron_disc",
    "norm_before_and_after",
    "norms_by_width",
    "one_neuron_paths",
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
    "same_function",
    "sampled_cones",
    "scaled_dual",
    "segment",
    "shares_over_scale",
    "single_neuron",
    "sizes_by_scale",
    "sorting_clocks",
    "spurious_by_correlation",
    "success_rates",
    "through_the_wall",
    "time_and_distance",
    "time_growth",
    "trap_data",
    "trap_map",
    "two_clocks",
    "two_halves",
    "two_measures",
    "valley",
    "walls_by_correlation",
    "width_and_decay",
    "widths_by_correlation",
]
