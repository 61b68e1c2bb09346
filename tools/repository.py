"""Move the project to another address.

``_config.yml`` (repository: url) is the one place where the address is decided.  Colab, the
citation file and some pages need it in their own text; this script rewrites those copies, and
tests/book/test_project_files.py fails when one of them disagrees.
"""

import re
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
ADDRESS = re.compile(r"https://github\.com/[\w.-]+/[\w-]+")


def current(root=ROOT):
    return yaml.safe_load((root / "_config.yml").read_text())["repository"]["url"]


def tracked_files(root=ROOT):
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True
    ).stdout
    return [root / name for name in listed.decode().split("\0") if name and (root / name).is_file()]


def parts(url):
    """The address itself, then the two short forms that Binder, Colab and Pages use."""
    owner, name = url.split("/")[-2:]
    return url, f"{owner}/{name}", f"{owner}.github.io/{name}"


def move(new, root=ROOT):
    if not ADDRESS.fullmatch(new):
        sys.exit(f"URL={new!r}: expected https://github.com/OWNER/NAME")
    for path in tracked_files(root):
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        moved = text
        for old_part, new_part in zip(parts(current(root)), parts(new), strict=True):
            if path.name != "_config.yml":
                moved = moved.replace(old_part, new_part)
        if moved != text:
            path.write_text(moved, encoding="utf-8")
            print(f"changed {path.relative_to(root)}")
    config = root / "_config.yml"
    config.write_text(config.read_text().replace(current(root), new))


if __name__ == "__main__":
    move(sys.argv[1] if len(sys.argv) > 1 else "")
