"""What is refused on traced values, and what to do instead."""

from scipy import integrate

from tapec.scipy.registry import refuses

refuses(
    "tapec.interop.integrate.solve_bvp takes plain functions; derivatives: tapec.implicit",
    integrate.solve_bvp,
)
refuses("solve_ivp and odeint are translated", integrate.ode, integrate.complex_ode)
refuses("solve_ivp is translated", integrate.RK45, integrate.RK23, integrate.DOP853,
        integrate.Radau, integrate.BDF, integrate.LSODA, integrate.OdeSolver)  # fmt: skip
