"""How much a lowered program has to do, roughly: scalar operations, one of them some 0.4 ns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from tapec.ir.core import Op

UNKNOWN_TRIPS = 1000  # of a loop whose length is known at run time only
RELEASE = 50_000  # from here on others may run Python meanwhile: 20 us
_VECTOR = 4
_MATHS = 10
_HOST = 10_000


def work(ops: Iterable[Op]) -> int:
    """Operations executed."""
    return sum(_COUNTS.get(op.name, _one)(op) for op in ops)


def _one(op: Op) -> int:
    return _MATHS if op.primitive.function else 1


def _for(op: Op) -> int:
    trips: int = max(op.attrs["upper"] - op.attrs["lower"], 0)
    return trips * _inside(op) // (_VECTOR if op.attrs["kind"] == "vector" else 1)


def _inside(op: Op) -> int:
    return sum(work(region.ops) for region in op.regions)


def _gemm(op: Op) -> int:
    m, n, k = op.attrs["sizes"]
    return int(m * n * k) // _VECTOR


def _getrf(op: Op) -> int:
    n = op.operands[0].type.shape[0]
    return n**3 // _VECTOR


def _getrs(op: Op) -> int:
    return op.operands[0].type.size * op.operands[2].type.shape[0]


_COUNTS: Mapping[str, Callable[[Op], int]] = {
    "const": lambda op: 0,
    "for": _for,
    "repeat": lambda op: UNKNOWN_TRIPS * _inside(op),
    "while": lambda op: UNKNOWN_TRIPS * _inside(op),
    "if": _inside,
    "invoke": _inside,
    "gemm": _gemm,
    "getrf": _getrf,
    "getrs": _getrs,
    "potrf": _getrf,
    "host": lambda op: _HOST,
}
