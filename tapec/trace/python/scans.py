"""Loops over leading axes as functions, with JAX's argument order: `scan` and `map`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tapec.errors import ControlFlowError
from tapec.ir.types import NUMPY_DTYPES
from tapec.lazy import deferred
from tapec.trace.arrays.operands import as_tracer
from tapec.trace.arrays.session import Session, current, running, where
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.python.forms import prepared, standing_for
from tapec.trace.staging.choice import record
from tapec.trace.staging.heap import Heap
from tapec.trace.staging.iterables import kept
from tapec.trace.staging.state import Cells
from tapec.tree import Tree, flatten

if TYPE_CHECKING:
    from tapec.trace.staging import loop
else:
    loop = deferred("tapec.trace.staging.loop")

Function = Callable[..., Any]


def scan(
    f: Function,
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: int | bool = 1,
    checkpoint: int | bool = False,
) -> tuple[Any, Any]:
    """``carry, y = f(carry, x)`` for every x of the leading axis of `xs`: last carry and all y.

    `xs` is nested arrays with one leading axis in common, or None with `length`; the results y are
    stacked along a new leading axis, and the carry keeps its structure, shapes and dtypes
    (ControlFlowError otherwise). `reverse` goes from the last x to the first. `unroll=True` (or at
    least the length) makes a copy of the body for every element. With `checkpoint=c` the reverse
    sweep keeps at most c carries and computes the others again (`True`: about the square root of
    the length; Griewank and Walther, ACM TOMS 26, 2000).

    >>> f = tapec.compile(lambda xs: tapec.scan(lambda c, x: (c + x, c * x), 0.0, xs))
    >>> total, products = f(np.array([1.0, 2.0, 3.0]))
    >>> float(total), products
    (6.0, array([0., 2., 9.]))
    """
    leaves, tree = flatten(xs)
    length = _length(leaves, length)
    session = current()
    if session is None and not length:
        return _never_run(f, init, xs)
    if session is None or unroll >= length > 0 or (unroll is True and length):
        return _unrolled(prepared(f, session), init, leaves, tree, length, reverse)
    body = prepared(f, session)
    state = Cells(init=init)
    trees: list[Tree] = []

    def work(_: Any, slices: list[Tracer]) -> list[Any]:
        pair = body(state.values[0], tree.unflatten(slices))
        carry, y = _pair(pair)
        state.set((carry,))
        made, y_tree = flatten(y)
        trees[:] = [y_tree]
        return made

    staged = loop.StagedLoop(
        session,
        Heap(state),
        standing_for(f, work),
        length,
        slices=[as_tracer(x) for x in leaves],
        reverse=reverse,
        checkpoint=kept(checkpoint, length),
        strict=True,
    )
    ys = staged.emit()
    record(session, "loop", length, "scan")
    return state.values[0], trees[0].unflatten(ys)


def _pair(result: Any) -> tuple[Any, Any]:
    if not isinstance(result, tuple) or len(result) != 2:
        raise ControlFlowError(
            "the function of a scan must return a pair (carry, y)",
            where=where(),
            hint="return carry, None where nothing is to be stacked",
        )
    return result


def _length(leaves: Sequence[Any], length: int | None) -> int:
    """The common length of the leading axes."""
    found = {np.shape(x)[:1] for x in leaves} | ({(int(length),)} if length is not None else set())
    if len(found) != 1 or found == {()}:
        listed = ", ".join(str(np.shape(x)) for x in leaves)
        raise ControlFlowError(
            f"scan needs leading axes of one length: shapes ({listed}), length {length}",
            where=where(),
            hint="give xs with one common leading axis, or length=",
        )
    ((size,),) = found
    if size < 0:
        raise ControlFlowError(f"scan has the length {size}", where=where(),
                               hint="give a length of at least 0")  # fmt: skip
    return size


def _never_run(f: Function, init: Any, xs: Any) -> tuple[Any, Any]:
    """A scan of no elements of plain values: tracing it shows what would be stacked."""
    with running(Session()):
        _, ys = scan(f, init, xs, 0)
        leaves, tree = flatten(ys)
        empty = [np.empty(y.shape, NUMPY_DTYPES[y._dtype]) for y in leaves]
    return init, tree.unflatten(empty)


def _unrolled(
    f: Function, carry: Any, leaves: Sequence[Any], tree: Tree, length: int, reverse: bool
) -> tuple[Any, Any]:
    rows: list[list[Any]] = []
    y_tree = flatten(None)[1]
    order = range(length)
    for i in reversed(order) if reverse else order:
        carry, y = _pair(f(carry, tree.unflatten([x[i] for x in leaves])))
        row, y_tree = flatten(y)
        rows.append(row)
    if reverse:
        rows.reverse()
    stack: Any = np.stack if current() is None else prepared(np.stack, current())
    return carry, y_tree.unflatten([stack(column) for column in zip(*rows, strict=True)])


def map_(f: Function, xs: Any) -> Any:
    """``f(x)`` for every x of the leading axis of `xs`, one after the other, stacked.

    `xs` and the results may be nested. It takes less memory than `tapec.vmap`, and is slower where
    the elements are small. Raises ControlFlowError where the leading axes differ.

    >>> tapec.map(lambda x: np.sum(x**2), np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([ 5., 25.])
    """
    session = current()
    function = prepared(f, session)
    return scan(lambda carry, x: (carry, function(x)), None, xs)[1]
