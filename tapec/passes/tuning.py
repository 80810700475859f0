"""Numbers that decide speed and memory, never results: each with its unit and its source."""

from __future__ import annotations

# Programs with branches or loops are cleaned so often: what one round uncovers in them (a short
# loop unrolled, a constant moved into a body) the next one uses. [rounds; estimated]
ROUNDS = 3
# Constants that are larger are computed at run time: they would bloat the program. [elements;
# estimated]
MAX_FOLDED = 4096
# Constant arrays that are larger stay outside of regions: they are data. [elements; estimated]
MAX_SUNK = 64
# Results up to this size are handed into a loop at no cost worth counting. [elements; estimated]
FREE_ELEMENTS = 64
# What costs this is hoisted out of a loop even where that needs more memory. [additions per
# element; estimated]
DEAR_COST = 4
# Sums in front of a result are followed so far back, which keeps the pass linear. [ops; estimated]
MAX_SUMS = 64
# One op is rewritten so often, which keeps the pass linear over chains of writes. [rewrites;
# estimated]
MAX_REWRITES = 64
# A branch that only chooses between arguments up to this size is a select; larger ones would be
# copied. [elements; estimated]
MAX_SELECTED = 64
# Parts that all branches write are handed out of them up to this size. [elements; estimated]
MAX_WRITTEN = 64
# Placements and joins of more pieces are not searched piece by piece, which keeps passes linear.
# [pieces; estimated]
MAX_PIECES = 64
# Scans of more iterations stay loops. [iterations; estimated]
MAX_UNROLLED = 8
# Scans that would unroll to more stay loops. [ops; estimated]
MAX_UNROLLED_OPS = 64
# What one iteration writes and the next one reads is carried up to this size; larger windows stay
# in the array. [elements; estimated]
MAX_WINDOW = 64
# Gathers move up where they read at most one in so many rows. [rows; measured: posed hands of 544
# vertices, of which 300 are read]
NARROWED = 1.5
# Gathers and slices of so many kinds move up in one pass. [kinds; estimated]
MAX_NARROWED = 8
# Ops that are followed from a sum to the seeds of a derivative. [ops; estimated]
SEED_DEPTH = 8
