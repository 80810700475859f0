"""Products of derivatives: a derivative that vanishes passes no infinite or NaN partial."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.ir.ops.rules import ANY, floating, quiet
from tapec.ir.primitive import Primitive, elementwise
from tapec.ir.series import Coefficients, Recurrence, Term, convolution


def _strong_mul(a: Any, b: Any, *, either: bool = False) -> Any:
    zero = np.equal(a, 0.0) | np.equal(b, 0.0) if either else np.equal(a, 0.0)
    return np.where(zero, np.zeros_like(a), np.multiply(a, b))


def _products(k: int, y: Coefficients, a: Coefficients, b: Coefficients, **attrs: Any) -> Term:
    return convolution(a, b, k, lambda x, y: strong_mul(x, y, **attrs))


strong_mul: Primitive = elementwise(
    "strong_mul",
    quiet(_strong_mul),
    (lambda y, a, b, *, either=False: b, lambda y, a, b, *, either=False: a),
    infer=floating,
    lower="rule",
    bounded=True,
    taylor=Recurrence(_products),
    cost=2,
    domain=(ANY, ANY),
    doc="Product of a derivative and a partial: 0 where a is 0, whatever b is (`either`: or b is "
    "0, whatever a is).",
)
