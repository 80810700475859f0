"""Loops over elements whose iterations know nothing of each other become vector loops.

What a program writes element by element in its own loops is then as fast as the same on arrays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapec.ir.core import Op, Value
from tapec.ir.ops.loop import FOR
from tapec.lower.plan import COSTLY

SHORTEST = 16  # iterations of a loop worth it
MOST_ACCESSES = 60
_MEMORY = ("load", "store", "check_index")
_Address = tuple[int, int, frozenset[tuple[Value, int]]]  # per iteration, constant, other terms


def independent(op: Op) -> bool:
    """Whether the iterations of an innermost loop touch different elements, mostly neighbours."""
    if op.primitive is not FOR or op.attrs["kind"] != "serial" or op.operands:
        return False
    body = op.regions[0].ops
    trips = op.attrs["upper"] - op.attrs["lower"]
    if trips < SHORTEST or any(o.primitive.kind != "elementwise" and o.name not in _MEMORY
                               for o in body):  # fmt: skip
        return False
    found = list(_accesses(op))
    if len(found) > MOST_ACCESSES or not _pays(body, [address for _, _, address in found]):
        return False
    written = {buffer for stores, buffer, _ in found if stores}
    meetings = (
        _meet(a, b, trips)
        for stores, buffer, a in found
        if stores
        for _, other, b in found
        if other is buffer
    )
    return bool(written) and not any(meetings)


def _accesses(op: Op) -> Iterator[tuple[bool, Value, _Address | None]]:
    """(whether it stores, buffer, address) of all loads and stores; None where that is data."""
    block = op.regions[0]
    counter = block.params[0]
    made = {v for o in block.ops for v in o.results}
    for o in block.ops:
        if o.name in ("load", "store"):
            stores = o.name == "store"
            buffer, *indices = o.operands[stores:]
            factors: dict[Value, int] = {}
            for value, stride in zip(indices, o.attrs.get("strides", ()), strict=True):
                factors[value] = factors.get(value, 0) + stride
            step = factors.pop(counter, 0)
            known = factors.keys().isdisjoint(made)
            address = (step, o.attrs.get("offset", 0), frozenset(factors.items()))
            yield stores, buffer, address if known else None


def _pays(body: Sequence[Op], addresses: Sequence[_Address | None]) -> bool:
    """Whether most lanes are neighbours, or what is computed takes long."""
    near = sum(a is not None and abs(a[0]) <= 1 for a in addresses)
    return 2 * near > len(addresses) or any(o.primitive.cost >= COSTLY for o in body)


def _meet(a: _Address | None, b: _Address | None, trips: int) -> bool:
    """Whether two iterations may touch the same element."""
    if a is None or b is None or a[0] != b[0] or a[2] != b[2]:
        return True
    gap = a[1] - b[1]
    if not a[0]:
        return not gap
    apart, rest = divmod(gap, a[0])
    return not rest and 0 < abs(apart) < trips
