"""Elements selected by a traced mask: ``x[x > 0]``, ``a[m] = a[m] ** p``, ``data[mask].mean()``.

How many there are is known at run time only, so such a part is kept as the whole array and the
mask, like a slice of run-time length. Parts belong together where their masks provably are one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

from tapec.errors import ShapeError
from tapec.ir.core import Op, Value
from tapec.trace.arrays.operands import need_session
from tapec.trace.arrays.session import where as user_line
from tapec.trace.arrays.table import TABLE
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.parts.intervals import Interval, size_of
from tapec.trace.parts.ragged import Ragged, unsupported, write
from tapec.trace.tuning import MASK_DEPTH


class _Nowhere:
    """The bounds of elements that are not contiguous: any use is an error."""

    def _refuse(self, *_: Any) -> NoReturn:
        raise unsupported("an item or a slice of elements chosen by a mask, or an operation")

    __int__ = __index__ = __neg__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = _refuse


_NOWHERE = _Nowhere()


@dataclass(frozen=True, slots=True)
class MaskedInterval(Interval):
    """The elements of one axis of size `n` for which `truth` holds."""

    truth: Any = None

    def flipped(self) -> Interval:
        """The same elements once the axis runs backwards."""
        return _of(self.truth[::-1])

    def same(self, other: Interval) -> bool:
        """Whether both are selected by provably equal masks."""
        if not isinstance(other, MaskedInterval) or self.n != other.n:
            return False
        session = need_session()
        made = {v: op for op in session.builder.ops for v in op.results}
        return _alike(self.truth._value(session), other.truth._value(session), made, MASK_DEPTH)

    def as_long_as(self, other: Interval) -> bool:
        """Whether both have as many elements, in every run."""
        return self.same(other)

    @property
    def length(self) -> Any:
        """The number of elements, traced."""
        return TABLE["sum"](self.truth)

    def mask(self, axis: int, ndim: int) -> Any:
        """Which elements are meant, broadcastable to an array of `ndim` axes."""
        shape = tuple(int(self.n) if a == axis else 1 for a in range(ndim))
        return TABLE["reshape"](self.truth, shape)


def _of(truth: Any) -> MaskedInterval:
    n = size_of(truth.shape[0])
    return MaskedInterval(n, _NOWHERE, _NOWHERE, _NOWHERE, _NOWHERE, truth=truth)


def _alike(a: Value, b: Value, made: dict[Value, Op], depth: int) -> bool:
    """Whether two values are the same expression of the same values."""
    if a is b:
        return True
    one, other = made.get(a), made.get(b)
    if one is None or other is None or not depth or one.regions or len(one.results) != 1:
        return False
    return (
        one.primitive is other.primitive
        and one.attrs == other.attrs
        and len(one.operands) == len(other.operands)
        and all(_alike(x, y, made, depth - 1)
                for x, y in zip(one.operands, other.operands, strict=True))
    )  # fmt: skip


def _part(x: Tracer, mask: Tracer) -> Ragged:
    """The selected elements as a view."""
    if mask.shape != x.shape[: mask.ndim]:
        raise ShapeError(
            f"a mask of shape {mask.shape} does not fit an array of shape {x.shape}",
            where=user_line(),
            hint="compare along the first axes of the array",
        )
    truth = TABLE["copy"](TABLE["reshape"](mask, (-1,)))
    shape = (truth.shape[0], *x.shape[mask.ndim :])
    return Ragged(x._view(("reshape", shape), shape), {0: _of(truth)})


def masked(x: Tracer, mask: Tracer) -> Ragged:
    """``x[mask]``: a copy of the selected elements."""
    part = _part(x, mask)
    return Ragged(TABLE["copy"](part.frame), part.intervals)


def write_masked(x: Tracer, mask: Tracer, value: Any) -> None:
    """``x[mask] = x[mask] ** 2``: the others keep their values."""
    write(_part(x, mask), value)
