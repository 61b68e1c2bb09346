"""Flows and plain descents from the same starts, and how often they end alike."""

import numpy as np

from relucones.checks import BadInput

_NAMES = ("data", "lam", "m", "seed", "alpha", "run")
ALIKE = 1e-4
"""Ends whose losses differ by at most this share of the optimum are one end."""


def beside_flows(part, kind, flows, descents):
    """For each run of `descents` of one kind: where the flow ended, and where descent did.

    A run that diverges with the published step is taken with the step 1/L instead.

    Parameters
    ----------
    part, kind : str
        As in the columns "part" and "data".
    flows, descents : dict
        The columns of the results "open-questions" and "descents".

    Returns
    -------
    dict
        Arrays (runs,): `diverged` with the published step; `flow` and `descent`, the losses over
        the optimum; `flow stop` and `descent stop`; `alike`, `lower` and `higher`, of descent
        against the flow; and of the flow `seed`, `alpha`, `m` and `run`.

    Raises
    ------
    ValueError
        If a run has no flow, or none of that kind was drawn.
    """
    stored = (flows["part"] == part) & (flows["data"] == kind)
    named = [name for name in _NAMES if not _empty(flows[name][stored])]
    where = {tuple(flows[name][i] for name in named): i for i in np.flatnonzero(stored)}
    mine = (descents["part"] == part) & (descents["data"] == kind)
    rules = {}
    for i in np.flatnonzero(mine):
        key = tuple(descents[name][i] for name in named)
        if key not in where:
            raise BadInput(f"flows must hold every run of descents, but {key} is missing")
        rules.setdefault(key, {})[str(descents["rule"][i])] = i
    if not rules:
        raise BadInput(f"part and kind must be among those drawn, but {part!r}, {kind!r} are not")
    flow = np.array([where[key] for key in rules])
    diverged = np.array(
        [descents["stop"][found["published"]] == "diverged" for found in rules.values()]
    )
    chosen = np.array(
        [
            found["1/L" if over else "published"]
            for found, over in zip(rules.values(), diverged, strict=True)
        ]
    )
    ratios = [1 + flows["gap"][flow], 1 + descents["gap"][chosen]]
    change = ratios[1] - ratios[0]
    return {
        "diverged": diverged,
        "flow": ratios[0],
        "descent": ratios[1],
        "flow stop": flows["stop"][flow],
        "descent stop": descents["stop"][chosen],
        "alike": np.abs(change) <= ALIKE,
        "lower": change < -ALIKE,
        "higher": change > ALIKE,
        **{name: flows[name][flow] for name in ("seed", "alpha", "m", "run")},
    }


def _empty(values):
    return values.dtype.kind == "f" and np.isnan(values).all()
