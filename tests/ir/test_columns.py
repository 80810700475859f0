"""What the table says of an op, held against how it behaves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.dynamic_cases import dynamic_cases
from support.rules_support import attribute_sets, case_id, partial
from support.structured_cases import CASES as STATIC
from support.structured_cases import Case

from tapec.backends.llvm.emit_ops import RULES as EMITTED
from tapec.backends.llvm.emit_scalar import BINARY, COMPARE
from tapec.backends.llvm.vmath import SUPPORTED
from tapec.ir import PRIMITIVES, Type
from tapec.ir.ops.lapack import ROUTINES
from tapec.ir.primitive import Primitive
from tapec.lower.packed import RULES as PACKED

CASES = [*STATIC, *dynamic_cases()]
ARRAY = [p for p in PRIMITIVES.values() if p.kind in ("elementwise", "linear", "structured")]


def found(c: Case) -> tuple[Any, ...]:
    evaluate = PRIMITIVES[c.name].evaluate
    assert evaluate is not None
    made = evaluate(*c.operands, **c.attrs)
    return made if isinstance(made, tuple) else (made,)


@pytest.mark.parametrize("c", CASES, ids=str)
def test_results(c: Case) -> None:
    assert len(found(c)) == PRIMITIVES[c.name].results


@pytest.mark.parametrize("c", [c for c in CASES if PRIMITIVES[c.name].view], ids=str)
def test_views_hold_elements_of_their_operand(c: Case) -> None:
    for result, operand in PRIMITIVES[c.name].view.items():
        made, source = found(c)[result], c.operands[operand]
        assert np.isin(made, source).all()
        contiguous = c.name != "reshape" or source.flags.c_contiguous
        if made.size and made.ndim and contiguous:  # NumPy copies single elements
            assert np.shares_memory(made, source)


@pytest.mark.parametrize("c", [c for c in CASES if PRIMITIVES[c.name].writes is not None], ids=str)
def test_writes_leave_most_of_the_operand(c: Case) -> None:
    """The result is of the operand's type, differs from it in no more places than are written, and
    the interpreter leaves the operand itself alone."""
    primitive = PRIMITIVES[c.name]
    before = [np.array(x) for x in c.operands]
    (made,), target = found(c), c.operands[primitive.writes or 0]
    assert (made.dtype, made.shape) == (target.dtype, target.shape)
    assert np.count_nonzero(made != target) <= c.operands[1].size
    for x, old in zip(c.operands, before, strict=True):
        np.testing.assert_array_equal(x, old)


@pytest.mark.parametrize("c", [c for c in CASES if PRIMITIVES[c.name].places is not None], ids=str)
def test_places_out_of_bounds_raise(c: Case) -> None:
    primitive = PRIMITIVES[c.name]
    assert primitive.raises
    operands = list(c.operands)
    for k in range(primitive.places or 0, len(operands)):
        operands[k] = np.full_like(operands[k], 10_000)
    moved = [x for x in operands[primitive.places :] if x.size]
    if moved and c.label != "empty":
        with pytest.raises(IndexError):
            c.evaluate(*operands)


@pytest.mark.parametrize("primitive", [p for p in ARRAY if p.harmless], ids=case_id)
def test_harmless_operands_do_not_raise(primitive: Primitive) -> None:
    """Where a matrix of zeros does, or one of NaN."""
    a, right = Type("f64", (3, 3)), np.ones((3, 2))
    assert primitive.harmless is not None
    assert primitive.evaluate is not None
    rest = (right,) if primitive.name.startswith("solve") else ()
    attrs = attribute_sets(primitive)[0]
    primitive.evaluate(primitive.harmless(a), *rest, **attrs)
    assert any(fails(primitive, np.full(a.shape, worst), *rest, **attrs) for worst in (0.0, np.nan))


def fails(primitive: Primitive, *operands: Any, **attrs: Any) -> bool:
    assert primitive.evaluate is not None
    try:
        primitive.evaluate(*operands, **attrs)
    except np.linalg.LinAlgError:
        return True
    return False


FINITE = np.array([0.0, -0.0, 1.0, -1.0, 0.5, 5e-324, 1e300, -1e300, 700.0, -3.25])
BOUNDED = [p for p in ARRAY if p.kind == "elementwise" and p.bounded is True and p.partials]


@pytest.mark.parametrize(
    "primitive", [p for p in BOUNDED if p.name not in ("select", "convert")], ids=case_id
)
def test_bounded_partials_are_finite(primitive: Primitive) -> None:
    count = len(primitive.domain)
    operands = [x.ravel() for x in np.meshgrid(*[FINITE] * count)]
    for k, rule in enumerate(primitive.partials):
        if rule is not None:
            assert np.isfinite(partial(primitive, {}, operands, k)).all()


@pytest.mark.parametrize(("n", "finite"), [(3, True), (1, True), (-1, False)])
def test_powers_are_bounded_where_they_say_so(n: int, finite: bool) -> None:
    power = PRIMITIVES["integer_pow"]
    assert power.keeps_zero({"n": n}) == finite
    slopes = partial(power, {"n": n}, [np.array([0.0, 1.0])], 0)
    assert np.isfinite(slopes).all() == finite


@pytest.mark.parametrize("primitive", [p for p in ARRAY if p.rounds is False], ids=case_id)
def test_what_does_not_round_is_exact_in_any_precision(primitive: Primitive) -> None:
    """Of numbers that both precisions hold, both give the same."""
    if primitive.kind != "elementwise" or primitive.name in ("const", "convert", "select"):
        pytest.skip("moves or chooses elements")
    x = [np.array([1.5, -2.25, 0.0, -0.5])] * len(primitive.domain)
    assert primitive.evaluate is not None
    single = primitive.evaluate(*[v.astype("f4") for v in x])
    np.testing.assert_array_equal(single, primitive.evaluate(*x))


@pytest.mark.parametrize("primitive", ARRAY, ids=case_id)
def test_native_code_is_where_the_table_says(primitive: Primitive) -> None:
    where, _, name = primitive.lower.partition(".")
    plain = {n for n, _ in BINARY} | set(COMPARE) | set(EMITTED)
    if where == "vmath":
        assert name in SUPPORTED
    elif where == "rule":
        assert primitive.name in plain | {"const", "integer_pow"}
    elif where == "lapack":
        assert primitive.name in ROUTINES
    elif primitive.name in PACKED:
        assert where == "own loops"
    else:
        # Nothing at all is a call of NumPy or SciPy for this op alone.
        known = where in ("llvm", "libm", "scipy", "loops", "own loops")
        assert known or primitive.expand or (where == "" and primitive.kind == "structured")


def test_forms_of_ops_with_regions() -> None:
    forms = {n: p.form for n, p in PRIMITIVES.items() if p.form is not None}
    assert {n for n, f in forms.items() if f.loop} == {"scan", "fori_loop", "while_loop"}
    assert {n for n in forms if PRIMITIVES[n].branch} == {"cond", "switch"}
    assert {n for n in forms if PRIMITIVES[n].conditional} == {"while_loop"}
