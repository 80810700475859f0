"""What is refused on traced values, and what to do instead."""

from scipy import optimize

from tapec.scipy.registry import refuses

refuses(
    "minimize is translated; for a search that is not local give the conditions at its end to "
    "tapec.implicit(solver, conditions, like=x)",
    optimize.differential_evolution,
    optimize.basinhopping,
    optimize.dual_annealing,
    optimize.shgo,
    optimize.direct,
    optimize.brute,
)
refuses(
    "its solution jumps where the basis changes: tapec.implicit with the active constraints",
    optimize.linprog,
    optimize.milp,
    optimize.quadratic_assignment,
)
refuses(
    "tapec.grad and tapec.jacobian are exact",
    optimize.approx_fprime,
    optimize.check_grad,
)
refuses(
    "its solution is means over blocks of neighbours that depend on values: find the blocks "
    "outside, np.diff(isotonic_regression(y).x) != 0, and average inside",
    optimize.isotonic_regression,
)
