"""Writes in place: one store where one element changes, no copy of an array in a loop."""

from __future__ import annotations

from typing import Any

import numpy as np
from support.lowering_regions import at, check, cond, count, fori, put, scan, while_loop

from tapec.ir import PRIMITIVES as P
from tapec.ir import Builder, Expr, Func, Type

RNG = np.random.default_rng(7)
X = RNG.normal(size=50)
A = RNG.normal(size=(24, 30))


def zeros(like: Expr, shape: tuple[int, ...]) -> Expr:
    b: Builder = like.builder
    return Expr(b, b.const(0.0, Type("f64", shape)))


def part(x: Expr, *places: Any) -> Expr:
    found: Expr = P["index"](x, at=places)
    return found


def write(x: Expr, v: Expr, *places: Any) -> Expr:
    found: Expr = P["update"](x, v, at=places)
    return found


def most_stores(func: Func) -> int:
    """Elements stored by one iteration of the outermost loop that has loops or stores in it."""

    def stored(ops: Any) -> int:
        total = 0
        for op in ops:
            if op.name in ("store", "tape_store"):
                total += 1
            elif op.name == "for":
                total += (op.attrs["upper"] - op.attrs["lower"]) * stored(op.regions[0].ops)
            elif op.regions:
                total += max(stored(r.ops) for r in op.regions)
        return total

    return max(stored(r.ops) for op in func.ops if op.regions for r in op.regions)


def test_one_store_for_one_element() -> None:
    def body(x: Any) -> Any:
        def step(i: Any, x: Any, y: Any) -> Any:
            return put(y, P["sin"](at(x, i)), i)

        return scan(step, (zeros(x, (50,)),), 50, consts=(x,))

    loops = check(body, X)
    assert most_stores(loops) == 1
    assert count(loops, "alloc", "check_index") == 0  # into the output; counters prove the places


def test_recurrence_reads_what_was_written() -> None:
    def body(x: Any) -> Any:
        def step(i: Any, y: Any) -> Any:
            return put(y, at(y, i) * 0.5 + at(y, i + 1), i + 1)

        return scan(step, (x,), 49)

    loops = check(body, X)
    assert most_stores(loops) == 1
    assert count(loops, "alloc") == 0


def test_inputs_are_copied_once() -> None:
    def body(x: Any) -> Any:
        return fori(lambda i, y: put(y, at(y, i) * 2.0, i), _int(x, 9), (x,)), x

    check(body, X)


def _int(like: Expr, number: int) -> Expr:
    return Expr(like.builder, like.builder.const(number, Type("i64")))


def test_branch_writes_in_place() -> None:
    def body(x: Any) -> Any:
        def step(i: Any, y: Any) -> Any:
            v = at(y, i)
            return cond(
                P["greater"](v, 0.0), lambda y, i, v: put(y, v * 2.0, i), lambda y, i, v: y, y, i, v
            )

        return scan(step, (x,), 50)

    loops = check(body, X)
    assert most_stores(loops) == 1


def test_branch_keeps_what_is_read_later() -> None:
    def body(x: Any, p: Any) -> Any:
        y = cond(p, lambda x: put(x, part(x, 3), part_index(x)), lambda x: x, x * 2.0)
        return y, x * 3.0

    def part_index(x: Expr) -> Expr:
        return _int(x, 1)

    for p in (True, False):
        check(body, X, p)


def test_old_values_read_after_the_write() -> None:
    """What was computed from the old array and is used after the write is put aside before."""

    def body(x: Any) -> Any:
        def step(i: Any, y: Any, total: Any) -> Any:
            old = part(y, (1, 49, 1)) * 2.0
            y = put(y, at(y, i) + 1.0, i)
            return y, total + P["reduce_sum"](old * part(y, (0, 49, 1)), axes=(0,))

        return scan(step, (x, part(x, 0)), 50)

    check(body, X)


def test_stencil_on_itself() -> None:
    def body(u: Any) -> Any:
        def step(i: Any, u: Any) -> Any:
            inner = (part(u, (2, 48, 1)) + part(u, (0, 48, 1))) * 0.5
            return write(u, inner, (1, 48, 1))

        return scan(step, (u,), 10)

    loops = check(body, X)
    assert most_stores(loops) == 50  # a new array beside the old one, by turns


def test_same_places_are_written_straight() -> None:
    def body(u: Any, a: Any) -> Any:
        def step(i: Any, a: Any, u: Any) -> Any:
            row = at(a, i, (0, 30, 1))
            return put(u, P["sin"](at(u, i, (0, 30, 1))) * row, i, (0, 30, 1))

        return scan(step, (u,), 24, consts=(a,))

    assert most_stores(check(body, A, A * 2)) == 30


def test_two_arrays_by_turns() -> None:
    def body(a: Any, b: Any) -> Any:
        def step(i: Any, a: Any, b: Any) -> Any:
            inner = (part(a, (0, 48, 1)) + part(a, (1, 48, 1)) + part(a, (2, 48, 1))) / 3.0
            b = write(b, inner, (1, 48, 1))
            inner = (part(b, (0, 48, 1)) + part(b, (1, 48, 1)) + part(b, (2, 48, 1))) / 3.0
            return write(a, inner, (1, 48, 1)), b

        return scan(step, (a, b), 10)

    loops = check(body, X, X * 2)
    assert most_stores(loops) == 96
    assert count(loops, "alloc") == 0


def test_whole_arrays_recomputed_in_place() -> None:
    def body(x: Any, v: Any) -> Any:
        def step(i: Any, x: Any, v: Any) -> Any:
            v = v - P["sin"](x) * 0.1
            return x + v * 0.1, v

        return scan(step, (x, v), 10)

    loops = check(body, X, X * 2)
    assert most_stores(loops) == 100
    assert count(loops, "alloc") == 0


def test_whole_arrays_from_neighbours() -> None:
    def body(x: Any, m: Any) -> Any:
        def step(i: Any, m: Any, x: Any) -> Any:
            y = P["dot"](m, x, contract=((1, 0),), batch=())
            return y / P["reduce_sum"](y * y, axes=(0,)), part(x, (0, 3, 1))

        return scan(step, (x,), 5, consts=(m,))

    m = RNG.normal(size=(30, 30))
    check(body, X[:30], m)


def test_nested_loops_share_the_buffer() -> None:
    def body(x: Any) -> Any:
        def outer(i: Any, x: Any, t: Any) -> Any:
            def inner(j: Any, i: Any, x: Any, t: Any) -> Any:
                left = at(t, i + 1, j) + at(x, i)
                return put(t, P["minimum"](left, at(t, i, j + 1)) + at(x, j), i + 1, j + 1)

            return scan(inner, (t,), 29, consts=(i, x))

        return part(scan(outer, (zeros(x, (30, 30)),), 29, consts=(x,)), 29, 29)

    loops = check(body, X[:30])
    assert count(loops, "alloc") == 1
    assert count(loops, "store") == 3  # zeros, the element, the result
    assert count(loops, "check_index") == 0


def test_while_loop_in_place() -> None:
    def body(x: Any, s: Any) -> Any:
        def test(s: Any, x: Any) -> Any:
            return P["logical_and"](P["greater"](s, 0.1), P["less"](part(x, 2), 1e3))

        def step(s: Any, x: Any) -> Any:
            return s * 0.7, put(x, at(x, _int(x, 2)) * 2.0 + s, _int(x, 2))

        return while_loop(test, step, (s, x))

    assert most_stores(check(body, X, 1.0)) == 1


def test_saved_before_it_changes() -> None:
    """The carried array of every step, kept on further results, while it changes in place."""

    def body(x: Any) -> Any:
        def step(i: Any, x: Any) -> Any:
            y = put(x, P["sin"](at(x, i)), i)
            z = put(y, at(y, i) * 2.0, i)
            return z, x, y, z, P["cos"](x)

        return scan(step, (x,), 20)

    loops = check(body, X)
    assert most_stores(loops) == 4 * 50 + 2


def test_straight_line_writes() -> None:
    def body(x: Any) -> Any:
        y = write(zeros(x, (50,)), part(x, (0, 20, 1)), (3, 20, 1))
        y = write(y, part(y, (3, 5, 1)) * 2.0, (30, 5, 1))
        y = put(y, part(x, 1), P["convert"](part(x, 0) * 0.0, dtype="i64"))
        return y, P["reduce_sum"](x, axes=(0,))

    loops = check(body, X)
    assert count(loops, "alloc") <= 1
    written = [o for o in loops.ops if o.name == "for" and count(Func("f", o.regions[0]), "store")]
    assert sum(o.attrs["upper"] for o in written) <= 50 + 5  # the zeros around the first part


def test_scatter_add_in_place() -> None:
    def body(x: Any, picks: Any) -> Any:
        def step(i: Any, picks: Any, y: Any, pick: Any) -> Any:
            rows = P["gather"](y, picks)
            y = P["scatter_add"](y, rows * 0.1, picks)
            return put(y, P["reduce_sum"](rows, axes=(0,)), pick, add=True)

        return scan(step, (x,), 8, consts=(picks,), xs=(picks,))

    loops = check(body, X, RNG.integers(0, 50, 8))
    assert most_stores(loops) <= 8 + 1 + 8


def test_column_strides() -> None:
    def body(a: Any) -> Any:
        def step(k: Any, a: Any) -> Any:
            column = at(a, (0, 24, 1), k) / (at(a, k, k) + 3.0)
            return put(a, column, (0, 24, 1), k)

        return scan(step, (a,), 24)

    loops = check(body, A)
    assert most_stores(loops) <= 48


def test_parts_added_in_one_pass() -> None:
    """The adjoint of a stencil: what is added to each element is summed before one store."""

    def body(a: Any, g: Any) -> Any:
        def step(i: Any, g: Any, a: Any) -> Any:
            inner = part(g, (1, 22, 1), (1, 28, 1)) * 0.2
            for rows, columns in ((0, 1), (2, 1), (1, 0), (1, 2)):
                a = P["dynamic_add"](a, inner, at=((rows, 22, 1), (columns, 28, 1)))
            return a

        return scan(step, (a,), 4, consts=(g,))

    loops = check(body, A, A * 2)
    assert most_stores(loops) == 24 * 30 - 4  # all but the corners
    assert count(loops, "alloc") == 0


def test_places_are_added_in_place() -> None:
    def body(a: Any) -> Any:
        def step(i: Any, a: Any) -> Any:
            row = part(a, 3, (0, 30, 1)) * 0.5
            return a + P["place"](row, at=((5, (0, 30, 1)),), shape=(24, 30))

        return scan(step, (a,), 10)

    assert most_stores(check(body, A)) == 60  # the row aside, since it reads the same array


def test_outer_products_are_added_without_memory() -> None:
    def body(a: Any, x: Any, y: Any) -> Any:
        def step(i: Any, x: Any, y: Any, a: Any) -> Any:
            both = P["dot"](x, y, contract=(), batch=()) + P["dot"](y, x, contract=(), batch=())
            return a * 0.5 + both

        return scan(step, (a,), 3, consts=(x, y))

    square = RNG.normal(size=(20, 20))
    loops = check(body, square, X[:20], X[20:40])
    assert most_stores(loops) == 400
    assert count(loops, "alloc") == 0


def test_writes_wait_for_readers() -> None:
    """Reads of the old array that come later in the program come first."""

    def body(x: Any) -> Any:
        def step(i: Any, x: Any, s: Any) -> Any:
            y = put(x, s, i)
            return y, s * 0.5 + P["reduce_sum"](part(x, (i_free, 9, 1)), axes=(0,))

        i_free = 4
        return scan(step, (x, part(x, 0)), 20)

    assert most_stores(check(body, X)) == 1


def test_what_was_written_is_read_back() -> None:
    """A slice is computed once, and the next step reads it from where it was written."""

    def body(a: Any, b: Any) -> Any:
        def step(i: Any, a: Any, b: Any) -> Any:
            new = P["exp"](part(a, (1, 48, 1)) * 0.1) + part(a, (0, 48, 1)) * 0.1
            b = write(b, new, (1, 48, 1))
            return write(a, new * 0.5 + part(b, (2, 48, 1)), (1, 48, 1)), b

        return scan(step, (a, b), 10)

    loops = check(body, X, X * 2)
    assert most_stores(loops) == 96
    assert count(loops, "exp") == 1


def test_many_shifted_parts() -> None:
    """Parts of three axes: what all cover in one pass, then the rest of each."""
    cube, shift = RNG.normal(size=(12, 13, 14)), (0, 1, 2)

    def body(a: Any, g: Any) -> Any:
        def step(i: Any, g: Any, a: Any) -> Any:
            for k in range(7):
                at = tuple((shift[(k + 2 * axis) % 3], n - 2, 1) for axis, n in enumerate(g.shape))
                a = P["dynamic_add"](a, P["index"](g, at=at) * (k + 1.0), at=at)
            return P["dynamic_add"](a, part(g, 3, (0, 7, 1), 2), at=(3, (0, 7, 1), 2))

        return scan(step, (a,), 1, consts=(g,))

    few = cube[:6, :7, :8]
    check(body, few, few * 2)

    def stencil(a: Any, g: Any) -> Any:
        def step(i: Any, g: Any, a: Any) -> Any:
            inner = part(g, *((1, n - 2, 1) for n in g.shape)) * 0.1
            for axis in range(3):
                for first in (0, 1, 2):
                    starts = [first if k == axis else 1 for k in range(3)]
                    spec = tuple((b, n - 2, 1) for b, n in zip(starts, g.shape, strict=True))
                    a = P["dynamic_add"](a, inner, at=spec)
            return a

        return scan(step, (a,), 1, consts=(g,))

    loops = check(stencil, cube, cube * 2)
    assert most_stores(loops) < 0.6 * 9 * 10 * 11 * 12


def test_branches_in_branches_are_looked_through_once() -> None:
    def nested(depth: int) -> Any:
        def then(x: Any, y: Any, s: Any) -> Any:
            return put(x, s, _int(x, depth)), y * 0.5, s

        def otherwise(x: Any, y: Any, s: Any) -> Any:
            if not depth:
                return x, y, s * 2.0
            return cond(P["greater"](s, depth * 0.01), nested(depth - 1), then, x, y, s)

        return otherwise

    for s in (0.005, 0.055, 1.0):
        check(lambda x, y, s: nested(14)(x, y, s), X, X * 2, s)


def test_parts_that_a_write_left_are_read_after_it() -> None:
    def body(x: Any) -> Any:
        def step(i: Any, y: Any) -> Any:
            edge = write(y, P["sin"](part(y, 3, 4)), 0, 0)
            return write(edge, part(y, (1, 23, 1), (0, 30, 1)) * 0.5, (1, 23, 1), (0, 30, 1))

        return scan(step, (x,), 9)

    loops = check(body, A)
    assert count(loops, "alloc") == 0
    assert most_stores(loops) == 1 + 23 * 30


def test_parts_that_a_write_changes_are_read_before_it() -> None:
    def body(x: Any) -> Any:
        def step(i: Any, y: Any) -> Any:
            edge = write(y, P["sin"](part(y, 3, 4)), 1, 0)
            return write(edge, part(y, (1, 23, 1), (0, 30, 1)) * 0.5, (1, 23, 1), (0, 30, 1))

        return scan(step, (x,), 9)

    check(body, A)
