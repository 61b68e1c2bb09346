"""Make .venv and install the pinned environment into it.

Runs with any Python 3.11 or newer and nothing else.  Does nothing when what it installed last
time (requirements.txt, constraints.txt, lib/pyproject.toml, the choice of torch) is unchanged.

torch needs care.  On Linux the registry's torch depends on about 3 GB of CUDA packages, which
no page of the book uses.  So we ask pip what it *would* install, and if that includes CUDA we
take the CPU build instead, unless the reader said TORCH=cuda.
"""

import argparse
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
INPUTS = ("requirements.txt", "constraints.txt", "lib/pyproject.toml")
OLDEST = (3, 11)
CHOICES = ("auto", "cpu", "cuda")
GPU_PACKAGES = re.compile(r"nvidia-|cuda-|triton$")

NO_CPU_BUILD = """\
torch's CPU build could not be installed (the reason stands above).  Two ways on:
  make book TORCH=cuda    take the build with CUDA: about 3 GB to download, 5 GB on disk;
  or install torch {version} for CPU into .venv as PyTorch's own install page says
  (.venv/bin/python -m pip install ...), then run the same make command again."""


class InstallError(Exception):
    """A message for the reader; shown without a traceback."""


def gpu_packages(report):
    """Names of the CUDA packages that come with what one of pip's ``--report`` files installs."""
    needs = []
    for entry in report.get("install", []):
        needs += [need for need in entry["metadata"].get("requires_dist", []) if "extra ==" not in need]
    names = {re.match(r"[\w.-]+", need)[0].lower() for need in needs}
    return sorted(name for name in names if GPU_PACKAGES.match(name))


def which_torch(choice, system, report):
    """How to install torch: ``"pip"`` (with everything else) or ``"cpu"`` (its CPU build first).

    ``report`` is a function that returns pip's report on the pinned torch, since asking takes
    a few seconds and is often not needed.
    """
    if choice not in CHOICES:
        raise InstallError(f"TORCH={choice}: expected one of {', '.join(CHOICES)}")
    if choice == "cuda":
        return "pip"
    if choice == "cpu":
        return "cpu"
    if system != "Linux":
        return "pip"  # the registry's wheels for macOS and Windows are CPU builds
    return "cpu" if gpu_packages(report()) else "pip"


def pinned(name, requirements):
    """The version of one line ``name==version`` of requirements.txt."""
    found = re.search(rf"^{re.escape(name)}==([^\s;#]+)", requirements, re.MULTILINE)
    if not found:
        raise InstallError(f"requirements.txt has no line {name}==VERSION")
    return found[1]


def fingerprint(choice, version):
    digest = hashlib.sha256(f"{choice} {version}".encode())
    for name in INPUTS:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def python_of(venv):
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def version_of(python):
    """(3, 11) or so; None where there is no working Python."""
    code = "import sys; print(*sys.version_info[:2])"
    try:
        out = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return tuple(map(int, out.split()))


def make_venv(python_was_chosen):
    wanted, present = sys.version_info[:2], version_of(python_of(VENV))
    if VENV.exists() and (present is None or (python_was_chosen and present != wanted)):
        holds = ".".join(map(str, present)) if present else "no working Python"
        print(f"Removing .venv: it holds {holds}, asked for is {'.'.join(map(str, wanted))}.")
        shutil.rmtree(VENV)
        present = None
    if present is None:
        print(f"Making .venv with Python {wanted[0]}.{wanted[1]}")
        made = subprocess.run([sys.executable, "-m", "venv", VENV])
        if made.returncode:
            shutil.rmtree(VENV, ignore_errors=True)
            raise InstallError(
                "python -m venv failed.  On Debian and Ubuntu: apt-get install python3-venv"
            )


def pip(*arguments):
    command = [python_of(VENV), "-m", "pip", "--disable-pip-version-check", *arguments]
    # setuptools greets every editable install with a warning of ten lines.
    quiet = {**os.environ, "PYTHONWARNINGS": "ignore"}
    if subprocess.run(command, cwd=ROOT, env=quiet).returncode:
        raise InstallError("pip failed (the reason stands above); run the same command again to retry.")


def torch_report(version):
    """What pip would install for the pinned torch alone, as its JSON report; nothing is installed.

    Alone, because its own list of needs answers the question, and a registry without separate
    metadata makes pip download every wheel that it looks into.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.json"
        pip("install", "-q", "--dry-run", "--no-deps", "--report", str(path), f"torch=={version}")
        return json.loads(path.read_text())


def install_cpu_torch(version):
    command = [python_of(VENV), "-m", "uv", "pip", "install", "--python", python_of(VENV)]
    command += ["--torch-backend", "cpu", "-c", "constraints.txt", f"torch=={version}"]
    if subprocess.run(command, cwd=ROOT).returncode:
        raise InstallError(NO_CPU_BUILD.format(version=version))


def install_the_rest():
    """All but torch: with uv, which takes seconds; with pip where uv does not get through.

    (uv does not read pip's settings, so it may miss a proxy or a mirror that pip knows.)
    """
    rest = ["-r", "requirements.txt", "-c", "constraints.txt"]
    uv = [python_of(VENV), "-m", "uv", "pip", "install", "-q", "--python", python_of(VENV), *rest]
    if subprocess.run(uv, cwd=ROOT, stderr=subprocess.DEVNULL).returncode:
        pip("install", "-q", *rest)


def drop_cpu_torch():
    """pip takes 2.13.0+cpu for 2.13.0, so the CPU build must go before the other can come."""
    code = "import importlib.metadata as m; print(m.version('torch'))"
    got = subprocess.run([python_of(VENV), "-c", code], capture_output=True, text=True)
    if got.stdout.strip().endswith("+cpu"):
        pip("uninstall", "-q", "-y", "torch")


def install(choice):
    requirements = (ROOT / "requirements.txt").read_text()
    version = pinned("torch", requirements)
    print("Installing the pinned packages into .venv (about 1.7 GB on disk, a minute or two)", flush=True)
    # A new pip reads metadata without downloading wheels, which the dry run relies on.
    pip("install", "-q", *(f"{name}=={pinned(name, requirements)}" for name in ("pip", "uv")))
    if choice == "cuda":
        drop_cpu_torch()
    if which_torch(choice, platform.system(), lambda: torch_report(version)) == "cpu":
        print(f"torch {version}: taking the CPU build, since the default one needs 3 GB of CUDA packages.")
        print("If you want those: make book TORCH=cuda", flush=True)
        install_cpu_torch(version)
    else:
        pip("install", "-q", "-c", "constraints.txt", f"torch=={version}")
    install_the_rest()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--torch", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--python-was-chosen", action="store_true", help="rebuild .venv for this Python")
    arguments = parser.parse_args()
    choice = arguments.torch or "auto"
    if sys.version_info < OLDEST:
        raise InstallError(
            f"Python {platform.python_version()} is too old, expected 3.11 or newer;"
            " name another one: make book PYTHON=python3.12"
        )
    make_venv(arguments.python_was_chosen)
    stamp = VENV / "installed"
    wanted = fingerprint(choice, version_of(python_of(VENV)))
    if stamp.exists() and stamp.read_text() == wanted:
        return
    stamp.unlink(missing_ok=True)
    install(choice)
    stamp.write_text(wanted)


if __name__ == "__main__":
    try:
        main()
    except InstallError as error:
        sys.exit(f"install: {error}")
    except KeyboardInterrupt:
        print("\ninstall: stopped; the same command goes on from there", file=sys.stderr)
        sys.exit(130)
