"""Large products of matrices: which of them can be one call of a BLAS, and the op that says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tapec.ir.affine import ZERO, Index, contiguous
from tapec.ir.core import Block, Dense, Func, Op, Value
from tapec.lower.memory import Memory

if TYPE_CHECKING:
    from tapec.lower.nests import Nests

FLOPS = 200_000  # operations of one product from which a call is worth its overhead
_LONGEST = 2**31  # sizes and strides are 32-bit integers there

Layout = tuple[Value, tuple[int, ...]]  # what has the memory, the stride of every axis in it
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
    """Views of whole arrays are strides into what they view."""
    op = source.get(value)
    own = (value, contiguous(value.type.shape))
    if op is None or op.name not in ("transpose", "reshape", "stop_gradient"):
        return own
    (x,) = op.operands
    base, strides = layout(x, source)
    if op.name == "transpose":
        return base, tuple(strides[k] for k in op.attrs["perm"])
    if op.name == "stop_gradient":
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
    if op.name != "dot" or len(pairs) != 1 or op.result.type.dtype not in ("f32", "f64"):
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
    if 2 * m * n * k < FLOPS or m == n == 1 or k == 1 or max(sizes) >= _LONGEST:
        return False
    dense_a, dense_b = _dense(m, k, row_a, col_a), _dense(k, n, row_b, col_b)
    return (dense_a or m == 1) and (dense_b or n == 1)


def _dense(rows: int, columns: int, row: int, column: int) -> bool:
    return (column == 1 and row >= columns) or (row == 1 and column >= rows)


def operands_in_memory(blocks: Iterable[Block | Func]) -> set[Value] | None:
    """What calls will read and must be given memory; None without large products."""
    read: set[Value] = set()
    large = False
    for block in blocks:
        source = {r: op for op in block.ops for r in op.results}
        found = [p for op in block.ops if op.name == "dot" and (p := products_of(op, source))]
        large = large or bool(found)
        read |= {v for p in found for v in p.operands if v in source and source[v].name != "const"}
    return read if large else None


def matrix_product(n: Nests, op: Op, buffer: Memory) -> bool:
    """Emit the product as calls; False where loops must do it."""
    product = products_of(op, n.source)
    if product is None:
        return False
    for v in product.operands:
        if v not in n.memory and not _constant(n, v):
            return False
    memories = (buffer, *(n.memory[v] for v in product.operands))
    rows, columns, _ = product.sizes
    steps = contiguous((*product.shape, rows * columns))[:-1]

    def leaf(at: Index) -> None:
        kept = [j for j, extent in enumerate(product.shape) if extent > 1]
        moves = [
            m.base + sum((at[j].times(s[j]) for j in kept), ZERO)
            for m, s in zip(memories, (steps, *product.batch), strict=True)
        ]
        one = [n.build.const(1, "index")] if any(m.const for m in moves) else []
        order = list(dict.fromkeys(v for m in moves for v, _ in m.terms))
        factors = [dict(m.terms) for m in moves]
        strides = tuple(
            (*(f.get(v, 0) for v in order), *(m.const for _ in one))
            for f, m in zip(factors, moves, strict=True)
        )
        out, a, b = (m.buffer for m in memories)
        n.build.gemm((out, a, b), [*order, *one], product.sizes, product.matrices, strides)

    n.loops(product.shape, "serial", leaf)
    return True


def _constant(n: Nests, value: Value) -> bool:
    """Memory for constant data."""
    op = n.source.get(value)
    if op is None or op.name != "const" or not isinstance(op.attrs["value"], Dense):
        return False
    n.memory[value] = n.dense(op)
    return True
