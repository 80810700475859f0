"""SciPy's functions and objects in traced code: a room for each of SciPy's modules.

What is plain arithmetic is written in NumPy on tracers. Solvers are called as they are, and carry
derivative rules (`solved.py`). `tapec.trace.python.packages` finds the rooms by name.
"""
