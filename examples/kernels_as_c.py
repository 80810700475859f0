"""Write a gradient as a C library, and use it from a C program without Python.

The program (examples/c/relax.c) does the same gradient descent as `relaxed` below, with the same
bits. SciPy integrates the derivative of a compiled function without coming back to Python.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from scipy.integrate import quad

import tapec

N = 16


@tapec.compile
def chain(y, stiffness):
    """Potential energy of masses between springs; both ends are fixed."""
    joints = np.concatenate([np.zeros(1), y, np.zeros(1)])
    return np.sum(y) + 0.5 * stiffness * np.sum((joints[1:] - joints[:-1]) ** 2)


def relaxed(y):
    """The energy before the last of 2000 steps."""
    for _ in range(2000):
        energy, slope = chain.value_and_grad(y, 40.0)
        y = y - 0.01 * slope
    return energy


def in_c(folder):
    """What the C program prints, or None where there is no C compiler."""
    compiler = shutil.which("cc")
    shared = compiler is not None
    made = chain.export(folder / "chain", np.zeros(N), 40.0, of="value_and_grad", shared=shared)
    print(made.header.read_text().split("/* chain_value_and_grad", 1)[1].split("#ifdef")[0])
    if compiler is None:
        return None
    source = Path(__file__).parent / "c" / "relax.c"
    program = folder / "relax"
    flags = ["-std=c99", "-Wall", "-I", str(folder)]
    command = [compiler, *flags, str(source), str(made.object), "-o", str(program), "-lm"]
    subprocess.run(command, check=True)
    return subprocess.run([program], check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    energy = relaxed(np.zeros(N))
    with tempfile.TemporaryDirectory() as folder:
        printed = in_c(Path(folder))
    print(f"Python {energy.hex()}, C {printed}")
    assert printed is None or float.fromhex(printed) == energy

    slope = tapec.grad(np.sin)
    area = quad(slope.low_level_callable("double (double)"), 0.0, 1.0)[0]
    assert np.isclose(area, np.sin(1.0), rtol=1e-14)
