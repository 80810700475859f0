"""Numbers that decide how patterns and colourings are found."""

from __future__ import annotations

# Ops visited in a loop that is followed iteration by iteration; about 10 us each (estimated).
FOLLOWED_OPS = 200_000
# Array elements from which a colouring is compiled: about 0.1 s, once for sizes within a factor of
# four, against 0.3 us an element in Python (estimated).
COMPILED_FROM = 200_000
# Seconds after which no further order of the vertices is tried.
COLOURING_SECONDS = 0.25
# Pairs of columns in common rows, up to which orders by degree are tried (estimated).
INTERSECTIONS = 2e7
# A cotangent costs about as much as this many tangents (estimated).
COTANGENT_COST = 2.0
# What the first cotangent costs more: running the program forward, and keeping its values.
PRIMAL_COST = 2.0
# Work, in tangents, from which columns and rows are tried together (estimated).
BOTH_WAYS_FROM = 12.0
