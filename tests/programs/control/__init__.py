"""Programs with loops and branches, as users write them in plain NumPy, and points to try them at.

Every function here is ordinary Python: nothing of tapec is used but the transforms a user would
call inside. Each program is tried at several points, chosen so that branches and trip counts
differ: a choice frozen while tracing shows as a wrong value at the next point.
"""

from __future__ import annotations

from programs.control import (
    bars,
    branches,
    dynamic_programming,
    factorizations,
    iterations,
    kernels,
    methods,
    models,
    python_forms,
    sequences,
    simulations,
    slices,
    stencils,
)
from programs.control.program import Program

PROGRAMS: tuple[Program, ...] = tuple(
    program
    for family in (
        bars,
        branches,
        python_forms,
        iterations,
        simulations,
        sequences,
        dynamic_programming,
        factorizations,
        kernels,
        methods,
        models,
        slices,
        stencils,
    )
    for program in family.PROGRAMS
)
