"""`scipy.optimize`: roots, minima and fits inside traced code, by the implicit function theorem."""

from tapec.scipy.optimize import (  # noqa: F401
    assignments,
    fits,
    minima,
    refusals,
    scalar,
    systems,
)
