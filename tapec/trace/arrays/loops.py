"""Loops that NumPy's functions are made of: an op with a region, traced on its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tapec.ir.core import Block
from tapec.ir.types import Type
from tapec.trace.arrays.operands import need_session, operand
from tapec.trace.arrays.session import Session, running
from tapec.trace.arrays.tracer import Tracer, wrap


def repeated(count: int, step: Callable[[Any, Any], Any], start: Tracer) -> Tracer:
    """``for k in range(count): start = step(k, start)`` as one loop of the program.

    `step` may read what is traced around it, and write to nothing but the array it is given.
    """
    session = need_session()
    body = Session(session)
    index = body.builder.param(Type("i64"), "i")
    carry = body.builder.param(Type(start._dtype, start.shape))
    with running(body):
        made = step(wrap(body, index, True), wrap(body, carry))
        end = operand(body, made, start._dtype)
    captured = body.captures
    block = Block((index, *body.builder.params[2:], carry), tuple(body.builder.ops), (end,))
    operands = [*(t._value(session) for t in captured), start._value(session)]
    attrs = {"consts": len(captured), "carry": 1, "length": count}
    return wrap(session, session.emit_regions("scan", operands, attrs, (block,))[0])
