"""All that an op makes in one flat array: how lowering sees ops with several results.

Programs are written with the ops themselves; lowering puts this in their place, so that each of
its nests has one result. Where native code knows no loops for the op, it is a call of its NumPy
function.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from tapec.errors import DTypeError
from tapec.ir.ops.shape import Array
from tapec.ir.primitive import lookup, structured
from tapec.ir.types import Type


def parts(*operands: Type, of: str, wanted: tuple[int, ...], **attrs: Any) -> tuple[Type, ...]:
    """The types of the wanted results of the op named `of`."""
    types = lookup(of).infer(*operands, **attrs)
    types = types if isinstance(types, tuple) else (types,)
    return tuple(types[k] for k in wanted)


def _infer(*operands: Type, **attrs: Any) -> Type:
    types = parts(*operands, **attrs)
    if len({t.dtype for t in types}) > 1:
        raise DTypeError(f"results of several element types: {', '.join(map(str, types))}")
    return Type(types[0].dtype, (sum(prod(t.shape) for t in types),))


def evaluate(*operands: Array, of: str, wanted: tuple[int, ...], **attrs: Any) -> Array:
    """The wanted results of the op, one after the other, in row-major order."""
    rule = lookup(of).evaluate
    assert rule is not None
    found = rule(*operands, **attrs)
    found = found if isinstance(found, tuple) else (found,)
    return np.concatenate([np.asarray(found[k]).ravel() for k in wanted])


PACKED = structured(
    "packed",
    _infer,
    evaluate,
    raises=True,
    cost=40,
    lower="own loops",
    doc="The `wanted` results of the op named `of` with these operands and the other attributes, "
    "one after the other in one flat array.",
)
