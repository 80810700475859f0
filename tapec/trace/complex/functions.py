"""The rules of NumPy's and SciPy's functions for complex numbers: modules loaded together."""

from __future__ import annotations

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
