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
    parts = ("\n" + block.strip()).split("\n$ ")[1:]
    return [part.partition("\n")[::2] for part in parts]


def test_every_make_task_named_exists():
    tasks = [c.split()[1] for block in BLOCKS for c, _ in commands(block) if c.startswith("make ")]
    assert {"book", "test"} <= set(tasks) <= MAKE_TASKS


def test_certify_prints_what_the_readme_shows(tmp_path):
    (block,) = (block for block in BLOCKS if "relucones certify" in block)
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for command, output in commands(block):
        script = command.replace(".venv/bin/python", f'"{sys.executable}"')
        run = subprocess.run(["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True)
        assert run.stdout.split() == output.split()
    # The sentences under the block quote its last output.
    assert re.search(r"optimum +0\.05769", run.stdout)
    assert "0.05769 on these points" in text
    assert re.search(r"width 50 +0\.7179", run.stdout)
    assert "72 of 100" in text


@pytest.mark.parametrize("page", ["README.md", "book/welcome.md"])
def test_the_two_commands_come_first(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    assert text.index("make book") < text.index("make test")
