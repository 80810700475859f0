"""The embedded suite: one file per family, each with a tuple ``CASES``."""

from __future__ import annotations

from fnmatch import fnmatchcase

from tapec.bench.case import Case
from tapec.bench.cases import (
    energies,
    finance,
    fitting,
    mixture,
    network,
    reductions,
    robot,
    rosenbrock,
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
)


def select(patterns: tuple[str, ...]) -> tuple[Case, ...]:
    """The cases whose name matches one of the glob patterns; all of them without a pattern."""
    if not patterns:
        return CASES
    return tuple(case for case in CASES if any(fnmatchcase(case.name, p) for p in patterns))
