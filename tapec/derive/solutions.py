"""Taylor coefficients of solutions of differential equations: called inside a trace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tapec.ad.solution import solution
from tapec.derive.derived import Function, Transform
from tapec.derive.expansion import Taylor, checked, padded, stacked
from tapec.derive.nesting import Inner, argument_leaves, as_float, inline, trace_inner
from tapec.errors import ShapeError, UnsupportedOperation
from tapec.pipeline import derive
from tapec.trace import ResultMarker
from tapec.trace.python.forms import fori_loop
from tapec.tree import flatten


class Solution(Transform):
    """The coefficients of the solution of dy/dt = f(t, y, *args) through a point."""

    suffix = "ode_series"
    like_f = True

    def __init__(self, f: Function, degree: int) -> None:
        super().__init__(f)
        self.degree = checked("degree", degree)

    def __call__(self, t: Any, y: Any, *args: Any) -> Any:
        groups = argument_leaves((t, y), (0, 1))
        t, y = as_float((t, y), groups)
        moving = {k for group in groups for k in group}
        inner = trace_inner(self.f, (t, y, *args), {}, moving)
        self._check(inner, y)
        leaves, tree = flatten(y)
        if not self.degree:
            return tree.unflatten([stacked([leaf]) for leaf in leaves])
        places = {p: k for k, p in enumerate(inner.positions)}
        func = inner.func.with_results(
            [inner.func.results[m.index] for m in inner.leaves if isinstance(m, ResultMarker)]
        )
        state = [places[1 + k] for k in range(len(leaves))]
        try:
            made = derive(solution, func, places[0], state, self.degree)
        except UnsupportedOperation:
            return self._by_order(t, y, args)
        return tree.unflatten(inline(made, inner.inputs))

    def _check(self, inner: Inner, y: Any) -> None:
        """The function returns what the state is like."""
        kinds = [
            inner.func.results[m.index].type.shape if isinstance(m, ResultMarker) else None
            for m in inner.leaves
        ]
        wanted = [leaf.shape for leaf in flatten(y)[0]]
        if kinds != wanted:
            raise ShapeError(
                f"{inner.func.name} returns shapes {kinds} for a state of shapes {wanted}",
                hint="return the derivative of every part of the state",
            )

    def _by_order(self, t: Any, y: Any, args: Sequence[Any]) -> Any:
        """One expansion for each order: where loops and branches make all coefficients together."""
        clock = padded(stacked([t, 1.0]), self.degree + 1)
        expand = Taylor(self.f, self.degree, (0, 1), series=True)
        leaves, tree = flatten(y)
        start = [padded(stacked([leaf]), self.degree + 1) for leaf in leaves]

        def body(k: Any, series: Any) -> Any:
            rates = flatten(expand((clock, tree.unflatten(series)), *args))[0]
            for c, rate in zip(series, rates, strict=True):
                c[k + 1] = rate[k] / (k + 1)
            return series

        return tree.unflatten(fori_loop(0, self.degree, body, start))
