"""Which derivatives can be nonzero, and with how few directions all of them are found.

`dependence` propagates sets of inputs through a program; `colouring` groups columns and rows that
do not meet. Neither knows how kernels are made of them: that is `tapec.derive.sparse`.
"""
