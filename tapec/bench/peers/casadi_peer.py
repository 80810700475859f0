"""CasADi: symbolic variants of the cases, called through its buffers (no checks, no new output)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.bench.case import Arguments, Case, Function, Task
from tapec.bench.cases import energies, robot, unrolled
from tapec.bench.contender import Prepared
from tapec.bench.peers.rebind import imported, rebind
from tapec.bench.tuning import SCALAR_LIMIT


def make() -> Casadi:
    """The contender."""
    return Casadi()


class Casadi:
    """A ``casadi.Function`` run by CasADi's virtual machine."""

    name = "casadi"
    subject = False

    def prepare(self, case: Case, task: Task, args: Arguments) -> Prepared | None:
        """The compiled function bound to input and output buffers."""
        variant = VARIANTS.get(case.family)
        if variant is None:
            return None
        shapes = [np.shape(a)[1:] if case.batch else np.shape(a) for a in args]
        function, shape = _function(variant, case, task, shapes)
        if case.batch:
            rows = len(args[0])
            return _bound(function.map(rows), (rows, *shape), args)
        return _bound(function, shape, args)


def _function(
    variant: Callable[..., Any], case: Case, task: Task, shapes: list[tuple[int, ...]]
) -> tuple[Any, tuple[int, ...]]:
    ca = imported("casadi")

    scalar = sum(int(np.prod(s)) for s in shapes) <= SCALAR_LIMIT
    symbols = [
        (ca.SX if scalar else ca.MX).sym(f"a{k}", *(s or (1,))) for k, s in enumerate(shapes)
    ]
    x = ca.vertcat(*(symbols[k] for k in case.selected))
    if len(case.selected) == 1:
        x = symbols[case.selected[0]]
    value = variant(ca, *symbols)
    derivatives: dict[Task, Callable[[], Any]] = {
        Task.VALUE: lambda: value,
        Task.GRADIENT: lambda: _gradient(ca, value, symbols, case),
        Task.JACOBIAN: lambda: ca.jacobian(value, x).T,
        Task.HESSIAN: lambda: ca.hessian(value, x)[0],
    }
    result = ca.densify(derivatives[task]())
    shape = {
        Task.VALUE: () if value.numel() == 1 else (value.numel(),),
        Task.GRADIENT: (x.numel(),),
        Task.JACOBIAN: (value.numel(), x.numel()),
        Task.HESSIAN: (x.numel(), x.numel()),
    }[task]
    return ca.Function("f", symbols, [result]), shape


def _gradient(ca: Any, value: Any, symbols: list[Any], case: Case) -> Any:
    return ca.vertcat(*(ca.gradient(value, symbols[k]) for k in case.selected))


def _bound(function: Any, shape: tuple[int, ...], args: Arguments) -> Prepared:
    """Inputs and output bound once: the fastest call CasADi has. Its arrays are column-major."""
    buffer, trigger = function.buffer()
    inputs = [np.array(a, dtype=np.float64, order="C") for a in args]
    for k, array in enumerate(inputs):
        # (rows, n) in C order is n x rows in CasADi's; other matrices would need a transpose.
        buffer.set_arg(k, array.data)
    output = np.empty(shape)
    buffer.set_res(0, output.data)
    # The trigger holds raw pointers, so it keeps function, buffer and arrays alive.
    kept = (function, buffer, inputs, output)
    return Prepared(trigger, (), to_numpy=lambda _: kept[-1].copy())


def _rosen(ca: Any, x: Any) -> Any:
    return ca.sum1(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def _logsumexp(ca: Any, x: Any) -> Any:
    shift = ca.mmax(x)
    return shift + ca.log(ca.sum1(ca.exp(x - shift)))


def _expsin(ca: Any, x: Any) -> Any:
    return ca.sum1(ca.exp(-x * x) * ca.sin(x))


def _broyden(ca: Any, x: Any) -> Any:
    zero = type(x).zeros(1, 1)
    return (3 - 2 * x) * x + 1 - ca.vertcat(zero, x[:-1]) - 2 * ca.vertcat(x[1:], zero)


def _powell(ca: Any, x: Any) -> Any:
    a, b, c, d = (x[k::4] for k in range(4))
    rows = (a + 10 * b, 5**0.5 * (c - d), (b - 2 * c) ** 2, 10**0.5 * (a - d) ** 2)
    return ca.vec(ca.horzcat(*rows).T)


def _helmholtz(ca: Any, x: Any, b: Any, a: Any) -> Any:
    bx, root = ca.dot(b, x), 2**0.5
    ratio = (1 + (1 + root) * bx) / (1 + (1 - root) * bx)
    mixing = energies.GAS * ca.sum1(x * ca.log(x / (1 - bx)))
    return mixing - ca.dot(x, ca.mtimes(a, x)) * ca.log(ratio) / (8**0.5 * bx)


def _through_numpy(function: Function, join: str = "") -> Callable[..., Any]:
    """A scalar program: the same source, its few NumPy names taken from CasADi."""

    def variant(ca: Any, *symbols: Any) -> Any:
        from types import SimpleNamespace

        face = SimpleNamespace(
            cos=ca.cos,
            sin=ca.sin,
            log=ca.log,
            exp=ca.exp,
            sqrt=ca.sqrt,
            array=lambda rows: ca.vertcat(*rows),
        )
        return rebind(function, {np: face})(*symbols)

    return variant


VARIANTS: dict[str, Callable[..., Any]] = {
    "rosen": _rosen,
    "logsumexp": _logsumexp,
    "expsin": _expsin,
    "broyden": _broyden,
    "powell": _powell,
    "helmholtz": _helmholtz,
    "robot_arm": _through_numpy(robot.arm),
    "unrolled": _through_numpy(unrolled.predator_prey),
}
