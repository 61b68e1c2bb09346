"""Run a command under other kernels of OpenBLAS, as other processors would run it.

    python tools/kernels.py other COMMAND ...    one kernel that is not this machine's own
    python tools/kernels.py all COMMAND ...      every kernel in turn

OpenBLAS picks its kernel by processor, and kernels round differently. A test that passes under one only is a test of
that kernel. Where numpy comes with another library (Accelerate on a Mac) or another processor, there is nothing to choose,
and this is said. The exit status is the first that is not zero.
"""

import os
import subprocess
import sys

KERNELS = ("Haswell", "Zen", "Nehalem", "Sandybridge", "SkylakeX")


def own_kernel():
    """The name of the kernel that numpy's OpenBLAS picks here, or None."""
    import numpy  # noqa: F401  (so that its library is loaded)
    from threadpoolctl import threadpool_info

    found = [info.get("architecture") for info in threadpool_info() if info.get("internal_api") == "openblas"]
    return found[0] if found and found[0] in KERNELS else None


def chosen(which, own):
    """The kernels to run under: all of them, or one that is not `own`."""
    if own is None:
        return []
    return list(KERNELS) if which == "all" else [next(kernel for kernel in KERNELS if kernel != own)]


def main(arguments):
    """Run the command and return its exit status."""
    if len(arguments) < 2 or arguments[0] not in ("other", "all"):
        print(__doc__, file=sys.stderr)
        return 2
    which, *command = arguments
    own = own_kernel()
    kernels = chosen(which, own)
    if not kernels:
        print("kernels: numpy's linear algebra has no other kernel here; nothing to run")
    status = 0
    for kernel in kernels:
        print(f"kernels: {' '.join(command)}  under {kernel}, this machine's own is {own}", flush=True)
        environment = {k: v for k, v in os.environ.items() if k != "OPENBLAS_L2_SIZE"}
        environment["OPENBLAS_CORETYPE"] = kernel
        status = status or subprocess.run(command, env=environment, check=False).returncode
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
