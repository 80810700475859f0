"""The rules of differentiation as the compiler applies them, before and after clean-up.

For each rule the gradient program is printed as the adjoint pass leaves it and as the clean-up
passes hand it on, and its value is compared with the rule on paper.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import tapec


def product(x: float) -> float:
    """(u v)' = u' v + u v'."""
    return np.sin(x) * x**3


def quotient(x: float) -> float:
    """(u / v)' = (u' v - u v') / v^2."""
    return np.sin(x) / x**3


def total(x: float) -> float:
    """(u + v)' = u' + v'."""
    return np.sin(x) + x**3


def chain(x: float) -> float:
    """u(v)' = u'(v) v'."""
    return np.sin(x**3)


def power(x: float) -> float:
    """(x^n)' = n x^(n-1)."""
    return x**5


def exponential(x: float) -> float:
    """(e^x)' = e^x: the adjoint reuses the value."""
    return np.exp(x)


def logarithm(x: float) -> float:
    """(log x)' = 1 / x."""
    return np.log(x)


RULES: dict[Callable[[float], float], Callable[[float], float]] = {
    product: lambda x: np.cos(x) * x**3 + np.sin(x) * 3 * x**2,
    quotient: lambda x: (np.cos(x) * x**3 - np.sin(x) * 3 * x**2) / x**6,
    total: lambda x: np.cos(x) + 3 * x**2,
    chain: lambda x: np.cos(x**3) * 3 * x**2,
    power: lambda x: 5 * x**4,
    exponential: np.exp,
    logarithm: lambda x: 1 / x,
}


def main(x: float = 0.8) -> None:
    """Print both programs of every rule and check the numbers."""
    for f, derivative in RULES.items():
        df = tapec.grad(f)
        np.testing.assert_allclose(df(x), derivative(x), rtol=1e-14)
        print(f"# {f.__name__}: {f.__doc__}")
        print(tapec.compile(f).ir("adjoint", x))
        print("# after clean-up, seeded with 1")
        print(df.ir("optimized", x), end="\n\n")


if __name__ == "__main__":
    main()
