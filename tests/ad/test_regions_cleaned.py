"""Derivatives of derivatives with the passes between them, as users get them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.region_programs import (
    INT,
    POINT,
    PROGRAMS,
    F,
    cond,
    const,
    element,
    fori,
    func,
    program,
    scan,
    sin,
    total,
    vec,
)  # fmt: skip

from tapec.ad import gradient
from tapec.backends.interpreter import run
from tapec.ir.core import Func
from tapec.passes import CLEAN
from tapec.passes import run as passes
from tests.ad.test_regions_adjoint import V, W, pulled, pushed

ONE = np.float64(1.0)


def clean(f: Func) -> Func:
    return passes(CLEAN, passes(CLEAN, f, check=True), check=True)


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_order(name: str) -> None:
    plain, cleaned = program(name), clean(program(name))
    for step, args in ((pulled, [ONE]), (pulled, [ONE, W]), (pushed, [ONE, W, V])):
        plain, cleaned = step(plain), clean(step(cleaned))
        (found,), (want,) = run(cleaned, [POINT, *args]), run(plain, [POINT, *args])
        np.testing.assert_allclose(found, want, rtol=1e-11, atol=1e-13)


def short(outer: int) -> Func:
    """A loop short enough to be unrolled around loops of unknown length and a branch."""

    def body(x: Any, n: Any) -> Any:
        def inner(i: Any, x: Any, n: Any, s: Any) -> Any:
            s = fori(n, [x], [s], lambda j, x, s: sin(s) * element(x, j) + s)
            s = cond(s > 0.3, [s, n], lambda s, n: fori(n, [], [s], lambda j, s: sin(s * s)),
                     lambda s, n: s * s)  # fmt: skip
            return fori(n - 1, [x], [s], lambda j, x, s: s * s * element(x, j))

        return scan(outer, [x, n], [const(x, 0.7)], [], inner) * total(x)

    return func([vec(4), INT], body)


@pytest.mark.parametrize("outer", [1, 2, 3])
def test_unrolled_around_tapes(outer: int) -> None:
    x, n = POINT, np.int64(2)
    plain, cleaned = short(outer), clean(short(outer))
    args: list[Any] = []
    for extra in (ONE, W, V):
        plain, cleaned = pulled(plain), clean(pulled(cleaned))
        args.append(extra)
        (found,), (want,) = run(cleaned, [x, n, *args]), run(plain, [x, n, *args])
        np.testing.assert_allclose(found, want, rtol=1e-11, atol=1e-13)


def test_a_constant_trip_count() -> None:
    f = func([F], lambda x: fori(const(x, 3, INT), [x], [x], lambda i, x, s: sin(s) * x))
    g = clean(gradient(f, [True]))
    assert "tape" not in {op.name for op in clean(gradient(clean(f), [True])).ops}
    want = run(gradient(f, [True]), [ONE])
    np.testing.assert_allclose(run(g, [ONE]), want)
