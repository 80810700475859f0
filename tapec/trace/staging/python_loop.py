"""`for` loops that Python runs; iterations after a traced exit condition are branches."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tapec.errors import ControlFlowError
from tapec.trace.arrays.session import current, where
from tapec.trace.arrays.tracer import is_symbolic
from tapec.trace.staging.branch import branch
from tapec.trace.staging.heap import VARIABLE, Heap
from tapec.trace.staging.state import Cells, ExtendedState, ExtraVariable, State
from tapec.trace.staging.values import truth

Body = Callable[[Any], None]
Thunk = Callable[[], Any]
# Extends a statement's state by everything that some functions may mutate.
Widen = Callable[..., State]


def plain_for(
    iterable: Iterable[Any], body: Body, state: State, go_on: Thunk | None, widen: Widen
) -> None:
    """Iterate in Python; each iteration after a traced exit condition is a branch."""
    rest = iter(iterable)
    while True:
        more = go_on() if go_on is not None else True
        if not is_symbolic(more) and not more:
            return
        try:
            item = _next(rest) if is_symbolic(more) else next(rest)
        except StopIteration:
            return
        work = functools.partial(body, item)
        run_guarded(
            more, work, _with_item(state, item, body, widen) if is_symbolic(more) else state
        )


def _next(rest: Iterator[Any]) -> Any:
    """The next item, which must be produced without side effects as the loop may have ended."""
    frame = getattr(rest, "gi_frame", None)
    if frame is None:
        return next(rest)
    heap = Heap(Cells(**frame.f_locals))
    known = [(t._storage, t._storage.stamp) for t in heap.held()]
    item = next(rest)
    # A generator's own variables are private, but objects they hold may be shared.
    if any(slot[0] != VARIABLE for slot in heap.read()) or any(s.stamp != n for s, n in known):
        raise ControlFlowError(
            "a generator changes arrays or objects, and the loop over it ends on a traced value",
            where=where(),
            hint="let the body of the loop change them, or make a list of the items before",
        )
    return item


def _with_item(state: State, item: Any, body: Body, widen: Widen) -> State:
    """The state extended by what the body may change through the item."""
    return widen(ExtendedState(state, [ExtraVariable("an item", lambda: item)]), body)


def run_guarded(more: Any, work: Callable[[], None], state: State) -> None:
    """Run code, as a branch where the condition is traced."""
    session = current()
    if not is_symbolic(more):
        work()
        return
    assert session is not None
    branch(truth(session, more), [work, lambda: None], state, "a loop that ends")
