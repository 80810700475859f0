"""Integer arrays of every type as indices and as arguments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tapec
from tapec.errors import DTypeError, MutationError

INTEGERS = "int8 int16 int32 int64 uint8 uint16 uint32 uint64".split()
NARROW = [t for t in INTEGERS if t not in ("int32", "int64")]
X = np.array([1.0, 2.0, 4.0, -3.0])
M = np.arange(12.0).reshape(4, 3)


def rows(x: Any, i: Any) -> Any:
    return np.sum(M[i] * x[i][:, None])


def in_place(x: Any, i: Any) -> Any:
    y = x * 1.0
    y[i[1:]] = 9.0 * x[0]
    return np.sum(y * np.arange(4.0))


def looped(x: Any, i: Any) -> Any:
    total = 0.0
    for k in range(3):
        total = total + x[i[k]] * (k + 1)
    return total


def branched(x: Any, i: Any) -> Any:
    return x[i[0]] if x[i[1]] > 1.5 else x[i[2]] * 2.0


USES: dict[str, Any] = {
    "item": lambda x, i: np.sum(x[i] ** 2),
    "element": lambda x, i: x[i[0]] * x[i[-1]],
    "slice": lambda x, i: np.sum(x[i[1] : i[0]]),
    "take": lambda x, i: np.sum(np.take(x, i) ** 3),
    "take of a part": lambda x, i: np.sum(x.take(i[1:])),
    "along": lambda x, i: np.sum(np.take_along_axis(x, i, 0) * x[:3]),
    "converted": lambda x, i: np.sum(i.astype(float) * x[0] + i.astype(int)),
    "python": lambda x, i: float(i[0]) * x[int(i[1])],
    "reversed": lambda x, i: np.sum(x[i[::-1]] * np.arange(3.0)),
    "reshaped": lambda x, i: np.sum(x[i.reshape(3, 1)] * x),
    "shape": lambda x, i: x[0] * len(i) * i.size * (i.dtype.kind in "iu") * i.ndim,
    "pair": lambda x, i: M[i[0], i[1] - 0 if i.dtype.itemsize > 8 else 1] * x[i[2]],
    "rows": rows,
    "in place": in_place,
    "loop": looped,
    "branch": branched,
}


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("use", USES)
def test_indices_of_every_type(use: str, dtype: str) -> None:
    f, i = USES[use], np.array([2, 0, 2], dtype)
    kernel, h = tapec.compile(f), 1e-6
    for given in (i, i[::-1].copy()):
        np.testing.assert_allclose(kernel(X, given), f(X, given), rtol=1e-15)
    wanted = [(f(X + e, i) - f(X - e, i)) / (2 * h) for e in np.eye(4) * h]
    np.testing.assert_allclose(tapec.grad(f)(X, i), wanted, rtol=1e-7, atol=1e-7)
    captured = tapec.compile(lambda x: f(x, i))
    np.testing.assert_allclose(captured(X), f(X, i), rtol=1e-15)


def stored(x: Any, i: Any) -> Any:
    i[0] = 1
    return x[i]


WRAPPING = [
    lambda x, i: i + i, lambda x, i: -i, lambda x, i: np.sum(i), lambda x, i: i * x[:3],
    lambda x, i: np.concatenate([i, i]), lambda x, i: i, lambda x, i: i > 1,
    lambda x, i: np.where(x[:3] > 0, i, 0), lambda x, i: np.sin(i), lambda x, i: i[0] + 1,
    lambda x, i: i[0] if x[0] > 0 else i[1], lambda x, i: np.stack([i]).T, lambda x, i: i @ i,
]  # fmt: skip


@pytest.mark.parametrize("dtype", NARROW)
@pytest.mark.parametrize("f", WRAPPING)
def test_arithmetic_that_would_wrap_around_is_refused(f: Any, dtype: str) -> None:
    with pytest.raises(DTypeError, match=r"(?s)more than indices.*astype"):
        tapec.compile(f)(X, np.array([2, 0, 2], dtype))


def test_narrow_arguments_are_not_written() -> None:
    with pytest.raises(MutationError, match="uint8"):
        tapec.compile(stored)(X, np.array([2, 0, 2], np.uint8))


def test_programs_of_one_type_do_not_take_another() -> None:
    kernel = tapec.compile(lambda x, i: x[i[0]])
    for dtype in [*INTEGERS, *INTEGERS]:
        assert kernel(X, np.array([2], dtype)) == X[2]
    with pytest.raises(DTypeError, match="beyond"):
        kernel(X, np.array([2**63 + 1], np.uint64))
    with pytest.raises(DTypeError):
        tapec.compile(lambda x: x * 2)(np.ones(2, np.float16))


def test_lanes_have_their_own_indices() -> None:
    i = np.array([[0, 1], [2, 3], [1, 1]], np.uint8)
    found = tapec.vmap(lambda x, i: x[i] * 2.0, in_axes=(None, 0))(X, i)
    np.testing.assert_array_equal(found, X[i] * 2.0)
