"""Tracing unmodified NumPy functions into programs."""

from __future__ import annotations

# The families fill the table of translations.
from tapec.trace import numpy, parts  # noqa: F401
from tapec.trace.arrays import overloads  # noqa: F401
from tapec.trace.arrays.session import NeedStatic, Session, current
from tapec.trace.arrays.table import TABLE
from tapec.trace.arrays.tracer import Tracer, is_symbolic
from tapec.trace.entry import Param, TracedFunction, trace
from tapec.trace.python import runtime  # noqa: F401
from tapec.trace.returned import ResultMarker

__all__ = [
    "TABLE", "NeedStatic", "Param", "ResultMarker", "Session", "TracedFunction", "Tracer",
    "current", "is_symbolic", "trace",
]  # fmt: skip
