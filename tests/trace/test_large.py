"""A million unknowns: preparation looks at tables once and at nothing else that is so long."""

from __future__ import annotations

import tracemalloc
from time import process_time

import numpy as np
import pytest

import wrt
from wrt.api.prepared import Prepared

N = 1 << 20
M = 1 << 10
RNG = np.random.default_rng(3)
HERE, THERE = RNG.integers(0, N, N), RNG.integers(0, N, N)
CHOSEN = RNG.random(N) < 0.5
CAMERA, POINT = RNG.integers(0, N // 100, N), RNG.integers(0, N // 5, N)


def burgers(u):
    up, down = np.concatenate([u[1:], u[:1]]), np.roll(u, 1)
    return -u * (up - down) + up - 2 * u + down


def slices(u):
    out = np.zeros_like(u)
    out[1:-1] = u[1:-1] * (u[2:] - u[:-2])
    out[0], out[-1] = u[0], u[-1]
    return out


def brusselator(x):
    u, v = x[: M * M].reshape(M, M), x[M * M :].reshape(M, M)

    def spread(a):
        return np.roll(a, 1, 0) + np.roll(a, -1, 0) + np.roll(a, 1, 1) + np.roll(a, -1, 1) - 4 * a

    return np.concatenate([(1 + u * u * v - 4.4 * u + spread(u)).ravel(), (3.4 * u - u * u * v + spread(v)).ravel()])


def springs(x):
    out, force = np.zeros_like(x), np.sin(x[HERE] - x[THERE])
    np.add.at(out, HERE, force)
    np.add.at(out, THERE, -force)
    return out + np.bincount(HERE, weights=x, minlength=N)


def masked(x):
    y = x.copy()
    y[CHOSEN] = np.sin(x[CHOSEN])
    return np.where(x > 0, y, y**2)


def projection(x):
    cameras, points = x[: N // 100 * 6].reshape(-1, 6)[CAMERA], x[N // 100 * 6 :][: N // 5 * 3].reshape(-1, 3)[POINT]
    seen = points * cameras[:, :3] + cameras[:, 3:]
    return (seen[:, :2] / seen[:, 2:]).ravel()


CASES = [(burgers, N, 5), (slices, N, 5), (brusselator, 2 * N, 150), (springs, N, 120), (masked, N, 60), (projection, N, 400)]


@pytest.mark.parametrize(("f", "n", "megabytes"), CASES, ids=lambda f: getattr(f, "__name__", ""))
def test_preparation_is_short_and_small(f, n, megabytes, monkeypatch):
    """Trace and accumulation: about a tenth of what is allowed here. Copying a table at each operation takes ten times that."""
    monkeypatch.setattr(Prepared, "run", lambda self, kind, arrays: self)
    x = RNG.standard_normal(n)
    start = process_time()
    wrt.jacobian(f)._run("sparse", (x,), {})[0].maps
    assert process_time() - start < 5
    tracemalloc.start()
    wrt.jacobian(f)._run("sparse", (x,), {})[0].maps
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < megabytes * 1e6
