"""Build the site: run the notebooks in parallel, then jupyter-book, warnings as errors.

What jupyter-book alone would get wrong, and is done here:

* it runs one notebook after another: we fill its cache with all cores first;
* its cache sees the notebooks only: when the library, the locked versions, or a data file beside
  the chapters changes, we drop the cache, so that no page shows numbers of older code;
* it takes MathJax from a foreign host: we lay it out in _build/assets, which becomes part of
  the site, together with the modules of the elements that notebooks emit;
* its pages repeat scripts and ids, and fold by script: finish.py mends the HTML;
* it forgets pages that were renamed: redirects.py leaves a page that leads on.
"""

import argparse
import hashlib
import os
import platform
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from importlib import metadata
from multiprocessing import active_children
from pathlib import Path
from shutil import copy2, rmtree

import yaml

# What is slow to import is imported where it is used, so that an interrupt in the first second is
# met too.

ROOT = Path(__file__).resolve().parents[1]
BOOK = ROOT / "book"
BUILD = ROOT / "_build"
HTML = BUILD / "html"
CACHE = BUILD / ".jupyter_cache"
BUILD_LIMIT = 1500  # seconds for jupyter-book itself; without a limit a hang would last for ever
SOURCES = {".ipynb", ".md", ".bib", ".yml"}  # the rest below book/ is data that chapters read
PAGE_FOLDERS = {"_static", "explorables"}

# Kernels draw each figure twice; lightest_pictures keeps one.
KERNEL_CONFIG = """\
c = get_config()
c.InlineBackend.figure_formats = {"svg", "retina"}
"""
LARGEST_DRAWING = 200_000  # bytes of a figure as SVG; a heavier one becomes a picture of points

MATHJAX = (
    "tex-chtml.js",
    "output/chtml/fonts",
    "input/tex/extensions",
    "a11y",
    "sre/mathmaps/base.json",
    "sre/mathmaps/en.json",
)
MATHJAX_NOTICE = """MathJax 3.2.2, Apache License 2.0, unchanged.
Copyright (c) The MathJax Consortium.  Taken from the Python package
sphinx-mathjax-offline {version}.
"""


def notebooks():
    """The notebooks of the table of contents, in its order."""
    from relucones_book.contents import pages

    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    paths = [ROOT / f"{name.removesuffix('.ipynb')}.ipynb" for name in pages(toc)]
    return [path for path in paths if path.exists()]


def code_fingerprint():
    """A hash over everything but the notebooks that the outputs depend on."""
    inputs = [ROOT / "constraints.txt", *ROOT.glob("lib/relucones*/**/*")]
    inputs += [p for p in BOOK.glob("**/*") if p.suffix not in SOURCES and not of_the_page(p)]
    digest = hashlib.sha256(f"{platform.python_version()} {KERNEL_CONFIG}".encode())
    for path in sorted(inputs):
        if path.is_file() and not {"__pycache__", ".ipynb_checkpoints"} & set(path.parts):
            digest.update(str(path.relative_to(ROOT)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def of_the_page(path):
    """Whether a file below book/ is furniture of the pages, which no notebook reads."""
    return path.relative_to(BOOK).parts[0] in PAGE_FOLDERS


def drop_stale_outputs():
    stamp = BUILD / "code-fingerprint"
    current = code_fingerprint()
    if stamp.exists() and stamp.read_text() == current:
        return
    if CACHE.exists():
        print("The library, its versions or a data file changed: all notebooks run again.")
    # Sphinx keeps parsed pages, outputs included, in .doctrees: they go as well.
    for folder in (CACHE, BUILD / ".doctrees", HTML):
        rmtree(folder, ignore_errors=True)
    BUILD.mkdir(exist_ok=True)
    stamp.write_text(current)


def leave_interrupts_to_parent():
    """Ctrl-C reaches every process of the terminal; the parent alone answers it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def processes_killed_on_interrupt():
    """Otherwise the pool waits until their notebooks end.  A kernel ends with the process that
    started it."""
    try:
        yield
    except KeyboardInterrupt:
        for process in active_children():
            process.kill()
        raise


def configure_kernels():
    """Kernels started from here on draw as KERNEL_CONFIG says."""
    profile = BUILD / "ipython/profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "ipython_kernel_config.py").write_text(KERNEL_CONFIG)
    os.environ["IPYTHONDIR"] = str(BUILD / "ipython")


def lightest_pictures(notebook):
    """Of a figure drawn as lines and as points keep the lines, which stay sharp, unless they are
    heavy."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if "image/svg+xml" in data and "image/png" in data:
                drawing, points = len(data["image/svg+xml"]), 3 * len(data["image/png"]) / 4
                heavy = drawing > LARGEST_DRAWING or drawing > 3 * points
                del data["image/svg+xml" if heavy else "image/png"]
    return notebook


def run_notebook(path, timeout):
    """Run one notebook; once more after a time-out, since one run in some hundreds stalls with its
    kernel idle."""
    import nbformat
    from jupyter_cache.executors.utils import single_nb_execution
    from nbclient.exceptions import CellTimeoutError

    for _ in range(2):
        notebook = nbformat.read(path, as_version=4)
        result = single_nb_execution(
            notebook, cwd=str(path.parent), timeout=timeout, allow_errors=False
        )
        if not isinstance(result.err, CellTimeoutError):
            break
    return result


def execute(jobs, timeout):
    """Fill the cache; returns how many notebooks ran."""
    import nbformat
    from jupyter_cache import get_cache
    from jupyter_cache.base import CacheBundleIn

    configure_kernels()
    cache = get_cache(CACHE)
    pending = []
    for path in notebooks():
        try:
            cache.match_cache_notebook(nbformat.read(path, as_version=4))
        except KeyError:
            pending.append(path)
    failed = []
    if pending:
        print(f"Running {len(pending)} notebooks, {min(jobs, len(pending))} at a time", flush=True)
    with ProcessPoolExecutor(max_workers=jobs, initializer=leave_interrupts_to_parent) as pool:
        runs = {pool.submit(run_notebook, path, timeout): path for path in pending}
        with processes_killed_on_interrupt():
            for run in as_completed(runs):
                path, result = runs[run], run.result()
                name = path.relative_to(ROOT)
                if result.err is not None:
                    print(f"  FAILED  {name}\n{result.exc_string}", flush=True)
                    failed.append(name)
                    continue
                print(f"  {result.time:6.1f} s  {name}", flush=True)
                record = cache.add_nb_to_project(str(path))
                bundle = CacheBundleIn(
                    lightest_pictures(result.nb),
                    record.uri,
                    data={"execution_seconds": result.time},
                )
                cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
    if failed:
        sys.exit(f"{len(failed)} notebooks failed: {', '.join(map(str, failed))}")
    return len(pending)


def lay_out_mathjax():
    """MathJax as part of the site, in the place that _config.yml names (mathjax_path)."""
    package = metadata.distribution("sphinx-mathjax-offline")
    source = Path(package.locate_file("sphinx-mathjax-offline/static/mathjax"))
    target = BUILD / "assets/_static/vendor/mathjax"
    for entry in MATHJAX:
        start = source / entry
        files = [start] if start.is_file() else [p for p in start.rglob("*") if p.is_file()]
        if not files:
            sys.exit(f"sphinx-mathjax-offline {package.version} has no {entry}")
        for path in files:
            copy = target / path.relative_to(source)
            if not copy.exists() or copy.stat().st_size != path.stat().st_size:
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy2(path, copy)
    (target / "NOTICE.txt").write_text(MATHJAX_NOTICE.format(version=package.version))


def lay_out_assets():
    """Modules of the elements that notebooks emit, and the picture that links to the site show."""
    static = BUILD / "assets/_static"
    (static / "elements").mkdir(parents=True, exist_ok=True)
    for path in (ROOT / "lib/relucones_book/elements").glob("*.mjs"):
        copy2(path, static / "elements" / path.name)
    if not (static / "preview.png").exists():
        from relucones_book.figures.preview import preview

        preview(static / "preview.png")


def write_versions(anew):
    """The table of versions that book/status.md includes.

    Written anew whenever a notebook ran: its new date makes Sphinx read the status page again,
    whose table of run times would otherwise be the old one.
    """
    path = BUILD / "status/versions.md"
    packages = (
        "relucones",
        "numpy",
        "scipy",
        "cvxpy",
        "clarabel",
        "daqp",
        "torch",
        "matplotlib",
        "jupyter-book",
        "Sphinx",
        "myst-nb",
        "ipykernel",
    )
    rows = [
        ("Python", platform.python_version()),
        ("System", f"{platform.system()} {platform.machine()}"),
        ("Cores", str(os.cpu_count())),
    ]
    rows += [(name, metadata.version(name)) for name in packages]
    text = "| what | version |\n|---|---|\n" + "".join(
        f"| {name} | {version} |\n" for name, version in rows
    )
    if anew or not path.exists() or path.read_text() != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def build():
    program = Path(sys.executable).parent / "jupyter-book"
    command = [program, "build", ".", "-W", "-n", "--keep-going", "-q"]
    # In a session of its own: an interrupt does not reach it, and this process kills it.
    done = subprocess.run(
        command, cwd=ROOT, timeout=BUILD_LIMIT, check=False, start_new_session=True
    )
    if done.returncode:
        sys.exit("The book did not build cleanly: the warnings above count as errors.")


def finish_pages():
    """What jupyter-book and the theme leave undone in the HTML."""
    import finish  # beside this file

    finish.finish(HTML)


def leave_redirects():
    """Pages at the addresses of book/moved.yml."""
    import redirects  # beside this file

    redirects.write(HTML)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    start = time.perf_counter()
    timeout = yaml.safe_load((ROOT / "_config.yml").read_text())["execute"]["timeout"]
    drop_stale_outputs()
    lay_out_mathjax()
    lay_out_assets()
    ran = execute(max(1, arguments.jobs), timeout)
    write_versions(anew=ran > 0)
    build()
    finish_pages()
    leave_redirects()
    print(f"Built in {time.perf_counter() - start:.0f} s ({ran} notebooks run).  The site is at")
    print(f"  {HTML / 'index.html'}")
    print("Look at it with `make serve`.")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print(
            "\nbuild: stopped; notebooks that ran to their end are kept, and `make book` "
            "goes on from there.",
            file=sys.stderr,
        )
        sys.exit(130)
