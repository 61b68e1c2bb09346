"""The READMEs' examples are run as they are printed there."""

import doctest
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from relucones import data, solve_global

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = re.findall(
    r"```console\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL
)
MAKE_TASKS = set(
    re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
)


def commands(block):
    """Pairs of a command and the output printed under it."""
    parts = ("\n" + block.strip()).split("\n$ ")[1:]
    return [part.partition("\n")[::2] for part in parts]


def test_every_make_task_named_exists():
    tasks = [c.split()[1] for block in BLOCKS for c, _ in commands(block) if c.startswith("make ")]
    assert {"book", "test"} <= set(tasks) <= MAKE_TASKS


def test_certify_prints_what_the_readme_shows(tmp_path):
    block, proof = (block for block in BLOCKS if "relucones certify" in block)
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for command, output in commands(block):
        script = command.replace(".venv/bin/python", f'"{sys.executable}"')
        run = subprocess.run(
            ["sh", "-c", script],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        assert run.stdout.split() == output.split()
    for command, _ in commands(proof):
        script = command.replace(".venv/bin/python", f'"{sys.executable}"')
        subprocess.run(["sh", "-c", script], cwd=tmp_path, timeout=120, check=True)
    # The sentences under the block quote its last output.
    assert re.search(r"optimum +0\.05769", run.stdout)
    assert "0.05769 on these points" in text
    assert re.search(r"width 50 +0\.7179", run.stdout)
    assert "72 of 100" in text


def saved_optimum(folder, bias):
    """Raw points and labels, and what is found on them standardised; the optimum is saved."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((8, 2)) * [3, 1e4] + [1, 5e3], rng.standard_normal(8) * 40 + 7
    np.savetxt(folder / "raw.csv", np.column_stack([X, y]), delimiter=",", fmt="%.17g")
    command = [
        sys.executable,
        "-m",
        "relucones",
        "certify",
        "raw.csv",
        "--lam",
        "0.01",
        "--standardise",
    ]
    command += ["--save", "optimum.pt", "--json", *["--bias"] * bias]
    run = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=120, check=True
    )
    return X, y, json.loads(run.stdout)


@pytest.mark.parametrize("bias", [False, True])
def test_a_saved_optimum_is_applied_to_raw_points_as_the_readme_does(tmp_path, monkeypatch, bias):
    torch = pytest.importorskip("torch")
    (code,) = re.findall(
        r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL
    )
    X, y, found = saved_optimum(tmp_path, bias)
    monkeypatch.chdir(tmp_path)
    names = {"points": torch.tensor(X)}
    exec(code, names)
    fitted = data.Dataset(X, y).standardised()
    network = solve_global(*(fitted.with_bias() if bias else fitted), 0.01).network
    expected = (
        network.to_torch(bias, fitted.standardisation)(torch.tensor(X)).ravel().detach().numpy()
    )
    np.testing.assert_allclose(names["outputs"].detach().numpy(), expected, rtol=1e-6)
    assert found["saved"] == "optimum.pt"


def test_the_readme_names_every_key_of_the_json_object(tmp_path):
    pytest.importorskip("torch")
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = saved_optimum(tmp_path, False)[2]
    for key in (*found, *found["data"], *found["patterns"], *found["neurons"][0]):
        assert f"`{key}`" in text


def test_the_examples_of_the_library_run(tmp_path, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    result = doctest.testfile(
        str(ROOT / "lib/README.md"), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE
    )
    assert result.failed == 0
    assert result.attempted > 10


@pytest.mark.parametrize("page", ["README.md", "book/welcome.md"])
def test_the_two_commands_come_first(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    assert text.index("make book") < text.index("make test")
