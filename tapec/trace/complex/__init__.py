"""Complex numbers and arrays in traced code: pairs of real ones (see `array`).

The rules of NumPy's functions are loaded when the first of them is asked for.
"""

from __future__ import annotations

from tapec.trace.complex.array import METHODS, RULES

METHODS.rest = RULES.rest = ("tapec.trace.complex.functions",)
