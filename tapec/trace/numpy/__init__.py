"""NumPy's and SciPy's functions on tracers; each module enters its own in the table.

The common ones are loaded by the first trace, the others (see `rare`) when it names another.
"""

from __future__ import annotations

from tapec.trace.arrays.table import TABLE
from tapec.trace.numpy import (  # noqa: F401
    attributes,
    composites,
    constructors,
    conversions,
    declared,
    join,
    linalg,
    pick,
    put,
    reduce,
    scans,
    search,
    select,
    shape,
    solve,
    sorting,
    split,
    ufunc_methods,
)

TABLE.rest = ("tapec.trace.numpy.rare", "tapec.trace.complex.functions")
