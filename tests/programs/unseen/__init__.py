"""Simulations and solvers in plain NumPy and plain Python loops, each in a style of its own."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from programs.npbench.program import Kernel

FAMILIES = tuple(
    import_module(f"{__name__}.{path.stem}")
    for path in sorted(Path(__file__).parent.glob("[a-z]*.py"))
)
KERNELS: tuple[Kernel, ...] = tuple(
    kernel for family in FAMILIES for kernel in getattr(family, "KERNELS", ())
)
