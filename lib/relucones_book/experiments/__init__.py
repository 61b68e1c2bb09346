"""The long experiments of the book, one file each; ``python -m relucones reproduce NAME`` runs
them.

Each function takes `quick` and returns an `Experiment`: with `quick`, a small part of the points,
to try it out.
"""

from .atlas import atlas, atlas_data, atlas_point
from .beside import beside_flows, beside_table
from .cones import (
    all_at_work,
    cones,
    cones_data,
    cones_point,
    every_wall_holds,
    is_bad_local_minimum,
)
from .correlated import correlated, correlated_data, correlated_point
from .descents import descents, descents_point, descents_population, descents_sample
from .open_questions import (
    cone_data,
    open_questions,
    open_questions_data,
    open_questions_point,
    patients,
)
from .scale import scale, scale_data, scale_point
from .trap import trap, trap_data, trap_point

EXPERIMENTS = {
    "atlas": atlas,
    "cones": cones,
    "correlated": correlated,
    "trap": trap,
    "scale": scale,
    "open-questions": open_questions,
    "descents": descents,
}

__all__ = [
    "EXPERIMENTS",
    "all_at_work",
    "atlas",
    "atlas_data",
    "atlas_point",
    "beside_flows",
    "beside_table",
    "cone_data",
    "cones",
    "cones_data",
    "cones_point",
    "correlated",
    "correlated_data",
    "correlated_point",
    "descents",
    "descents_point",
    "descents_population",
    "descents_sample",
    "every_wall_holds",
    "is_bad_local_minimum",
    "open_questions",
    "open_questions_data",
    "open_questions_point",
    "patients",
    "scale",
    "scale_data",
    "scale_point",
    "trap",
    "trap_data",
    "trap_point",
]
