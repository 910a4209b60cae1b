"""Entries that are read several times by an index that wraps round, and axes of one that keepdims leaves: all verbs against differences."""

import numpy as np
import pytest

import wrt

WRAPPED = {
    "resize": (lambda x: np.resize(x, 5) * np.arange(1.0, 6), 3),
    "resize to fewer": (lambda x: np.resize(x, 2) ** 2, 3),
    "resize to a matrix": (lambda x: np.resize(x, (3, 4)).ravel() * np.arange(1.0, 13), 5),
    "pad wrap": (lambda x: np.pad(x, 1, mode="wrap") ** 2, 3),
    "pad wrap twice round": (lambda x: np.pad(x, (4, 2), mode="wrap") ** 2, 3),
    "pad wrap of a matrix": (lambda x: np.pad(x.reshape(2, 3), ((1, 2), (2, 1)), mode="wrap").ravel() ** 2, 6),
    "tile": (lambda x: np.tile(x, 3) * np.arange(1.0, 13), 4),
    "rolls side by side": (lambda x: np.concatenate([np.roll(x, k) * x for k in range(5)]), 4),
    "roll of a roll that repeats": (lambda x: np.roll(np.resize(np.roll(x, 1), 7), 2) ** 2, 3),
    "taken round and round": (lambda x: np.take(x, np.arange(7) % 3) ** 2, 3),
}


@pytest.mark.parametrize("name", WRAPPED)
def test_every_verb_agrees_with_differences(name, rng):
    f, n = WRAPPED[name]
    x = rng.uniform(0.5, 1.5, n)
    want = wrt.numeric.jacobian(f, x).value
    w = rng.standard_normal(len(want))
    J = wrt.jacobian(f)
    np.testing.assert_allclose(J(x), want, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(J.sparse(x).toarray(), want, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(J.operator(x).T @ w, w @ want, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(J.operator(x) @ x, want @ x, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(wrt.gradient(lambda x: f(x) @ w)(x), w @ want, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(wrt.vjp(f)(x, cotangent=w), w @ want, rtol=1e-8, atol=1e-8)


def test_what_was_wrong():
    np.testing.assert_allclose(wrt.gradient(lambda x: np.resize(x, 5) @ np.array([1.0, 2, 3, 4, 5]))(np.ones(3)), [5, 7, 3])
    np.testing.assert_allclose(wrt.vjp(lambda x: np.pad(x, 1, mode="wrap"))(np.ones(3), cotangent=np.ones(5)), [2, 1, 2])


KEPT = {
    "exp of minus half the sum": lambda z: np.exp(z - z.sum(axis=1, keepdims=True) * 0.5),
    "exp of minus the mean": lambda z: np.exp(z - z.mean(axis=1, keepdims=True)),
    "softmax": lambda z: np.exp(z) / np.exp(z).sum(axis=1, keepdims=True),
    "minus the mean": lambda z: z - z.mean(axis=0, keepdims=True),
    "over the norm": lambda z: z / np.sqrt((z**2).sum(axis=-1, keepdims=True)),
    "maximum of rows": lambda z: np.maximum(z, 0.3 * z.sum(axis=1, keepdims=True)) * z,
    "log-sum-exp": lambda z: z - np.log(np.exp(z).sum(axis=1, keepdims=True)),
    "both axes": lambda z: z * z.sum(axis=(0, 1), keepdims=True) + z.sum(axis=1, keepdims=True),
    "a choice": lambda z: np.where(z > z.mean(axis=1, keepdims=True) - 0.01, z**2, z.sum(axis=1, keepdims=True)),
    "direction": lambda z: z * np.hypot(z, z.sum(axis=1, keepdims=True)),
}


@pytest.mark.parametrize("name", KEPT)
@pytest.mark.parametrize("shape", [(3, 1), (1, 3), (2, 3), (3, 3), (1, 1)])
def test_keepdims(name, shape, rng):
    f = KEPT[name]
    z = rng.uniform(0.1, 1.0, shape)
    want = wrt.numeric.jacobian(f, z).value
    w = rng.standard_normal(shape)
    pulled = np.tensordot(w, want, 2)
    gradient = wrt.gradient(lambda z: np.sum(f(z) * w))(z)
    assert gradient.shape == shape
    np.testing.assert_allclose(wrt.jacobian(f)(z), want, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(gradient, pulled, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(wrt.vjp(f)(z, cotangent=w), pulled, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(wrt.jvp(f)(z, tangent=w), np.tensordot(want, w, 2), rtol=1e-7, atol=1e-8)
