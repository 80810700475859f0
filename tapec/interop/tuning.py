"""Numbers that decide which form of a derivative a solver is given."""

from __future__ import annotations

# From which size a matrix is given as a sparse one: below, dense factorisations are faster.
# [elements; estimated]
SPARSE_FROM = 2_500
# And up to which share of nonzeros. [share of the elements; estimated]
SPARSE_SHARE = 0.2
