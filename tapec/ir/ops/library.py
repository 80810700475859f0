"""What lowered programs call on whole buffers: products, factorisations, Python functions."""

from __future__ import annotations

from typing import Any

from tapec.errors import VerifyError
from tapec.ir.primitive import Primitive, register
from tapec.ir.types import Type


def _gemm(
    out: Type,
    a: Type,
    b: Type,
    *indices: Type,
    sizes: tuple[int, int, int],
    matrices: tuple[tuple[int, int], tuple[int, int]],
    strides: tuple[tuple[int, ...], ...] = ((), (), ()),
) -> tuple[Type, ...]:
    if not (out.buffer and a.buffer and b.buffer) or len({out.dtype, a.dtype, b.dtype}) != 1:
        raise VerifyError(f"gemm of {a} and {b} into {out}")
    if out.dtype not in ("f32", "f64") or any(len(s) != len(indices) for s in strides):
        raise VerifyError("gemm needs floats, and one stride per index and buffer")
    return ()


def _getrf(square: Type, pivots: Type, *, strict: bool = True) -> tuple[Type, ...]:
    n = square.shape[0]
    if not (square.buffer and pivots.buffer) or square.shape != (n, n):
        raise VerifyError(f"getrf of {square}")
    if pivots.shape != (n + 1,) or pivots.dtype != "i32":
        raise VerifyError(f"getrf of {square} with room {pivots}")
    return ()


def _getrs(square: Type, pivots: Type, right: Type, *, transposed: bool) -> tuple[Type, ...]:
    _getrf(square, pivots)
    if not right.buffer or right.shape[1:] != square.shape[1:] or right.dtype != square.dtype:
        raise VerifyError(f"getrs of {square} and {right}")
    return ()


def _potrf(square: Type, flag: Type) -> tuple[Type, ...]:
    n = square.shape[0]
    if not (square.buffer and flag.buffer) or square.shape != (n, n):
        raise VerifyError(f"potrf of {square}")
    if flag.shape != (1,) or flag.dtype != "i32":
        raise VerifyError(f"potrf of {square} with room {flag}")
    return ()


def _lapack(*buffers: Type, routine: str, arguments: str, status: int) -> tuple[Type, ...]:
    *given, flag = buffers
    if not all(b.buffer for b in buffers) or flag.dtype != "i32" or flag.shape != (1,):
        raise VerifyError(f"{routine} needs buffers, the last one for its flag")
    used = {token for token in arguments.split() if token[0] == "@"}
    if not used <= {f"@{k}" for k in range(len(given))}:
        raise VerifyError(f"{routine} of {len(given)} buffers is called with {arguments}")
    return ()


def _host(*buffers: Type, function: str, lead: int) -> tuple[Type, ...]:
    if not all(b.buffer for b in buffers) or buffers[0].dtype != "f64":
        raise VerifyError("host needs buffers: of the result, and of the operands")
    return ()


def _numpy(out: Type, *operands: Type, of: str, **attrs: Any) -> tuple[Type, ...]:
    if not all(b.buffer for b in (out, *operands)):
        raise VerifyError(f"numpy of {of} needs buffers: of the result, and of the operands")
    return ()


GEMM = register(
    Primitive(
        name="gemm",
        kind="loop",
        infer=_gemm,
        effect=True,
        results=0,
        doc="Write the (m, n) product, in C order, of an (m, k) and a (k, n) matrix; `sizes` is "
        "(m, n, k), `matrices` the (row, column) strides of both factors, `strides` those of the "
        "indices in result and factors.",
    )
)
GETRF = register(
    Primitive(
        name="getrf",
        kind="loop",
        infer=_getrf,
        effect=True,
        results=0,
        doc="Factor a matrix in place, column after column, with room for the row numbers and a "
        "flag, not 0 where the matrix is singular: there the kernel ends with status 3, if strict.",
    )
)
POTRF = register(
    Primitive(
        name="potrf",
        kind="loop",
        infer=_potrf,
        effect=True,
        results=0,
        doc="The Cholesky factor, row after row, in place of the lower triangle of a matrix, with "
        "room for a flag. Where it is not positive definite the kernel ends with status 5.",
    )
)
LAPACK = register(
    Primitive(
        name="lapack",
        kind="loop",
        infer=_lapack,
        effect=True,
        results=0,
        doc="Call a routine of LAPACK with these arguments: letters, integers, buffers by their "
        "number; the last buffer is its flag. Where that is not 0, and `status` is not either, "
        "the kernel ends with it.",
    )
)
HOST = register(
    Primitive(
        name="host",
        kind="loop",
        infer=_host,
        effect=True,
        results=0,
        doc="Call a Python function of this process (see `opaque`) on the buffers behind the "
        "first, which gets the result. Where it raises, the kernel ends with status 8.",
    )
)
NUMPY = register(
    Primitive(
        name="numpy",
        kind="loop",
        infer=_numpy,
        effect=True,
        results=0,
        doc="Call the NumPy function of an op (see `packed`) on the buffers behind the first, "
        "which gets the result. Where it raises, the kernel ends with status 8.",
    )
)
GETRS = register(
    Primitive(
        name="getrs",
        kind="loop",
        infer=_getrs,
        effect=True,
        results=0,
        doc="Solve for right-hand sides, column after column, in place: with a matrix that was "
        "factored, or with its transpose.",
    )
)
