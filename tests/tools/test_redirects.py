"""Pages at old addresses."""

import importlib.util
from pathlib import Path

import pytest
import yaml

from relucones_book.contents import pages

ROOT = Path(__file__).resolve().parents[2]
SPEC = importlib.util.spec_from_file_location("redirects", ROOT / "tools/redirects.py")
redirects = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(redirects)


def test_old_addresses_are_free_and_new_ones_are_pages():
    listed = set(pages(yaml.safe_load((ROOT / "_toc.yml").read_text())))
    assert set(redirects.moved().values()) <= listed
    assert not set(redirects.moved()) & listed


def test_a_page_is_written_that_leads_on(tmp_path):
    (tmp_path / "book/new").mkdir(parents=True)
    (tmp_path / "book/new/b.html").write_text("<h1>B</h1>")
    for _ in range(2):  # a second build meets the page of the first
        redirects.write(tmp_path, {"book/old/a": "book/new/b"})
    text = (tmp_path / "book/old/a.html").read_text()
    assert 'url=../new/b.html"' in text
    assert 'rel="canonical" href="../new/b.html"' in text
    assert 'location.replace("../new/b.html" + location.hash)' in text


def test_faults_of_the_list_are_told(tmp_path):
    (tmp_path / "b.html").write_text("<h1>B</h1>")
    (tmp_path / "c.html").write_text("<h1>C</h1>")
    with pytest.raises(SystemExit, match="there is no page gone"):
        redirects.write(tmp_path, {"a": "gone"})
    with pytest.raises(SystemExit, match="b is a page"):
        redirects.write(tmp_path, {"b": "c"})
