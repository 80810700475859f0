"""Systems of equations: `root` and `fsolve`, given exact Jacobians."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import optimize

from tapec.scipy.closed import Closed, flat, floating
from tapec.scipy.optimize.scalar import listed
from tapec.scipy.registry import plain, refused, solves
from tapec.scipy.roots import Newton, solution

Array = np.ndarray[Any, Any]
# Methods of `root` that take a Jacobian.
_WITH_SLOPES = ("hybr", "lm")


class _System:
    """fun(x, *args) = 0 for a vector x; the first parameter is where the search starts."""

    def __init__(self, fun: Any, x0: Any, args: Any) -> None:
        self.start = np.atleast_1d(floating(x0))
        self.shape = self.start.shape
        self.closed = Closed(fun, [self.start], listed(args))
        self.params = [np.ravel(self.start), *self.closed.params]
        self.newton = Newton(self._of_params, "equations")

    def _of_params(self, x: Any, params: Sequence[Any]) -> Any:
        found = self.closed([x.reshape(self.shape)], params)
        return flat(found[0] if self._with_slope and isinstance(found, tuple) else found)

    _with_slope = False

    def with_slope(self, jac: Any) -> _System:
        """A function that returns its Jacobian beside its value (`jac=True`)."""
        self._with_slope = jac is True
        return self

    def __call__(self, x: Any, params: Sequence[Any]) -> Any:
        return self._of_params(x, params[1:])

    def solved(self, run: Any, name: str) -> tuple[Any, Any]:
        """The unknowns in their shape, and what SciPy tells: status and calls."""
        n = self.start.size
        made = solution(self, run, self.params, n, 2, name)
        return made[:n].reshape(self.shape), made[n:]


@solves(optimize.root)
def _root(
    real: Any,
    fun: Any,
    x0: Any,
    args: Any = (),
    method: str = "hybr",
    jac: Any = None,
    callback: Any = None,
    **options: Any,
) -> Any:
    if callback is not None:
        raise refused("scipy.optimize.root with callback=", "leave it out")
    system, options = _System(fun, x0, args).with_slope(jac), plain(options)

    def run(x: Array, *params: Array) -> Array:
        slopes = {"jac": lambda x: system.newton.slope(x, *params)}
        found = real(
            lambda x: system.newton.value(x, *params), x, method=method,
            **(slopes if method in _WITH_SLOPES else {}), **options,
        )  # fmt: skip
        polished = system.newton(np.ravel(found.x), params) if found.success else found.x
        return np.array([*np.ravel(polished), found.success, found.get("nfev", 0)], float)

    x, told = system.solved(run, "root")
    return optimize.OptimizeResult(
        x=x,
        fun=system(np.ravel(x), system.params),
        success=told[0] > 0.0,
        status=told[0].astype(int),
        nfev=told[1].astype(int),
        message="The solution converged.",
    )


@solves(
    optimize.broyden1, optimize.broyden2, optimize.anderson, optimize.newton_krylov,
    optimize.diagbroyden, optimize.linearmixing, optimize.excitingmixing,
)  # fmt: skip
def _by_iteration(real: Any, F: Any, xin: Any, **options: Any) -> Any:
    """The solvers that take no Jacobian: theirs is used to find the root, the exact one after."""
    system, options = _System(F, xin, ()), plain(options)

    def run(x: Array, *params: Array) -> Array:
        found = real(lambda x: system.newton.value(np.ravel(x), *params), x, **options)
        return np.array([*system.newton(np.ravel(found), params), 1.0, 0.0])

    return system.solved(run, real.__name__)[0]


@solves(optimize.fsolve)
def _fsolve(
    real: Any,
    func: Any,
    x0: Any,
    args: Any = (),
    fprime: Any = None,
    full_output: Any = 0,
    col_deriv: Any = 0,
    **options: Any,
) -> Any:
    system, options = _System(func, x0, args), plain(options)

    def run(x: Array, *params: Array) -> Array:
        found, info, status, _ = real(
            lambda x: system.newton.value(x, *params), x,
            fprime=lambda x: system.newton.slope(x, *params), full_output=True, **options,
        )  # fmt: skip
        polished = system.newton(found, params) if status == 1 else found
        return np.array([*polished, status, info["nfev"]], float)

    x, told = system.solved(run, "fsolve")
    x = np.ravel(x)
    if not full_output:
        return x
    info = {"nfev": told[1].astype(int), "fvec": system(x, system.params)}
    return x, info, told[0].astype(int), "The solution converged."
