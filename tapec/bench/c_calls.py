"""What a call of a kernel costs by each route: Python, ctypes, numba, a loop in C.

``python -m tapec.bench.c_calls`` prints nanoseconds a call, as the minimum of some runs: of a
function of one number, and of the gradients of Rosenbrock's function of 3 and of 100 variables.
"""

from __future__ import annotations

import ctypes
import importlib
import shutil
import subprocess
import tempfile
import timeit
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import tapec

Run = Callable[[], object]
RUN_SECONDS = 1e-3
CALLS = 20_000  # at most in one run
RUNS = 200

_LOOP = """\
#include <stdio.h>
#include <time.h>
#include "f.h"

int main(void)
{{
    double least = 1e300;
    {arrays}
    for (int run = 0; run < {runs}; run++) {{
        clock_t start = clock();
        for (int call = 0; call < {calls}; call++)
            {call};
        double taken = (double)(clock() - start) / CLOCKS_PER_SEC / {calls} * 1e9;
        least = taken < least ? taken : least;
    }}
    printf("%.2f\\n", least);
    return 0;
}}
"""


def number(x: Any) -> Any:
    """A function of one number."""
    return x * x * np.exp(x)


def rosenbrock(x: Any) -> Any:
    """Rosenbrock's function."""
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def least(run: Run) -> float:
    """Nanoseconds of one call in the fastest run; runs are too short to be interrupted often."""
    count = max(1, min(CALLS, int(RUN_SECONDS / timeit.timeit(run, number=20) * 20)))
    return min(timeit.repeat(run, number=count, repeat=RUNS)) / count * 1e9


def number_routes() -> Iterator[tuple[str, float]]:
    """Routes of a function of one number."""
    f = tapec.compile(number)
    f(1.0)
    function = f.ctypes(1.0)
    yield "Python", least(lambda: f(1.0))
    yield "ctypes", least(lambda: function(1.0))
    yield from _by_numba(lambda x: function(x), 1.0)
    yield from _in_c(f, 1.0, "double y;", "f(1.0, &y)")


def gradient_routes(n: int) -> Iterator[tuple[str, float]]:
    """Routes of the gradient of a function of an array."""
    x, out = np.linspace(0.1, 1.3, n), np.empty(n)
    g = tapec.grad(rosenbrock)
    g(x)
    function = g.ctypes(x)
    pointer = ctypes.POINTER(ctypes.c_double)
    p, q = x.ctypes.data_as(pointer), out.ctypes.data_as(pointer)
    yield "Python", least(lambda: g(x))
    yield "ctypes, arrays", least(lambda: function(x, out))
    yield "ctypes, pointers", least(lambda: function(p, q))
    yield from _by_numba(lambda x, out: function(x.ctypes, out.ctypes), x, out)
    arrays = f"static double x[{n}], y[{n}]; for (int k = 0; k < {n}; k++) x[k] = 0.1 + k * 0.01;"
    yield from _in_c(g, x, arrays, "f(x, y)")


def _by_numba(call: Callable[..., object], *args: Any) -> Iterator[tuple[str, float]]:
    """A loop compiled by numba, where that is installed."""
    try:
        numba: Any = importlib.import_module("numba")
    except ImportError:
        return
    inner: Any = numba.njit(nogil=True)(call)

    def many(count: int, *args: Any) -> None:
        for _ in range(count):
            inner(*args)

    loop: Any = numba.njit(nogil=True)(many)
    loop(1, *args)  # compiles
    yield (
        "numba",
        least(lambda: loop(100, *args)) / 100,
    )


def _in_c(kernel: Any, example: Any, arrays: str, call: str) -> Iterator[tuple[str, float]]:
    """A loop in a program without Python, where there is a C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = kernel.export(folder / "f", example, shared=False)
        text = _LOOP.format(arrays=arrays, call=call, calls=CALLS, runs=RUNS)
        (folder / "loop.c").write_text(text)
        command = [compiler, "-O2", "loop.c", made.object.name, "-o", "loop", "-lm"]
        subprocess.run(command, cwd=folder, check=True)
        done = subprocess.run([folder / "loop"], check=True, capture_output=True, text=True)
    yield "C", float(done.stdout)


def main() -> None:
    """Print the table."""
    print(f"{'kernel':<24} {'route':<18} {'ns a call':>9}")
    kernels: dict[str, Callable[[], Iterator[tuple[str, float]]]] = {
        "number": number_routes,
        "gradient, n = 3": lambda: gradient_routes(3),
        "gradient, n = 100": lambda: gradient_routes(100),
    }
    for name, routes in kernels.items():
        for route, cost in routes():
            print(f"{name:<24} {route:<18} {cost:>9.1f}")


if __name__ == "__main__":
    main()
