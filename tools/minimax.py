"""Generate the coefficients in `tapec/backends/llvm/vmath` (development only; needs mpmath).

Near-minimax polynomials: interpolants at the Chebyshev nodes in 160-bit arithmetic, whose error
is within a small factor of the minimax one (Muller, Elementary Functions, 3rd ed., ch. 3); where an
error matters less in one place than in another, weighted least squares on a dense Chebyshev grid
instead. Rerun:

    python tools/minimax.py > tapec/backends/llvm/vmath/coefficients.py
    python tools/minimax.py bessel > tapec/backends/llvm/vmath/bessel_coefficients.py
    python tools/minimax.py single > tapec/backends/llvm/vmath/single/coefficients.py

Every table lists coefficients from the constant term up; its comment says the range and the
largest error.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

import mpmath as mp

mp.mp.prec = 160
Real = Callable[[mp.mpf], mp.mpf]
Rounded = Callable[[mp.mpf], float]  # to the precision of the coefficients
LN2 = mp.log(2)


def odd_tail(f: Real, first: mp.mpf) -> Real:
    """(f(x)/x - 1)/x^2 as a function of z = x^2, `first` being its value at 0."""

    def tail(z: mp.mpf) -> mp.mpf:
        if z < mp.mpf(10) ** -18:
            return first
        x = mp.sqrt(z)
        return (f(x) / x - 1) / z

    return tail


def exp_tail(r: mp.mpf) -> mp.mpf:
    return (mp.expm1(r) - r) / r**2 if abs(r) > 1e-12 else mp.mpf(1) / 2 + r / 6


def exp2_tail(r: mp.mpf) -> mp.mpf:
    return (mp.expm1(r * LN2) - r * LN2) / r**2 if abs(r) > 1e-12 else LN2**2 / 2


def cos_tail(z: mp.mpf) -> mp.mpf:
    return (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z**2 if z > 1e-10 else mp.mpf(1) / 24 - z / 720


def log_tail(z: mp.mpf) -> mp.mpf:
    """2 atanh(s) = 2 s + s z tail(z), z = s^2."""
    return 2 * odd_tail(mp.atanh, mp.mpf(1) / 3)(z)


def log_tail2(z: mp.mpf) -> mp.mpf:
    """2 atanh(s) = 2 s + s z (2/3 + z tail(z))."""
    return (log_tail(z) - mp.mpf(2) / 3) / z if z > 1e-14 else mp.mpf(2) / 5


def erfc_rate(x: mp.mpf) -> mp.mpf:
    """-log(erfc(x))/x: erf(x) = -expm1(-x rate(x))."""
    return -mp.log(mp.erfc(x)) / x


def erf_weight(x: mp.mpf) -> mp.mpf:
    """Relative error of erf(x) per error of `erfc_rate`."""
    return x * mp.erfc(x) / mp.erf(x)


def erf_small(z: mp.mpf) -> mp.mpf:
    x = mp.sqrt(z)
    return mp.erf(x) / x - 1 if z > 0 else 2 / mp.sqrt(mp.pi) - 1


def erfcx_mapped(t: mp.mpf) -> mp.mpf:
    """(1 + 2x) exp(x^2) erfc(x) at x = K (1 + t)/(1 - t) (Shepherd & Laframboise, 1981)."""
    x = ERF_K * (1 + t) / (1 - t)
    return (1 + 2 * x) * mp.exp(x * x) * mp.erfc(x)


def bessel_near(n: int) -> Real:
    """(I_n(x) / (x/2)^n n! - 1) / t in t = x^2 / 4, from its series."""

    def tail(t: mp.mpf) -> mp.mpf:
        return mp.nsum(lambda k: t ** (k - 1) / (mp.factorial(k) * mp.rf(n + 1, k)), [1, mp.inf])

    return tail


def bessel_far(n: int) -> Real:
    """I_n(x) exp(-x) sqrt(x) in v = 2 FAR / x - 1."""

    def scaled(v: mp.mpf) -> mp.mpf:
        x = 2 * FAR / (v + 1)
        return mp.exp(-x) * mp.besseli(n, x) * mp.sqrt(x)

    return scaled


FAR = mp.mpf("7.75")
ERF_K = mp.mpf("3.75")
ERF_TOP = (28 - ERF_K) / (28 + ERF_K)
Z_LOG = ((mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)) ** 2 * mp.mpf("1.001")
PI4 = mp.pi / 4 * mp.mpf("1.001")
TABLES: dict[str, tuple[Real, mp.mpf, mp.mpf, int]] = {
    "EXP": (exp_tail, -LN2 / 2 * mp.mpf("1.001"), LN2 / 2 * mp.mpf("1.001"), 10),
    "EXP2": (exp2_tail, mp.mpf(-0.5), mp.mpf(0.5), 10),
    "LOG": (log_tail, mp.mpf(0), Z_LOG, 6),
    "LOG_TAIL": (log_tail2, mp.mpf(0), Z_LOG, 7),
    "SIN": (odd_tail(mp.sin, -mp.mpf(1) / 6), mp.mpf(0), PI4**2, 6),
    "COS": (cos_tail, mp.mpf(0), PI4**2, 5),
    "SINH": (odd_tail(mp.sinh, mp.mpf(1) / 6), mp.mpf(0), mp.mpf(1), 7),
    "ATAN": (
        odd_tail(mp.atan, -mp.mpf(1) / 3),
        mp.mpf(0),
        (mp.sqrt(2) - 1) ** 2 * mp.mpf("1.001"),
        11,
    ),
    "ASIN": (odd_tail(mp.asin, mp.mpf(1) / 6), mp.mpf(0), mp.mpf(0.25), 12),
    "RCBRT": (lambda m: 1 / mp.cbrt(m), mp.mpf("0.35"), mp.mpf("2.84"), 6),
    "ERF": (erf_small, mp.mpf(0), mp.mpf(1), 11),
    "ERFCX": (erfcx_mapped, mp.mpf(-1), ERF_TOP, 24),
}
BESSEL: dict[str, tuple[Real, mp.mpf, mp.mpf, int]] = {
    "I0_NEAR": (bessel_near(0), mp.mpf(0), FAR**2 / 4, 15),
    "I1_NEAR": (bessel_near(1), mp.mpf(0), FAR**2 / 4, 15),
    "I0_FAR": (bessel_far(0), mp.mpf(-1), mp.mpf(1), 24),
    "I1_FAR": (bessel_far(1), mp.mpf(-1), mp.mpf(1), 24),
}
# Function, weight, range, degree.
WEIGHTED: dict[str, tuple[Real, Real, mp.mpf, mp.mpf, int]] = {
    "ERF_RATE": (erfc_rate, erf_weight, mp.mpf(0), mp.mpf("5.93"), 24),
}


def log1p_tail(f: mp.mpf) -> mp.mpf:
    """log(1 + f) = f - f^2/2 + f^3 tail(f)."""
    return (mp.log1p(f) - f + f * f / 2) / f**3 if abs(f) > 1e-10 else mp.mpf(1) / 3 - f / 4


# In single precision.
F_LOG = (mp.sqrt(0.5) - mp.mpf("1.0001"), mp.sqrt(2) - mp.mpf("0.9999"))
SINGLES: dict[str, tuple[Real, mp.mpf, mp.mpf, int]] = {
    "EXP": (exp_tail, -LN2 / 2 * mp.mpf("1.001"), LN2 / 2 * mp.mpf("1.001"), 4),
    "EXP2": (exp2_tail, mp.mpf(-0.5), mp.mpf(0.5), 4),
    "LOG": (log1p_tail, *F_LOG, 8),
    "SIN": (odd_tail(mp.sin, -mp.mpf(1) / 6), mp.mpf(0), PI4**2, 2),
    "COS": (cos_tail, mp.mpf(0), PI4**2, 2),
    "SINH": (odd_tail(mp.sinh, mp.mpf(1) / 6), mp.mpf(0), mp.mpf(1), 3),
    "TANH": (odd_tail(mp.tanh, -mp.mpf(1) / 3), mp.mpf(0), mp.mpf("0.4"), 4),
    "ATAN": (odd_tail(mp.atan, -mp.mpf(1) / 3), mp.mpf(0), mp.mpf(1), 9),
    "ASIN": (odd_tail(mp.asin, mp.mpf(1) / 6), mp.mpf(0), mp.mpf("0.25"), 5),
    "ASINH": (odd_tail(mp.asinh, -mp.mpf(1) / 6), mp.mpf(0), mp.mpf("0.25"), 5),
    "ATANH": (odd_tail(mp.atanh, mp.mpf(1) / 3), mp.mpf(0), mp.mpf("0.25"), 6),
    "RCBRT": (lambda m: 1 / mp.cbrt(m), mp.mpf("0.35"), mp.mpf("2.84"), 5),
    "ERF": (erf_small, mp.mpf(0), mp.mpf(1), 6),
}
# Function, weight, range, degree.
SINGLES_WEIGHTED: dict[str, tuple[Real, Real, mp.mpf, mp.mpf, int]] = {
    "ERF_RATE": (erfc_rate, erf_weight, mp.mpf("0.98"), mp.mpf("3.95"), 7),
}


def single(x: mp.mpf) -> float:
    """The nearest number of single precision."""
    with mp.workprec(24):
        return float(+x)


def table(name: str, f: Real, a: mp.mpf, b: mp.mpf, degree: int, rounded: Rounded = float) -> str:
    coefs, error = mp.chebyfit(f, [a, b], degree + 1, error=True)
    return formatted(name, a, b, coefs[::-1], error, rounded)


def weighted_table(
    name: str, f: Real, w: Real, a: mp.mpf, b: mp.mpf, degree: int, rounded: Rounded = float
) -> str:
    """Least squares of the weighted error at ten Chebyshev nodes a coefficient."""
    count = 10 * (degree + 1)
    turns = (mp.cos(mp.pi * (i + mp.mpf(0.5)) / count) for i in range(count))
    nodes = [(a + b) / 2 + (b - a) / 2 * t for t in turns]
    values, weights = [f(x) for x in nodes], [w(x) for x in nodes]
    rows = [[u * x**j for j in range(degree + 1)] for x, u in zip(nodes, weights, strict=True)]
    rhs = [u * v for u, v in zip(weights, values, strict=True)]
    coefs = list(mp.lu_solve(mp.matrix(rows), mp.matrix(rhs)))
    fitted = [mp.polyval(coefs[::-1], x) for x in nodes]
    error = max(abs(u * (v - p)) for u, v, p in zip(weights, values, fitted, strict=True))
    return formatted(name, a, b, coefs, error, rounded)


def formatted(
    name: str, a: mp.mpf, b: mp.mpf, coefs: Sequence[mp.mpf], error: mp.mpf, rounded: Rounded
) -> str:
    body = "\n".join(f'    float.fromhex("{rounded(c).hex()}"),' for c in coefs)
    return f"{name} = (  # [{float(a):.4g}, {float(b):.4g}], error {float(error):.1e}\n{body}\n)"


def parts(name: str, value: mp.mpf, count: int, rounded: Rounded = float) -> str:
    """`value` as an unevaluated sum of `count` numbers."""
    out = []
    for _ in range(count):
        out.append(rounded(value))
        value = value - mp.mpf(out[-1])
    body = "\n".join(f'    float.fromhex("{v.hex()}"),' for v in out)
    return f"{name} = (\n{body}\n)"


def bessel() -> None:
    print('"""Coefficients of Bessel functions; generated by tools/minimax.py, not by hand."""\n')
    print(f"FAR = {float(FAR)}")
    for name, spec in BESSEL.items():
        print(table(name, *spec))


def singles() -> None:
    print('"""Coefficients in single precision; generated by tools/minimax.py, not by hand."""\n')
    for name, value, count in (
        ("PI", mp.pi, 2),
        ("PI_2", mp.pi / 2, 3),
        ("LN2", LN2, 2),
        ("LOG2E", 1 / LN2, 2),
        ("LOG10E", 1 / mp.log(10), 2),
        ("LOG10_2", mp.log10(2), 2),
    ):
        print(parts(name, value, count, single))
    for name, spec in SINGLES.items():
        print(table(name, *spec, single))
    for name, weighted in SINGLES_WEIGHTED.items():
        print(weighted_table(name, *weighted, single))


def main() -> None:
    print('"""Coefficients and constants; generated by tools/minimax.py, not edited by hand."""\n')
    for name, value, count in (
        ("PI", mp.pi, 3),
        ("PI_2", mp.pi / 2, 3),
        ("PI_4", mp.pi / 4, 2),
        ("PI_34", 3 * mp.pi / 4, 2),
        ("LN2", LN2, 2),
        ("LOG2E", 1 / LN2, 2),
        ("LOG10E", 1 / mp.log(10), 2),
        ("TWO_THIRDS", mp.mpf(2) / 3, 2),
        ("LOG10_2", mp.log10(2), 3),
    ):
        print(parts(name, value, count))
    for name, spec in TABLES.items():
        print(table(name, *spec))
    for name, weighted in WEIGHTED.items():
        print(weighted_table(name, *weighted))


if __name__ == "__main__":
    {"bessel": bessel, "single": singles}.get("".join(sys.argv[1:]), main)()
