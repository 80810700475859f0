"""Numbers that decide speed and memory, never results: each with its unit and its source."""

from __future__ import annotations

# Longer finite differences are timed on this many and scaled up. [evaluations; estimated]
FEW_EVALUATIONS = 24
# Above this CasADi keeps whole vectors (MX): its SX expands to scalar operations. [inputs;
# estimated]
SCALAR_LIMIT = 10_000
# Larger dense Jacobians and Hessians of a user's function are left out. [entries; estimated]
DENSE_LIMIT = 4_000_000
# Medians this near are the same. [share of the time; measured: runs of one commit, minutes apart]
NOISE = 0.05
# First gradients are timed in so many fresh processes of each library. [processes; estimated]
FIRST_ROUNDS = 5
# From so many cases on, percentiles say something. [cases; estimated]
FEWEST_CASES = 5
