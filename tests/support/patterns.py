"""Patterns of Jacobians beside the numbers of dense ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import tapec
from tapec.ad import drivers
from tapec.ir import Func
from tapec.pipeline import clean
from tapec.sparse.dependence import dependence


def pattern(func: Func, known: Any = None, wrt: int = 0) -> Any:
    """The dense boolean pattern of all results by one input."""
    flags = [k == wrt for k in range(len(func.params))]
    found = dependence(func, flags, known)
    return np.concatenate([p.toarray() for p in found.patterns])


def traced(f: Callable[..., Any], *args: Any) -> Func:
    """The cleaned program of a function without captured arrays."""
    return tapec.compile(f).specialization(*args).func


def jacobian_pattern(f: Callable[..., Any], *args: Any) -> Any:
    """Of a function's first argument."""
    func = traced(f, *args)
    known = {k: np.asarray(x) for k, x in enumerate(args) if np.asarray(x).dtype.kind != "f"}
    return pattern(func, known)


def hessian_pattern(f: Callable[..., Any], *args: Any) -> Any:
    """Of a function's first argument."""
    func = traced(f, *args)
    flags = [k == 0 for k in range(len(func.params))]
    return pattern(clean(drivers.gradient(func, flags)))


def nonzero(dense: Any, columns: int) -> Any:
    """Where a dense derivative is not zero, NaN included, as a matrix."""
    return (np.asarray(dense) != 0).reshape(-1, columns)
