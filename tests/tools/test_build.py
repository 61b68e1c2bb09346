"""The build: a stalled notebook, one that fails, and an interrupt."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
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
    node.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
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
    assert isinstance(
        build.run_notebook(notebook(tmp_path, source), timeout=30).err, CellExecutionError
    )
    assert (tmp_path / "runs").read_text() == "x"


@pytest.mark.parametrize("after", ["start", "notebooks"])
def test_an_interrupt_is_one_line_and_ends_the_notebooks(tmp_path, after):
    """As a terminal sends it: to every process of the group."""
    (tmp_path / "book").mkdir()
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools/build.py", tmp_path / "tools")
    for name in ("constraints.txt", "_config.yml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: book/page\n")
    notebook(tmp_path / "book", "import time\ntime.sleep(60)")
    # The clock starts when Python runs our code: before that, an interrupt meets Python itself.
    script = (
        "print('up', flush=True)\n"
        "import runpy\n"
        "runpy.run_path('tools/build.py', run_name='__main__')"
    )
    command = [sys.executable, "-c", script, "--jobs", "2"]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(command, cwd=tmp_path, start_new_session=True, **streams) as process:
        assert process.stdout.readline() == "up\n"
        if after == "notebooks":
            assert process.stdout.readline() == "Running 1 notebooks, 1 at a time\n"
            time.sleep(3)
        else:
            time.sleep(0.3)
        start = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=30)
        assert time.monotonic() - start < 20
        said = process.stdout.read()
    assert process.returncode == 130
    assert "build: stopped; notebooks that ran to their end are kept" in said
    assert "Traceback" not in said


def test_of_two_pictures_the_sharp_one_stays_unless_it_is_heavy(build):
    def output(drawing, points):
        data = {"image/svg+xml": "x" * drawing, "image/png": "x" * points, "text/plain": "Figure"}
        return nbformat.v4.new_output("display_data", data=data)

    cell = nbformat.v4.new_code_cell(
        "", outputs=[output(9000, 8000), output(900_000, 800_000), output(90_000, 8000)]
    )
    kept = build.lightest_pictures(nbformat.v4.new_notebook(cells=[cell])).cells[0].outputs
    assert [sorted(o.data) for o in kept] == [
        ["image/svg+xml", "text/plain"],
        ["image/png", "text/plain"],
        ["image/png", "text/plain"],
    ]


def test_furniture_of_the_pages_runs_no_notebook_again(build):
    assert build.of_the_page(build.BOOK / "_static/book.css")
    assert build.of_the_page(build.BOOK / "explorables/planar/x.mjs")
    assert not build.of_the_page(build.BOOK / "part1/data.csv")
