"""The package itself: which module imports which, what it needs to start, and the examples in its docstrings."""

import ast
import doctest
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import relucones

PACKAGE = Path(relucones.__file__).parent
# Data flow one way: a module imports only from those before it.
ORDER = [
    "checks", "network", "data", "arrangement", "faces", "ascent", "solution", "cone_program", "convex", "certificate",
    "collecting", "coupons", "landscape", "optimal_set", "population", "training", "reproduce", "experiments", "__main__",
]  # fmt: skip
MODULES = sorted(p.stem for p in PACKAGE.glob("*.py") if p.stem != "__init__")


def imports(path):
    """The modules of the package that a file imports, and all other modules, with those inside functions marked."""
    inside, outside = set(), {}
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top = set(map(id, tree.body))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").startswith("relucones")):
            module = (node.module or "").removeprefix("relucones").lstrip(".")
            inside |= {module.split(".")[0]} if module else {alias.name for alias in node.names}
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            outside.update({name.split(".")[0]: id(node) in top for name in names})
    return inside, outside


@pytest.mark.parametrize("module", MODULES)
def test_no_module_imports_a_later_one(module):
    assert module in ORDER, "a new module needs a place in the order"
    inside, _ = imports(PACKAGE / f"{module}.py")
    assert inside <= set(ORDER[: ORDER.index(module)])


def test_a_violation_would_be_noticed(tmp_path):
    (tmp_path / "m.py").write_text("def f():\n    from .coupons import g\n    from . import convex\n    import torch.nn\n")
    assert imports(tmp_path / "m.py") == ({"coupons", "convex"}, {"torch": False})


@pytest.mark.parametrize("module", MODULES)
def test_figures_stay_out_of_the_computations(module):
    inside, outside = imports(PACKAGE / f"{module}.py")
    assert "plots" not in inside
    assert not {"matplotlib", "ipywidgets", "IPython"} & set(outside)


@pytest.mark.parametrize("module", sorted(set(MODULES) - {"training"}))
def test_only_training_needs_torch_to_be_imported(module):
    _, outside = imports(PACKAGE / f"{module}.py")
    assert not outside.get("torch", False)


def test_import_starts_neither_torch_nor_figures_and_works_without_torch():
    code = (
        "import sys\n"
        "class Refusal:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] == 'torch':\n"
        "            raise ImportError('torch is not to be imported')\n"
        "sys.meta_path.insert(0, Refusal())\n"
        "import relucones, relucones.__main__\n"
        "print(relucones.solve_global([[1.0]], [1.0], 0.1))\n"
        "print(sorted({'matplotlib', 'sklearn', 'ipywidgets', 'IPython'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_public_names_exist_and_are_documented():
    for name in relucones.__all__:
        assert getattr(relucones, name).__doc__
    assert relucones.__all__ == sorted(relucones.__all__)


@pytest.mark.parametrize("module", MODULES)
def test_every_public_function_and_class_has_a_docstring(module):
    tree = ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    public = [n for n in tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef)) and not n.name.startswith("_")]
    for node in public:
        assert ast.get_docstring(node), node.name
        if isinstance(node, ast.ClassDef):
            methods = [n for n in node.body if isinstance(n, ast.FunctionDef) and not n.name.startswith("_")]
            assert all(map(ast.get_docstring, methods)), node.name


DOCUMENTED = ["relucones", *(f"relucones.{m}" for m in MODULES), "relucones.plots.style", "relucones.plots.widgets"]


@pytest.mark.parametrize("module", DOCUMENTED)
def test_examples_in_docstrings_run(module):
    if module == "relucones.training":
        pytest.importorskip("torch")
    result = doctest.testmod(importlib.import_module(module), optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert result.failed == 0


def test_there_are_examples_to_run():
    for name in ("network", "data", "arrangement", "convex", "certificate", "coupons"):
        module = importlib.import_module(f"relucones.{name}")
        assert sum(len(t.examples) for t in doctest.DocTestFinder().find(module)) > 0
