"""Tracing unmodified NumPy functions into programs."""

from __future__ import annotations

from tapec.trace import (  # noqa: F401  the families fill the table of translations
    callees,
    chosen,
    composites,
    constructors,
    einsum,
    functions_at,
    functions_data,
    functions_decompose,
    functions_grids,
    functions_linalg,
    functions_more,
    functions_nan,
    functions_norm,
    functions_order,
    functions_places,
    functions_polynomial,
    functions_put,
    functions_reduce,
    functions_select,
    functions_shape,
    functions_solve,
    functions_split,
    hidden,
    indexing,
    ragged_items,
    ragged_rules,
    ufuncs,
)
from tapec.trace.entry import Out, Param, Traced, trace
from tapec.trace.session import NeedStatic, Session, current
from tapec.trace.table import TABLE
from tapec.trace.tracer import Tracer, is_symbolic

__all__ = [
    "TABLE", "NeedStatic", "Out", "Param", "Session", "Traced", "Tracer", "current",
    "is_symbolic", "trace",
]  # fmt: skip
