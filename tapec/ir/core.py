"""Programs as data: values, operations, blocks, functions. Frozen, compared by identity.

A block's op list is in execution order and *is* the tape: the reverse sweep reads it backwards.
Nothing has a back pointer; def-use maps are views computed by whoever wants them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tapec.ir.patterns import pattern_of
from tapec.ir.primitive import Primitive
from tapec.ir.tuning import LISTED
from tapec.ir.types import Type, dtype_name


@dataclass(frozen=True, slots=True)
class Loc:
    """A position in the user's source: prints as ``model.py:14:  y = np.exp(x)``."""

    file: str
    line: int
    function: str = ""

    def __str__(self) -> str:
        import linecache
        from pathlib import Path

        text = linecache.getline(self.file, self.line).strip()
        return f"{Path(self.file).name}:{self.line}:" + (f"  {text}" if text else "")


class Dense:
    """A constant array as an attribute: read-only, hashable, equal by content (bit for bit).

    A larger one that a formula gives has its `pattern`: it stands for the elements in print, and
    where native code is made.
    """

    __slots__ = ("_content", "array", "pattern")

    def __init__(self, array: np.ndarray[Any, Any]) -> None:
        dtype_name(array.dtype)
        self.array = np.array(array, order="C", copy=True)
        self.array.flags.writeable = False
        self.pattern = pattern_of(self.array) if self.array.size > LISTED else None
        self._content: tuple[Any, ...] | None = None

    def _key(self) -> tuple[Any, ...]:
        """What equal arrays have in common; large ones are rarely asked."""
        if self._content is None:
            content = repr(self.pattern) if self.pattern else self.array.tobytes()
            self._content = (self.array.dtype.str, self.array.shape, content)
        return self._content

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dense) and (self is other or self._key() == other._key())

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        return f"Dense({self.array.dtype}{list(self.array.shape)})"


# Values and ops are never changed after they are made, like all of a program. They are not declared
# frozen because that makes each a microsecond dearer, and long programs have millions of them.


@dataclass(slots=True, eq=False)
class Value:
    """One SSA value. `hint` is the name it would like in print."""

    type: Type
    hint: str = ""


@dataclass(slots=True, eq=False)
class Op:
    """One operation: a primitive applied to operands, with literal attributes and regions."""

    primitive: Primitive
    operands: tuple[Value, ...]
    attrs: Mapping[str, Any]
    results: tuple[Value, ...]
    regions: tuple[Block, ...] = ()
    loc: Loc | None = None

    @property
    def name(self) -> str:
        """The primitive's name."""
        return self.primitive.name

    @property
    def closed(self) -> bool:
        """Whether its regions read nothing but their parameters."""
        return self.primitive.closed

    @property
    def result(self) -> Value:
        """The only result."""
        (value,) = self.results
        return value

    @property
    def work(self) -> int:
        """How many elements it goes through."""
        if self.primitive.work is not None:
            return self.primitive.work(self)
        return max((v.type.size for v in (*self.operands, *self.results)), default=0)


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A straight list of ops with parameters and results: a function body or an op's region."""

    params: tuple[Value, ...]
    ops: tuple[Op, ...]
    results: tuple[Value, ...]

    def func(self, name: str) -> Func:
        """The block as a program of its own; closed regions are one."""
        return Func(name, self)


@dataclass(frozen=True, slots=True, eq=False)
class Func:
    """A named program."""

    name: str
    block: Block

    @property
    def params(self) -> tuple[Value, ...]:
        """The arguments."""
        return self.block.params

    @property
    def ops(self) -> tuple[Op, ...]:
        """The body, in execution order."""
        return self.block.ops

    @property
    def results(self) -> tuple[Value, ...]:
        """The returned values."""
        return self.block.results

    def with_ops(self, ops: Iterable[Op]) -> Func:
        """The same interface with another body."""
        return Func(self.name, replace(self.block, ops=tuple(ops)))

    def with_results(self, results: Iterable[Value]) -> Func:
        """The same body returning other values of it."""
        return Func(self.name, replace(self.block, results=tuple(results)))

    def renamed(self, name: str) -> Func:
        """The same program under another name."""
        return Func(name, self.block)
