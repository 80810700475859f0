"""The embedded suite: one file per family, each with a tuple ``CASES``."""

from __future__ import annotations

from fnmatch import fnmatchcase

from tapec.bench.case import Case
from tapec.bench.cases import (
    dynamic_programming,
    energies,
    finance,
    fitting,
    mixture,
    nested,
    network,
    reductions,
    robot,
    rosenbrock,
    simulation,
    solvers,
    stencil,
    systems,
    unrolled,
)

CASES: tuple[Case, ...] = (
    *rosenbrock.CASES,
    *reductions.CASES,
    *mixture.CASES,
    *fitting.CASES,
    *network.CASES,
    *finance.CASES,
    *robot.CASES,
    *systems.CASES,
    *energies.CASES,
    *unrolled.CASES,
    *simulation.CASES,
    *solvers.CASES,
    *dynamic_programming.CASES,
    *stencil.CASES,
    *nested.CASES,
)


def select(patterns: tuple[str, ...]) -> tuple[Case, ...]:
    """The cases whose name matches one of the glob patterns; without a pattern all the quick."""
    if not patterns:
        return tuple(case for case in CASES if not case.extended)
    return tuple(case for case in CASES if any(fnmatchcase(case.name, p) for p in patterns))
