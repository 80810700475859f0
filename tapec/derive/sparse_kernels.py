"""Programs that compute the nonzeros of a Jacobian: the one along few directions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tapec.ad.compressed import compressed
from tapec.call.specialize import Specialization
from tapec.derive.nesting import inline
from tapec.derive.sparse_parts import along_colours
from tapec.derive.sparse_plans import Form
from tapec.ir import Func, Type
from tapec.pipeline import clean, derive
from tapec.sparse.acyclic import Substitution
from tapec.sparse.colouring import Colouring
from tapec.trace import current
from tapec.trace.python.forms import fori_loop
from tapec.trace.staging.failures import adopt


class Nonzeros:
    """A function that runs inside a trace: its program is known. It raises what `special` does."""

    def __init__(self, func: Func, special: Specialization) -> None:
        self.func = func
        self.errors = special.errors
        number = special.func.with_results(special.func.results[-1:])
        self.check = clean(number) if self.errors else None  # which exception is raised
        self.__name__ = self.__qualname__ = f"{special.func.name}.{self.suffix}"

    suffix = "nonzeros"
    kept: tuple[str, ...] = ()  # attributes that hold all that follows from the pattern

    def found(self, inputs: Sequence[Any], func: Func, seeds: Sequence[Any] = ()) -> list[Any]:
        """The results of a program of the inputs; raises what the function raises."""
        if self.check is not None:
            session = current()
            assert session is not None
            adopt(session, inline(self.check, inputs)[0], self.errors)
        return inline(func, [*inputs, *seeds])


class Compressed(Nonzeros):
    """(places, colours of columns, of rows, *inputs) -> the nonzeros, along sums of columns and
    rows."""

    suffix = "compressed"

    def __init__(
        self, func: Func, special: Specialization, flags: list[bool], coloured: Colouring
    ) -> None:
        super().__init__(func, special)
        self.flags = flags
        self.tangents, self.cotangents = coloured.tangents, coloured.cotangents

    def __call__(self, places: Any, columns: Any, rows: Any, *inputs: Any) -> Any:
        if not (self.tangents or self.cotangents):
            return np.zeros(0)
        return self.derivatives(columns, rows, inputs)[places]

    def derivatives(self, columns: Any, rows: Any, inputs: Sequence[Any]) -> Any:
        """The derivatives along all colours in one row."""
        p, q = self.tangents, self.cotangents
        func = derive(compressed, self.func, self.flags, p, q)
        into = [v.type for v, flag in zip(self.func.params, self.flags, strict=True) if flag]
        out = [v.type for v in self.func.results]
        found = self.found(inputs, func, [*_seeds(columns, p, into), *_seeds(rows, q, out)])
        along = [_flat(found[: len(out)], p)] if p else []
        across = [_flat(found[len(found) - len(into) :], q)] if q else []
        return np.concatenate([*along, *across]) if p and q else (along or across)[0]


def along(func: Func, special: Specialization, flags: list[bool], coloured: Colouring) -> Form:
    """The nonzeros along directions."""
    made = Compressed(func, special, flags, coloured)
    places = along_colours(coloured, (coloured.rows.size, coloured.columns.size))
    return lambda numbers: (made, (places[numbers], coloured.columns, coloured.rows))


class Substituted(Compressed):
    """(read, colours, places, own, other, *inputs) -> the nonzeros, by substitution (see
    `tapec.sparse.acyclic`)."""

    suffix = "substituted"

    def __init__(
        self,
        func: Func,
        special: Specialization,
        flags: list[bool],
        coloured: Colouring,
        order: Substitution,
    ) -> None:
        super().__init__(func, special, flags, coloured)
        self.slots, self.count = order.slots, order.places.size

    def __call__(self, *args: Any) -> Any:
        read, colours, places, own, other, *inputs = args
        if not self.tangents:
            return np.zeros(0)
        along = self.derivatives(colours, (), inputs)

        def step(k: Any, carry: Any) -> Any:
            found, known = carry
            element = along[places[k]] - known[own[k]]
            found[k] = element
            known[other[k]] += element
            return found, known

        if self.count:
            zero = 0.0 * along[0]
            start = zero + np.zeros(self.count), zero + np.zeros(self.slots)
            along = np.concatenate([along, fori_loop(0, self.count, step, start)[0]])
        return along[read]


def _seeds(colours: Any, count: int, types: Sequence[Type]) -> list[Any]:
    """For every value the sums of its unit arrays by colour, stacked."""
    if not count:
        return []
    made, first = [], 0
    for t in types:
        numbers = np.arange(count).reshape((count, *(1,) * t.ndim))
        own = colours[first : first + t.size].reshape((1, *t.shape))
        made.append((numbers == own).astype(t.numpy))
        first += t.size
    return made


def _flat(stacks: Sequence[Any], count: int) -> Any:
    """Derivatives along all colours, colour by colour, those of all values after each other."""
    parts = [s.reshape((count, -1)) for s in stacks]
    return (np.concatenate(parts, axis=1) if len(parts) > 1 else parts[0]).reshape(-1)
