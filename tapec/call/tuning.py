"""Numbers of calls that decide speed and memory, each with its unit and its source."""

from __future__ import annotations

# For values that cannot be inputs, so many programs of one signature are kept.
# [programs; estimated]
VARIANTS = 16
# Programs out of use are kept so long that no call is in their code any more.
# [programs; estimated]
RETIRED = 8
# Entries are tried one after the other up to so many: a table costs a call some 5 ns more.
# [programs; estimated]
CHAINED = 4
