"""All modules that a trace needs: the families fill the table of translations."""

from __future__ import annotations

from tapec.trace import complex, entry, numpy, parts
from tapec.trace.arrays import overloads
from tapec.trace.python import runtime

__all__ = ["complex", "entry", "numpy", "overloads", "parts", "runtime"]
