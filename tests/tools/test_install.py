"""The choice of torch's build, on made-up reports of pip; nothing is installed here."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def load(name):
    spec = importlib.util.spec_from_file_location(f"tools_{name}", ROOT / f"tools/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


install = load("install")


def report(*needs):
    """pip's report on torch alone, which needs these packages."""
    return {
        "version": "1",
        "install": [{"metadata": {"name": "torch", "version": "2", "requires_dist": list(needs)}}],
    }


CPU = report("filelock", "sympy>=1.13.3", 'triton>=3; extra == "compiler"')
CUDA = report(
    "filelock",
    'cuda-toolkit[cublas,cudart]==13.0.3; platform_system == "Linux"',
    'nvidia-cudnn-cu13==9.20.0.48; platform_system == "Linux"',
    'triton==3.7.1; platform_system == "Linux" and python_version < "3.15"',
)
NOTHING_TO_DO = {"version": "1", "install": []}


def never():
    raise AssertionError("pip was asked without need")


def test_cuda_packages_are_recognised():
    assert install.gpu_packages(CUDA) == ["cuda-toolkit", "nvidia-cudnn-cu13", "triton"]
    assert install.gpu_packages(CPU) == []
    assert install.gpu_packages(NOTHING_TO_DO) == []


@pytest.mark.parametrize(
    ("choice", "system", "asked", "expected"),
    [
        ("auto", "Linux", lambda: CUDA, "cpu"),  # nobody gets 3 GB by surprise
        ("auto", "Linux", lambda: CPU, "pip"),
        ("auto", "Linux", lambda: NOTHING_TO_DO, "pip"),  # torch is there already
        ("auto", "Darwin", never, "pip"),
        ("auto", "Windows", never, "pip"),
        ("cuda", "Linux", never, "pip"),
        ("cpu", "Linux", never, "cpu"),
        ("cpu", "Darwin", never, "cpu"),
    ],
)
def test_which_torch(choice, system, asked, expected):
    assert install.which_torch(choice, system, asked) == expected


def test_unknown_choice_is_named():
    with pytest.raises(install.InstallError, match="TORCH=gpu: expected one of auto, cpu, cuda"):
        install.which_torch("gpu", "Linux", never)


def test_pins_are_read_from_requirements():
    text = "-e ./lib\ntorch==2.13.0\nuv==0.13.9  # an installer\n"
    assert install.pinned("uv", text) == "0.13.9"
    with pytest.raises(install.InstallError, match="no line numpy==VERSION"):
        install.pinned("numpy", text)


@pytest.fixture
def recorded(monkeypatch):
    """install.install() with every command recorded in place of run."""
    commands = []
    monkeypatch.setattr(install, "pip", lambda *arguments: commands.append(("pip", *arguments)))
    monkeypatch.setattr(install, "drop_cpu_torch", lambda: commands.append(("drop",)))
    monkeypatch.setattr(
        install, "install_cpu_torch", lambda version: commands.append(("cpu", version))
    )
    monkeypatch.setattr(install, "install_the_rest", lambda: commands.append(("rest",)))
    monkeypatch.setattr(install.platform, "system", lambda: "Linux")
    return commands


def test_cpu_build_comes_before_the_rest(recorded, monkeypatch):
    monkeypatch.setattr(install, "torch_report", lambda version: CUDA)
    install.install("auto")
    torch = install.pinned("torch", (ROOT / "requirements.txt").read_text())
    assert recorded[-2:] == [("cpu", torch), ("rest",)]


def test_plain_pip_where_that_is_a_cpu_build(recorded, monkeypatch):
    monkeypatch.setattr(install, "torch_report", lambda version: CPU)
    install.install("auto")
    torch = install.pinned("torch", (ROOT / "requirements.txt").read_text())
    assert recorded[-2:] == [
        ("pip", "install", "-q", "-c", "constraints.txt", f"torch=={torch}"),
        ("rest",),
    ]


def test_cuda_on_demand_replaces_the_cpu_build(recorded):
    install.install("cuda")
    assert ("drop",) in recorded
    assert not [c for c in recorded if c[0] == "cpu"]


def test_pip_takes_over_where_uv_does_not_get_through(monkeypatch):
    commands = []

    class Failed:
        returncode = 1

    monkeypatch.setattr(install.subprocess, "run", lambda *a, **k: Failed())
    monkeypatch.setattr(install, "pip", lambda *arguments: commands.append(arguments))
    install.install_the_rest()
    assert commands == [("install", "-q", "-r", "requirements.txt", "-c", "constraints.txt")]


def test_failed_cpu_build_names_both_ways_on(monkeypatch):
    class Failed:
        returncode = 1

    monkeypatch.setattr(install.subprocess, "run", lambda *a, **k: Failed())
    with pytest.raises(install.InstallError) as error:
        install.install_cpu_torch("2.13.0")
    assert "TORCH=cuda" in str(error.value)
    assert "PyTorch's own install page" in str(error.value)


def test_fingerprint_sees_choice_and_python():
    assert (
        len(
            {
                install.fingerprint("auto", (3, 11)),
                install.fingerprint("cuda", (3, 11)),
                install.fingerprint("auto", (3, 12)),
            }
        )
        == 3
    )
