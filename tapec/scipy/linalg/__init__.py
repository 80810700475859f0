"""`scipy.linalg`: factors that LAPACK finds by a call, with derivative rules in NumPy."""

from tapec.scipy.linalg import (  # noqa: F401
    functions,
    orthogonal,
    reductions,
    refusals,
    schur,
)
