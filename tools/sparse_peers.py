"""Sparse derivatives beside CasADi and asdex: `python tools/sparse_peers.py [PROBLEM ...]`.

For each problem the nonzeros of the Jacobian of its equations and of the lower triangle of the
Hessian of the Lagrangian: seconds to the first result (from plain functions or symbols to numbers),
then microseconds an evaluation, the least of several runs in which all peers take turns. CasADi is
called through its buffers, once in its virtual machine and once as C by gcc -O3; asdex's functions
are jitted. All peers' nonzeros are compared with tapec's before they are timed.
"""

from __future__ import annotations

import importlib
import importlib.util
import subprocess
import sys
import tempfile
import time
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
SECONDS = 2.0  # the time of one measurement
ROUNDS = 20  # of so many rounds
C_SECONDS = 300  # after which the C compiler is stopped

Array = np.ndarray[Any, Any]


def example(name: str) -> Any:
    """An example as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "examples" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class Problem:
    """An objective and equations in NumPy, in JAX, and in CasADi (symbols -> symbols)."""

    name: str
    n: int
    objective: Callable[[Any], Any]
    equations: Callable[[Any], Any]
    jax: Callable[[Any], tuple[Callable[[Any], Any], Callable[[Any], Any]]]
    casadi: Callable[[Any, Any], tuple[Any, Any]]
    compiled: bool = True  # whether C code compiles in reasonable time


def rebound(f: Callable[..., Any], **names: Any) -> Callable[..., Any]:
    """The function with other globals."""
    scope = {**f.__globals__, **names}
    return types.FunctionType(f.__code__, scope, f.__name__, f.__defaults__, f.__closure__)


# --- problems -------------------------------------------------------------------------------------


def collocation() -> Problem:
    """The swing-up of examples/cart_pole.py: 200 intervals."""
    m = example("cart_pole")

    def jax(jnp: Any) -> Any:
        slopes = rebound(m.slopes, np=jnp)
        equations = rebound(m.equations, np=jnp, slopes=slopes)
        flat = lambda x: jnp.concatenate([jnp.ravel(part) for part in equations(x)])  # noqa: E731
        return rebound(m.effort, np=jnp), flat

    def casadi(ca: Any, x: Any) -> Any:
        z = ca.reshape(x, 5, m.INTERVALS + 1)
        angle, speed, spin, force = (z[k, :] for k in range(1, 5))
        s, c = ca.sin(angle), ca.cos(angle)
        mass = m.CART + m.POLE * s**2
        pull = force + m.POLE * m.LENGTH * s * spin**2
        push = (pull + m.POLE * m.GRAVITY * s * c) / mass
        turn = -(pull * c + (m.CART + m.POLE) * m.GRAVITY * s) / (m.LENGTH * mass)
        f = ca.vertcat(speed, spin, push, turn)
        defects = z[:4, 1:] - z[:4, :-1] - 0.5 * m.STEP * (f[:, 1:] + f[:, :-1])
        ends = z[:4, 0], z[:4, -1] - ca.DM([1.0, np.pi, 0.0, 0.0])
        inner = ca.sum2(force[0, 1:-1] ** 2) + 0.5 * (force[0, 0] ** 2 + force[0, -1] ** 2)
        return m.STEP * inner, ca.vertcat(ca.vec(defects), *ends)

    return Problem("collocation", 5 * (m.INTERVALS + 1), m.effort, m.equations, jax, casadi)


def power_flow() -> Problem:
    """The network of examples/power_flow.py: 30 nodes, 41 lines."""
    m = example("power_flow")

    def jax(jnp: Any) -> Any:
        flows = rebound(m.flows, np=jnp)

        def equations(x: Any) -> Any:
            angle, size, active, reactive = m.parts(x)
            p = jnp.asarray(-m.WANTED[0]).at[m.AT].add(active)
            q = (-m.WANTED[1] + m.SHUNT * size**2).at[m.AT].add(reactive)
            squared = []
            for near, far in ((m.START, m.END), (m.END, m.START)):
                a, b = flows(angle, size, near, far)
                p, q = p.at[near].add(-a), q.at[near].add(-b)
                squared.append(a**2 + b**2)
            return jnp.concatenate([p, q, *squared, angle[:1]])

        return rebound(m.cost, np=jnp), equations

    def casadi(ca: Any, x: Any) -> Any:
        angle, size, active, reactive = m.parts(x)
        p = ca.SX(-m.WANTED[0])
        q = ca.SX(-m.WANTED[1]) + m.SHUNT * size**2
        for k, node in enumerate(m.AT.tolist()):
            p[node] += active[k]
            q[node] += reactive[k]
        squared = []
        for near, far in ((m.START, m.END), (m.END, m.START)):
            for k, (i, j) in enumerate(zip(near.tolist(), far.tolist(), strict=True)):
                d, product = angle[i] - angle[j], size[i] * size[j]
                g, b = float(m.G[k]), float(m.B[k])
                a = g * size[i] ** 2 - product * (g * ca.cos(d) + b * ca.sin(d))
                r = -(b + float(m.CHARGING[k])) * size[i] ** 2 - product * (
                    g * ca.sin(d) - b * ca.cos(d)
                )
                p[i] -= a
                q[i] -= r
                squared.append(a**2 + r**2)
        power = m.BASE * active
        cost = ca.sum1(m.GENERATORS[:, 4] * power**2 + m.GENERATORS[:, 5] * power)
        return cost, ca.vertcat(p, q, *squared, angle[0])

    return Problem("power flow", m.VARIABLES, m.cost, m.constraints, jax, casadi)


def bratu(size: int) -> Problem:
    """Bratu's equation on a square of size x size inner points, with the least squares of u."""
    shift = (size + 1) ** 2

    def objective(u: Any) -> Any:
        return 0.5 * np.sum(u**2) / shift

    def equations(u: Any) -> Any:
        v = np.pad(u.reshape(size, size), 1)
        inner = v[1:-1, 1:-1]
        around = v[2:, 1:-1] + v[:-2, 1:-1] + v[1:-1, 2:] + v[1:-1, :-2]
        return (4.0 * inner - around - 5.0 * np.exp(inner) / shift).ravel()

    def jax(jnp: Any) -> Any:
        given = {"np": jnp, "size": size, "shift": shift}
        return rebound(objective, **given), rebound(equations, **given)

    def casadi(ca: Any, x: Any) -> Any:
        u = ca.reshape(x, size, size)
        row, column = ca.SX(1, size), ca.SX(size + 2, 1)
        v = ca.horzcat(column, ca.vertcat(row, u, row), column)
        inner = v[1:-1, 1:-1]
        around = v[2:, 1:-1] + v[:-2, 1:-1] + v[1:-1, 2:] + v[1:-1, :-2]
        found = 4.0 * inner - around - 5.0 * ca.exp(inner) / shift
        return 0.5 * ca.sumsqr(x) / shift, ca.vec(found)

    name = f"bratu {size} x {size}"
    return Problem(name, size**2, objective, equations, jax, casadi, False)


PROBLEMS: dict[str, Callable[[], Problem]] = {
    "collocation": collocation,
    "power_flow": power_flow,
    "bratu64": lambda: bratu(64),
    "bratu512": lambda: bratu(512),
}

# --- contenders -----------------------------------------------------------------------------------

# What a contender gives: a call that returns the nonzeros of the Jacobian, one for the Hessian.
Calls = tuple[Callable[[], Any], Callable[[], Any]]


def tapec_calls(p: Problem, x: Array, weights: Array) -> Calls:
    """tapec's nonlinear program."""
    import tapec

    program = tapec.nlp(p.objective, p.equations, p.n)
    calls = lambda: program.jacobian(x), lambda: program.hessian(x, weights, 0.7)
    for call in calls:
        call()
    return calls


def casadi_functions(p: Problem) -> Any:
    """CasADi's functions of Jacobian and Hessian."""
    import casadi as ca

    x = ca.SX.sym("x", p.n)
    objective, equations = p.casadi(ca, x)
    factor, multipliers = ca.SX.sym("factor"), ca.SX.sym("multipliers", equations.shape[0])
    lagrangian = factor * objective + ca.dot(multipliers, equations)
    hessian = ca.tril(ca.hessian(lagrangian, x)[0])
    return [
        ca.Function("jacobian", [x], [ca.jacobian(equations, x)]),
        ca.Function("hessian", [x, factor, multipliers], [hessian]),
    ]


def buffered(functions: Any, x: Array, weights: Array) -> Calls:
    """Calls through CasADi's buffers."""
    made = []
    for f, args in zip(functions, ([x], [x, np.array([0.7]), weights]), strict=True):
        buffer, run = f.buffer()
        out = np.zeros(f.nnz_out(0))
        for k, arg in enumerate(args):
            buffer.set_arg(k, memoryview(arg))
        buffer.set_res(0, memoryview(out))
        made.append(_call(run, out, buffer, args))
        made[-1]()
    return made[0], made[1]


def _call(run: Callable[[], None], out: Array, *kept: Any) -> Callable[[], Array]:
    def call() -> Array:
        run()
        return out

    call.kept = kept  # type: ignore[attr-defined]
    return call


def casadi_calls(p: Problem, x: Array, weights: Array) -> Calls:
    """CasADi's virtual machine."""
    return buffered(casadi_functions(p), x, weights)


def casadi_c_calls(p: Problem, x: Array, weights: Array) -> Calls:
    """CasADi's C code by gcc -O3."""
    import casadi as ca

    folder = Path(tempfile.mkdtemp())
    found = []
    for f in casadi_functions(p):
        code = ca.CodeGenerator(f"{f.name()}.c")
        code.add(f)
        code.generate(f"{folder}/")
        library = folder / f"{f.name()}.so"
        command = ["gcc", "-O3", "-march=native", "-fPIC", "-shared", "-o", str(library),
                   str(folder / f"{f.name()}.c"), "-lm"]  # fmt: skip
        subprocess.run(command, check=True, timeout=C_SECONDS)
        found.append(ca.external(f.name(), str(library)))
    return buffered(found, x, weights)


def asdex_calls(p: Problem, x: Array, weights: Array) -> Calls:
    """asdex, jitted by JAX."""
    import asdex
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    objective, equations = p.jax(jnp)

    def lagrangian(x: Any, factor: Any, multipliers: Any) -> Any:
        return factor * objective(x) + jnp.dot(multipliers, equations(x))

    given = jnp.asarray(x), jnp.asarray(0.7), jnp.asarray(weights)
    first = jax.jit(asdex.jacobian(equations, given[0]))
    second = jax.jit(asdex.hessian(lagrangian, *given))
    calls = (lambda: first(given[0]).data.block_until_ready(),
             lambda: second(*given).data.block_until_ready())  # fmt: skip
    for call in calls:
        call()
    return calls


CONTENDERS: dict[str, Callable[[Problem, Array, Array], Calls]] = {
    "tapec": tapec_calls,
    "CasADi VM": casadi_calls,
    "CasADi gcc -O3": casadi_c_calls,
    "asdex": asdex_calls,
}


def least(calls: Sequence[Callable[[], Any]]) -> list[float]:
    """The seconds of each call: the least of several rounds, in which all take turns."""
    once = [min(timed(call, 5) for _ in range(3)) for call in calls]
    counts = [max(1, int(SECONDS / ROUNDS / seconds)) for seconds in once]
    found = [[timed(call, n) for call, n in zip(calls, counts, strict=True)] for _ in range(ROUNDS)]
    return [min(row) for row in zip(*found, strict=True)]


def timed(call: Callable[[], Any], count: int) -> float:
    """The seconds of the processor for one call, on average over several."""
    start = time.process_time()
    for _ in range(count):
        call()
    return (time.process_time() - start) / count


def compare(p: Problem) -> None:
    """Time all contenders on a problem; those that are not installed are left out."""
    import tapec

    rng = np.random.default_rng(0)
    x = 1.0 + 0.1 * rng.normal(size=p.n)
    weights = rng.normal(size=tapec.nlp(p.objective, p.equations, p.n).m)
    wanted: list[Array] = []
    ready: list[tuple[str, float, Calls, str]] = []
    for name, make in CONTENDERS.items():
        if name == "CasADi gcc -O3" and not p.compiled:
            continue
        start = time.perf_counter()
        try:
            calls = make(p, x, weights)
        except ImportError as missing:
            print(f"{p.name:16} {name:16} {missing}")
            continue
        first = time.perf_counter() - start
        found = [np.sort(np.asarray(call())) for call in calls]
        wanted = wanted or found
        sums = [np.allclose(a.sum(), b.sum()) for a, b in zip(found, wanted, strict=True)]
        ready.append((name, first, calls, "" if all(sums) or name == "asdex" else "OTHER NUMBERS"))
    every = [least([calls[k] for _, _, calls, _ in ready]) for k in range(2)]
    for (name, first, _, note), jacobian, hessian in zip(ready, *every, strict=True):
        times = f"{1e6 * jacobian:12.2f} {1e6 * hessian:12.2f}"
        print(f"{p.name:16} {name:16} {first:9.3f} s {times} us  {note}", flush=True)


def main() -> None:
    """Compare on the problems named, or on all."""
    print(f"{'':33} {'first':>11} {'Jacobian':>12} {'Hessian':>12}")
    for name in sys.argv[1:] or PROBLEMS:
        compare(PROBLEMS[name]())


if __name__ == "__main__":
    main()
