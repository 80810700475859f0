"""`scipy.spatial.transform.Rotation` as unit quaternions (x, y, z, w), single or stacked.

Formulas are those of Diebel, Representing attitude: Euler angles, unit quaternions, and rotation
vectors, 2006.
"""

from __future__ import annotations

import functools
import operator
from typing import Any

import numpy as np
from scipy.spatial import transform

from tapec.scipy.registry import StandIn, floats, stands_for, with_members
from tapec.trace.python.packages import CLASSES, Placed

_AXES = {"x": 0, "y": 1, "z": 2}
SMALL = 1e-3  # angles below which series are used, as SciPy does


class Turn(StandIn):
    """Rotations whose quaternions are along the last axis."""

    title = "scipy.spatial.transform.Rotation"

    def __init__(self, quaternions: Any) -> None:
        self._q = quaternions

    @property
    def single(self) -> bool:
        """Whether this is one rotation."""
        return int(self._q.ndim) == 1

    def __len__(self) -> int:
        if self.single:
            raise TypeError("Single rotation has no len().")
        return int(self._q.shape[0])

    def __getitem__(self, key: Any) -> Turn:
        return Turn(self._q[key])

    # -- representations -------------------------------------------------------------------

    def as_quat(self, canonical: bool = False, *, scalar_first: bool = False) -> Any:
        """Quaternions."""
        q = self._q
        if canonical:
            q = np.where(q[..., 3:] < 0.0, -q, q)
        return np.roll(q, 1, axis=-1) if scalar_first else q

    def as_matrix(self) -> Any:
        """Matrices."""
        x, y, z, w = (self._q[..., k] for k in range(4))
        rows = [
            [x * x - y * y - z * z + w * w, 2.0 * (x * y - z * w), 2.0 * (x * z + y * w)],
            [2.0 * (x * y + z * w), -x * x + y * y - z * z + w * w, 2.0 * (y * z - x * w)],
            [2.0 * (x * z - y * w), 2.0 * (y * z + x * w), -x * x - y * y + z * z + w * w],
        ]
        return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)

    def as_rotvec(self, degrees: bool = False) -> Any:
        """Axes, as long as the angles."""
        q = self.as_quat(canonical=True)
        square = np.sum(q[..., :3] ** 2, axis=-1)
        small = square < SMALL * SMALL / 4.0
        size = np.sqrt(np.where(small, 1.0, square))
        angle = 2.0 * np.arctan2(np.where(small, np.sqrt(1.0 - SMALL), size), q[..., 3])
        # angle / sin(angle / 2) = 2 (1 + s^2 / 6 + 3 s^4 / 40 + ...) of s = sin(angle / 2)
        series = 2.0 * (1.0 + square / 6.0 + 3.0 * square**2 / 40.0)
        made = q[..., :3] * np.where(small, series, angle / size)[..., None]
        return np.rad2deg(made) if degrees else made

    def as_mrp(self) -> Any:
        """Modified Rodrigues parameters."""
        q = self.as_quat(canonical=True)
        return q[..., :3] / (1.0 + q[..., 3:])

    def as_euler(self, seq: str, degrees: bool = False, **options: Any) -> Any:
        """Angles about three axes, away from gimbal lock."""
        angles = _euler(self.as_matrix(), seq)
        return np.rad2deg(angles) if degrees else angles

    # -- what they do ----------------------------------------------------------------------

    def apply(self, vectors: Any, inverse: bool = False) -> Any:
        """Turned vectors."""
        v, matrix = floats(vectors), self.as_matrix()
        return np.einsum("...ji,...j->...i" if inverse else "...ij,...j->...i", matrix, v)

    def inv(self) -> Turn:
        """The inverse."""
        return Turn(self._q * np.array([-1.0, -1.0, -1.0, 1.0]))

    def __mul__(self, other: Any) -> Turn:
        p, q = self._q, (other if isinstance(other, Turn) else _made_outside(other, floats))._q
        a, b = p[..., :3], q[..., :3]
        vector = p[..., 3:] * b + q[..., 3:] * a + np.cross(a, b)
        scalar = p[..., 3] * q[..., 3] - np.sum(a * b, axis=-1)
        return Turn(np.concatenate([vector, scalar[..., None]], axis=-1))

    def magnitude(self) -> Any:
        """The angle."""
        return 2.0 * np.arctan2(np.linalg.norm(self._q[..., :3], axis=-1), np.abs(self._q[..., 3]))


def _of_vectors(rotvec: Any, degrees: bool = False) -> Turn:
    v = floats(rotvec)
    v = np.deg2rad(v) if degrees else v
    square = np.sum(v * v, axis=-1)
    small = square < SMALL * SMALL
    angle = np.sqrt(np.where(small, 1.0, square))
    share = np.where(small, 0.5 - square / 48.0 + square**2 / 3840.0, np.sin(angle / 2.0) / angle)
    cosine = np.where(small, 1.0 - square / 8.0 + square**2 / 384.0, np.cos(angle / 2.0))
    return Turn(np.concatenate([v * share[..., None], cosine[..., None]], axis=-1))


def _of_quaternions(quat: Any, *, scalar_first: bool = False) -> Turn:
    q = floats(quat)
    q = np.roll(q, -1, axis=-1) if scalar_first else q
    return Turn(q / np.sqrt(np.sum(q * q, axis=-1))[..., None])


def _of_matrices(matrix: Any, **options: Any) -> Turn:
    """Of four formulas the one without cancellation; matrices must be rotations."""
    m = floats(matrix)
    d = [m[..., k, k] for k in range(3)]
    trace = d[0] + d[1] + d[2]
    cases = []
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        parts: dict[int, Any] = {
            i: 1.0 - trace + 2.0 * d[i],
            j: m[..., j, i] + m[..., i, j],
            k: m[..., k, i] + m[..., i, k],
            3: m[..., k, j] - m[..., j, k],
        }
        cases.append(np.stack([parts[n] for n in range(4)], axis=-1))
    last = [m[..., 2, 1] - m[..., 1, 2], m[..., 0, 2] - m[..., 2, 0], m[..., 1, 0] - m[..., 0, 1]]
    cases.append(np.stack([*last, 1.0 + trace], axis=-1))
    best = np.argmax(np.stack([*d, trace], axis=-1), axis=-1)
    made: Any = cases[3]
    for k in range(3):
        made = np.where((best == k)[..., None], cases[k], made)
    return _of_quaternions(made)


def _of_angles(seq: str, angles: Any, degrees: bool = False) -> Turn:
    given = floats(angles)
    given = np.deg2rad(given) if degrees else given
    if len(seq) == 1 and (given.ndim == 0 or given.shape[-1] != 1):
        given = given[..., None]
    turns: list[Turn] = []
    for k, letter in enumerate(seq):
        half = given[..., k] / 2.0
        parts = [np.zeros_like(half)] * 3 + [np.cos(half)]
        parts[_AXES[letter.lower()]] = np.sin(half)
        turns.append(Turn(np.stack(parts, axis=-1)))
    ordered = turns if seq.isupper() else turns[::-1]
    return functools.reduce(operator.mul, ordered)


def _of_mrp(mrp: Any) -> Turn:
    p = floats(mrp)
    square = np.sum(p * p, axis=-1)[..., None]
    return Turn(np.concatenate([2.0 * p, 1.0 - square], axis=-1) / (1.0 + square))


def _euler(matrix: Any, seq: str) -> Any:
    """R = R_i(a) R_j(b) R_k(c) of intrinsic axes; extrinsic ones are these in reverse order."""
    extrinsic = seq.islower()
    i, j, k = (_AXES[c] for c in (seq.lower()[::-1] if extrinsic else seq.lower()))
    if i == k:
        third = 3 - i - j
        sign = 1.0 if (j - i) % 3 == 1 else -1.0
        b = np.arccos(np.clip(matrix[..., i, i], -1.0, 1.0))
        a = np.arctan2(matrix[..., j, i], -sign * matrix[..., third, i])
        c = np.arctan2(matrix[..., i, j], sign * matrix[..., i, third])
    else:
        sign = 1.0 if (j - i) % 3 == 1 else -1.0
        b = np.arcsin(np.clip(sign * matrix[..., i, k], -1.0, 1.0))
        a = np.arctan2(-sign * matrix[..., j, k], matrix[..., k, k])
        c = np.arctan2(-sign * matrix[..., i, j], matrix[..., i, i])
    return np.stack([c, b, a] if extrinsic else [a, b, c], axis=-1)


@stands_for(transform.Rotation)
def _made_outside(real: Any, placed: Placed) -> Any:
    q = placed(real.as_quat())
    return Turn(floats(q)).of(real, q)


class _Rotation:
    """The class in traced code."""

    from_rotvec = staticmethod(_of_vectors)
    from_quat = staticmethod(_of_quaternions)
    from_matrix = staticmethod(_of_matrices)
    from_euler = staticmethod(_of_angles)
    from_mrp = staticmethod(_of_mrp)

    @staticmethod
    def identity(num: Any = None) -> Turn:
        """No rotation."""
        one = np.array([0.0, 0.0, 0.0, 1.0])
        return Turn(floats(one if num is None else np.tile(one, (num, 1))))

    @staticmethod
    def concatenate(rotations: Any) -> Turn:
        """Several rotations as one object."""
        return Turn(np.concatenate([r._q if r._q.ndim > 1 else r._q[None] for r in rotations]))


def _by_quaternions(*args: Any, **kwargs: Any) -> Turn:
    return _of_quaternions(*args, **kwargs)


CLASSES[transform.Rotation] = with_members(_by_quaternions, transform.Rotation, _Rotation)
