"""Programs between arrays and loops: which values have memory, and which loops compute them.

Values are arrays still and mean what they meant; what these ops add is where they are. A value
without memory is computed, element by element, where it is read.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.errors import VerifyError
from tapec.ir.core import Block
from tapec.ir.ops.indexing import selected_shape
from tapec.ir.ops.linalg import DOT
from tapec.ir.places import slices
from tapec.ir.primitive import Primitive, register
from tapec.ir.types import Type

Array = np.ndarray[Any, Any]
# How a nest runs over its index space: "map" computes one element of each result per place,
# "reduce" combines all places into one number per result, "own" has one op with loops of its own,
# "few" has ops on single elements and no loop.
KINDS = ("map", "reduce", "own", "few")


def _share(value: Type, base: Type) -> Type:
    if value != base:
        raise VerifyError(f"{value} cannot take the memory of {base}")
    return value


def _accumulate(x: Array, *parts: Array, at: Any) -> Array:
    out = np.array(x)
    for part, spec in zip(parts, at, strict=True):
        out[slices(spec)] += part
    return out


def _infer_accumulate(x: Type, *parts: Type, at: Any) -> Type:
    if [p.shape for p in parts] != [selected_shape(x.shape, spec, "accumulate") for spec in at]:
        raise VerifyError(f"accumulate: the parts of {x} have other shapes than their places")
    return x


def _nest(
    *, space: tuple[int, ...], kind: str, regions: tuple[Block, ...]
) -> tuple[Type, ...]:  # fmt: skip
    (body,) = regions
    if kind not in KINDS or body.params:
        raise VerifyError(f"a nest is one of {', '.join(KINDS)} and takes no parameters")
    return tuple(v.type for v in body.results)


MATERIALIZE = register(
    Primitive(
        name="materialize",
        kind="loop",
        infer=lambda value: value,
        evaluate=lambda value: value,
        doc="The value, in memory of its own.",
    )
)
SHARE = register(
    Primitive(
        name="share",
        kind="loop",
        ends=1,
        infer=_share,
        evaluate=lambda value, base: value,
        doc="The value, in the memory of the second operand, which is not read afterwards.",
    )
)
COPY = register(
    Primitive(
        name="copy",
        kind="loop",
        infer=lambda value: value,
        evaluate=np.array,
        doc="The value again, to be kept when the memory of the first one is taken over.",
    )
)
ACCUMULATE = register(
    Primitive(
        name="accumulate",
        kind="loop",
        writes=0,
        infer=_infer_accumulate,
        evaluate=_accumulate,
        doc="x with x[at] += part for every part: a sum that touches these places only.",
    )
)
PRODUCT = register(
    Primitive(
        name="product",
        kind="loop",
        infer=DOT.infer,
        evaluate=DOT.evaluate,
        cost=DOT.cost,
        lower="own loops",
        doc="A `dot` that is one call of a BLAS for each place of the batch.",
    )
)
NEST = register(
    Primitive(
        name="nest",
        kind="loop",
        results=None,
        infer=_nest,
        doc="Ops computed together in loops over a space. What the region yields is computed at "
        "every place (kind 'map'), combined over all places ('reduce'), made by the loops of the "
        "one op that is yielded ('own'), or a few elements ('few'); its other ops are recomputed "
        "where these read them. Results that `materialize` or `share` makes are in memory.",
    )
)
