"""Calls without inlining: a function as one region of the program, traced and compiled once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from tapec.call.state import CapturedState, constant_state
from tapec.derive.closed import Arguments, Part, Regions, traced
from tapec.ir import Block
from tapec.trace import ResultMarker, current
from tapec.trace.arrays.sharing import adopt_exclusive
from tapec.trace.arrays.tracer import wrap
from tapec.trace.arrays.writes import copyto
from tapec.trace.results import call_traced


class Outlined:
    """A function whose calls in traced code become `call` ops.

    Calls of equal types share their region, also from one trace to the next; those that write into
    an argument or change anything outside, or use a traced value that is no argument, have regions
    of their own.
    """

    def __init__(self, f: Callable[..., Any], **attrs: Any) -> None:
        self.f = f
        self.attrs = {"name": getattr(f, "__name__", "f"), **attrs}
        self._regions: dict[Hashable, tuple[Part, Block, CapturedState]] = {}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        session = current()
        assert session is not None, "outlined functions run inside a trace"
        given = Arguments(session, self.f, args)
        key = _key(given, kwargs)
        known = self._regions.get(key) if key is not None else None
        if known is not None and known[2].holds():
            return self._emit(given, *known[:2], given.values)

        def plain(*args: Any) -> Any:
            return call_traced(self.f, args, kwargs)

        part = traced(plain, given, given.with_inputs)
        adopt_exclusive(session, part.exclusive, given.tracers)
        regions = Regions(given, [part])
        block = regions.block(part)
        if key is not None and not (part.captures or part.mutated or part.changes):
            self._regions[key] = (part, block, constant_state(self.f))
        return self._emit(given, part, block, regions.operands)

    def _emit(self, given: Arguments, part: Part, block: Block, operands: list[Any]) -> Any:
        session = given.session
        values = session.emit_regions("call", operands, self.attrs, (block,))
        weak = {m.index: m.python_scalar for m in part.leaves if isinstance(m, ResultMarker)}
        count = len(part.outs)
        for k, value in zip(part.mutated, values[count:], strict=True):
            copyto(given.tracers[k], wrap(session, value))
        return part.result([wrap(session, v, weak[k]) for k, v in enumerate(values[:count])])


def _key(given: Arguments, kwargs: dict[str, Any]) -> Hashable | None:
    """The cache key of a call's program; None where an argument cannot be compared."""
    leaves = list(given.leaves)
    for k, v, t in zip(given.positions, given.values, given.tracers, strict=True):
        leaves[k] = (v.type, t._weak)
    key = (tuple((type(x), x) for x in leaves), given.tree, tuple(sorted(kwargs.items())))
    try:
        hash(key)
    except TypeError:
        return None
    return key
