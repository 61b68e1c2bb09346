"""Training: ensembles of gradient flows and of gradient descents, each run to a certified end. It
needs PyTorch.

`start` draws the starts, `flow` and `descent` hold the steps of the two processes on one `state`,
`limits` tells where a run is heading, `records` what is noted on the way, and `runs` is the loop
around them. Part III lives on it.
"""

from .descent import hessian_bound
from .flow import FlowControl
from .limits import claimed_limit
from .records import Traces, effective_rank, merged_directions
from .runs import Ensemble, train
from .start import initialise

__all__ = [
    "Ensemble",
    "FlowControl",
    "Traces",
    "claimed_limit",
    "effective_rank",
    "hessian_bound",
    "initialise",
    "merged_directions",
    "train",
]
