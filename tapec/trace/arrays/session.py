"""One tracing run: the program being built, and where in the user's source we are."""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar

import numpy as np

from tapec.errors import EscapedTracerError, MutationError, TraceError
from tapec.ir.build import Builder
from tapec.ir.core import Block, Loc, Op, Value
from tapec.ir.primitive import Primitive, lookup
from tapec.ir.types import Type
from tapec.trace.arrays.frames import KnownCode, is_user_code
from tapec.trace.arrays.handlers import HANDLERS, refuse_floating_point_errors

# By identity, as hashing a code object takes time in proportion to its size.
_KNOWN_CODE: dict[int, KnownCode] = {}
_CURRENT: ContextVar[Session | None] = ContextVar("tapec_trace", default=None)
_SERIALS = itertools.count()


class Restart(TraceError):
    """Unwinds to where tracing starts again with what this error says."""


class NeedStatic(Restart):
    """Python needs the value of these parameters (ints or bools): trace again with them fixed."""

    def __init__(self, params: frozenset[int], where: object = None) -> None:
        self.params = params
        super().__init__("the program depends on the value of a Python argument", where=where)


class Integers:
    """Where the integers of a trace come from, as far as anybody asked (see `linear`)."""

    __slots__ = ("numbers", "ops", "seen")

    def __init__(self) -> None:
        self.ops: dict[Value, Op] = {}
        self.numbers: dict[Any, Value] = {}  # the first of equal ones
        self.seen = 0  # how many ops were looked at


class Session:
    """The state of one trace: a builder, shared constants, source positions."""

    __slots__ = (
        "_captured",
        "_consts",
        "_inferred",
        "_locs",
        "_types",
        "_wrapped",
        "alive",
        "backoff",
        "builder",
        "captured",
        "captures",
        "cells",
        "choices",
        "depth",
        "exclusive",
        "expect",
        "failures",
        "integers",
        "list_arrays",
        "noted",
        "outside",
        "params",
        "parent",
        "partial",
        "predictions",
        "raising",
        "serial",
        "shadows",
        "stores",
        "unbound",
        "uncertain",
        "writes",
    )

    is_region: ClassVar[bool] = False  # whether this traces a part of its parent's code

    def __init__(self, parent: Session | None = None) -> None:
        self.builder = Builder()
        self.parent = parent
        self.serial = next(_SERIALS)
        self.choices: list[Any] = []  # decisions on the user's loops and branches
        self.params: list[Any] = []  # the memory of the arguments
        self.exclusive: list[Any] = []  # parameters that must lie apart (see `sharing`)
        self.partial: set[Value] = set()  # results that exist on some paths only
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.alive = True
        # How often the trace has written into an array so far, its regions included.
        self.writes: list[int] = [0] if parent is None else parent.writes
        self.captures: list[Any] = []
        # Results of functions that may raise for their values (see `linear_errors`).
        self.raising: list[Any] = [] if parent is None or not self.is_region else parent.raising
        # Captured values that are inputs (see tapec.trace.python.inputs).
        self.captured: Any = None if parent is None else parent.captured
        # What the trace may change outside (see tapec.trace.python.outside), and the places there
        # that have stand-ins in traced code: place, stand-in, content of that before, title.
        self.outside: Any = None
        self.shadows: list[tuple[Any, Any, Any, str]] = []
        # Which of its stores there happen on some paths only (see tapec.trace.staging.stores).
        self.stores: Any = None
        self.integers = Integers()
        self.unbound: set[str] = set()  # variables that were read while they were not bound
        self.uncertain: dict[Any, Any] = {}  # attributes that exist on some paths only
        self.noted: list[
            Any
        ] = []  # objects that may be one (see tapec.trace.staging.object_aliases)
        self.backoff: Any = None  # back-off of loops that could not be rolled (see staging.choice)
        self.predictions: Any = None  # of what loops carry (see staging.prediction)
        # From a trace, a traced truth and an exception: raises that where it is false.
        self.expect: Any = None if parent is None else parent.expect
        self.failures: Any = None  # the user's exceptions (see tapec.trace.staging.failures)
        # Lists that are arrays for now, by identity (see tapec.trace.staging.list_arrays).
        self.list_arrays: dict[int, Any] = {} if parent is None else parent.list_arrays
        self._captured: dict[Value, Value] = {}
        self._inferred: dict[Any, tuple[Primitive, Type, tuple[Value, ...]]] = {}
        self._types: dict[Type, Type] = {}
        self._consts: dict[Any, Value] = {}
        self._locs: dict[tuple[int, int], Loc] = {}
        self._wrapped: dict[int, Any] = {}
        self.cells: dict[int, Any] = {} if parent is None else parent.cells

    def emit(self, name: str, *operands: Value, **attrs: Any) -> Value:
        """Append an op located at the user's line and return its result."""
        self._check_alive()
        if HANDLERS.get():
            refuse_floating_point_errors()
        key: tuple[Any, ...] = (name, *[id(v.type) for v in operands])
        if attrs:
            key += tuple(attrs.items())
        builder = self.builder
        known = self._inferred.get(key)
        if known is None:
            builder.loc = self.here()
            op = builder.emit(lookup(name), operands, attrs)
            return self._remember(key, op)
        primitive, result_type, _ = known
        result = Value(result_type)
        builder.ops.append(Op(primitive, operands, attrs, (result,), (), self.here()))
        return result

    def _remember(self, key: tuple[Any, ...], op: Op) -> Value:
        """Keep the inferred type; equal types become one object, so that keys repeat."""
        kind = self._types.setdefault(op.result.type, op.result.type)
        result = Value(kind)
        self.builder.ops[-1] = Op(op.primitive, op.operands, op.attrs, (result,), (), op.loc)
        # The operands are kept, so that the ids of their types stay theirs.
        self._inferred[key] = (op.primitive, kind, op.operands)
        return result

    def emit_all(self, name: str, *operands: Value, **attrs: Any) -> tuple[Value, ...]:
        """The same for an op that may have several results."""
        self._check_alive()
        return self.emit_regions(name, list(operands), attrs, ())

    def _check_alive(self) -> None:
        if not self.alive:
            raise EscapedTracerError(
                "a traced value is used after the call that traced it has ended",
                where=where(),
                hint="return it from the traced function instead of storing it elsewhere",
            )

    def emit_regions(
        self, name: str, operands: list[Value], attrs: dict[str, Any], regions: tuple[Block, ...]
    ) -> tuple[Value, ...]:
        """Append an op with regions located at the user's line and return its results."""
        self.builder.loc = self.here()
        return self.builder.emit(lookup(name), operands, attrs, regions).results

    def const(self, value: Any, dtype: str, shape: tuple[int, ...] = ()) -> Value:
        """A number filling `shape`; equal constants are shared."""
        key: tuple[Any, ...] = (value, type(value), dtype, shape)
        if value == 0:
            key = (str(value), *key)
        found = self._consts.get(key)
        if found is None:
            self.builder.loc = None
            found = self._consts[key] = self.builder.const(value, Type(dtype, shape))
        return found

    def array(self, array: np.ndarray[Any, Any], dtype: str) -> Value:
        """A constant array, as a splat where all elements are the same."""
        if array.size and (array.size == 1 or _is_splat(array)):
            return self.const(array.flat[0].item(), dtype, array.shape)
        self.builder.loc = None
        return self.builder.const(array, Type(dtype, array.shape))

    def capture(self, tracer: Any, value: Value) -> Value:
        """The value of an outer trace, as an extra parameter of this one."""
        found = self._captured.get(value)
        if found is None:
            found = self._captured[value] = self.builder.param(value.type, "captured")
            self.captures.append(tracer)
        return found

    def enter(self, storage: Any) -> None:
        """Make the memory of an enclosing trace readable and writable here: regions only."""
        raise MutationError(
            "a function traced on its own writes into an array of the enclosing trace",
            where=where(),
            hint="return the new value instead",
        )

    def claim(self, storage: Any) -> None:
        """Called before a write: raise where it would escape the region this runs in."""
        session: Session | None = self
        if storage.array is None:
            return
        while session is not None and session is not storage.born:
            if session.is_region:
                self.enter(storage)
            session = session.parent

    def here(self) -> Loc | None:
        """The user's line that is running now."""
        frame: Any = sys._getframe(2)
        known = _KNOWN_CODE
        while frame is not None:
            code = frame.f_code
            found = known.get(id(code))
            if found is None:
                found = known[id(code)] = KnownCode(code)
            if found.is_user:
                key = (id(code), found.line(frame.f_lasti))
                loc = self._locs.get(key)
                if loc is None:
                    loc = self._locs[key] = Loc(code.co_filename, key[1], code.co_name)
                return loc
            frame = frame.f_back
        return None


def _is_splat(array: np.ndarray[Any, Any]) -> bool:
    first = array.flat[0]
    if first == 0 and array.dtype.kind == "f":
        return not array.any() and not np.signbit(array).any() and not math.copysign(1, first) < 0
    return bool((array == first).all())


def where() -> Loc | None:
    """The user's line, for errors."""
    frame: Any = sys._getframe(1)
    while frame is not None:
        if is_user_code(frame.f_code):
            return Loc(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)
        frame = frame.f_back
    return None


def current() -> Session | None:
    """The trace running in this thread, if any."""
    return _CURRENT.get()


@contextmanager
def current_is(session: Session) -> Iterator[Session]:
    """Make `session` the current trace for a while."""
    token = _CURRENT.set(session)
    try:
        yield session
    finally:
        _CURRENT.reset(token)


@contextmanager
def running(session: Session) -> Iterator[Session]:
    """Make `session` the current trace; it is dead afterwards."""
    token = _CURRENT.set(session)
    try:
        yield session
    finally:
        session.alive = False
        session._wrapped.clear()
        session.cells.clear()
        session.shadows.clear()
        _CURRENT.reset(token)
