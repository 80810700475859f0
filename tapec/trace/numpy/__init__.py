"""NumPy's and SciPy's functions on tracers; each module enters its own in the table."""

from __future__ import annotations

from tapec.trace.numpy import (  # noqa: F401
    composites,
    constructors,
    data,
    decompose,
    einsum,
    grids,
    linalg,
    more,
    nan,
    norm,
    order,
    polynomial,
    put,
    reduce,
    select,
    shape,
    solve,
    special,
    split,
    ufunc_methods,
)
