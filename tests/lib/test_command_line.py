"""The command line on a table of real measurements, in this process and as a user starts it."""

import gzip
import io
import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import relucones
from relucones import Network, count_patterns, data, good_cone_probability, lambda_max, solve_global, sufficient_width
from relucones.__main__ import main
from relucones.command_line import commands, progress
from relucones.network import load_constants, load_torch


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Twenty patients of the diabetes study: body mass, blood pressure, sugar, and the progress of the disease."""
    from sklearn.datasets import load_diabetes

    source = load_diabetes(scaled=False)
    rows = np.random.default_rng(0).choice(len(source.target), 20, replace=False)
    columns = [source.feature_names.index(name) for name in ("bmi", "bp", "s6")]
    values = np.column_stack([source.data[np.ix_(rows, columns)], source.target[rows]])
    path = tmp_path_factory.mktemp("table") / "diabetes.csv"
    np.savetxt(path, values, delimiter=",", header="bmi,bp,s6,progression", comments="", fmt="%.6g")
    return path


def number(pattern, text):
    return float(re.search(pattern, text).group(1))


def test_certify_says_what_the_library_computes(table, capsys):
    assert main(["certify", str(table), "--lam", "0.05", "--width", "40", "--standardise", "--bias", "--columns", "bmi,bp"]) == 0
    out = capsys.readouterr().out
    X, y = data.load_csv(table, columns=["bmi", "bp"]).standardised().with_bias()
    best = solve_global(X, y, 0.05)
    assert "20 points in 3 dimensions, the last a bias" in out
    assert f"N = {count_patterns(20, 3)} activation patterns, {2 * count_patterns(20, 3)} signed" in out
    assert number(r"optimum\s+(\S+) is the global minimum", out) == pytest.approx(best.value, rel=1e-9)
    assert number(r"bound\s+(\S+) is proved", out) == pytest.approx(best.lower_bound, rel=1e-7)
    assert number(r"relative gap (?:below )?(\S+)", out) <= 1e-8
    assert int(number(r"neurons\s+(\d+)", out)) == len(best.weights)
    assert re.search(r"walls\s+bmi\s+bp\s+1\n", out)
    for how, measure in (("uniformly", "counting"), ("by Gaussian", "gaussian")):
        p = good_cone_probability(X, y, 0.05, 40, measure=measure)
        assert number(rf"(\d\.\d+) is the probability that a cone drawn {how}", out) == pytest.approx(p, abs=1e-6)
    assert int(re.search(r"from width ([\d,]+) on, at least 99 %", out).group(1).replace(",", "")) == sufficient_width(20, 3, 0.01)


def test_all_columns_without_options(table, capsys):
    assert main(["certify", str(table), "--lam", "100"]) == 0
    out = capsys.readouterr().out
    X, y = data.load_csv(table)
    assert "20 points in 3 dimensions\n" in out
    assert number(r"optimum\s+(\S+) is", out) == pytest.approx(solve_global(X, y, 100).value, rel=1e-9)
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
        state = {"0.weight": torch.tensor(net.W[:, :-1]), "0.bias": torch.tensor(net.W[:, -1]), "2.weight": torch.tensor(net.a[None])}
        torch.save(state, tmp_path / name)
        return str(tmp_path / name)

    options = ["certify", str(table), "--lam", "0.05", "--columns", "bmi,bp", "--standardise"]
    assert main([*options, "--bias", "--network", save(best, "best.pt")]) == 0
    assert "verdict   global minimum: at most" in capsys.readouterr().out
    assert main([*options, "--bias", "--network", save(Network(1.1 * best.W, best.a), "off.pt")]) == 1
    out = capsys.readouterr().out
    assert "verdict   not stationary: at most" in out
    assert f"width {best.width}, loss " in out
    assert main([*options, "--network", save(best, "best.pt")]) == 2
    assert "best.pt takes 3 inputs, but the data have 2 columns; --bias appends a column of ones" in capsys.readouterr().err


def test_data_with_too_many_patterns_get_a_network_and_a_true_bound(tmp_path, capsys):
    rng = np.random.default_rng(0)
    np.savetxt(tmp_path / "large.csv", rng.standard_normal((30, 13)), delimiter=",")
    assert main(["certify", str(tmp_path / "large.csv"), "--lam", "0.3"]) == 1
    out = capsys.readouterr().out
    assert "about 10^8, too many to list" in out
    assert "what may close it: --standardise or other units, a larger --lam, fewer columns or rows\n" in out
    value, bound = number(r"optimum\s+(\S+) is the best found", out), number(r"bound\s+(\S+) is proved", out)
    assert 0 < bound < value
    assert main(["certify", str(tmp_path / "large.csv"), "--lam", "1e6"]) == 0
    assert "the zero network is optimal" in capsys.readouterr().out


BAD = {
    "missing file": (["nowhere.csv", "--lam", "1"], "nowhere.csv cannot be read as a CSV file: No such file"),
    "text": (["text.csv", "--lam", "1"], "text.csv, line 2, column 2: expected a finite number, found 'two'"),
    "empty": (["empty.csv", "--lam", "1"], "empty.csv holds no line of numbers"),
    "lam zero": (["fine.csv", "--lam", "0"], "lam must be a positive finite number, but it is 0.0"),
    "lam NaN": (["fine.csv", "--lam", "nan"], "lam must be a positive finite number, but it is nan"),
    "tol zero": (["fine.csv", "--lam", "1", "--tol", "0"], "--tol must lie strictly between 0 and 1, but it is 0.0"),
    "tol one": (["fine.csv", "--lam", "1", "--tol", "1"], "--tol must lie strictly between 0 and 1"),
    "missing value": (["gap.csv", "--lam", "1"], "gap.csv, line 2, column 2: expected a finite number, found '' for 'b', a missing value, one of 2 there"),
    "no line without a gap": (["gap.csv", "--lam", "1", "--drop-missing", "--columns", "b"], "holds no line of numbers without a missing"),
    "save nowhere": (["fine.csv", "--lam", "1", "--save", "no/o.pt"], "--save must name a file in a folder that exists, but it is no/o.pt"),
    "save in a file": (["fine.csv", "--lam", "1", "--save", "fine.csv/o.pt"], "--save must name a file in a folder that exists"),
    "save to a folder": (["fine.csv", "--lam", "1", "--save", "."], "--save must name a file in a folder that exists"),
    "no point": (["fine.csv", "--lam", "1", "--columns", ","], "columns must name columns by number from 1 to 3 or one of"),
    "width zero": (["fine.csv", "--lam", "1", "--width", "0"], "--width must be an integer >= 1, but it is 0"),
    "unknown column": (["fine.csv", "--lam", "1", "--columns", "a,zz"], "columns must name columns by number from 1 to 3 or one of"),
    "unknown target": (["fine.csv", "--lam", "1", "--target", "zz"], "target must name columns"),
    "label as a point": (["fine.csv", "--lam", "1", "--columns", "a,c"], "other than that of the labels"),
    "too many points": (["large.csv", "--lam", "1", "--width", "9"], "--width needs the activation patterns listed"),
    "network missing": (["fine.csv", "--lam", "1", "--network", "no.pt"], "no.pt cannot be read: No such file"),
    "network of text": (["fine.csv", "--lam", "1", "--network", "fine.csv"], "fine.csv is not a state dict of tensors"),
    "network of another kind": (["fine.csv", "--lam", "1", "--network", "deep.pt"], "deep.pt holds no two-layer network"),
    "network of another size": (["fine.csv", "--lam", "1", "--network", "wide.pt"], "wide.pt takes 7 inputs, but the data have 2"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_on_the_error_stream(case, tmp_path, monkeypatch, capsys):
    arguments, message = BAD[case]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fine.csv").write_text("a,b,c\n1,2,3\n-1,0.5,1\n")
    (tmp_path / "text.csv").write_text("a,b\n1,two\n")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "gap.csv").write_text("a,b,c\n1,,3\nNA,?,1\n")
    np.savetxt(tmp_path / "large.csv", np.random.default_rng(0).standard_normal((50, 21)), delimiter=",")
    if "--network" in arguments:
        torch = pytest.importorskip("torch")
        torch.save({"a.weight": torch.ones(3, 2), "b.weight": torch.ones(3, 3), "c.weight": torch.ones(1, 3)}, "deep.pt")
        torch.save({"a.weight": torch.ones(3, 7), "b.weight": torch.ones(1, 3)}, "wide.pt")
    assert main(["certify", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("relucones: ")
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("arguments", [[], ["certify"], ["certify", "t.csv"], ["certify", "t.csv", "--lam", "x"], ["fly"]], ids=str)
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
    for option in ("--lam", "--width", "--columns", "--target", "--bias", "--standardise", "--network", "--tol", "--json", "--save",
                   "--header", "--no-header", "--drop-missing"):  # fmt: skip
        assert option in out
    assert "lambda is half of torch's weight_decay" in " ".join(out.split())


def test_the_version(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"relucones {relucones.__version__}\n"


# ---- what is said of the table ----------------------------------------------------------------------------------


def certify(capsys, *arguments, lam="0.5", status=0):
    """Standard output and the error stream of `certify`."""
    assert main(["certify", *map(str, arguments), "--lam", lam]) == status
    return capsys.readouterr()


def test_columns_and_what_was_done_to_them_are_named(tmp_path, capsys):
    (tmp_path / "t.csv").write_text("size;rooms;price\n1,5;2;3\n2,5;4;1\nNA;1;2\n0,5;3;3\n")
    out, err = certify(capsys, tmp_path / "t.csv", "--standardise", "--drop-missing", "--bias", "--target", "rooms")
    assert "3 points in 3 dimensions, the last a bias\n" in out
    assert "columns   labels rooms; points size, price, 1\n" in out
    assert "the first line holds their names; separated by semicolons, decimal commas\n" in out
    assert "1 lines with missing values left out\n" in out
    assert "standardised: labels and points have mean 0 and variance 1, the bias apart\n" in out
    assert err == ""
    (tmp_path / "t.csv").write_text("1.5\t2\t3\n2.5\t4\t1\n")
    out, _ = certify(capsys, tmp_path / "t.csv")
    assert "columns   labels column 3; points x1, x2\n          no header; separated by tabs\n" in out
    assert "standardised" not in out


def test_a_header_of_numbers(tmp_path, capsys):
    (tmp_path / "t.csv").write_text("0,1,2\n1.5,2.5,3\n4,5,6.5\n2,1,0.5\n")
    out, err = certify(capsys, tmp_path / "t.csv")
    assert "4 points" in out
    assert err.startswith("relucones: warning: the first line of ")
    assert err.endswith("'0,1,2'; if it is one, --header says so\n")
    assert err.count("\n") == 1
    out, err = certify(capsys, tmp_path / "t.csv", "--header")
    assert "3 points" in out
    assert "labels 2; points 0, 1\n" in out
    assert err == ""
    assert certify(capsys, tmp_path / "t.csv", "--no-header").err == ""


def test_constant_columns_and_labels(tmp_path, capsys):
    (tmp_path / "t.csv").write_text("x,one,y\n1,1,2\n2,1,2\n3,1,2\n")
    _, err = certify(capsys, tmp_path / "t.csv")
    assert err == "relucones: warning: one is constant, and acts as a bias\nrelucones: warning: the labels, y, are constant\n"
    out, err = certify(capsys, tmp_path / "t.csv", "--standardise")
    assert "one is constant, and becomes 0 by standardising" in err
    assert "the labels, y, are constant" in err
    assert "neurons   none" in out
    (tmp_path / "t.csv").write_text("x,y\n1,2\n")
    assert "there is one point only" in certify(capsys, tmp_path / "t.csv").err


def test_warnings_come_before_the_message_about_bad_input(tmp_path, capsys):
    (tmp_path / "t.csv").write_text("city,1990,1991\nBonn,1.5,2\n")
    _, err = certify(capsys, tmp_path / "t.csv", status=2)
    first, second = err.splitlines()
    assert first.startswith("relucones: warning: the first line of")
    assert "found 'city'; columns of numbers: 2, 3" in second


def test_standard_input_and_names_with_commas(tmp_path, capsys, monkeypatch):
    text = b'"a, b",c,y\n1,2,3\n2,1,1\n'
    for content in (text, gzip.compress(text)):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
        out, _ = certify(capsys, "-", "--columns", '"a, b"')
        assert "points a, b\n" in out


# ---- what is found -----------------------------------------------------------------------------------------------


KEYS = {
    "relucones", "data", "lam", "tol", "patterns", "value", "lower_bound", "relative_gap", "certified", "neurons", "lambda_max",
    "width", "network", "saved", "warnings", "status",
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
    rebuilt = Network.from_directions(*(
        np.array([neuron[part] for neuron in found["neurons"]]) for part in ("direction", "sign", "size")
    ))
    assert rebuilt.loss(X, y, 0.05) == pytest.approx(found["value"], rel=1e-12)
    expected = good_cone_probability(X, y, 0.05, 40)
    assert found["width"]["counting"] == {"probability": pytest.approx(expected), "standard_error": 0, "collections": None}
    assert found["width"]["sufficient_width"] == sufficient_width(20, 3, 0.01)


def test_json_of_bad_input(capsys):
    out, err = certify(capsys, "nowhere.csv", "--json", status=2)
    found = json.loads(out)
    assert found == {"relucones": relucones.__version__, "error": err.removeprefix("relucones: ").strip(), "status": 2}


def test_a_gap_above_the_tolerance_is_open(table, capsys):
    out, _ = certify(capsys, table, "--tol", "1e-17", "--columns", "bmi", "--standardise", "--json", lam="0.05", status=1)
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
    assert load_torch(path).loss(*dataset.with_bias(), 0.05) == pytest.approx(json.loads(out)["value"], rel=1e-12)
    out, err = certify(capsys, *options, "--standardise", "--network", path, "--json", lam="0.05")
    verdict = json.loads(out)["network"]
    assert verdict["verdict"] == "global minimum"
    assert verdict["is_global"] is True
    assert verdict["relative_gap"] <= 1e-6
    assert err == ""
    out, err = certify(capsys, *options, "--network", path, lam="0.05", status=1)
    assert "best.pt was fitted to standardised data: add --standardise" in err
    (tmp_path / "other.csv").write_text("\n".join(table.read_text().splitlines()[:12]))
    _, err = certify(capsys, tmp_path / "other.csv", *options[1:], "--standardise", "--network", path, lam="0.05", status=1)
    assert "best.pt was fitted to data standardised by other constants" in err


def test_just_below_lambda_max_is_not_above_it(tmp_path, capsys):
    X, y = [[1, 0.2], [0.6, 1], [-0.5, 1.1]], [1, 0.4, -0.6]
    np.savetxt(tmp_path / "t.csv", np.column_stack([X, y]), delimiter=",")
    least = lambda_max(X, y)
    for factor in (1 - 1e-3, 1 - 1e-7, 1 - 1e-10):
        out, _ = certify(capsys, tmp_path / "t.csv", lam=repr(float(least * factor)))
        assert "at least lambda_max" not in out
    assert "lambda is at least lambda_max" in certify(capsys, tmp_path / "t.csv", lam=repr(least)).out


@pytest.mark.parametrize("width", [1, 1000, 12_345_678])
def test_widths_of_any_length_stand_apart_from_their_probability(table, width, capsys):
    out, _ = certify(capsys, table, "--columns", "bmi,bp", "--standardise", "--width", width, lam="0.05")
    assert len(re.findall(rf"^width {width:,}  (?:above )?\S+ is the probability", out, re.MULTILINE)) == 2


def test_simulated_shares_are_counts_or_come_with_their_error(tmp_path, capsys, monkeypatch):
    np.savetxt(tmp_path / "t.csv", np.random.default_rng(0).standard_normal((5, 3)), delimiter=",")
    for probability, error, words in (
        (0.0, 5e-4, "0 of 2,000 simulated collections, below 0.0015 with 95 %, is the probability"),
        (1.0, 5e-4, "2,000 of 2,000 simulated collections, above 0.998503 with 95 %, is the probability"),
        (0.4137, 0.0112, "0.414 +- 0.011 (standard error, 2,000 simulated collections) is the probability"),
    ):
        monkeypatch.setattr(commands, "good_cone_probability", lambda *a, p=probability, e=error, **k: (p, e))
        found = commands.find_coupons
        monkeypatch.setattr(commands, "find_coupons", lambda *a, **k: type("Coupons", (), {"supports": None}))
        assert words in certify(capsys, tmp_path / "t.csv", "--width", "30").out
        monkeypatch.setattr(commands, "find_coupons", found)


def test_tiny_shares_keep_their_digits(tmp_path, capsys):
    X, y = data.gaussian_teacher(12, 3, seed=31)
    np.savetxt(tmp_path / "t.csv", np.column_stack([X, y]), delimiter=",")
    out, _ = certify(capsys, tmp_path / "t.csv", "--width", "12", lam="1e-2")
    expected = good_cone_probability(X, y, 1e-2, 12)
    assert expected < 1e-5
    assert number(r"width 12  (\S+) is the probability that a cone drawn uniformly", out) == pytest.approx(expected, rel=0.01)


def test_a_width_that_is_not_answered_leaves_the_optimum(table, capsys, monkeypatch):
    def refused(*arguments, **options):
        raise commands.BadInput("lam is 0.05, too small here")

    monkeypatch.setattr(commands, "find_coupons", refused)
    out, _ = certify(capsys, table, "--columns", "bmi", "--width", "9", lam="0.05", status=1)
    assert "is the global minimum over every width" in out
    assert "width 9  is not answered: lam is 0.05, too small here" in out


@pytest.mark.parametrize("error", [np.linalg.LinAlgError("Singular matrix"), ValueError("need at least one array to concatenate")])
def test_errors_of_other_libraries_are_no_bad_input(table, capsys, monkeypatch, error):
    def fail(*arguments, **options):
        raise error

    monkeypatch.setattr(commands, "solve_global", fail)
    _, err = certify(capsys, table, status=3)
    assert f"relucones: a fault of this program, not of your data: {type(error).__name__}: {error}" in err
    assert err.count("\n") == 1


def test_too_little_memory_is_told(table, capsys, monkeypatch):
    def fail(*arguments, **options):
        raise MemoryError

    monkeypatch.setattr(commands, "solve_global", fail)
    assert "more memory than there is: fewer rows or columns" in certify(capsys, table, status=2).err


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


# ---- while it runs -----------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("stream", [Terminal, io.StringIO])
def test_a_word_while_something_takes_long(stream, monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE", 0.05)
    monkeypatch.setattr(progress, "_EVERY", {True: 0.05, False: 10})
    monkeypatch.setattr("sys.stderr", stream())
    with progress.progress("solving"):
        pass
    assert sys.stderr.getvalue() == ""
    with progress.progress("solving"):
        time.sleep(0.3)
    said = sys.stderr.getvalue()
    if stream is Terminal:
        assert said.count("\rrelucones: solving, 0 s") > 2
        assert said.endswith(" \r")  # wiped out
    else:
        assert said == "relucones: solving, 0 s\n"


# ---- as a user starts it ------------------------------------------------------------------------------------------


def test_as_a_user_starts_it(table):
    def start(*arguments):
        command = [sys.executable, "-m", "relucones", "certify", *arguments, "--lam", "0.5"]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    done = start(str(table), "--standardise")
    assert done.returncode == 0, done.stderr
    assert "is the global minimum over every width" in done.stdout
    assert done.stderr == ""
    failed = start("nowhere.csv")
    assert failed.returncode == 2
    assert failed.stderr == "relucones: nowhere.csv cannot be read as a CSV file: No such file or directory\n"


PROGRAM = [sys.executable, "-m", "relucones"]


def shell(command, **options):
    script = f'"{sys.executable}" -m relucones {command}'
    return subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=120, check=False, **options)


def test_a_closed_pipe_ends_quietly(table):
    done = shell(f"certify {table} --lam 0.5 | head -1; echo ${{PIPESTATUS[0]}}")
    assert done.stdout.startswith("data ")
    assert done.stdout.splitlines()[-1] in ("0", "141")  # 0 where all was written before the reader left
    assert done.stderr == ""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
@pytest.mark.parametrize("options", ["", "--json"])
def test_a_full_disk_is_told(table, options):
    done = shell(f"certify {table} --lam 0.5 {options} > /dev/full")
    assert done.returncode == 2
    assert done.stderr == "relucones: the output cannot be written: No space left on device\n"


def test_closed_streams_are_no_fault(table):
    done = shell(f"certify {table} --lam 0.5 >&-")
    assert (done.returncode, done.stderr) == (0, "")
    assert shell("certify nowhere.csv --lam 0.5 2>&-").returncode == 2


@pytest.mark.parametrize("delay", [0.15, 0.5, 1.5, 4.0])
def test_an_interrupt_at_any_time_is_one_line(tmp_path, delay):
    np.savetxt(tmp_path / "t.csv", np.random.default_rng(0).standard_normal((200, 4)), delimiter=",")
    command = [*PROGRAM, "certify", str(tmp_path / "t.csv"), "--lam", "1e-4"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert [line for line in err.splitlines() if not re.search(r", \d+ s$", line)] == ["relucones: stopped"]  # but for progress
    assert process.returncode == 130
