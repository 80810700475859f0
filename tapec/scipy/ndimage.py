"""`scipy.ndimage`: filters as sums of shifted images, interpolation by B-splines."""

from tapec.scipy.images import filters, interpolation, maps, refusals, windows  # noqa: F401
