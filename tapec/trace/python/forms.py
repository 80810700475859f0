"""Control flow as functions, with JAX's argument order: `cond`, `switch`, `while_loop`,
`fori_loop`, `scan`, `map`.

Inside traced code they become ops of the program; on plain values they run as plain loops. What
they carry may be nested in any way, and the functions may use any variables around them.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tapec.errors import ControlFlowError, DTypeError
from tapec.lazy import deferred
from tapec.trace.arrays.operands import operand
from tapec.trace.arrays.session import Session, current, where
from tapec.trace.arrays.tracer import Tracer, is_symbolic, wrap
from tapec.trace.python.namespaces import Globals
from tapec.trace.python.prepare import prepare
from tapec.trace.source.state import UNDEFINED
from tapec.trace.staging.choice import record
from tapec.trace.staging.heap import Heap
from tapec.trace.staging.iterables import DynamicRange, Forced
from tapec.trace.staging.state import Cells
from tapec.trace.staging.values import Poison, truth
from tapec.tree import flatten

if TYPE_CHECKING:
    from tapec.trace.staging import branch, for_loop, loop
else:
    branch = deferred("tapec.trace.staging.branch")
    for_loop = deferred("tapec.trace.staging.for_loop")
    loop = deferred("tapec.trace.staging.loop")

Function = Callable[..., Any]


def prepared(f: Function, session: Session | None) -> Function:
    """The traced stand-in of a function that comes from outside the traced code."""
    if session is None or type(getattr(f, "__globals__", None)) is Globals:
        return f
    made: Function = prepare(f, session)
    return made


def cond(pred: Any, true_fun: Function, false_fun: Function, *operands: Any) -> Any:
    """``true_fun(*operands) if pred else false_fun(*operands)``, for a traced boolean.

    Both functions take the operands, nested in any way, and return the same structure, shapes and
    dtypes; ControlFlowError otherwise. Derivatives go through the one that runs. Where `pred` is
    known while tracing, or outside of traced code, it is plain Python.

    >>> f = tapec.compile(lambda x: tapec.cond(x > 0.0, np.sqrt, lambda x: 0.0 * x, x))
    >>> float(f(4.0)), float(tapec.grad(f)(-1.0))
    (2.0, 0.0)
    """
    session = current()
    if session is None or not is_symbolic(pred):
        return prepared(true_fun if pred else false_fun, session)(*operands)
    made = _branched(session, truth(session, pred), [true_fun, false_fun], operands, "cond")
    return made


def switch(index: Any, branches: Sequence[Function], *operands: Any) -> Any:
    """``branches[index](*operands)``; an index outside of them means the first or last one.

    `index` is a traced integer; the functions take the same operands and return the same structure,
    shapes and dtypes. Raises ControlFlowError where they do not, or where there is none, and
    DTypeError for an index that is no integer.

    >>> f = tapec.compile(lambda k, x: tapec.switch(k, [np.sin, np.cos, np.exp], x))
    >>> float(f(np.int64(1), 0.0)), float(f(np.int64(7), 0.0))
    (1.0, 1.0)
    """
    session = current()
    if not branches:
        raise ControlFlowError("switch has no branches", where=where(), hint="give at least one")
    if np.ndim(index) or np.dtype(getattr(index, "dtype", type(index))).kind == "f":
        raise DTypeError("the index of a switch must be an integer", where=where(),
                         hint="convert it: index.astype(int)")  # fmt: skip
    if session is None or not is_symbolic(index) or len(branches) == 1:
        number = 0 if is_symbolic(index) else int(index)
        branch_taken = branches[min(max(number, 0), len(branches) - 1)]
        return prepared(branch_taken, session)(*operands)
    return _branched(session, operand(session, index, "i64"), branches, operands, "switch")


def _branched(
    session: Session, test: Any, functions: Sequence[Function], operands: Any, name: str
) -> Any:
    state = Cells(result=UNDEFINED)
    works = [
        standing_for(f, lambda f=f: state.set((prepared(f, session)(*operands),)))
        for f in functions
    ]
    branch.branch(test, works, state, name, name)
    record(session, "branch")
    (result,) = state.values
    for leaf in flatten(result)[0]:
        if isinstance(leaf, Poison):
            leaf._fail()
    return result


def standing_for(source: Function, work: Any) -> Any:
    """Mark a function of ours with the user's function that it runs, for errors."""
    work.source = source
    return work


def while_loop(cond_fun: Function, body_fun: Function, init_val: Any) -> Any:
    """``val = init_val; while cond_fun(val): val = body_fun(val)``, for a traced condition.

    `cond_fun` returns one boolean; `body_fun` what it is given: the same structure, shapes and
    dtypes (ControlFlowError otherwise). Derivatives of all orders, in both modes; reverse mode
    keeps the steps on a tape that grows while the loop runs.

    >>> f = lambda x: tapec.while_loop(lambda v: v < 100.0, lambda v: v * x, x)
    >>> float(tapec.compile(f)(3.0)), float(tapec.grad(f)(3.0))
    (243.0, 405.0)
    """
    session = current()
    if session is None:
        while cond_fun(init_val):
            init_val = body_fun(init_val)
        return init_val
    test, body = prepared(cond_fun, session), prepared(body_fun, session)
    state = Cells(init_val=init_val)

    def work(_: Any, slices: list[Tracer]) -> None:
        state.set((body(state.values[0]),))

    loop.StagedLoop(
        session,
        Heap(state),
        standing_for(body_fun, work),
        test=lambda: test(state.values[0]),
        strict=True,
    ).emit()
    record(session, "loop", None, "while_loop")
    return state.values[0]


def fori_loop(
    lower: Any, upper: Any, body_fun: Function, init_val: Any, *, unroll: bool = False
) -> Any:
    """``for i in range(lower, upper): val = body_fun(i, val)``; the bounds may be traced.

    `body_fun` returns the structure, shapes and dtypes of `init_val` (ControlFlowError otherwise).
    With `unroll` the loop is copied out where its bounds are known while tracing.

    >>> f = lambda x, n: tapec.fori_loop(0, n, lambda i, v: v * x + i, 1.0)
    >>> float(tapec.compile(f)(2.0, np.int64(3)))
    12.0
    """
    session = current()
    if session is None:
        for i in range(lower, upper):
            init_val = body_fun(i, init_val)
        return init_val
    body = prepared(body_fun, session)
    state = Cells(init_val=init_val)
    bounds = [_without_value(session, x) for x in (lower, upper)]
    items = DynamicRange(*bounds) if any(map(is_symbolic, bounds)) else range(*map(_index, bounds))
    rolled = not unroll or isinstance(items, DynamicRange)
    for_loop.run_for(
        Forced(items, rolled),
        lambda i: state.set((body(i, state.values[0]),)),
        state,
        None,
        strict=True,
    )
    return state.values[0]


def _index(x: Any) -> int:
    number: int = operator.index(x.item() if isinstance(x, Tracer) else x)
    return number


def _without_value(session: Session, x: Any) -> Any:
    """A Python integer argument as a traced one: its value need not be known while tracing."""
    return wrap(session, x._value(session), True) if is_symbolic(x) and x._deps else x
