"""Tables for prints that are too wide for a page: HTML with heads, and a box that scrolls."""

import numbers
import re

from relucones.checks import BadInput

from .inline import inline

_NUMBER = re.compile(r"[-−+±≈<>≤≥ ]*[\d.,]+([eE][-−+]?\d+)?(\s*%|\s*±.*)?$|[-–—]$")
SHORT = 24  # characters


class Table:
    """A table as HTML that depends on nothing else."""

    def __init__(self, columns, rows, caption):
        self._columns, self._rows, self._caption = columns, rows, caption

    def __repr__(self):
        lines = [self._columns, *self._rows]
        widths = [max(len(line[k]) for line in lines) for k in range(len(self._columns))]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        )

    def _repr_html_(self):
        # A column of numbers stands to the right; a first column of words heads its rows.
        numeric = [
            bool(self._rows) and all(not row[k] or _NUMBER.match(row[k]) for row in self._rows)
            for k in range(len(self._columns))
        ]
        sides = [
            ' style="text-align: right"' if n else ' style="text-align: left"' for n in numeric
        ]
        # Short cells stay on one line: the box scrolls.
        short = [all(len(row[k]) <= SHORT for row in self._rows) for k in range(len(numeric))]
        body_sides = [
            side[:-1] + '; white-space: nowrap"' if s else side
            for side, s in zip(sides, short, strict=True)
        ]
        head = "".join(
            f'<th scope="col"{side}>{inline(column)}</th>'
            for column, side in zip(self._columns, sides, strict=True)
        )
        body = []
        for row in self._rows:
            cells = []
            for k, (cell, side) in enumerate(zip(row, body_sides, strict=True)):
                name, scope = ("th", ' scope="row"') if k == 0 and not numeric[0] else ("td", "")
                cells.append(f"<{name}{scope}{side}>{inline(cell)}</{name}>")
            body.append(f"<tr>{''.join(cells)}</tr>")
        caption = f"<caption>{inline(self._caption)}</caption>" if self._caption else ""
        return (
            f'<div class="wide-table"><table class="table">{caption}<thead><tr>{head}</tr></thead>'
            f"<tbody>{''.join(body)}</tbody></table></div>"
        )


def show(columns, rows, caption=""):
    """Return a table, for the last line of a cell.

    Parameters
    ----------
    columns : sequence of str
        The heads.  All texts may hold ``$formulas$``, `` `code` `` and ``*stress*``.
    rows : sequence of sequences
        Texts and numbers.  Whole numbers get commas at thousands, others four digits; write a
        number as text where it needs another form.  None is an empty cell.
    caption : str
        Says what the table shows.

    Raises
    ------
    BadInput
        If a row has another length than `columns`.

    Examples
    --------
    >>> show(["points", "share"], [[1200, 0.123456], [20, 1e-9]])
    points  share
    1,200   0.1235
    20      1e-09
    """
    columns = list(columns)
    if not columns or not all(isinstance(column, str) for column in columns):
        raise BadInput(f"columns must be texts, but they are {columns!r}: call show(columns, rows)")
    written = []
    for row in rows:
        if isinstance(row, str) or not hasattr(row, "__iter__"):
            what = f"the text {row!r}" if isinstance(row, str) else repr(row)
            raise BadInput(f"rows must hold sequences of cells, but one is {what}")
        cells = list(row)
        if len(cells) != len(columns):
            raise BadInput(
                f"each row must have {len(columns)} cells, one for each column, but one has "
                f"{len(cells)}: {cells!r}"
            )
        written.append([_written(cell) for cell in cells])
    return Table(columns, written, caption)


def _written(cell):
    if cell is None:
        return ""
    if isinstance(cell, numbers.Integral) and not isinstance(cell, bool):
        return f"{int(cell):,}"
    if isinstance(cell, numbers.Real) and not isinstance(cell, bool):
        return f"{float(cell):.4g}"
    return str(cell)
