"""What is refused on traced values, and what to do instead."""

from scipy import linalg

from tapec.scipy.registry import refuses

refuses(
    "factor the changed matrix: np.linalg.qr(a)",
    linalg.qr_update,
    linalg.qr_insert,
    linalg.qr_delete,
)
