"""Initial value problems: `solve_ivp` and `odeint`, differentiated by sensitivities.

The derivatives of a solution solve the variational equations beside it, with tolerances of at
least 1e-8 and 1e-10: they are those of the exact solution, however roughly that was found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy import integrate, optimize

from tapec.derive.derived import Jacobian, Jvp
from tapec.interop.integrate import IMPLICIT
from tapec.interop.sensitivities import ACCURACY
from tapec.scipy.calls import called
from tapec.scipy.closed import Closed, CompiledLater, flat, floating, known_array
from tapec.scipy.integrate.ends import Ends
from tapec.scipy.integrate.events import DenseSolution, Event, Events, occurrences
from tapec.scipy.registry import plain, refused, solves

Array = np.ndarray[Any, Any]
# The slope of the state y at the time t, of t, y and the parameters.
Slope = Callable[[Any, Any, Sequence[Any]], Any]
TERMINAL = "how many times there are depends on the event: read t[-1], y[:, -1] or sol.sol(t)"
# States at times, one row for each time, of the slope, the times and the first state.
Solver = Callable[[Any, Array, Array, Any], Array]


class Solutions:
    """The states y(t_1), y(t_2), ... of y' = slope(t, y, params) with y(t_0) given."""

    def __init__(self, slope: Slope, n: int, solver: Solver, accurate: Solver) -> None:
        self.slope, self.n, self.solver, self.accurate = slope, n, solver, accurate
        self._compiled = CompiledLater(lambda t, y, *params: slope(t, y, params), "slope")
        jacobian = Jacobian(lambda y, t, *params: slope(t, y, params), 0, "auto")
        self._jacobian = CompiledLater(jacobian, "slope.jacobian")

    def __call__(self, times: Any, start: Any, params: Sequence[Any]) -> Any:
        """The states at all times but the first one, as rows."""
        rows = times.shape[0] - 1
        made = called(
            self._run, [times, start, *params], rows * self.n, "solve_ivp",
            self._forward, self._backward,
        )  # fmt: skip
        return made.reshape(rows, self.n)

    def _run(self, times: Array, start: Array, *params: Array) -> Array:
        right = lambda t, y: self._compiled(float(t), np.ascontiguousarray(y), *params)  # noqa: E731
        matrix = lambda t, y: self._jacobian(np.ascontiguousarray(y), float(t), *params)  # noqa: E731
        return np.ravel(self.solver(right, times, start, matrix))

    def _along(self, operands: Sequence[Any], count: int, tangent: Any, given: Any) -> Any:
        """Tangents of the states, for `count` directions at once.

        `tangent(t, y, dy, params)` is that of the slope, `given` the directions of the first state
        and further parameters.
        """
        times, start, *params = operands
        first, extra = given

        def slope(t: Any, z: Any, known: Sequence[Any]) -> Any:
            inner, more = known[: len(params)], known[len(params) :]
            y, directions = z[: self.n], z[self.n :].reshape(count, self.n)
            rows = [tangent(t, y, directions[k], inner, more, k) for k in range(count)]
            return np.concatenate([self.slope(t, y, inner), *rows])

        size = self.n * (1 + count)
        flow = Solutions(slope, size, self.accurate, self.accurate)
        state = np.concatenate([start, np.ravel(first)])
        return flow(times, state, [*params, *extra])[:, self.n :]

    def _forward(self, operands: Sequence[Any], result: Any, tangents: Sequence[Any]) -> Any:
        times, start, *params = operands
        at_times, at_start, *moving = tangents
        first = np.zeros(self.n) if at_start is None else at_start
        if at_times is not None:
            first = first - self.slope(times[0], start, params) * at_times[0]
        places = [k for k, t in enumerate(moving) if t is not None]
        seeds = [moving[k] for k in places]

        def tangent(t: Any, y: Any, dy: Any, inner: Any, more: Any, _: int) -> Any:
            def of_moving(y: Any, *moved: Any) -> Any:
                given = list(inner)
                for k, x in zip(places, moved, strict=True):
                    given[k] = x
                return self.slope(t, y, given)

            return Jvp(of_moving)([y, *(inner[k] for k in places)], [dy, *more])[1]

        made = self._along(operands, 1, tangent, (first, seeds))
        if at_times is not None:
            states = result.reshape(-1, self.n)
            rates = [self.slope(times[k + 1], y, params) for k, y in enumerate(states)]
            made = made + np.stack(rates) * at_times[1:, None]
        return np.ravel(made)

    def _backward(self, operands: Sequence[Any], result: Any, ct: Any) -> Sequence[Any]:
        """All sensitivities, times the cotangent."""
        times, start, *params = operands
        floats = [k for k, p in enumerate(params) if p.dtype.kind == "f"]
        sizes = [int(np.prod(params[k].shape, dtype=int)) for k in floats]
        n, m = self.n, sum(sizes)
        first = np.concatenate([np.eye(n), np.zeros((m, n))])
        seeds = _unit_directions(params, floats, sizes, n)

        def tangent(t: Any, y: Any, dy: Any, inner: Any, more: Any, k: int) -> Any:
            def of_moving(y: Any, *moved: Any) -> Any:
                given = list(inner)
                for place, x in zip(floats, moved, strict=True):
                    given[place] = x
                return self.slope(t, y, given)

            return Jvp(of_moving)([y, *(inner[p] for p in floats)], [dy, *seeds[k]])[1]

        made = self._along(operands, n + m, tangent, (first, []))
        rows = ct.reshape(-1, n)
        every = np.einsum("tkn,tn->k", made.reshape(-1, n + m, n), rows)
        starts = np.cumsum([n, *sizes]).tolist()
        parts = [every[i : i + size] for i, size in zip(starts, sizes, strict=False)]
        at_start = every[:n]
        states = result.reshape(-1, n)
        rates = [
            np.sum(self.slope(times[k + 1], y, params) * rows[k]) for k, y in enumerate(states)
        ]
        at_first = -np.sum(self.slope(times[0], start, params) * at_start)
        return [
            np.stack([at_first, *rates]),
            at_start,
            *(p.reshape(params[k].shape) for k, p in zip(floats, parts, strict=True)),
        ]


def _unit_directions(
    params: Sequence[Any], floats: Sequence[int], sizes: Sequence[int], n: int
) -> list[list[Any]]:
    """For each direction the tangents of the parameters: zeros for those of the state."""
    zeros = [np.zeros(params[k].shape) for k in floats]
    found = [zeros] * n
    for place, size in enumerate(sizes):
        for at in range(size):
            unit = np.zeros(size)
            unit[at] = 1.0
            row = list(zeros)
            row[place] = unit.reshape(params[floats[place]].shape)
            found.append(row)
    return found


# -- SciPy's functions -----------------------------------------------------------------------------


def _by_solve_ivp(method: str, options: dict[str, Any]) -> Solver:
    def solver(slope: Any, times: Array, start: Array, matrix: Any) -> Array:
        given = {"jac": matrix} if method in IMPLICIT else {}
        found = integrate.solve_ivp(
            slope, (times[0], times[-1]), start, method, t_eval=times[1:], **given, **options
        )
        if not found.success:
            raise RuntimeError(f"solve_ivp: {found.message}")
        states: Array = found.y.T
        return states

    return solver


def _strict(options: dict[str, Any]) -> dict[str, Any]:
    """Tolerances for derivatives."""
    return {
        **options,
        **{name: np.minimum(options.get(name, 1.0), bound) for name, bound in ACCURACY.items()},
    }


def _flow(
    closed: Closed, shape: tuple[int, ...], n: int, solver: Solver, strict: Solver
) -> Solutions:
    def slope(t: Any, y: Any, params: Sequence[Any]) -> Any:
        return flat(closed([t, y.reshape(shape)], params))

    return Solutions(slope, n, solver, strict)


@solves(integrate.solve_ivp)
def _solve_ivp(
    real: Any,
    fun: Any,
    t_span: Any,
    y0: Any,
    method: Any = "RK45",
    t_eval: Any = None,
    dense_output: bool = False,
    events: Any = None,
    vectorized: bool = False,
    args: Any = None,
    **options: Any,
) -> Any:
    if not isinstance(method, str):
        raise refused("scipy.integrate.solve_ivp with a class for method=", "name the method")
    start = floating(y0)
    closed = Closed(fun, [floating(t_span[0]), start], () if args is None else tuple(args))
    options = {k: v for k, v in plain(options).items() if k != "jac"}
    solvers = _by_solve_ivp(method, options), _by_solve_ivp(method, _strict(options))
    flow = _flow(closed, start.shape, start.size, *solvers)
    ends = [floating(t).reshape(1) for t in t_span]
    listed = events if isinstance(events, list | tuple) else [] if events is None else [events]
    given = () if args is None else tuple(args)
    watched = [Event(e, ends[0][0], start, given) for e in listed]
    found = Events(watched, flow, flow.slope, {"method": method, **options}).of(
        ends, start, closed.params
    )
    last, stopped = found.end()
    if t_eval is None:
        rows = flow(np.concatenate([ends[0], last.reshape(1)]), start, closed.params)
        t: Any = Ends(ends[0][0], last)
        y: Any = Ends(start, rows[0])
    elif any(e.terminal for e in watched):
        raise refused("scipy.integrate.solve_ivp with t_eval= and terminal events", TERMINAL)
    else:
        t = floating(t_eval)
        y = _at_times(flow, ends, t, start, closed.params).T
    pairs = [occurrences(found, k) for k in range(len(watched))]
    return optimize.OptimizeResult(
        t=t, y=y, success=True, status=stopped.astype(int),
        sol=DenseSolution(flow, ends, start, closed.params) if dense_output else None,
        t_events=[times for times, _ in pairs] if events is not None else None,
        y_events=[states for _, states in pairs] if events is not None else None,
        message="The solver successfully reached the end of the integration interval.",
    )  # fmt: skip


def _at_times(
    flow: Solutions, ends: Sequence[Any], t: Any, start: Any, params: Sequence[Any]
) -> Any:
    """The states at given times, the first one as it is where it is asked for."""
    first, begin = (known_array(x) for x in (t, ends[0]))
    if first is not None and begin is not None and t.size and first[0] == begin[0]:
        if t.size == 1:
            return start[None]
        later = flow(np.concatenate([ends[0], t[1:]]), start, params)
        return np.concatenate([start[None], later])
    return flow(np.concatenate([ends[0], t]), start, params)


@solves(integrate.odeint)
def _odeint(
    real: Any,
    func: Any,
    y0: Any,
    t: Any,
    args: Any = (),
    Dfun: Any = None,
    full_output: Any = 0,
    tfirst: bool = False,
    **options: Any,
) -> Any:
    if full_output:
        raise refused("scipy.integrate.odeint with full_output=", "leave it out")
    start, times = np.atleast_1d(floating(y0)), floating(t)
    ordered = func if tfirst else lambda t, y, *rest: func(y, t, *rest)
    closed = Closed(ordered, [times[0], start], args if isinstance(args, tuple) else (args,))
    options = plain(options)

    def solver(slope: Any, times: Array, start: Array, matrix: Any) -> Array:
        made: Array = real(slope, start, times, Dfun=matrix, tfirst=True, **options)
        return made[1:]

    strict = _by_solve_ivp("LSODA", dict(ACCURACY))
    later = _flow(closed, start.shape, start.size, solver, strict)(times, start, closed.params)
    return np.concatenate([start[None], later])
