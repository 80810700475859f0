"""`scipy.signal`: what SciPy's own code, followed through, does not give.

Convolutions and filters of one axis are in `tapec.trace.complex.signal`, beside Fourier transforms.
"""

from tapec.scipy.signal import images, peaks, splines, systems  # noqa: F401
