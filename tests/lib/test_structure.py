"""The packages themselves: which room imports which, what they need to start, and the examples in
their docstrings."""

import ast
import doctest
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import relucones
import relucones_book

LIBRARY = Path(relucones.__file__).parent
BOOK = Path(relucones_book.__file__).parent
# Data flow one way: a room imports only from those before it, a module of a room only from those
# before it there.
ROOMS = [
    "__version__", "checks", "standardisation", "torch_layers", "network", "text_files", "tables",
    "data", "walls", "exact_proof", "arrangement", "convex", "coupons",
    "training", "optima", "population", "plots", "command_line", "__main__",
]  # fmt: skip
WITHIN = {
    "arrangement": ["exact", "lines", "cells", "exact_cells", "measures"],
    "convex": [
        "exact_ceiling", "faces", "climbing", "dual", "solution", "cone_program", "cutting_planes",
        "programs", "certificate", "exact_least_squares", "proof_writing", "sharpened", "polytope",
        "tight",
    ],
    "coupons": ["collecting", "holders", "bad_minima", "probability", "landscape"],
    "training": ["start", "limits", "records", "state", "flow", "descent", "runs"],
    "optima": ["staircase", "walk", "optimal_set", "paths", "local_minima", "stationary"],
    "command_line": ["options", "progress", "report", "commands"],
    "plots": ["style", "cells", "networks", "certificates", "coupons"],
}  # fmt: skip
SLOW = {
    "torch",
    "cvxpy",
    "clarabel",
    "daqp",
    "joblib",
    "sklearn",
    "tqdm",
    "matplotlib",
    "ipywidgets",
    "IPython",
}
MODULES = sorted(
    ".".join(path.relative_to(LIBRARY).with_suffix("").parts)
    for path in LIBRARY.rglob("*.py")
    if path.stem != "__init__"
)
BOOK_MODULES = sorted(
    ".".join(path.relative_to(BOOK).with_suffix("").parts)
    for path in BOOK.rglob("*.py")
    if path.stem != "__init__"
)


def imports(path, package):
    """The dotted names inside `relucones` that a file imports, and all other modules, whether at
    its top."""
    inside, outside = set(), {}
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top = set(map(id, tree.body))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1] + ([node.module] if node.module else [])
            inside |= (
                {".".join(base)} if node.module else {".".join([*base, a.name]) for a in node.names}
            )
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names = (
                [node.module]
                if isinstance(node, ast.ImportFrom)
                else [alias.name for alias in node.names]
            )
            for name in names:
                if name.split(".")[0] == "relucones":
                    inside.add(name.partition(".")[2] or "__init__")
                else:
                    outside[name.split(".")[0]] = (
                        outside.get(name.split(".")[0], False) or id(node) in top
                    )
    return inside, outside


def of_module(module):
    parts = module.split(".")
    return imports(LIBRARY.joinpath(*parts).with_suffix(".py"), parts[:-1])


@pytest.mark.parametrize("module", MODULES)
def test_no_module_imports_a_later_one(module):
    room, _, name = module.partition(".")
    assert room in ROOMS, "a new room needs a place in the order"
    inside, _ = of_module(module)
    for other in inside:
        other_room, _, other_name = other.partition(".")
        if other_room == room:
            order = WITHIN[room]
            assert order.index(other_name) < order.index(name), other
        else:
            assert other_room in ROOMS[: ROOMS.index(room)], other


@pytest.mark.parametrize("room", sorted(WITHIN))
def test_every_module_of_a_room_has_its_place(room):
    assert sorted(WITHIN[room]) == sorted(
        p.stem for p in (LIBRARY / room).glob("*.py") if p.stem != "__init__"
    )


def test_a_violation_would_be_noticed(tmp_path):
    (tmp_path / "m.py").write_text(
        "def f():\n    from ..coupons import g\n    from . import dual\n    import torch.nn\n"
        "    from relucones.plots import color\n"
    )
    assert imports(tmp_path / "m.py", ["convex"]) == (
        {"coupons", "convex.dual", "plots"},
        {"torch": False},
    )


@pytest.mark.parametrize("module", [m for m in MODULES if not m.startswith("plots.")])
def test_figures_stay_out_of_the_computations(module):
    inside, outside = of_module(module)
    assert not any(name.startswith("plots") for name in inside)
    assert not {"matplotlib", "ipywidgets", "IPython"} & set(outside)


@pytest.mark.parametrize("module", [m for m in MODULES if m != "command_line.commands"])
def test_the_library_knows_nothing_of_the_book(module):
    _, outside = of_module(module)
    assert "relucones_book" not in outside


def test_public_names_exist_and_are_documented():
    for name in relucones.__all__:
        assert getattr(relucones, name).__doc__
    assert relucones.__all__ == sorted(relucones.__all__)


# The checker imports nothing of the package.
@pytest.mark.parametrize("module", [m for m in MODULES if m != "exact_proof"])
def test_bad_input_is_told_from_errors_of_other_libraries(module):
    """A plain `ValueError` is numpy's; the package raises its own kind, so that the command line
    knows it."""
    assert "raise ValueError" not in LIBRARY.joinpath(*module.split(".")).with_suffix(
        ".py"
    ).read_text(encoding="utf-8")


def public(tree):
    return [
        n
        for n in tree.body
        if isinstance(n, (ast.FunctionDef, ast.ClassDef)) and not n.name.startswith("_")
    ]


SOURCES = [LIBRARY.joinpath(*m.split(".")).with_suffix(".py") for m in MODULES]
SOURCES += [BOOK.joinpath(*m.split(".")).with_suffix(".py") for m in BOOK_MODULES]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_every_public_function_and_class_has_a_docstring(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    for node in public(tree):
        assert ast.get_docstring(node), node.name
        if isinstance(node, ast.ClassDef):
            methods = [
                n
                for n in node.body
                if isinstance(n, ast.FunctionDef) and not n.name.startswith("_")
            ]
            assert all(map(ast.get_docstring, methods)), node.name


DOCUMENTED = [
    "relucones",
    *(f"relucones.{m}" for m in MODULES),
    *(f"relucones_book.{m}" for m in BOOK_MODULES),
]


@pytest.mark.parametrize("module", DOCUMENTED)
def test_examples_in_docstrings_run(module):
    result = doctest.testmod(
        importlib.import_module(module), optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    )
    assert result.failed == 0


def test_there_are_examples_to_run():
    for name in (
        "network",
        "data",
        "arrangement.cells",
        "convex.programs",
        "convex.certificate",
        "coupons.holders",
    ):
        module = importlib.import_module(f"relucones.{name}")
        assert sum(len(t.examples) for t in doctest.DocTestFinder().find(module)) > 0


REFUSAL = (
    "import sys\n"
    "class Refusal:\n"
    "    def find_spec(self, name, path=None, target=None):\n"
    "        if name.split('.')[0] in {refused!r}:\n"
    "            raise ImportError(name + ' is not to be imported')\n"
    "sys.meta_path.insert(0, Refusal())\n"
)


def run(code):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    "refused", [*([name] for name in sorted(SLOW)), sorted(SLOW)], ids=lambda names: names[0]
)
def test_the_library_starts_and_solves_without_what_is_slow(refused):
    code = (
        "import relucones, relucones.__main__\n"
        "print(relucones.solve_global(*relucones.data.five_points(), 0.01).value)"
    )
    assert float(run(REFUSAL.format(refused=set(refused)) + code)[-1]) == pytest.approx(
        0.05769590556, rel=1e-9
    )


def test_import_is_quick_because_nothing_slow_is_imported():
    slow = SLOW | {"scipy.optimize", "scipy.sparse", "scipy.linalg", "mpmath"}
    assert run(f"import sys, relucones\nprint(sorted({slow!r} & set(sys.modules)))")[-1] == "[]"
