"""`scipy.integrate`: quadrature by Leibniz' rule, differential equations by sensitivities."""

from tapec.scipy.integrate import equations, quadrature, refusals  # noqa: F401
