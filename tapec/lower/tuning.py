"""Numbers that decide speed and memory, never results: each with its unit and its source."""

from __future__ import annotations

# Values up to this size live in registers. [elements; estimated]
SMALL = 16
# Short last axes up to this size are written out inside a loop. [elements; estimated]
UNROLLED = 32
# Longer last axes become loops all the same where no part of them is told apart. [elements;
# measured: exponentials and sums of products of 5 to 32 columns; layers of 10 and 32 neurons]
SHORT_ROW = 7
# Rows that compute costly functions are multiples of this. [elements; measured: exponentials of 5
# to 32 columns]
ROW_REST = 4
# From this cost on a value is stored rather than recomputed. [additions; estimated]
COSTLY = 12
# Bodies of nests are cut at this length, [ops; measured: Jacobians of projections of points, in
# registers], and at this cost [additions; measured: 150 sines one after the other]
LONGEST_OPS = 800
LONGEST_COST = 2500
# Nests are joined up to this length. [ops; estimated]
JOINED_OPS = 250
# Chains of inline operands are cut at this depth. [ops; estimated]
DEEPEST = 100
# Sums of arrays from this size on are taken where these are made, which saves a pass over memory.
# [elements; measured: softmax and normalised vectors of 2,500, 40,000 and 1,000,000 numbers]
SUMMED_WHERE_MADE = 131_072
# Attempts at avoiding recomputation. [plans of a block; estimated]
ROUNDS = 4
# Recomputing an element that several slices read may cost so much. [additions; estimated]
OVERLAP_COST = 16
# A write waits for readers that need at most so much first. [ops; estimated]
FARTHEST_OPS = 400
# Both sides of a branch are computed, and one selected, up to this cost. [additions; estimated]
SELECTED_COST = 16
# From this size on a product is worth a call of a BLAS. [scalar operations; measured: products of
# matrices with 5 to 1,000 rows and columns]
CALL_FLOPS = 150_000
# Operands of which a product reads every element so often are copied into the layout that a call
# reads. [times; estimated]
PACKED_REUSE = 8
# Elements of a product that are made together. [elements; estimated]
TILE_ROWS = 8
# Sums of contiguous elements up to this length are made several together, which share the work of
# adding up their lanes. [terms; estimated]
TILED_SUM = 96
# Sums of so few terms are written out, with lanes along an axis of the result. [terms; estimated]
FEW_TERMS = 12
# Terms of short axes of the result that are written out beside them. [terms; estimated]
WRITTEN_TERMS = 48
# Axes of the result that lanes may run along. [elements; estimated]
FEWEST_LANES = 16
# Lanes so close together are read in whole rows. [elements; measured: sums over all columns of
# arrays of 2 to 8 columns]
ROW_STEP = 4
# Long sums are cut into blocks of about this length. [elements; measured: sums of 10,000 squares]
SUM_BLOCK = 1024
# Others are multiples of this, all lanes of four vectors. [elements; estimated]
LANES = 32
# Ends of the last axis up to this length are written out beside a vector loop. [elements;
# estimated]
EDGE = 4
# Above so many pieces times parts, parts are added one by one. [boxes; estimated]
MOST_BOXES = 300
# Constant arrays up to this size are read faster, out of the nearest cache, than the formula that
# gives them is computed. [bytes; estimated]
TABLE_BYTES = 32_768
# Linear systems up to this size are eliminated in registers. [unknowns; estimated]
TINY = 4
# Elimination is written out for all right sides up to this length. [scalar ops; estimated]
WRITTEN_OPS = 400
# Rows up to this length are sorted by exchanges that are written out. [elements; estimated]
NETWORK = 8
# Rotating arrays begin at multiples of this, never a power of two apart. [elements;
# estimated]
LINE = 8
# Constant arrays from this size on are filled rather than copied. [elements; estimated]
FILLED_ELEMENTS = 1024
# Filled arrays have at most so many elements that differ. [elements; estimated]
FILLED_OTHERS = 8
# From this weight on the overhead of calling a function is small. [ops; estimated]
CALL_WEIGHT = 40
# The weight of an op on a large array. [ops; estimated]
NEST_WEIGHT = 4
# Loops of fewer iterations do not become vector loops. [iterations; estimated]
VECTOR_TRIPS = 16
# Nor do loops with more loads and stores, which are compared in pairs. [accesses; estimated]
VECTOR_ACCESSES = 60
# Loops over parts of arrays, of run-time length, go through blocks of 2 to this power. [1;
# measured: products of the rows of sparse matrices with 4 to 1,000 elements each]
NARROW_SHIFT = 6
# Shorter loops go through all of the array. [iterations; estimated]
NARROW_TRIPS = 256
# Rows of a table that may go together as a wavefront. [rows; estimated]
WAVE_ROWS = 16
# The same in tables that are not large. [rows; estimated]
WAVE_LANES = 8
# Smaller tables are not worth the triangles at both ends. [rows and columns; estimated]
WAVE_FEWEST = 8, 32
# Columns that a row may be behind the one before. [columns; estimated]
WAVE_SKEWS = 1, 2, 3
# Longer bodies are no waves: they are written four times. [ops; estimated]
WAVE_OPS = 400
# Nor are tables with more accesses, which are compared in pairs. [accesses; estimated]
WAVE_ACCESSES = 60
# Straight lines up to this length are as fast as loops, and as quick to compile. [scalar ops;
# measured: programs over 20 to 100 elements, products and factors of 3 x 3 to 10 x 10 matrices,
# Jacobians and Hessians of 3 to 10 variables]
LINES = 320
# The same for arrays of few elements, or where zeros remove half of the work. [scalar ops;
# measured: with these programs]
MORE_LINES = 700
# Arrays of so few elements. [elements; measured: with these programs]
FEW_ELEMENTS = 36
# Lines are tried up to this estimate, zeros included. [scalar ops; estimated]
TRIED_LINES = 1800
# Programs of scalars have no limit. [estimated scalar ops for each op; estimated]
SCALAR_RATIO = 4
# What loops save for each element of an array taking a costly function: a vector of them takes as
# long as a number. [scalar ops; estimated]
SCALAR_CALL_OPS = 80
# To move one element in one of the merges of a sort. [scalar ops; estimated]
MERGE_STEP_OPS = 12
# To compare an element with the extreme so far, NaN included. [scalar ops; estimated]
EXTREME_STEP_OPS = 6
# Fewer strong products are not worth a test for NaN. [products; measured: charged particles in
# fields, orbits with adaptive steps]
GUARDED_PRODUCTS = 3
# More ops than these are not written twice. [ops; estimated]
GUARDED_OPS = 400
# Arrays of fewer rows do not go block by block. [rows; estimated]
FEWEST_ROWS = 64
# Nor do smaller arrays: of short rows, and of long ones. [elements; estimated]
BLOCKED_LANES = 8_192
BLOCKED_ROWS = 65_536
# From this length on vectors run along rows. [elements; estimated]
LONG_ROW = 32
# Arrays of rows with so few numbers are in registers, row by row. [elements; measured: softmax,
# norms, rotations, products of matrices and their Jacobians with 3 to 49 numbers a row]
ROW_NUMBERS = 64
# Rows that take more are not written out. [scalar ops; estimated]
COLUMN_OPS = 3000
# The largest array of a block has about so many elements. [elements; estimated]
BLOCK_ELEMENTS = 4096
# Blocks of short rows have at least and at most so many. [rows; estimated]
BLOCK_LANES = 16, 96
# A loop of unknown length is taken to run so often where work is counted. [iterations; estimated]
UNKNOWN_TRIPS = 1000
# One operation on vectors counts as so many. [scalar operations; estimated]
VECTOR_WORK = 4
# A mathematical function counts as so many. [scalar operations; estimated]
MATHS_WORK = 10
# A call into Python counts as so many. [scalar operations; estimated]
HOST_WORK = 10_000
# Loops that do less are not shared among threads: handing a part over takes 2 us, or 30 where the
# thread sleeps. [scalar operations; measured: two threads gain 1.5 for 10,000 sines, 1.3 for 5,000]
SHARED_WORK = 40_000
# A part of a shared loop does at least so much. [scalar operations; measured: twice as much loses
# a tenth at 10,000 to 20,000 sines, half as much changes nothing]
PART_WORK = 10_000
# Parts of one loop at most: whatever the number of threads, so that sums are the same. [parts;
# estimated]
MOST_PARTS = 64
# Parts are multiples of this, whole lines of the cache. [iterations; estimated]
PART_ROWS = 16
# Work memory up to this size may be each thread's own. [elements; estimated]
PRIVATE_ELEMENTS = 2**17
