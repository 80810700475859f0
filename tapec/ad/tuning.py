"""Numbers that decide speed and memory, never results: each with its unit and its source."""

from __future__ import annotations

# A loop of unknown length is taken to run so often where storing and recomputing are weighed.
# [iterations; estimated]
UNKNOWN_TRIPS = 16
# Above this, what a branch keeps goes on a tape: as results, a branch not taken would fill it with
# zeros. [bytes; estimated]
BRANCH_SLOT_BYTES = 1024
# A call that would keep more is run again in the reverse sweep. [values; measured: gradients of
# determinants by expansion, n = 6 to 10, at 32 to 256]
MOST_CALL_SLOTS = 32
# Cotangents of arrays up to this size are added as a whole, those of larger ones part by part.
# [elements; estimated]
WHOLE_ELEMENTS = 64
# Identity seeds up to this size are constants; larger ones are comparisons of counters. [rows;
# estimated]
DENSE_IDENTITY = 64
# Handing one value from the primal program to the linear one costs this, besides its own bytes.
# [bytes; estimated]
RESIDUAL_BYTES = 100
# With more values to hand over, the linear program starts again from the inputs. [values;
# estimated]
MOST_RESIDUALS = 100
# Results of loops up to this size are masked inside loops too; larger ones stay in place.
# [elements; estimated]
MASKED_ELEMENTS = 64
# An op that costs more than this is stored, not rematerialised. [additions per
# element; estimated]
CHEAP_COST = 8
# Arrays above this size with a part written in place are not made again. [elements; estimated]
WRITTEN_ELEMENTS = 64
# Taylor coefficients are written out op by op up to this size, as calls of functions that ops share
# beyond it: compiling then takes half as long, and the code is about as fast. [products; measured:
# right-hand side of three bodies to degree 20, chains of sines and quotients]
UNROLLED_TERMS = 5_000
