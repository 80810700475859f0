"""Complex numbers and arrays in traced code: pairs of real ones (see `array`)."""

from __future__ import annotations

from tapec.trace.complex import (  # noqa: F401
    circular,
    componentwise,
    cosines,
    elementary,
    fourier,
    linear,
    predicates,
    products,
    reductions,
    signal,
    types,
)
