"""What can be read off the built HTML without a browser: links, hosts, launch buttons."""

from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
HTML = ROOT / "_build/html"
PAGES = sorted(str(p.relative_to(HTML)) for p in HTML.glob("**/*.html") if "_static" not in p.parts)
# Attributes by which a page loads something, as against links that a reader may follow.
LOADS = {
    ("script", "src"),
    ("img", "src"),
    ("iframe", "src"),
    ("source", "src"),
    ("video", "src"),
    ("object", "data"),
    ("embed", "src"),
    ("image", "href"),
}
LOADING_RELATIONS = {
    "stylesheet",
    "preload",
    "icon",
    "shortcut",
    "modulepreload",
    "preconnect",
    "dns-prefetch",
    "manifest",
}
MAX_BYTES = 1_000_000
FOREIGN_SCRIPTS = ("require.js", "require.min.js", "embed-amd", "html-manager")


class Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.ids, self.links, self.loads = set(), [], []

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        for key in ("id", "name"):
            if values.get(key):
                self.ids.add(values[key])
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        if tag == "link" and LOADING_RELATIONS & set((values.get("rel") or "").split()):
            self.loads.append(values.get("href") or "")
        self.loads += [values[key] for kind, key in LOADS if kind == tag and values.get(key)]


@cache
def read(name):
    links = Links()
    links.feed((HTML / name).read_text(encoding="utf-8"))
    return links


def is_foreign(target):
    split = urlsplit(target)
    return bool(split.netloc) or split.scheme not in {"", "data"}


@pytest.fixture(autouse=True)
def built(address):
    """Fails with one clear line where the site is not built."""


@pytest.mark.parametrize("name", PAGES)
def test_links_resolve(name):
    here, broken = HTML / name, []
    for target in read(name).links:
        split = urlsplit(target)
        if is_foreign(target) or split.scheme == "data":  # a file that the page itself holds
            continue
        path = (here.parent / unquote(split.path)).resolve() if split.path else here.resolve()
        if path.is_dir():
            path /= "index.html"
        if not path.exists():
            broken.append(f"{target}: no such file")
        elif split.fragment and path.suffix == ".html":
            ids = read(str(path.relative_to(HTML.resolve()))).ids
            broken += [] if unquote(split.fragment) in ids else [f"{target}: no such anchor"]
    assert not broken, "\n".join(dict.fromkeys(broken))


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_loaded_from_elsewhere(name):
    loads = read(name).loads
    assert not [target for target in loads if is_foreign(target)]
    assert not [target for target in loads if target.split("?")[0].endswith(FOREIGN_SCRIPTS)]
    missing = [
        t
        for t in loads
        if not t.startswith("data:")
        and not (HTML / name).parent.joinpath(unquote(urlsplit(t).path)).exists()
    ]
    assert not missing


def notebooks():
    return sorted(
        str(p.relative_to(ROOT))
        for p in ROOT.glob("book/**/*.ipynb")
        if ".ipynb_checkpoints" not in p.parts
    )


@pytest.mark.parametrize("notebook", notebooks())
def test_launch_buttons(notebook):
    """The buttons open this notebook of this project (the services themselves are not asked)."""
    repository = yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]
    owner_and_name = "/".join(repository["url"].split("/")[-2:])
    page = notebook.removesuffix(".ipynb") + ".html"
    links = [unquote(link) for link in read(page).links]
    colab = f"https://colab.research.google.com/github/{owner_and_name}/blob/{repository['branch']}/{notebook}"
    binder = f"https://mybinder.org/v2/gh/{owner_and_name}/{repository['branch']}?urlpath=lab/tree/{notebook}"
    assert colab in links, [link for link in links if "colab" in link]
    assert binder in links, [link for link in links if "binder" in link]
    assert quote(notebook) == notebook, "a file name that needs no quoting"


@pytest.mark.parametrize("name", PAGES)
def test_page_weight(name):
    """A phone has to load it: the page itself, with the frames of its sliders.  What it loads
    besides is weighed in test_form.py."""
    assert (HTML / name).stat().st_size < MAX_BYTES


def test_mathjax_is_part_of_the_site():
    folder = HTML / "_static/vendor/mathjax"
    assert (folder / "tex-chtml.js").exists()
    assert list(folder.glob("output/chtml/fonts/**/*.woff"))
    assert (folder / "NOTICE.txt").exists()
