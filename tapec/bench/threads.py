"""One thread for everybody: a comparison of single cores."""

from __future__ import annotations

import ctypes
import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
OPENBLAS_SETTERS = (
    "scipy_openblas_set_num_threads64_",
    "scipy_openblas_set_num_threads",
    "openblas_set_num_threads64_",
    "openblas_set_num_threads",
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
        with _limited_blas():
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


@contextmanager
def _limited_blas() -> Iterator[None]:
    """threadpoolctl where installed, otherwise OpenBLAS's own entry point."""
    try:
        threadpoolctl = importlib.import_module("threadpoolctl")
    except ImportError:
        _limit_openblas()
        yield
        return
    with threadpoolctl.threadpool_limits(limits=1):
        yield


def _limit_openblas() -> None:
    for path in _loaded_openblas():
        with suppress(OSError):
            _set_one_thread(ctypes.CDLL(path))


def _set_one_thread(library: ctypes.CDLL) -> None:
    for name in OPENBLAS_SETTERS:
        setter = getattr(library, name, None)
        if setter is not None:
            setter(ctypes.c_int(1))
            return


def _loaded_openblas() -> list[str]:
    """Paths of the OpenBLAS libraries mapped into this process (Linux; none elsewhere)."""
    maps = Path("/proc/self/maps")
    if not maps.exists():
        return []
    paths = {line.split()[-1] for line in maps.read_text().splitlines() if "openblas" in line}
    return sorted(paths)
