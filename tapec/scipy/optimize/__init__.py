"""`scipy.optimize`: roots, minima and fits inside traced code, by the implicit function theorem."""

from tapec.scipy.optimize import fits, minima, refusals, scalar, systems  # noqa: F401
