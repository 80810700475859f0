"""Numbers of tracing that decide speed and limits: each with its unit and its source."""

from __future__ import annotations

# -- loops and branches ----------------------------------------------------------------------------

# A loop whose iterations weigh at most this together is unrolled: registers beat the loads and
# stores of a small loop. [scalar ops; estimated]
UNROLLED_OPS = 320
# Loops of at most so many iterations are unrolled at any weight. [iterations; estimated]
UNROLLED_LENGTH = 2
# A loop that may end on a traced condition becomes branches in branches, so deep; the code
# doubles with each. [iterations; estimated]
UNROLLED_BREAKS = 4
# A loop that cannot be one op is unrolled up to this size. [scalar ops; estimated]
LARGEST_UNROLLED = 400_000
# So many things that may raise in one `try` become branches in branches. [calls; estimated]
TRIED = 24
# A right-hand side of `and` this short runs in any case, which costs less than a branch that is
# predicted wrongly now and then. [scalar ops; estimated]
CHEAP_OPERAND = 8
# A loop without a fixpoint by then is refused. One attempt finds all leaves
# that change directly; each further one those that change by the ones before. [attempts;
# estimated]
FIXPOINT_ATTEMPTS = 24
# Conditions on the counter of a loop longer than that do not split it. [ops; estimated]
SPLIT_CONDITION = 64
# Where a condition on the counter repeats after so few iterations, the body is copied that often
# and knows the condition in each copy. [iterations; estimated]
LONGEST_PERIOD = 16
# A loop is cut into loops where those are so long on average. [iterations; estimated]
SHORTEST_PIECE = 8
# A loop that weighs no more than this is unrolled without an attempt for some time after
# attempts have failed: for 1, 2, 4, ... executions. [scalar ops; estimated]
UNROLLED_AFTER_FAILURE = 1280
# Integers of a loop are followed in Python so far to see whether they leave 64 bits. [ops;
# estimated]
OVERFLOW_WORK = 100_000

# -- Python ----------------------------------------------------------------------------------------

# Python's limit on recursion is so many times higher while tracing, since conditions and their
# branches are calls, too. [frames; estimated]
FRAMES_PER_CALL = 4
# Objects nested deeper than that, and those in cycles, are leaves. [levels; estimated]
OBJECT_DEPTH = 8
# Limit of the objects followed to find the side effects of a statement. [objects; estimated]
REACHABLE_OBJECTS = 2000
# Python's `sum`, `max` and `min` of longer arrays are one op. [elements; estimated]
LONG_ARRAY = 64
# How many lines of the user's are looked at to find the one of a refused effect. [lines;
# estimated]
LINES_WATCHED = 20_000
# How far back error messages look for the op that made a value. [ops; estimated]
RECENT_OPS = 200
# How many parts of a container error messages list. [parts; estimated]
LISTED_PARTS = 6

# -- NumPy -----------------------------------------------------------------------------------------

# Consecutive rows of one stack in a list are taken as a slice of it. [rows; estimated]
STACKED_ROWS = 4
# `ufunc.at` of more is a loop of the program. [elements; estimated]
AT_WRITTEN_OUT = 8
# Each of so few quantiles is computed by itself, more are one gather. [quantiles; estimated]
SEPARATE_QUANTILES = 8
# Horner's rule for so many is written out, for more it is a loop. [coefficients; estimated]
HORNER_STEPS = 64
# A convolution of more is a loop, as all windows together are a matrix. [products; estimated]
CONVOLVED_WINDOWS = 2048
# Sorted arrays up to this are compared as a whole, which runs as vectors; longer ones are
# searched by bisection. [elements; estimated]
COMPARED_ELEMENTS = 48
# Up to so many bins, numbers are compared with all edges, which runs as vectors; with more each
# finds its own. [bins; measured: histograms of 100,000 numbers with 5 to 50 bins]
COMPARED_BINS = 12
# Indices read from arrays at indices; longer chains are a number of their own. [steps;
# estimated]
INDEX_DEPTH = 32
# Masks made in more steps are the same only where they are one value. [steps; estimated]
MASK_DEPTH = 32

# -- captured state --------------------------------------------------------------------------------

# Arrays up to here are constants until they are seen to change: code folds them, and to compare
# them takes a few nanoseconds. [elements; estimated]
SMALL_CAPTURED = 32
# Limit of the captured values followed from a function. [reads; estimated]
MOST_READS = 20_000

# Candidate solutions that NumPy tries to find out whether two arrays share an element, which may
# take exponential time; arrays that need more count as overlapping. Arrays of a few strided axes
# need tens. [candidates; estimated]
OVERLAP_EFFORT = 10_000
# -- memory ----------------------------------------------------------------------------------------

# Arguments of so many elements together are made in full, to see how NumPy lays out a result, where
# small ones do not tell. [elements; estimated]
FULL_SIZE = 20_000
# Fourier transforms of lengths with a large prime factor are products with a matrix up to this
# length, convolutions of a power of two above. [elements; estimated]
MATRIX_TRANSFORM = 32
# Convolutions are sums where the shorter signal has so many elements at most, transforms otherwise.
# [elements; estimated]
DIRECT_CONVOLUTION = 64
# Distribution functions of so many numbers are sums of their probabilities. [terms; estimated]
MANY_TERMS = 10_000
