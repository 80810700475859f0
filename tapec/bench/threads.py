"""One thread for all contenders: single cores are compared."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import threadpoolctl

VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


@contextmanager
def single_thread() -> Iterator[None]:
    """Limit BLAS pools to one thread and pin the process to one core, until the block is left.

    The environment is set for libraries loaded later (peers). Pinning also keeps a runtime that
    sizes its pool by the cores it may use, as XLA does, to one thread.
    """
    before = {name: os.environ.get(name) for name in VARIABLES}
    os.environ.update(dict.fromkeys(VARIABLES, "1"))
    cores = _pin()
    try:
        with threadpoolctl.threadpool_limits(limits=1):
            yield
    finally:
        _restore(before)
        if cores:
            os.sched_setaffinity(0, cores)


def _pin() -> set[int]:
    """Stay on one core; returns the cores allowed before (none where the system cannot pin)."""
    if not hasattr(os, "sched_setaffinity"):
        return set()
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    return cores


def _restore(before: dict[str, str | None]) -> None:
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
