"""The checker of written proofs: it accepts what is right, and nothing that is false anywhere."""

import copy
import json
import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from oracles import descend, dual_maximum, loss
from relucones import data, exact_proof, solve_global
from relucones.convex import write_proof
from relucones.exact_proof import STATEMENT, Unreadable, check, main

# One point, one neuron: (v - 11/10)^2 + v/5 is least at v = 1, where it is 21/100.
BY_HAND = {
    "format": "relucones proof 1",
    "statement": STATEMENT,
    "X": [[1]],
    "y": ["11/10"],
    "lam": "1/10",
    "network": {"W": [[1]], "a": [1]},
    "loss": "21/100",
    "bound": "21/100",
    "nu": ["1/5"],
    "Z": "X",
    "cells": [
        {"pattern": "1", "witness": [1], "plus": {}, "minus": {}},
        {"pattern": "0", "witness": ["-1/3"], "plus": {}, "minus": {}},
    ],
}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A proof that `write_proof` wrote, with a zero point, as text."""
    path = tmp_path_factory.mktemp("proof") / "proof.json"
    X, y = data.five_points()
    write_proof(path, np.concatenate([X, 0 * X[:1]]), [*y, 0.5], 0.01)
    return path.read_text(encoding="utf-8")


@pytest.fixture
def proof(written):
    return json.loads(written)


def exact(value):
    return [exact(v) for v in value] if isinstance(value, list) else Fraction(value)


def true_claims(proof):
    """The loss of the network and the bound of nu, written out in rationals."""
    X, y, lam, nu = (exact(proof[key]) for key in ("X", "y", "lam", "nu"))
    W, a = exact(proof["network"]["W"]), exact(proof["network"]["a"])
    total = lam * (sum(v * v for w in W for v in w) + sum(v * v for v in a))
    for x, label in zip(X, y, strict=True):
        outputs = [
            c * max(0, sum(p * q for p, q in zip(w, x, strict=True)))
            for w, c in zip(W, a, strict=True)
        ]
        total += (sum(outputs) - label) ** 2 / len(y)
    return total, sum(p * q for p, q in zip(y, nu, strict=True)) - Fraction(len(y), 4) * sum(
        v * v for v in nu
    )


def with_true_claims(proof):
    """The same with the loss and the bound that belong to what it holds now."""
    value, bound = true_claims(proof)
    return {**proof, "loss": str(value), "bound": str(bound)}


def refusal(proof):
    report = check(proof)
    assert not report.ok
    assert report.bound is None
    assert report.gap is None
    assert report.cells == 0
    return report.reason


def test_a_proof_made_by_hand_is_accepted():
    report = check(BY_HAND)
    assert report.ok
    assert report.reason == ""
    assert report.loss == report.bound == Fraction(21, 100)
    assert report.gap == 0
    assert report.cells == 2


def test_a_written_proof_is_accepted(proof):
    report = check(proof)
    assert report.ok
    assert 0 <= report.gap < 1e-10
    assert report.cells == len(proof["cells"])


def test_what_is_printed_is_true(proof):
    report = check(proof)
    words = {line.split()[0]: line.split()[1] for line in str(report).splitlines()}
    assert 0 <= Fraction(words["loss"]) - report.loss < Fraction(1, 10**15)
    assert 0 <= report.bound - Fraction(words["bound"]) < Fraction(1, 10**15)
    assert Fraction(words["gap"]) >= report.gap
    assert "accepted" in words


# ---- tampered files ------------------------------------------------------------------------------


def loaded_side(proof):
    """A cell and side with a multiplier."""
    return next((cell, side) for cell in proof["cells"] for side in ("plus", "minus") if cell[side])


def changed_digit(text):
    p, _, q = str(text).partition("/")
    digit = p[len(p) // 2]
    p = p[: len(p) // 2] + str((int(digit) + 1) % 10) + p[len(p) // 2 + 1 :]
    return f"{p}/{q}" if q else p


@pytest.mark.parametrize("k", range(5))
def test_a_changed_digit_in_nu(proof, k):
    proof["nu"][k] = changed_digit(proof["nu"][k])
    assert "bound is claimed to be" in refusal(proof)


def test_a_larger_nu_with_its_own_bound(proof):
    proof["nu"] = [str(Fraction(v) * Fraction(1001, 1000)) for v in proof["nu"]]
    assert "inequality |...|^2 <= room^2 fails" in refusal(with_true_claims(proof))


def test_a_last_digit_of_lam(proof):
    lam = Fraction(proof["lam"])
    proof["lam"] = f"{lam.numerator - 1}/{lam.denominator}"
    assert "loss is claimed to be" in refusal(proof)
    proof["lam"] = str(lam * Fraction(999, 1000))
    assert "inequality" in refusal(with_true_claims(proof))


@pytest.mark.parametrize("i", [0, 7, -1])
def test_a_missing_cell(proof, i):
    del proof["cells"][i]
    assert "cells are missing: " in refusal(proof)


def test_no_cells(proof):
    proof["cells"] = []
    assert "cells are missing: 0" in refusal(proof)


def test_a_cell_twice(proof):
    proof["cells"].append(copy.deepcopy(proof["cells"][3]))
    assert refusal(proof) == f"cells[{len(proof['cells']) - 1}] is cells[3] again"


def test_a_cell_twice_in_the_place_of_another(proof):
    proof["cells"][5] = copy.deepcopy(proof["cells"][3])
    assert refusal(proof) == "cells[5] is cells[3] again"


def test_a_multiplier_left_out(proof):
    cell, side = loaded_side(proof)
    cell[side] = {}
    assert f"cells[{proof['cells'].index(cell)}].{side}: the inequality" in refusal(proof)


def test_a_wrong_multiplier(proof):
    cell, side = loaded_side(proof)
    key = next(iter(cell[side]))
    cell[side][key] = 1000
    assert f"cells[{proof['cells'].index(cell)}].{side}: the inequality" in refusal(proof)


def test_a_negative_multiplier(proof):
    # With multipliers of any sign the inequality would prove nothing.
    cell, side = loaded_side(proof)
    key = next(iter(cell[side]))
    cell[side][key] = "-1/1000000000000"
    assert f".{side}[{key}] must not be negative" in refusal(proof)


def test_a_multiplier_of_a_zero_point(proof):
    proof["cells"][0]["plus"]["5"] = 1
    assert "cells[0].plus has the key '5', which is no point other than zero" in refusal(proof)


@pytest.mark.parametrize("key", ["6", "-1", "00", "0.0", " 1", "\u0661", "plus", ""])
def test_a_multiplier_of_no_point(proof, key):
    proof["cells"][0]["plus"][key] = 1
    assert "cells[0].plus has the key" in refusal(proof)


def test_a_witness_outside(proof):
    proof["cells"][2]["witness"] = proof["cells"][3]["witness"]
    assert "cells[2].witness has " in refusal(proof)


def test_a_witness_on_a_wall(proof):
    x = [Fraction(v) for v in proof["X"][0]]
    proof["cells"][2]["witness"] = [str(-x[1]), str(x[0])]
    assert "cells[2].witness lies on the wall of point 0" in refusal(proof)
    proof["cells"][2]["witness"] = [0, 0]
    assert "cells[2].witness lies on the wall of point 0" in refusal(proof)


def test_a_pattern_that_counts_a_zero_point_as_active(proof):
    # Otherwise one cell could be listed twice, in the place of a missing one.
    cell = copy.deepcopy(proof["cells"][0])
    cell["pattern"] = cell["pattern"][:5] + "1"
    proof["cells"][1] = cell
    assert refusal(proof) == "cells[1].witness lies on the wall of point 5, where the pattern has 1"


def test_another_pattern(proof):
    pattern = proof["cells"][4]["pattern"]
    proof["cells"][4]["pattern"] = ("1" if pattern[0] == "0" else "0") + pattern[1:]
    assert "cells[4].witness has " in refusal(proof)


@pytest.mark.parametrize(
    "pattern", ["", "0", "0000000", "00000x", "00000\u0661", 0, None, ["0"] * 6]
)
def test_no_pattern(proof, pattern):
    proof["cells"][4]["pattern"] = pattern
    assert refusal(proof) == 'cells[4].pattern must be 6 characters "0" or "1"'


def test_a_changed_label(proof):
    proof["y"][0] = changed_digit(proof["y"][0])
    assert "loss is claimed to be" in refusal(proof)


def test_a_changed_point(proof):
    proof["X"][0][0] = changed_digit(proof["X"][0][0])
    assert "loss is claimed to be" in refusal(proof)


def test_another_network_is_another_claim(proof):
    proof["network"]["W"][0][0] = "3/2"
    assert "loss is claimed to be" in refusal(proof)
    before = check(with_true_claims(proof))
    assert before.ok  # a worse network, and the same bound
    assert before.gap > 1e-3


def test_a_network_of_width_zero(proof):
    proof["network"] = {"W": [], "a": []}
    report = check(with_true_claims(proof))
    assert report.ok
    assert report.loss == sum(Fraction(v) ** 2 for v in proof["y"]) / 6


def test_points_that_are_moved_too_far(proof):
    proof["Z"] = copy.deepcopy(proof["X"])
    assert check(proof).ok
    proof["Z"][0][0] = str(Fraction(proof["X"][0][0]) + Fraction(1, 10**9))
    assert "inequality" in refusal(proof)  # the way from Z to X uses up what the bound leaves
    proof["Z"][0][0] = str(Fraction(proof["X"][0][0]) + 100)
    assert "Z is too far from X" in refusal(proof)


@pytest.mark.parametrize("key", exact_proof.KEYS[1:])
def test_a_missing_key(proof, key):
    del proof[key]
    assert refusal(proof) == f"the proof lacks the key {key!r}"


@pytest.mark.parametrize(
    ("where", "key"), [("network", "a"), ("network", "W"), ("cell", "plus"), ("cell", "witness")]
)
def test_a_missing_inner_key(proof, where, key):
    inner = proof["network"] if where == "network" else proof["cells"][0]
    del inner[key]
    assert f"lacks the key {key!r}" in refusal(proof)
    inner[key], inner["extra"] = None, 1
    assert "has the unknown key 'extra'" in refusal(proof)


def test_an_unknown_key(proof):
    proof["note"] = "trust me"
    assert refusal(proof) == "the proof has the unknown key 'note'"


def test_another_statement(proof):
    proof["statement"] = proof["statement"].replace("no network", "hardly a network")
    assert "statement is not the one" in refusal(proof)


def edited(path, value):
    def edit(proof):
        *steps, last = path
        for step in steps:
            proof = proof[step]
        proof[last] = value

    return edit


SHAPES = {
    "no points": (edited(["X"], []), "X must hold at least one point"),
    "no coordinates": (edited(["X"], [[]] * 6), "X must hold at least one point"),
    "a vector for X": (edited(["X"], [1] * 6), r"X\[0\] must be a list, but it is 1"),
    "ragged X": (
        edited(["X", 2], [1]),
        r"X\[2\] must be a list of length 2, but it is a list of 1",
    ),
    "an object for X": (edited(["X"], {}), "X must be a list, but it is dict"),
    "too few labels": (edited(["y"], [1]), "y must be a list of length 6, but it is a list of 1"),
    "too many duals": (
        edited(["nu"], [0] * 7),
        "nu must be a list of length 6, but it is a list of 7",
    ),
    "a text of labels": (
        edited(["y"], "111111"),
        "y must be a list of length 6, but it is '111111'",
    ),
    "W of another width": (edited(["network", "a"], [1]), "network.a must be a list of length"),
    "W of other inputs": (
        edited(["network", "W", 0], [1, 2, 3]),
        r"network.W\[0\] must be a list of length 2",
    ),
    "no network": (edited(["network"], None), "network must be an object, but it is None"),
    "Z of another shape": (edited(["Z"], [[1, 2]]), "Z must be a list of length 6"),
    "Z a word": (edited(["Z"], "Y"), "Z must be a list of length 6, but it is 'Y'"),
    "lam zero": (edited(["lam"], 0), "lam must be positive, but it is 0"),
    "lam negative": (edited(["lam"], "-1/100"), "lam must be positive, but it is '-1/100'"),
    "a list for lam": (edited(["lam"], ["1/100"]), 'lam must be an integer or a string "p/q"'),
    "cells an object": (edited(["cells"], {}), "cells must be a list"),
    "a cell a list": (edited(["cells", 1], []), r"cells\[1\] must be an object, but it is list"),
    "a short witness": (
        edited(["cells", 1, "witness"], [1]),
        r"cells\[1\].witness must be a list of length 2",
    ),
    "multipliers a list": (edited(["cells", 1, "plus"], []), r"cells\[1\].plus must be an object"),
}


@pytest.mark.parametrize("case", SHAPES)
def test_a_wrong_shape(proof, case):
    edit, message = SHAPES[case]
    edit(proof)
    assert re.search(message, refusal(proof))


NO_NUMBERS = [
    True,
    False,
    None,
    0.5,
    float("nan"),
    float("inf"),
    [],
    {},
    "",
    " 1",
    "1 ",
    "1\n",
    "+1",
    "01",
    "1e400",
    "1/0",
    "1/-2",
    "1/02",
    "0.5",
    "nan",
    "1/2/3",
    "\u0661",
    "1_000",
    "--1",
    "-",
    "/2",
    "9" * 4001,
    "1/" + "9" * 4001,
    10**5000,
]


@pytest.mark.parametrize(
    "value", NO_NUMBERS, ids=lambda v: ascii(v)[:20] if not isinstance(v, int) or v < 2 else "huge"
)
@pytest.mark.parametrize(
    "place", ["X", "y", "lam", "W", "a", "loss", "bound", "nu", "witness", "mu"]
)
def test_what_is_no_exact_number(proof, place, value):
    cell, side = loaded_side(proof)
    path = {
        "X": ["X", 0, 0],
        "y": ["y", 0],
        "lam": ["lam"],
        "W": ["network", "W", 0, 0],
        "a": ["network", "a", 0],
        "loss": ["loss"],
        "bound": ["bound"],
        "nu": ["nu", 0],
        "witness": ["cells", 0, "witness", 0],
        "mu": ["cells", proof["cells"].index(cell), side, next(iter(cell[side]))],
    }[place]
    edited(path, value)(proof)
    assert 'must be an integer or a string "p/q"' in refusal(proof)


def test_denominators_made_to_exhaust_the_machine(proof):
    primes = [n for n in range(10**6, 10**6 + 60000) if all(n % k for k in range(2, 1001))]
    proof["network"] = {"W": [[f"1/{p}", f"1/{p + 1}"] for p in primes], "a": [1] * len(primes)}
    assert refusal(proof) == "the common denominator of network.W has more than 40,000 bits"


def test_high_dimensions_do_not_keep_it_busy():
    n = 300  # 2^300 cells, two of them listed
    side = {"plus": {}, "minus": {}}
    proof = {
        **BY_HAND,
        "X": np.eye(n, dtype=int).tolist(),
        "y": [0] * n,
        "network": {"W": [], "a": []},
        "loss": 0,
        "bound": 0,
        "nu": [0] * n,
        "cells": [
            {"pattern": "1" * n, "witness": [1] * n, **side},
            {"pattern": "0" * n, "witness": [-1] * n, **side},
        ],
    }
    assert refusal(proof) == "cells are missing: 2 are listed, and the points have more"


# ---- files ---------------------------------------------------------------------------------------


UNREADABLE = {
    "empty": (b"", "is not JSON"),
    "text": (b"hello", "is not JSON"),
    "a list": (b"[1]", "must be a JSON object"),
    "a number": (b"12", "must be a JSON object"),
    "null": (b"null", "must be a JSON object"),
    "another object": (b"{}", '"format" must be'),
    "another format": (b'{"format": "relucones proof 2"}', '"format" must be'),
    "a float": (b'{"format": "relucones proof 1", "lam": 0.1}', "0.1 is not exact"),
    "an exponent": (b'{"lam": 1e400}', "1e400 is not exact"),
    "NaN": (b'{"lam": NaN}', "NaN is not exact"),
    "Infinity": (b'{"lam": -Infinity}', "-Infinity is not exact"),
    "a huge integer": (b'{"lam": ' + b"9" * 10**6 + b"}", "more than 4,000 digits"),
    "a repeated key": (b'{"lam": 1, "nu": [], "lam": 2}', "the key 'lam' occurs twice"),
    "a repeated inner key": (b'{"network": {"a": [], "a": []}}', "the key 'a' occurs twice"),
    "deep": (b"[" * 10**6, "nested too deeply"),
    "deep objects": (b'{"a":' * 10**5, "nested too deeply"),
    "truncated": (b'{"format": "relucones proof 1", ', "is not JSON"),
    "binary": (bytes(range(256)), "is not JSON"),
    "utf-16": ('{"format": 1}'.encode("utf-16"), "is not JSON"),
    "two values": (b"{} {}", "is not JSON"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_cannot_be_read(tmp_path, capsys, case):
    content, message = UNREADABLE[case]
    path = tmp_path / "proof.json"
    path.write_bytes(content)
    with pytest.raises(Unreadable) as error:
        check(path)
    assert message in str(error.value)
    assert main([str(path)]) == 2
    assert message in capsys.readouterr().err


def test_files_that_are_not_there(tmp_path):
    assert main([str(tmp_path)]) == 2
    assert main([str(tmp_path / "missing.json")]) == 2


def test_the_status_and_the_words(tmp_path, written, capsys):
    path = tmp_path / "proof.json"
    path.write_text(written, encoding="utf-8")
    assert main([str(path)]) == 0
    assert "accepted" in capsys.readouterr().out
    path.write_text(written.replace('"nu": ["', '"nu": ["1'), encoding="utf-8")
    assert main([str(path)]) == 1
    assert "refused   bound is claimed" in capsys.readouterr().out


def test_it_runs_by_itself_on_the_standard_library_alone(tmp_path, written):
    script = tmp_path / "exact_proof.py"
    script.write_bytes(Path(exact_proof.__file__).read_bytes())
    (tmp_path / "proof.json").write_text(written, encoding="utf-8")
    command = [sys.executable, "-I", "-S", "exact_proof.py", "proof.json"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "accepted" in done.stdout
    code = (
        "import runpy, sys; sys.argv = ['exact_proof.py', 'proof.json']\n"
        "try: runpy.run_path('exact_proof.py', run_name='__main__')\n"
        "except SystemExit: pass\n"
        "names = {name.split('.')[0] for name in sys.modules}\n"
        "print(sorted(names - set(sys.stdlib_module_names) - {'__main__'}))"
    )
    command = [sys.executable, "-I", "-S", "-c", code]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


# ---- an adversary --------------------------------------------------------------------------------


def verified_by_another_route(proof, rng):
    """The claims in plain rationals, nu by the constraint itself, the bound by descent."""
    report = check(proof)
    assert (report.loss, report.bound) == true_claims(proof)
    X, y, nu = (np.array(exact(proof[key]), dtype=float) for key in ("X", "y", "nu"))
    lam, bound = float(Fraction(proof["lam"])), float(report.bound)
    assert dual_maximum(X, nu) <= 2 * lam * (1 + 1e-9)
    for m in (2, 5):
        assert loss(*descend(X, y, lam, m, rng, steps=60), X, y, lam) >= bound - 1e-12 * abs(bound)


def mutated(proof, rng):
    """A random change somewhere: a number replaced, an entry dropped, doubled or swapped."""
    proof = copy.deepcopy(proof)
    node, parents = proof, []
    while isinstance(node, (dict, list)) and node:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = keys[rng.integers(len(keys))]
        parents.append((node, key))
        node = node[key]
    parent, key = parents[rng.integers(max(0, len(parents) - 2), len(parents))]
    kind = rng.integers(5)
    if kind == 0 and isinstance(parent, list):
        del parent[key]
    elif kind == 1 and isinstance(parent, list):
        parent.insert(key, copy.deepcopy(parent[rng.integers(len(parent))]))
    elif kind == 2 and isinstance(parent, list):
        other = rng.integers(len(parent))
        parent[key], parent[other] = parent[other], parent[key]
    elif isinstance(parent[key], str) and set(parent[key]) <= {"0", "1"} and len(parent[key]) > 1:
        i = rng.integers(len(parent[key]))
        parent[key] = parent[key][:i] + "10"[int(parent[key][i])] + parent[key][i + 1 :]
    elif isinstance(parent[key], (str, int)) and key not in ("format", "statement", "Z"):
        factor = Fraction(int(rng.integers(-3, 40)), int(rng.integers(1, 20)))
        near = 1 + Fraction(int(rng.integers(-5, 6)), 10 ** int(rng.integers(1, 15)))
        parent[key] = str(Fraction(parent[key]) * (factor if rng.random() < 0.3 else near))
    return proof


@pytest.mark.parametrize("start", [0, 1, 2])
def test_whatever_is_accepted_is_true(tmp_path, start):
    rng = np.random.default_rng(start)
    X = (
        rng.integers(-2, 3, (4, 2)).astype(float)
        if start == 0
        else rng.standard_normal((4, 2 + start // 2))
    )
    y = rng.standard_normal(4)
    write_proof(tmp_path / "proof.json", X, y, 0.05)
    proof = json.loads((tmp_path / "proof.json").read_text(encoding="utf-8"))
    accepted = refused = 0
    for _ in range(200):
        other = proof
        for _ in range(rng.integers(1, 4)):
            other = mutated(other, rng)
        try:
            other = (
                with_true_claims(other) if rng.random() < 0.8 else other
            )  # an adversary who can compute
        except ValueError:
            continue  # no number, or another shape
        if check(other).ok:
            accepted += other != proof
            if accepted <= 12:
                verified_by_another_route(other, rng)
        else:
            refused += 1
    assert accepted >= 5
    assert refused >= 30


def test_a_bound_that_is_too_good_has_no_proof(proof):
    """Every nu with a bound above the optimum breaks the inequality, whatever the multipliers."""
    X = np.array([[float(Fraction(v)) for v in row] for row in proof["X"]])
    y = np.array([float(Fraction(v)) for v in proof["y"]])
    best = solve_global(X, y, 0.01)
    for factor in (1.0001, 1.5, 3):
        proof["nu"] = [str(Fraction(float(v))) for v in best.dual * factor]
        claimed = with_true_claims(proof)
        if Fraction(claimed["bound"]) > Fraction(best.value):
            assert "inequality" in refusal(claimed)
