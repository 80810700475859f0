"""What the tests of primitives share: sampling operands, programs of partials, exact equality."""

from __future__ import annotations

import itertools
import zlib

import numpy as np

from tapec.backends import interpreter
from tapec.errors import DTypeError
from tapec.ir import PRIMITIVES as P
from tapec.ir import Builder, Expr, Type, type_of
from tapec.ir.primitive import Primitive
from tapec.ir.types import NUMPY_DTYPES

DTYPES = ("bool", "i32", "i64", "f32", "f64")


def case_id(value: object) -> str:
    """Short test names."""
    if isinstance(value, Primitive):
        return value.name
    if isinstance(value, dict):
        return ",".join(f"{k}={v}" for k, v in value.items()) or "-"
    return str(value)


def attribute_sets(primitive: Primitive) -> list[dict]:
    """The attributes to try it with: none, where its declaration has no samples."""
    return [dict(s.attrs) for s in primitive.samples] or [{}]


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
