"""Names by which machine code knows what is bound when it is linked."""

from __future__ import annotations

RAISER = "tapec.raiser"  # the Python function that raises the user's error of a number
FIXED = "tapec.fixed."  # plus a position: the object that calls must pass there
RECORD = "tapec.record."  # plus a number: a class of named tuples among arguments and results
KEY = "tapec.key."  # plus a number: a name of an argument, or a key of a dictionary
BLAS = "tapec.blas."  # plus a routine of SciPy's BLAS
LAPACK = "tapec.lapack."  # plus a routine of SciPy's LAPACK
SPECIAL = "tapec.scipy."  # plus a function of `scipy.special`
