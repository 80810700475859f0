"""User functions as closed regions of the program being traced: derivative rules, checkpoints.

The parameters of a region are the traced leaves of the call's arguments, then the values that its
functions capture from the enclosing trace.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tapec.call.signature import leaf_hints
from tapec.ir import Block, Builder, Func, Type, Value
from tapec.ir.rewrite import replay
from tapec.pipeline import clean
from tapec.trace import Param, ResultMarker, Session, Tracer, is_symbolic, trace
from tapec.trace.arrays.memory import layout_of
from tapec.trace.arrays.narrow import widened_integers
from tapec.trace.arrays.overlap import Exclusive
from tapec.trace.arrays.tracer import wrap
from tapec.trace.python.stored import refuse_changes
from tapec.trace.results import flattened, result_structure
from tapec.trace.staging.failures import adopt
from tapec.tree import Tree, flatten


class Arguments:
    """The arguments of one call; leaves that are traced arrays and numbers become parameters.

    Python integers whose value is known outside stay what they are.
    """

    def __init__(self, session: Session, f: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.session, self.args = session, args
        self.leaves, self.tree = flatten((args, {}))
        self.positions = [k for k, x in enumerate(self.leaves) if _traced(x)]
        self.tracers: list[Tracer] = [self.leaves[k] for k in self.positions]
        self.values = [widened_integers(t)._value(session) for t in self.tracers]
        hints = leaf_hints(f, self.tree)
        self.params = [
            Param(v.type, hints[k], t._weak, t._storage.narrow, layout_of(t), t._storage.boxed)
            for k, v, t in zip(self.positions, self.values, self.tracers, strict=True)
        ]
        self.floats = [k for k, v in enumerate(self.values) if v.type.is_float]

    def with_inputs(self, tracers: Sequence[Any]) -> tuple[Any, ...]:
        """The arguments with these in place of the parameters."""
        leaves = list(self.leaves)
        for k, tracer in zip(self.positions, tracers, strict=True):
            leaves[k] = tracer
        args: tuple[Any, ...] = self.tree.unflatten(leaves)[0]
        return args


def _traced(x: Any) -> bool:
    return type(x) is Tracer and is_symbolic(x) and not x._deps


@dataclass(frozen=True)
class Part:
    """A function traced on the parameters (and on `extra` ones behind them).

    `func` has them as parameters, then the values behind `captures`. `mutated` are the parameters
    it writes to, whose final values are its last results; `exclusive` those that must lie apart.
    """

    func: Func
    captures: tuple[Value, ...]
    mutated: tuple[int, ...]
    leaves: list[Any]
    tree: Tree
    exclusive: tuple[Exclusive, ...]
    changes: bool  # whether it changes anything outside

    @property
    def outs(self) -> list[Type]:
        """The types of the results."""
        count = len(self.func.results) - len(self.mutated)
        return [v.type for v in self.func.results[:count]]

    def result(self, values: Sequence[Any]) -> Any:
        """The function's result with these in place of the arrays."""
        return self.tree.unflatten(
            [values[m.index] if isinstance(m, ResultMarker) else m for m in self.leaves]
        )


def traced(
    f: Callable[..., Any],
    given: Arguments,
    place: Callable[[list[Tracer]], tuple[Any, ...]],
    extra: Sequence[Type] = (),
) -> Part:
    """Trace `f` on `place(tracers)`, one per parameter and extra type."""
    params = [*given.params, *(Param(t) for t in extra)]
    found = trace(f, lambda tracers: (place(tracers), {}), params, flatten=flattened)
    refuse_changes(found.changes)
    if found.code is not None and not extra:
        check = clean(found.func.with_results([found.code]))
        values = [*given.values, *(t._value(given.session) for t in found.captures)]
        (code,) = replay(check, given.session.builder, values)
        adopt(given.session, wrap(given.session, code), found.errors)
    for k in found.asked:
        if k < len(given.tracers):
            given.tracers[k]._storage.asked = True
    leaves, tree = result_structure(found.out)
    captures = tuple(t._value(given.session) for t in found.captures)
    found.carry_out([], [])
    func, changes = clean(found.func), bool(found.changes)
    return Part(func, captures, found.mutated, leaves, tree, found.exclusive, changes)


class Regions:
    """Blocks over common parameters: the arguments', then everything that a part captures."""

    def __init__(self, given: Arguments, parts: Sequence[Part]) -> None:
        self.given = given
        self.captured = list(dict.fromkeys(v for part in parts for v in part.captures))
        self.operands = [*given.values, *self.captured]

    def block(
        self,
        part: Part,
        extra: Sequence[Type] = (),
        used: Sequence[int] = (),
        close: Callable[[Builder, list[Value]], list[Value]] = lambda builder, found: found,
    ) -> Block:
        """The part over the common parameters and `extra` ones, of which it takes those `used`."""
        builder = Builder()
        common = [builder.param(v.type, v.hint) for v in self.operands]
        more = [builder.param(t) for t in extra]
        count = len(self.given.values)
        by_value = dict(zip(self.captured, common[count:], strict=True))
        args = [*common[:count], *(more[k] for k in used), *(by_value[v] for v in part.captures)]
        found = replay(part.func, builder, args)
        return builder.func("region", close(builder, found)).block
