"""Derivatives through regions where something special is at stake."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.region_programs import (
    INT,
    RUN,
    F,
    P,
    block,
    cond,
    const,
    element,
    emit,
    exp,
    fori,
    func,
    loop,
    scan,
    sin,
    stored,
    total,
    vec,
)  # fmt: skip

from tapec.ad import adjoint, gradient, tangent
from tapec.backends.interpreter import run
from tapec.errors import NonDifferentiableError
from tapec.ir import Type
from tapec.ir.core import Block, Func, Op
from tapec.ir.verify import verify


def every_op(block: Func | Block) -> list[Op]:
    found = []
    for op in block.ops:
        found.append(op)
        for region in op.regions:
            found += every_op(region)
    return found


def grad(f: Func, *args: Any) -> Any:
    g = gradient(f, [True, *(False for _ in f.params[1:])])
    verify(g)
    return run(g, args)[0]


# --- rules of the user's -------------------------------------------------------------------------


def custom(rules: dict[str, Block]) -> Func:
    """sin(x y) + n, with n an integer, under wrong rules: 10 by x, 100 by y."""
    types = [F, F, INT]
    body = block(types, lambda x, y, n: (sin(x * y) + P["convert"](n, dtype="f64"), n))
    return func(
        [F, F],
        lambda x, y: emit(
            "custom",
            [x, y * 2.0, const(x, 3, INT)],
            (body, *rules.values()),
            rules=tuple(rules),
        )[0],
    )


JVP = block([F, F, INT, F, F], lambda x, y, n, dx, dy: x * dx * 10.0 + 100.0 * dy)
VJP = block([F, F, INT, F], lambda x, y, n, ct: (10.0 * x * ct, 100.0 * ct))
ALL = {"both": {"jvp": JVP, "vjp": VJP}, "jvp": {"jvp": JVP}, "vjp": {"vjp": VJP}}


@pytest.mark.parametrize("rules", ALL)
def test_a_rule_replaces_the_derivative(rules: str) -> None:
    f = custom(ALL[rules])
    x, y = np.float64(0.5), np.float64(2.0)
    found = run(adjoint(f, [True, True]), [x, y, np.float64(1.0)])
    np.testing.assert_allclose(found, [np.sin(2.0) + 3, 5.0, 200.0])
    if "jvp" in ALL[rules]:
        found = run(tangent(f, [True, True]), [x, y, np.float64(1.0), np.float64(3.0)])
        assert found[1] == 5.0 + 600.0


def test_a_rule_is_differentiated_again() -> None:
    f = custom(ALL["jvp"])
    twice = gradient(gradient(f, [True, False]), [True, False])
    assert run(twice, [np.float64(0.5), np.float64(2.0)]) == [10.0]


def test_reverse_rule_alone_has_no_tangent() -> None:
    with pytest.raises(NonDifferentiableError, match="jvp="):
        tangent(custom(ALL["vjp"]), [True, True])


def test_custom_inside_a_loop() -> None:
    def step(i: Any, x: Any, s: Any) -> Any:
        found = emit("custom", [x, s], (
            block([F, F], lambda x, s: x * s),
            block([F, F, F, F], lambda x, s, dx, ds: 2.0 * (s * dx + x * ds))), rules=("jvp",))  # fmt: skip
        return found

    f = func([F], lambda x: scan(3, [x], [const(x, 1.0)], [], step))
    # s_n = x s_(n-1), with derivative twice the truth at each step: s_n' = 2 (s + x s').
    x, s, ds = 0.7, 1.0, 0.0
    for _ in range(3):
        s, ds = x * s, 2 * (s + x * ds)
    np.testing.assert_allclose(grad(f, np.float64(x)), ds)


# --- what does not flow --------------------------------------------------------------------------


def test_the_branch_not_taken_leaks_nothing() -> None:
    def body(x: Any) -> Any:
        def step(i: Any, x: Any, s: Any) -> Any:
            d = element(x, i)
            return s + cond(d > 0.0, [d], lambda d: P["sqrt"](d) * P["log"](d), lambda d: d * 0.0)

        return scan(3, [x], [const(x, 0.0)], [], step)

    f = func([vec(3)], body)
    x = np.array([0.0, -1.0, 2.0])
    np.testing.assert_allclose(grad(f, x), [0, 0, (np.log(2) + 2) / (2 * np.sqrt(2))])
    twice = run(tangent(gradient(f, [True]), [True]), [x, np.ones(3)])[1]
    assert np.isfinite(twice).all()


def test_a_select_around_a_loop_masks_it() -> None:
    def body(x: Any) -> Any:
        s = scan(2, [x], [const(x, 0.0)], [], lambda i, x, s: s + P["sqrt"](x))
        return P["select"](x > 0.0, s, x)

    assert grad(func([F], body), np.float64(0.0)) == 1.0
    assert grad(func([F], body), np.float64(0.25)) == 2.0


@pytest.mark.parametrize("count", [-2, 0, 1, 3])
def test_trip_counts(count: int) -> None:
    f = func([F, INT], lambda x, n: fori(n, [x], [x], lambda i, x, s: s * x + sin(s)))
    x, s, ds = 0.8, 0.8, 1.0
    for _ in range(count):
        s, ds = s * x + np.sin(s), ds * x + s + np.cos(s) * ds
    np.testing.assert_allclose(grad(f, np.float64(x), np.int64(count)), ds)


def test_reversed_loops_of_unknown_length() -> None:
    def body(x: Any, n: Any) -> Any:
        return fori(n, [x], [const(x, 1.0)], lambda i, x, s: s * element(x, i) + sin(s),
                    reverse=True)  # fmt: skip

    x = np.array([0.3, 0.5, 0.9])
    s, ds = 1.0, np.zeros(3)
    for i in (1, 0):
        s, ds = s * x[i] + np.sin(s), ds * (x[i] + np.cos(s)) + s * np.eye(3)[i]
    np.testing.assert_allclose(grad(func([vec(3), INT], body), x, np.int64(2)), ds)


def test_counters_have_no_tangents() -> None:
    f = func([F], lambda x: loop([x], [const(x, 0, INT), x, const(x, 2.0)],
                                 lambda x, n, s, c: n < 3,
                                 lambda x, n, s, c: (n + 1, s * x * c, c + 1.0))[1])  # fmt: skip
    (inside,) = [op for op in tangent(f, [True]).ops if op.name == "while_loop"]
    assert inside.attrs["carry"] == 4
    assert inside.attrs["consts"] == 2
    (back,) = [op for op in gradient(f, [True]).ops if op.name == "fori_loop"]
    # The cotangents of s and x, and the tape.
    assert back.attrs["carry"] == 3


# --- in place ------------------------------------------------------------------------------------

WHOLE = {"add", "place", "mul"}


def whole_arrays(block: Block, size: int) -> list[str]:
    """The ops of a body that go over a whole array."""
    return [op.name for op in every_op(block)
            if op.name in WHOLE and op.result.type.size >= size]  # fmt: skip


def test_updates_go_back_in_place() -> None:
    n = 100

    def body(x: Any) -> Any:
        def step(i: Any, u: Any) -> Any:
            first = P["index"](u, at=(0,))
            return stored(u, sin(element(u, i)) * element(u, i + 1) + first, i)

        def sweep(k: Any, u: Any) -> Any:
            return scan(n - 1, [], [u], [], step)

        return total(scan(3, [], [x], [], sweep))

    f = func([vec(n)], body)
    back = [op for op in gradient(f, [True]).ops if op.name == "scan"][-1]
    assert whole_arrays(back.regions[0], n) == []
    x = np.linspace(0.1, 0.9, n)
    v = np.cos(np.arange(n))
    h = 1e-30
    u = x + 1j * h * v
    for _ in range(3):
        for i in range(n - 1):
            u[i] = np.sin(u[i]) * u[i + 1] + u[0]
    np.testing.assert_allclose(grad(f, x) @ v, u.sum().imag / h)


def test_tables_read_at_run_time_places_gather_their_cotangent_in_place() -> None:
    def body(a: Any, x: Any) -> Any:
        def step(i: Any, a: Any, s: Any) -> Any:
            return scan(20, [a, i], [s], [], lambda j, a, i, s: s * P["dynamic_index"](
                a, i, j, at=(RUN, RUN)) + 1.0)  # fmt: skip

        return scan(20, [a], [x], [], step)

    f = func([P_TABLE, F], body)
    g = gradient(f, [True, False])
    back = [op for op in g.ops if op.name == "scan"][-1]
    assert whole_arrays(back.regions[0], 400) == []
    assert not [op for op in every_op(back.regions[0])
                if op.name == "const" and op.result.type.size > 1]  # fmt: skip
    a = np.linspace(0.5, 1.0, 400).reshape(20, 20)
    suffix = np.cumprod(np.append(1.0, a.ravel()[:0:-1]))[::-1]
    s, want = 1.0, np.zeros(400)
    for k, factor in enumerate(a.ravel()):
        want[k] = s * suffix[k]
        s = s * factor + 1.0
    np.testing.assert_allclose(grad(f, a, np.float64(1.0)).ravel(), want, rtol=1e-12)


P_TABLE = vec(20).with_shape((20, 20))


# --- calls ---------------------------------------------------------------------------------------


def twice_called(**attrs: Any) -> Func:
    region = block([F, F], lambda a, b: (sin(exp(sin(a))) * b, a + b))

    def body(x: Any) -> Any:
        a, b = emit("call", [x, x * 2.0], (region,), name="g", **attrs)
        a, b = emit("call", [a, b], (region,), name="g", **attrs)
        return a * b

    return func([F], body)


@pytest.mark.parametrize("checkpoint", [False, True])
def test_equal_calls_go_back_by_equal_calls(checkpoint: bool) -> None:
    f = twice_called(checkpoint=checkpoint)
    g = gradient(f, [True])
    calls = [op for op in g.ops if op.name == "call"]
    assert len(calls) == 4
    assert calls[2].regions == calls[3].regions
    assert calls[0].regions == calls[1].regions
    assert len(calls[0].results) == (2 if checkpoint else 6)
    a, b, da, db = 0.4, 0.8, 1.0, 2.0
    for _ in range(2):
        e = np.exp(np.sin(a))
        d = np.cos(e) * e * np.cos(a)
        a, b, da, db = np.sin(e) * b, a + b, d * da * b + np.sin(e) * db, da + db
    np.testing.assert_allclose(grad(f, np.float64(0.4)), da * b + a * db)


def test_checkpointed_loops_run_again() -> None:
    """A call that keeps its operands only, around loops of known and unknown length."""
    region = block([F, INT], lambda a, n: fori(
        n, [a], [a], lambda i, a, s: scan(3, [a], [s], [], lambda j, a, s: sin(s) * a + s)))  # fmt: skip

    def outer(x: Any, n: Any, keep: bool) -> Any:
        return fori(n, [x, n], [x], lambda i, x, n, s: s * emit(
            "call", [s, n], (region,), name="g", checkpoint=keep) + x)  # fmt: skip

    plain, again = (func([F, INT], lambda x, n, k=keep: outer(x, n, k)) for keep in (False, True))
    args = np.float64(0.3), np.int64(2)
    assert grad(plain, *args) == grad(again, *args)
    # On the way there, only the outer loop pushes.
    pushes = [[op.name for op in every_op(there(f))].count("push") for f in (plain, again)]
    assert pushes == [2, 1]


def there(f: Func) -> Func:
    """The gradient's program as far as its function."""
    g = gradient(f, [True, False])
    loops = [k for k, op in enumerate(g.ops) if op.name == "fori_loop"]
    return g.with_ops(g.ops[: loops[0] + 1])


# --- counters ------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [1, 2, -1])
def test_counters_are_not_kept(step: int) -> None:
    def body(x: Any) -> Any:
        start = const(x, 0 if step > 0 else 5, INT)
        return loop(
            [x], [start, const(x, 1.0)],
            lambda x, n, s: (n < 6) if step > 0 else (n > -1),
            lambda x, n, s: (n + step if step > 0 else n - 1, sin(s) * element(x, n)),
        )[1]  # fmt: skip

    f = func([vec(6)], body)
    (pop,) = [op for op in every_op(gradient(f, [True])) if op.name == "pop"]
    assert [str(t) for t in pop.attrs["types"]] == ["f64", "f64"]
    x = np.linspace(0.5, 1.0, 6)
    order = range(0, 6, step) if step > 0 else range(5, -1, -1)
    s, ds = 1.0, np.zeros(6)
    for i in order:
        s, ds = np.sin(s) * x[i], np.cos(s) * ds * x[i] + np.sin(s) * np.eye(6)[i]
    np.testing.assert_allclose(grad(f, x), ds)


# --- what only one side reads --------------------------------------------------------------------


def norm_or_nothing(x: Any) -> Any:
    r = P["sqrt"](total(x * x))
    return cond(r > 0.0, [r, x], lambda r, x: total(x / r) * r, lambda r, x: 3.0 * total(x))


def norm_by_number(x: Any) -> Any:
    r = P["sqrt"](total(x * x))
    regions = (block([F, vec(2)], lambda r, x: 3.0 * total(x)),
               block([F, vec(2)], lambda r, x: total(x / r) * r),
               block([F, vec(2)], lambda r, x: r * total(x)))  # fmt: skip
    return emit("switch", [P["convert"](r > 0.0, dtype="i64"), r, x], regions)


def norm_in_a_loop(x: Any) -> Any:
    r = P["sqrt"](total(x * x))
    n = P["convert"](r > 0.0, dtype="i64") * 2
    return total(x) * 3.0 + fori(n, [r, x], [const(x, 1.0)],
                                 lambda i, r, x, s: s * r)  # fmt: skip


def norm_while(x: Any) -> Any:
    r = P["sqrt"](total(x * x))
    start = const(x, 0, INT)
    n = P["convert"](r > 0.0, dtype="i64") * 2
    return total(x) * 3.0 + loop([r, n], [const(x, 1.0), start], lambda r, n, s, k: k < n,
                                 lambda r, n, s, k: (s * r, k + 1))[0]  # fmt: skip


@pytest.mark.parametrize("f", [norm_or_nothing, norm_by_number, norm_in_a_loop, norm_while])
def test_what_is_not_used_sends_nothing_back(f: Any) -> None:
    made = func([vec(2)], f)
    np.testing.assert_array_equal(grad(made, np.zeros(2)), [3.0, 3.0])
    assert np.isfinite(grad(made, np.array([0.6, 0.8]))).all()
    along = run(tangent(gradient(made, [True]), [True]), [np.zeros(2), np.ones(2)])[1]
    np.testing.assert_array_equal(along, np.zeros(2))


def test_adding_to_a_slice_costs_nothing_on_the_way_back() -> None:
    """`u[1:-1] += k * v` leaves the cotangent of u as it is; stencils add to its slices."""
    n = 100
    inner = ((1, n - 2, 1),)

    def body(x: Any) -> Any:
        def step(i: Any, u: Any, v: Any) -> Any:
            v = P["update"](v, P["index"](v, at=inner) + 0.1 * P["index"](u, at=inner), at=inner)
            lap = P["index"](u, at=((2, n - 2, 1),)) + P["index"](u, at=((0, n - 2, 1),))
            return P["update"](u, P["index"](u, at=inner) + sin(lap), at=inner), v

        u, v = scan(5, [], [x, x * 2.0], [], step)
        return total(u * v)

    f = func([vec(n)], body)
    back = [op for op in gradient(f, [True]).ops if op.name == "scan"][-1]
    writes = [op.name for op in back.regions[0].ops if op.result.type.size == n]
    assert writes == ["dynamic_add"] * 3
    x, d = np.cos(np.arange(n)), np.sin(np.arange(n) * 2.0)
    u = x + 1e-30j * d
    v = u * 2
    for _ in range(5):
        v[1:-1] += 0.1 * u[1:-1]
        u[1:-1] += np.sin(u[2:] + u[:-2])
    np.testing.assert_allclose(grad(f, x) @ d, np.sum(u * v).imag * 1e30)


@pytest.mark.parametrize("n", [3, 100])
@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_part_that_is_read_and_replaced(n: int, times: int) -> None:
    """u[i] becomes a multiple of itself, read `times` times, in all kinds of places."""

    def body(x: Any) -> Any:
        def step(i: Any, u: Any) -> Any:
            old = element(u, i)
            u = stored(u, sum([old] * times, old * sin(old)), i)
            first = P["index"](u, at=((0, 2, 1),))
            return P["update"](u, sum([first] * times, first * element(u, i)), at=((0, 2, 1),))

        return total(scan(2, [], [x], [], step))

    x, d = np.cos(np.arange(n)), np.sin(np.arange(n) * 2.0)
    u = x + 1e-30j * d
    for i in range(2):
        u[i] = u[i] * np.sin(u[i]) + times * u[i]
        u[:2] = u[:2] * u[i] + times * u[:2]
    np.testing.assert_allclose(grad(func([vec(n)], body), x) @ d, np.sum(u).imag * 1e30)


# --- sizes and element types ---------------------------------------------------------------------


@pytest.mark.parametrize("checkpoint", [0, 2])
@pytest.mark.parametrize("length", [0, 1])
def test_hardly_any_iterations(length: int, checkpoint: int) -> None:
    def body(x: Any, rows: Any) -> Any:
        s, ys = scan(length, [x], [x], [rows], lambda i, x, s, d: (sin(s) * x + d, s * s),
                     checkpoint=checkpoint)  # fmt: skip
        return s + total(ys)

    f = func([F, vec(length)], body)
    g = run(gradient(f, [True, True]), [np.float64(0.5), np.ones(length)])
    want = 1.0 if length == 0 else np.cos(0.5) * 0.5 + np.sin(0.5) + 1.0
    np.testing.assert_allclose(g[0], want)
    np.testing.assert_allclose(g[1], np.ones(length))


def test_single_precision() -> None:
    f32 = F.with_dtype("f32")

    def body(x: Any) -> Any:
        n = P["convert"](x * 4.0, dtype="i64")
        s = fori(n, [x], [x], lambda i, x, s: cond(
            s > 0.5, [s, x], lambda s, x: sin(s) * x, lambda s, x: s + x * x))  # fmt: skip
        ys = scan(3, [s], [], [], lambda i, s: P["convert"](s * s, dtype="f64"))
        return total(ys)

    f = func([f32], body)
    x = np.float32(0.8)
    found = run(gradient(f, [True]), [x])[0]
    assert found.dtype == np.float32
    s, ds = 0.8, 1.0
    for _ in range(3):
        if s > 0.5:
            s, ds = np.sin(s) * 0.8, np.cos(s) * ds * 0.8 + np.sin(s)
        else:
            s, ds = s + 0.64, ds + 1.6
    np.testing.assert_allclose(found, 6 * s * ds, rtol=1e-5)
    twice = run(tangent(gradient(f, [True]), [True]), [x, np.float32(1.0)])
    assert np.isfinite(twice[1])


@pytest.mark.parametrize("n", [5, 100])
def test_boundaries_written_beside_the_interior(n: int) -> None:
    inner, first = ((1, n - 1, 1),), (0,)

    def body(x: Any) -> Any:
        def step(i: Any, x: Any, u: Any) -> Any:
            before = P["index"](u, at=((0, n - 1, 1),))
            new = P["index"](u, at=inner) + 0.1 * sin(before)
            u = P["update"](u, sin(element(x, i)), at=first)
            return P["update"](u, new, at=inner)

        return total(sin(scan(3, [x], [x], [], step)))

    f = func([vec(n)], body)
    back = [op for op in gradient(f, [True]).ops if op.name == "scan"][-1]
    if n == 100:
        assert [op.name for op in back.regions[0].ops if op.result.type.size == n] == [
            "update", "dynamic_add", "dynamic_add"]  # fmt: skip
    x, d = np.cos(np.arange(n)), np.sin(np.arange(n) * 2.0)
    x = x + 1e-30j * d
    u = x.copy()
    for i in range(3):
        new = u[1:] + 0.1 * np.sin(u[:-1])
        u[0] = np.sin(x[i])
        u[1:] = new
    want = np.sum(np.sin(u)).imag * 1e30
    np.testing.assert_allclose(grad(f, x.real.copy()) @ d, want)


def test_a_large_branch_pays_for_itself() -> None:
    """What a rarely taken branch keeps goes on a tape; the others fill no room for it."""

    def body(x: Any) -> Any:
        def seldom(x: Any, s: Any) -> Any:
            found = scan(200, [x], [s], [], lambda j, x, s: sin(s) * x + s)
            return P["minimum"](found, 0.5 * found)

        def step(i: Any, x: Any, s: Any) -> Any:
            often = P["remainder"](i, 3) > 0
            return cond(often, [x, s], lambda x, s: s * x + sin(s), seldom)

        return scan(7, [x], [x], [], step)

    f = func([F], body)
    g = gradient(f, [True])
    verify(g)
    outer = next(op for op in g.ops if op.name == "scan")
    assert max(v.type.size for v in outer.results) == 7
    x, s, ds = 0.3, 0.3, 1.0
    for i in range(7):
        if i % 3 > 0:
            s, ds = s * x + np.sin(s), ds * x + s + np.cos(s) * ds
            continue
        for _ in range(200):
            s, ds = np.sin(s) * x + s, np.cos(s) * ds * x + np.sin(s) + ds
        factor = 1.0 if s < 0.5 * s else 0.5
        s, ds = factor * s, factor * ds
    np.testing.assert_allclose(grad(f, np.float64(x)), ds)
    twice = gradient(g, [True])
    assert np.isfinite(run(twice, [np.float64(x)])[0])


def test_products_of_matrices_are_kept_and_not_made_again() -> None:
    square = vec(10).with_shape((10, 10))

    def body(a: Any, x: Any) -> Any:
        def step(i: Any, a: Any, u: Any) -> Any:
            u = P["dot"](a, u, contract=((1, 0),), batch=())
            return u * u * 0.5

        return total(scan(6, [a], [x], [], step))

    g = gradient(func([square, square], body), [False, True])
    there, back = [op for op in g.ops if op.name == "scan"]
    assert [op.name for op in every_op(there.regions[0])].count("dot") == 1
    # Only the transposed product: that of the way there is read from what was kept.
    assert [op.name for op in every_op(back.regions[0])].count("dot") == 1
    assert len(there.results) == 2


def test_gathers_in_a_loop_scatter_in_place() -> None:
    """Also where indices repeat, and from arrays that change."""
    n = 100
    order = np.array([3, 5, 3])

    def body(x: Any, k: Any) -> Any:
        def step(i: Any, k: Any, x: Any, u: Any) -> Any:
            picked = P["gather"](x, k) * P["gather"](u, k + i)
            return stored(u, total(sin(picked)), i + 4)

        return total(scan(3, [k, x], [x], [], step))

    f = func([vec(n), Type("i64", (3,))], body)
    back = [op for op in gradient(f, [True, False]).ops if op.name == "scan"][-1]
    assert whole_arrays(back.regions[0], n) == []
    x, d = np.cos(np.arange(n)), np.sin(np.arange(n) * 2.0)
    u = x + 1e-30j * d
    z = u.copy()
    for i in range(3):
        u[i + 4] = np.sin(z[order] * u[order + i]).sum()
    np.testing.assert_allclose(grad(f, x, order) @ d, u.sum().imag * 1e30)
