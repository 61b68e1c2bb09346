"""`certify --proof` and `check`: a bound that is handed over, and refused where it was touched."""

import json
import re

import numpy as np
import pytest
from called import certify, number

from relucones import Network, data, solve_global
from relucones.__main__ import main
from relucones.network import save_torch

OPTIONS = ("--standardise", "--bias", "--columns", "bmi,bp")


@pytest.fixture(scope="module")
def proof(table, tmp_path_factory):
    path = tmp_path_factory.mktemp("proof") / "proof.json"
    arguments = ["certify", str(table), *OPTIONS, "--lam", "0.05", "--proof", str(path)]
    assert main(arguments) == 0
    return path


def test_a_proof_is_written_and_accepted(table, proof, capsys):
    assert main(["check", str(proof)]) == 0
    out = capsys.readouterr().out
    X, y = data.load_csv(table, columns=["bmi", "bp"]).standardised().with_bias()
    best = solve_global(X, y, 0.05).value
    stated = [float(value) for value in re.findall(r"0\.\d{8,}", out)]
    assert min(abs(value - best) for value in stated) < 1e-9


def test_json_says_what_the_proof_states(table, tmp_path, capsys):
    path = tmp_path / "proof.json"
    out, _ = certify(capsys, table, *OPTIONS, "--proof", path, "--json", lam="0.05")
    stated = json.loads(out)["proof"]
    assert stated["file"] == str(path)
    assert stated["cells"] == json.loads(out)["patterns"]["count"]
    assert 0 <= stated["relative_gap"] < 1e-9
    assert stated["lower_bound"] <= stated["value"]


def test_a_proof_about_a_network_states_its_loss(table, tmp_path, capsys):
    pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    network = Network(rng.standard_normal((3, 3)), rng.standard_normal(3))
    save_torch(network, tmp_path / "net.pt", True)
    given = ("--network", tmp_path / "net.pt", "--proof", tmp_path / "p.json")
    out, _ = certify(capsys, table, *OPTIONS, *given, lam="0.05", status=1)
    assert number(r"proof .*relative gap ([^,\s]+)", out) > 0.1
    assert main(["check", str(tmp_path / "p.json")]) == 0


def test_a_touched_proof_is_refused_with_status_1(proof, tmp_path, capsys):
    touched = json.loads(proof.read_text(encoding="utf-8"))
    touched["cells"] = touched["cells"][1:]
    (tmp_path / "touched.json").write_text(json.dumps(touched), encoding="utf-8")
    assert main(["check", str(tmp_path / "touched.json")]) == 1
    assert "cell" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", "12", '{"loss": 1}'])
def test_what_is_no_proof_ends_with_status_2(text, tmp_path, capsys):
    (tmp_path / "other.json").write_text(text, encoding="utf-8")
    assert main(["check", str(tmp_path / "other.json")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_folder_that_does_not_exist_is_refused_before_any_work(table, tmp_path, capsys):
    path = tmp_path / "none" / "proof.json"
    _, err = certify(capsys, table, "--proof", path, status=2)
    assert "--proof must name a file in a folder that exists" in err
