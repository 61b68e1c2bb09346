"""Text files as other programs write them, and what is no table."""

import gzip
import io
import os
import threading
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relucones.data import load_csv
from relucones.tables import SEPARATORS


def write(tmp_path, text, name="data.csv", **options):
    path = tmp_path / name
    path.write_text(text, **{"encoding": "utf-8", **options})
    return path


def test_csv_with_and_without_header(tmp_path):
    d = load_csv(write(tmp_path, "age, bmi,target\n1,2,3\n4,5,-6e-1\n"))
    np.testing.assert_array_equal(d.X, [[1, 2], [4, 5]])
    np.testing.assert_array_equal(d.y, [3, -0.6])
    assert d.columns == ("age", "bmi")
    assert d.target == "target"
    assert d.table.header
    d = load_csv(write(tmp_path, "1,2,3\n4,5,6\n"))
    assert d.columns == ()
    assert d.target == "column 3"
    assert not d.table.header
    np.testing.assert_array_equal(d.y, [3, 6])


def test_csv_columns_by_name_and_number(tmp_path):
    path = write(tmp_path, "a,b,c\n1,2,3\n4,5,6\n")
    for columns, target in ((["c", "a"], "b"), ([3, 1], 2), (["3", " a "], "b"), (("c", 1), "2")):
        d = load_csv(path, columns=columns, target=target)
        np.testing.assert_array_equal(d.X, [[3, 1], [6, 4]])
        np.testing.assert_array_equal(d.y, [2, 5])
        assert d.columns == ("c", "a")
    d = load_csv(path, target="a")
    assert d.columns == ("b", "c")
    np.testing.assert_array_equal(d.y, [1, 4])


def test_csv_text_in_columns_that_are_not_used_is_no_matter(tmp_path):
    d = load_csv(write(tmp_path, "name,x,y\nfoo,1,2\nbar,3,4\n"), columns=["x"])
    np.testing.assert_array_equal(d.X, [[1], [3]])


def test_csv_byte_order_mark_blank_lines_quotes_and_windows_ends(tmp_path):
    d = load_csv(
        write(tmp_path, '"a","b"\r\n\r\n"1","2"\r\n , \r\n3,4\r\n\r\n', encoding="utf-8-sig")
    )
    assert d.columns == ("a",)
    np.testing.assert_array_equal(d.X, [[1], [3]])


BAD_CSV = {
    "text": ("x,y\n1,2\n3,four\n", r"line 3, column 2: expected a finite number, found 'four'"),
    "missing entry": ("x,y\n1,\n", r"line 2, column 2: expected a finite number, found ''"),
    "nan": ("x,y\n1,2\nnan,3\n", r"line 3, column 1: expected a finite number, found 'nan'"),
    "infinity": ("x,y\n1,2\n1,-inf\n", "line 3, column 2: expected a finite number, found '-inf'"),
    "overflow": ("x,y\n1,1e999\n", "line 2, column 2: expected a finite number"),
    "far too large": ("x,y\n1,1e200\n", "at most 1e"),
    "short line": ("x,y,z\n1,2,3\n1,2\n", "line 3: expected 3 entries, found 2"),
    "long line": ("x,y\n1,2,3\n", "line 2: expected 2 entries, found 3"),
    "one column": ("x\n1\n2\n", "at least 2 columns"),
    "no separator seen": (
        "x\n1:2\n",
        "it has 1: no comma, semicolon, tab, bar or space separates entries in 'x'",
    ),
    "missing": (
        "x,y\n1,2\nNA,3\n,4\n",
        "line 3, column 1: expected a finite number, found 'NA' for 'x', a missing value, one of "
        "2 there; --drop-missing",
    ),
    "a dash": ("x,y\n1,-\n", "found '-' for 'y', a missing value"),
    "thousands": (
        'x,y\n"1,234",2\n',
        "found '1,234' for 'x'; write numbers without separators of thousands",
    ),
    "thousands and decimal comma": (
        "x;y\n1.234,5;2\n",
        "found '1.234,5' for 'x'; write numbers without separators of thousands",
    ),
    "digits in groups": (
        "x,y\n1_000,2\n",
        "found '1_000' for 'x'; write numbers without separators of thousands",
    ),
    "percent": ("x,y\n12%,2\n", "found '12%' for 'x'; write percentages without the sign"),
    "decimal commas in quotes": (
        'x,y\n"1,5",2\n',
        "found '1,5' for 'x'; write decimals with points",
    ),
    "both decimal marks": (
        "x;y\n1,5;2.5\n",
        "found '2.5' for 'y'; other entries have decimal commas",
    ),
    "a typographic minus": ("x,y\n\u22121,2\n", "line 2, column 1: expected a finite number"),
    "dates": (
        "day,x,y\n2020-01-01,1,2\n",
        "found '2020-01-01' for 'day'; columns of numbers: 2, 3",
    ),
    "words": ("name,x,y\nann,1,2\nbob,3,4\n", "found 'ann' for 'name'; columns of numbers: 2, 3"),
    "quotes that do not match": ('x,y\n1,2\n"3,4\n5,6\n', "line 3: the quotes do not match"),
    "row names": (
        '"x" "y"\n"1" 2 3\n"2" 4 5\n',
        "line 2: expected 2 entries, found 3, as on every line below the header",
    ),
    "no line without a gap": ("x,y\n1,NA\n", "a missing value"),
    "empty": ("", "no line of numbers"),
    "blank": ("\n \n", "no line of numbers"),
    "header only": ("x,y\n", "no line of numbers"),
}


@pytest.mark.parametrize("case", BAD_CSV)
def test_bad_csv_is_refused_with_its_place(tmp_path, case):
    text, message = BAD_CSV[case]
    with pytest.raises(ValueError, match=message):
        load_csv(write(tmp_path, text))


X, Y = [[1.5, -2.0], [3.0, 0.25]], [7.0, 1e-3]
TABLES = {
    "semicolons": "a;b;c\n1.5;-2;7\n3;.25;1e-3\n",
    "decimal commas": "a;b;c\n1,5;-2;7\n3;,25;1e-3\n",
    "tabs": "a\tb\tc\n1.5\t-2\t7\n3\t.25\t1e-3\n",
    "tabs and decimal commas": "a\tb\tc\n1,5\t-2\t7\n3\t0,25\t0,001\n",
    "bars": "a|b|c\n1.5|-2|7\n3|.25|1e-3\n",
    "aligned by spaces": "    a     b      c\n  1.5    -2      7  \n    3   .25   1e-3\n",
    "commas and spaces": "a, b, c\n1.5, -2, 7\n3, .25, 1e-3\n",
    "quotes": '"a","b","c"\n"1.5","-2","7"\n"3",".25","1e-3"\n',
    "a byte order mark": "\ufeffa,b,c\n1.5,-2,7\n3,.25,1e-3\n",
    "separators at the ends": "a,b,c,\n1.5,-2,7,\n3,.25,1e-3,\n",
    "separators at the ends of numbers": "a,b,c\n1.5,-2,7,\n3,.25,1e-3,\n",
    "old ends of lines": "a,b,c\r1.5,-2,7\r3,.25,1e-3\r",
    "blank lines": "\n\na,b,c\n\n1.5,-2,7\n , ,\n3,.25,1e-3\n\n\n",
    "a word of Excel": "sep=;\na;b;c\n1.5;-2;7\n3;.25;1e-3\n",
    "a header in a comment": "# written by a program\n# a, b, c\n1.5,-2,7\n3,.25,1e-3\n# the end\n",
    "a header of savetxt": "# a b c\n1.5 -2 7\n3 .25 1e-3\n",
    "a first name with a hash": "#a,b,c\n1.5,-2,7\n3,.25,1e-3\n",
}


@pytest.mark.filterwarnings("ignore:.* lines of .* that begin with '#'")
@pytest.mark.parametrize("case", TABLES)
def test_tables_of_other_programs(tmp_path, case):
    d = load_csv(write(tmp_path, TABLES[case], newline=""))
    np.testing.assert_array_equal(d.X, X)
    np.testing.assert_array_equal(d.y, Y)
    assert (d.columns, d.target) == (("a", "b"), "c")
    assert d.table.decimal == ("," if "decimal commas" in case else ".")


numbers = st.floats(-1e6, 1e6).map(lambda x: float(f"{x:.6g}"))


@given(
    st.lists(st.lists(numbers, min_size=3, max_size=3), min_size=1, max_size=6),
    st.sampled_from(sorted(SEPARATORS)),
    st.booleans(),
    st.booleans(),
)
def test_what_is_written_is_what_is_read(tmp_path_factory, rows, separator, comma, named):
    lines = [separator.join(map(repr, row)) for row in rows]
    if comma and separator != ",":
        lines = [line.replace(".", ",") for line in lines]
    text = "\n".join(([separator.join("abc")] if named else []) + lines)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        d = load_csv(write(tmp_path_factory.mktemp("t"), text), header=named)
    np.testing.assert_array_equal(np.column_stack([d.X, d.y]), rows)
    assert d.table.separator == separator


def test_files_packed_by_gzip_and_standard_input(tmp_path, monkeypatch):
    packed = gzip.compress(b"x,y\n1,2\n")
    (tmp_path / "t.gz").write_bytes(packed + gzip.compress(b"3,4\n"))  # two members are one file
    np.testing.assert_array_equal(load_csv(tmp_path / "t.gz").y, [2, 4])
    for content in (packed, b"x,y\n1,2\n"):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
        d = load_csv("-")
        np.testing.assert_array_equal(d.X, [[1]])
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(
        ValueError, match="standard input cannot be read as a CSV file: it is closed"
    ):
        load_csv("-")
    (tmp_path / "cut.gz").write_bytes(packed[:-9])
    with pytest.raises(
        ValueError, match=r"cut.gz cannot be read .*: it is a gzip file that is damaged or cut off"
    ):
        load_csv(tmp_path / "cut.gz")


def test_a_pipe_is_read_to_its_end(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=("x,y\n1,2\n",))
    writer.start()
    np.testing.assert_array_equal(load_csv(tmp_path / "pipe").y, [2])
    writer.join()


def test_files_that_are_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr("relucones.text_files.LARGEST_FILE", 2**20)
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(b"0" * (2**20 + 1)))
    with pytest.raises(ValueError, match="unpacked, it holds more than 1 MB"):
        load_csv(tmp_path / "bomb.gz")
    with pytest.raises(ValueError, match="it holds more than 1 MB"):
        load_csv("/dev/zero")


OTHER_KINDS = {
    "Excel": (
        b"PK\x03\x04\x14\x00",
        "it is a zip archive, as Excel .* write; export the table as CSV",
    ),
    "old Excel": (b"\xd0\xcf\x11\xe0\xa1\xb1", "it is an old Excel file"),
    "Parquet": (b"PAR1\x15\x04", "it is a Parquet file; write it as CSV"),
    "UTF-16": (
        "x,y\n1,2\n".encode("utf-16"),
        "it is UTF-16 text; save it as UTF-8: iconv -f UTF-16",
    ),
    "UTF-16 without a mark": (
        "x,y\n1,2\n".encode("utf-16-le"),
        "it looks like UTF-16 text; save it as UTF-8",
    ),
    "UTF-32": ("x,y\n1,2\n".encode("utf-32"), "it is UTF-32 text; save it as UTF-8"),
    "Latin-1": (
        "x,y\n1,2\ngrün,3\n".encode("latin-1"),
        r"line 3 is not UTF-8 text \(byte 0xfc\), so it is probably Latin-1; save it",
    ),
    "binary": (bytes(range(256)), "it is a binary file"),
    "JSON": (b' {"x": [1, 2]}\n', "it looks like JSON"),
    "a page": (b"<!DOCTYPE html><p>Not found", "it is an HTML or XML page"),
    "xz": (b"\xfd7zXZ\x00", "it is packed by xz; unpack it first"),
    "NumPy": (b"\x93NUMPY\x01", "it is a NumPy file"),
}


@pytest.mark.parametrize("case", OTHER_KINDS)
def test_other_kinds_of_files_are_told_by_name(tmp_path, case):
    content, message = OTHER_KINDS[case]
    (tmp_path / "data.csv").write_bytes(content)
    with pytest.raises(ValueError, match=f"data.csv cannot be read as a CSV file: {message}"):
        load_csv(tmp_path / "data.csv")


HEADERS = {
    "numbers": (
        "0,1,2\n1.5,2.5,3\n4,5,6.5\n",
        False,
        "is read as a point, though it looks like a header: '0,1,2'",
    ),
    "years": (
        "1990,1991,1992\n1.5,2.5,3\n4,5,6.5\n",
        False,
        "is read as a point, though it looks like a header",
    ),
    "years after a word": (
        "x,1990,1991\n1.5,2.5,3\n4,5,6.5\n",
        True,
        "is read as its header, though it holds numbers",
    ),
    "numbers after nothing": (
        ",0,1\n1.5,2.5,3\n4,5,6.5\n",
        True,
        "is read as its header, though it holds numbers",
    ),
}


@pytest.mark.parametrize("case", HEADERS)
def test_a_header_of_numbers_comes_with_a_word(tmp_path, case):
    text, taken, message = HEADERS[case]
    path = write(tmp_path, text)
    with pytest.warns(UserWarning, match=message):
        d = load_csv(path)
    assert d.table.header == taken
    assert len(d.y) == (2 if taken else 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(load_csv(path, header=True).y) == 2
        if not taken:
            assert len(load_csv(path, header=False).y) == 3


def test_plain_points_come_without_a_word(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(load_csv(write(tmp_path, "5,2,3\n1,3,4\n")).y) == 2
        assert len(load_csv(write(tmp_path, "0.3,1,2\n4,5,6.5\n")).y) == 2
        assert len(load_csv(write(tmp_path, "x,y\n1,2\n2,3\n")).y) == 2


def test_an_index_without_a_name_is_told(tmp_path):
    path = write(tmp_path, ",x,y\n0,1.5,2\n1,2.5,3\n2,0.5,5\n")
    with pytest.warns(
        UserWarning, match="column 1 of .* has no name and counts the lines, but is used"
    ):
        d = load_csv(path)
    assert d.columns == ("column 1", "x")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load_csv(path, columns=["x"]).columns == ("x",)


def test_commas_that_may_separate_thousands_are_told(tmp_path):
    with pytest.warns(
        UserWarning, match=r"commas in .* are read as decimal points, '1,234' as 1\.234"
    ):
        np.testing.assert_array_equal(
            load_csv(write(tmp_path, "x;y\n1,234;5\n2,345;6\n")).X, [[1.234], [2.345]]
        )


def test_missing_values_are_left_out_when_asked(tmp_path):
    path = write(tmp_path, "x,note,y\n1,,2\nNA,b,3\n4,c,?\n 5 ,d,NaN\n,e,6\n7,f,8\n")
    d = load_csv(path, columns=["x"], drop_missing=True)
    np.testing.assert_array_equal(d.X, [[1], [7]])
    assert d.table.dropped == 4
    with pytest.raises(
        ValueError, match=r"data.csv holds no line of numbers without a missing value"
    ):
        load_csv(write(tmp_path, "x,y\n1,NA\n,2\n"), drop_missing=True)
    with pytest.raises(ValueError, match="found 'four'"):
        load_csv(write(tmp_path, "x,y\n1,NA\nfour,2\n"), drop_missing=True)


def test_very_wide_tables(tmp_path):
    names, entries = [f"c{i}" for i in range(5000)], ["1"] * 5000
    d = load_csv(write(tmp_path, ",".join(names) + "\n" + ",".join(entries) + "\n"))
    assert d.X.shape == (1, 4999)
    with pytest.raises(
        ValueError,
        match=r"columns must name columns by number from 1 to 5000 or one of c0, .*, \.\.\., but",
    ) as error:
        load_csv(tmp_path / "data.csv", columns=["zz"])
    assert len(str(error.value)) < 400


def test_unreadable_paths_are_refused(tmp_path):
    (tmp_path / "binary.csv").write_bytes(bytes(range(256)))
    (tmp_path / "utf16.csv").write_text("x,y\n1,2\n", encoding="utf-16")
    for path, message in (
        (tmp_path / "missing.csv", "No such file"),
        (tmp_path, "directory"),
        (tmp_path / "binary.csv", "cannot be read as a CSV file"),
        (tmp_path / "utf16.csv", "cannot be read as a CSV file"),
        (None, "None cannot be read"),
        (0, "0 cannot be read"),
        ("nul\0.csv", "cannot be read"),
    ):
        with pytest.raises(ValueError, match=message):
            load_csv(path)


@pytest.mark.parametrize(
    ("columns", "target", "message"),
    [
        (
            ["z"],
            None,
            "columns must name columns by number from 1 to 3 or one of a, b, c, but it has 'z'",
        ),
        ([0], None, "columns must .* but it has '0'"),
        ([4], None, "columns must .* but it has '4'"),
        (["a"], "w", "target must .* but it has 'w'"),
        (["a"], "", "target must .* but it has ''"),
        ([], None, "columns must name at least one"),
        (["a", "b"], "a", "columns must name at least one column other than that of the labels"),
        (["c"], None, "other than that of the labels"),
        (["a", "1"], None, "columns must name each column once"),
        (["9" * 5000], None, "columns must name columns by number from 1 to 3"),
        (["²"], None, "columns must name columns by number from 1 to 3"),
    ],
)
def test_unknown_columns_are_refused(tmp_path, columns, target, message):
    with pytest.raises(ValueError, match=message):
        load_csv(write(tmp_path, "a,b,c\n1,2,3\n"), columns=columns, target=target)


def test_a_name_that_is_used_twice_needs_its_number(tmp_path):
    path = write(tmp_path, "a,a,b\n1,2,3\n4,5,7\n")
    with pytest.raises(
        ValueError, match="columns must name columns by number, since 2 are called 'a'"
    ):
        load_csv(path, columns=["a"])
    np.testing.assert_array_equal(load_csv(path, columns=[2]).X, [[2], [5]])


def test_a_name_that_is_a_number_is_a_name(tmp_path):
    path = write(tmp_path, "0,1,2\n1.5,2.5,3.5\n4,5,7\n")
    assert load_csv(path, columns=["0"], target="1", header=True).target == "1"
