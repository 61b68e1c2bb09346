"""What every file of the project keeps to: no hosts of package registries, no paths of somebody's
machine, one address, one set of versions, every page in the table of contents."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from relucones_book.contents import pages

ROOT = Path(__file__).resolve().parents[2]

# Written in halves, so that this file passes its own test.
REGISTRY_HOSTS = [
    "pypi" + ".org",
    "python" + "hosted",
    "download.py" + "torch.org",
    "npm" + "js.org",
    "deb." + "debian.org",
    "conda." + "anaconda.org",
]
INDEX_OPTIONS = [
    "--index" + "-url",
    "--extra-" + "index-url",
    "--find-" + "links",
    "PIP_" + "INDEX_URL",
    "UV_" + "INDEX",
]
MACHINE_FOLDERS = ["wo" + "rk", "ro" + "ot", "ho" + "me", "Us" + "ers", "t" + "mp"]
MACHINE_PATHS = re.compile(r"(?<![\w.~-])/(?:" + "|".join(MACHINE_FOLDERS) + r")/\w")
NOT_PAGES = {"README.md"}


def project_files():
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout: the project's files cannot be told from others")
    paths = [ROOT / name for name in listed.split("\0") if name]
    return [p for p in paths if p.is_file() and p.suffix not in {".png", ".npz", ".gif", ".ico"}]


def hits(found):
    """File and line of everything for which ``found(line)`` is true."""
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in project_files()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if found(line)
    ]


@pytest.mark.parametrize("word", REGISTRY_HOSTS + INDEX_OPTIONS)
def test_no_registry_is_named(word):
    # `--no-emit-...` is how the lock file is kept free of it.
    assert not hits(lambda line: word in line.replace("--no-emit" + "-index-url", ""))


def test_no_path_of_a_machine():
    assert not hits(MACHINE_PATHS.search)


def test_no_search_path_edits():
    word = "sys." + "path"
    code = [p for p in project_files() if p.suffix == ".py" and p.parent.name != "book"]
    assert not [p.name for p in code if word in p.read_text(encoding="utf-8")]


def test_table_of_contents_lists_every_page_once():
    listed = pages(yaml.safe_load((ROOT / "_toc.yml").read_text()))
    there = {
        str(p.relative_to(ROOT).with_suffix(""))
        for p in project_files()
        if p.is_relative_to(ROOT / "book")
        and p.suffix in {".md", ".ipynb"}
        and p.name not in NOT_PAGES
    }
    assert sorted(listed) == sorted(there)


def test_one_address():
    """The address of _config.yml is the only one of ours in all files."""
    address = yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]["url"]
    owner, name = address.split("/")[-2:]
    ours = re.compile(rf"github\.com/([\w.-]+)/{re.escape(name)}\b")
    wrong = hits(lambda line: any(found != owner for found in ours.findall(line)))
    assert not wrong, f"run `make repository URL={address}`"
    for path in ("CITATION.cff", "tests/book/test_notebook_rules.py"):
        assert address in (ROOT / path).read_text(), f"{path} does not name {address}"


def requirements(name):
    lines = (ROOT / name).read_text().splitlines()
    return [line.split("#")[0].strip() for line in lines if line.split("#")[0].strip()]


def test_requirements_are_exact_pins():
    loose = [
        r
        for r in requirements("requirements.txt")
        if r != "-e ./lib" and not re.fullmatch(r"[\w.-]+==[\w.]+", r)
    ]
    assert not loose


def test_lock_agrees_with_requirements():
    locked = {r.split(";")[0].strip().lower() for r in requirements("constraints.txt")}
    missing = [r for r in requirements("requirements.txt") if "==" in r and r.lower() not in locked]
    assert not missing, "run `make lock`"


def test_binder_takes_the_same_uv():
    assert requirements("binder/requirements.txt") == [
        r for r in requirements("requirements.txt") if r.startswith("uv==")
    ]


def test_library_has_lower_bounds_only():
    text = (ROOT / "lib/pyproject.toml").read_text()
    assert not re.findall(r'"[\w-]+\s*(?:==|~=|<)[^"]*"', text)
