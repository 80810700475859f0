"""Every elementwise primitive against NumPy and its partials against values: read off the table.

Nothing here lists operations by hand but for special points: a new primitive is tested by being
declared, its `domain` says where to sample and `analytic` by which route its slope is known.
"""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest
from scipy import special as scipy_special
from support.rules_support import (
    DTYPES,
    attribute_sets,
    case_id,
    operand_dtypes,
    partial,
    same_bits,
    sample,
)

from tapec.errors import DTypeError, ShapeError, TapecError
from tapec.ir import PRIMITIVES as P
from tapec.ir import Type, type_of
from tapec.ir.core import Dense
from tapec.ir.types import NUMPY_DTYPES
from tapec.tools.differences import ridders

ELEMENTWISE = [p for p in P.values() if p.kind == "elementwise" and p.name != "const"]
CASES = [(p, a) for p in ELEMENTWISE for a in attribute_sets(p)]
SMOOTH = [
    (p, attrs, k)
    for p, attrs in CASES
    for k, rule in enumerate(p.partials)
    if rule is not None and p.name not in ("convert", "stop_gradient")
]
# NumPy's names where they are not ours.
NUMPY_NAMES = {
    "sub": "subtract",
    "mul": "multiply",
    "div": "true_divide",
    "neg": "negative",
    "select": "where",
}
SPECIAL_VALUES = (0.0, -0.0, 1.0, -1.0, 2.0, -3.0, 0.5, np.inf, -np.inf, np.nan, 1e300, 5e-324)
COMPLEX_STEP = 1e-30
SHAPES = {
    1: [[()], [(3,)], [(0,)], [(2, 0, 3)], [(2, 3)]],
    2: [[(), ()], [(3,), ()], [(), (3,)], [(2, 1), (1, 3)], [(3,), (2, 3)], [(0, 3), (3,)]],
    3: [[(), (), ()], [(3,), (), ()], [(2, 1), (3,), ()], [(), (0,), (1,)]],
    4: [[(), (), (), ()], [(3,), (), (2, 1), ()]],
}


# --- declarations --------------------------------------------------------------------------------


@pytest.mark.parametrize("primitive", ELEMENTWISE, ids=case_id)
def test_declaration_is_complete(primitive):
    assert primitive.doc
    assert primitive.lower or primitive.expand
    assert primitive.cost >= 0
    assert primitive.evaluate is not None
    assert len(primitive.partials) in (0, len(primitive.domain))
    assert not primitive.transpose or len(primitive.transpose) == len(primitive.domain)


@pytest.mark.parametrize("primitive", ELEMENTWISE, ids=case_id)
def test_float_results_have_partials(primitive):
    """Only integers and booleans go without."""
    attrs = attribute_sets(primitive)[-1]
    for dtypes in operand_dtypes(primitive, attrs):
        result = primitive.infer(*(Type(d) for d in dtypes), **attrs)
        if not result.is_float:
            continue
        assert len(primitive.partials) == len(dtypes)
        for dtype, rule in zip(dtypes, primitive.partials, strict=True):
            assert rule is not None or dtype == "bool"


# --- values --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("primitive", "attrs"), CASES, ids=case_id)
def test_inference_is_what_evaluate_returns(primitive, attrs):
    accepted = operand_dtypes(primitive, attrs)
    assert accepted
    for dtypes, shapes in itertools.product(accepted, SHAPES[len(primitive.domain)]):
        arrays = sample(primitive, dtypes, shapes)
        want = primitive.infer(*(type_of(a) for a in arrays), **attrs)
        assert type_of(primitive.evaluate(*arrays, **attrs)) == want, (dtypes, shapes)


@pytest.mark.parametrize(
    "primitive",
    [p for p in ELEMENTWISE if hasattr(np, NUMPY_NAMES.get(p.name, p.name)) and p.name != "i0"],
    ids=case_id,
)
def test_values_are_numpys_to_the_bit(primitive):
    """Infinities, NaN, signed zeros and all, and without a warning."""
    function = getattr(np, NUMPY_NAMES.get(primitive.name, primitive.name))
    for dtypes in operand_dtypes(primitive, {}):
        arrays = specials(dtypes, signed=primitive.name != "power")
        with np.errstate(all="ignore"):
            want = function(*arrays)
        with warnings.catch_warnings(), np.errstate(all="raise"):
            warnings.simplefilter("error")
            got = primitive.evaluate(*arrays)
        assert same_bits(got, want), dtypes


def specials(dtypes: tuple[str, ...], *, signed: bool = True) -> list[np.ndarray]:
    """All combinations of special values, as flat operands."""
    columns = []
    for dtype in dtypes:
        if dtype.startswith("f"):
            with np.errstate(all="ignore"):
                columns.append(np.array(SPECIAL_VALUES).astype(NUMPY_DTYPES[dtype]))
        elif dtype == "bool":
            columns.append(np.array([False, True]))
        else:
            low = np.iinfo(NUMPY_DTYPES[dtype]).min
            values = [0, 1, 2, 7, -1, -3, low] if signed else [0, 1, 2, 7]
            columns.append(np.array(values, NUMPY_DTYPES[dtype]))
    grids = np.meshgrid(*columns, indexing="ij")
    return [np.ascontiguousarray(g.ravel()) for g in grids]


@pytest.mark.parametrize("source", DTYPES)
@pytest.mark.parametrize("target", DTYPES)
def test_convert_is_astype(source, target):
    (x,) = specials((source,))
    with np.errstate(all="ignore"):
        want = x.astype(NUMPY_DTYPES[target])
    assert same_bits(P["convert"].evaluate(x, dtype=target), want)


@pytest.mark.parametrize("n", [-3, -1, 0, 1, 2, 3, 5, 16])
@pytest.mark.parametrize("dtype", ["f32", "f64"])
def test_integer_pow_is_the_operator(n, dtype):
    (x,) = specials((dtype,))
    with np.errstate(all="ignore"):
        want = x**n
    assert same_bits(P["integer_pow"].evaluate(x, n=n), want)


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("erf", scipy_special.erf),
        ("erfc", scipy_special.erfc),
        ("lgamma", scipy_special.gammaln),
        ("digamma", scipy_special.psi),
    ],
)
@pytest.mark.parametrize("dtype", ["f32", "f64"])
def test_special_functions_are_scipys(name, function, dtype):
    (x,) = specials((dtype,))
    assert same_bits(P[name].evaluate(x), function(x))


@pytest.mark.parametrize("primitive", [p for p in ELEMENTWISE if p.commutative], ids=case_id)
def test_commutative_means_to_the_bit(primitive):
    """-0.0 against 0.0 aside, where NumPy's extremes keep whichever comes first."""
    for dtypes in operand_dtypes(primitive, {}):
        a, b = specials(dtypes)
        np.testing.assert_array_equal(primitive.evaluate(a, b), primitive.evaluate(b, a))


@pytest.mark.parametrize("primitive", [p for p in ELEMENTWISE if len(p.domain) == 2], ids=case_id)
def test_operands_must_fit(primitive):
    (first, *_) = operand_dtypes(primitive, {})
    with pytest.raises(ShapeError):
        primitive.infer(*(Type(d, (n,)) for d, n in zip(first, (2, 3), strict=True)))
    with pytest.raises(DTypeError):
        primitive.infer(Type("f32"), Type("f64"))


def test_constants():
    infer, evaluate = P["const"].infer, P["const"].evaluate
    splat = Type("f32", (2, 0, 3))
    assert type_of(evaluate(value=2.5, type=splat)) == splat
    array = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(evaluate(value=Dense(array), type=type_of(array)), array)
    for wrong in (Type("f64", (3, 2)), Type("f32", (2, 3))):
        with pytest.raises(TapecError):
            infer(value=Dense(array), type=wrong)


# --- partials ------------------------------------------------------------------------------------


def slope(primitive, attrs, arrays, k):
    """The derivative by operand k from values alone."""
    if primitive.analytic:
        moved = [a.astype(complex) for a in arrays]
        moved[k] = moved[k] + 1j * COMPLEX_STEP
        return np.imag(primitive.evaluate(*moved, **attrs)) / COMPLEX_STEP
    return np.array([_slope_at(primitive, attrs, point, k) for point in zip(*arrays, strict=True)])


def _slope_at(primitive, attrs, point, k):
    def line(t):
        moved = [np.asarray(x + t if i == k else x) for i, x in enumerate(point)]
        return primitive.evaluate(*moved, **attrs)

    return float(ridders(line, step=1e-2)[0])


def operands(primitive, dtype, shape=(8,)):
    """Operands of one float type (booleans where the primitive wants them)."""
    dtypes = ["bool" if r is None else dtype for r in primitive.partials]
    return sample(primitive, tuple(dtypes), [shape] * len(dtypes))


@pytest.mark.parametrize(("primitive", "attrs", "k"), SMOOTH, ids=case_id)
def test_partials_are_slopes(primitive, attrs, k):
    arrays = operands(primitive, "f64")
    tolerance = 1e-13 if primitive.analytic else 1e-8
    np.testing.assert_allclose(
        partial(primitive, attrs, arrays, k),
        slope(primitive, attrs, arrays, k),
        rtol=tolerance,
        atol=tolerance,
    )


@pytest.mark.parametrize(("primitive", "attrs", "k"), SMOOTH, ids=case_id)
def test_partials_in_single_precision(primitive, attrs, k):
    single = operands(primitive, "f32")
    double = [a if a.dtype == bool else a.astype(float) for a in single]
    got = partial(primitive, attrs, single, k)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, partial(primitive, attrs, double, k), rtol=2e-4, atol=1e-5)


@pytest.mark.parametrize(("primitive", "attrs", "k"), SMOOTH, ids=case_id)
def test_partials_of_scalars_empties_and_broadcasts(primitive, attrs, k):
    for shapes in SHAPES[len(primitive.domain)]:
        dtypes = tuple("bool" if r is None else "f64" for r in primitive.partials)
        arrays = sample(primitive, dtypes, shapes)
        full = [np.array(a) for a in np.broadcast_arrays(*arrays)]
        got = partial(primitive, attrs, arrays, k)
        np.testing.assert_array_equal(got, partial(primitive, attrs, full, k))


@pytest.mark.parametrize(("primitive", "attrs", "k"), SMOOTH, ids=case_id)
@pytest.mark.parametrize("dtype", ["f32", "f64"])
def test_partials_at_special_values(primitive, attrs, k, dtype):
    """Any number may come out, but nothing is raised and nothing warned about."""
    arrays = specials(tuple("bool" if r is None else dtype for r in primitive.partials))
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        assert partial(primitive, attrs, arrays, k).dtype == NUMPY_DTYPES[dtype]
