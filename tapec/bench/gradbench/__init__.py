"""The twelve evals of GradBench as NumPy programs, and the protocol of the suite.

`python -m tapec.bench.gradbench` is a tool for the suite: see README.md here.
"""
