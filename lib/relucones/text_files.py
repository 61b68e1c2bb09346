"""The text of a file: from a path or standard input, packed by gzip or not, and always UTF-8.

What is something else is refused in words that say what it is and what to do about it. Nothing in a
file is run, and nothing is guessed: text in another encoding would read as other names, or fail
late.
"""

import os
import sys
import zlib
from typing import BinaryIO

from .checks import BadInput

LARGEST_FILE = 2**28  # bytes; as text, more numbers than the solvers can use
_AS_CSV = "export the table as CSV, in UTF-8"
_UNPACK = "unpack it first; only gzip is read directly"
_AS_UTF8 = "save it as UTF-8: iconv -f UTF-16 -t UTF-8 FILE > NEW"
# How other kinds of files begin, what they are, and what to do about it.
_KINDS = [
    (b"PK\x03\x04", "a zip archive, as Excel (.xlsx) and LibreOffice (.ods) write", _AS_CSV),
    (b"\xd0\xcf\x11\xe0", "an old Excel file (.xls)", _AS_CSV),
    (
        b"PAR1",
        "a Parquet file",
        "write it as CSV: pandas.read_parquet(FILE).to_csv(NEW, index=False)",
    ),
    (b"ARROW1", "an Arrow (Feather) file", _AS_CSV),
    (b"\x89HDF", "an HDF5 file", _AS_CSV),
    (b"\x93NUMPY", "a NumPy file (.npy)", "write it with numpy.savetxt(NEW, array, delimiter=',')"),
    (b"SQLite format 3", "an SQLite database", _AS_CSV),
    (b"%PDF", "a PDF", _AS_CSV),
    (b"BZh", "packed by bzip2", _UNPACK),
    (b"\xfd7zXZ", "packed by xz", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "packed by zstd", _UNPACK),
    (b"\xff\xfe\x00\x00", "UTF-32 text", "save it as UTF-8"),
    (b"\xff\xfe", "UTF-16 text", _AS_UTF8),
    (b"\xfe\xff", "UTF-16 text", _AS_UTF8),
    (b"version https://git-lfs", "a pointer of Git LFS, not the data", "fetch it: git lfs pull"),
]
_PAGES = ("<!doctype", "<html", "<?xml", "<table", "<svg")


def read_text(path: "str | os.PathLike[str]") -> str:
    """The text of a file, of standard input if `path` is "-".

    Raises
    ------
    ValueError
        If the file cannot be read, is larger than `LARGEST_FILE`, or is no UTF-8 text.
    """
    content = _bytes(path)
    if content.startswith(b"\x1f\x8b"):
        content = _unpacked(path, content)
    what = _kind(content)
    if what:
        raise _unreadable(path, what)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, byte = content.count(b"\n", 0, error.start) + 1, content[error.start]
        raise _unreadable(
            path,
            f"line {line} is not UTF-8 text (byte 0x{byte:02x}), so it is probably Latin-1; save "
            "it "
            "as UTF-8: iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW",
        ) from None


def _unreadable(path, why):
    source = "standard input" if path == "-" else path
    return BadInput(f"{source} cannot be read as a CSV file: {why}")


def _bytes(path):
    try:
        if path == "-":
            return _limited(path, sys.stdin.buffer)
        # An integer would be taken for an open file, 0 for the keyboard.
        with open(os.fspath(path), "rb") as file:
            return _limited(path, file)
    except OSError as error:
        raise _unreadable(path, error.strerror or "it gives no data") from None
    except AttributeError:
        raise _unreadable(path, "it is closed") from None
    except TypeError:
        raise _unreadable(path, "it is no name of a file") from None
    except ValueError as error:
        if isinstance(error, BadInput):
            raise
        raise _unreadable(path, "its name holds a character that no name can hold") from None


def _limited(path, file: BinaryIO):
    content = file.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise _unreadable(path, f"it holds more than {LARGEST_FILE >> 20} MB")
    return content


def _unpacked(path, content):
    """The content of a gzip file, which may have several members."""
    parts, size = [], 0
    try:
        while content:
            member = zlib.decompressobj(wbits=31)
            parts.append(member.decompress(content, LARGEST_FILE + 1 - size))
            size += len(parts[-1])
            if size > LARGEST_FILE:
                raise _unreadable(path, f"unpacked, it holds more than {LARGEST_FILE >> 20} MB")
            if not member.eof:
                raise zlib.error
            content = member.unused_data.lstrip(b"\0")
    except zlib.error:
        raise _unreadable(path, "it is a gzip file that is damaged or cut off") from None
    return b"".join(parts)


def _kind(content):
    """What a file is that is no text in UTF-8 or Latin-1, and what to do; empty for text."""
    for magic, what, remedy in _KINDS:
        if content.startswith(magic):
            return f"it is {what}; {remedy}"
    if b"\0" in content:
        zeros = sorted((content[::2].count(0), content[1::2].count(0)))
        looks_wide = zeros[1] > 0.4 * len(content) and zeros[0] < 0.1 * len(content)
        return f"it looks like UTF-16 text; {_AS_UTF8}" if looks_wide else "it is a binary file"
    text = content.removeprefix(b"\xef\xbb\xbf").strip()
    if text[:10].lower().startswith(tuple(page.encode() for page in _PAGES)):
        return "it is an HTML or XML page; download the table itself"
    if (text[:1], text[-1:]) in ((b"{", b"}"), (b"[", b"]")):
        return f"it looks like JSON; {_AS_CSV}"
    return ""
