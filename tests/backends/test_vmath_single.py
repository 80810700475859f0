"""Vector mathematics in single precision: errors over all numbers, special values, every width."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

pytest.importorskip("llvmlite")

from support.vmath_support import compiled

from tapec.backends.llvm.vmath import SINGLES, SUPPORTED

ONE = [name for name in SINGLES if SUPPORTED[name].arity == 1]
TWO = [name for name in SINGLES if SUPPORTED[name].arity == 2]
LIMIT = 1.75  # ulp
SPECIAL = np.array(
    [0.0, -0.0, 1.0, -1.0, 0.5, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 1.2e-38, 3.4e38, -3.4e38],
    np.float32,
)
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def numbers(stride: int) -> Iterator[np.ndarray]:
    """Every `stride`-th number of single precision, NaN and infinities among them."""
    for first in range(0, 2**32, stride << 21):
        bits = np.arange(first, min(first + (stride << 21), 2**32), stride, np.uint64)
        yield bits.astype(np.uint32).view(np.float32)


def errors(name: str, *args: np.ndarray) -> np.ndarray:
    """Errors in ulp against double precision; infinite where a special value is another one."""
    got = compiled(name, 16, "f32")(*args).astype(float)
    exact = compiled(name, 8)(*(x.astype(float) for x in args))
    want = exact.astype(np.float32)
    special = ~np.isfinite(want) | (want == 0)
    same = (got == want) & (np.signbit(got) == np.signbit(want)) | np.isnan(got) & np.isnan(want)
    ulp = np.abs(got - exact) / np.spacing(np.abs(want))
    return np.where(special, np.where(same, 0.0, np.inf), np.nan_to_num(ulp, nan=np.inf))


@pytest.mark.parametrize("stride", [99_991, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", ONE)
def test_errors_of_all_numbers(name: str, stride: int) -> None:
    for x in numbers(stride):
        worst = (error := errors(name, x)).argmax()
        assert error[worst] <= LIMIT, (x[worst], error[worst])


@pytest.mark.parametrize("count", [2**12, pytest.param(2**23, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", TWO)
def test_errors_of_two_operands(name: str, count: int) -> None:
    rng = np.random.default_rng(3)
    anything = rng.integers(0, 2**32, (2, count), np.uint64).astype(np.uint32).view(np.float32)
    common = np.stack([rng.uniform(0.0, 4.0, count), rng.uniform(-8.0, 8.0, count)])
    grid = np.stack([g.ravel() for g in np.meshgrid(SPECIAL, SPECIAL)])
    for x, y in (anything, common.astype(np.float32), grid):
        worst = (error := errors(name, x, y)).argmax()
        assert error[worst] <= LIMIT, (x[worst], y[worst], error[worst])


@pytest.mark.parametrize("name", SINGLES)
def test_every_width_gives_the_same_bits(name: str) -> None:
    rng = np.random.default_rng(4)
    args = [rng.uniform(0.01, 0.99, 64).astype(np.float32) for _ in range(SUPPORTED[name].arity)]
    args[0] += name == "arccosh"
    results = [compiled(name, width, "f32")(*args) for width in (1, 4, 8, 16)]
    assert all((r == results[0]).all() for r in results)
