"""Operands, attributes and NumPy's answers for every structured and linear primitive."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
from scipy.linalg import lu_factor

from tapec.ir import PRIMITIVES, Expr

Array = Any


@dataclass(frozen=True)
class Case:
    """A primitive on operands, and what NumPy says: several results are joined in one array."""

    name: str
    operands: tuple[Array, ...]
    attrs: dict[str, Any]
    expected: Array
    label: str = ""
    exact: bool = True
    floats: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        kinds = [np.asarray(x).dtype.kind for x in self.operands]
        object.__setattr__(self, "floats", tuple(k for k, c in enumerate(kinds) if c == "f"))

    def __str__(self) -> str:
        return f"{self.name}-{self.label}" if self.label else self.name

    def evaluate(self, *operands: Array) -> Array:
        evaluate = PRIMITIVES[self.name].evaluate
        assert evaluate is not None
        return joined(evaluate(*operands, **self.attrs))


def joined(found: Any) -> Array:
    """A result; of several, all their elements in one array."""
    if not isinstance(found, tuple):
        return np.asarray(found)
    return np.concatenate([np.ravel(x) for x in found])


def flat(found: Any, lead: int = 0) -> Expr:
    """A result; of several, all their elements in one array, behind so many leading axes."""
    if not isinstance(found, tuple):
        assert isinstance(found, Expr)
        return found
    parts = [PRIMITIVES["reshape"](x, shape=(*x.shape[:lead], prod(x.shape[lead:]))) for x in found]
    joined: Expr = PRIMITIVES["concatenate"](*parts, axis=lead)
    return joined


rng = np.random.default_rng(7)


def r(*shape: int) -> Array:
    return rng.standard_normal(shape)


def case(name: str, *operands: Array, expected: Array, label: str = "", **attrs: Any) -> Case:
    return Case(name, tuple(map(np.asarray, operands)), attrs, np.asarray(expected), label)


def loose(name: str, *operands: Array, expected: Array, label: str = "", **attrs: Any) -> Case:
    return Case(name, tuple(map(np.asarray, operands)), attrs, np.asarray(expected), label, False)


def added(shape: tuple[int, ...], *parts: tuple[Any, Array]) -> Array:
    out = np.zeros(shape)
    for where, part in parts:
        out[where] += part
    return out


def written(x: Array, where: Any, v: Array) -> Array:
    out = np.array(x)
    out[where] = v
    return out


def accumulated(x: Array, where: Any, v: Array) -> Array:
    out = np.array(x)
    np.add.at(out, where, v)
    return out


def recurred(a: Array, b: Array) -> Array:
    out, s = np.array(b), 0.0
    for i in range(len(b)):
        s = a[i] * s + b[i] if i else b[0]
        out[i] = s
    return out


def shape_cases() -> list[Case]:
    x, y, z, cube = r(3, 4), r(3, 2), r(3, 0), r(2, 3, 4)
    return [
        case("reshape", x, shape=(2, 6), expected=x.reshape(2, 6)),
        case("reshape", r(0, 3), shape=(3, 0, 2), expected=np.zeros((3, 0, 2)), label="empty"),
        case("reshape", np.array(2.5), shape=(1, 1), expected=[[2.5]], label="scalar"),
        case("transpose", cube, perm=(2, 0, 1), expected=cube.transpose(2, 0, 1)),
        case("transpose", cube, perm=(0, 1, 2), expected=cube, label="identity"),
        case("broadcast_to", y, shape=(5, 3, 2), expected=np.broadcast_to(y, (5, 3, 2))),
        case(
            "broadcast_to",
            x[:, :1],
            shape=(2, 3, 4),
            expected=np.broadcast_to(x[:, :1], (2, 3, 4)),
            label="stretched",
        ),
        case("broadcast_to", r(3, 1), shape=(3, 0), expected=z, label="empty"),
        case(
            "broadcast_to", np.array(1.5), shape=(2, 2), expected=np.full((2, 2), 1.5), label="0d"
        ),
        case("concatenate", x, y, z, x, axis=1, expected=np.concatenate([x, y, z, x], 1)),
        case("concatenate", x, axis=0, expected=x, label="one"),
        case("stack", x, -x, axis=0, expected=np.stack([x, -x])),
        case("stack", x, -x, x, axis=2, expected=np.stack([x, -x, x], 2), label="last"),
        case("stack", *map(np.float64, (1.0, 2.0)), axis=0, expected=[1.0, 2.0], label="scalars"),
    ]


def view_cases() -> list[Case]:
    x, v = r(5, 6), r(3)
    back = ((4, 5, -1), 2)
    return [
        case("index", x, at=(1, (0, 3, 2)), expected=x[1, ::2]),
        case("index", x, at=back, expected=x[::-1, 2], label="reversed"),
        case("index", x, at=((4, 3, -2), (5, 2, -3)), expected=x[4::-2, 5:1:-3], label="steps"),
        case("index", x, at=((0, 0, 1), 3), expected=x[:0, 3], label="empty"),
        case("index", x, at=(4, 5), expected=x[4, 5], label="element"),
        case("index", np.array(3.0), at=(), expected=3.0, label="0d"),
        case(
            "place",
            v,
            2 * v,
            np.array(7.0),
            at=(((0, 3, 1),), ((3, 3, -1),), (2,)),
            shape=(5,),
            expected=added((5,), (slice(0, 3), v), (slice(3, 0, -1), 2 * v), (slice(2, 3), [7.0])),
            label="overlap",
        ),
        case("place", r(0), at=(((0, 0, 1),),), shape=(2,), expected=[0.0, 0.0], label="empty"),
        case(
            "place",
            v,
            at=(((4, 3, -2), 1),),
            shape=(5, 2),
            expected=added((5, 2), ((slice(None, None, -2), 1), v)),
            label="one",
        ),
        case(
            "update", x, v, at=((4, 3, -2), 1), expected=written(x, (slice(None, None, -2), 1), v)
        ),
        case(
            "update", x, np.array(2.0), at=(0, 0), expected=written(x, (0, 0), 2.0), label="element"
        ),
        case("update", x, r(0, 6), at=((0, 0, 1), (0, 6, 1)), expected=x, label="empty"),
    ]


def index_array_cases() -> list[Case]:
    x, i, j = r(4, 5, 2), np.array([[0], [-1], [2]]), np.array([3, 3, -5])
    repeated = np.array([1, 3, 1, -1, 1])
    none = np.array([], np.int64)
    v, vv, w = r(5, 5, 2), r(3, 3, 2), r(5, 2)
    small = r(4, 2)
    return [
        case("gather", x, repeated, expected=x[repeated], label="repeated"),
        case("gather", x, i, j, expected=x[i, j], label="two"),
        case("gather", x, i, j, np.array(1), expected=x[i, j, 1], label="all"),
        case("gather", x, np.int32(2), expected=x[2], label="scalar"),
        case("gather", x, none, expected=x[none], label="empty"),
        case("scatter_add", x, v, repeated, expected=accumulated(x, repeated, v)),
        case("scatter_add", x, vv, i, j, expected=accumulated(x, (i, j), vv), label="two"),
        case("scatter_add", x, v[:0], none, expected=x, label="empty"),
        case("scatter", small, w, repeated, expected=written(small, repeated, w), label="repeated"),
        case("scatter", x, vv, i, j, expected=written(x, (i, j), vv), label="two"),
        case("scatter", x, v[:0], none, expected=x, label="empty"),
        case(
            "scatter", small, w[0], np.int64(-1), expected=written(small, -1, w[0]), label="scalar"
        ),
    ]


def reduction_cases() -> list[Case]:
    x, cube = r(3, 4), r(2, 3, 4)
    ties = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])
    zero, zeros = np.array([2.0, 0.0, 3.0]), np.array([[2.0, 0.0, 0.0], [1.0, 4.0, 0.0]])
    flags, whole = x > 0, np.array([[1, 5, 5], [5, 2, 0]])
    nan = np.array([1.0, np.nan, 3.0])
    found = [
        case("reduce_sum", cube, axes=(0, 2), expected=cube.sum((0, 2))),
        case("reduce_sum", x, axes=(), expected=x, label="none"),
        case("reduce_sum", r(2, 0), axes=(1,), expected=[0.0, 0.0], label="empty"),
        case(
            "reduce_sum",
            whole.astype(np.int32),
            axes=(0,),
            expected=whole.sum(0, np.int32),
            label="i32",
        ),
        case("reduce_prod", cube, axes=(0, 2), expected=cube.prod((0, 2))),
        case("reduce_prod", cube, axes=(1,), expected=cube.prod(1), label="middle"),
        case("reduce_prod", zero, axes=(0,), expected=0.0, label="zero"),
        case("reduce_prod", zeros, axes=(1,), expected=[0.0, 0.0], label="zeros"),
        case("reduce_prod", r(2, 0), axes=(1,), expected=[1.0, 1.0], label="empty"),
        case("reduce_prod", x, axes=(), expected=x, label="none"),
        case("reduce_max", cube, axes=(0, 2), expected=cube.max((0, 2))),
        case("reduce_min", cube, axes=(1,), expected=cube.min(1)),
        case("reduce_max", whole, axes=(1,), expected=whole.max(1), label="i64"),
        case("reduce_any", flags, axes=(1,), expected=flags.any(1)),
        case("reduce_all", flags, axes=(0, 1), expected=flags.all()),
        case("argmax", whole, axis=1, expected=[1, 0]),
        case("argmin", ties, axis=1, expected=[0, 0], label="ties"),
        case("argmax", nan, axis=0, expected=1, label="nan"),
        case("cumsum", x, axis=0, reverse=False, expected=x.cumsum(0)),
        case(
            "cumsum",
            x,
            axis=1,
            reverse=True,
            expected=x[:, ::-1].cumsum(1)[:, ::-1],
            label="reverse",
        ),
        case("cumsum", r(0), axis=0, reverse=True, expected=np.zeros(0), label="empty"),
    ]
    return [*found, *recurrence_cases()]


def recurrence_cases() -> list[Case]:
    a, b = r(4, 3), r(4, 3)
    rows = np.stack([recurred(p, q) for p, q in zip(a, b, strict=True)])
    back = recurred(a[::-1], b[::-1])[::-1]
    one = np.array([np.inf])
    return [
        loose("recurrence", a, b, axis=0, reverse=False, expected=recurred(a, b)),
        loose("recurrence", a, b, axis=1, reverse=False, expected=rows, label="rows"),
        loose("recurrence", a, b, axis=0, reverse=True, expected=back, label="reverse"),
        loose(
            "recurrence", r(1), np.array([2.0]), axis=0, reverse=True, expected=[2.0], label="one"
        ),
        loose("recurrence", r(0), r(0), axis=0, reverse=False, expected=np.zeros(0), label="empty"),
        loose(
            "recurrence",
            one,
            np.array([1.0]),
            axis=0,
            reverse=False,
            expected=[1.0],
            label="unused",
        ),
    ]


def dot_cases() -> list[Case]:
    a, b, c, v = r(3, 4), r(4, 5), r(2, 3, 4), r(4)
    d, e = r(2, 5, 3, 4), r(4, 3, 2, 6)
    general = np.einsum("abcd,dcae->abe", d, e)
    swapped = r(6, 3, 2, 4)
    return [
        loose("dot", a, b, contract=((1, 0),), batch=(), expected=a @ b),
        loose("dot", v, v + 1, contract=((0, 0),), batch=(), expected=v @ (v + 1), label="inner"),
        loose("dot", v, a, contract=((0, 1),), batch=(), expected=a @ v, label="vector"),
        loose(
            "dot",
            v,
            r(2) * 0 + 2,
            contract=(),
            batch=(),
            expected=np.outer(v, [2, 2]),
            label="outer",
        ),
        loose(
            "dot",
            c,
            c,
            contract=((2, 2),),
            batch=((0, 0),),
            expected=c @ c.transpose(0, 2, 1),
            label="batch",
        ),
        loose(
            "dot",
            d,
            e,
            contract=((3, 0), (2, 1)),
            batch=((0, 2),),
            expected=general,
            label="general",
        ),
        loose(
            "dot",
            d,
            swapped,
            contract=((2, 1), (3, 3)),
            batch=((0, 2),),
            expected=np.einsum("abcd,ecad->abe", d, swapped),
            label="order",
        ),
        loose(
            "dot",
            r(3, 0),
            r(0, 2),
            contract=((1, 0),),
            batch=(),
            expected=np.zeros((3, 2)),
            label="empty",
        ),
        loose(
            "dot",
            c,
            np.ones((3, 2)),
            contract=(),
            batch=((0, 1), (1, 0)),
            expected=c,
            label="all-batch",
        ),
    ]


def solve_cases() -> list[Case]:
    a, stack = r(4, 4) + 4 * np.eye(4), r(2, 3, 3) + 3 * np.eye(3)
    b, columns = r(4, 2), r(2, 3, 1)
    return [
        loose("solve", a, b, expected=np.linalg.solve(a, b)),
        loose("solve", stack, columns, expected=np.linalg.solve(stack, columns), label="stack"),
    ]


def decompose_cases() -> list[Case]:
    a, stack = r(4, 4) + 4 * np.eye(4), r(2, 3, 3)
    found = []
    for label, x in (("", a), ("stack", stack), ("turned", stack[:, ::-1])):
        (signs, logs), values = np.linalg.slogdet(x), np.linalg.det(x)
        found += [
            loose("determinant", x, expected=values, label=label),
            loose("slogdet", x, expected=joined((signs, logs)), label=label),
        ]
    positive = stack @ stack.transpose(0, 2, 1) + np.eye(3)
    upper = positive + np.triu(r(3, 3), 1)  # not read
    return [
        *found,
        loose("cholesky", positive[0], expected=np.linalg.cholesky(positive[0])),
        loose("cholesky", upper, expected=np.linalg.cholesky(positive), label="stack"),
    ]


def banded(ab: Array, below: int, above: int) -> Array:
    """The matrix that is stored by its diagonals."""
    n = ab.shape[-1]
    i, j = np.indices((n, n))
    inside = (i - j <= below) & (j - i <= above)
    return np.where(inside, ab[..., np.clip(above + i - j, 0, below + above), j], 0.0)


def banded_cases() -> list[Case]:
    found = []
    for lead, below, above, n in (((), 1, 2, 5), ((2,), 2, 0, 4), ((), 0, 0, 3), ((), 2, 3, 3)):
        ab, b = r(*lead, below + above + 1, n) + 3.0, r(*lead, n, 2)
        ab[..., above, :] += 9.0
        want = np.linalg.solve(banded(ab, below, above), b)
        attrs = {"below": below, "above": above, "definite": False}
        found.append(loose("solve_banded", ab, b, expected=want, label=f"{below} {above}", **attrs))
    return found


def matrix_cases() -> list[Case]:
    """Functions of matrices that are no singular ones, and their factors."""
    a = r(3, 3)
    positive = 0.2 * a @ a.T + np.eye(3)
    values, vectors = np.linalg.eigh(positive)
    found = [
        loose(name, positive, expected=(vectors * f(values)) @ vectors.T)
        for name, f in (("logm", np.log), ("sqrtm", np.sqrt), ("expm", np.exp))
    ]
    for label, x in (
        ("", r(4, 4)),
        ("tall", r(5, 3)),
        ("wide", r(3, 5)),
        ("stack", r(2, 3, 3) + 3 * np.eye(3)),
    ):
        made = [lu_factor(m) for m in (x if x.ndim == 3 else [x])]
        packed, pivots = (np.stack(m) for m in zip(*made, strict=True))
        shape = x.shape[:-2]
        packed, pivots = packed.reshape(x.shape), pivots.reshape(*shape, -1).astype(float)
        found.append(loose("lu", x, expected=joined((packed, pivots)), label=label))
    pivots, order = np.array([[2, 2, 2], [0, 1, 2]]), np.array([[2, 0, 1, 3], [0, 1, 2, 3]])
    pairs = case("row_order", pivots.astype("i4"), rows=4, expected=order.astype("i4"))
    return [*found, pairs, *banded_cases()]


def running_cases() -> list[Case]:
    x, whole, cube = r(7), np.array([[1, 5, 2], [7, 7, 0]]), r(2, 4, 3)
    return [
        case("cummax", x, axis=0, expected=np.maximum.accumulate(x)),
        case("cummin", x, axis=0, expected=np.minimum.accumulate(x)),
        case("cummax", cube, axis=1, expected=np.maximum.accumulate(cube, 1), label="middle"),
        case("cummin", cube, axis=2, expected=np.minimum.accumulate(cube, 2), label="last"),
        case("cummax", whole, axis=1, expected=np.maximum.accumulate(whole, 1), label="i64"),
        case("cummax", r(0), axis=0, expected=np.zeros(0), label="empty"),
    ]


def search_cases() -> list[Case]:
    row, v = np.array([-9.0, -3.0, 0.0, 4.0, np.inf]), np.array([-20.0, -9, 1, 30, np.nan, -0.0])
    rows, low = np.stack([3.0 * np.arange(20), 5.0 * np.arange(20)]), np.array([[0.1, 7], [-1, 80]])
    found = np.stack([np.searchsorted(a, b) for a, b in zip(rows, low, strict=True)])
    same, many = np.array([3, 3, 3]), np.arange(6).reshape(2, 3)
    sides = [
        case("search", row, v, right=right, expected=np.searchsorted(row, v, side), label=side)
        for right, side in ((False, "left"), (True, "right"))
    ]
    counted = np.searchsorted(same, many, "right")
    return [
        *sides,
        case("search", rows, low, right=False, expected=found, label="rows"),
        case("search", same, many, right=True, expected=counted, label="i64"),
        case("search", r(0), v, right=True, expected=np.zeros(6, np.int64), label="empty"),
    ]


def declared_cases() -> list[Case]:
    """What declarations say to try; `tests/trace/numpy/test_declared.py` has NumPy's answers."""
    return [
        loose(
            p.name,
            *operands,
            expected=joined(p.evaluate(*operands, **s.attrs)),
            label=str(k),
            **s.attrs,
        )
        for p in PRIMITIVES.values()
        if p.kind != "elementwise" and p.evaluate is not None
        for k, s in enumerate(p.samples)
        for operands in ([r(*shape) for shape in s.shapes],)
    ]


def order_cases() -> list[Case]:
    x, ties = r(5), np.array([[2.0, 1.0, 2.0, 1.0], [0.0, -0.0, np.nan, -np.inf]])
    whole = np.array([3, 1, 2, 1, 3, 0])
    stable = {"axis": 1, "kind": "stable"}
    return [
        case("argsort", x, axis=0, expected=np.argsort(x)),
        case("argsort", ties, axis=1, expected=np.argsort(ties, **stable), label="ties"),
        case("argsort", ties, axis=0, expected=np.argsort(ties, axis=0, kind="stable"), label="0"),
        case("argsort", whole, axis=0, expected=np.argsort(whole, kind="stable"), label="i64"),
        case("argsort", r(0), axis=0, expected=np.zeros(0, np.int64), label="empty"),
        *search_cases(),
        *running_cases(),
    ]


CASES = [
    *declared_cases(),
    *decompose_cases(),
    *matrix_cases(),
    *order_cases(),
    *shape_cases(),
    *view_cases(),
    *index_array_cases(),
    *reduction_cases(),
    *dot_cases(),
    *solve_cases(),
]
