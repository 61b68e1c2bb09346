"""What `certify` found, as lines of text; the JSON object that it prints has the same parts."""

from collections.abc import Iterator
from math import floor, log10
from typing import Any

from ..tables import SEPARATORS

MOST_SHOWN = 20  # neurons; and columns of their directions, and names
_DRAWN = {"counting": "drawn uniformly among all cones", "gaussian": "drawn by Gaussian weights"}


def data_lines(data: dict[str, Any]) -> Iterator[str]:
    """The file, its columns, and what was done to them."""
    bias = ", the last a bias" if data["bias"] else ""
    size = f"{data['points']:,} points in {data['dimensions']} dimensions"
    yield f"data      {data['file']}: {size}{bias}"
    yield f"columns   labels {data['target']}; points {_listed(data['features'])}"
    first = "the first line holds their names" if data["header"] else "no header"
    separated = SEPARATORS.get(data["separator"], repr(data["separator"]))
    decimal = ", decimal commas" if data["decimal"] == "," else ""
    yield f"          {first}; separated by {separated}{decimal}"
    if data["dropped_lines"]:
        yield f"          {data['dropped_lines']:,} lines with missing values left out"
    if data["standardisation"]:
        yield "          standardised: labels and points have mean 0 and variance 1" + bias.replace(
            ", the last a bias", ", the bias apart"
        )


def pattern_lines(patterns: dict[str, Any]) -> Iterator[str]:
    """How many activation patterns there are."""
    count = patterns["count"]
    if count is not None:
        yield f"patterns  N = {count:,} activation patterns, {2 * count:,} signed ones"
    else:
        yield (
            f"patterns  about 10^{patterns['digits']}, too many to list: neurons are found by "
            "climbing, "
            "and the gap stays open"
        )


def optimum_lines(found: dict[str, Any]) -> Iterator[str]:
    """The value, the bound and the neurons."""
    verdict = "is the best found; the gap to the bound is still open"
    if found["certified"]:
        verdict = "is the global minimum over every width"
    yield f"optimum   {found['value']:.10g} {verdict}"
    yield (
        f"bound     {found['lower_bound']:.10g} is proved from below, relative gap "
        f"{_relative(found['relative_gap'])}"
    )
    if not found["certified"]:
        helps = [] if found["data"]["standardisation"] else ["--standardise or other units"]
        helps += ["a larger --lam", "fewer columns or rows"]
        yield f"          what may close it: {', '.join(helps)}"
    if found["neurons"]:
        yield from _neuron_lines(found["neurons"], found["data"]["features"])
    else:
        yield f"neurons   none: {_why_none(found)}"


def width_lines(width: dict[str, Any]) -> Iterator[str]:
    """How likely a random cone of this width holds a global minimum."""
    label = f"width {width['width']:,}"
    if "error" in width:
        yield f"{label}  is not answered: {width['error']}"
        return
    for measure, how in _DRAWN.items():
        share = _share(**width[measure])
        yield f"{label}  {share} is the probability that a cone {how} holds a global minimum"
    yield (
        f"          from width {width['sufficient_width']:,} on, at least 99 % of all cones do "
        "(coupon bound)"
    )


def proof_lines(proof: dict[str, Any]) -> Iterator[str]:
    """What the written proof states."""
    yield (
        f"proof     {proof['file']}: {proof['cells']:,} cells, relative gap "
        f"{_relative(proof['relative_gap'])}, checked in exact arithmetic"
    )


def network_lines(network: dict[str, Any]) -> Iterator[str]:
    """The verdict on the network given."""
    yield f"network   {network['file']}: width {network['width']:,}, loss {network['value']:.10g}"
    yield (
        f"verdict   {network['verdict']}: at most {network['gap']:.3g} above the global minimum "
        f"(relative gap {_relative(network['relative_gap'])}), shortest subgradient "
        f"{network['stationarity']:.3g}"
    )


def _listed(names):
    shown = ", ".join(names[:MOST_SHOWN])
    return shown + (f", ... ({len(names):,} in all)" if len(names) > MOST_SHOWN else "")


def _relative(gap):
    return f"{gap:.1e}" if gap > 1e-12 else "below 1e-12"


def _why_none(found):
    least, lam = found["lambda_max"], found["lam"]
    best = "optimal" if found["certified"] else "the best found"
    if least is None:
        return f"the zero network is {best}"
    if lam >= least:
        return f"lambda is at least lambda_max = {least:.10g}, and the zero network is {best}"
    return (
        f"the zero network is {best} within --tol, though lambda is below lambda_max = {least:.10g}"
    )


def _neuron_lines(neurons, names):
    yield f"neurons   {len(neurons)}: sign, size |v|, points on its walls, direction"
    heads = [
        *(f"{name[:9]:>9}" for name in names[:MOST_SHOWN]),
        *["..."] * (len(names) > MOST_SHOWN),
    ]
    yield "          sign     size  walls  " + "  ".join(heads)
    for neuron in neurons[:MOST_SHOWN]:
        sign, entries = "+" if neuron["sign"] > 0 else "-", neuron["direction"][:MOST_SHOWN]
        direction = "  ".join(map(_entry, entries))
        yield f"          {sign:>4}  {neuron['size']:7.4g}  {neuron['walls']:5d}  {direction}"
    if len(neurons) > MOST_SHOWN:
        yield f"          and {len(neurons) - MOST_SHOWN} more; --json lists all"


def _entry(value):
    return f"{value:9.2e}" if 0 < abs(value) < 1e-4 else f"{value:9.5f}"


def _share(probability, standard_error, collections):
    """A probability with the digits that are known."""
    p, error = probability, standard_error
    if not error:
        if 0 < p < 1e-4:
            return f"{p:.3g}"
        return "above 0.999999" if 0.9999995 <= p < 1 else f"{p:.6f}"
    if collections and p in (0, 1):
        # With 95 %: the share that would give this outcome with probability 5 %.
        rare = 1 - 0.05 ** (1 / collections)
        limit = f"below {rare:.2g}" if p == 0 else f"above {1 - rare:.6f}"
        hits = f"{round(p * collections):,} of {collections:,} simulated collections"
        return f"{hits}, {limit} with 95 %,"
    digits = max(2, 1 - floor(log10(error)))
    number = f"{p:.{digits}f}" if p >= 10.0**-digits else f"{p:.2g}"
    how = (
        f"standard error, {collections:,} simulated collections"
        if collections
        else "standard error"
    )
    return f"{number} +- {error:.2g} ({how})"
