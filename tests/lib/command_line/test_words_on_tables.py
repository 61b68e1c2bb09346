"""What `certify` says of the table that it has read."""

import gzip
import io

from called import certify


def test_columns_and_what_was_done_to_them_are_named(tmp_path, capsys):
    (tmp_path / "t.csv").write_text("size;rooms;price\n1,5;2;3\n2,5;4;1\nNA;1;2\n0,5;3;3\n")
    out, err = certify(
        capsys, tmp_path / "t.csv", "--standardise", "--drop-missing", "--bias", "--target", "rooms"
    )
    assert "3 points in 3 dimensions, the last a bias\n" in out
    assert "columns   labels rooms; points size, price, 1\n" in out
    assert "the first line holds their names; separated by semicolons, decimal commas\n" in out
    assert "1 lines with missing values left out\n" in out
    assert "standardised: labels and points have mean 0 and variance 1, the bias apart\n" in out
    assert err == ""
    (tmp_path / "t.csv").write_text("1.5\t2\t3\n2.5\t4\t1\n")
    out, _ = certify(capsys, tmp_path / "t.csv")
    assert (
        "columns   labels column 3; points x1, x2\n          no header; separated by tabs\n" in out
    )
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
    assert (
        err == "relucones: warning: one is constant, and acts as a bias\n"
        "relucones: warning: the labels, y, are constant\n"
    )
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
