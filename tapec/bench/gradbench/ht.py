# mypy: disable-error-code="no-any-return"
"""ht: how far a posed hand is from observed points, and the Jacobian of that, as in ADBench.

Taylor, Stebbing, Ramakrishna, Keskin, Shotton, Izadi, Hertzmann, Fitzgibbon, User-specific hand
modeling from monocular depth sequences, CVPR 2014: linear blend skinning over a tree of bones.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

import tapec
from tapec.bench.case import Array
from tapec.bench.gradbench.protocol import EvalFunction

FINGERS, SMALL_ANGLE = 5, 1e-4


class Hand(NamedTuple):
    """Bones (b), vertices (v) in homogeneous coordinates, and the corners of each observed point.

    ``corners`` (p, 3) are the vertices of the triangle a point lies on, or (p, 1) the vertex that
    it is; ``mirror`` has the signs of the axes.
    """

    relatives: Array
    inverse_absolutes: Array
    positions: Array
    weights: Array
    mirror: Array
    corners: Array


def turns(axis: int, angles: Array) -> Array:
    """Rotations about a coordinate axis, (b, 3, 3) from (b,)."""
    i, j = (axis + 1) % 3, (axis + 2) % 3
    r = np.zeros((len(angles), 3, 3))
    r[:, axis, axis] = 1.0
    r[:, i, i] = r[:, j, j] = np.cos(angles)
    r[:, j, i] = np.sin(angles)
    r[:, i, j] = -np.sin(angles)
    return r


def angle_axis(v: Array) -> Array:
    """The rotation about v by its length, by Rodrigues' formula."""
    length = np.sqrt(v @ v)
    if length < SMALL_ANGLE:
        return np.eye(3)
    x, y, z = v / length
    skew = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.eye(3) + np.sin(length) * skew + (1.0 - np.cos(length)) * skew @ skew


def bone_angles(theta: Array, bones: int) -> Array:
    """Angles about x, z and y of every bone, (b, 3): four for each finger, the others zero."""
    fingers = theta[6:].reshape(FINGERS, 4)
    angles = np.zeros((bones, 3))
    angles[2 : 4 * FINGERS + 2 : 4, :2] = fingers[:, :2]
    angles[3 : 4 * FINGERS + 2 : 4, 0] = fingers[:, 2]
    angles[4 : 4 * FINGERS + 2 : 4, 0] = fingers[:, 3]
    return angles


def skinned(theta: Array, hand: Hand, parents: tuple[int, ...]) -> Array:
    """All vertices of the posed hand, (v, 3)."""
    angles = bone_angles(theta, len(parents))
    local = np.zeros_like(hand.relatives)
    local[:, :3, :3] = turns(2, angles[:, 1]) @ turns(1, angles[:, 2]) @ turns(0, angles[:, 0])
    local[:, 3, 3] = 1.0
    absolutes: list[Array] = []
    for parent, relative in zip(parents, hand.relatives @ local, strict=True):
        absolutes.append(relative if parent < 0 else absolutes[parent] @ relative)
    transforms = np.array(absolutes) @ hand.inverse_absolutes
    blended = np.tensordot(hand.weights, transforms[:, :3], axes=1)
    placed = np.einsum("vij,vj->vi", blended, hand.positions) * hand.mirror
    return placed @ angle_axis(theta[:3]).T + theta[3:6]


def residuals(
    theta: Array, us: Array, hand: Hand, points: Array, parents: tuple[int, ...]
) -> Array:
    """Observed points less those of the hand, (p, 3), by barycentric coordinates us (p, 2 or 0)."""
    corners = skinned(theta, hand, parents)[hand.corners]
    if us.shape[1] == 0:
        return points - corners[:, 0]
    u, v = us[:, :1], us[:, 1:]
    return points - (u * corners[:, 0] + v * corners[:, 1] + (1.0 - u - v) * corners[:, 2])


@tapec.compile(static_argnames="parents")
def objective(
    theta: Array, us: Array, hand: Hand, points: Array, parents: tuple[int, ...]
) -> Array:
    """The residuals in a row, 3 for each point."""
    return residuals(theta, us, hand, points, parents).ravel()


@tapec.compile(static_argnames="parents")
def jacobian(theta: Array, us: Array, hand: Hand, points: Array, parents: tuple[int, ...]) -> Array:
    """(3p, 2 + 26): a point moves with its own two coordinates only, so that they share columns."""
    by_theta = tapec.jacobian(objective)(theta, us, hand, points, parents)

    def moved(u: Array) -> Array:
        return objective(theta, u, hand, points, parents)

    both = [np.zeros_like(us) + direction for direction in np.eye(us.shape[1])]
    own = [tapec.jvp(moved, (us,), (along,))[1] for along in both]
    return np.column_stack([*own, by_theta])


def read(given: dict[str, Any]) -> tuple[Any, ...]:
    """The model's arrays; which bone hangs on which is part of the program."""
    model = given["data"]["model"]
    corners = np.array(given["data"]["correspondences"])[:, None]
    us = np.array(given["us"], dtype=np.float64).reshape(len(corners), -1)
    if us.size:
        corners = np.array(model["triangles"])[corners[:, 0]]
    names = ("base_relatives", "inverse_base_absolutes", "base_positions", "weights")
    relatives, inverse, positions, weights = (np.array(model[n], dtype=np.float64) for n in names)
    mirror = np.array([-1.0 if model["is_mirrored"] else 1.0, 1.0, 1.0])
    points = np.array(given["data"]["points"], dtype=np.float64)
    theta = np.array(given["theta"], dtype=np.float64)
    hand = Hand(relatives, inverse, positions, weights, mirror, corners)
    return theta, us, hand, points, tuple(model["parents"])


FUNCTIONS = {"objective": EvalFunction(objective, read), "jacobian": EvalFunction(jacobian, read)}
