"""What is refused on traced values, and what to do instead."""

from scipy import interpolate

from tapec.scipy.registry import refuses

refuses(
    "triangulations are not smooth in the points: RegularGridInterpolator is translated for grids",
    interpolate.griddata,
    interpolate.LinearNDInterpolator,
    interpolate.NearestNDInterpolator,
    interpolate.CloughTocher2DInterpolator,
)
refuses(
    "smoothing picks knots by the values: make_interp_spline and make_lsq_spline are translated",
    interpolate.make_smoothing_spline,
    interpolate.splprep,
)
refuses(
    "write the sum of kernels in NumPy, with coefficients by np.linalg.solve",
    interpolate.RBFInterpolator,
    interpolate.Rbf,
)
