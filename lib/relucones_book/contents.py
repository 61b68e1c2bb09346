"""The pages of the book, in the order in which they are read."""


def pages(contents):
    """The pages that a table of contents names, as read from ``_toc.yml``: its root first.

    Examples
    --------
    >>> pages({"root": "book/welcome", "parts": [{"chapters": [{"file": "book/a"}]}]})
    ['book/welcome', 'book/a']
    """

    def files(node):
        if isinstance(node, dict):
            yield from [node["file"]] if "file" in node else []
            for value in node.values():
                yield from files(value)
        elif isinstance(node, list):
            for item in node:
                yield from files(item)

    return [contents["root"], *files(contents)]
