"""Programs of scientists and engineers over linear algebra, Fourier transforms, complex numbers and
special functions, each in the style of the code it stands for."""

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
