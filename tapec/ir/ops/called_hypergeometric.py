"""Hypergeometric functions from SciPy: slopes by the argument of DLMF 13.3, 15.5 and 16.3.

They are entire in the upper parameters; by lower ones, which have poles at whole numbers up to 0,
functions divided by gamma are. Slopes by parameters are differences.
"""

from __future__ import annotations

from typing import Any

from tapec.ir.ops.arith import abs as size
from tapec.ir.ops.arith import minimum, rint
from tapec.ir.ops.called import called, special
from tapec.ir.ops.logic import select
from tapec.ir.ops.math import log1p
from tapec.ir.ops.stencils import by_stencil

_P, _Z = (0.5, 2.0), (0.1, 0.8)


def _upper(p: Any, z: Any) -> Any:
    return 0.1 / (2.0 + log1p(size(p)) + log1p(size(z)))


def _lower(p: Any, z: Any) -> Any:
    """Within the distance to the next pole."""
    gap = select(p > 0.0, p, size(p - rint(p)))
    return minimum(0.02 * gap, _upper(p, z))


called(
    "hyp0f1",
    by_stencil("hyp0f1", 0, _lower),
    lambda y, v, z: special("hyp0f1", v + 1.0, z) / v,
    domain=[_P, _Z],
    doc="0F1.",
)
called(
    "hyp1f1",
    by_stencil("hyp1f1", 0, lambda a, b, z: _upper(a, z)),
    by_stencil("hyp1f1", 1, lambda a, b, z: _lower(b, z)),
    lambda y, a, b, z: a / b * special("hyp1f1", a + 1.0, b + 1.0, z),
    domain=[_P, _P, _Z],
    doc="Kummer's function.",
)
called(
    "hyperu",
    by_stencil("hyperu", 0, lambda a, b, z: _upper(a, z)),
    by_stencil("hyperu", 1, lambda a, b, z: _upper(b, z)),
    lambda y, a, b, z: -a * special("hyperu", a + 1.0, b + 1.0, z),
    domain=[_P, _P, (0.5, 2.0)],
    doc="Tricomi's function.",
)


def _inside(p: Any, z: Any) -> Any:
    """At z = 1 there is a power of 1 - z whose exponent has the parameter in it."""
    return 0.1 / (2.0 + log1p(size(p)) + size(log1p(-minimum(z, 0.999))))


called(
    "hyp2f1",
    by_stencil("hyp2f1", 0, lambda a, b, c, z: _inside(a, z)),
    by_stencil("hyp2f1", 1, lambda a, b, c, z: _inside(b, z)),
    by_stencil("hyp2f1", 2, lambda a, b, c, z: minimum(_lower(c, z), _inside(c, z))),
    lambda y, a, b, c, z: a * b / c * special("hyp2f1", a + 1.0, b + 1.0, c + 1.0, z),
    domain=[_P, _P, _P, _Z],
    doc="Gauss's function.",
)
