"""Native code of every primitive has one size, whatever that of its arrays.

The programs come from the table: each primitive over arrays of N and of 8 N elements along every
axis that may grow, also as an operand and a result of other loops. An op that is only ever written
out element by element fails here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.rules_support import attribute_sets

from tapec.backends.llvm.emit import emit_kernel
from tapec.errors import DTypeError
from tapec.ir import PRIMITIVES, Builder, Func, Type
from tapec.ir.build import Expr
from tapec.ir.nested import every
from tapec.ir.ops.lapack import ROUTINES
from tapec.ir.optable import OpRow, rows
from tapec.ir.primitive import Primitive
from tapec.lower import lower

SMALL, FACTOR = 10_000, 8
SQUARE = 24  # rows of the smaller matrices

Made = tuple[list[Type], dict[str, Any]]


def f64(*shape: int) -> Type:
    return Type("f64", shape)


def i64(*shape: int) -> Type:
    return Type("i64", shape)


def squares(n: int) -> int:
    """Rows of a matrix that grows with n, but less."""
    return SQUARE if n == SMALL else 2 * SQUARE


def _reduction(n: int) -> list[Made]:
    return [
        ([f64(n)], {"axes": (0,)}),
        ([f64(n, 7)], {"axes": (0,)}),
        ([f64(7, n)], {"axes": (0,)}),
        ([f64(n, 70)], {"axes": (1,)}),
    ]


def _logical(n: int) -> list[Made]:
    return [([Type("bool", t.shape) for t in types], attrs) for types, attrs in _reduction(n)]


def _along(n: int, count: int = 1, **attrs: Any) -> list[Made]:
    return [
        ([f64(n)] * count, {"axis": 0, **attrs}),
        ([f64(n, 3)] * count, {"axis": 0, **attrs}),
        ([f64(3, n)] * count, {"axis": 0, **attrs}),
        ([f64(3, n)] * count, {"axis": 1, **attrs}),
    ]


def _dot(n: int) -> list[Made]:
    m = squares(n)
    return [
        ([f64(n), f64(n)], {"contract": ((0, 0),), "batch": ()}),
        ([f64(n, 30), f64(30)], {"contract": ((1, 0),), "batch": ()}),
        ([f64(30, n), f64(n)], {"contract": ((1, 0),), "batch": ()}),
        ([f64(n, 3, 3), f64(n, 3, 3)], {"contract": ((2, 1),), "batch": ((0, 0),)}),
        ([f64(m, m), f64(m, m)], {"contract": ((1, 0),), "batch": ()}),
        ([f64(n), f64(5)], {"contract": (), "batch": ()}),
    ]


def _scattered(n: int) -> list[Made]:
    return [
        ([f64(n), f64(5), i64(5)], {}),
        ([f64(50), f64(n), i64(n)], {}),
        ([f64(n, 3), f64(n, 3), i64(n)], {}),
    ]


def _solve(n: int) -> list[Made]:
    m = squares(n)
    return [
        ([f64(m, m), f64(m, 1)], {}),
        ([f64(m, m), f64(m, m)], {}),
        ([f64(n, 3, 3), f64(n, 3, 1)], {}),
        ([f64(4, 4), f64(4, n)], {}),
        ([f64(n, 6, 6), f64(n, 6, 2)], {}),
    ]


def _matrices(n: int, **attrs: Any) -> list[Made]:
    m = squares(n)
    return [([f64(*shape)], attrs) for shape in ((m, m), (n, 3, 3), (n, 6, 6))]


def _declared(primitive: Primitive) -> Callable[[int], list[Made]]:
    """The samples of its declaration, as stacks of n matrices."""
    return lambda n: [
        ([f64(n, *shape[-2:]) for shape in s.shapes], dict(s.attrs)) for s in primitive.samples
    ]


def _part(n: int) -> tuple[tuple[int, int, int], ...]:
    return ((1, n - 3, 1),)


# Operand types and attributes of each that is not elementwise, at a size.
PROGRAMS: dict[str, Callable[[int], list[Made]]] = {
    "reshape": lambda n: [([f64(n)], {"shape": (n // 2, 2)}), ([f64(n // 2, 2)], {"shape": (n,)})],
    "transpose": lambda n: [([f64(n, 5)], {"perm": (1, 0)})],
    "broadcast_to": lambda n: [([f64(1)], {"shape": (n,)}), ([f64(n, 1)], {"shape": (3, n, 5)})],
    "concatenate": lambda n: _along(n, 2),
    "stack": lambda n: [([f64(n), f64(n)], {"axis": 0}), ([f64(n), f64(n)], {"axis": 1})],
    "index": lambda n: [
        ([f64(n)], {"at": (n - 1,)}),
        ([f64(n)], {"at": _part(n)}),
        ([f64(n)], {"at": ((n - 1, n // 2, -2),)}),
    ],
    "place": lambda n: [([f64(n - 3)], {"at": (_part(n),), "shape": (n,)})],
    "update": lambda n: [
        ([f64(n), f64(n - 3)], {"at": _part(n)}),
        ([f64(n), f64()], {"at": (n // 2,)}),
    ],
    "dynamic_index": lambda n: [
        ([f64(n), i64()], {"at": (-1,)}),
        ([f64(n), i64()], {"at": ((-1, n // 2, 1),)}),
    ],
    "dynamic_update": lambda n: [([f64(n), f64(n // 2), i64()], {"at": ((-1, n // 2, 1),)})],
    "dynamic_add": lambda n: [([f64(n), f64(n // 2), i64()], {"at": ((-1, n // 2, 1),)})],
    "gather": lambda n: [
        ([f64(n), i64(5)], {}),
        ([f64(50), i64(n)], {}),
        ([f64(n, 3), i64(n)], {}),
    ],
    "scatter_add": _scattered,
    "scatter": _scattered,
    "dot": _dot,
    "reduce_sum": _reduction,
    "reduce_prod": _reduction,
    "reduce_max": _reduction,
    "reduce_min": _reduction,
    "reduce_any": _logical,
    "reduce_all": _logical,
    "argmax": _along,
    "argmin": _along,
    "argsort": _along,
    "cummax": _along,
    "cummin": _along,
    "cumsum": lambda n: [*_along(n, reverse=False), *_along(n, reverse=True)],
    "recurrence": lambda n: [*_along(n, 2, reverse=False), *_along(n, 2, reverse=True)],
    "search": lambda n: [
        ([f64(n), f64()], {"right": True}),
        ([f64(n), f64(n)], {"right": False}),
        ([f64(3, n), f64(3, 5)], {"right": False}),
    ],
    "determinant": _matrices,
    "slogdet": _matrices,
    "cholesky": _matrices,
    "solve": _solve,
    "logm": _matrices,
    "sqrtm": _matrices,
    # The passes grow with the logarithm of the length: lanes are what may be many.
    "fft": lambda n: [
        ([f64(16, n)] * 2, {"axis": 0}),
        ([f64(n, 16)] * 2, {"axis": 1}),
        ([f64(11, n)] * 2, {"axis": 0}),
    ],
    "lu": _matrices,
    "row_order": lambda n: [([Type("i32", (n, 3))], {"rows": 4})],
    "solve_banded": lambda n: [
        ([f64(n, 4, 5), f64(n, 5, 2)], {"below": 1, "above": 2, "definite": False}),
        ([f64(n, 3, 5), f64(n, 5, 1)], {"below": 1, "above": 1, "definite": True}),
    ],
}
KINDS = ("linear", "structured")
PROGRAMS |= {
    n: _declared(p)
    for n, p in PRIMITIVES.items()
    if p.kind in KINDS and p.samples and n not in PROGRAMS
}
# Python is called: there is no code of its own; and what only lowering makes, or formulas do.
CALLED = {"opaque", "packed", *ROUTINES}


def program(primitive: Primitive, types: list[Type], attrs: dict[str, Any]) -> Func:
    """The op, of computed operands too, and read by another one."""
    b = Builder()
    values = [Expr(b, b.param(t)) for t in types]
    results = []
    for make in (lambda v: v, lambda v: v + v if v.dtype == "f64" else v):
        made = primitive(*map(make, values), **attrs)
        for found in made if isinstance(made, tuple) else (made,):
            results += [found, found + found if found.dtype == "f64" else found]
    return b.func("f", [e.value for e in results])


def text(func: Func) -> str:
    return emit_kernel(lower(func)).text


def check(smaller: Func, larger: Func) -> None:
    sizes = [len(list(every(lower(func).ops))) for func in (smaller, larger)]
    assert sizes[1] <= sizes[0], sizes
    texts = [len(text(func)) for func in (smaller, larger)]
    assert texts[1] <= 1.1 * texts[0], texts  # numbers have more digits


ELEMENTWISE = [
    row for row in rows() if PRIMITIVES[row.name].kind == "elementwise" and row.name != "const"
]


def dtypes(row: OpRow) -> list[str]:
    """Element types that the op takes, of which it has none without."""
    count = len(row.operands.partition(" {")[0].split(", "))
    first = ["bool"] if row.name == "select" else []
    for dtype in ("f64", "i64", "bool"):
        found = [*first, *[dtype] * (count - len(first))]
        try:
            PRIMITIVES[row.name].infer(
                *map(Type, found), **attribute_sets(PRIMITIVES[row.name])[-1]
            )
        except DTypeError:
            continue
        return found
    raise AssertionError(row.name)


@pytest.mark.parametrize("row", ELEMENTWISE, ids=lambda row: str(row.name))
def test_elementwise(row: OpRow) -> None:
    primitive, attrs = PRIMITIVES[row.name], attribute_sets(PRIMITIVES[row.name])[-1]
    check(
        *(
            program(primitive, [Type(d, (n,)) for d in dtypes(row)], attrs)
            for n in (SMALL, FACTOR * SMALL)
        )
    )


@pytest.mark.parametrize("name", PROGRAMS)
def test_others(name: str) -> None:
    for smaller, larger in zip(PROGRAMS[name](SMALL), PROGRAMS[name](FACTOR * SMALL), strict=True):
        check(*(program(PRIMITIVES[name], *made) for made in (smaller, larger)))


def test_all_are_here() -> None:
    expected = {name for name, p in PRIMITIVES.items() if p.kind in KINDS} - CALLED
    assert set(PROGRAMS) == expected
