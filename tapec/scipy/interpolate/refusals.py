"""What is refused on traced values, and what to do instead."""

from scipy import interpolate

from tapec.scipy.interpolate.scattered import CUBIC
from tapec.scipy.registry import refuses

refuses(CUBIC, interpolate.CloughTocher2DInterpolator)
refuses(
    "how many there are depends on values: find one root by scipy.optimize.brentq",
    interpolate.sproot,
)
refuses(
    "smoothing picks knots by the values: RectBivariateSpline through a grid is translated",
    interpolate.SmoothBivariateSpline,
    interpolate.LSQBivariateSpline,
    interpolate.bisplrep,
    interpolate.make_splrep,
    interpolate.make_splprep,
)
refuses("the poles are picked by the values: make the approximation outside", interpolate.AAA)
