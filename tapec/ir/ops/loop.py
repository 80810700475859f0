"""The loop vocabulary: what programs are made of after lowering, beside scalar elementwise ops.

Buffers are values of a `Type` with `buffer=True`: parameters of a lowered program (inputs, then
outputs) and results of `alloc`. An address is `offset + sum(stride * index)` in elements of the
flat C-contiguous buffer. Ops with an effect keep their order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tapec.errors import VerifyError
from tapec.ir.core import Block
from tapec.ir.primitive import Primitive, register
from tapec.ir.types import Type

# Nonzero kernel status -> exception. Statuses not listed raise RuntimeError.
STATUS: Mapping[int, tuple[type[Exception], str]] = {
    1: (IndexError, "index out of bounds in compiled code"),
    2: (MemoryError, "out of memory in compiled code"),
    3: (np.linalg.LinAlgError, "Singular matrix"),
    4: (ValueError, "Integers to negative integer powers are not allowed."),
    5: (np.linalg.LinAlgError, "Matrix is not positive definite"),
}
SINGULAR, NEGATIVE_POWER, NOT_POSITIVE = 3, 4, 5
RAISED = 8  # a Python function that the kernel called did
REDUCTIONS = ("add", "mul", "max", "min", "or", "and")


def _repeat(count: Type, *init: Type, regions: tuple[Block, ...], **attrs: Any) -> tuple[Type, ...]:
    if count.dtype not in ("i64", "index") or count.shape:
        raise VerifyError(f"repeat needs a trip count, got {count}")
    return _for(*init, regions=regions)


def _while(*init: Type, regions: tuple[Block, ...]) -> tuple[Type, ...]:
    test, body = regions
    carried = tuple(v.type for v in body.results)
    if carried != init or any(len(r.params) != len(init) for r in regions):
        raise VerifyError("a loop must yield what it carries")
    if tuple(v.type for v in test.results) != (Type("bool"),):
        raise VerifyError("the condition of a loop yields one boolean")
    return carried


def _if(pred: Type, *, regions: tuple[Block, ...]) -> tuple[Type, ...]:
    then, otherwise = (tuple(v.type for v in r.results) for r in regions)
    if pred != Type("bool") or then != otherwise or any(r.params for r in regions):
        raise VerifyError("if needs a boolean and two regions yielding the same types")
    return then


def _move(tape: Type, *, slots: int) -> Type:
    if tape != Type("tape"):
        raise VerifyError(f"not a tape: {tape}")
    return Type("index")


def _peek(tape: Type, *indices: Type, dtype: str, offset: int = 0, strides: Any = ()) -> Type:
    return Type(dtype)


def _poke(
    value: Type, tape: Type, *indices: Type, offset: int = 0, strides: Any = ()
) -> tuple[Type, ...]:
    return ()


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


def _load(buffer: Type, *indices: Type, offset: int = 0, strides: tuple[int, ...] = ()) -> Type:
    if not buffer.buffer or len(indices) != len(strides):
        raise VerifyError(f"load needs a buffer and one stride per index, got {buffer}")
    return Type(buffer.dtype)


def _store(
    value: Type, buffer: Type, *indices: Type, offset: int = 0, strides: tuple[int, ...] = ()
) -> tuple[Type, ...]:
    if not buffer.buffer or len(indices) != len(strides) or value.dtype != buffer.dtype:
        raise VerifyError(f"store of {value} into {buffer}")
    return ()


def _gemm(
    out: Type,
    a: Type,
    b: Type,
    *indices: Type,
    sizes: tuple[int, int, int],
    matrices: tuple[tuple[int, int], tuple[int, int]],
    strides: tuple[tuple[int, ...], ...] = ((), (), ()),
) -> tuple[Type, ...]:
    if not (out.buffer and a.buffer and b.buffer) or len({out.dtype, a.dtype, b.dtype}) != 1:
        raise VerifyError(f"gemm of {a} and {b} into {out}")
    if out.dtype not in ("f32", "f64") or any(len(s) != len(indices) for s in strides):
        raise VerifyError("gemm needs floats, and one stride per index and buffer")
    return ()


def _getrf(square: Type, pivots: Type, *, strict: bool = True) -> tuple[Type, ...]:
    n = square.shape[0]
    if not (square.buffer and pivots.buffer) or square.shape != (n, n):
        raise VerifyError(f"getrf of {square}")
    if pivots.shape != (n + 1,) or pivots.dtype != "i32":
        raise VerifyError(f"getrf of {square} with room {pivots}")
    return ()


def _getrs(square: Type, pivots: Type, right: Type, *, transposed: bool) -> tuple[Type, ...]:
    _getrf(square, pivots)
    if not right.buffer or right.shape[1:] != square.shape[1:] or right.dtype != square.dtype:
        raise VerifyError(f"getrs of {square} and {right}")
    return ()


def _potrf(square: Type, flag: Type) -> tuple[Type, ...]:
    n = square.shape[0]
    if not (square.buffer and flag.buffer) or square.shape != (n, n):
        raise VerifyError(f"potrf of {square}")
    if flag.shape != (1,) or flag.dtype != "i32":
        raise VerifyError(f"potrf of {square} with room {flag}")
    return ()


def _host(*buffers: Type, function: str, lead: int) -> tuple[Type, ...]:
    if not all(b.buffer for b in buffers) or buffers[0].dtype != "f64":
        raise VerifyError("host needs buffers: of the result, and of the operands")
    return ()


def _expect(truth: Type, *, status: int) -> tuple[Type, ...]:
    if truth != Type("bool"):
        raise VerifyError(f"expect needs a boolean, got {truth}")
    return ()


def _alloc(*, type: Type, data: Any = None) -> Type:
    return Type(type.dtype, type.shape, buffer=True)


def _check(index: Type, *, size: int) -> Type:
    return index


def _for(*init: Type, regions: tuple[Block, ...], **attrs: Any) -> tuple[Type, ...]:
    (body,) = regions
    carried = tuple(v.type for v in body.results)
    if carried != init or len(body.params) != len(init) + 1:
        raise VerifyError("a loop must yield what it carries")
    return carried


LOAD = register(
    Primitive(
        name="load",
        kind="loop",
        infer=_load,
        doc="The element of a buffer at offset + sum(strides * indices).",
    )
)
STORE = register(
    Primitive(
        name="store",
        kind="loop",
        infer=_store,
        effect=True,
        doc="Write one element of a buffer.",
    )
)
GEMM = register(
    Primitive(
        name="gemm",
        kind="loop",
        infer=_gemm,
        effect=True,
        doc="Write the (m, n) product, in C order, of an (m, k) and a (k, n) matrix; `sizes` is "
        "(m, n, k), `matrices` the (row, column) strides of both factors, `strides` those of the "
        "indices in result and factors.",
    )
)
GETRF = register(
    Primitive(
        name="getrf",
        kind="loop",
        infer=_getrf,
        effect=True,
        doc="Factor a matrix in place, column after column, with room for the row numbers and a "
        "flag, not 0 where the matrix is singular: there the kernel ends with status 3, if strict.",
    )
)
POTRF = register(
    Primitive(
        name="potrf",
        kind="loop",
        infer=_potrf,
        effect=True,
        doc="The Cholesky factor, row after row, in place of the lower triangle of a matrix, with "
        "room for a flag. Where it is not positive definite the kernel ends with status 5.",
    )
)
HOST = register(
    Primitive(
        name="host",
        kind="loop",
        infer=_host,
        effect=True,
        doc="Call a Python function of this process (see `opaque`) on the buffers behind the "
        "first, which gets the result. Where it raises, the kernel ends with status 8.",
    )
)
GETRS = register(
    Primitive(
        name="getrs",
        kind="loop",
        infer=_getrs,
        effect=True,
        doc="Solve for right-hand sides, column after column, in place: with a matrix that was "
        "factored, or with its transpose.",
    )
)
EXPECT = register(
    Primitive(
        name="expect",
        kind="loop",
        infer=_expect,
        effect=True,
        doc="End the kernel with a status unless the operand is true.",
    )
)
ALLOC = register(
    Primitive(
        name="alloc",
        kind="loop",
        infer=_alloc,
        effect=True,
        doc="Uninitialised work memory of a type; with `data` a constant array, not to be written.",
    )
)
CHECK = register(
    Primitive(
        name="check_index",
        kind="loop",
        infer=_check,
        effect=True,
        doc="An index made non-negative as NumPy does; outside [-size, size) the kernel ends "
        "with status 1.",
    )
)
FOR = register(
    Primitive(
        name="for",
        kind="loop",
        infer=_for,
        effect=True,
        doc="for i in range(lower, upper): region(i, carried...) yields carried. kind 'vector' "
        "says that iterations are independent, apart from the carried values, which are combined "
        "by the reductions named in `reduce` ('' in serial loops). kind 'wave': the loop in it is "
        "serial, and up to 16 iterations may go together, each `skew` steps of that loop behind "
        "the last one; what is before it runs in advance, what is after it afterwards. `ahead` "
        "lists (load, store, i, j): what the load with this number in the inner body reads, that "
        "store wrote i and j iterations before, where there are such ones.",
    )
)
REPEAT = register(
    Primitive(
        name="repeat",
        kind="loop",
        infer=_repeat,
        effect=True,
        doc="for i in range(count): region(i, carried...) yields carried; one after the other.",
    )
)
WHILE = register(
    Primitive(
        name="while",
        kind="loop",
        infer=_while,
        effect=True,
        doc="As long as the first region(carried...) is true, the second yields the next carried.",
    )
)
IF = register(
    Primitive(
        name="if",
        kind="loop",
        infer=_if,
        effect=True,
        doc="The first region where the operand is true, else the second; both yield the results.",
    )
)
INVOKE = register(
    Primitive(
        name="invoke",
        kind="loop",
        infer=_invoke,
        effect=True,
        doc="Run the region, a function compiled once however often it is called, on parts of "
        "buffers: its k-th parameter starts at offsets[k] + sum(strides[k] * indices) of the k-th "
        "operand. Closed; what it writes must overlap nothing else it is given.",
    )
)
TAPE_OPEN = register(
    Primitive(
        name="tape_open",
        kind="loop",
        infer=lambda: Type("tape"),
        effect=True,
        doc="An empty growing stack of 8-byte slots, freed when the kernel ends.",
    )
)
TAPE_PUSH = register(
    Primitive(
        name="tape_push",
        kind="loop",
        infer=_move,
        effect=True,
        doc="Room for `slots` more slots; the number of the first. Without memory the kernel ends "
        "with status 2.",
    )
)
TAPE_POP = register(
    Primitive(
        name="tape_pop",
        kind="loop",
        infer=_move,
        effect=True,
        doc="Take `slots` slots off (they stay readable until the next push); the first of them.",
    )
)
TAPE_LOAD = register(
    Primitive(
        name="tape_load",
        kind="loop",
        infer=_peek,
        effect=True,
        doc="The slot at offset + sum(strides * indices), as a `dtype`.",
    )
)
TAPE_STORE = register(
    Primitive(
        name="tape_store",
        kind="loop",
        infer=_poke,
        effect=True,
        doc="Write the slot at offset + sum(strides * indices).",
    )
)
