"""What `certify` found, as text, as JSON, as a file and as an exit status."""

import json
import re

import numpy as np
import pytest
from called import certify, number

import relucones
from relucones import (
    Network,
    count_patterns,
    data,
    good_cone_probability,
    lambda_max,
    solve_global,
    sufficient_width,
)
from relucones.command_line import commands
from relucones.network import load_constants, load_torch

KEYS = {
    "relucones", "data", "lam", "tol", "patterns", "value", "lower_bound", "relative_gap",
    "certified", "neurons", "lambda_max", "width", "network", "saved", "warnings", "status",
}  # fmt: skip


def test_one_json_object_says_the_same(table, capsys):
    arguments = [table, "--width", "40", "--standardise", "--bias", "--columns", "bmi,bp", "--json"]
    out, err = certify(capsys, *arguments, lam="0.05")
    found = json.loads(out)
    assert set(found) == KEYS
    assert err == ""
    dataset = data.load_csv(table, columns=["bmi", "bp"]).standardised()
    X, y = dataset.with_bias()
    best = solve_global(X, y, 0.05)
    assert found["value"] == pytest.approx(best.value, rel=1e-9)
    assert found["certified"] is True
    assert (found["status"], found["lam"], found["tol"]) == (0, 0.05, 1e-6)
    assert found["data"]["features"] == ["bmi", "bp", "1"]
    assert found["data"]["target"] == "progression"
    assert found["data"]["standardisation"]["mean"] == dataset.standardisation.mean.tolist()
    assert found["patterns"]["count"] == count_patterns(20, 3)
    rebuilt = Network.from_directions(
        *(
            np.array([neuron[part] for neuron in found["neurons"]])
            for part in ("direction", "sign", "size")
        )
    )
    assert rebuilt.loss(X, y, 0.05) == pytest.approx(found["value"], rel=1e-12)
    expected = good_cone_probability(X, y, 0.05, 40)
    assert found["width"]["counting"] == {
        "probability": pytest.approx(expected),
        "standard_error": 0,
        "collections": None,
    }
    assert found["width"]["sufficient_width"] == sufficient_width(20, 3, 0.01)


def test_json_of_bad_input(capsys):
    out, err = certify(capsys, "nowhere.csv", "--json", status=2)
    found = json.loads(out)
    assert found == {
        "relucones": relucones.__version__,
        "error": err.removeprefix("relucones: ").strip(),
        "status": 2,
    }


def test_a_gap_above_the_tolerance_is_open(table, capsys):
    out, _ = certify(
        capsys,
        table,
        "--tol",
        "1e-17",
        "--columns",
        "bmi",
        "--standardise",
        "--json",
        lam="0.05",
        status=1,
    )
    found = json.loads(out)
    assert found["relative_gap"] > 1e-17
    assert found["certified"] is False
    assert found["status"] == 1


def test_the_optimum_is_saved_and_certified(table, tmp_path, capsys):
    pytest.importorskip("torch")
    path, options = str(tmp_path / "best.pt"), [table, "--columns", "bmi,bp", "--bias"]
    out, _ = certify(capsys, *options, "--standardise", "--save", path, "--json", lam="0.05")
    assert json.loads(out)["saved"] == path
    dataset = data.load_csv(table, columns=["bmi", "bp"]).standardised()
    np.testing.assert_array_equal(load_constants(path)["scale"], dataset.standardisation.scale)
    assert load_torch(path).loss(*dataset.with_bias(), 0.05) == pytest.approx(
        json.loads(out)["value"], rel=1e-12
    )
    out, err = certify(capsys, *options, "--standardise", "--network", path, "--json", lam="0.05")
    verdict = json.loads(out)["network"]
    assert verdict["verdict"] == "global minimum"
    assert verdict["is_global"] is True
    assert verdict["relative_gap"] <= 1e-6
    assert err == ""
    out, err = certify(capsys, *options, "--network", path, lam="0.05", status=1)
    assert "best.pt was fitted to standardised data: add --standardise" in err
    (tmp_path / "other.csv").write_text("\n".join(table.read_text().splitlines()[:12]))
    _, err = certify(
        capsys,
        tmp_path / "other.csv",
        *options[1:],
        "--standardise",
        "--network",
        path,
        lam="0.05",
        status=1,
    )
    assert "best.pt was fitted to data standardised by other constants" in err


def test_just_below_lambda_max_is_not_above_it(tmp_path, capsys):
    X, y = [[1, 0.2], [0.6, 1], [-0.5, 1.1]], [1, 0.4, -0.6]
    np.savetxt(tmp_path / "t.csv", np.column_stack([X, y]), delimiter=",")
    least = lambda_max(X, y)
    for factor in (1 - 1e-3, 1 - 1e-7, 1 - 1e-10):
        out, _ = certify(capsys, tmp_path / "t.csv", lam=repr(float(least * factor)))
        assert "at least lambda_max" not in out
    assert (
        "lambda is at least lambda_max" in certify(capsys, tmp_path / "t.csv", lam=repr(least)).out
    )


@pytest.mark.parametrize("width", [1, 1000, 12_345_678])
def test_widths_of_any_length_stand_apart_from_their_probability(table, width, capsys):
    out, _ = certify(
        capsys, table, "--columns", "bmi,bp", "--standardise", "--width", width, lam="0.05"
    )
    assert (
        len(re.findall(rf"^width {width:,}  (?:above )?\S+ is the probability", out, re.MULTILINE))
        == 2
    )


def test_simulated_shares_are_counts_or_come_with_their_error(tmp_path, capsys, monkeypatch):
    np.savetxt(tmp_path / "t.csv", np.random.default_rng(0).standard_normal((5, 3)), delimiter=",")
    for probability, error, words in (
        (0.0, 5e-4, "0 of 2,000 simulated collections, below 0.0015 with 95 %, is the probability"),
        (
            1.0,
            5e-4,
            "2,000 of 2,000 simulated collections, above 0.998503 with 95 %, is the probability",
        ),
        (
            0.4137,
            0.0112,
            "0.414 +- 0.011 (standard error, 2,000 simulated collections) is the probability",
        ),
    ):
        monkeypatch.setattr(
            commands, "good_cone_probability", lambda *a, p=probability, e=error, **k: (p, e)
        )
        found = commands.find_coupons
        monkeypatch.setattr(
            commands, "find_coupons", lambda *a, **k: type("Coupons", (), {"supports": None})
        )
        assert words in certify(capsys, tmp_path / "t.csv", "--width", "30").out
        monkeypatch.setattr(commands, "find_coupons", found)


def test_tiny_shares_keep_their_digits(tmp_path, capsys):
    X, y = data.gaussian_teacher(12, 3, seed=31)
    np.savetxt(tmp_path / "t.csv", np.column_stack([X, y]), delimiter=",")
    out, _ = certify(capsys, tmp_path / "t.csv", "--width", "12", lam="1e-2")
    expected = good_cone_probability(X, y, 1e-2, 12)
    assert expected < 1e-5
    assert number(
        r"width 12  (\S+) is the probability that a cone drawn uniformly", out
    ) == pytest.approx(expected, rel=0.01)


def test_a_width_that_is_not_answered_leaves_the_optimum(table, capsys, monkeypatch):
    def refused(*arguments, **options):
        raise commands.BadInput("lam is 0.05, too small here")

    monkeypatch.setattr(commands, "find_coupons", refused)
    out, _ = certify(capsys, table, "--columns", "bmi", "--width", "9", lam="0.05", status=1)
    assert "is the global minimum over every width" in out
    assert "width 9  is not answered: lam is 0.05, too small here" in out


@pytest.mark.parametrize(
    "error",
    [
        np.linalg.LinAlgError("Singular matrix"),
        ValueError("need at least one array to concatenate"),
    ],
)
def test_errors_of_other_libraries_are_no_bad_input(table, capsys, monkeypatch, error):
    def fail(*arguments, **options):
        raise error

    monkeypatch.setattr(commands, "solve_global", fail)
    _, err = certify(capsys, table, status=3)
    assert (
        f"relucones: a fault of this program, not of your data: {type(error).__name__}: {error}"
        in err
    )
    assert err.count("\n") == 1


def test_too_little_memory_is_told(table, capsys, monkeypatch):
    def fail(*arguments, **options):
        raise MemoryError

    monkeypatch.setattr(commands, "solve_global", fail)
    assert (
        "more memory than there is: fewer rows or columns" in certify(capsys, table, status=2).err
    )


def test_many_columns_and_neurons_are_cut_short(tmp_path, capsys):
    rng = np.random.default_rng(0)
    np.savetxt(tmp_path / "t.csv", rng.standard_normal((2, 31)), delimiter=",")
    out, _ = certify(capsys, tmp_path / "t.csv", lam="1e-3")
    assert "x20, ... (30 in all)" in out
    assert max(map(len, out.splitlines())) < 300
    X = np.column_stack([np.cos(np.arange(60)), np.sin(np.arange(60))])
    np.savetxt(tmp_path / "t.csv", np.column_stack([X, rng.standard_normal(60)]), delimiter=",")
    out, _ = certify(capsys, tmp_path / "t.csv", lam="1e-5")
    many = int(number(r"neurons\s+(\d+)", out))
    assert many > 20
    assert f"and {many - 20} more; --json lists all" in out
