"""The control flow of lowered programs, and the statuses they end with.

With `memory`, `library` and scalar elementwise ops, what programs are made of after lowering. Ops
with an effect keep their order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from tapec.errors import VerifyError
from tapec.ir.core import Block, Value
from tapec.ir.primitive import Primitive, register
from tapec.ir.types import Type

# Nonzero kernel status -> exception. Statuses not listed raise RuntimeError.
STATUS: Mapping[int, tuple[type[Exception], str]] = {
    1: (IndexError, "index out of bounds in compiled code"),
    2: (MemoryError, "out of memory in compiled code"),
    3: (np.linalg.LinAlgError, "Singular matrix"),
    4: (ValueError, "Integers to negative integer powers are not allowed."),
    5: (np.linalg.LinAlgError, "Matrix is not positive definite"),
    6: (np.linalg.LinAlgError, "Eigenvalues did not converge"),
    7: (np.linalg.LinAlgError, "SVD did not converge"),
}
SINGULAR, NEGATIVE_POWER, NOT_POSITIVE, NO_EIGENVALUES, NO_SVD = 3, 4, 5, 6, 7
RAISED = 8  # a Python function that the kernel called did
COUNTERS = (Type("i64"), Type("index"))
REDUCTIONS = ("add", "mul", "max", "min", "or", "and")


def _repeat(count: Type, *init: Type, regions: tuple[Block, ...], **attrs: Any) -> tuple[Type, ...]:
    if count not in COUNTERS:
        raise VerifyError(f"repeat needs a trip count, got {count}")
    return _for(*init, regions=regions)


def _while(*init: Type, regions: tuple[Block, ...]) -> tuple[Type, ...]:
    test, body = regions
    _carries(body, body.params, init)
    if _types(test.params) != init or _types(test.results) != (Type("bool"),):
        raise VerifyError("the condition of a loop takes what it carries and yields one boolean")
    return init


def _if(pred: Type, *, regions: tuple[Block, ...]) -> tuple[Type, ...]:
    then, otherwise = (_types(r.results) for r in regions)
    if pred != Type("bool") or then != otherwise or any(r.params for r in regions):
        raise VerifyError("if needs a boolean and two regions yielding the same types")
    return then


def _invoke(
    *operands: Type,
    name: str,
    offsets: tuple[int, ...],
    strides: tuple[tuple[int, ...], ...],
    regions: tuple[Block, ...],
) -> tuple[Type, ...]:
    (block,) = regions
    params = [p.type for p in block.params]
    buffers, indices = operands[: len(params)], operands[len(params) :]
    if block.results or any(not t.buffer for t in (*params, *buffers)):
        raise VerifyError(f"invoke of {name}: buffers go in, nothing comes out")
    if [t.dtype for t in params] != [t.dtype for t in buffers]:
        raise VerifyError(f"invoke of {name}: other dtypes than its parameters'")
    if len(offsets) != len(params) or [len(s) for s in strides] != [len(indices)] * len(params):
        raise VerifyError(f"invoke of {name}: one offset and one stride per index for each buffer")
    return ()


def _expect(truth: Type, *, status: int) -> tuple[Type, ...]:
    if truth != Type("bool"):
        raise VerifyError(f"expect needs a boolean, got {truth}")
    return ()


def _for(*init: Type, regions: tuple[Block, ...], **attrs: Any) -> tuple[Type, ...]:
    (body,) = regions
    if not body.params or body.params[0].type not in COUNTERS:
        raise VerifyError("the first parameter of a counted loop is its counter")
    _carries(body, body.params[1:], init)
    return init


def _parallel(*, parts: int, threads: int, regions: tuple[Block, ...]) -> tuple[Type, ...]:
    (body,) = regions
    if _types(body.params) != (Type("index"), Type("index")) or body.results:
        raise VerifyError("a parallel region takes the numbers of its part and its thread")
    return ()


def _carries(body: Block, params: Sequence[Value], init: tuple[Type, ...]) -> None:
    """Raise VerifyError unless a body takes what is carried in these parameters, and yields it."""
    if _types(params) != init or _types(body.results) != init:
        raise VerifyError("a loop must take and yield what it carries")


def _types(values: Iterable[Value]) -> tuple[Type, ...]:
    return tuple(v.type for v in values)


EXPECT = register(
    Primitive(
        name="expect",
        kind="loop",
        infer=_expect,
        effect=True,
        results=0,
        doc="End the kernel with a status unless the operand is true.",
    )
)
FOR = register(
    Primitive(
        name="for",
        kind="loop",
        infer=_for,
        effect=True,
        results=None,
        doc="for i in range(lower, upper): region(i, carried...) yields carried. kind 'vector' "
        "says that iterations are independent, apart from the carried values, which are combined "
        "by the reductions named in `reduce` ('' in serial loops). kind 'wave': the loop in it is "
        "serial, and up to 16 iterations may go together, each `skew` steps of that loop behind "
        "the last one; what is before it runs in advance, what is after it afterwards. `ahead` "
        "lists (load, store, i, j): what the load with this number in the inner body reads, that "
        "store wrote i and j iterations before, where there are such ones.",
    )
)
PARALLEL = register(
    Primitive(
        name="parallel",
        kind="loop",
        infer=_parallel,
        effect=True,
        results=0,
        doc="for k in range(parts): region(k, t), in any order and side by side in threads t below "
        "`threads`. No part touches memory that one in another thread writes.",
    )
)
REPEAT = register(
    Primitive(
        name="repeat",
        kind="loop",
        infer=_repeat,
        effect=True,
        results=None,
        doc="for i in range(count): region(i, carried...) yields carried; one after the other.",
    )
)
WHILE = register(
    Primitive(
        name="while",
        kind="loop",
        infer=_while,
        effect=True,
        results=None,
        doc="As long as the first region(carried...) is true, the second yields the next carried.",
    )
)
IF = register(
    Primitive(
        name="if",
        kind="loop",
        infer=_if,
        effect=True,
        results=None,
        doc="The first region where the operand is true, else the second; both yield the results.",
    )
)
INVOKE = register(
    Primitive(
        name="invoke",
        kind="loop",
        infer=_invoke,
        effect=True,
        results=0,
        isolated=True,
        doc="Run the region, a function compiled once however often it is called, on parts of "
        "buffers: its k-th parameter starts at offsets[k] + sum(strides[k] * indices) of the k-th "
        "operand. Closed; what it writes must overlap nothing else it is given.",
    )
)
