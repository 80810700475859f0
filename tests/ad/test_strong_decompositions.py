"""Decompositions of matrices that have no derivative, in stacks with others or under zeros.

A cotangent or tangent of zero sends nothing through the partials of such a matrix, which are
infinite or raise; one that is not zero gives NaN or raises.
"""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg as sl

import tapec

GOOD = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.25], [0.5, 0.25, 2.0]])
REPEATED, SINGULAR = np.diag([1.0, 1.0, 2.0]), np.array([[1.0, 2, 0], [2, 4, 0], [0, 0, 0]])
TURN = np.linalg.qr(np.arange(9.0).reshape(3, 3) ** 2 + np.eye(3))[0]
WEIGHTS = np.cos(np.arange(9.0)).reshape(3, 3)


def _vectors(w, v):
    return np.sum(v**2 * WEIGHTS, axis=(-2, -1)) + np.sum(w, axis=-1)


# name -> numbers of the matrices of a stack, and a matrix whose derivative is infinite or raises.
DECOMPOSITIONS = {
    "eigh": (lambda a: _vectors(*np.linalg.eigh(a)), REPEATED),
    "eigh of the upper triangle": (lambda a: _vectors(*np.linalg.eigh(a, "U")), REPEATED),
    "complex eigh": (lambda a: _vectors(*map(np.abs, np.linalg.eigh(a + 0j))), REPEATED),
    "svd": (lambda a: _vectors(*np.linalg.svd(a)[1::-1]), REPEATED),
    "right vectors": (lambda a: _vectors(*np.linalg.svd(a)[1:]), REPEATED),
    "svd of rank one": (lambda a: _vectors(*np.linalg.svd(a)[1::-1]), SINGULAR),
    "complex svd": (lambda a: _vectors(*map(np.abs, np.linalg.svd(a * (1 + 1j))[1::-1])), REPEATED),
    "qr": (lambda a: np.sum(np.linalg.qr(a)[1] * WEIGHTS, axis=(-2, -1)), SINGULAR),
    "q": (lambda a: np.sum(np.linalg.qr(a)[0] * WEIGHTS, axis=(-2, -1)), SINGULAR),
    "lu": (lambda a: np.sum(sl.lu(a)[2] * WEIGHTS, axis=(-2, -1)), SINGULAR),
    "eig": (lambda a: _vectors(*map(np.abs, np.linalg.eig(a))), REPEATED),
    "slogdet": (lambda a: np.linalg.slogdet(a)[1], SINGULAR),
    "cholesky": (lambda a: np.sum(np.linalg.cholesky(a), axis=(-2, -1)), np.eye(3)),
}


@pytest.mark.parametrize("name", DECOMPOSITIONS)
def test_other_matrices_of_a_stack(name):
    numbers, bad = DECOMPOSITIONS[name]
    stack = np.stack([bad, GOOD])
    alone = tapec.grad(lambda a: numbers(a[None])[0])(GOOD)
    assert np.isfinite(alone).all()
    with np.errstate(all="ignore"):
        pulled = tapec.grad(lambda s: numbers(s)[1])(stack)
        tangent = np.stack([np.zeros((3, 3)), WEIGHTS])
        pushed = tapec.jvp(lambda s: numbers(s)[1], (stack,), (tangent,))[1]
    np.testing.assert_allclose(pulled, np.stack([0 * GOOD, alone]), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(pushed, np.sum(alone * WEIGHTS), rtol=1e-12)


@pytest.mark.parametrize("name", [n for n in DECOMPOSITIONS if n != "cholesky"])
def test_what_is_used_is_nan_or_raises(name):
    numbers, bad = DECOMPOSITIONS[name]
    turned = TURN @ bad @ TURN.T if bad is REPEATED else bad
    try:
        with np.errstate(all="ignore"):
            found = tapec.grad(lambda a: numbers(a[None])[0])(turned.copy())
    except np.linalg.LinAlgError:
        return
    assert not np.isfinite(found).all()


def test_a_vector_that_is_alone():
    """Of the vectors of (1, 1, 2) the last one has derivatives; zeros move no vectors."""
    last = tapec.grad(lambda a: np.linalg.eigh(a)[1][0, 2] * np.linalg.eigh(a)[1][2, 2])(REPEATED)
    np.testing.assert_allclose(last, [[0, 0, 0], [0, 0, 0], [1.0, 0, 0]], atol=1e-14)
    for k, part in enumerate((np.linalg.eigh, np.linalg.svd)):
        tangent = np.zeros((3, 3))
        moved = tapec.jvp(lambda a, part=part, k=k: part(a)[1 - k], (REPEATED,), (tangent,))[1]
        np.testing.assert_array_equal(moved, tangent)
