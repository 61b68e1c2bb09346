"""Tables of the pages: heads, sides, and what is refused."""

import pytest

from relucones.checks import BadInput
from relucones_book import tables


def test_heads_have_a_scope_and_numbers_stand_right():
    text = tables.show(
        ["data", "$n$", "share"], [["five & more", 5, 0.25], ["`iris`", 12345, None]], "Shares."
    )._repr_html_()
    assert "<caption>Shares.</caption>" in text
    assert '<th scope="col" style="text-align: left">data</th>' in text
    assert r"\(n\)" in text
    assert (
        '<th scope="row" style="text-align: left; white-space: nowrap">five &amp; more</th>' in text
    )
    assert '<td style="text-align: right; white-space: nowrap">12,345</td>' in text
    assert "<code>iris</code>" in text
    assert text.startswith('<div class="wide-table">')


def test_long_cells_may_break():
    assert "nowrap" not in tables.show(["what"], [["x" * 25], ["y"]])._repr_html_()


def test_a_first_column_of_numbers_heads_no_row():
    assert 'scope="row"' not in tables.show(["n"], [[1], [2]])._repr_html_()


@pytest.mark.parametrize("cell", ["3.2 %", "1e-9", "−2", "≈ 4", "0.1 ± 0.02", "12", "–"])
def test_numbers_written_as_text_stand_right(cell):
    assert "text-align: right" in tables.show(["share"], [[cell]])._repr_html_()


@pytest.mark.parametrize(
    ("columns", "rows", "words"),
    [
        ([["a", 1]], ["name", "n"], r"call show\(columns, rows\)"),
        ([], [], "columns must be texts"),
        (["a", "b"], [[1]], "2 cells"),
        (["a"], ["x"], "one is the text 'x'"),
        (["a"], [3], "one is 3"),
    ],
)
def test_bad_tables_are_refused(columns, rows, words):
    with pytest.raises(BadInput, match=words):
        tables.show(columns, rows)
