"""Every translated NumPy function against NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.special as sp
from support.tracing import check

V = np.array([0.3, 0.7, 0.2, 0.9])
W = np.array([0.5, 0.1, 0.8, 0.4])
A = np.linspace(0.1, 1.2, 12).reshape(3, 4)
B = np.linspace(0.2, 0.9, 20).reshape(4, 5)
S = np.sin(np.arange(24.0)).reshape(2, 3, 4)
Q = np.cos(np.arange(16.0)).reshape(4, 4)
I = np.array([3, 0, 2, 0])  # noqa: E741
M = np.array([True, False, True, False])
N = np.array([1.5, np.nan, np.inf, -np.inf])

CASES: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    # elementwise
    "arithmetic": (lambda x, y: x + y - 2 * x / y + x // y - x % y + (-x) + abs(x - y), (V, W)),
    "integers": (lambda i: i / 2 + i**2 - i // 2 + np.sqrt(i), (I,)),
    "int_ops": (lambda i: (i & 1) + (i | 2) + (i ^ 3) + (i << 1) + (i >> 1) + ~i, (I,)),
    "bool_ops": (lambda m: (m & True, m | (V > 0.5), ~m, m ^ m, np.logical_not(m)), (M,)),
    "bool_float": (lambda m: m * 2.0 + (m + 1), (M,)),
    "f32": (lambda x: 2 * np.exp(x) + 1.5, (V.astype(np.float32),)),
    "f32_f64": (lambda x, y: x * y, (V.astype(np.float32), W)),
    "weak": (lambda x, s: x * s + s**2, (V.astype(np.float32), 0.5)),
    "power": (lambda x, y: x**y + x**2 + x**-1.5 + 2.0**x + x**3.0 + x**0, (V, W)),
    "rpow_int": (lambda i: 2**i, (I,)),
    "compare": (lambda x, y: (x < y, x >= y, x == y, x != 0.3), (V, W)),
    "unary": (lambda x: [getattr(np, n)(x) for n in (
        "exp expm1 exp2 log log1p log2 log10 sqrt cbrt sin cos tan arcsin arccos arctan sinh cosh"
        " tanh arcsinh arctanh square reciprocal positive negative absolute fabs sign floor ceil"
        " trunc rint deg2rad rad2deg radians degrees sinc isnan isfinite signbit").split()], (V,)),
    "binary": (lambda x, y: [getattr(np, n)(x, y) for n in (
        "maximum minimum fmax fmin hypot arctan2 logaddexp logaddexp2 copysign fmod remainder mod"
        " heaviside float_power true_divide floor_divide").split()], (V, W)),
    "special": (lambda x, y: (sp.erf(x), sp.erfc(x), sp.gammaln(x), sp.psi(x), sp.expit(x),
                sp.logit(x), sp.xlogy(x, y), sp.ndtr(x), sp.log_ndtr(20 * x - 15), sp.entr(x),
                sp.xlog1py(x, y), sp.logsumexp(x), sp.softmax(x)), (V, W)),
    "where": (lambda x: np.where(x > 0.5, x, 0.0), (V,)),
    "select": (lambda x: np.select([x < 0.3, x < 0.8], [x, x**2], 5.0), (V,)),
    "clip": (lambda x: (np.clip(x, 0.3, 0.8), x.clip(max=0.5), np.clip(x, None, 0.4)), (V,)),
    "nan_to_num": (lambda x: np.nan_to_num(x), (N,)),
    "round": (lambda x: (np.round(x, 1), x.round(), round(x[0], 1)), (V,)),
    "out": (lambda x: np.add(x, 1.0, out=np.zeros(4)), (V,)),
    # shape
    "reshape": (lambda x: (x.reshape(4, 3), x.reshape(-1), np.reshape(x, (2, -1)), x.ravel(),
                x.flatten(), x.reshape((4, 3), order="F"), x.ravel("F")), (A,)),
    "transpose": (lambda x: (x.T, x.transpose(1, 0, 2), np.transpose(x, (2, 0, 1)),
                  np.swapaxes(x, 0, 2), np.moveaxis(x, 0, -1), x.mT), (S,)),
    "expand": (lambda x: (x[:, None], x[None], np.expand_dims(x, (0, 2)),
               np.squeeze(x[None]), np.atleast_2d(x), np.atleast_1d(x[0])), (V,)),
    "broadcast": (lambda x: (np.broadcast_to(x, (3, 4)), *np.broadcast_arrays(x, A)), (V,)),
    "join": (lambda x, y: (np.concatenate([x, y]), np.stack([x, y], axis=1), np.hstack([x, y]),
             np.vstack([x, y]), np.column_stack([x, y]), np.append(x, 1.0), np.dstack([x, y]),
             np.concatenate((x, [1, 2]))), (V, W)),
    "block": (lambda x: np.block([[x, np.eye(4)], [np.zeros((4, 4)), x.T]]), (Q,)),
    "split": (lambda x: (*np.split(x, 2), *np.array_split(x, 3), *np.split(x, [1, 3])), (V,)),
    "tile": (lambda x: (np.tile(x, 3), np.tile(x, (2, 2)), np.repeat(x, 2),
             np.repeat(x, [1, 2, 0, 3])), (V,)),
    "tile2": (lambda x: (np.tile(x, 2), np.repeat(x, 2, axis=1)), (A,)),
    "flip": (lambda x: (np.flip(x), x[::-1], np.flip(x, 1), np.flipud(x), np.fliplr(x),
             np.rot90(x)), (A,)),
    "roll": (lambda x: (np.roll(x, 1), np.roll(x, -2, axis=1), np.roll(x, (1, 2), (0, 1))), (A,)),
    "pad": (lambda x: (np.pad(x, 1), np.pad(x, ((1, 2), (0, 1)), constant_values=3.0),
            np.pad(x, 1, mode="edge"), np.pad(x, 1, mode="wrap"),
            np.pad(x, 2, mode="reflect")), (A,)),
    "diff": (lambda x: (np.diff(x), np.diff(x, 2, axis=0), np.diff(x, prepend=0.0)), (A,)),
    "triangles": (lambda x: (np.triu(x), np.tril(x, -1), np.diag(x), np.diag(x[0], 1), np.trace(x),
                  np.diagonal(x, 1), np.diag(x, -1)), (Q,)),
    "meshgrid": (lambda x, y: (*np.meshgrid(x, y), *np.meshgrid(x, y, indexing="ij")), (V, W[:3])),
    "take": (lambda x: (np.take(x, [0, 2], axis=1), np.take(x, 3), x.take([1, 2])), (A,)),
    "take_along": (lambda x: np.take_along_axis(x, np.argmax(x, axis=1)[:, None], axis=1), (A,)),
    # reductions
    "sum": (lambda x: (np.sum(x), x.sum(axis=0), np.sum(x, axis=(0, 2), keepdims=True),
            x.sum(-1), np.sum(x, dtype=np.float32)), (S,)),
    "sum_list": (lambda x: np.sum([x[0], x[1] * 2, 1.0]), (V,)),
    "int_sum": (lambda i: (i.sum(), np.mean(i), i.prod(), np.cumsum(i)), (I,)),
    "bool_sum": (lambda m: (m.sum(), np.mean(m), np.count_nonzero(m), m.any(), m.all()), (M,)),
    "stats": (lambda x: (np.mean(x, axis=1), np.var(x), np.std(x, axis=0, ddof=1), x.std(),
              x.mean(keepdims=True), np.ptp(x), np.average(x, axis=1, weights=V)), (A,)),
    "extremes": (lambda x: (np.max(x), x.min(axis=0), np.amax(x, axis=1, keepdims=True),
                 np.argmax(x), x.argmin(axis=0), np.argmax(x, axis=-1)), (A,)),
    "prod": (lambda x: (np.prod(x), np.prod(x, axis=0), np.cumprod(x), np.cumprod(x, axis=1)), (A,)),
    "cumsum": (lambda x: (np.cumsum(x), x.cumsum(axis=0), np.cumsum(x, axis=1)), (A,)),
    "ufunc_methods": (lambda x: (np.add.reduce(x), np.maximum.reduce(x, axis=1),
                      np.logaddexp.reduce(x[0]), np.add.accumulate(x[0]), np.add.outer(x[0], x[1]),
                      np.multiply.outer(x[0], V), np.multiply.reduce(x, axis=None)), (A,)),
    "trapezoid": (lambda x: np.trapezoid(x, dx=0.1), (V,)),
    # linalg
    "matmul": (lambda x, y: (x @ y, x @ y[:, 0], x[0] @ y, x[0] @ V, np.dot(x, y),
               np.matmul(x, y), V @ y), (A, B)),
    "matmul_batched": (lambda s, q: (s @ q, s @ q[0], V @ np.swapaxes(s, 1, 2), s @ np.ones((2, 4, 3))),
                       (S, Q)),
    "products": (lambda x, y: (np.outer(x, y), np.inner(x, y), np.vdot(x, y), np.dot(x, 2.0),
                 np.kron(x, y), np.cross(x[:3], y[:3]), x.dot(y)), (V, W)),
    "tensordot": (lambda s, a: (np.tensordot(s, a, axes=2), np.tensordot(s, a, ([1], [0])),
                  np.tensordot(a, a, 0)), (S, A)),
    "kron": (lambda x, y: np.kron(x, y), (A, Q)),
    "einsum": (lambda a, b, q: (np.einsum("ij,jk->ik", a, b), np.einsum("ij,ij->i", a, a),
               np.einsum("ii", q), np.einsum("ii->i", q), np.einsum("ij,jk,kl", a, q, b),
               np.einsum("i,j->ij", a[0], b[0]), np.einsum("ij->ji", a), np.einsum("ij->", a),
               np.einsum("...j,jk->...k", a, b), np.einsum("ij,kj->", a, q)), (A, B, Q)),
    "norm": (lambda x: (np.linalg.norm(x), np.linalg.norm(x, axis=1), np.linalg.norm(x, 1, axis=0),
             np.linalg.norm(x[0], np.inf), np.linalg.norm(x[0], 3), np.linalg.norm(x, 1),
             np.linalg.norm(x, np.inf), np.linalg.norm(x, "fro"),
             np.linalg.norm(x, axis=1, keepdims=True)), (A,)),
    "matrix_power": (lambda x: np.linalg.matrix_power(x, 3), (Q,)),
    "polyval": (lambda p, x: np.polyval(p, x), (V, W)),
    "convolve": (lambda x, y: (np.convolve(x, y), np.convolve(x, y[:3], "same"),
                 np.convolve(x, y[:2], "valid")), (V, W)),
    # constructors
    "likes": (lambda x: (np.zeros_like(x) + x, np.ones_like(x), np.full_like(x, x[0]),
              np.full(3, x[1]), np.empty_like(x).shape[0] * x), (V,)),
    "array": (lambda x: (np.array([x[0], 2 * x[1], 1]), np.array([[x[0], 1.0], [2.0, x[1]]]),
              np.asarray([x, x * 2]), np.asarray(x), np.array([x[0]], dtype=np.float32)), (V,)),
    "linspace": (lambda x: np.linspace(0.0, x[0], 5) + np.linspace(0, 1, 5), (V,)),
    "minus_list": (lambda x: x - [1, 2, 3, 4], (V,)),
    "eye": (lambda x: np.eye(4) * x + np.identity(4) + np.arange(4) * x, (V,)),
    "astype": (lambda x: (x.astype(np.float32), x.astype(int), np.float64(x[0]), (x > 0.5).astype(float)),
               (V,)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_function(name: str) -> None:
    function, args = CASES[name]
    check(function, *args)
