"""custom_rule: derivatives by the user's rules in all modes and orders, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tapec
from tapec.errors import MutationError, NonDifferentiableError, ShapeError, TraceError

BACKENDS = ("numpy", "llvm")
X = np.array([0.3, -1.2, 2.0])


def cube(x: Any) -> Any:
    return x * x * x


# Rules that are not the derivative, so that one sees who is asked.
def cube_jvp(primals: Any, tangents: Any) -> Any:
    (x,), (t,) = primals, tangents
    return cube(x), 5.0 * x * x * t


def cube_vjp(x: Any) -> Any:
    return cube(x), lambda ct: (7.0 * x * x * ct,)


def forward(f: Any, x: Any, backend: Any) -> Any:
    return tapec.jacobian(tapec.compile(f, backend=backend), mode="fwd")(x)


def backward(f: Any, x: Any, backend: Any) -> Any:
    return tapec.jacobian(tapec.compile(f, backend=backend), mode="rev")(x)


@pytest.mark.parametrize("backend", BACKENDS)
def test_each_mode_takes_its_rule(backend: Any) -> None:
    both = tapec.custom_rule(cube, jvp=cube_jvp, vjp=cube_vjp)
    np.testing.assert_allclose(forward(both, X, backend), np.diag(5 * X**2))
    np.testing.assert_allclose(backward(both, X, backend), np.diag(7 * X**2))
    value = tapec.compile(lambda x: both(x), backend=backend)(X)
    np.testing.assert_array_equal(value, cube(X))


@pytest.mark.parametrize("backend", BACKENDS)
def test_reverse_mode_transposes_a_jvp(backend: Any) -> None:
    f = tapec.custom_rule(cube, jvp=cube_jvp)
    np.testing.assert_allclose(backward(f, X, backend), np.diag(5 * X**2))


@pytest.mark.parametrize("backend", BACKENDS)
def test_second_order_differentiates_the_rule(backend: Any) -> None:
    f = tapec.custom_rule(cube, jvp=cube_jvp)
    found = tapec.hessian(tapec.compile(lambda x: np.sum(f(x)), backend=backend))(X)
    np.testing.assert_allclose(found, np.diag(10 * X))
    g = tapec.custom_rule(cube, vjp=cube_vjp)
    twice = tapec.grad(tapec.grad(tapec.compile(lambda x: g(x), backend=backend)))
    np.testing.assert_allclose(twice(1.5), 14 * 1.5)


def test_vjp_alone_has_no_forward_mode() -> None:
    f = tapec.custom_rule(cube, vjp=cube_vjp)
    with pytest.raises(NonDifferentiableError, match="give jvp= to custom_rule"):
        tapec.jvp(f, (X,), (X,))


def test_a_function_without_rules_is_not_differentiated() -> None:
    f = tapec.custom_rule(cube)
    with pytest.raises(NonDifferentiableError, match="give vjp= or jvp="):
        tapec.grad(lambda x: np.sum(f(x)))(X)


def test_decorator_and_plain_calls() -> None:
    calls = []

    @tapec.custom_rule(jvp=cube_jvp)
    def f(x: Any) -> Any:
        """Doc."""
        calls.append(type(x))
        return cube(x)

    assert f(2.0) == 8.0
    assert calls == [float]
    assert (f.__name__, f.__doc__) == ("f", "Doc.")
    assert tapec.grad(f)(2.0) == 20.0


@pytest.mark.parametrize("backend", BACKENDS)
def test_structures(backend: Any) -> None:
    """Arguments and results of several parts, static ones and integers among them."""

    def f(p: Any, k: Any, name: Any) -> Any:
        assert name == "f"
        return {"y": p["a"] * p["b"][0], "z": (np.sum(p["a"]) * k, k)}

    def jvp(primals: Any, tangents: Any) -> Any:
        p, k, name = primals
        t, tk, tname = tangents
        assert tname is None
        assert name == "f"
        assert np.all(tk == 0)
        dy = t["a"] * p["b"][0] + p["a"] * t["b"][0]
        return f(*primals), {"z": (2.0 * np.sum(t["a"]) * k, None), "y": dy}

    def vjp(p: Any, k: Any, name: Any) -> Any:
        def pull(ct: Any) -> Any:
            to_a = ct["y"] * p["b"][0] + 2.0 * ct["z"][0] * k
            return {"a": to_a, "b": (np.sum(ct["y"] * p["a"]), None)}, None, None

        return f(p, k, name), pull

    a, b, n = np.array([1.0, 2.0]), 3.0, np.arange(3)
    for rules in ({"jvp": jvp}, {"vjp": vjp}):
        ruled = tapec.custom_rule(f, **rules)

        def total(a: Any, b: Any, n: Any, ruled: Any = ruled) -> Any:
            out = ruled({"a": a, "b": (b, 4.0)}, n[2], "f")
            return np.sum(out["y"]) + out["z"][0] + out["z"][1]

        g = tapec.grad(tapec.compile(total, backend=backend), argnums=(0, 1))
        to_a, to_b = g(a, b, n)
        np.testing.assert_allclose(to_a, [3.0 + 4.0, 3.0 + 4.0])
        np.testing.assert_allclose(to_b, 3.0)


def test_keyword_arguments_and_defaults() -> None:
    f = tapec.custom_rule(lambda x, a=2.0: a * x, jvp=lambda p, t: (p[0], 10.0 * p[1] * t[0]))
    assert tapec.grad(lambda x: f(x))(3.0) == 20.0
    assert tapec.grad(lambda x: f(a=3.0, x=x))(3.0) == 30.0


@pytest.mark.parametrize("backend", BACKENDS)
def test_inside_loops_and_branches(backend: Any) -> None:
    f = tapec.custom_rule(np.sin, jvp=lambda p, t: (np.sin(p[0]), np.cos(p[0]) * t[0]))

    def g(x: Any) -> Any:
        for _ in range(40):
            if x > 0.5:  # noqa: SIM108
                x = f(x)
            else:
                x = f(x) + 0.3
        return x

    def plain(x: Any) -> Any:
        for _ in range(40):
            x = np.sin(x) if x.real > 0.5 else np.sin(x) + 0.3
        return x

    wanted = plain(0.7 + 1e-30j).imag / 1e-30
    made = tapec.compile(g, backend=backend)
    np.testing.assert_allclose(tapec.grad(made)(0.7), wanted, rtol=1e-12)
    np.testing.assert_allclose(tapec.jvp(made, (0.7,), (1.0,))[1], wanted, rtol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("rules", [{"jvp": cube_jvp}, {"vjp": cube_vjp}], ids=["jvp", "vjp"])
def test_vmap(rules: Any, backend: Any) -> None:
    f = tapec.custom_rule(lambda x, a: cube(x) * a, **{
        "jvp": lambda p, t: (cube(p[0]) * p[1], cube_jvp(p[:1], t[:1])[1] * p[1] + cube(p[0]) * t[1])
    } if "jvp" in rules else {
        "vjp": lambda x, a: (cube(x) * a, lambda ct: (7.0 * x * x * a * ct, cube(x) * ct))
    })  # fmt: skip
    factor = 5 if "jvp" in rules else 7
    mapped = tapec.vmap(tapec.compile(lambda x, a: f(x, a), backend=backend), in_axes=(0, None))
    np.testing.assert_allclose(mapped(X, 2.0), 2.0 * cube(X))
    total = tapec.compile(lambda x, a: np.sum(mapped(x, a)), backend=backend)
    to_x, to_a = tapec.grad(total, argnums=(0, 1))(X, 2.0)
    np.testing.assert_allclose(to_x, factor * 2.0 * X**2)
    np.testing.assert_allclose(to_a, np.sum(cube(X)))
    each = tapec.vmap(tapec.grad(tapec.compile(lambda x: f(x, 2.0), backend=backend)))
    np.testing.assert_allclose(each(X), factor * 2.0 * X**2)


def test_a_captured_variable_has_no_derivative_by_a_rule() -> None:
    def f(x: Any, a: Any) -> Any:
        g = tapec.custom_rule(lambda x: a * x, jvp=lambda p, t: (p[0], a * t[0]))
        return g(x)

    assert tapec.grad(f)(2.0, 3.0) == 3.0
    with pytest.raises(NonDifferentiableError, match="pass it as an argument"):
        tapec.grad(f, argnums=1)(2.0, 3.0)
    with pytest.raises(NonDifferentiableError, match="pass it as an argument"):
        tapec.jvp(f, (2.0, 3.0), (0.0, 1.0))
    stopped = tapec.grad(lambda a: f(a, tapec.stop_gradient(a)))
    assert stopped(3.0) == 3.0


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"jvp": lambda p, t: t[0]}, "jvp must return a pair"),
        ({"jvp": lambda p, t: (p[0], t[0][:2])}, r"tangent of shape \(2,\), wanted is \(3,\)"),
        ({"vjp": lambda x: x}, "vjp must return a pair"),
        ({"vjp": lambda x: (x, lambda ct: (ct, ct))}, "a tuple of 1 cotangents"),
        ({"vjp": lambda x: (x, lambda ct: (ct[:1],))}, r"cotangent of shape \(1,\)"),
        ({"vjp": lambda x: (x, lambda ct: ((ct, ct),))}, "cotangent"),
        ({"vjp": lambda x: (x[:1], lambda ct: (ct,))}, r"value of shape \(1,\), that of"),
        ({"jvp": lambda p, t: (p[0][:1], t[0])}, r"value of shape \(1,\), that of"),
        ({"jvp": lambda p, t: ((p[0], p[0]), t[0])}, r"that of the function has shape \(3,\)"),
        ({"jvp": lambda p, t: (p[0], 1.0)}, "must be linear"),
        ({"jvp": lambda p, t: (p[0], np.ones(3))}, "must be linear"),
    ],
)
def test_wrong_rules(rules: Any, message: str) -> None:
    f = tapec.custom_rule(cube, **rules)
    with pytest.raises((ShapeError, TraceError, TypeError), match=message):
        tapec.grad(lambda x: np.sum(f(x)))(X)


@pytest.mark.parametrize(
    "tangent",
    [
        lambda x, t: t**2,
        lambda x, t: np.where(t > 0, t, 2.0 * t),
        lambda x, t: tapec.fori_loop(0, 3, lambda i, s: s * t * x, t),
        lambda x, t: tapec.while_loop(lambda s: s[0] < 3.0, lambda s: s * x, t),
    ],
)
def test_rules_that_are_not_linear_cannot_go_backwards(tangent: Any) -> None:
    f = tapec.custom_rule(cube, jvp=lambda p, t: (cube(p[0]), tangent(p[0], t[0])))
    with pytest.raises(NonDifferentiableError, match="not linear in the tangents"):
        tapec.grad(lambda x: np.sum(f(x)))(X)


@pytest.mark.parametrize(
    "tangent",
    [
        lambda x, t: np.where(x > 0, t / x, np.zeros(3)),
        lambda x, t: tapec.fori_loop(0, 3, lambda i, s: s * x + t, t * x),
        lambda x, t: tapec.while_loop(
            lambda s: s[0] < 9, lambda s: (s[0] + 1, s[1] * np.sin(s[2]), s[2] + x), (0, t, x))[1],
        lambda x, t: tapec.cond(x[0] > 0, lambda s: s * x, lambda s: s / x, t),
        lambda x, t: tapec.checkpoint(lambda x, t: t * np.sin(x))(x, t),
        lambda x, t: tapec.custom_rule(cube, jvp=cube_jvp)(x) * t,
    ],
)  # fmt: skip
def test_linear_rules_go_backwards(tangent: Any) -> None:
    f = tapec.custom_rule(cube, jvp=lambda p, t: (cube(p[0]), tangent(p[0], t[0])))
    np.testing.assert_allclose(backward(f, X, "llvm"), forward(f, X, "llvm"), atol=1e-14)
    second = tapec.jacobian(tapec.jacobian(f, mode="rev"), mode="rev")(X)
    np.testing.assert_allclose(second, tapec.jacobian(tapec.jacobian(f, mode="fwd"))(X), atol=1e-13)


def test_writing_into_an_argument_is_refused() -> None:
    def f(x: Any) -> Any:
        x[0] = 1.0
        return x

    g = tapec.custom_rule(f, jvp=lambda p, t: (p[0], t[0]))
    with pytest.raises(MutationError, match=r"x = x\.copy"):
        tapec.grad(lambda x: np.sum(g(x * 1.0)))(X)


def test_methods() -> None:
    class Model:
        def __init__(self) -> None:
            self.a = 2.0

        @tapec.custom_rule(jvp=lambda p, t: (p[1], p[0].a * t[1]))
        def f(self, x: Any) -> Any:
            return self.a * x * x

    assert Model().f(3.0) == 18.0
    assert tapec.grad(Model().f)(3.0) == 2.0


@pytest.mark.parametrize("backend", BACKENDS)
def test_stop_gradient(backend: Any) -> None:
    def f(x: Any) -> Any:
        parts = tapec.stop_gradient({"a": x, "b": (2.0, None, "name")})
        assert parts["b"] == (2.0, None, "name")
        return np.sum(x * parts["a"])

    made = tapec.compile(f, backend=backend)
    np.testing.assert_allclose(tapec.grad(made)(X), X)
    np.testing.assert_allclose(tapec.jacobian(made, mode="fwd")(X), X)
    assert tapec.stop_gradient(3) == 3


@pytest.mark.parametrize("backend", BACKENDS)
def test_checkpoint(backend: Any) -> None:
    def block(p: Any, x: Any) -> Any:
        y = np.tanh(p["w"] @ x)
        return {"y": np.sin(y) * p["b"], "k": 3}

    again = tapec.checkpoint(block)
    assert again({"w": np.eye(3), "b": 2.0}, X)["k"] == 3

    def f(apply: Any, w: Any, x: Any) -> Any:
        for _ in range(3):
            x = apply({"w": w, "b": 2.0}, x)["y"]
        return np.sum(x**2)

    w = np.arange(9.0).reshape(3, 3) / 10
    one = tapec.compile(lambda w, x: f(again, w, x), backend=backend)
    other = tapec.compile(lambda w, x: f(block, w, x), backend=backend)
    for argnums in (0, 1):
        found, wanted = (tapec.grad(k, argnums)(w, X) for k in (one, other))
        np.testing.assert_allclose(found, wanted, rtol=1e-13)
    found, wanted = (tapec.hessian(k, 1)(w, X) for k in (one, other))
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_checkpointed_writes_reach_the_argument() -> None:
    def fill(x: Any, a: Any) -> None:
        x[0] = a * a

    def f(a: Any) -> Any:
        x = np.ones(3) * a
        tapec.checkpoint(fill)(x, a)
        return np.sum(x)

    assert tapec.compile(f)(3.0) == 15.0
    assert tapec.grad(f)(3.0) == 8.0


def test_second_derivatives_of_rules_that_are_no_derivatives(rng):
    """Rows are those of the gradient that the rule gives, columns those of the arguments."""
    a, x = rng.normal(size=(3, 3)), rng.normal(size=3)
    f = tapec.custom_rule(lambda x: x @ x, jvp=lambda x, t: (x[0] @ x[0], (a @ x[0]) @ t[0]))
    np.testing.assert_allclose(tapec.grad(f)(x), a @ x)
    np.testing.assert_allclose(tapec.hessian(f)(x), a)
    np.testing.assert_allclose(tapec.derive(f, "hess")(x).hess, a)
    np.testing.assert_allclose(tapec.hessian(lambda x: 2 * f(3 * x))(x), 18 * a)


def test_second_derivatives_by_several_leaves(rng):
    def f(p):
        return np.sum(np.outer(p["a"], p["b"][0]) ** 2) * np.sin(p["b"][1]) + p["b"][1] ** 3

    p = {"a": rng.normal(size=2), "b": [rng.normal(size=3), 0.7]}
    h = tapec.hessian(f)(p)
    again = tapec.jacobian(tapec.grad(f), mode="rev")(p)
    bundled = tapec.derive(f, "hess")(p).hess
    for one in (h, bundled):
        for i in (lambda t: t["a"], lambda t: t["b"][0], lambda t: t["b"][1]):
            for j in (lambda t: t["a"], lambda t: t["b"][0], lambda t: t["b"][1]):
                np.testing.assert_allclose(j(i(one)), j(i(again)), rtol=1e-12)
                assert np.shape(j(i(one))) == np.shape(i(p)) + np.shape(j(p))
