"""Arguments of the vector math library in every range, and references in mpmath."""

from __future__ import annotations

from collections.abc import Callable

import mpmath as mp
import numpy as np

N = 2000
RNG = np.random.default_rng(20)


def uniform(a: float, b: float) -> np.ndarray:
    return RNG.uniform(a, b, N)


def spread(a: float, b: float) -> np.ndarray:
    """Log-uniform."""
    return np.exp(RNG.uniform(np.log(a), np.log(b), N))


def both(x: np.ndarray) -> np.ndarray:
    return x * RNG.choice([-1.0, 1.0], len(x))


def subnormal() -> np.ndarray:
    return RNG.integers(1, 2**52, N).view(np.float64)


def near_multiples() -> np.ndarray:
    """Doubles next to multiples of pi/2."""
    return RNG.integers(-60000, 60000, N) * np.float64(np.pi / 2)


ODD = [both(spread(1e-300, 1e-5)), both(spread(1e-5, 1)), both(subnormal())]
LOGS = [uniform(0.5, 2), 1 + both(spread(1e-16, 0.1)), spread(1e-300, 1e300), subnormal()]
TRIG = [
    uniform(-4, 4),
    uniform(-1e5, 1e5),
    near_multiples(),
    np.nextafter(near_multiples(), 0),
    both(spread(1e5, 1e300)),
    *ODD,
]
HYPER = [uniform(-1, 1), uniform(-3, 3), uniform(-710.4, 710.4), *ODD]
NEAR_ONE = 1 - spread(1e-16, 0.1)
BESSEL = [uniform(-7.75, 7.75), both(uniform(7.75, 40)), both(uniform(40, 700)), *ODD[:2]]
INVERSE = [uniform(-1, 1), both(NEAR_ONE), *ODD]

Case = tuple[Callable[..., mp.mpf], list[np.ndarray]]
UNARY: dict[str, Case] = {
    "exp": (mp.exp, [uniform(-1, 1), uniform(-700, 709.7), uniform(-745, -708), *ODD]),
    "exp2": (
        lambda x: mp.mpf(2) ** x,
        [uniform(-1, 1), uniform(-1022, 1024), uniform(-1075, -1020), *ODD],
    ),
    "expm1": (mp.expm1, [uniform(-2, 2), uniform(-40, 709.7), *ODD]),
    "log": (mp.log, LOGS),
    "log1p": (mp.log1p, [uniform(-0.999, 2), spread(1e-3, 1e300), *(0.999 * s for s in ODD)]),
    "log2": (lambda x: mp.log(x, 2), LOGS),
    "log10": (mp.log10, LOGS),
    "sin": (mp.sin, TRIG),
    "cos": (mp.cos, TRIG),
    "tan": (mp.tan, TRIG),
    "sinh": (mp.sinh, HYPER),
    "cosh": (mp.cosh, HYPER),
    "tanh": (mp.tanh, HYPER),
    "arcsinh": (mp.asinh, [uniform(-2, 2), both(spread(1, 1e300)), *ODD]),
    "arccosh": (mp.acosh, [1 + spread(1e-15, 1), uniform(1, 5), spread(2, 1e300)]),
    "arctanh": (mp.atanh, INVERSE),
    "arcsin": (mp.asin, INVERSE),
    "arccos": (mp.acos, INVERSE),
    "arctan": (mp.atan, [uniform(-5, 5), both(spread(1, 1e300)), *ODD]),
    "cbrt": (
        lambda x: mp.sign(x) * mp.cbrt(abs(x)),
        [uniform(-5, 5), both(spread(1e-300, 1e300)), *ODD],
    ),
    "erf": (mp.erf, [uniform(-1, 1), uniform(-6.5, 6.5), *ODD]),
    "digamma": (
        mp.digamma,
        [
            uniform(0, 2),
            uniform(2, 12),
            spread(1e-300, 1e-3),
            spread(10, 1e300),
            both(spread(1e-300, 1e-3)),
        ],
    ),
    "erfc": (mp.erfc, [uniform(-1, 1), uniform(-6, 6), uniform(0, 26.5), uniform(26, 27.2), *ODD]),
    "i0": (lambda x: mp.besseli(0, x), BESSEL),
    "i1": (lambda x: mp.besseli(1, x), [*BESSEL, both(spread(1e-300, 1e-290))]),
    "i0e": (lambda x: mp.besseli(0, x) * mp.exp(-abs(x)), BESSEL),
    "i1e": (lambda x: mp.besseli(1, x) * mp.exp(-abs(x)), BESSEL),
}
WIDE = both(spread(1e-300, 1e300))
NEAR_WIDE = WIDE * np.exp(RNG.uniform(-3, 3, N))
# Bases and the exponents that spread the results over the whole range of doubles.
BASE = spread(1e-300, 1e300)
CLOSE = 1 + both(spread(1e-9, 0.3))
BINARY: dict[str, tuple[Callable[..., mp.mpf], list[tuple[np.ndarray, np.ndarray]]]] = {
    "power": (
        lambda x, y: x**y,
        [
            (uniform(0.1, 10), uniform(-3, 3)),
            (BASE, RNG.uniform(-744, 709.7, N) / np.log(BASE)),
            (CLOSE, RNG.uniform(-744, 709.7, N) / np.log(CLOSE)),
            (-uniform(0.1, 30), RNG.integers(-100, 100, N).astype(np.float64)),
            (subnormal(), uniform(-1, 1)),
            (uniform(0.1, 10), both(spread(1e-20, 1))),
        ],
    ),
    "arctan2": (
        mp.atan2,
        [
            (uniform(-2, 2), uniform(-2, 2)),
            (WIDE, NEAR_WIDE),
            (both(spread(1e300, 1.7e308)), both(spread(1e300, 1.7e308))),
            (subnormal(), both(subnormal())),
            (uniform(-1, 1), -spread(1, 1e10)),
            (both(spread(1e-15, 1)), spread(1, 1e10)),
        ],
    ),
    "hypot": (
        mp.hypot,
        [
            (uniform(-2, 2), uniform(-2, 2)),
            (WIDE, NEAR_WIDE),
            (subnormal(), both(subnormal())),
            (spread(1e300, 1e308), spread(1e300, 1e308)),
        ],
    ),
}
SPECIAL = np.array(
    [
        0.0,
        -0.0,
        np.inf,
        -np.inf,
        np.nan,
        1,
        -1,
        2,
        -2,
        0.5,
        -0.5,
        1.5,
        3,
        -3,
        4,
        1e308,
        -1e308,
        5e-324,
        -5e-324,
    ]
    + [
        1e-310,
        710,
        -710,
        1024,
        -1075,
        -746,
        30,
        -30,
        8,
        1000,
        100,
        1e-320,
        1e5,
        -1e5,
        1e22,
        27.5,
        2**53,
        2**53 + 2,
    ]
)
