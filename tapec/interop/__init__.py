"""What solvers call: SciPy, IPOPT, and nonlinear programs for any other."""
