"""Links that save texts as files."""

import base64
import html.parser

import pytest

from relucones.checks import BadInput
from relucones_book import downloads


class Anchors(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        if tag == "a":
            self.found.append(dict(attrs))


def test_every_byte_arrives_under_its_name():
    files = {"proof.json": '{"a": "<&\\"ü"}\n', "check.py": "print(1)\n"}
    page = Anchors()
    page.feed(downloads.links(files)._repr_html_())
    assert [a["download"] for a in page.found] == list(files)
    kinds = [a["href"].partition(";")[0] for a in page.found]
    assert kinds == ["data:application/json", "data:text/x-python"]
    texts = [base64.b64decode(a["href"].partition(",")[2]).decode() for a in page.found]
    assert texts == list(files.values())


@pytest.mark.parametrize("files", [None, {}, [], {"a": 1}, {1: "a"}, {"": "a"}, {"a/b": "a"}])
def test_what_is_no_file_is_refused(files):
    with pytest.raises(BadInput, match="files must"):
        downloads.links(files)
