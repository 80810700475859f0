# mypy: disable-error-code="no-any-return"
"""ba: bundle adjustment, where cameras see points, and the sparse Jacobian of the misfit.

Rows are two for each observation and one for its weight; columns are 11 for each camera, 3 for
each point and one for each weight.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import tapec
from tapec.bench.case import Array
from tapec.bench.gradbench.protocol import EvalFunction

CAMERA, POINT = 11, 3
# The suite compares this many entries from the start, and the last one.
SHOWN = 2 * (CAMERA + POINT + 1)


def rotate(v: Array, x: Array) -> Array:
    """x turned about v by its length (Rodrigues)."""
    square = v @ v
    if square == 0.0:
        return x + np.cross(v, x)
    angle = np.sqrt(square)
    axis = v / angle
    c = np.cos(angle)
    return c * x + np.sin(angle) * np.cross(axis, x) + (1.0 - c) * (axis @ x) * axis


def project(camera: Array, x: Array) -> Array:
    """The image of a point: rotation, centre, focal length, principal point, radial distortion."""
    seen = rotate(camera[:3], x - camera[3:6])
    p = seen[:2] / seen[2]
    r = p @ p
    return camera[6] * (1.0 + camera[9] * r + camera[10] * r * r) * p + camera[7:9]


def misfit(camera: Array, x: Array, w: Any, feature: Array) -> Array:
    """The weighted distance between image and feature."""
    return w * (project(camera, x) - feature)


@tapec.compile
def objective(
    cameras: Array, x: Array, w: Array, obs: Array, features: Array
) -> tuple[Array, Array]:
    """Misfits (p, 2) and what the weights (p,) are off 1; obs (p, 2) are cameras and points."""
    return tapec.vmap(misfit)(cameras[obs[:, 0]], x[obs[:, 1]], w, features), 1.0 - w**2


@tapec.compile
def jacobian(
    cameras: Array, x: Array, w: Array, obs: Array, features: Array
) -> tuple[Array, Array, Array]:
    """Rows, columns and values of the Jacobian: compressed sparse rows."""
    camera, point = obs[:, 0], obs[:, 1]
    derive = tapec.vmap(tapec.jacobian(misfit, argnums=(0, 1, 2)))
    by_camera, by_point, by_weight = derive(cameras[camera], x[point], w, features)
    blocks = np.concatenate([by_camera, by_point, by_weight[:, :, None]], axis=2)
    values = np.concatenate([blocks.ravel(), -2.0 * w])

    weight = CAMERA * len(cameras) + POINT * len(x) + np.arange(len(w))
    columns = np.column_stack([
        CAMERA * camera[:, None] + np.arange(CAMERA),
        CAMERA * len(cameras) + POINT * point[:, None] + np.arange(POINT),
        weight,
    ])  # fmt: skip
    twice = np.repeat(columns, 2, axis=0).ravel()
    width, p = columns.shape[1], len(w)
    rows = np.concatenate([width * np.arange(2 * p), 2 * p * width + np.arange(p + 1)])
    return rows, np.concatenate([twice, weight]), values


def read(given: dict[str, Any]) -> tuple[Any, ...]:
    """One camera, point, weight and feature, repeated; observations go round both."""
    n, m, p = given["n"], given["m"], given["p"]
    camera, x, feature = (np.array(given[k], dtype=np.float64) for k in ("cam", "x", "feat"))
    i = np.arange(p)
    obs = np.column_stack([i % n, i % m])
    return (
        np.tile(camera, (n, 1)), np.tile(x, (m, 1)), np.full(p, float(given["w"])),
        obs, np.tile(feature, (p, 1)),
    )  # fmt: skip


def write_objective(found: tuple[Array, Array]) -> dict[str, Any]:
    """The first of the equal parts, and how many there are."""
    misfits, weights = found
    return {
        "reproj_error": {"elements": misfits[0].tolist(), "repeated": len(misfits)},
        "w_err": {"element": float(weights[0]), "repeated": len(weights)},
    }


def write_jacobian(found: tuple[Array, Array, Array]) -> dict[str, list[Any]]:
    """The start and the end of each array."""
    return {
        name: [*part[:SHOWN].tolist(), part[-1].item()]
        for name, part in zip(("rows", "cols", "vals"), found, strict=True)
    }


FUNCTIONS = {
    "objective": EvalFunction(objective, read, write_objective),
    "jacobian": EvalFunction(jacobian, read, write_jacobian),
}
