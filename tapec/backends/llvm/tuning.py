"""Numbers that decide speed and memory, never results: each with its unit and its source."""

from __future__ import annotations

# Work memory up to this size lives on the stack of the call. [bytes; estimated]
STACK_WORK_BYTES = 16 * 1024
# Work memory up to this size is kept from one call to the next. [bytes; estimated]
KEPT_BYTES = 2**28
# Straight-line code is cut into functions of this size; from 250 to 4000 the time to compile and
# to run stays the same within a fifth. [ops; measured: python -m tapec.bench.calibrate chunk_ops]
CHUNK_OPS = 250
# Larger programs are compiled at level 0: a third less time to compile straight lines, which run a
# tenth slower. [ops; measured: python -m tapec.bench.calibrate levels]
OPTIMIZED_OPS = 16_000
# The same for programs with more ops in loops than in straight lines: these take twice as long to
# compile at level 1, and 0.6 of the time to run. [ops; measured: Taylor coefficients of degree 20
# of three bodies in arrays, 21,000 ops]
OPTIMIZED_LOOP_OPS = 40_000
# Programs whose ops run more often than this in one call, on average, are compiled at level 2: the
# gradient of Runge-Kutta steps over 100 unknowns then takes 0.72 of the time; other cases of the
# benchmark compile and run alike, also at 0. [iterations; measured: all cases at levels 1 and 2]
REPEATED_TRIPS = 1000
# Blocks without a jump that are longer are not compiled at level 2, whose scheduling takes
# quadratic time. [ops; estimated]
LONG_BLOCK_OPS = 600
# So many zeros in constant data begin a piece of their own. [bytes; estimated]
ZERO_GAP = 64
# Larger constant arrays are no text of the module: code reads them where they are. [bytes;
# estimated]
EXTERNAL_BYTES = 64 * 1024
# LLVM's own passes run over chunks with serial scalar loops up to this size. [ops; estimated]
MIDDLE_OPS = 1000
# A vector function is written in place where it is used up to so often, else called: at 1 a network
# runs a twelfth slower, and nothing compiles faster than at 24 by more than a twentieth. [uses;
# measured: the benchmark's cases at 1, 4 and 24]
INLINED_USES = 24
# Loops look for signals about so often. [scalar operations; estimated]
POLL_WORK = 2**20
# A reduction is spread over so many, which hides the latency of its additions.
# [vectors; measured: python -m tapec.bench.calibrate accumulators]
ACCUMULATORS = 4
# Bodies hide it by themselves if they do so much for all these vectors together: fewer copies of
# long bodies compile in half the time, and run as fast. [scalar operations; measured: sums of
# exponentials, of exponentials of sines and of squares of 10,000 and 1,000,000 numbers]
HIDING_WORK = 44
# Bodies up to this size are emitted once for each width of the remainder: logistic regression and a
# mixture of Gaussians take a fifth longer without. [scalar operations; measured: the benchmark's
# cases at 0, 20 and 60]
COPIED_WORK = 60
# Loops that do more look for signals. [scalar operations; estimated]
POLLED_WORK = 10**9
# All tapes of a kernel together begin with so many on the stack. [slots of 8 bytes; estimated]
STACK_SLOTS = 2048
# One tape begins with at most so many on the stack. [slots of 8 bytes; estimated]
MOST_FIRST_SLOTS = 512
# Targets with narrower vectors get no wavefronts. [lanes; estimated]
WAVE_LANES = 2
# Tables with so many times the vector's width of rows and columns go two vectors of rows at a time,
# which is worth larger triangles at both ends. [vectors; estimated]
WAVE_PAIRS = 16
# An engine takes milliseconds to make and keeps memory for each library that was ever in it: so
# many share one, which goes when the last of them goes.
# [libraries; measured: python -m tapec.bench.calibrate engines]
LIBRARIES_PER_ENGINE = 32
# Right sides up to this size are solved one by one: for several, OpenBLAS starts threads. [rows;
# estimated]
SHORT_COLUMNS = 64
# So many at most are told to LLVM as free of aliases. [buffers; estimated]
ALIAS_SCOPES = 64
# Captured arrays with gaps in more stretches of memory are compared in Python, at every call.
# [stretches; estimated]
MOST_RUNS = 1_000
# From which captured arrays with gaps are compared with what lies between their elements.
# [elements; estimated]
FEWEST_SPANNED = 8
# How much that may be. [bytes for each byte of the array; estimated]
MOST_SPANNED = 4
# Kernels that do more release the interpreter lock: at 0.2 to 0.3 ns each, some 10 to 15 us.
# [scalar operations; measured: python -m tapec.bench.calibrate release]
RELEASE_WORK = 50_000
# Several columns of arrays with rows up to this length are taken out of whole rows. [bytes;
# measured: sums over all columns of arrays of 2 to 8 columns, arms of two links]
READ_ROW_BYTES = 32
# Threads look for the next call so often before they sleep, in 50 us or so. [looks; measured: two
# threads gain 1.9 rather than 1.4 for 100,000 sines]
SPINS = 1_000
# Fewer parts are not worth threads that are started for them, 20 us each. [parts; estimated]
STARTED_PARTS = 24
