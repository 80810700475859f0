"""Numbers that decide speed and memory, never results: each with its unit and its source."""

from __future__ import annotations

# Definitions of integers are followed one through the other so far. [ops; estimated]
AFFINE_DEPTH = 32
# Affine forms of more terms are a value of their own, which keeps passes linear. [terms; estimated]
AFFINE_TERMS = 8
# Along the first axis of a constant array, so many may have a formula each. [layers; estimated]
MAX_LAYERS = 4
# A formula is tried on so many elements of each axis before it is on all. [elements; estimated]
CORNER = 3
# A constant array is a mask only if so many first elements have two values. [elements; estimated]
SAMPLE = 64
# Constant arrays up to this size are known, and printed, by their elements. [elements; estimated]
LISTED = 64
# Arrays up to this size are weighed as scalars, so many of which are one op. [elements; estimated]
SCALAR_ELEMENTS = 16
SCALARS_PER_OP = 4
# What compiling a loop over a larger array costs. [scalar ops; estimated]
NEST_WEIGHT = 16
# What compiling the blocks and jumps of a branch costs. [scalar ops; estimated]
BRANCH_WEIGHT = 32
# Loops around loops stay loops: derivatives double what is unrolled. [scalar ops; estimated]
LOOP_WEIGHT = 256
# Cofactors of matrices up to this size are determinants of their minors, which cost the fifth power
# of it, of larger ones they come from an inverse. [rows; estimated]
MINORS = 8
# Taylor coefficients of determinants are those of cofactors up to this size: of cofactors of
# cofactors there are n!. [rows; estimated]
LAPLACE = 3
# Columns that LAPACK takes together, if it has room for them. [columns; estimated]
LAPACK_BLOCK = 32
# So many orders of one function may be asked for at once: each is computed for all elements.
# [functions; estimated]
MANY_CONSTANTS = 16
