"""The part of torch that generated code uses, over NumPy: the same names, keywords and refusals, no more."""

import types

import numpy as np
import scipy.linalg
import scipy.special

float64, int64, bool = np.float64, np.int64, np.bool_
inf, nan = np.inf, np.nan


class Tensor(np.ndarray):
    """An array that answers to torch's methods only where generated code may call them."""

    def clone(self):
        return np.array(self).view(Tensor)

    def permute(self, *axes):
        return np.transpose(self, axes)

    def sum(self, dim=None, keepdim=False):
        return as_tensor(np.sum(np.asarray(self), axis=dim, keepdims=keepdim))

    def copy(self, *_):
        raise AttributeError("torch has no .copy()")

    def index_put_(self, indices, values, accumulate=False):
        np.add.at(self, indices, values)
        return self

    def __getitem__(self, key):
        steps = [k.step for k in (key if isinstance(key, tuple) else (key,)) if isinstance(k, slice)]
        assert not any(s is not None and s < 0 for s in steps), "torch slices run forwards"
        return as_tensor(super().__getitem__(key))


def as_tensor(value, dtype=None):
    return np.asarray(value, dtype).view(Tensor)


def tensor(value):
    return as_tensor(value)


def _entrywise(function):
    def call(*arrays):
        assert all(isinstance(a, np.ndarray | np.generic) for a in arrays), "torch functions take tensors"
        return as_tensor(function(*arrays))

    return call


_SAME = """exp exp2 expm1 log log2 log10 log1p sqrt sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh deg2rad rad2deg sinc
arctan2 hypot logaddexp copysign sign floor ceil trunc logical_and logical_or logical_xor logical_not isnan isinf isfinite signbit fmod maximum minimum"""
_SPECIAL = "erf erfc expit gammaln digamma polygamma xlogy ndtr logit log_ndtr entr"
_LINALG = "inv solve pinv cholesky det slogdet eigh eigvalsh qr svd matrix_rank"
globals().update({name: _entrywise(getattr(np, name)) for name in _SAME.split()})
abs, round = _entrywise(np.abs), _entrywise(np.rint)
special = types.SimpleNamespace(**{name: _entrywise(getattr(scipy.special, name)) for name in _SPECIAL.split()})
linalg = types.SimpleNamespace(
    **{name: getattr(np.linalg, name) for name in _LINALG.split()},
    vector_norm=lambda x, dim=None, keepdim=False: as_tensor(np.sqrt(np.sum(np.square(np.asarray(x)), axis=dim, keepdims=keepdim))),
    svdvals=lambda x: np.linalg.svd(x, compute_uv=False),
    matrix_exp=scipy.linalg.expm,
)


def zeros(shape, dtype):
    assert isinstance(shape, tuple)
    return as_tensor(np.zeros(shape, dtype))


def ones(shape, dtype):
    return as_tensor(np.ones(shape, dtype))


def full(shape, value, dtype):
    assert isinstance(shape, tuple)
    return as_tensor(np.full(shape, value, dtype))


def eye(n, dtype):
    return as_tensor(np.eye(n, dtype=dtype))


def arange(n):
    return as_tensor(np.arange(n))


def einsum(spec, *arrays):
    return as_tensor(np.einsum(spec, *map(np.asarray, arrays)))


def tensordot(a, b, dims):
    return as_tensor(np.tensordot(np.asarray(a), np.asarray(b), axes=dims))


def where(condition, a, b):
    return as_tensor(np.where(condition, a, b))


def diag(a):
    return as_tensor(np.diag(np.asarray(a)))


def diagonal(a):
    return as_tensor(np.diagonal(np.asarray(a)))


def trace(a):
    return as_tensor(np.trace(np.asarray(a)))


def tril(a, k=0):
    return as_tensor(np.tril(np.asarray(a), k))


def triu(a, k=0):
    return as_tensor(np.triu(np.asarray(a), k))


def stack(entries):
    return as_tensor(np.stack([np.asarray(e) for e in entries]))


def reshape(a, shape):
    return as_tensor(np.reshape(a, shape))


def broadcast_to(a, shape):
    return as_tensor(np.broadcast_to(a, shape))


def flip(a, dims):
    return as_tensor(np.flip(np.asarray(a), dims))


def roll(a, shift, dims):
    return as_tensor(np.roll(np.asarray(a), shift, dims))


def cumsum(a, dim):
    return as_tensor(np.cumsum(np.asarray(a), dim))


def cumprod(a, dim):
    return as_tensor(np.cumprod(np.asarray(a), dim))


def amax(a, dim=None, keepdim=False):
    return as_tensor(np.max(np.asarray(a), axis=dim, keepdims=keepdim))


def amin(a, dim=None, keepdim=False):
    return as_tensor(np.min(np.asarray(a), axis=dim, keepdims=keepdim))


def prod(a, dim=None, keepdim=False):
    return as_tensor(np.prod(np.asarray(a), axis=dim, keepdims=keepdim))


def logsumexp(a, dim, keepdim=False):
    return as_tensor(scipy.special.logsumexp(np.asarray(a), axis=dim, keepdims=keepdim))
