"""Answers of the page *How fast, how far*."""

import json
from importlib.resources import files

import numpy as np

from .. import Answer


def growth_in_dimension():
    """The slope of log seconds against log work between dimensions 5 and 6, in the stored runs."""
    path = files("relucones_book") / "results" / "how_fast.json"
    fit = json.loads(path.read_text(encoding="utf-8"))["summary"]["fits"][-1]
    (log_work, log_seconds) = np.diff(np.log(fit["points"]), axis=0)[-1]
    return log_seconds / log_work


ANSWERS = {
    "ex-speed-memory": Answer(
        lambda: 2 * 9902 * 100 * 3 * 12 / 1e6, 0.02, "the memory in MB"
    ),
    "ex-speed-dimension": Answer(growth_in_dimension, 0.01, "the slope"),
}
