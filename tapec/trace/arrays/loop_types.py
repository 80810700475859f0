"""The floats in which functions of SciPy's compute with integers and booleans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tapec.trace.arrays.operands import as_array, key_of
from tapec.trace.arrays.table import TABLE
from tapec.trace.arrays.tracer import Tracer


def in_loop_types(ufunc: Any, args: Sequence[Any]) -> tuple[Any, ...]:
    """Integers and booleans as the floats in which a function of SciPy's computes with them."""
    keys = [key_of(as_array(a)) for a in args]
    if all(weak or dtype[0] == "f" for dtype, weak in keys):
        return tuple(args)
    given = [
        _PYTHON_TYPES[key[0]] if key[1] else _dtype_of(a) for a, key in zip(args, keys, strict=True)
    ]
    found = ufunc.resolve_dtypes((*given, *[None] * ufunc.nout))
    return tuple(
        a if weak or dtype[0] == "f" else TABLE["astype"](a, kind)
        for a, (dtype, weak), kind in zip(args, keys, found, strict=False)
    )


def _dtype_of(x: Any) -> np.dtype[Any]:
    return x.dtype if isinstance(x, (Tracer, np.ndarray, np.generic)) else np.asarray(x).dtype


_PYTHON_TYPES = {"bool": np.dtype(bool), "i64": int, "f64": float}
