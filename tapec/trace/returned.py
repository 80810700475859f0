"""Results as the caller of a function gets them: what they share, how they lie in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from tapec.ir.core import Value
from tapec.trace.arrays.layout import order_of
from tapec.trace.arrays.memory import UNKNOWN, in_c_order, is_number, pattern, whole_of
from tapec.trace.arrays.operands import operand
from tapec.trace.arrays.session import Session
from tapec.trace.arrays.storage import Storage
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.markers import ResultMarker


class Returned:
    """The results of one trace, told apart by the memory behind them."""

    def __init__(self, session: Session, params: Sequence[Tracer], leaves: Sequence[Any]) -> None:
        self.session, self.params = session, [t._storage for t in params]
        self.values: list[Value] = []
        self._known: dict[int, ResultMarker] = {}  # arrays of which several results are views
        arrays = [x._storage for x in leaves if type(x) is Tracer and not is_number(x)]
        self._counts = Counter(map(id, arrays))

    def add(self, value: Value, python_scalar: bool = False, boxed: bool = False) -> ResultMarker:
        """A result that is no traced array."""
        self.values.append(value)
        return ResultMarker(len(self.values) - 1, python_scalar, boxed=boxed)

    def array(self, x: Tracer) -> ResultMarker:
        """A traced result: fresh, or a view of an argument, or of what another one shows."""
        storage = x._storage
        viewable = not any(kind in _UNSEEN for kind, _ in x._steps)
        if storage in self.params and viewable and not is_number(x):
            value = operand(self.session, x, x._dtype)
            made = self.add(value)
            return ResultMarker(made.index, False, (), self._steps(x), self.params.index(storage))
        if self._counts[id(storage)] > 1 and viewable:
            return self._part(x, storage)
        return self._placed(x)

    def _part(self, x: Tracer, storage: Storage) -> ResultMarker:
        base = self._known.get(id(storage)) or self._placed(whole_of(x))
        self._known[id(storage)] = base
        return ResultMarker(base.index, False, base.order, self._steps(x))

    def _steps(self, x: Tracer) -> tuple[Any, ...]:
        """The steps of a view; the starts that a call finds out are results themselves."""
        return tuple(
            (kind, (arg.at, tuple(self._start(s) for s in arg.starts)))
            if kind == "dynamic"
            else (kind, arg)
            for kind, arg in x._steps
        )

    def _start(self, start: Tracer) -> int:
        return self.add(operand(self.session, start, "i64")).index

    def _placed(self, x: Tracer) -> ResultMarker:
        value = operand(self.session, x, x._dtype)
        if in_c_order(x) or x._storage.strides is UNKNOWN:
            return self.add(value, x._weak, not (x._shape or is_number(x)))
        order = order_of(x._shape, pattern(x).strides)
        if order == tuple(range(len(order))):
            return self.add(value, x._weak)
        made = self.add(self.session.emit("transpose", value, perm=order))
        return ResultMarker(made.index, x._weak, order)


# Steps that NumPy has as no array.
_UNSEEN = frozenset(["flat"])
