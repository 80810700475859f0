"""Vector math library: ulp errors against mpmath and special values against NumPy, at widths 1, 4 and 8."""

from __future__ import annotations

from collections.abc import Callable

import mpmath as mp
import numpy as np
import pytest
import scipy.special

pytest.importorskip("llvmlite")

from support.vmath_cases import BINARY, RNG, SPECIAL, UNARY
from support.vmath_support import compiled, module_text, ulp_errors

from tapec.backends.llvm.vmath import PAIRS, SUPPORTED, Lines, emit, emit_pair

# Every width gives the same bits: one of them sees more points, in the long runs all of them.
widths = pytest.mark.parametrize(
    ("width", "stride"), [(1, 40), (4, 40), (8, 8), pytest.param(8, 1, marks=pytest.mark.slow)]
)
PRECISION = 160
LIMIT = 2.0
LIMITS = {"digamma": 5.0} | dict.fromkeys(["i0", "i1", "i0e", "i1e"], 3.5)  # where it is more


def numpy_function(name: str) -> Callable[..., np.ndarray]:
    if hasattr(np, name) and name != "i0":  # np.i0 is no ufunc, and less exact
        return getattr(np, name)
    return getattr(scipy.special, name)


def agrees(got: np.ndarray, want: np.ndarray) -> np.ndarray:
    """Same NaNs, infinities, zeros and signs; finite values within the accuracy both promise."""
    special = ~np.isfinite(want) | (want == 0)
    close = np.abs(got - want) <= 2 * np.spacing(np.abs(want))
    same = np.where(special, got == want, close) & (np.signbit(got) == np.signbit(want))
    return same | (np.isnan(got) & np.isnan(want))


@widths
@pytest.mark.parametrize("name", UNARY)
def test_accuracy(name: str, width: int, stride: int) -> None:
    reference, ranges = UNARY[name]
    function = compiled(name, width)
    with mp.workprec(PRECISION):
        for x in (r[::stride] for r in ranges):
            errors = ulp_errors(function(x), [reference(mp.mpf(float(v))) for v in x])
            worst = errors.argmax()
            assert errors[worst] <= LIMITS.get(name, LIMIT), (name, x[worst], errors[worst])


@widths
@pytest.mark.parametrize("name", BINARY)
def test_accuracy_of_two_operands(name: str, width: int, stride: int) -> None:
    reference, ranges = BINARY[name]
    function = compiled(name, width)
    with mp.workprec(PRECISION):
        for x, y in ((a[::stride], b[::stride]) for a, b in ranges):
            pairs = zip(x, y, strict=True)
            want = [reference(mp.mpf(float(a)), mp.mpf(float(b))) for a, b in pairs]
            errors = ulp_errors(function(x, y), want)
            worst = errors.argmax()
            assert errors[worst] <= LIMITS.get(name, LIMIT), (
                name,
                x[worst],
                y[worst],
                errors[worst],
            )


@pytest.mark.parametrize("width", [1, 4, 8])
@pytest.mark.parametrize("name", BINARY)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_special_values_of_two_operands(name: str, width: int) -> None:
    x, y = (grid.ravel() for grid in np.meshgrid(SPECIAL, SPECIAL))
    got, want = compiled(name, width)(x, y), numpy_function(name)(x, y)
    bad = ~agrees(got, want)
    assert not bad.any(), list(zip(x[bad], y[bad], got[bad], want[bad], strict=True))[:20]


@pytest.mark.parametrize("width", [1, 4, 8])
@pytest.mark.parametrize("name", [n for n in UNARY if n not in LIMITS])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_special_values(name: str, width: int) -> None:
    got, want = compiled(name, width)(SPECIAL), numpy_function(name)(SPECIAL)
    beside_a_root = (name == "digamma") & (SPECIAL == -0.5)
    bad = ~agrees(got, want) & ~beside_a_root
    assert not bad.any(), list(zip(SPECIAL[bad], got[bad], want[bad], strict=True))


@pytest.mark.parametrize("width", [1, 4])
def test_special_values_of_bessel_functions(width: int) -> None:
    x = np.array([0.0, -0.0, 5e-324, np.inf, -np.inf, 1e308, -1e308, np.nan])
    want = {
        "i0": [1, 1, 1, np.inf, np.inf, np.inf, np.inf, np.nan],
        "i1": [0, -0.0, 0, np.inf, -np.inf, np.inf, -np.inf, np.nan],
        "i0e": [1, 1, 1, 0, 0, *[1e-154 / np.sqrt(2 * np.pi)] * 2, np.nan],
    }
    for name, values in want.items():
        np.testing.assert_allclose(compiled(name, width)(x), values, rtol=1e-15, atol=5e-324)
    assert np.signbit(compiled("i1", width)(x))[[1, 4, 6]].all()
    large = np.array([705.0, 711.0, 713.0, 713.5])  # where exp overflows already
    exact = [float(mp.besseli(0, v)) for v in large]
    np.testing.assert_allclose(compiled("i0", width)(large), exact, rtol=1e-15)


@pytest.mark.parametrize("name", [n for n, rule in SUPPORTED.items() if rule.arity == 1])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_single_precision(name: str) -> None:
    x = RNG.uniform(-3, 3, 200).astype(np.float32)
    got = compiled(name, 8, "f32")(x)
    want = numpy_function(name)(x.astype(np.float64)).astype(np.float32)
    np.testing.assert_array_max_ulp(np.nan_to_num(got), np.nan_to_num(want), maxulp=1)


def test_every_function_has_an_accuracy_case() -> None:
    assert {n for n, rule in SUPPORTED.items() if rule.arity < 3} == set(UNARY) | set(BINARY)


@pytest.mark.parametrize("width", [2, 4, 8, 16])
def test_lanes_with_huge_arguments_leave_the_others_alone(width: int) -> None:
    x = np.resize([0.5, 1e22, -3.0, np.inf, 1e5, -1e300, 2.0, 99999.0], 64)
    for name in ("sin", "cos", "tan"):
        with np.errstate(invalid="ignore"):
            want = numpy_function(name)(x)
        assert agrees(compiled(name, width)(x), want).all()


@pytest.mark.parametrize("name", SUPPORTED)
def test_every_width_gives_the_same_bits(name: str) -> None:
    rule = SUPPORTED[name]
    args = [RNG.uniform(0.01, 0.99, 64) for _ in range(rule.arity)]
    if name == "arccosh":
        args[0] += 1
    results = [compiled(name, width)(*args) for width in (1, 2, 4, 8, 16)]
    assert all((r == results[0]).all() for r in results)


def test_text_is_the_same_on_every_run() -> None:
    assert module_text("power", 4, "f64") == module_text("power", 4, "f64")


def test_wrong_number_of_operands_is_refused() -> None:
    with pytest.raises(ValueError, match="2 operands"):
        emit("power", Lines(), ["%x"], "f64", 4)


@pytest.mark.parametrize(("names", "alone"), [(("sin", "cos"), 2), (("tanh", "tanh_slope"), 1)])
def test_pairs_share_most_of_their_work(names: tuple[str, str], alone: int) -> None:
    assert names in PAIRS
    shared, apart = Lines(), Lines()
    first, second = emit_pair(names, shared, ["%x"], "f64", 4)
    for name in names[:alone]:
        emit(name, apart, ["%x"], "f64", 4)
    assert first != second
    assert len(shared.body) < (0.7 if alone == 2 else 1.5) * len(apart.body)
