"""Flows and plain descents from the same starts, and how often they end alike."""

import numpy as np

from relucones.checks import BadInput

# What a run is told by, as far as the results have it.
_NAMES = ("family", "d", "labels", "data", "lam", "m", "seed", "alpha", "run")
_NO_END = "not converged"
ALIKE = 1e-4
"""Ends whose losses differ by at most this share of the optimum are one end."""


def beside_flows(part, kind, flows, descents):
    """For each run of `descents` of one kind: where the flow ended, and where descent did.

    A run that was made again with the step 1/L, since the published one is above 2/L where it
    starts or since it diverges, is taken with that step.

    Parameters
    ----------
    part, kind : str
        As in the columns "part" and "data".
    flows, descents : dict
        The columns of the result of the flows, "trap", "scale" or "open-questions", and of
        "descents".

    Returns
    -------
    dict
        Arrays (runs,): `diverged` with the published step; `flow` and `descent`, the losses over
        the optimum; `flow stop` and `descent stop`; `flow time`, what the flow took, in units of
        1/lam; `open`, where one of them has no end yet; where both have one `alike`, `lower` and
        `higher`, of descent against the flow; and of the flow `seed`, `alpha`, `m` and `run`, as
        far as it has them.

    Raises
    ------
    ValueError
        If a run has no flow, or none of that kind was drawn.
    """
    stored = np.ones(len(flows["gap"]), bool)
    for name, wanted in (("part", part), ("data", kind)):
        stored &= flows[name] == wanted if name in flows else True
    both = [name for name in _NAMES if name in flows and name in descents]
    named = [name for name in both if not _empty(flows[name][stored])]
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
    chosen = np.array([found.get("1/L", found["published"]) for found in rules.values()])
    stops = flows["stop"][flow], descents["stop"][chosen]
    gaps = flows["gap"][flow], descents["gap"][chosen]
    without_end = (stops[0] == _NO_END) | (stops[1] == _NO_END)
    change = gaps[1] - gaps[0]
    return {
        "diverged": diverged,
        "flow": 1 + gaps[0],
        "descent": 1 + gaps[1],
        "flow stop": stops[0],
        "descent stop": stops[1],
        "flow time": flows["time"][flow] * descents["lam"][chosen],
        "open": without_end,
        "alike": ~without_end & (np.abs(change) <= ALIKE),
        "lower": ~without_end & (change < -ALIKE),
        "higher": ~without_end & (change > ALIKE),
        **{name: flows[name][flow] for name in ("seed", "alpha", "m", "run") if name in flows},
    }


def beside_table(part, kinds, flows, descents):
    """Heads and rows of a table: of the descents of each kind that have an end, how many end like
    their flow, lower, or higher, with the 95 % Wilson interval of the first share.

    Parameters
    ----------
    part : str
    kinds : sequence of str
    flows, descents : dict
        As for `beside_flows`.
    """
    from scipy.stats import binomtest

    heads = ["data", "starts drawn", "step 0.01 diverges", "no end yet", "ends like the flow"]
    rows = []
    for kind in kinds:
        found = beside_flows(part, kind, flows, descents)
        ended, alike = int((~found["open"]).sum()), int(found["alike"].sum())
        interval = binomtest(alike, ended).proportion_ci(method="wilson") if ended else (0, 1)
        counts = [int(found[name].sum()) for name in ("diverged", "open", "lower", "higher")]
        share = f"{alike} of {ended} ({100 * interval[0]:.0f} to {100 * interval[1]:.0f} %)"
        rows.append([kind, len(found["open"]), *counts[:2], share, *counts[2:]])
    return [*heads, "lower", "higher"], rows


def _empty(values):
    return values.dtype.kind == "f" and np.isnan(values).all()
