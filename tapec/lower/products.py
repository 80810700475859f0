"""Large matrix products that one BLAS call can compute, as `product` ops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tapec.ir.affine import contiguous
from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.ops import logic
from tapec.ir.ops.const import is_const
from tapec.ir.ops.linalg import DOT
from tapec.ir.ops.nest import PRODUCT
from tapec.ir.ops.shape import RESHAPE, TRANSPOSE
from tapec.lower.packing import packed
from tapec.lower.regions import all_blocks, each_block
from tapec.lower.tuning import CALL_FLOPS

_LONGEST = 2**31  # sizes and strides are 32-bit integers there

Layout = tuple[Value, tuple[int, ...]]  # the value with the memory, the stride of every axis
Source = Mapping[Value, Op]


@dataclass(frozen=True)
class Product:
    """(m, k) @ (k, n) for every place of the batch: (strides of rows, columns) per operand."""

    sizes: tuple[int, int, int]
    operands: tuple[Value, Value]
    matrices: tuple[tuple[int, int], tuple[int, int]]
    shape: tuple[int, ...]  # of the batch
    batch: tuple[tuple[int, ...], tuple[int, ...]]


def layout(value: Value, source: Source) -> Layout:
    """The strides of a view of a full array in the memory of its base."""
    op = source.get(value)
    own = (value, contiguous(value.type.shape))
    if op is None or op.primitive not in (TRANSPOSE, RESHAPE, logic.stop_gradient):
        return own
    (x,) = op.operands
    base, strides = layout(x, source)
    if op.primitive is TRANSPOSE:
        return base, tuple(strides[k] for k in op.attrs["perm"])
    if op.primitive is logic.stop_gradient:
        return base, strides
    return (base, own[1]) if strides == contiguous(x.type.shape) else own


def merged(sizes: Sequence[int], strides: Sequence[int]) -> tuple[int, int] | None:
    """(size, stride) of several axes as one, None where no single stride does."""
    size, step = 1, 1
    for n, stride in reversed(list(zip(sizes, strides, strict=True))):
        if n == 1:
            continue
        if size > 1 and stride != size * step:
            return None
        size, step = size * n, step if size > 1 else stride
    return size, step


def products_of(op: Op, source: Source) -> Product | None:
    """The large matrix products that a `dot` is, None where it is something else."""
    pairs, batch = op.attrs["contract"], op.attrs["batch"]
    if len(pairs) != 1 or op.result.type.dtype not in ("f32", "f64"):
        return None
    found = [layout(v, source) for v in op.operands]
    free = []
    for side, v in enumerate(op.operands):
        used = {pair[side] for pair in (*pairs, *batch)}
        axes = [k for k in range(v.type.ndim) if k not in used]
        free.append(merged([v.type.shape[k] for k in axes], [found[side][1][k] for k in axes]))
    rows, columns = free
    if rows is None or columns is None:
        return None
    shapes = [v.type.shape for v in op.operands]
    inner = shapes[0][pairs[0][0]]
    a, b = ((found[s][1][pairs[0][s]], f[1]) for s, f in enumerate((rows, columns)))
    result = Product(
        (rows[0], columns[0], inner),
        (found[0][0], found[1][0]),
        ((a[1], a[0]), b),
        tuple(shapes[0][i] for i, _ in batch),
        (tuple(found[0][1][i] for i, _ in batch), tuple(found[1][1][j] for _, j in batch)),
    )
    return result if _callable(result) else None


def _callable(p: Product) -> bool:
    """Large enough, and both matrices dense along one of their axes."""
    m, n, k = p.sizes
    (row_a, col_a), (row_b, col_b) = p.matrices
    sizes = (*p.sizes, *p.matrices[0], *p.matrices[1])
    if 2 * m * n * k < CALL_FLOPS or m == n == 1 or k == 1 or max(sizes) >= _LONGEST:
        return False
    dense_a, dense_b = _dense(m, k, row_a, col_a), _dense(k, n, row_b, col_b)
    return (dense_a or m == 1) and (dense_b or n == 1)


def _dense(rows: int, columns: int, row: int, column: int) -> bool:
    return (column == 1 and row >= columns) or (row == 1 and column >= rows)


def call_products(func: Func) -> Func:
    """The program with `product` for the `dot`s that one call of a BLAS can do."""
    return each_block(func, lambda block, inside: _with_calls(block))


def _with_calls(block: Block) -> Block:
    dots = [op for op in block.ops if op.primitive is DOT]
    source = {r: op for op in block.ops for r in op.results} if dots else {}
    found = {op: calls for op in dots if (calls := _calls(op, source))}
    ops = (new for op in block.ops for new in found.get(op, (op,)))
    return replace(block, ops=tuple(ops)) if found else block


def _calls(op: Op, source: Source) -> Sequence[Op]:
    """The ops that compute a large product by a call; none where it is something else."""
    if products_of(op, source):
        return [_called(op)]
    ops = packed(op)
    inner = {**source, **{new.result: new for new in ops}}
    dots = {new for new in ops if new.primitive is DOT and products_of(new, inner)}
    return [_called(new) if new in dots else new for new in ops] if dots else ()


def _called(op: Op) -> Op:
    return Op(PRODUCT, op.operands, op.attrs, op.results, (), op.loc)


def read_by_calls(func: Func) -> set[Value]:
    """The values that calls read, through views of full arrays, and that need memory."""
    found: set[Value] = set()
    for block in all_blocks(func):
        calls = [op for op in block.ops if op.primitive is PRODUCT]
        source = {r: op for op in block.ops for r in op.results} if calls else {}
        products = (products_of(op, source) for op in calls)
        read = (v for p in products if p is not None for v in p.operands)
        found.update(v for v in read if v in source and not is_const(source[v]))
    return found
