"""Every elementwise primitive against NumPy and its partials against values: read off the table.

Nothing here lists operations by hand but for special points: a new primitive is tested by being
declared, its `domain` says where to sample and `analytic` by which route its slope is known.
"""

from __future__ import annotations

import itertools
import warnings
import zlib

import numpy as np
import pytest
from scipy import special as scipy_special

from tapec.backends import interpreter
from tapec.differences import ridders
from tapec.errors import DTypeError, ShapeError, TapecError
from tapec.ir import PRIMITIVES as P
from tapec.ir import Builder, Expr, Type, type_of
from tapec.ir.core import Dense
from tapec.ir.primitive import Primitive
from tapec.ir.types import NUMPY_DTYPES

ELEMENTWISE = [p for p in P.values() if p.kind == "elementwise" and p.name != "const"]
DTYPES = ("bool", "i32", "i64", "f32", "f64")
# Attribute sets to try; all others have none.
ATTRS = {
    "integer_pow": [{"n": n} for n in (0, 1, 2, 3, 7)],
    "polygamma": [{"n": n} for n in (0, 1, 2)],
    "convert": [{"dtype": d} for d in DTYPES],
}
CASES = [(p, a) for p in ELEMENTWISE for a in ATTRS.get(p.name, [{}])]
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
}


def case_id(value: object) -> str:
    """Short test names."""
    if isinstance(value, Primitive):
        return value.name
    if isinstance(value, dict):
        return ",".join(f"{k}={v}" for k, v in value.items()) or "-"
    return str(value)


def sample(primitive: Primitive, dtypes: tuple[str, ...], shapes: list[tuple[int, ...]]):
    """Seeded operands inside the primitive's domain."""
    rng = np.random.default_rng(zlib.crc32(primitive.name.encode()))
    return [
        _sample_one(rng, dtype, interval, shape)
        for dtype, interval, shape in zip(dtypes, primitive.domain, shapes, strict=True)
    ]


def _sample_one(rng, dtype, interval, shape):
    if dtype == "bool":
        return np.asarray(rng.random(shape) < 0.5)
    if dtype.startswith("i"):
        return np.asarray(rng.integers(1, 6, shape), NUMPY_DTYPES[dtype])
    return np.asarray(rng.uniform(*interval, shape), NUMPY_DTYPES[dtype])


def operand_dtypes(primitive: Primitive, attrs: dict) -> list[tuple[str, ...]]:
    """The element types a primitive takes, found by asking its inference."""
    arity = len(primitive.domain)
    return [d for d in itertools.product(DTYPES, repeat=arity) if _accepts(primitive, d, attrs)]


def _accepts(primitive, dtypes, attrs):
    try:
        primitive.infer(*(Type(d) for d in dtypes), **attrs)
    except DTypeError:
        return False
    return True


def program(primitive: Primitive, attrs: dict, types: list[Type], k: int | None = None):
    """The primitive itself, or its partial by operand k broadcast to the result's shape."""
    builder = Builder()
    xs = [Expr(builder, builder.param(t)) for t in types]
    y = primitive(*xs, **attrs)
    if k is None:
        return builder.func("value", [y.value])
    rule = primitive.partials[k]
    found = rule(y, *xs, **attrs)
    if not isinstance(found, Expr):
        found = Expr(builder, builder.const(float(found), y.type))
    return builder.func("partial", [P["broadcast_to"](found, shape=y.shape).value])


def partial(primitive, attrs, arrays, k):
    """The partial's value."""
    func = program(primitive, attrs, [type_of(a) for a in arrays], k)
    return interpreter.run(func, arrays)[0]


def same_bits(a, b) -> bool:
    """Equal in type and bits, any NaN equal to any other."""
    a, b = np.asarray(a), np.asarray(b)
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if a.dtype.kind != "f":
        return bool(np.array_equal(a, b))
    nan = np.isnan(a)
    same = (a == b) & (np.signbit(a) == np.signbit(b))
    return bool(np.all(np.where(nan, np.isnan(b), same)))


# --- declarations --------------------------------------------------------------------------------


@pytest.mark.parametrize("primitive", ELEMENTWISE, ids=case_id)
def test_declaration_is_complete(primitive):
    assert primitive.doc
    assert primitive.lower
    assert primitive.cost >= 0
    assert primitive.evaluate is not None
    assert len(primitive.partials) in (0, len(primitive.domain))
    assert not primitive.transpose or len(primitive.transpose) == len(primitive.domain)


@pytest.mark.parametrize("primitive", ELEMENTWISE, ids=case_id)
def test_float_results_have_partials(primitive):
    """Only integers and booleans go without."""
    attrs = ATTRS.get(primitive.name, [{}])[-1]
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
    [p for p in ELEMENTWISE if hasattr(np, NUMPY_NAMES.get(p.name, p.name))],
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


# --- conventions ---------------------------------------------------------------------------------

NAN, INF = np.nan, np.inf
CONVENTIONS = [
    # primitive, attrs, operands, partials ("-" is not checked)
    ("abs", {}, (0.0,), (0.0,)),
    ("abs", {}, (-0.0,), (0.0,)),
    ("sign", {}, (0.0,), (0.0,)),
    ("sqrt", {}, (0.0,), (INF,)),
    ("cbrt", {}, (0.0,), (INF,)),
    ("cbrt", {}, (-8.0,), (1.0 / 12.0,)),
    ("maximum", {}, (2.0, 2.0), (0.5, 0.5)),
    ("maximum", {}, (0.0, -0.0), (0.5, 0.5)),
    ("maximum", {}, (INF, INF), (0.5, 0.5)),
    ("maximum", {}, (3.0, 2.0), (1.0, 0.0)),
    ("minimum", {}, (2.0, 2.0), (0.5, 0.5)),
    ("minimum", {}, (3.0, 2.0), (0.0, 1.0)),
    ("fmax", {}, (NAN, 2.0), (0.0, 1.0)),
    ("fmax", {}, (2.0, NAN), (1.0, 0.0)),
    ("fmin", {}, (NAN, 2.0), (0.0, 1.0)),
    ("fmin", {}, (2.0, 2.0), (0.5, 0.5)),
    ("hypot", {}, (0.0, 0.0), (0.0, 0.0)),
    ("hypot", {}, (3e200, 4e200), (0.6, 0.8)),
    ("arctan2", {}, (1.0, -1.0), (-0.5, -0.5)),
    ("logaddexp", {}, (1000.0, 1000.0), (0.5, 0.5)),
    ("logaddexp", {}, (-INF, 0.0), (0.0, 1.0)),
    ("logaddexp", {}, (-INF, -INF), (0.5, 0.5)),
    ("logaddexp", {}, (-1e4, 1e4), (0.0, 1.0)),
    ("fmod", {}, (-7.5, 2.0), (1.0, 3.0)),
    ("remainder", {}, (-7.5, 2.0), (1.0, 4.0)),
    ("copysign", {}, (-3.0, -2.0), (1.0, 0.0)),
    ("copysign", {}, (3.0, -0.0), (-1.0, 0.0)),
    ("floor_divide", {}, (7.0, 2.0), (0.0, 0.0)),
    ("stop_gradient", {}, (2.0,), (0.0,)),
    # Powers: negative bases with whole exponents, and everything at 0.
    ("power", {}, (-2.0, 3.0), (12.0, "-")),
    ("power", {}, (-2.0, 2.0), (-4.0, "-")),
    ("power", {}, (-2.0, -1.0), (-0.25, "-")),
    ("power", {}, (-2.0, 1.0), (1.0, "-")),
    ("power", {}, (-2.0, 0.0), (0.0, "-")),
    ("power", {}, (0.0, 3.0), (0.0, 0.0)),
    ("power", {}, (0.0, 2.0), (0.0, 0.0)),
    ("power", {}, (0.0, 1.0), (1.0, 0.0)),
    ("power", {}, (-0.0, 1.0), (1.0, 0.0)),
    ("power", {}, (0.0, 0.0), (0.0, 0.0)),
    ("power", {}, (0.0, 1.5), (0.0, 0.0)),
    ("power", {}, (0.0, 0.5), (INF, 0.0)),
    ("power", {}, (2.0, 0.0), (0.0, np.log(2.0))),
    ("integer_pow", {"n": 0}, (0.0,), (0.0,)),
    ("integer_pow", {"n": 1}, (0.0,), (1.0,)),
    ("integer_pow", {"n": 2}, (0.0,), (0.0,)),
    ("integer_pow", {"n": 5}, (0.0,), (0.0,)),
    ("integer_pow", {"n": 3}, (-2.0,), (12.0,)),
    ("integer_pow", {"n": -2}, (-2.0,), (0.25,)),
    ("integer_pow", {"n": -1}, (2.0,), (-0.25,)),
]


@pytest.mark.parametrize(("name", "attrs", "point", "want"), CONVENTIONS, ids=case_id)
def test_conventions(name, attrs, point, want):
    arrays = [np.array(x) for x in point]
    for k, expected in enumerate(want):
        if expected != "-":
            got = partial(P[name], attrs, arrays, k)
            np.testing.assert_allclose(got, expected, rtol=1e-14, err_msg=f"operand {k}")


def test_small_differences_keep_their_digits():
    """Where a textbook formula would cancel."""
    x = np.array([1.0 - 1e-12])
    want = 1.0 / np.sqrt((1.0 - x) * (1.0 + x))
    np.testing.assert_allclose(partial(P["arcsin"], {}, [x], 0), want, rtol=1e-15)
    x = np.array([-60.0])
    np.testing.assert_allclose(partial(P["expm1"], {}, [x], 0), np.exp(x), rtol=1e-15)


@pytest.mark.parametrize("taken", [True, False])
def test_select_transposes_into_the_branch_taken(taken):
    builder = Builder()
    c, a, b, ct = (Expr(builder, builder.param(Type(d))) for d in ("bool", "f64", "f64", "f64"))
    _, into_a, into_b = P["select"].transpose
    func = builder.func("t", [into_a(ct, c, a, b).value, into_b(ct, c, a, b).value])
    args = [np.array(taken), np.array(1.0), np.array(2.0), np.array(np.inf)]
    got = [float(r) for r in interpreter.run(func, args)]
    assert got == ([np.inf, 0.0] if taken else [0.0, np.inf])


def test_convert_transposes_into_its_operands_type():
    builder = Builder()
    x, ct = Expr(builder, builder.param(Type("f32"))), Expr(builder, builder.param(Type("f64")))
    assert P["convert"].transpose[0](ct, x, dtype="f64").dtype == "f32"
