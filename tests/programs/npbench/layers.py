"""Layers of networks: products, convolutions, pooling, normalisation."""

from __future__ import annotations

import numpy as np
from programs.npbench.program import kernels

KERNELS, kernel = kernels()
rng = np.random.default_rng(67)


@kernel(rng.normal(size=(3, 2, 8, 8)), analytic=False)
def softmax(x):
    tmp_max = np.max(x, axis=-1, keepdims=True)
    tmp_out = np.exp(x - tmp_max)
    tmp_sum = np.sum(tmp_out, axis=-1, keepdims=True)
    return tmp_out / tmp_sum


def relu(x):
    return np.maximum(x, 0)


def softmax_rows(x):
    tmp_max = np.max(x, axis=-1, keepdims=True)
    tmp_out = np.exp(x - tmp_max)
    return tmp_out / np.sum(tmp_out, axis=-1, keepdims=True)


@kernel(
    rng.normal(size=(6, 5)),
    rng.normal(size=(5, 8)),
    rng.normal(size=8),
    rng.normal(size=(8, 7)),
    rng.normal(size=7),
    rng.normal(size=(7, 4)),
    rng.normal(size=4),
    analytic=False,
)
def mlp(x, w1, b1, w2, b2, w3, b3):
    x = relu(x @ w1 + b1)
    x = relu(x @ w2 + b2)
    return softmax_rows(x @ w3 + b3)


def conv2d(x, weights):
    k = weights.shape[0]
    n = x.shape[0]
    h_out = x.shape[1] - k + 1
    w_out = x.shape[2] - k + 1
    c_out = weights.shape[3]
    output = np.empty((n, h_out, w_out, c_out), dtype=np.float64)
    for i in range(h_out):
        for j in range(w_out):
            output[:, i, j, :] = np.sum(
                x[:, i : i + k, j : j + k, :, np.newaxis] * weights[np.newaxis, :, :, :],
                axis=(1, 2, 3),
            )
    return output


@kernel(rng.normal(size=(2, 9, 9, 3)), rng.normal(size=(3, 3, 3, 4)), rng.normal(size=4))
def conv2d_bias(x, weights, bias):
    return conv2d(x, weights) + bias


def maxpool2d(x):
    output = np.empty([x.shape[0], x.shape[1] // 2, x.shape[2] // 2, x.shape[3]], dtype=x.dtype)
    for i in range(x.shape[1] // 2):
        for j in range(x.shape[2] // 2):
            output[:, i, j, :] = np.max(x[:, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2, :], axis=(1, 2))
    return output


@kernel(
    rng.normal(size=(2, 16, 16, 1)),
    rng.normal(size=(3, 3, 1, 2)),
    rng.normal(size=2),
    rng.normal(size=(2, 2, 2, 3)),
    rng.normal(size=3),
    rng.normal(size=(27, 8)),
    rng.normal(size=8),
    2,
    27,
    analytic=False,
)
def lenet(x, conv1, bias1, conv2, bias2, fc1w, fc1b, n, c_before_fc1):
    x = relu(conv2d(x, conv1) + bias1)
    x = maxpool2d(x)
    x = relu(conv2d(x, conv2) + bias2)
    x = maxpool2d(x)
    x = np.reshape(x, (n, c_before_fc1))
    return relu(x @ fc1w + fc1b)


def batchnorm2d(x, eps=1e-5):
    mean = np.mean(x, axis=0, keepdims=True)
    std = np.std(x, axis=0, keepdims=True)
    return (x - mean) / np.sqrt(std + eps)


@kernel(rng.normal(size=(4, 6, 6, 3)), rng.normal(size=(1, 1, 3, 3)), analytic=False)
def residual_block(x, conv1):
    y = relu(batchnorm2d(conv2d(x, conv1)))
    return relu(y + x)


@kernel(rng.random((12, 12)), rng.random((3, 3)))
def filter2d(image, filt):
    m, n = image.shape
    mf, nf = filt.shape
    mf2, nf2 = mf // 2, nf // 2
    result = np.zeros_like(image)
    for i in range(mf2, m - mf2):
        for j in range(nf2, n - nf2):
            num = 0.0
            for ii in range(mf):
                for jj in range(nf):
                    num += filt[mf - 1 - ii, nf - 1 - jj] * image[i - mf2 + ii, j - nf2 + jj]
            result[i, j] = num
    return result


@kernel(rng.normal(size=25), rng.normal(size=7))
def full_convolution(x, h):
    n, m = len(x), len(h)
    y = np.zeros(n + m - 1)
    for i in range(n):
        for j in range(m):
            y[i + j] += x[i] * h[j]
    return y


@kernel(rng.random(32))
def walsh_hadamard(a):
    a = a.copy()
    h = 1
    while h < len(a):
        for i in range(0, len(a), h * 2):
            for j in range(i, i + h):
                x = a[j]
                y = a[j + h]
                a[j] = x + y
                a[j + h] = x - y
        h *= 2
    return a / np.sqrt(len(a))


@kernel(rng.random(17))
def haar_lifting(x):
    x = x[:16].copy()
    n = 16
    while n > 1:
        half = n // 2
        s = (x[:n:2] + x[1:n:2]) / np.sqrt(2.0)
        d = (x[:n:2] - x[1:n:2]) / np.sqrt(2.0)
        x[:half] = s
        x[half:n] = d
        n = half
    return x
