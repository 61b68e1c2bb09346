"""Training: ensembles of gradient flows and descents, each run to a certified end. It needs PyTorch.

`start` draws the starts, `descent` holds the steps, `limits` tells where a run is heading, `runs` is the loop around them.
Chapters 9 to 12 live on it.
"""

from .descent import hessian_bound
from .limits import claimed_limit
from .records import effective_rank, merged_directions
from .runs import Ensemble, Traces, train
from .start import initialise

__all__ = [
    "Ensemble",
    "Traces",
    "claimed_limit",
    "effective_rank",
    "hessian_bound",
    "initialise",
    "merged_directions",
    "train",
]
