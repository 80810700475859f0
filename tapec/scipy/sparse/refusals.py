"""What is refused on traced values: all functions without a translation."""

from __future__ import annotations

import types

from scipy import sparse
from scipy.sparse import csgraph, linalg

from tapec.scipy.registry import refuses
from tapec.trace.python.packages import FUNCTIONS

_CURES = {
    linalg.eigsh: "np.linalg.eigh(A.toarray()) is translated",
    linalg.eigs: "np.linalg.eig(A.toarray()) is translated",
    linalg.svds: "np.linalg.svd(A.toarray()) is translated",
    linalg.expm: "scipy.linalg.expm(A.toarray()) is translated",
    linalg.inv: "solve with spsolve, or use np.linalg.inv(A.toarray())",
    linalg.lsqr: "np.linalg.lstsq(A.toarray(), b) is translated",
    linalg.lsmr: "np.linalg.lstsq(A.toarray(), b) is translated",
}
_REST = "use products, spsolve and methods of matrices; or apply it to constants only"
# Those that do nothing but ask or convert, and go on working.
_KEPT = frozenset(["LinearOperator", "aslinearoperator"])

for _module in (sparse, linalg, csgraph):
    for _name, _thing in vars(_module).items():
        known = isinstance(_thing, types.FunctionType | types.BuiltinFunctionType)
        if known and not _name.startswith("_") and _name not in _KEPT and _thing not in FUNCTIONS:
            refuses(_CURES.get(_thing, _REST), _thing)
