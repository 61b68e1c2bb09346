"""The README's example is run as it is printed there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = re.findall(r"```console\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
MAKE_TASKS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def commands(block):
    """Pairs of a command and the output printed under it."""
    return [part.split("\n", 1) for part in ("\n" + block.strip() + "\n").split("\n$ ")[1:]]


def test_every_make_task_named_exists():
    tasks = [c.split()[1] for block in BLOCKS for c, _ in commands(block + "\n") if c.startswith("make ")]
    assert {"book", "test"} <= set(tasks) <= MAKE_TASKS


def test_certify_prints_what_the_readme_shows(tmp_path):
    (block,) = (block for block in BLOCKS if "relucones certify" in block)
    for command, output in commands(block):
        script = command.replace(".venv/bin/python", f'"{sys.executable}"')
        run = subprocess.run(["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True)
        assert run.stdout.split() == output.split()
        if not output.strip():
            continue
        for number in ("0.05769", "72 of 100"):
            assert number in (ROOT / "README.md").read_text(encoding="utf-8")
        assert re.search(r"optimum +0\.05769", run.stdout)
        assert re.search(r"width 50 +0\.7179", run.stdout)


@pytest.mark.parametrize("page", ["README.md", "book/welcome.md"])
def test_the_two_commands_come_first(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    assert text.index("make book") < text.index("make test")
