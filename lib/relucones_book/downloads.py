"""Files that a page gives away: they are part of the page, and come from nowhere else."""

import base64
import html
import mimetypes

from relucones.checks import BadInput


class Links:
    """Links that save a text as a file."""

    def __init__(self, files):
        self._files = files

    def __repr__(self):
        return "files: " + ", ".join(self._files)

    def _repr_html_(self):
        links = []
        for name, text in self._files.items():
            kind = mimetypes.guess_type(name)[0] or "text/plain"
            data = base64.b64encode(text.encode()).decode()
            size = f"{len(text.encode()) / 1000:.1f} kB"
            name = html.escape(name)
            links.append(
                f'<a class="download" download="{name}" href="data:{kind};base64,{data}">'
                f"{name}</a> ({size})"
            )
        return f"<p>Download: {', '.join(links)}</p>"


def links(files):
    """Return links with which readers save texts as files, for the last line of a cell.

    Parameters
    ----------
    files : dict of str to str
        From the names of files to their texts.

    Raises
    ------
    BadInput
        If there is no file, or a name or text is no text.

    Examples
    --------
    >>> links({"proof.json": "{}"})
    files: proof.json
    """
    if not isinstance(files, dict) or not files:
        raise BadInput(f"files must be a dictionary from names to texts, but it is {files!r}")
    for name, text in files.items():
        if not isinstance(name, str) or not isinstance(text, str) or not name or "/" in name:
            raise BadInput(f"files must map plain names to texts, but one entry is {name!r}")
    return Links(dict(files))
