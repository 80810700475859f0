"""Scans along an axis: running sums and extremes, linear recurrences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.errors import ShapeError
from tapec.ir.build import Expr
from tapec.ir.incidence import along
from tapec.ir.ops.rules import as_mask, quiet
from tapec.ir.ops.shape import (
    Array,
    Flags,
    Tangents,
    array,
    call,
    check_axis,
    lift_all,
    listed,
    splat,
)
from tapec.ir.ops.unread import strong_recurrence
from tapec.ir.places import full_range
from tapec.ir.primitive import Primitive, linear, structured
from tapec.ir.series import Coefficients, Formula, Recurrence, Term, plus, products
from tapec.ir.types import Type


def batch_axis(name: str) -> Callable[..., Expr]:
    """The batching rule of what works along one axis."""

    def batch(xs: tuple[Expr, ...], batched: Flags, size: int, *, axis: int, **attrs: Any) -> Expr:
        return call(name, *lift_all(xs, batched, size), axis=axis + 1, **attrs)

    return batch


def shifted(x: Expr, axis: int, reverse: bool) -> Expr:
    """Element i-1 at place i (i+1 if `reverse`), zero at the open end."""
    n = x.shape[axis]
    if n == 0:
        return x
    head, tail = list(full_range(x.shape)), list(full_range(x.shape))
    head[axis], tail[axis] = (0, n - 1, 1), (min(1, n - 1), n - 1, 1)
    source, target = (tail, head) if reverse else (head, tail)
    part = call("index", x, at=tuple(source))
    return call("place", part, at=(tuple(target),), shape=x.shape)


def _infer_cumsum(x: Type, *, axis: int, reverse: bool) -> Type:
    check_axis(axis, x.ndim, f"cumsum of {x}")
    return x


def _cumsum(x: Array, *, axis: int, reverse: bool) -> Array:
    if reverse:
        return np.flip(np.cumsum(np.flip(x, axis), axis=axis, dtype=x.dtype), axis)
    return np.cumsum(x, axis=axis, dtype=x.dtype)


CUMSUM = linear(
    "cumsum",
    _infer_cumsum,
    quiet(_cumsum),
    (lambda k, ct, x, *, axis, reverse: call("cumsum", ct, axis=axis, reverse=not reverse),),
    batch=batch_axis("cumsum"),
    sparsity=along,
    rounds=True,
    lower="own loops",
    doc="Running sum along an axis, from the end if `reverse`.",
)


def _infer_recurrence(a: Type, b: Type, *, axis: int, reverse: bool) -> Type:
    if a != b:
        raise ShapeError(f"recurrence: a and b must have one type, not {listed(a, b)}")
    check_axis(axis, a.ndim, f"recurrence of {a}")
    return a


def _recurrence(a: Array, b: Array, *, axis: int, reverse: bool) -> Array:
    out = np.array(b)
    rows, factors = np.moveaxis(out, axis, 0), np.moveaxis(np.asarray(a), axis, 0)
    if reverse:
        rows, factors = rows[::-1], factors[::-1]
    for i in range(1, len(rows)):
        rows[i] += factors[i] * rows[i - 1]
    return out


def _jvp_recurrence(
    operands: tuple[Expr, ...], tangents: Tangents, result: Expr, *, axis: int, reverse: bool
) -> Expr | None:
    """ds_i = a_i ds_{i-1} + (da_i s_{i-1} + db_i)."""
    (a, _), (da, db) = operands, tangents
    if da is None and db is None:
        return None
    source = db if da is None else da * shifted(result, axis, reverse)
    if da is not None and db is not None:
        source = source + db
    return call("recurrence", a, source, axis=axis, reverse=reverse)


def _vjp_recurrence(
    ct: Expr, result: Expr, operands: tuple[Expr, ...], *, axis: int, reverse: bool
) -> tuple[Expr | None, ...]:
    """The adjoint runs the other way: u_i = ct_i + a_{i+1} u_{i+1}; b gets u, a gets u s_{i-1}."""
    coefficients = shifted(operands[0], axis, not reverse)
    u = call("recurrence", coefficients, ct, axis=axis, reverse=not reverse)
    return u * shifted(result, axis, reverse), u


def _strong_jvp_recurrence(
    operands: tuple[Expr, ...], tangents: Tangents, result: Expr, *, axis: int, reverse: bool
) -> Expr | None:
    (a, _), (da, db) = operands, tangents
    if da is None and db is None:
        return None
    moved = None if da is None else call("strong_mul", da, shifted(result, axis, reverse))
    source = db if moved is None else moved if db is None else moved + db
    assert source is not None
    return _after(a, source, axis, reverse)


def _strong_vjp_recurrence(
    ct: Expr, result: Expr, operands: tuple[Expr, ...], *, axis: int, reverse: bool
) -> tuple[Expr | None, ...]:
    u = _after(shifted(operands[0], axis, not reverse), ct, axis, not reverse)
    return call("strong_mul", u, shifted(result, axis, reverse)), u


def _after(a: Expr, b: Expr, axis: int, reverse: bool) -> Expr:
    return strong_recurrence(a, b, shifted(b, axis, reverse), axis=axis, reverse=reverse)


def _recurrence_terms(
    k: int, y: Coefficients, a: Coefficients, b: Coefficients, *, axis: int, reverse: bool
) -> Term:
    """Of s_i = a_i s_(i-1) + b_i: what lower coefficients of s give is added to b[k]."""
    moving = products(a.__getitem__, lambda j: _shifted_term(y, j, axis, reverse), k, 1, k)
    source = plus(b[k], moving)
    return None if source is None else call("recurrence", a[0], source, axis=axis, reverse=reverse)


def _shifted_term(y: Coefficients, j: int, axis: int, reverse: bool) -> Term:
    if j not in y.kept:
        term = y[j]
        y.kept[j] = None if term is None else shifted(term, axis, reverse)
    found: Term = y.kept[j]
    return found


RECURRENCE = structured(
    "recurrence",
    _infer_recurrence,
    quiet(_recurrence),
    jvp=_jvp_recurrence,
    vjp=_vjp_recurrence,
    strong={"jvp": _strong_jvp_recurrence, "vjp": _strong_vjp_recurrence},
    batch=batch_axis("recurrence"),
    taylor=Recurrence(_recurrence_terms, alone=(1,)),
    sparsity=along,
    cost=2,
    lower="own loops",
    doc="s_i = a_i s_{i-1} + b_i along an axis, s_{-1} = 0; from the end if `reverse`.",
)


def _infer_running(x: Type, *, axis: int) -> Type:
    check_axis(axis, x.ndim, f"running extreme of {x}")
    return x


def _shares(x: Expr, y: Expr, axis: int, better: str) -> tuple[Expr, Expr]:
    """How much of the derivative of y_i goes to y_(i-1), and to x_i; ties share it evenly."""
    before = shifted(y, axis, False)
    tie = 0.5 * as_mask(before.equals(x), x)
    old = as_mask(call(better, before, x), x) + tie
    new = as_mask(call(better, x, before), x) + tie
    place = np.arange(x.shape[axis]).reshape([-1 if k == axis else 1 for k in range(len(x.shape))])
    first = array(x, np.broadcast_to(place == 0, x.shape))
    return old, call("select", first, splat(x, 1, x.shape), new)


def _doubling(better: str) -> Callable[..., Expr]:
    """A running extreme by extremes of two: over 1, 2, 4, ... elements."""
    pair, least = ("maximum", -np.inf) if better == "greater" else ("minimum", np.inf)

    def expression(x: Expr, *, axis: int) -> Expr:
        reach, n = 1, x.shape[axis]
        while reach < n:
            front = splat(x, least, _resized(x.shape, axis, reach))
            at = list(full_range(x.shape))
            at[axis] = (0, n - reach, 1)
            before = call("concatenate", front, call("index", x, at=tuple(at)), axis=axis)
            x, reach = call(pair, x, before), 2 * reach
        return x

    return expression


def _resized(shape: tuple[int, ...], axis: int, n: int) -> tuple[int, ...]:
    return (*shape[:axis], n, *shape[axis + 1 :])


def _running(name: str, evaluate: Callable[..., Any], better: str, doc: str) -> Primitive:
    """A running extreme: its tangent and its adjoint are recurrences."""

    def jvp(
        operands: tuple[Expr, ...], tangents: Tangents, result: Expr, *, axis: int
    ) -> Expr | None:
        (x,), (t,) = operands, tangents
        if t is None:
            return None
        old, new = _shares(x, result, axis, better)
        return call("recurrence", old, new * t, axis=axis, reverse=False)

    def vjp(
        ct: Expr, result: Expr, operands: tuple[Expr, ...], *, axis: int
    ) -> tuple[Expr | None, ...]:
        (x,) = operands
        old, new = _shares(x, result, axis, better)
        passed = shifted(old, axis, True)
        return (new * call("recurrence", passed, ct, axis=axis, reverse=True),)

    return structured(
        name,
        _infer_running,
        lambda x, *, axis: np.asarray(evaluate(x, axis=axis)),
        jvp=jvp,
        vjp=vjp,
        batch=batch_axis(name),
        taylor=Formula(_doubling(better)),
        sparsity=along,
        rounds=False,
        lower="own loops",
        kinks="where an element ties with the extreme before it: the derivative is shared evenly",
        analytic=False,
        bounded=True,
        cost=2,
        doc=doc,
    )


CUMMAX = _running(
    "cummax", np.maximum.accumulate, "greater", "Largest element so far; NaN from the first on."
)
CUMMIN = _running(
    "cummin", np.minimum.accumulate, "less", "Smallest element so far; NaN from the first on."
)
