"""`scipy.interpolate`: splines made outside or of traced values, evaluated on traced points."""

from tapec.scipy.interpolate import (  # noqa: F401
    bsplines,
    cubic,
    grids,
    one_dimensional,
    piecewise,
    polynomials,
    radial,
    refusals,
    scattered,
    smoothing,
    tensor,
    univariate,
)
