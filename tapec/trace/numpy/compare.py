"""Whether arrays are equal, or close."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.trace.arrays.operands import as_array, as_tracer
from tapec.trace.arrays.table import TABLE, implements
from tapec.trace.numpy.elements import of_python
from tapec.trace.numpy.reduce import as_float


@implements("isclose")
def isclose(a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: bool = False) -> Any:
    """``|a - b| <= atol + rtol |b|``, infinities equal to themselves."""
    a, b = as_array(a), as_float(b)
    near = TABLE["absolute"](a - b) <= atol + rtol * TABLE["absolute"](b)
    near = near & TABLE["isfinite"](b) | TABLE["equal"](a, b)
    if not equal_nan:
        return near
    return near | (TABLE["isnan"](a) & TABLE["isnan"](b))


@implements("allclose")
def allclose(a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: bool = False) -> Any:
    """Whether all elements are close."""
    return of_python(TABLE["all"](isclose(a, b, rtol, atol, equal_nan)))


@implements("array_equal")
def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> Any:
    """Whether shapes and all elements are the same."""
    a, b = as_tracer(a1), as_tracer(a2)
    if a.shape != b.shape:
        return False
    same = TABLE["equal"](a, b)
    if equal_nan:
        same = same | (TABLE["isnan"](a) & TABLE["isnan"](b))
    return of_python(TABLE["all"](same))


@implements("array_equiv")
def array_equiv(a1: Any, a2: Any) -> Any:
    """Whether all elements are the same once shapes are broadcast."""
    a, b = as_tracer(a1), as_tracer(a2)
    try:
        np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        return False
    return of_python(TABLE["all"](TABLE["equal"](a, b)))
