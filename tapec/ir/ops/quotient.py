"""Quotients of complex numbers, as functions of the four parts: (x + iy) / (c + ie)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tapec.ir.ops.rules import ANY, POSITIVE, floating, quiet
from tapec.ir.primitive import Evaluate, Partial, Primitive, elementwise


def _complex(real: Any, imag: Any) -> Any:
    """The complex numbers with these parts; x + 1j * y would turn infinities into NaN."""
    real, imag = np.broadcast_arrays(real, imag)
    made = np.empty(real.shape, np.result_type(real, np.complex64))
    made.real, made.imag = real, imag
    return made


def _evaluate(part: Callable[[Any], Any]) -> Evaluate:
    def evaluate(x: Any, y: Any, c: Any, e: Any) -> Any:
        return part(np.divide(_complex(x, y), _complex(c, e)))

    return quiet(evaluate)


def _inverse(c: Any, e: Any) -> tuple[Any, Any]:
    return quotient_real(1.0, 0.0, c, e), quotient_imag(1.0, 0.0, c, e)


def _over(*parts: Any) -> tuple[Any, Any]:
    """The quotient over the divisor once more."""
    real, imag = quotient_real(*parts), quotient_imag(*parts)
    u, v = _inverse(*parts[2:])
    return real * u - imag * v, real * v + imag * u


# The derivative by x is 1 / b, and i times that by y; by c it is -q / b, and i times that by e.
_REAL: Sequence[Partial] = (
    lambda q, x, y, c, e: _inverse(c, e)[0],
    lambda q, x, y, c, e: -_inverse(c, e)[1],
    lambda q, x, y, c, e: -_over(x, y, c, e)[0],
    lambda q, x, y, c, e: _over(x, y, c, e)[1],
)
_IMAG: Sequence[Partial] = (
    lambda q, x, y, c, e: _inverse(c, e)[1],
    lambda q, x, y, c, e: _inverse(c, e)[0],
    lambda q, x, y, c, e: -_over(x, y, c, e)[1],
    lambda q, x, y, c, e: -_over(x, y, c, e)[0],
)


def _part(name: str, part: str, partials: Sequence[Partial], twin: str) -> Primitive:
    return elementwise(
        name,
        _evaluate(lambda quotient: getattr(quotient, part)),
        partials,
        infer=floating,
        lower=f"vmath.{name}",
        cost=12,
        domain=(ANY, ANY, POSITIVE, ANY),
        kinks="c == e == 0",
        twin=twin,
        analytic=False,
        doc=f"The {part} part of (x + iy) / (c + ie), without overflow on the way.",
    )


quotient_real: Primitive = _part("quotient_real", "real", _REAL, "quotient_imag")
quotient_imag: Primitive = _part("quotient_imag", "imag", _IMAG, "quotient_real")
