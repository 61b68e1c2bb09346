"""Tables of numbers: what separates the entries, what is a header, what is missing.

A table is read as a spreadsheet or a statistics program wrote it: separated by commas, semicolons,
tabs, bars or spaces, with decimal points or commas, with or without a header. What was recognised
is part of the result, so that it can be told. What cannot be told for certain is refused or comes
with a warning, in words that say what was seen.
"""

import csv
import io
import os
import re
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

import numpy as np
from numpy.typing import NDArray

from .checks import LARGEST, BadInput
from .text_files import read_text

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "spaces"}
MISSING = {"", "na", "n/a", "#n/a", "<na>", "nan", "nat", "null", "none", "?", "-", "--", "."}
_ONE = [name.removesuffix("s") for name in SEPARATORS.values()]
_SAMPLE = 200  # lines that decide on the separator

_EXPONENT = r"([eE][+-]?\d+)?"
_POINT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)" + _EXPONENT, re.ASCII)
_COMMA = re.compile(r"[+-]?(\d+|\d*,\d+)" + _EXPONENT, re.ASCII)
_THOUSANDS = re.compile(r"[+-]?\d{1,3}([,.'_ \u00a0\u202f])\d{3}(\1\d{3})*([.,]\d+)?", re.ASCII)


@dataclass(frozen=True, eq=False)
class Table:
    """Numbers read from a file, and how it was read.

    Attributes
    ----------
    points, labels : arrays (n, d), (n,)
    columns : tuple of str
        The names of the columns of `points`, empty without a header.
    target : str
        The name of the label column; its number, as "column 3", where it has no name.
    header : bool
        Whether the first line was taken as names.
    separator, decimal : str
        What separates the entries, and what the decimals.
    dropped : int
        How many lines were left out because of missing values.
    """

    points: NDArray[np.float64]
    labels: NDArray[np.float64]
    columns: tuple[str, ...]
    target: str
    header: bool
    separator: str
    decimal: str
    dropped: int


def read_table(
    path: "str | os.PathLike[str]",
    columns: Sequence[str | int] | None = None,
    target: str | int | None = None,
    header: bool | None = None,
    drop_missing: bool = False,
) -> Table:
    """Read a table of numbers; the arguments and errors are those of `relucones.data.load_csv`."""
    text = read_text(path)
    source = "standard input" if path == "-" else os.fspath(path)
    lines = _Lines(source, text)
    names = lines.take_header(header)
    width = lines.width(names)
    label = _place(target, names, width, "target") if target is not None else width - 1
    chosen = _chosen(columns, names, width, label)
    values, dropped = lines.numbers([*chosen, label], names, drop_missing)
    if columns is None and names:
        _warn_of_index(source, names, chosen, values)
    called = [name or f"column {j}" for j, name in enumerate(names, 1)]
    return Table(
        points=values[:, :-1],
        labels=values[:, -1],
        columns=tuple(called[j] for j in chosen) if names else (),
        target=called[label] if names else f"column {label + 1}",
        header=bool(names),
        separator=lines.separator,
        decimal=lines.decimal,
        dropped=dropped,
    )


class _Lines:
    """The lines of a table that are not blank, as pairs of a line number and its entries."""

    def __init__(self, source, text):
        self.source = source
        self.first_line = text.strip()[:60].partition("\n")[0].strip()
        said = re.fullmatch(r"sep=(.)", self.first_line)  # as Excel writes it
        if said:
            self.separator, text = said[1], text.replace(said[0], "", 1)
        else:
            sample = "".join(islice(io.StringIO(text, newline=""), _SAMPLE))
            scores = {s: _score(_split(sample, s), s) for s in SEPARATORS}
            self.separator = max(scores, key=scores.get)  # the first of equals
        try:
            self.rows = _split(text, self.separator, strict=True)
        except csv.Error as error:
            raise BadInput(f"{source}, {error}") from None
        self.decimal = _decimal(source, self.rows, self.separator)
        self._take_comments()
        self._drop_empty_end()

    def number(self, entry):
        """The number that an entry is, None if it is none."""
        if self.decimal == ",":
            return float(entry.replace(",", ".")) if _COMMA.fullmatch(entry) else None
        return float(entry) if _POINT.fullmatch(entry) else None

    def is_number(self, entry):
        return self.number(entry) is not None

    def holds_numbers(self, j, start=0):
        """Whether column j holds numbers from the line `start` on, some of them perhaps missing."""
        entries = [row[j] for _, row in self.rows[start:] if len(row) > j]
        rest = [entry for entry in entries if not _is_missing(entry)]
        return bool(rest) and all(map(self.is_number, rest))

    def take_header(self, wanted):
        """The names in the first line, which is taken off; () where it holds a point already."""
        if not self.rows or wanted is False:
            return ()
        first = self.rows[0][1]
        if wanted or self._is_header(first):
            del self.rows[0]
            return tuple(first)
        return ()

    def _is_header(self, first):
        numbers = [self.number(entry) for entry in first]
        if not any(number is not None for number in numbers):
            return not all(map(_is_missing, first))
        others = [j for j, number in enumerate(numbers) if number is None]
        counts = _counts(numbers)
        over_numbers = [j for j in others if self.holds_numbers(j, start=1)]
        shown = self.separator.join(first)[:60]
        if any(counts or not _is_missing(first[j]) for j in over_numbers):
            _warn(
                f"the first line of {self.source} is read as its header, though it holds numbers: "
                f"{shown!r}; if it is a point, --no-header says so"
            )
            return True
        if counts and not any(_counts(map(self.number, row)) for _, row in self.rows[1:_SAMPLE]):
            _warn(
                f"the first line of {self.source} is read as a point, though it looks like a "
                "header: "
                f"{shown!r}; if it is one, --header says so"
            )
        return False

    def width(self, names):
        """How many columns there are, at least two."""
        if not self.rows:
            more = ", only a header" if names else ""
            raise BadInput(f"{self.source} holds no line of numbers{more}")
        line, row = self.rows[0]
        if names and all(len(row) == len(names) + 1 for _, row in self.rows):
            raise BadInput(
                f"{self.source}, line {line}: expected {len(names)} entries, found {len(row)}, as "
                "on "
                "every line below the header, which must name the first column too"
            )
        width = len(names or row)
        if width < 2:
            raise BadInput(
                f"{self.source} must have at least 2 columns, one of them the labels, but it has "
                "1: "
                f"no {', '.join(_ONE[:-1])} or {_ONE[-1]} separates entries in {self.first_line!r}"
            )
        return width

    def numbers(self, places, names, drop_missing):
        """The columns at `places` as an array, and how many lines were left out."""
        width, kept = self.width(names), []
        for line, row in self.rows:
            if len(row) != width:
                raise BadInput(
                    f"{self.source}, line {line}: expected {width} entries, found {len(row)} "
                    f"(separated by {SEPARATORS.get(self.separator, self.separator)})"
                )
            if not (drop_missing and any(_is_missing(row[j]) for j in places)):
                kept.append([self._finite(line, row[j], j, names) for j in places])
        if not kept:
            raise BadInput(f"{self.source} holds no line of numbers without a missing value")
        return np.array(kept), len(self.rows) - len(kept)

    def _finite(self, line, entry, j, names):
        number = self.number(entry)
        if number is not None and abs(number) <= LARGEST:
            return number
        name = f" for {names[j]!r}" if names and names[j] else ""
        expected, remedy = "a finite number", ""
        if number is None:
            remedy = self._remedy(entry, j)
        elif np.isfinite(number):
            expected = f"a number of size at most {LARGEST:g}"
        raise BadInput(
            f"{self.source}, line {line}, column {j + 1}: expected {expected}, found "
            f"{entry!r}{name}{remedy}"
        )

    def _remedy(self, entry, j):
        """What to do about an entry that is no finite number."""
        if _is_missing(entry):
            many = sum(len(row) > j and _is_missing(row[j]) for _, row in self.rows)
            return f", a missing value, one of {many} there; --drop-missing leaves such lines out"
        if _THOUSANDS.fullmatch(entry):
            return "; write numbers without separators of thousands"
        if entry.endswith("%") and self.is_number(entry.rstrip("% ")):
            return "; write percentages without the sign"
        if _COMMA.fullmatch(entry) and self.decimal == ".":
            return "; write decimals with points, or separate the entries by semicolons"
        if _POINT.fullmatch(entry) and self.decimal == ",":
            return "; other entries have decimal commas: write all of them one way"
        usable = [i + 1 for i in range(len(self.rows[0][1])) if self.holds_numbers(i)]
        if j + 1 in usable or not usable:
            return ""
        more = ", ..." if len(usable) > 12 else ""
        return f"; columns of numbers: {', '.join(map(str, usable[:12]))}{more}"

    def _take_comments(self):
        """Leave '#' lines out; the last one above the numbers may name the columns."""
        comments = [(line, row) for line, row in self.rows if row[0].startswith("#")]
        self.rows = [(line, row) for line, row in self.rows if not row[0].startswith("#")]
        above = [row for line, row in comments if self.rows and line < self.rows[0][0]]
        if above and any(map(self.is_number, self.rows[0][1])):
            first, *others = above[-1]
            names = [first.lstrip("# ") or "#", *others]
            if first == "#" and len(others) == len(self.rows[0][1]):  # '# a b', cut at spaces
                names = others
            if len(names) == len(self.rows[0][1]) and not any(map(self.is_number, names)):
                self.rows.insert(0, (0, names))
                del comments[len(above) - 1]
        if comments:
            _warn(f"{len(comments)} lines of {self.source} that begin with '#' are left out")

    def _drop_empty_end(self):
        """Leave an empty last column out, as separators at the ends of lines give."""
        longest = max((len(row) for _, row in self.rows), default=0)
        ends = [row[-1] for _, row in self.rows if len(row) == longest]
        shorter = [row for _, row in self.rows[1:] if len(row) < longest]
        if longest > 2 and not any(ends) and not shorter:
            self.rows = [(line, row[: longest - 1]) for line, row in self.rows]


def _split(text, separator, strict=False):
    """Pairs of a line number and the entries of a line, blank lines left out."""
    file = io.StringIO(text, newline="")
    reader = csv.reader(file, delimiter=separator, skipinitialspace=True, strict=strict)
    rows, line = [], 1
    try:
        for row in reader:
            entries = [entry.strip() for entry in row]
            if separator == " ":  # several of them are one, also at the end
                entries = [entry for entry in entries if entry]
            if any(entries):
                rows.append((line, entries))
            line = reader.line_num + 1
    except csv.Error as error:
        if strict:
            raise csv.Error(f"line {line}: the quotes do not match ({error})") from None
    return rows


def _score(rows, separator):
    """The share of numbers among the entries so cut, -1 if lines have one entry then."""
    rows = [row for _, row in rows if not row[0].startswith("#")]
    lengths = Counter(map(len, rows))
    if not rows or lengths.most_common(1)[0][0] < 2:
        return -1.0
    entries = [entry for row in rows for entry in row if not _is_missing(entry)]
    is_number = [
        any(
            form.fullmatch(entry)
            for form in ((_POINT,) if separator == "," else (_POINT, _COMMA, _THOUSANDS))
        )
        for entry in entries
    ]
    return float(np.mean(is_number)) if entries else 0.0


def _decimal(source, rows, separator):
    """The decimal mark: a comma where entries have one and it separates none of them."""
    if separator == ",":
        return "."
    entries = [
        entry for _, row in rows for entry in row if "," in entry and _COMMA.fullmatch(entry)
    ]
    if entries and all(re.fullmatch(r"[+-]?[1-9]\d{0,2},\d{3}", entry) for entry in entries):
        _warn(
            f"commas in {source} are read as decimal points, {entries[0]!r} as "
            f"{entries[0].replace(',', '.')}; if they separate thousands, leave them out of the "
            "file"
        )
    return "," if entries else "."


def _counts(numbers):
    """Whether these numbers, None for other entries, look like names: 0, 1, 2, ... or years."""
    found = [number for number in numbers if number is not None]
    if len(found) < 2 or not all(number == int(number) for number in found if abs(number) < 1e15):
        return False
    steps = [after - before for before, after in pairwise(found)]
    if all(1800 <= number <= 2100 for number in found):
        return all(step > 0 for step in steps) or all(step < 0 for step in steps)
    return found[0] in (0, 1) and all(step == 1 for step in steps)


def _warn_of_index(source, names, chosen, values):
    """Warn of a column without a name that counts the lines, as pandas writes it."""
    for place, j in enumerate(chosen):
        unnamed = names[j] == "" or names[j].startswith("Unnamed")
        if unnamed and len(values) > 1 and (np.diff(values[:, place]) == 1).all():
            _warn(
                f"column {j + 1} of {source} has no name and counts the lines, but is used; "
                "--columns "
                "with the names of the others leaves it out"
            )


def _chosen(columns, names, width, label):
    """The places of the columns of points."""
    if columns is None:
        return [j for j in range(width) if j != label]
    places = [_place(column, names, width, "columns") for column in columns]
    if not places or label in places:
        raise BadInput(
            "columns must name at least one column other than that of the labels, but it is "
            f"{list(columns)}"
        )
    if len(set(places)) < len(places):
        raise BadInput(f"columns must name each column once, but it is {list(columns)}")
    return places


def _place(which, names, width, argument):
    """The index of a column given by name or by number from 1."""
    which = str(which).strip()
    if which and names.count(which) > 1:
        raise BadInput(
            f"{argument} must name columns by number, since {names.count(which)} are called "
            f"{which!r}"
        )
    if which and which in names:
        return names.index(which)
    if which.isdecimal() and which.isascii() and 1 <= int(which[:9]) <= width:
        return int(which) - 1
    known = f" or one of {', '.join(names[:20])}{', ...' * (len(names) > 20)}" if names else ""
    raise BadInput(
        f"{argument} must name columns by number from 1 to {width}{known}, but it has {which!r}"
    )


def _is_missing(entry):
    return entry.lower() in MISSING


def _warn(text):
    warnings.warn(text, UserWarning, stacklevel=2)
