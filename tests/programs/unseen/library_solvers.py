"""Programs with SciPy's solvers inside: roots, quadrature, differential equations, control."""

from __future__ import annotations

from typing import Any

import numpy as np
from programs.npbench.program import Kernel
from scipy import integrate, linalg, optimize
from scipy.special import ndtr

Array = Any
RNG = np.random.default_rng(22)
STRIKES = np.array([0.9, 1.0, 1.1, 1.25])


def call_price(forward: Any, strike: Any, volatility: Any) -> Any:
    """Black's formula for one year."""
    upper = np.log(forward / strike) / volatility + 0.5 * volatility
    return forward * ndtr(upper) - strike * ndtr(upper - volatility)


def implied_volatilities(parameters: Array) -> Array:
    """The smile of prices that mix two lognormal markets, each volatility found by brentq."""
    low, high, share = parameters
    found = []
    for strike in STRIKES:
        price = share * call_price(1.0, strike, low) + (1.0 - share) * call_price(1.0, strike, high)
        gap = lambda v, strike=strike, price=price: call_price(1.0, strike, v) - price  # noqa: E731
        found.append(optimize.brentq(gap, 1e-3, 3.0, xtol=1e-14))
    return np.array(found)


def kepler_orbit(elements: Array) -> Array:
    """Positions on an elliptic orbit, the eccentric anomaly by Newton's method."""
    size, eccentricity, phase = elements
    mean = phase + np.linspace(0.0, 3.0, 5)
    anomaly = optimize.newton(
        lambda e: e - eccentricity * np.sin(e) - mean, mean,
        fprime=lambda e: 1.0 - eccentricity * np.cos(e), tol=1e-14,
    )  # fmt: skip
    x = size * (np.cos(anomaly) - eccentricity)
    y = size * np.sqrt(1.0 - eccentricity**2) * np.sin(anomaly)
    return np.stack([x, y])


def chemical_equilibrium(constants: Array) -> Array:
    """Concentrations of an acid and its ions that balance charge and mass, by fsolve."""
    first, second, total = np.exp(constants)

    def balance(logs: Any) -> Any:
        acid, ion, double, proton = np.exp(logs)
        return [
            np.log(ion * proton / acid / first),
            np.log(double * proton / ion / second),
            acid + ion + double - total,
            proton - ion - 2.0 * double,
        ]

    logs = optimize.fsolve(balance, np.log([0.5, 0.3, 0.1, 0.5]), xtol=1e-14)
    return np.exp(logs)


def pendulum_period(amplitude: float, length: float) -> Any:
    """The period of a pendulum by an elliptic integral, found by quadrature."""
    modulus = np.sin(0.5 * amplitude) ** 2
    quarter = integrate.quad(
        lambda t: 1.0 / np.sqrt(1.0 - modulus * np.sin(t) ** 2), 0.0, 0.5 * np.pi, epsabs=1e-13
    )[0]
    return 4.0 * np.sqrt(length / 9.81) * quarter


def mean_of_a_posterior(data: Array, width: float) -> Any:
    """The mean of a parameter of Cauchy observations with a normal prior, by two integrals."""

    def weight(mu: Any) -> Any:
        return np.exp(-0.5 * (mu / width) ** 2 - np.sum(np.log1p((data - mu) ** 2)))

    total = integrate.quad(weight, -12.0, 12.0, epsabs=1e-13, limit=200)[0]
    first = integrate.quad(lambda mu: mu * weight(mu), -12.0, 12.0, epsabs=1e-13, limit=200)[0]
    return first / total


TIMES = np.linspace(0.0, 2.0, 5)


def enzyme_kinetics(rates: Array, start: Array) -> Array:
    """Concentrations of substrate, complex and product at some times."""

    def slopes(t: Any, y: Any, forward: Any, back: Any, out: Any) -> Any:
        substrate, bound, product = y
        free = 1.0 - bound
        into = forward * substrate * free - back * bound
        return [-into, into - out * bound, out * bound]

    found = integrate.solve_ivp(
        slopes, (0.0, 2.0), start, args=tuple(rates), t_eval=TIMES, rtol=1e-11, atol=1e-13
    )
    return found.y[:, 1:]


def shooting(curvature: float, load: float) -> Any:
    """The slope with which a bent beam meets its other end: a root over an initial value problem."""

    def miss(slope: Any) -> Any:
        found = integrate.solve_ivp(
            lambda x, y: [y[1], -curvature * np.sin(y[0]) + load * x], (0.0, 1.0), [0.0, slope],
            rtol=1e-11, atol=1e-13,
        )  # fmt: skip
        return found.y[0, -1] - 0.4

    return optimize.brentq(miss, -2.0, 3.0, xtol=1e-13)


PLANT = np.array([[0.0, 1.0, 0.0], [-1.2, -0.3, 0.6], [0.2, 0.0, -0.8]])
INPUT = np.array([[0.0], [1.0], [0.4]])


def regulator_cost(weights: Array, damping: float) -> Any:
    """The cost of the optimal regulator of a plant, and how fast its closed loop decays."""
    plant = PLANT - damping * np.eye(3)
    cost = linalg.solve_continuous_are(plant, INPUT, np.diag(weights), np.eye(1))
    closed = plant - INPUT @ (INPUT.T @ cost)
    return np.array([np.trace(cost), np.max(np.linalg.eigvals(closed).real)])


def calibrated_decay(observed: Array) -> Array:
    """A curve fit inside: what its parameters predict for a later time."""
    times = np.linspace(0.0, 1.5, observed.size)
    best, spread = optimize.curve_fit(
        lambda t, a, b: a * np.exp(-b * t), times, observed, p0=[1.0, 1.0], xtol=1e-14, ftol=1e-14
    )
    return np.array([best[0] * np.exp(-3.0 * best[1]), spread[1, 1]])


def ridge_by_cross_checks(logs: Array) -> Any:
    """The loss on kept data of a fit whose penalties are the parameters."""
    inner = optimize.root(
        lambda w: LEFT.T @ (LEFT @ w - FIRST) + np.exp(logs) * w, np.zeros(3), tol=1e-13
    )
    return np.sum((RIGHT @ inner.x - LAST) ** 2)


LEFT, RIGHT = RNG.normal(size=(2, 6, 3))
FIRST, LAST = RNG.normal(size=(2, 6))

KERNELS = (
    Kernel(implied_volatilities, (np.array([0.2, 0.5, 0.6]),), analytic=False),
    Kernel(kepler_orbit, (np.array([1.2, 0.4, 0.3]),), analytic=False, costly=True),
    Kernel(chemical_equilibrium, (np.array([-1.0, -2.0, 0.2]),), analytic=False, costly=True),
    Kernel(pendulum_period, (0.9, 1.3), analytic=False),
    Kernel(mean_of_a_posterior, (RNG.normal(size=5), 1.5), analytic=False, costly=True),
    Kernel(
        enzyme_kinetics, (np.array([3.0, 0.4, 1.1]), np.array([1.0, 0.1, 0.0])), analytic=False,
        costly=True,
    ),
    Kernel(shooting, (2.0, 0.7), analytic=False, costly=True),
    Kernel(regulator_cost, (np.array([1.0, 0.5, 0.2]), 0.1), analytic=False, costly=True),
    Kernel(
        calibrated_decay, (np.array([1.0, 0.8, 0.62, 0.5, 0.41, 0.3]),), analytic=False, costly=True
    ),
    Kernel(ridge_by_cross_checks, (np.array([-1.0, 0.3, -0.4]),), analytic=False, costly=True),
)  # fmt: skip
