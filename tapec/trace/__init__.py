"""Tracing unmodified NumPy functions into programs.

The names here are loaded, with the translations of NumPy's functions, when the first of them is
used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tapec.lazy import exported

if TYPE_CHECKING:
    from tapec.trace.arrays.session import NeedStatic, Session, current
    from tapec.trace.arrays.table import TABLE
    from tapec.trace.arrays.tracer import Tracer, is_symbolic
    from tapec.trace.entry import Param, TracedFunction, trace
    from tapec.trace.markers import ResultMarker

__all__ = [
    "TABLE", "NeedStatic", "Param", "ResultMarker", "Session", "TracedFunction", "Tracer",
    "current", "is_symbolic", "trace",
]  # fmt: skip

__getattr__ = exported(
    __name__,
    {
        **dict.fromkeys(("NeedStatic", "Session", "current"), "tapec.trace.arrays.session"),
        "TABLE": "tapec.trace.arrays.table",
        **dict.fromkeys(("Tracer", "is_symbolic"), "tapec.trace.arrays.tracer"),
        **dict.fromkeys(("Param", "TracedFunction", "trace"), "tapec.trace.entry"),
        "ResultMarker": "tapec.trace.markers",
    },
    first="tapec.trace.families",
)
