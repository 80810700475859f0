"""Well-formedness of programs: every use defined before, once, with the types inference gives."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ParamSpec

from tapec.config import SETTINGS
from tapec.errors import TapecError, VerifyError
from tapec.ir.core import Block, Dense, Func, Op, Value
from tapec.ir.primitive import PRIMITIVES, Primitive
from tapec.ir.printer import Names, print_op
from tapec.ir.types import Type

_LITERALS = (bool, int, float, str, Type, Dense, type(None))
P = ParamSpec("P")


def verify(func: Func, after: str = "") -> None:
    """Raise VerifyError, quoting the op, unless `func` is well formed.

    `after` names the step that made the program: the message then begins with it.
    """
    try:
        _Verifier(func).block(func.block, set())
    except VerifyError as error:
        if not after:
            raise
        raise VerifyError(f"after {after}: {error.message}", where=error.where) from error


def verified(transform: Callable[P, Func]) -> Callable[P, Func]:
    """A transformation whose programs are verified where the settings ask for it.

    Every function that makes a program for another room to use is declared so: a fault is reported
    where it is made, not where it does harm.
    """

    @functools.wraps(transform)
    def run(*args: P.args, **kwargs: P.kwargs) -> Func:
        return checked(transform(*args, **kwargs), after=transform.__name__)

    return run


def checked(func: Func, after: str) -> Func:
    """The program itself, verified where the settings ask for it."""
    if SETTINGS.check:
        verify(func, after)
    return func


class _Verifier:
    def __init__(self, func: Func) -> None:
        self.func = func
        self.defined: set[Value] = set()
        self.closed: set[Block] = (
            set()
        )  # regions verified; one that several ops share is verified once
        self.spent: set[Value] = set()  # tapes that an op has consumed
        self.ended: set[Value] = set()  # values whose memory another value has taken over

    @functools.cached_property
    def names(self) -> Names:
        """Names as the printer gives them; made when something is wrong."""
        names = Names()
        names.define_all(self.func.block)
        return names

    def fail(self, message: str, op: Op | None = None) -> VerifyError:
        text = f"@{self.func.name}: {message}"
        if op is None:
            return VerifyError(text)
        shown = print_op(op, self.names).partition("\n")[0]
        return VerifyError(f"{text}\n    {shown}", where=op.loc)

    def block(self, block: Block, visible: set[Value]) -> None:
        """Check a block that sees these values; its own are added while it is read."""
        own = list(block.params)
        for value in own:
            self.define(value, visible, None)
        for op in block.ops:
            self.op(op, visible)
            own += op.results
        for value in block.results:
            if value not in visible:
                raise self.fail(f"the result {self.names[value]} is not defined here")
            self.alive(value)
            self.spend(value)
        visible.difference_update(own)

    def define(self, value: Value, visible: set[Value], op: Op | None) -> None:
        if value in self.defined:
            raise self.fail(f"{self.names[value]} is defined twice", op)
        self.defined.add(value)
        visible.add(value)

    def op(self, op: Op, visible: set[Value]) -> None:
        if PRIMITIVES.get(op.name) is not op.primitive:
            raise self.fail(f"{op.name!r} is not a known primitive", op)
        for value in op.operands:
            if value not in visible:
                raise self.fail(f"{self.names[value]} is used before it is defined", op)
            self.alive(value, op)
            if op.closed:
                self.spend(value, op)
        for key, attr in op.attrs.items():
            if not _is_literal(attr):
                raise self.fail(f"attribute {key} is not a literal: {attr!r}", op)
        for region in op.regions:
            # Regions of the array vocabulary are closed; loops see the values around them.
            if not op.closed:
                self.block(region, visible)
            elif region not in self.closed:
                self.closed.add(region)
                self.block(region, set())
        self.types(op)
        for value in op.results:
            self.define(value, visible, op)
        if op.primitive.ends is not None:
            self.ended.add(op.operands[op.primitive.ends])

    def alive(self, value: Value, op: Op | None = None) -> None:
        """Nobody reads what has been overwritten."""
        if value in self.ended:
            raise self.fail(f"{self.names[value]} is read after its memory was taken over", op)

    def spend(self, value: Value, op: Op | None = None) -> None:
        """A tape is a stack in memory: who pushes or pops ends the life of the value given."""
        if not value.type.is_tape:
            return
        if value in self.spent:
            raise self.fail(f"the tape {self.names[value]} is used twice", op)
        self.spent.add(value)

    def types(self, op: Op) -> None:
        try:
            inferred = infer_types(op.primitive, op.operands, op.attrs, op.regions)
        except TapecError as error:
            raise self.fail(str(error), op) from error
        except (TypeError, ValueError, KeyError, IndexError) as error:
            raise self.fail(f"no type can be inferred: {error}", op) from error
        found = tuple(v.type for v in op.results)
        if inferred != found:
            raise self.fail(f"has type {_join(found)}, inference gives {_join(inferred)}", op)


def infer_types(
    primitive: Primitive,
    operands: Sequence[Value],
    attrs: Mapping[str, Any],
    regions: tuple[Block, ...] = (),
) -> tuple[Type, ...]:
    """The result types by the primitive's own rule."""
    if primitive.arity not in (None, len(operands)):
        raise VerifyError(f"{primitive.name} takes {primitive.arity} operands, not {len(operands)}")
    extra = {"regions": regions} if regions else {}
    types = primitive.infer(*(v.type for v in operands), **attrs, **extra)
    return types if isinstance(types, tuple) else (types,)


def _is_literal(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_literal, value))
    return isinstance(value, _LITERALS)


def _join(types: tuple[Type, ...]) -> str:
    return ", ".join(map(str, types)) or "none"
