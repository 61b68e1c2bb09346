"""Truths of the exercises on times and memory."""

import json
from importlib.resources import files

from relucones.arrangement import count_patterns

from .. import Answer


def _exponent_of_the_dimension():
    """The slope of log seconds against log (faces times points), 20 points."""
    path = files("relucones_book") / "results" / "how_fast.json"
    return json.loads(path.read_text(encoding="utf-8"))["summary"]["fits"][-1]["slope"]


ANSWERS = {
    "ex-speed-memory": Answer(
        lambda: 12 * 2 * count_patterns(100, 3) * 100 * 3 / 1e6,
        tolerance=0.03,
        asks="the memory of the constraints in MB",
    ),
    "ex-speed-dimension": Answer(
        _exponent_of_the_dimension, tolerance=0.005, asks="the slope of the line"
    ),
}
