"""Stencils of stencils are not computed five times, twenty-five times, ... per element."""

from __future__ import annotations

import numpy as np

import tapec


def smooth(c):
    p = np.pad(c, 1, mode="edge")
    return c + 0.1 * (p[2:, 1:-1] + p[:-2, 1:-1] + p[1:-1, 2:] + p[1:-1, :-2] - 4 * c)


def smooth_often(c):
    return smooth(smooth(smooth(smooth(smooth(smooth(c))))))


def test_repeated_stencils_stay_linear_in_size(rng):
    c = rng.random((12, 12))
    kernel = tapec.compile(smooth_often)
    np.testing.assert_allclose(kernel(c), smooth_often(c), rtol=1e-13)
    assert len(str(kernel.ir("loops", c)).splitlines()) < 400


def test_a_cheap_difference_stays_where_it_is_read(rng):
    def differences(u):
        d = u[1:] - u[:-1]
        return d[1:] * d[:-1]

    u = rng.random(200)
    text = str(tapec.compile(differences).ir("loops", u))
    assert "alloc" not in text
