"""`scipy.sparse`: matrices of a known pattern, whose values may be traced."""

from tapec.scipy.sparse import construct, operators, refusals, solve  # noqa: F401
