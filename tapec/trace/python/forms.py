"""Control flow as functions, with JAX's argument order: `cond`, `switch`, `while_loop`,
`fori_loop`, `scan`, `map`.

Inside traced code they become ops of the program; on plain values they run as plain loops. What
they carry may be nested in any way, and the functions may use any variables around them.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tapec.errors import ControlFlowError, DTypeError
from tapec.ir.types import NUMPY_DTYPES
from tapec.trace.arrays.operands import as_tracer, operand
from tapec.trace.arrays.session import Session, current, running, where
from tapec.trace.arrays.tracer import Tracer, is_symbolic, wrap
from tapec.trace.python.clone import Globals
from tapec.trace.python.prepare import prepare
from tapec.trace.source.state import UNDEFINED
from tapec.trace.staging.branch import branch
from tapec.trace.staging.choice import record
from tapec.trace.staging.for_loop import run_for
from tapec.trace.staging.heap import Heap
from tapec.trace.staging.iterables import DynamicRange, Forced, kept
from tapec.trace.staging.loop import StagedLoop
from tapec.trace.staging.state import Cells
from tapec.trace.staging.values import Poison, truth
from tapec.tree import Tree, flatten

Function = Callable[..., Any]


def _prepared(f: Function, session: Session | None) -> Function:
    """The traced stand-in of a function that comes from outside the traced code."""
    if session is None or type(getattr(f, "__globals__", None)) is Globals:
        return f
    made: Function = prepare(f, session)
    return made


def cond(pred: Any, true_fun: Function, false_fun: Function, *operands: Any) -> Any:
    """``true_fun(*operands) if pred else false_fun(*operands)``."""
    session = current()
    if session is None or not is_symbolic(pred):
        return _prepared(true_fun if pred else false_fun, session)(*operands)
    made = _branched(session, truth(session, pred), [true_fun, false_fun], operands, "cond")
    return made


def switch(index: Any, branches: Sequence[Function], *operands: Any) -> Any:
    """``branches[index](*operands)``; an index outside of them means the first or last one."""
    session = current()
    if not branches:
        raise ControlFlowError("switch has no branches", where=where(), hint="give at least one")
    if np.ndim(index) or np.dtype(getattr(index, "dtype", type(index))).kind == "f":
        raise DTypeError("the index of a switch must be an integer", where=where(),
                         hint="convert it: index.astype(int)")  # fmt: skip
    if session is None or not is_symbolic(index) or len(branches) == 1:
        number = 0 if is_symbolic(index) else int(index)
        branch_taken = branches[min(max(number, 0), len(branches) - 1)]
        return _prepared(branch_taken, session)(*operands)
    return _branched(session, operand(session, index, "i64"), branches, operands, "switch")


def _branched(
    session: Session, test: Any, functions: Sequence[Function], operands: Any, name: str
) -> Any:
    state = Cells(result=UNDEFINED)
    works = [
        _from(f, lambda f=f: state.set((_prepared(f, session)(*operands),))) for f in functions
    ]
    branch(test, works, state, name, name)
    record(session, "branch")
    (result,) = state.values
    for leaf in flatten(result)[0]:
        if isinstance(leaf, Poison):
            leaf._fail()
    return result


def _from(source: Function, work: Any) -> Any:
    """A piece of our code that says whose function it runs, for errors."""
    work.source = source
    return work


def while_loop(cond_fun: Function, body_fun: Function, init_val: Any) -> Any:
    """``val = init_val; while cond_fun(val): val = body_fun(val)``."""
    session = current()
    if session is None:
        while cond_fun(init_val):
            init_val = body_fun(init_val)
        return init_val
    test, body = _prepared(cond_fun, session), _prepared(body_fun, session)
    state = Cells(init_val=init_val)

    def work(_: Any, slices: list[Tracer]) -> None:
        state.set((body(state.values[0]),))

    StagedLoop(
        session,
        Heap(state),
        _from(body_fun, work),
        test=lambda: test(state.values[0]),
        strict=True,
    ).emit()
    record(session, "loop", None, "while_loop")
    return state.values[0]


def fori_loop(
    lower: Any, upper: Any, body_fun: Function, init_val: Any, *, unroll: bool = False
) -> Any:
    """``for i in range(lower, upper): val = body_fun(i, val)``; the bounds may be traced.

    With `unroll` the loop is copied out where its bounds are known while tracing.
    """
    session = current()
    if session is None:
        for i in range(lower, upper):
            init_val = body_fun(i, init_val)
        return init_val
    body = _prepared(body_fun, session)
    state = Cells(init_val=init_val)
    bounds = [_without_value(session, x) for x in (lower, upper)]
    items = DynamicRange(*bounds) if any(map(is_symbolic, bounds)) else range(*map(_index, bounds))
    rolled = not unroll or isinstance(items, DynamicRange)
    run_for(Forced(items, rolled), lambda i: state.set((body(i, state.values[0]),)), state, None,
            strict=True)  # fmt: skip
    return state.values[0]


def _index(x: Any) -> int:
    number: int = operator.index(x.item() if isinstance(x, Tracer) else x)
    return number


def _without_value(session: Session, x: Any) -> Any:
    """A Python integer argument as a traced one: its value need not be known while tracing."""
    return wrap(session, x._value(session), True) if is_symbolic(x) and x._deps else x


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

    `unroll=True` (or at least the length) makes a copy of the body for every element. With
    `checkpoint=c` the reverse sweep keeps at most c carries and computes the others again
    (`True`: about the square root of the length).
    """
    leaves, tree = flatten(xs)
    length = _length(leaves, length)
    session = current()
    if session is None and not length:
        return _never_run(f, init, xs)
    if session is None or unroll >= length > 0 or (unroll is True and length):
        return _unrolled(_prepared(f, session), init, leaves, tree, length, reverse)
    body = _prepared(f, session)
    state = Cells(init=init)
    trees: list[Tree] = []

    def work(_: Any, slices: list[Tracer]) -> list[Any]:
        pair = body(state.values[0], tree.unflatten(slices))
        carry, y = _pair(pair)
        state.set((carry,))
        made, y_tree = flatten(y)
        trees[:] = [y_tree]
        return made

    loop = StagedLoop(
        session,
        Heap(state),
        _from(f, work),
        length,
        slices=[as_tracer(x) for x in leaves],
        reverse=reverse,
        checkpoint=kept(checkpoint, length),
        strict=True,
    )
    ys = loop.emit()
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
    stack: Any = np.stack if current() is None else prepare(np.stack, _session())
    return carry, y_tree.unflatten([stack(column) for column in zip(*rows, strict=True)])


def _session() -> Session:
    session = current()
    assert session is not None
    return session


def map_(f: Function, xs: Any) -> Any:
    """``f(x)`` for every x of the leading axis of `xs`, stacked."""
    session = current()
    function = _prepared(f, session)
    return scan(lambda carry, x: (carry, function(x)), None, xs)[1]
