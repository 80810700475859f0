"""Numbers of calls that decide speed and memory, each with its unit and its source."""

from __future__ import annotations

# Programs of one signature that are kept, one for each state of constants that change.
# [programs; estimated]
VARIANTS = 16
# Retired programs that stay loaded, so that no running call loses its code.
# [programs; estimated]
RETIRED = 8
# Up to so many entries are tried in turn; above, a hash table costs a call some 5 ns more.
# [programs; estimated]
CHAINED = 4
# Pairs of arguments that the native entry compares where a derivative is of a function that writes
# into one, at a nanosecond each; calls with more go through Python. [pairs; estimated]
PAIRS_CHECKED = 32
# More threads than this are not asked for: each part of a loop needs one at most, and there are no
# more than 64. [threads; estimated]
MOST_THREADS = 256
