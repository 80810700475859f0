"""`trace`: a Python function on NumPy arrays becomes a program."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tapec.errors import TraceError, UnsupportedOperation
from tapec.ir.core import Func, Value
from tapec.ir.types import NUMPY_DTYPES, Type
from tapec.trace.arrays.layout import Strides
from tapec.trace.arrays.linear_errors import refuse_unread
from tapec.trace.arrays.operands import operand
from tapec.trace.arrays.overlap import Exclusive
from tapec.trace.arrays.session import Session, current, running
from tapec.trace.arrays.storage import Storage
from tapec.trace.arrays.texts import check_text
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.arrays.writes import real_array_write
from tapec.trace.depth import deeper_recursion
from tapec.trace.parts.intervals import LengthMark
from tapec.trace.parts.ragged import CURE, Ragged
from tapec.trace.python.foreign import foreign_error, holds_traced
from tapec.trace.python.inputs import Captured
from tapec.trace.python.outside import Outside
from tapec.trace.python.prepare import prepare
from tapec.trace.python.recipes import CallValues, Recipes
from tapec.trace.python.stored import StoredChange, carry_out, stored_changes
from tapec.trace.returned import Returned
from tapec.trace.staging.choice import Choice
from tapec.trace.staging.failures import expect, raise_endless
from tapec.trace.staging.object_aliases import check_noted_aliases
from tapec.trace.staging.stores import Stores
from tapec.trace.staging.values import Poison

MakeArgs = Callable[[list[Tracer]], tuple[tuple[Any, ...], dict[str, Any]]]
Flatten = Callable[[Any], tuple[list[Any], Callable[[list[Any]], Any]]]


@dataclass(frozen=True, slots=True)
class Param:
    """One array or number argument: its type, a name for print, and Python-scalar weakness.

    `narrow` is NumPy's name of an integer type that is read as int64.
    """

    type: Type
    hint: str = ""
    weak: bool = False
    narrow: str = ""
    strides: Strides | None = None  # in elements; None in C order
    boxed: bool | str = False  # an array without axes rather than a number


@dataclass(frozen=True, slots=True)
class TracedFunction:
    """A traced function.

    ``func.results`` are the array leaves of ``out`` in order of their `Out` markers, then the
    final values of the parameters listed in ``mutated``. ``captures`` are tracers of enclosing
    traces, passed as parameters after the given ones. ``exclusive`` names parameters that are
    written, each with those that must not share its memory. ``choices`` says what became of the
    function's loops and branches. ``code`` is the value that says which of ``errors`` is raised (0:
    none), None where there are none. ``changes`` are to be carried out outside: the values they
    need are the last results.
    """

    func: Func
    out: Any
    mutated: tuple[int, ...]
    captures: tuple[Tracer, ...] = ()
    choices: tuple[Choice, ...] = ()
    errors: tuple[Exception, ...] = ()
    code: Value | None = None
    exclusive: tuple[Exclusive, ...] = ()
    changes: tuple[StoredChange, ...] = ()
    asked: tuple[int, ...] = ()  # parameters on whose gaps and signs of strides the program depends

    def split(self) -> tuple[Func, Func]:
        """The program without the values that the changes need, and the one of these alone."""
        results, stored = self.func.results, sum(c.count for c in self.changes)
        end = len(results) - stored
        return self.func.with_results(results[:end]), self.func.with_results(results[end:])

    def carry_out(self, values: Sequence[Tracer], given: Sequence[Any]) -> None:
        """Make the changes in the running trace, with the values of the second program."""
        session = current()
        assert session is not None
        first = len(self.func.results) - len(values)
        call = CallValues(
            lambda k, weak: _weakly(values[k - first], weak), given, lambda thing: thing
        )
        carry_out(self.changes, session, call)


def _weakly(value: Tracer, weak: bool) -> Tracer:
    value._weak = weak
    return value


def leaf_only(result: Any) -> tuple[list[Any], Callable[[list[Any]], Any]]:
    """The default flattening: tuples, lists and dicts."""
    if isinstance(result, (tuple, list)):
        parts = [leaf_only(r) for r in result]
        counts = [len(p[0]) for p in parts]

        def rebuild(leaves: list[Any]) -> Any:
            rest = iter(leaves)
            items = [p[1]([next(rest) for _ in range(n)])
                     for p, n in zip(parts, counts, strict=True)]  # fmt: skip
            make = getattr(type(result), "_make", type(result))
            return make(items)

        return [leaf for p in parts for leaf in p[0]], rebuild
    if isinstance(result, dict):
        leaves, inner = leaf_only(list(result.values()))
        return leaves, lambda new: dict(zip(result, inner(new), strict=True))
    return [result], lambda new: new[0]


def trace(
    f: Callable[..., Any],
    make_args: MakeArgs,
    params: Sequence[Param],
    *,
    flatten: Flatten = leaf_only,
    name: str = "",
    captured: Captured | None = None,
    outside: Outside | None = None,
    called: bool = False,
) -> TracedFunction:
    """Run `f` once on tracers and return its program.

    ``make_args`` places one tracer per parameter into the arguments of `f`. Raises `TraceError`s
    at the user's line where the function cannot be traced, and `NeedStatic` where it depends on
    the value of plain integer or boolean arguments. The inputs of ``captured`` that are used become
    parameters behind the given ones. What `f` changes in ``outside`` is told, and left to the
    caller to put back; a trace inside of a trace puts it back itself. Where ``called``, results
    share memory and lie in it as those of `f` do: the markers say how.
    """
    session = Session(current())
    session.expect = expect
    if session.parent is not None and session.parent.outside is not None:
        session.outside = session.parent.outside.again(session)
        session.stores = Stores(session)
        with session.outside.undone():
            return _traced(session, f, make_args, params, flatten, name)
    session.outside = outside
    session.stores = None if outside is None else Stores(session)
    if captured is not None:
        session.captured, captured.session = captured, session
    return _traced(session, f, make_args, params, flatten, name, called)


def _traced(
    session: Session,
    f: Callable[..., Any],
    make_args: MakeArgs,
    params: Sequence[Param],
    flatten: Flatten,
    name: str,
    called: bool = False,
) -> TracedFunction:
    tracers = [_param_tracer(session, i, p) for i, p in enumerate(params)]
    session.params = [t._storage for t in tracers]
    with deeper_recursion(), running(session):
        args, kwargs = make_args(tracers)
        try:
            result = prepare(f, session)(*args, **kwargs)
        except Exception as error:
            told = _told(error)
            if told is error:
                raise
            raise told from error
        if session.parent is None:
            check_noted_aliases(session)
        leaves, rebuild = flatten(result)
        returned = Returned(session, tracers if called else (), leaves if called else ())
        marked = [_mark(session, leaf, returned, called) for leaf in leaves]
        values = returned.values
        mutated = tuple(i for i, t in enumerate(tracers) if t._storage.version)
        values += [tracers[i]._value(session) for i in mutated]
        changes = _changes(session, tracers, values)
        errors = () if session.failures is None else tuple(session.failures.errors)
        code = session.failures.code._value(session) if errors else None
    label = name or getattr(f, "__name__", "") or type(f).__name__
    func = session.builder.func(label if label.isidentifier() else "f", values)
    refuse_unread(session, func)
    if session.parent is not None:
        session.parent.choices += session.choices
    choices = tuple(dict.fromkeys(session.choices))
    captures = tuple(session.captures)
    exclusive = list(session.exclusive)
    if mutated:
        exclusive.append((frozenset(mutated), tuple(range(len(tracers)))))
    asked = tuple(i for i, t in enumerate(tracers) if t._storage.asked)
    checks = tuple(exclusive), changes, asked
    return TracedFunction(func, rebuild(marked), mutated, captures, choices, errors, code, *checks)


def _changes(
    session: Session, tracers: list[Tracer], values: list[Value]
) -> tuple[StoredChange, ...]:
    """The changes outside; their values are appended to the results."""
    if session.outside is None:
        return ()
    recipes = Recipes(session, session.outside, tracers, values)
    return stored_changes(recipes, session.outside)


def _told(error: Exception) -> Exception:
    """The error that tells the user best what went wrong."""
    if isinstance(error, RecursionError):
        raise_endless(error)
    foreign = foreign_error(error)
    if foreign is not None:
        return foreign
    # NumPy wraps our error when a traced value is written into its array: ours is raised.
    cause = error.__cause__
    if isinstance(error, ValueError) and isinstance(cause, TraceError):
        return real_array_write(cause.where)
    return error


def _param_tracer(session: Session, i: int, param: Param) -> Tracer:
    value = session.builder.param(param.type, param.hint)
    storage = Storage(session, value, None)
    storage.narrow = param.narrow
    if param.narrow:
        storage.frozen = f"an argument of dtype {param.narrow}"
    storage.strides, storage.boxed = param.strides, param.boxed
    python_integer = param.weak and param.type.dtype in ("i64", "bool") and not param.type.shape
    deps = frozenset({i}) if python_integer else None
    return Tracer(storage, param.type.dtype, param.type.shape, (), param.weak, deps)


def _mark(session: Session, leaf: Any, returned: Returned, called: bool) -> Any:
    """An array leaf as an `Out`, its value appended; anything else stays in place."""
    if type(leaf) in (LengthMark, Ragged):
        raise UnsupportedOperation(
            "the function returns a slice whose length is known at run time only", hint=CURE
        )
    if type(leaf) is Tracer:
        value = None if called else operand(session, leaf, leaf._dtype)
        return returned.array(leaf) if value is None else returned.add(value, leaf._weak)
    if isinstance(leaf, (np.ndarray, np.generic)) and leaf.dtype in _KNOWN:
        array = np.asarray(leaf)
        return returned.add(session.array(array, _KNOWN[array.dtype]))
    if type(leaf) is float:
        return returned.add(session.const(leaf, "f64"), True)
    if type(leaf) is Poison:
        return leaf._fail()
    return leaf if session.parent is not None else _checked(leaf)


def _checked(leaf: Any) -> Any:
    """An object that is returned as it is; refused where it would hand out traced values."""
    kind = type(leaf)
    if isinstance(leaf, str):
        check_text(leaf, "the function returns")
    if isinstance(leaf, Iterator):
        raise UnsupportedOperation(
            f"the function returns a {kind.__name__}, which can be used up once only",
            hint="return a list of the values: list(...)",
        )
    if kind.__module__.startswith("tapec.scipy."):
        return _of_scipy(leaf)
    if kind.__module__.partition(".")[0] != "tapec" and holds_traced(leaf):
        raise UnsupportedOperation(
            f"the function returns a {kind.__name__} that holds traced values",
            hint="return the values in tuples, lists, dictionaries or dataclasses",
        )
    return leaf


def _of_scipy(leaf: Any) -> Any:
    """SciPy's object behind a translation of one that is constant."""
    if leaf.real is None:
        raise UnsupportedOperation(
            f"the function returns an object like {leaf.title} of traced values",
            hint="return arrays: A.toarray(), A.data, s.c",
        )
    return leaf.real


_KNOWN = {dtype: name for name, dtype in NUMPY_DTYPES.items() if name != "index"}
