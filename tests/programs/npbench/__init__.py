"""Kernels of NPBench and PolyBench, solvers and models, as their users write them."""

from __future__ import annotations

from programs.npbench import (
    apps,
    dynamics,
    finance,
    flows,
    inference,
    layers,
    polybench,
    populations,
    roots,
    solvers,
    stencils,
)
from programs.npbench.program import Kernel

KERNELS: tuple[Kernel, ...] = tuple(
    kernel
    for family in (
        polybench,
        stencils,
        flows,
        apps,
        layers,
        solvers,
        roots,
        dynamics,
        populations,
        inference,
        finance,
    )
    for kernel in family.KERNELS
)
