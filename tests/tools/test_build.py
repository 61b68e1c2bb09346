"""The build runs a stalled notebook once more, and reports one that fails."""

import importlib.util
from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError, CellTimeoutError

ROOT = Path(__file__).resolve().parents[2]
STALLS_ONCE = """\
import time
from pathlib import Path

seen = Path("seen")
stall = not seen.exists()
seen.touch()
time.sleep(60 if stall else 0)
"""


@pytest.fixture(scope="module")
def build():
    spec = importlib.util.spec_from_file_location("build", ROOT / "tools/build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def notebook(folder, source):
    node = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    node.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path = folder / "page.ipynb"
    nbformat.write(node, path)
    return path


def test_a_stalled_notebook_gets_a_second_run(build, tmp_path):
    assert build.run_notebook(notebook(tmp_path, STALLS_ONCE), timeout=6).err is None


def test_a_slow_cell_fails_in_the_end(build, tmp_path):
    result = build.run_notebook(notebook(tmp_path, "import time\ntime.sleep(60)"), timeout=2)
    assert isinstance(result.err, CellTimeoutError)


def test_a_failing_cell_is_not_run_again(build, tmp_path):
    source = 'from pathlib import Path\nopen("runs", "a").write("x")\nassert False'
    assert isinstance(build.run_notebook(notebook(tmp_path, source), timeout=30).err, CellExecutionError)
    assert (tmp_path / "runs").read_text() == "x"
