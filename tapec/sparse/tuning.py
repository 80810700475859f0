"""Numbers that decide how patterns, colourings and sparse derivatives are found."""

from __future__ import annotations

# Up to which a loop is followed iteration by iteration, about 50 us each: where that is quick, and
# where nothing else is exact. [ops; estimated]
FOLLOWED_FIRST = 1_000
FOLLOWED_STEPS = 100_000
# What an op makes anew in the time of one step. [rows of a pattern; estimated]
ROWS_PER_STEP = 300
# Up to which every iteration of a loop has rows of its own. [rows of a pattern; estimated]
LANED_ROWS = 20_000_000
# After which carried sets that still grow are summarised. [walks over the loop; estimated]
LANED_ROUNDS = 8
# From which a colouring is compiled: about 0.1 s, once for sizes within a factor of four, against
# 0.3 us an element in Python. [array elements; estimated]
COMPILED_FROM = 100_000
# After which no further order of the vertices is tried. [seconds; estimated]
COLOURING_SECONDS = 0.25
# With which star colourings are tried first, and by how many times more next. [colours; estimated]
FEW_COLOURS = 64
# Up to which orders by degree are tried. [pairs of columns in common rows; estimated]
INTERSECTIONS = 2e7
# What a cotangent costs. [tangents; estimated]
COTANGENT_COST = 2.0
# What the first cotangent costs more: a run forward that keeps its values. [tangents; estimated]
PRIMAL_COST = 2.0
# From which columns and rows are tried together. [tangents; estimated]
BOTH_WAYS_FROM = 12.0
# Up to which captured arrays are compared at every call, about 0.1 ns each. [elements; estimated]
COMPARED_ARRAYS = 200_000
# Up to which a sum is taken apart in direct emission. [terms; estimated]
SPLIT_SUMS = 8
# Direct emission with more is left to compressed seeds: loops of so many operations take long to
# compile, 100 s for the 6,000 of a Hessian of bundle adjustment. [operations on arrays; estimated]
MOST_ARRAY_OPS = 2_000
# Up to which an array that is joined from others is taken apart. [parts; estimated]
MOST_PARTS = 16
# From which on entries that go to places of one distance are written there. [entries; estimated]
STRIDED_FROM = 32
# Up to which there are such rows of entries; others are gathered. [rows; estimated]
MOST_STRIDED = 64
# Up to which nonzeros are written out as sums, 50 us of compilation each, where reading an index
# array takes as long as computing them. [entries; measured: optimal power flow]
MOST_COLLECTED = 1_500
# From which the colouring of a pattern is kept on disk. [nonzeros; estimated]
KEPT_NONZEROS = 2_000
# What direct emission may cost. [elements of entries per element along a direction; measured:
# stencils, chains, arrowheads, collocation, power flow, where equal counts take half of the time]
DIRECT_COST = 1.5
# From which share of other constants on, one in so many, a copy of all is cheaper than one number
# everywhere with the others over it. [constants; measured: Bratu's Jacobian, estimated between]
FEW_OTHERS = 8
