"""Numbers that decide speed and memory, never results: each with its unit and its source."""

from __future__ import annotations

# Affine forms are found through at most so many definitions in a row. [ops; estimated]
AFFINE_DEPTH = 32
# An integer with more terms is a variable of its own in affine forms, whose sums stay short then.
# [terms; estimated]
AFFINE_TERMS = 8
# At most so many layers along the first axis of a constant array have formulas of their own.
# [layers; estimated]
MAX_LAYERS = 4
# A formula for a constant array is tested on so many elements of each axis, then on all of them.
# [elements; estimated]
CORNER = 3
# A constant array is looked at as a mask if so many first elements have at most two values.
# [elements; estimated]
SAMPLE = 64
# Larger constant arrays are compared and printed by a formula for their elements, if they have one.
# [elements; estimated]
LISTED = 64
# In estimates of code size, an array up to this size counts as scalars in registers, of which
# `SCALARS_PER_OP` count as one op. [elements; estimated]
SCALAR_ELEMENTS = 16
SCALARS_PER_OP = 4
# In such estimates, a loop over a larger array counts as so many. [scalar ops; estimated]
NEST_WEIGHT = 16
# The blocks and jumps of a branch count as so many. [scalar ops; estimated]
BRANCH_WEIGHT = 32
# A loop inside another counts as so many, so that the outer one is not unrolled: every order of
# derivatives would double the copies. [scalar ops; estimated]
LOOP_WEIGHT = 256
# Cofactors of matrices up to this size are determinants of their minors, which cost the fifth power
# of it, of larger ones they come from an inverse. [rows; estimated]
MINORS = 8
# Taylor coefficients of determinants are those of cofactors up to this size: of cofactors of
# cofactors there are n!. [rows; estimated]
LAPLACE = 3
# Triangular systems up to this size are eliminated in registers, larger ones call LAPACK. [rows;
# estimated]
SMALL_TRIANGLE = 4
# Work memory of LAPACK is for blocks of so many columns. [columns; estimated]
LAPACK_BLOCK = 32
# A special function is computed for at most so many orders at once, each for all elements.
# [functions; estimated]
MANY_CONSTANTS = 16
# Passes of Fourier transforms, tried in this order: larger primes multiply by a matrix, or are
# transforms of another length. [factors; estimated]
FOURIER_FACTORS = (4, 2, 3, 5, 7)
# Slopes of scaled Bessel functions are summed beyond this number, where their two terms cancel:
# so many terms are below one rounding there. [1; estimated]
BESSEL_FAR = 25.0
# [terms; estimated]
BESSEL_TERMS = 22
