"""Methods of random generators in traced code: what they draw are arrays of the trace."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.errors import UnsupportedOperation
from tapec.trace.arrays.concrete import concrete
from tapec.trace.arrays.session import where
from tapec.trace.arrays.tracer import Tracer, is_symbolic


def drawing(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method of a generator that gives arrays of the trace, and may write to such arrays."""

    @functools.wraps(method)
    def drawn(*args: Any, **kwargs: Any) -> Any:
        given = [x for x in (*args, *kwargs.values()) if isinstance(x, Tracer)]
        if any(map(is_symbolic, given)):
            raise UnsupportedOperation(
                f"random numbers of traced parameters: {method.__name__}",
                where=where(),
                hint="shift and scale numbers that are drawn without parameters, "
                "m + s * rng.standard_normal(n), or index: x[rng.permutation(n)]",
            )
        copies = [(x, np.array(x._array)) for x in given]
        known = {id(x): copy for x, copy in copies}
        plain = [known.get(id(x), x) for x in args]
        made = method(*plain, **{k: known.get(id(x), x) for k, x in kwargs.items()})
        for x, copy in copies:  # `shuffle` and `out=`
            if not np.array_equal(copy, x._array, equal_nan=copy.dtype.kind == "f"):
                x[...] = copy
        owners = [x for x, copy in copies if copy is made]
        return owners[0] if owners else concrete(made)

    return drawn
