"""Named sets of cases: ``tapec bench --suite NAME``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase

from tapec.bench.case import Case


def _speed() -> tuple[Case, ...]:
    from tapec.bench.cases import CASES

    return CASES


def _npbench() -> tuple[Case, ...]:
    from tapec.bench.suites import kernels, models

    return (*kernels.CASES, *models.CASES)


def _hessians() -> tuple[Case, ...]:
    from tapec.bench.suites.hessians import CASES

    return CASES


SUITES: Mapping[str, Callable[[], tuple[Case, ...]]] = {
    "speed": _speed,
    "npbench-kind": _npbench,
    "hessians": _hessians,
}


def select(suite: str, patterns: tuple[str, ...]) -> tuple[Case, ...]:
    """The cases of a suite whose names match one of the globs; without a glob all the quick."""
    cases = SUITES[suite]()
    if not patterns:
        return tuple(case for case in cases if not case.extended)
    return tuple(case for case in cases if any(fnmatchcase(case.name, p) for p in patterns))
