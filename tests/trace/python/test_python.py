"""Python around NumPy: helpers, closures, coercions, errors, nesting."""

from __future__ import annotations

import functools
import math
import threading
from typing import Any

import numpy as np
import pytest
from numpy import exp, zeros
from scipy import stats
from scipy.optimize import rosen, rosen_der
from support.tracing import check, traced

from tapec.errors import ControlFlowError, EscapedTracerError, TraceError, UnsupportedOperation
from tapec.ir.types import Type
from tapec.trace import NeedStatic, Param
from tapec.trace import trace as trace_function

V = np.array([0.3, 0.7, 0.2, 0.9])
SCALE = np.array([1.0, 2.0, 3.0, 4.0])


def helper(x: Any) -> Any:
    y = np.zeros(4)
    y[:] = x * SCALE
    return y


def recursive(x: Any, n: int) -> Any:
    return x if n == 0 else recursive(x * x + 0.1, n - 1)


class Model:
    """An object with a method and state."""

    def __init__(self) -> None:
        self.weights = np.array([1.0, -1.0, 2.0, 0.5])

    def loss(self, x: Any) -> Any:
        out = np.zeros(2)
        out[0] = self.weights @ x
        return out

    def __call__(self, x: Any) -> Any:
        return self.loss(x).sum()


def test_helpers_closures_and_imported_names() -> None:
    offset = np.arange(4.0)

    def inner(x: Any) -> Any:
        y = zeros(4)
        y[1:] = exp(x[1:]) + offset[1:]
        return y

    check(lambda x: helper(x) + inner(x), V)
    check(lambda x: recursive(x, 3), V)
    check(functools.partial(lambda k, x: helper(x) * k, 2.0), V)


def test_scipy_functions_written_in_python() -> None:
    check(rosen, V)
    check(rosen_der, V)


def test_methods_and_callable_objects() -> None:
    model = Model()
    check(model.loss, V)
    check(model, V)
    check(lambda x: model(x) + model.loss(x), V)


def test_math_functions_and_builtins() -> None:
    check(lambda x: math.sin(x[0]) + math.sqrt(x[1]) + math.pi, V)
    check(lambda x: sum(x) + sum([x[0], x[1]]) + abs(x[2]), V)
    check(lambda x: [v**2 for v in x], V)
    check(lambda x: sum(a * b for a, b in zip(x, SCALE, strict=True)), V)
    check(lambda x: x * len(x) + x.size + x.ndim + x.shape[0], V)


def test_isinstance_and_casts() -> None:
    def f(x: Any) -> Any:
        assert isinstance(x, np.ndarray)
        assert x.dtype == np.float64
        assert np.issubdtype(x.dtype, np.floating)
        return np.float64(x[0]) + np.asarray(x, dtype=float)

    check(f, V)


def test_a_truth_python_needs_is_an_error_with_the_users_line() -> None:
    def f(x: Any) -> Any:
        return [v for v in x if v > 0]

    with pytest.raises(ControlFlowError, match=r"test_python.py:\d+:  return \[v for v in"):
        traced(f, V)


def test_a_branch_without_source_is_an_error() -> None:
    scope: dict[str, Any] = {}
    exec("def f(x):\n    if x[0] > 0:\n        return x\n    return -x", scope)
    with pytest.raises(ControlFlowError, match=r"(?s)<string>:2:.*source"):
        traced(scope["f"], V)


@pytest.mark.parametrize("f", [
    lambda x: [0, 1][x[0]], lambda x: range(x[0]), lambda x: np.unique(x),
    lambda x: SCALE[:: np.argmax(x)], lambda x: x[x > 0][0],
])  # fmt: skip
def test_coercions_are_errors(f: Any) -> None:
    with pytest.raises(TraceError, match=r"test_python\.py"):
        traced(f, V)


def test_unknown_functions_name_themselves() -> None:
    with pytest.raises(UnsupportedOperation, match=r"np\.unique"):
        traced(lambda x: np.unique(x), V)


def test_python_integers_ask_to_be_static() -> None:
    def f(x: Any, n: int) -> Any:
        for _ in range(n + 1):
            x = x * 2
        return x

    with pytest.raises(NeedStatic) as caught:
        traced(f, V, 3)
    assert caught.value.params == frozenset({1})


def test_escaped_tracer() -> None:
    kept: list[Any] = []
    traced(lambda x: kept.append(x) or x, V)
    with pytest.raises(EscapedTracerError):
        kept[0] + 1


def test_constant_results() -> None:
    check(lambda x: np.zeros(3), V)
    check(lambda x: 1.5, V)


def test_closure_over_an_outer_trace_is_captured() -> None:
    seen: list[Any] = []

    def outer(x: Any) -> Any:
        made = trace_function(lambda y: x * y, lambda t: (tuple(t), {}), [Param(Type("f64"), "y")])
        seen.append(made)
        return x

    traced(outer, V)
    assert len(seen[-1].captures) == 1
    assert [p.type for p in seen[-1].func.params] == [Type("f64"), Type("f64", (4,))]


def test_threads_trace_independently() -> None:
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(5):
                check(helper, V)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failures
    assert np.zeros is zeros


def test_float_max_and_min_of_python() -> None:
    check(lambda x: float(np.sum(x)), V)
    check(lambda x: max(x[0], 0.5) * min(x) + max([x[1], x[2]]), V)
    check(lambda x: max(1, 2) * x + float("3") + np.zeros(4, dtype=float), V)

    def f(x: Any) -> Any:
        assert isinstance(x[0], float)
        assert isinstance(2.0, float)
        assert float in (int, float)
        assert issubclass(float, float)
        return x.astype(float) * np.asarray([1, 2, 3, 4], dtype=float)

    check(f, V)


def test_imports_inside_the_function() -> None:
    def f(x: Any) -> Any:
        import numpy as local
        from numpy import zeros as local_zeros

        y, z = local.zeros(4), local_zeros(2)
        y[0], z[1] = x[0], x[1]
        return y, z

    check(f, V)


def test_real_arrays_cannot_hold_traced_values() -> None:
    class Holder:
        def __init__(self) -> None:
            self.buffer = np.zeros(3)

    holder = Holder()

    def f(x: Any) -> Any:
        holder.buffer[0] = x[0]
        return holder.buffer

    with pytest.raises(TraceError, match="made outside"):
        traced(f, V)


def test_more_functions() -> None:
    check(lambda x: np.interp(x, [0.0, 0.25, 0.5, 1.0], [1.0, 3.0, 2.0, 0.0]), V)
    check(lambda x: np.gradient(x, 0.1), V)
    check(lambda x: np.piecewise(x, [x < 0.5, x >= 0.5], [lambda v: v**2, 3.0]), V)
    check(lambda x: (np.isclose(x, 0.3), np.allclose(x, x)), V)
    check(lambda x: (np.r_[x, 1.0, x[:2]], np.c_[x, x], np.r_[0:3]), V)
    check(lambda x: np.vectorize(lambda v: v * v)(x), V)

    def reshaped_in_place(x: Any) -> Any:
        y = x.copy()
        y.shape = (2, 2)
        y[0, 0] = 5.0
        return y

    check(reshaped_in_place, V)


def test_constants_of_the_function_stay_constants() -> None:
    def f(x: Any) -> Any:
        order = np.arange(4)
        for i in range(order.sum() - 4):
            x = x + i
        if order.max() == 3 and np.any(order > 2) and order[1:].min() == 1:
            return x * order.reshape(2, 2).sum(axis=0).max()
        return x

    check(f, V)


def test_log_densities_of_scipy() -> None:
    check(lambda x: stats.norm.logpdf(x), V)
    check(lambda x: stats.norm.logpdf(x, 0.5, x[0]) + stats.norm.pdf(x, loc=x[1]), V)
    check(lambda x: stats.norm.cdf(x, 0.1, 2.0) + stats.norm.logcdf(x), V)
    check(lambda x: (stats.laplace.logpdf(x), stats.cauchy.logpdf(x), stats.logistic.logpdf(x)), V)
    check(lambda x: (stats.expon.logpdf(x, scale=2.0), stats.gamma.logpdf(x, 2.5)), V)
    check(lambda x: (stats.beta.logpdf(x, 2.0, x[0]), stats.t.logpdf(x, 3.0, 0.5, 2.0)), V)


class Filter:
    """An object made inside the traced function, with state."""

    def __init__(self, n: int) -> None:
        self.state = np.zeros(n)

    def step(self, u: Any) -> Any:
        s = self.state.copy()
        s[0] = u[0]
        s[1:] = 0.5 * s[:-1] + u[1:]
        self.state = s
        return s


def test_objects_made_inside_the_function() -> None:
    def f(x: Any) -> Any:
        one = Filter(4)
        assert isinstance(one, Filter)
        one.step(x)
        return one.step(x * 2)

    check(f, V)


def test_python_s_functions_take_traced_numbers() -> None:
    def f(x: Any, i: Any) -> Any:
        k = int(x[0] * 10) + round(x[1] * 3) + math.floor(x[2]) - int(x[3] > 0)
        assert isinstance(k, int)
        assert type(len(V)) is int
        kind: int | None = k
        return (kind, sum(x), all(x > 0), any(v > 0.8 for v in x), bool(x[0]), max(x),
                int(i) + len(x), np.arange(3)[k % 3])  # fmt: skip

    check(f, V, np.int64(3))
    long = np.linspace(0.1, 2.0, 100)
    check(lambda x: (sum(x), max(x), min(x)), long)


def test_loops_over_what_pairs_and_counts() -> None:
    def f(x: Any, y: Any) -> Any:
        s = 0.0
        for i, (a, b) in enumerate(zip(x, y, strict=True), start=1):
            s += i * a * b
        for v in reversed(x):
            s = s / 2 + v
        pairs = enumerate(y)
        next(pairs)
        return s + sum(v * k for k, v in pairs)

    x = np.linspace(0.1, 2.0, 300)
    check(f, x, np.cos(x))
