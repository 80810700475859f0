"""The element types of compiled code, as they look in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tapec.errors import BackendError


@dataclass(frozen=True)
class Element:
    """How one dtype looks in memory: its NumPy name, its LLVM type in memory, its size."""

    numpy: str
    llvm: str
    size: int
    scalar: str  # name of the NumPy scalar type
    python: str  # kind of the Python scalar


ELEMENTS: Mapping[str, Element] = {
    "f64": Element("float64", "double", 8, "float64", "pyfloat"),
    "f32": Element("float32", "float", 4, "float32", "pyfloat"),
    "i64": Element("int64", "i64", 8, "int64", "pyint"),
    "i32": Element("int32", "i32", 4, "int32", "pyint"),
    "bool": Element("bool", "i8", 1, "bool", "pybool"),
    # Programs see such an array with a last axis more, of real and imaginary part.
    "c128": Element("complex128", "[2 x double]", 16, "complex128", "pycomplex"),
    "c64": Element("complex64", "[2 x float]", 8, "complex64", "pycomplex"),
}

# NumPy's integer types that kernels read as int64, of which those hold all numbers.
NARROW = ("int8", "int16", "uint8", "uint16", "uint32")

# The element type of a Python scalar argument in memory.
SCALAR_DTYPES: Mapping[str, str] = {
    "float": "f64",
    "int": "i64",
    "bool": "bool",
    "complex": "c128",
}


def packed_strides(dtype: str, shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    """The strides in bytes of an array without gaps; `axes` from the outermost to the innermost."""
    by_axis, step = [0] * len(shape), ELEMENTS[dtype].size
    for axis in reversed(axes):
        by_axis[axis] = step
        step *= shape[axis]
    return tuple(by_axis)


def check_dtype(dtype: str) -> None:
    """Raise BackendError for a name that is none."""
    if dtype not in ELEMENTS:
        raise BackendError(f"compiled code knows no dtype {dtype!r}; it has {', '.join(ELEMENTS)}")


def check_shape(shape: tuple[int, ...]) -> None:
    """Raise BackendError for what is no tuple of sizes."""
    if any(not isinstance(extent, int) or extent < 0 for extent in shape):
        raise BackendError(f"a shape is a tuple of sizes, not {shape!r}")
