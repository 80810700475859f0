"""The numbers of tracing: what each counts, and why it is what it is.

Limits bound the time of tracing where a program has no end of its own; any number of that size
serves. Thresholds choose between two ways that give the same results.
"""

from __future__ import annotations

# -- loops and branches ----------------------------------------------------------------------------

# Threshold, in scalar ops: a loop whose iterations weigh at most this together is unrolled, as the
# registers of straight-line code beat the loads and stores of a small loop.
UNROLLED_OPS = 320
# Threshold, in iterations: so few are unrolled whatever they weigh.
UNROLLED_LENGTH = 2
# Threshold, in iterations: a loop that may end on a traced condition becomes branches in branches,
# so deep; the code doubles with each.
UNROLLED_BREAKS = 4
# Limit, in scalar ops: a loop that cannot be one op is unrolled up to this size.
LARGEST_UNROLLED = 400_000
# Threshold, in scalar ops: a right-hand side of `and` this short runs in any case, which costs less
# than a branch that is predicted wrongly now and then.
CHEAP_OPERAND = 8
# Limit, in attempts: a loop whose carried leaves have not settled by then is refused. One attempt
# finds all leaves that change directly; each further one those that change by the ones before.
FIXPOINT_ATTEMPTS = 24
# Limit, in ops: conditions on the counter of a loop longer than that do not split it.
SPLIT_CONDITION = 64
# Limit, in iterations: where a condition on the counter repeats after so few, the body of a loop is
# copied that often, and knows the condition in each copy.
LONGEST_PERIOD = 16
# Threshold, in iterations: a loop is cut into loops where those are so long on average.
SHORTEST_PIECE = 8
# Threshold, in scalar ops: a loop that weighs no more than this is unrolled without an attempt for
# some time after attempts have failed: for 1, 2, 4, ... executions.
UNROLLED_AFTER_FAILURE = 1280
# Limit, in ops: integers of a loop are followed in Python so far to see whether they leave 64 bits.
OVERFLOW_WORK = 100_000

# -- Python ----------------------------------------------------------------------------------------

# Limit, in levels: objects nested deeper than that, and those in cycles, are leaves.
OBJECT_DEPTH = 8
# Limit, in objects: so many are looked at for what a statement may change.
REACHABLE_OBJECTS = 2000
# Threshold, in elements: Python's `sum`, `max` and `min` of longer arrays are one op.
LONG_ARRAY = 64
# Limits of error messages: in ops, how far back the op that made a value is looked for; in parts,
# how many of a container are listed.
RECENT_OPS = 200
LISTED_PARTS = 6

# -- NumPy -----------------------------------------------------------------------------------------

# Threshold, in rows: consecutive rows of one stack in a list are taken as a slice of it.
STACKED_ROWS = 4
# Threshold, in elements: `ufunc.at` of more is a loop of the program.
AT_WRITTEN_OUT = 8
# Threshold, in quantiles: each of so few is computed by itself, more are one gather.
SEPARATE_QUANTILES = 8
# Threshold, in coefficients: Horner's rule for so many is written out, for more it is a loop.
HORNER_STEPS = 64
# Threshold, in products: a convolution of more is a loop, as all windows together are a matrix.
CONVOLVED_WINDOWS = 2048
# Threshold, in elements: sorted arrays up to this are compared as a whole, which runs as vectors;
# longer ones are searched by bisection.
COMPARED_ELEMENTS = 48
# Limit, in steps: indices read from arrays at indices; longer chains are a number of their own.
INDEX_DEPTH = 32
# Limit, in steps: masks made in more steps are the same only where they are one value.
MASK_DEPTH = 32
