"""Elements whose derivatives are all zero: rules that mix elements read them as harmless numbers.

In a product of a derivative and an infinite or NaN element, a derivative of zero counts as told in
`tapec.ad.finite`. Rules that multiply whole arrays cannot test each product: what meets nothing but
zeros is replaced before, if it is not finite: a derivative that is zero at one point need not be so
beside it, and its own derivative meets the finite elements.
"""

from __future__ import annotations

import numpy as np

from tapec.ir.build import Expr
from tapec.ir.ops.matrices import eye, for_each, per_column, per_matrix
from tapec.ir.ops.shape import broadcasted, call, reshaped, splat, transposed, zeros

Pairs = tuple[tuple[int, int], ...]


def read(derivative: Expr) -> Expr:
    """Where a derivative is not zero."""
    return call("not_equal", derivative, splat(derivative, 0, derivative.shape))


def _kept(mask: Expr, x: Expr) -> Expr:
    """x, with 0 for elements that are neither in the mask nor finite."""
    return call("select", call("logical_or", mask, call("isfinite", x)), x, zeros(x))


def strong_product(a: Expr, b: Expr, *, contract: Pairs, batch: Pairs = ()) -> Expr:
    """A `dot` in which infinite elements of an operand that meet only zeros of the other are 0."""
    pairs = (*contract, *batch)
    left = _met(a, b, {i: j for i, j in pairs})
    right = _met(b, a, {j: i for i, j in pairs})
    return call("dot", left, right, contract=contract, batch=batch)


def _met(x: Expr, other: Expr, axes: dict[int, int]) -> Expr:
    """x, with 0 for infinite elements that meet only zeros; `axes`: which axes of both are one."""
    meets, free = read(other), [k for k in range(len(other.shape)) if k not in axes.values()]
    if free:
        meets = call("reduce_any", meets, axes=tuple(free))
    left = sorted(axes.values())
    meets = transposed(meets, [left.index(axes[k]) for k in sorted(axes)])
    meets = reshaped(meets, tuple(n if k in axes else 1 for k, n in enumerate(x.shape)))
    return _kept(broadcasted(meets, x.shape), x)


def strong_recurrence(a: Expr, b: Expr, shifted: Expr, *, axis: int, reverse: bool) -> Expr:
    """A `recurrence`, its infinite factors 0 until something is there; `shifted`: b, one later."""
    mask = call("convert", read(shifted), dtype=a.dtype)
    begun = call("cumsum", mask, axis=axis, reverse=reverse)
    factors = _kept(read(begun), a)
    return call("recurrence", factors, b, axis=axis, reverse=reverse)


def read_columns(derivative: Expr, factors: Expr) -> Expr:
    """Factors of columns of matrices, 0 for infinite ones whose column's derivative is zero."""
    mask = call("reduce_any", read(derivative), axes=(len(derivative.shape) - 2,))
    return _kept(per_column(mask, factors.shape[-2]), factors)


def read_stack(derivative: Expr, factors: Expr) -> Expr:
    """Factors of elements of matrices, 0 for infinite ones whose matrix's derivative is zero."""
    last = len(derivative.shape)
    mask = call("reduce_any", read(derivative), axes=(last - 2, last - 1))
    return _kept(per_matrix(mask, factors.shape), factors)


def usable(a: Expr, *, triangle: bool = False) -> Expr:
    """Which matrices are finite, and which triangles have an inverse too."""
    good = call("isfinite", a)
    if triangle:
        diagonal = for_each(good, np.eye(a.shape[-1], dtype=bool))
        missing = call("logical_and", diagonal, call("equal", a, zeros(a)))
        good = call("logical_and", good, call("logical_not", missing))
    last = len(a.shape)
    return call("reduce_all", good, axes=(last - 2, last - 1))


def strong_matrices(good: Expr, a: Expr, *derivatives: Expr) -> tuple[Expr, ...]:
    """Square matrices, and derivatives that their inverses are multiplied with.

    Where a matrix is not good and its derivatives are all zero, identities and zeros stand for
    them: nothing passes there, in derivatives of these either.
    """
    kept = good
    for d in derivatives:
        rank, mask = len(a.shape) - 2, read(d)
        if len(d.shape) > rank:
            mask = call("reduce_any", mask, axes=tuple(range(rank, len(d.shape))))
        kept = call("logical_or", kept, mask)
    chosen = ((a, eye(a)), *((d, zeros(d)) for d in derivatives))
    return tuple(call("select", _wide(kept, x), x, other) for x, other in chosen)


def _wide(mask: Expr, x: Expr) -> Expr:
    return mask if len(mask.shape) == len(x.shape) else per_matrix(mask, x.shape)
