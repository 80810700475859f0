"""The rules of NumPy's and SciPy's functions for complex numbers: modules loaded together."""

from __future__ import annotations

# Rules have the parameters of the functions in the table, some of which `parts` enters.
from tapec.trace import parts  # noqa: F401
from tapec.trace.complex import (  # noqa: F401
    circular,
    componentwise,
    cosines,
    eigen,
    elementary,
    extremes,
    factors,
    filters,
    fourier,
    hankel,
    linear,
    matrix_functions,
    predicates,
    products,
    reductions,
    signal,
    special,
    types,
)
