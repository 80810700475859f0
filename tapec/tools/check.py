"""``tapec.check``: does the compiler differentiate this function rightly, here, at these arguments?

Every row compares two routes that share little: forward against reverse mode, either against
finite differences or a complex step of the plain function, native code against the interpreter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tapec.tools.differences import (
    COMPLEX_STEP,
    Array,
    error_beyond,
    leaves,
    random_direction,
    relative_error,
    ridders,
)

ROUNDING = 1e-10
DIFFERENCES = 1e-6


@dataclass(frozen=True)
class Comparison:
    """One comparison: its relative error and what is allowed; ``note`` says why there is none."""

    name: str
    error: float | None
    allowed: float
    note: str = ""

    @property
    def ok(self) -> bool:
        """Whether the error is within what is allowed (NaN is not)."""
        return not self.note and self.error is not None and self.error <= self.allowed


@dataclass(frozen=True)
class Report:
    """All comparisons of one function."""

    function: str
    rows: tuple[Comparison, ...]

    @property
    def ok(self) -> bool:
        """Whether every comparison holds."""
        return all(row.ok for row in self.rows)

    def __str__(self) -> str:
        width = max((len(row.name) for row in self.rows), default=0)
        lines = [f"{self.function}:", *(_line(row, width) for row in self.rows)]
        return "\n".join(lines)


def _line(row: Comparison, width: int) -> str:
    if row.error is None:
        return f"  {row.name:<{width}}  FAILED  {row.note}"
    verdict = "ok" if row.ok else "FAILED"
    return f"  {row.name:<{width}}  {verdict:<6}  error {row.error:.1e}, allowed {row.allowed:.0e}"


def check(f: Callable[..., Any], *args: Any, order: int = 2, seed: int = 0) -> Report:
    """Compare the derivatives of ``f`` at ``args`` by every route.

    Floating-point arguments (arrays and numbers) are differentiated along directions seeded by
    `seed`, the others held fixed. ``f`` returns an array, a number, or a tuple of them. Compared
    are forward mode, reverse mode, extrapolated differences of values, and native code with the
    interpreter; ``order=1`` leaves the second derivatives out. Returns the report, or raises it as
    a DerivativeError where any comparison fails.

    >>> tapec.check(lambda x: np.sum(np.sin(x)), np.ones(3), order=1).ok
    True
    """
    from tapec.errors import DerivativeError

    report = examine(f, *args, order=order, seed=seed)
    if not report.ok:
        raise DerivativeError(str(report))
    return report


def examine(f: Callable[..., Any], *args: Any, order: int = 2, seed: int = 0) -> Report:
    """``check`` without raising: the report, whatever it says."""
    probe = _Probe(f, args, np.random.default_rng(seed))
    rows = [*_guarded("first order", probe.first_order)]
    if order >= 2:
        rows.extend(_guarded("second order", probe.second_order))
    return Report(getattr(f, "__name__", repr(f)), tuple(rows))


def _guarded(name: str, rows: Callable[[], Iterator[Comparison]]) -> Iterator[Comparison]:
    """The rows, and one that says what was raised in the middle of them."""
    from tapec.errors import TapecError

    try:
        yield from rows()
    except TapecError as problem:
        yield Comparison(name, None, 0.0, f"{type(problem).__name__}: {problem}")


class _Probe:
    """One function at one point, with directions ``u``, ``v`` and weights ``w`` of the results."""

    def __init__(
        self, f: Callable[..., Any], args: tuple[Any, ...], rng: np.random.Generator
    ) -> None:
        self._args = args
        self._chosen = tuple(k for k, a in enumerate(args) if _is_float(a))
        if not self._chosen:
            raise TypeError("check: no floating-point argument to differentiate")
        self._plain = getattr(f, "__wrapped__", f)
        self._function = _restricted(f, args, self._chosen)
        self.x = tuple(np.array(args[k]) for k in self._chosen)
        self.v = tuple(_like(random_direction(rng, x), x) for x in self.x)
        self.u = tuple(_like(random_direction(rng, x), x) for x in self.x)
        self.value = self._at(self.x)
        self.w = tuple(_like(rng.standard_normal(y.shape), y) for y in leaves(self.value))
        single = any(x.dtype == np.float32 for x in self.x)
        self._loss = 1e6 if single else 1.0

    def first_order(self) -> Iterator[Comparison]:
        """Value, forward against reverse and differences, native against interpreter."""
        import tapec

        native = tapec.compile(self._function)
        value, forward, pulled = self._by_both_modes(native)
        alone = native(*_copies(self.x))
        yield self._row("value: native vs NumPy", relative_error(alone, self.value))
        yield self._row("value: along the tangent vs NumPy", relative_error(value, self.value))
        yield self._row("tangent vs adjoint", _pairing(_dot(self.w, forward), _dot(pulled, self.v)))
        yield from self._against_differences("tangent", forward, self._line)
        interpreted = tapec.compile(self._function, backend="numpy")
        _, other, other_pulled = self._by_both_modes(interpreted)
        yield self._row("tangent: native vs interpreter", relative_error(forward, other))
        yield self._row("adjoint: native vs interpreter", relative_error(pulled, other_pulled))

    def _by_both_modes(self, kernel: Callable[..., Any]) -> tuple[Any, Any, Any]:
        """Value, tangent along ``v`` and cotangent of ``w``."""
        import tapec

        value, forward = tapec.jvp(kernel, _copies(self.x), self.v)
        pull = tapec.vjp(kernel, *_copies(self.x))[1]
        return value, forward, pull(_packed(self.w, self.value))

    def second_order(self) -> Iterator[Comparison]:
        """Symmetry of the Hessian of <w, f>; its product against differences of the gradient."""
        import tapec

        weighted = _weighted(self._function, self.w)
        everything = tuple(range(len(self.x)))
        gradient = tapec.grad(weighted, argnums=everything)
        along_v = tapec.jvp(gradient, _copies(self.x), self.v)[1]
        along_u = tapec.jvp(gradient, _copies(self.x), self.u)[1]
        symmetry = _pairing(_dot(self.u, along_v), _dot(self.v, along_u))
        yield self._row("Hessian symmetry u.Hv = v.Hu", symmetry)

        def line(t: float) -> Array:
            return _flat(gradient(*_moved(self.x, self.v, t)))

        want, noise = ridders(line)
        yield self._row(
            "Hessian product vs differences", error_beyond(_flat(along_v), want, noise), DIFFERENCES
        )

    def _row(self, name: str, error: float, allowed: float = ROUNDING) -> Comparison:
        return Comparison(name, error, min(allowed * self._loss, 0.01))

    def _against_differences(
        self, name: str, forward: Any, line: Callable[[float], Array]
    ) -> Iterator[Comparison]:
        want, noise = ridders(line)
        error = error_beyond(_flat(forward), want, noise)
        yield self._row(f"{name} vs differences", error, DIFFERENCES)
        exact = self._complex_step()
        # Where the function is not analytic (abs, max, branches) a complex step means nothing.
        if exact is not None and error_beyond(exact, want, noise) <= DIFFERENCES:
            yield self._row(f"{name} vs complex step", relative_error(_flat(forward), exact))

    def _line(self, t: float) -> Array:
        return _flat(self._at(_moved(self.x, self.v, t)))

    def _complex_step(self) -> Array | None:
        """Im f(x + ihv) / h, or None where the function takes no complex numbers."""
        moved = tuple(x + 1j * COMPLEX_STEP * v for x, v in zip(self.x, self.v, strict=True))
        try:
            with np.errstate(all="ignore"):
                value = self._at(moved)
        except (TypeError, ValueError, NotImplementedError):
            return None
        flat = np.concatenate([np.ravel(leaf) for leaf in leaves(value)])
        return np.imag(flat) / COMPLEX_STEP if np.iscomplexobj(flat) else None

    def _at(self, chosen: tuple[Any, ...]) -> Any:
        """The plain function on copies, since it may write into its arguments."""
        full = _copies(self._args)
        for k, x in zip(self._chosen, chosen, strict=True):
            full[k] = x.copy() if np.ndim(x) else x[()]
        return self._plain(*full)


def _is_float(a: Any) -> bool:
    if isinstance(a, np.ndarray | np.generic):
        return a.dtype.kind == "f"
    return isinstance(a, float)


def _copies(values: tuple[Any, ...]) -> list[Any]:
    """What a function may write into, once."""
    return [a.copy() if isinstance(a, np.ndarray) else a for a in values]


def _like(x: Array, model: Any) -> Array:
    return np.asarray(x, dtype=np.asarray(model).dtype)


def _restricted(
    f: Callable[..., Any], args: tuple[Any, ...], chosen: tuple[int, ...]
) -> Callable[..., Any]:
    """``f`` as a function of the differentiated arguments, the others held."""
    if len(chosen) == len(args):
        return f

    def restricted(*xs: Any) -> Any:
        full = _copies(args)
        for k, x in zip(chosen, xs, strict=True):
            full[k] = x
        return f(*full)

    return restricted


def _weighted(f: Callable[..., Any], weights: tuple[Array, ...]) -> Callable[..., Any]:
    """The scalar function sum_k <w_k, f_k>."""

    def weighted(*xs: Any) -> Any:
        result = f(*xs)
        parts = result if isinstance(result, tuple | list) else (result,)
        total = 0.0
        for w, part in zip(weights, parts, strict=True):
            total = total + np.sum(w * part)
        return total

    return weighted


def _moved(x: tuple[Array, ...], v: tuple[Array, ...], t: float) -> tuple[Array, ...]:
    return tuple(_like(a + t * b, a) for a, b in zip(x, v, strict=True))


def _packed(weights: tuple[Array, ...], value: Any) -> Any:
    """The weights in the shape of the result: bare, or a tuple or list of them."""
    if isinstance(value, tuple | list):
        return type(value)(weights)
    return weights[0]


def _flat(result: Any) -> Array:
    return np.concatenate([np.ravel(leaf) for leaf in leaves(result)]).astype(np.float64)


def _dot(a: Any, b: Any) -> tuple[float, float]:
    """The inner product of two results and the sum of its terms' magnitudes."""
    terms = _flat(a) * _flat(b)
    return float(np.sum(terms)), float(np.sum(np.abs(terms)))


def _pairing(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Difference of two inner products, relative to the terms they are made of."""
    scale = max(a[1], b[1])
    return abs(a[0] - b[0]) / scale if scale > 0.0 else abs(a[0] - b[0])
