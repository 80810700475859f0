"""Python's control flow as functions: what the rewritten source of a traced function calls.

On plain values each of them does exactly what the statement did; on traced ones the statement
becomes part of the program.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from tapec.errors import ControlFlowError
from tapec.lazy import deferred
from tapec.trace.arrays.session import NeedStatic, Session, current, where
from tapec.trace.arrays.sharing import is_input, may_be_one
from tapec.trace.arrays.special import SPECIAL
from tapec.trace.arrays.table import TABLE
from tapec.trace.arrays.texts import text
from tapec.trace.arrays.tracer import Tracer, is_symbolic, wrap
from tapec.trace.python.builtin_classes import Class
from tapec.trace.python.effects import widened
from tapec.trace.python.identity import contains, equal, lacks, same_function, unequal
from tapec.trace.source.state import UNDEFINED
from tapec.trace.staging.choice import record
from tapec.trace.staging.failures import (
    expect,
    expect_once,
    never_caught,
    raise_for_user,
    until_raised,
)
from tapec.trace.staging.iterables import enumerate_, reversed_, zip_
from tapec.trace.staging.lookups import indexed
from tapec.trace.staging.object_aliases import may_alias
from tapec.trace.staging.state import Cells, ExtendedState, ExtraVariable, State
from tapec.trace.staging.values import Poison, memory_of, truth

if TYPE_CHECKING:
    from tapec.trace.python import cheap
    from tapec.trace.staging import (
        branch,
        fixpoint,
        for_loop,
        index_splitting,
        trying,
        while_loop,
    )
else:
    cheap = deferred("tapec.trace.python.cheap")
    branch = deferred("tapec.trace.staging.branch")
    fixpoint = deferred("tapec.trace.staging.fixpoint")
    for_loop = deferred("tapec.trace.staging.for_loop")
    index_splitting = deferred("tapec.trace.staging.index_splitting")
    trying = deferred("tapec.trace.staging.trying")
    while_loop = deferred("tapec.trace.staging.while_loop")

Thunk = Callable[[], Any]
_EACH: dict[Any, Callable[..., Any]] = {
    enumerate: enumerate_,
    zip: zip_,
    reversed: reversed_,
}


def _traced(test: Any) -> Session | None:
    """The running trace where a condition is traced, else None."""
    if not is_symbolic(test):
        return None
    if test._deps:
        raise NeedStatic(test._deps, where())
    return current()


def if_(test: Any, then: Callable[[], None], otherwise: Callable[[], None], state: State) -> None:
    """``if test: ... else: ...``."""
    session = _traced(test)
    known = None if session is None else index_splitting.decided(session, test)
    if session is not None and known is None:
        state = widened(state, then, otherwise)
        branch.branch(truth(session, test), [then, otherwise], state)
        record(session, "branch")
    elif test if known is None else known:
        then()
    else:
        otherwise()


def while_(test: Thunk, body: Callable[[], None], state: State) -> None:
    """``while test(): ...``."""
    while_loop.run_while(until_raised(test, body, and_), body, widened(state, test, body))


def for_(
    iterable: Iterable[Any],
    body: Callable[[Any], None],
    state: State,
    go_on: Thunk | None = None,
) -> None:
    """``for item in iterable: ...``; before each item `go_on` says whether the loop goes on."""
    for_loop.run_for(iterable, body, widened(state, body), go_on, widen=widened)


def try_(body: Callable[[], None], types: Callable[[], Any], state: State) -> None:
    """A ``try`` statement with handlers, which catch ``types()``."""
    session = current()
    if session is None or not trying.is_staged(types):
        body()
    else:
        trying.Attempt(session, body, widened(state, body), ()).run()


def catching(types: Any) -> Any:
    """Run the body of a ``try`` whose handlers catch ``types()``."""
    return trying.catching(types)


def each(function: Any, *args: Any, **kwargs: Any) -> Any:
    """``enumerate``, ``zip`` or ``reversed`` of the iterable of a `for`."""
    return _EACH.get(function, function)(*args, **kwargs)


def ifexp(test: Any, then: Thunk, otherwise: Thunk, state: State | None = None) -> Any:
    """``then() if test else otherwise()``; `state` has what these assign."""
    session = _traced(test)
    if session is None:
        return then() if test else otherwise()
    result = Cells(value=UNDEFINED)
    place = ExtraVariable("value", lambda: result.values[0], lambda value: result.set((value,)))
    assigned = result if state is None else ExtendedState(state, [place])
    works = [lambda: result.set((then(),)), lambda: result.set((otherwise(),))]
    wide = widened(assigned, then, otherwise)
    branch.branch(truth(session, test), works, wide, "a conditional expression")
    return result.values[0]


def class_of(x: Any) -> Any:
    """``x.__class__``: that of a traced value is the class it has in plain NumPy."""
    stands_in = type(x) in (Tracer, Poison) or type(x) in SPECIAL
    return Class(x) if stands_in else x.__class__


def read(name: str, flag: Thunk, value: Thunk) -> Any:
    """A variable that may be unbound; its flag is bound where the variable was."""
    try:
        known = flag()
    except NameError:
        known = False
    error = UnboundLocalError(
        f"cannot access local variable '{name}' where it is not associated with a value"
    )
    session = _traced(known)
    if session is not None:
        expect_once(session, known, error)
    elif not known:
        fixpoint.note_unbound(name)
        raise_for_user(error)
    return value()


def bound(state: State, value: Any) -> Any:
    """``name := value`` in an expression that has become a function."""
    names = state.get()
    state.set((value, *names[1:]))
    return value


def is_(a: Any, b: Any) -> Any:
    """``a is b``; an error where a traced condition decides it."""
    for x in (a, b):
        if type(x) is Poison:
            x._fail()
        if x is Poison:
            raise ControlFlowError("a traced condition decides on a type", where=where())
    session = current()
    if a is not b and session is not None and _is_uncertain(session, a, b):
        raise ControlFlowError(
            "whether two names mean one object depends on traced values",
            where=where(),
            hint="compare something that they hold",
        )
    for x, y in ((a, b), (b, a)):
        if is_symbolic(x) and x._weak and x._dtype == "bool" and type(y) is bool:
            return TABLE["equal"](x, y)
    # A stand-in of a class, or of a function, is identical to what it stands for.
    return same_function(a, b) or (isinstance(a, type) and isinstance(b, type) and a == b)


def _is_uncertain(session: Session, a: Any, b: Any) -> bool:
    """Whether only a run knows if two names mean one object."""
    traced = [x for x in (a, b) if type(x) is Tracer and not x._steps and memory_of(x) is not None]
    if len(traced) == 2:
        return may_be_one(session, *traced)
    if traced and (isinstance(a, np.ndarray) or isinstance(b, np.ndarray)):
        return is_input(session, traced[0]._storage)
    return may_alias(session, a, b)


def is_not(a: Any, b: Any) -> Any:
    """``a is not b``."""
    return not_(is_(a, b))


def and_(*thunks: Thunk, state: State | None = None) -> Any:
    """``a and b and ...``; `state` has what the operands assign."""
    return _connected(thunks, "logical_and", False, state)


def or_(*thunks: Thunk, state: State | None = None) -> Any:
    """``a or b or ...``."""
    return _connected(thunks, "logical_or", True, state)


def _connected(thunks: tuple[Thunk, ...], name: str, stops: bool, state: State | None) -> Any:
    """The first value whose truth is `stops`, else the last one."""
    *others, last = thunks
    for k, thunk in enumerate(others):
        value = thunk()
        session = _traced(value)
        if session is not None:
            rest = functools.partial(_connected, thunks[k + 1 :], name, stops, state)
            return _joined(session, value, rest, thunks[k + 1 :], name, stops, state)
        if bool(value) is stops:
            return value
    return last()


def _joined(
    session: Session,
    value: Any,
    rest: Thunk,
    thunks: tuple[Thunk, ...],
    name: str,
    stops: bool,
    state: State | None,
) -> Any:
    """`value and rest()` with a traced value: as logic where that is safe, else as a branch."""
    is_truth = value._dtype == "bool" and not value._shape
    if is_truth and state is None and cheap.is_cheap(session, rest, thunks):
        last = rest()
        made = TABLE[name](value, last)
        made._weak = value._weak and (last._weak if is_symbolic(last) else type(last) is bool)
        return made
    then, otherwise = (lambda: value, rest) if stops else (rest, lambda: value)
    return ifexp(value, then, otherwise, state)


def not_(x: Any) -> Any:
    """``not x``."""
    session = _traced(x)
    if session is None:
        return not x
    return wrap(session, session.emit("logical_not", truth(session, x)), weak=True)


def assert_(test: Any, message: Thunk | None) -> None:
    """``assert test, message()``; the kernel raises where a traced one is false."""
    session = _traced(test)
    if session is not None:
        expect(session, wrap(session, truth(session, test)), _assertion(message))
        record(session, "check", None, "an assertion on a traced value")
    elif not test:
        raise_for_user(_assertion(message))


def _assertion(message: Thunk | None) -> AssertionError:
    """The error of a failing assertion; its message is made while tracing."""
    return AssertionError(*([] if message is None else [message()]))


# What rewritten source calls as ``__tapec__.name``.
__all__ = [
    "and_", "assert_", "bound", "catching", "contains", "each", "equal", "for_", "if_", "ifexp",
    "indexed", "is_", "is_not", "lacks", "never_caught", "not_", "or_", "read", "text", "try_",
    "unequal", "while_",
]  # fmt: skip
