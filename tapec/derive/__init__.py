"""What a derivative is to a user: transforms, rules of their own, checkpoints, solvers."""
