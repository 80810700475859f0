"""Arguments of integer types that programs do not compute in: int8, int16 and the unsigned ones.

They are read as int64, for indices and conversions. Arithmetic would wrap around elsewhere than
NumPy's, so that any other use is refused: a tracer of such memory gives no operand by itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.trace.arrays.integers import NARROW, widened_array
from tapec.trace.arrays.session import current
from tapec.trace.arrays.tracer import Tracer, wrap


def widened_integers(x: Any) -> Any:
    """An array of a narrow type as int64, traced or not; anything else as it is."""
    if isinstance(x, np.ndarray) and x.dtype.name in NARROW:
        return widened_array(x)
    if type(x) is not Tracer or not x._storage.narrow:
        return x
    session, storage = current(), x._storage
    assert session is not None
    narrow, storage.narrow = storage.narrow, ""
    try:
        return wrap(session, x._value(session))
    finally:
        storage.narrow = narrow


def refuse_narrow(*args: Any) -> None:
    """Raise where an argument is of a narrow type: NumPy computes with it in narrow floats."""
    for x in args:
        if type(x) is Tracer and x._storage.narrow:
            x._refuse_narrow(x._storage.narrow)


def widened_key(key: Any) -> Any:
    """A key with widened arrays and bounds."""
    kind = type(key)
    if kind is Tracer:
        return widened_integers(key)
    if kind is tuple or kind is list:
        return kind([widened_key(part) for part in key])
    if kind is slice:
        return slice(*map(widened_integers, (key.start, key.stop, key.step)))
    return key


def narrowed(made: Any, narrow: str) -> Any:
    """A part of a narrow array, which is narrow too."""
    if type(made) is Tracer:
        made._storage.narrow, made._storage.frozen = narrow, f"an argument of dtype {narrow}"
    return made
