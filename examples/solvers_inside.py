"""SciPy inside of differentiated code: a spline, a sparse solve, a root and an integral.

Run it: python examples/solvers_inside.py
"""

from __future__ import annotations

import numpy as np
from scipy.integrate import quad
from scipy.interpolate import CubicSpline
from scipy.optimize import brentq
from scipy.sparse import diags
from scipy.sparse.linalg import spsolve

import tapec

# A heated rod: conductivity depends on temperature by a table.
TEMPERATURES = np.array([0.0, 100.0, 200.0, 300.0, 400.0])
conductivity = CubicSpline(TEMPERATURES, [45.0, 43.0, 39.0, 35.0, 32.0])


def rod(heat: np.ndarray, ambient: float) -> np.ndarray:
    """Temperatures along the rod, by a few Picard steps of a sparse solve."""
    n = heat.size
    t = np.full(n, ambient)
    for _ in range(8):
        k = conductivity(t) * n**2 / 100.0
        middle = 0.5 * (k[1:] + k[:-1])
        main = np.concatenate([[0.0], middle]) + np.concatenate([middle, [0.0]]) + 2.0
        matrix = diags([main, -middle, -middle], [0, 1, -1], format="csc")
        t = spsolve(matrix, heat + 2.0 * ambient)
    return t


def hottest(heat: np.ndarray) -> float:
    return np.max(rod(heat, 20.0))


def power_for(limit: float) -> float:
    """How much heat brings the hottest place to a limit: a root over a sparse solve."""
    shape = np.exp(-(np.linspace(-2.0, 1.5, 12) ** 2))
    return brentq(lambda p: hottest(p * shape) - limit, 1.0, 5000.0)


def conducted(limit: float) -> float:
    """The integral of the conductivity up to a temperature (Kirchhoff's transform)."""
    return quad(conductivity, 20.0, limit)[0]


def main() -> None:
    heat = 300.0 * np.exp(-(np.linspace(-2.0, 1.5, 12) ** 2))
    slope = tapec.grad(hottest)(heat)
    step = 1e-3
    bumped = heat.copy()
    bumped[5] += step
    difference = (hottest(bumped) - hottest(heat)) / step
    print(f"hottest place {hottest(heat):.2f}, slope by heat 5: {slope[5]:.6f} ({difference:.6f})")
    assert np.isclose(slope[5], difference, rtol=1e-4)

    rate = float(tapec.grad(power_for)(150.0))
    check = (power_for(150.01) - power_for(149.99)) / 0.02
    print(f"heat for 150 degrees {power_for(150.0):.2f}, {rate:.5f} per degree ({check:.5f})")
    assert np.isclose(rate, check, rtol=1e-4)

    assert np.isclose(tapec.grad(conducted)(150.0), conductivity(150.0))
    print(f"the integral grows by the conductivity: {float(tapec.grad(conducted)(150.0)):.4f}")


if __name__ == "__main__":
    main()
