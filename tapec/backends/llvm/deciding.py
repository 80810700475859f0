"""Which arithmetic decides how often a loop runs.

A fused multiply-add rounds once where NumPy rounds twice. In sums of products that is only more
accurate, but a test like `abs(x @ x - a) > 1e-12` may then never become false though it does in
NumPy. So what the test of a loop depends on is computed as NumPy does it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tapec.ir.core import Block, Op, Value
from tapec.ir.nested import every, reads
from tapec.ir.ops.loop import WHILE
from tapec.ir.ops.memory import TAPE_LOAD


def deciding(ops: Iterable[Op]) -> set[Op]:
    """The ops inside `while` loops that their tests depend on."""
    found: set[Op] = set()
    for op in every(ops):
        if op.primitive is WHILE:
            found |= _deciding(op)
    return found


def _deciding(loop: Op) -> set[Op]:
    """Backwards from the test, through what is carried and what is stored in the loop."""
    test, body = loop.regions
    sources = _sources(test, body)
    pending, seen, found = list(test.results), set(test.results), set()
    while pending:
        for source in sources.get(pending.pop(), ()):
            if isinstance(source, Op):
                found.add(source)
                found.update(every([source]))
            for value in reads(source) if isinstance(source, Op) else (source,):
                if value not in seen:
                    seen.add(value)
                    pending.append(value)
    return found


def _sources(test: Block, body: Block) -> dict[Value, list[Op | Value]]:
    """Per value what makes it: the op, the ops that write the buffer, the value carried."""
    sources: dict[Value, list[Op | Value]] = {}
    for region in (test, body):
        for op in region.ops:
            for value in (*op.results, *_written(op)):
                sources.setdefault(value, []).append(op)
        for param, carried in zip(region.params, body.results, strict=True):
            sources[param] = [carried]
    return sources


def _written(op: Op) -> Iterator[Value]:
    """Buffers and tapes that an op, or one in its regions, may write."""
    for inner in every([op]):
        if inner.primitive.effect and inner.primitive is not TAPE_LOAD:
            yield from (v for v in inner.operands if v.type.buffer or v.type.is_tape)
