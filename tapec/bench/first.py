"""The first gradient of a fresh process: import, tracing, compiling and one call, per library.

Each run is a process of its own, without a cache on disk; Python's own start is taken off. Modules
come from byte code, as they do for users: sources are compiled in the first round only.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from tapec.bench.peers import PACKAGES, installed
from tapec.bench.records import machine, replace_file, versions
from tapec.bench.report import duration, ratio
from tapec.bench.tuning import FIRST_ROUNDS

FUNCTION = """
import numpy as np
def f(x, np=np):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)
x = np.linspace(0.5, 1.5, 10)
"""
PROGRAMS: Mapping[str, str] = {
    "python": "",
    "numpy": "import numpy",
    "tapec": FUNCTION + "import tapec\ntapec.grad(f)(x)",
    "jax": FUNCTION
    + "import jax, jax.numpy as jnp\njax.config.update('jax_enable_x64', True)\n"
    + "jax.jit(jax.grad(lambda x: f(x, jnp)))(x).block_until_ready()",
    "autograd": FUNCTION + "import autograd, autograd.numpy as anp\n"
    "autograd.grad(lambda x: f(x, anp))(x)",
    "torch": FUNCTION + "import torch\ny = torch.tensor(x, requires_grad=True)\n"
    "(100.0 * (y[1:] - y[:-1] ** 2) ** 2 + (1.0 - y[:-1]) ** 2).sum().backward()",
}


def measure(rounds: int = FIRST_ROUNDS) -> dict[str, list[float]]:
    """Seconds of fresh processes, those of all libraries in turn."""
    names = [n for n in PROGRAMS if n not in PACKAGES or n in installed()]
    found: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            found[name].append(_process(PROGRAMS[name]))
    return found


def _process(program: str) -> float:
    environment = {**os.environ, "TAPEC_CACHE": "0", "OMP_NUM_THREADS": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)
    return time.perf_counter() - start


def show(console: Console, found: Mapping[str, Sequence[float]], file: Path | None) -> None:
    """Print the medians, and write all figures."""
    medians = {name: statistics.median(times) for name, times in found.items()}
    start, ours = medians["python"], medians["tapec"] - medians["python"]
    for name, seconds in medians.items():
        if name != "python":
            net = seconds - start
            console.print(
                f"{name:<9} {duration(net):>8}  {ratio(net, ours)} tapec's", highlight=False
            )
    console.print(
        f"first gradient of 10 variables in a fresh process, without {duration(start)} of Python's "
        "start; numpy: its import alone", style="dim", highlight=False,
    )  # fmt: skip
    if file is not None:
        document = {"machine": machine(), "versions": versions(), "first": dict(found)}
        replace_file(file, (json.dumps(document, indent=1) + "\n").encode())
