"""`certify` on a table of real measurements: what it says, and what it refuses."""

import re

import numpy as np
import pytest
from called import number

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
from relucones.__main__ import main


def test_certify_says_what_the_library_computes(table, capsys):
    assert (
        main(
            [
                "certify",
                str(table),
                "--lam",
                "0.05",
                "--width",
                "40",
                "--standardise",
                "--bias",
                "--columns",
                "bmi,bp",
            ]
        )
        == 0
    )
    out = capsys.readouterr().out
    X, y = data.load_csv(table, columns=["bmi", "bp"]).standardised().with_bias()
    best = solve_global(X, y, 0.05)
    assert "20 points in 3 dimensions, the last a bias" in out
    assert (
        f"N = {count_patterns(20, 3)} activation patterns, {2 * count_patterns(20, 3)} signed"
        in out
    )
    assert number(r"optimum\s+(\S+) is the global minimum", out) == pytest.approx(
        best.value, rel=1e-9
    )
    assert number(r"bound\s+(\S+) is proved", out) == pytest.approx(best.lower_bound, rel=1e-7)
    assert number(r"relative gap (?:below )?(\S+)", out) <= 1e-8
    assert int(number(r"neurons\s+(\d+)", out)) == len(best.weights)
    assert re.search(r"walls\s+bmi\s+bp\s+1\n", out)
    for how, measure in (("uniformly", "counting"), ("by Gaussian", "gaussian")):
        p = good_cone_probability(X, y, 0.05, 40, measure=measure)
        assert number(
            rf"(\d\.\d+) is the probability that a cone drawn {how}", out
        ) == pytest.approx(p, abs=1e-6)
    assert int(
        re.search(r"from width ([\d,]+) on, at least 99 %", out).group(1).replace(",", "")
    ) == sufficient_width(20, 3, 0.01)


def test_all_columns_without_options(table, capsys):
    assert main(["certify", str(table), "--lam", "100"]) == 0
    out = capsys.readouterr().out
    X, y = data.load_csv(table)
    assert "20 points in 3 dimensions\n" in out
    assert number(r"optimum\s+(\S+) is", out) == pytest.approx(
        solve_global(X, y, 100).value, rel=1e-9
    )
    assert "probability" not in out


def test_a_target_by_number_and_too_much_decay(table, capsys):
    assert main(["certify", str(table), "--lam", "1e9", "--target", "2", "--columns", "1,3"]) == 0
    out = capsys.readouterr().out
    X, y = data.load_csv(table, columns=[1, 3], target=2)
    assert number(r"lambda_max = (\S+),", out) == pytest.approx(lambda_max(X, y), rel=1e-5)
    assert "the zero network is optimal" in out


def test_a_table_without_names_and_estimated_angles(tmp_path, capsys):
    rng = np.random.default_rng(0)
    np.savetxt(tmp_path / "t.csv", rng.standard_normal((6, 5)), delimiter=",")
    assert main(["certify", str(tmp_path / "t.csv"), "--lam", "0.1", "--width", "100"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"x1\s+x2\s+x3\s+x4\n", out)
    assert "(standard error)" in out


def test_a_trained_network_is_certified(table, tmp_path, capsys):
    torch = pytest.importorskip("torch")
    X, y = data.load_csv(table, columns=["bmi", "bp"]).standardised().with_bias()
    best = solve_global(X, y, 0.05).network

    def save(net, name):
        state = {
            "0.weight": torch.tensor(net.W[:, :-1]),
            "0.bias": torch.tensor(net.W[:, -1]),
            "2.weight": torch.tensor(net.a[None]),
        }
        torch.save(state, tmp_path / name)
        return str(tmp_path / name)

    options = ["certify", str(table), "--lam", "0.05", "--columns", "bmi,bp", "--standardise"]
    assert main([*options, "--bias", "--network", save(best, "best.pt")]) == 0
    assert "verdict   global minimum: at most" in capsys.readouterr().out
    assert (
        main([*options, "--bias", "--network", save(Network(1.1 * best.W, best.a), "off.pt")]) == 1
    )
    out = capsys.readouterr().out
    assert "verdict   not stationary: at most" in out
    assert f"width {best.width}, loss " in out
    assert main([*options, "--network", save(best, "best.pt")]) == 2
    assert (
        "best.pt takes 3 inputs, but the data have 2 columns; --bias appends a column of ones"
        in capsys.readouterr().err
    )


def test_data_with_too_many_patterns_get_a_network_and_a_true_bound(tmp_path, capsys):
    rng = np.random.default_rng(0)
    np.savetxt(tmp_path / "large.csv", rng.standard_normal((30, 13)), delimiter=",")
    assert main(["certify", str(tmp_path / "large.csv"), "--lam", "0.3"]) == 1
    out = capsys.readouterr().out
    assert "about 10^8, too many to list" in out
    assert (
        "what may close it: --standardise or other units, a larger --lam, fewer columns or rows\n"
        in out
    )
    value, bound = (
        number(r"optimum\s+(\S+) is the best found", out),
        number(r"bound\s+(\S+) is proved", out),
    )
    assert 0 < bound < value
    assert main(["certify", str(tmp_path / "large.csv"), "--lam", "1e6"]) == 0
    assert "the zero network is optimal" in capsys.readouterr().out


BAD = {
    "missing file": (
        ["nowhere.csv", "--lam", "1"],
        "nowhere.csv cannot be read as a CSV file: No such file",
    ),
    "text": (
        ["text.csv", "--lam", "1"],
        "text.csv, line 2, column 2: expected a finite number, found 'two'",
    ),
    "empty": (["empty.csv", "--lam", "1"], "empty.csv holds no line of numbers"),
    "lam zero": (["fine.csv", "--lam", "0"], "lam must be a positive finite number, but it is 0.0"),
    "lam NaN": (
        ["fine.csv", "--lam", "nan"],
        "lam must be a positive finite number, but it is nan",
    ),
    "tol zero": (
        ["fine.csv", "--lam", "1", "--tol", "0"],
        "--tol must lie strictly between 0 and 1, but it is 0.0",
    ),
    "tol one": (
        ["fine.csv", "--lam", "1", "--tol", "1"],
        "--tol must lie strictly between 0 and 1",
    ),
    "missing value": (
        ["gap.csv", "--lam", "1"],
        "gap.csv, line 2, column 2: expected a finite number, found '' for 'b', a missing value, "
        "one of 2 there",
    ),
    "no line without a gap": (
        ["gap.csv", "--lam", "1", "--drop-missing", "--columns", "b"],
        "holds no line of numbers without a missing",
    ),
    "save nowhere": (
        ["fine.csv", "--lam", "1", "--save", "no/o.pt"],
        "--save must name a file in a folder that exists, but it is no/o.pt",
    ),
    "save in a file": (
        ["fine.csv", "--lam", "1", "--save", "fine.csv/o.pt"],
        "--save must name a file in a folder that exists",
    ),
    "save to a folder": (
        ["fine.csv", "--lam", "1", "--save", "."],
        "--save must name a file in a folder that exists",
    ),
    "no point": (
        ["fine.csv", "--lam", "1", "--columns", ","],
        "columns must name columns by number from 1 to 3 or one of",
    ),
    "width zero": (
        ["fine.csv", "--lam", "1", "--width", "0"],
        "--width must be an integer >= 1, but it is 0",
    ),
    "unknown column": (
        ["fine.csv", "--lam", "1", "--columns", "a,zz"],
        "columns must name columns by number from 1 to 3 or one of",
    ),
    "unknown target": (["fine.csv", "--lam", "1", "--target", "zz"], "target must name columns"),
    "label as a point": (
        ["fine.csv", "--lam", "1", "--columns", "a,c"],
        "other than that of the labels",
    ),
    "too many points": (
        ["large.csv", "--lam", "1", "--width", "9"],
        "--width needs the activation patterns listed",
    ),
    "network missing": (
        ["fine.csv", "--lam", "1", "--network", "no.pt"],
        "no.pt cannot be read: No such file",
    ),
    "network of text": (
        ["fine.csv", "--lam", "1", "--network", "fine.csv"],
        "fine.csv is not a state dict of tensors",
    ),
    "network of another kind": (
        ["fine.csv", "--lam", "1", "--network", "deep.pt"],
        "deep.pt holds no two-layer network",
    ),
    "network of another size": (
        ["fine.csv", "--lam", "1", "--network", "wide.pt"],
        "wide.pt takes 7 inputs, but the data have 2",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_on_the_error_stream(case, tmp_path, monkeypatch, capsys):
    arguments, message = BAD[case]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fine.csv").write_text("a,b,c\n1,2,3\n-1,0.5,1\n")
    (tmp_path / "text.csv").write_text("a,b\n1,two\n")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "gap.csv").write_text("a,b,c\n1,,3\nNA,?,1\n")
    np.savetxt(
        tmp_path / "large.csv", np.random.default_rng(0).standard_normal((50, 21)), delimiter=","
    )
    if "--network" in arguments:
        torch = pytest.importorskip("torch")
        torch.save(
            {
                "a.weight": torch.ones(3, 2),
                "b.weight": torch.ones(3, 3),
                "c.weight": torch.ones(1, 3),
            },
            "deep.pt",
        )
        torch.save({"a.weight": torch.ones(3, 7), "b.weight": torch.ones(1, 3)}, "wide.pt")
    assert main(["certify", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("relucones: ")
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [[], ["certify"], ["certify", "t.csv"], ["certify", "t.csv", "--lam", "x"], ["fly"]],
    ids=str,
)
def test_wrong_usage_shows_the_usage(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "usage: python -m relucones" in capsys.readouterr().err


def test_help_names_every_option(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["certify", "--help"])
    assert stop.value.code == 0
    out = capsys.readouterr().out
    for option in (
        "--lam", "--width", "--columns", "--target", "--bias", "--standardise", "--network",
        "--tol", "--json", "--save", "--header", "--no-header", "--drop-missing",
    ):  # fmt: skip
        assert option in out
    assert "lambda is half of torch's weight_decay" in " ".join(out.split())


def test_the_version(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"relucones {relucones.__version__}\n"
