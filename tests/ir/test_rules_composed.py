"""Every structured primitive through verification, text, tangent, adjoint and batch as programs."""

from __future__ import annotations

import numpy as np
import pytest
from support.structured_cases import CASES, Case, flat

from tapec.ad.adjoint import adjoint
from tapec.ad.batching import batch
from tapec.ad.forward import tangent
from tapec.backends.interpreter import run
from tapec.ir import PRIMITIVES, Builder, Func, type_of
from tapec.ir.parser import parse
from tapec.ir.printer import print_func
from tapec.ir.verify import verify

SMOOTH = [c for c in CASES if c.floats and c.expected.dtype.kind == "f" and c.label != "unused"]


def program(c: Case) -> Func:
    """The case as a function of its operands."""
    builder = Builder()
    params = [builder.param(type_of(x)) for x in c.operands]
    made = flat(PRIMITIVES[c.name](*map(builder.expr, params), **c.attrs))
    return builder.func("f", [made.value])


def checked(func: Func) -> Func:
    """The program, verified, and as read back from its text."""
    verify(func)
    text = print_func(func)
    again = parse(text)
    assert print_func(again) == text
    return again


@pytest.mark.parametrize("c", CASES, ids=str)
def test_text_and_batch(c: Case) -> None:
    func = checked(program(c))
    (y,) = run(func, c.operands)
    np.testing.assert_allclose(y, c.expected, rtol=1e-13, atol=1e-14)
    many = checked(batch(func, [True] * len(c.operands), 3))
    (ys,) = run(many, [np.stack([x] * 3) for x in c.operands])
    np.testing.assert_allclose(ys, np.stack([y] * 3), rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("c", SMOOTH, ids=str)
def test_tangent_and_adjoint_agree(c: Case) -> None:
    func, active = program(c), [k in c.floats for k in range(len(c.operands))]
    rng = np.random.default_rng(0)
    ts = [rng.standard_normal(c.operands[k].shape) for k in c.floats]
    ct = rng.standard_normal(c.expected.shape)
    backward = checked(adjoint(func, active))
    moved = run(checked(tangent(func, active)), [*c.operands, *ts])[1]
    pulled = run(backward, [*c.operands, ct])[1:]
    total = sum(np.vdot(g, t) for g, t in zip(pulled, ts, strict=True))
    np.testing.assert_allclose(total, np.vdot(ct, moved), rtol=1e-11, atol=1e-11)

    many = checked(batch(backward, [*(False for _ in c.operands), True], 3))
    rows = run(many, [*c.operands, np.stack([ct, 2 * ct, -ct])])[1:]
    for row, g in zip(rows, pulled, strict=True):
        np.testing.assert_allclose(row, np.stack([g, 2 * g, -g]), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("c", SMOOTH, ids=str)
def test_adjoint_of_the_adjoint_is_well_formed(c: Case) -> None:
    backward = adjoint(program(c), [k in c.floats for k in range(len(c.operands))])
    checked(adjoint(backward, [p.type.is_float for p in backward.params]))
