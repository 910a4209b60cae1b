"""Sparse derivatives with fancy indexing: bundle adjustment and power flow."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, sin, sqrt
from typing import Any

import numpy as np
from numba import njit

from cases.case import Case, Pattern, Problem, csr, rng
from cases.trig import sincos

CAMERAS, POINTS, OBSERVATIONS = 50, 3000, 10_000
BUSES = 3000


# ----- bundle adjustment: rotation, translation, focal length and distortion of each camera ---------------------------
def rotate(p: Any, w: Any) -> Any:
    """Rodrigues' formula."""
    theta = np.sqrt(np.sum(w**2, axis=1))[:, None]
    axis = w / theta
    dot = np.sum(axis * p, axis=1)[:, None]
    return np.cos(theta) * p + np.sin(theta) * np.cross(axis, p) + (1 - np.cos(theta)) * dot * axis


def bundle_problem() -> Problem:
    r = rng(9)
    split = 9 * CAMERAS
    camera = np.sort(r.integers(0, CAMERAS, OBSERVATIONS))
    point = r.integers(0, POINTS, OBSERVATIONS)

    def bundle(x: Any, seen: Any) -> Any:
        cameras = x[:split].reshape(CAMERAS, 9)[camera]
        points = x[split:].reshape(POINTS, 3)[point]
        q = rotate(points, cameras[:, :3]) + cameras[:, 3:6]
        p = -q[:, :2] / q[:, 2:]
        n = np.sum(p**2, axis=1)
        r = 1 + cameras[:, 7] * n + cameras[:, 8] * n**2
        return (p * (r * cameras[:, 6])[:, None] - seen).ravel()

    first = 9 * camera[:, None] + np.arange(9)
    second = split + 3 * point[:, None] + np.arange(3)
    columns = np.repeat(np.concatenate([first, second], axis=1), 2, axis=0).ravel().astype(np.int32)
    pattern = Pattern(columns, np.arange(0, 24 * OBSERVATIONS + 1, 12, dtype=np.int32), (2 * OBSERVATIONS, split + 3 * POINTS))

    short = (camera.astype(np.uint32), point.astype(np.uint32))

    def each(data: Any, x: Any, seen: Any) -> None:
        bundle_fill(data, x, *short, np.uint32(split))

    def shared(data: Any, x: Any, seen: Any) -> None:
        bundle_fill_shared(data, x, *short, np.uint32(split), CAMERAS)

    def draw() -> Any:
        cameras = np.concatenate([
            r.uniform(0.1, 0.6, (CAMERAS, 3)), r.normal(0, 0.5, (CAMERAS, 2)), r.uniform(-8, -6, (CAMERAS, 1)),
            r.uniform(400, 600, (CAMERAS, 1)), r.normal(0, 1e-2, (CAMERAS, 2)),
        ], axis=1)  # fmt: skip
        return np.concatenate([cameras.ravel(), r.uniform(-1, 1, 3 * POINTS)])

    data = {"camera": camera, "point": point, "split": split}
    hands = {"Numba": each, "Numba, sines for each camera": shared}
    return Problem(bundle, [draw() for _ in range(6)], hands, (r.normal(0, 50, (OBSERVATIONS, 2)),), pattern, data=data)


@njit(cache=True, fastmath=True, inline="always")
def bundle_row(data, at, x, i, j, c, a, b, da, db):
    """The two rows of an observation: c = cos θ, a = sin θ / θ, b = (1 − cos θ) / θ², da and db their slopes over θ."""
    w0, w1, w2 = x[i], x[i + 1], x[i + 2]
    f, k1, k2 = x[i + 6], x[i + 7], x[i + 8]
    p0, p1, p2 = x[j], x[j + 1], x[j + 2]
    dot = w0 * p0 + w1 * p1 + w2 * p2
    n0, n1, n2 = w1 * p2 - w2 * p1, w2 * p0 - w0 * p2, w0 * p1 - w1 * p0
    q0 = c * p0 + a * n0 + b * dot * w0 + x[i + 3]
    q1 = c * p1 + a * n1 + b * dot * w1 + x[i + 4]
    q2 = c * p2 + a * n2 + b * dot * w2 + x[i + 5]
    z = -1.0 / q2
    u, v = q0 * z, q1 * z
    n = u * u + v * v
    r = 1 + n * (k1 + k2 * n)
    s = f * (2 * k1 + 4 * k2 * n)
    fr = f * r
    xx, xy, yy = z * (fr + s * u * u), z * s * u * v, z * (fr + s * v * v)
    g2, h2 = xx * u + xy * v, xy * u + yy * v  # rows of the slopes by q: (xx, xy, g2), (xy, yy, h2)
    # the slopes by w are w_k times one vector, plus a (e_k × p) + b (e_k dot + w p_k)
    m0 = -a * p0 + da * n0 + db * dot * w0
    m1 = -a * p1 + da * n1 + db * dot * w1
    m2 = -a * p2 + da * n2 + db * dot * w2
    for row in range(2):
        if row == 0:
            g, h, k, proj = xx, xy, g2, u
        else:
            g, h, k, proj = xy, yy, h2, v
        o = at + 12 * row
        along = g * m0 + h * m1 + k * m2
        bw = b * (g * w0 + h * w1 + k * w2)
        data[o] = along * w0 + a * (k * p1 - h * p2) + b * dot * g + bw * p0
        data[o + 1] = along * w1 + a * (g * p2 - k * p0) + b * dot * h + bw * p1
        data[o + 2] = along * w2 + a * (h * p0 - g * p1) + b * dot * k + bw * p2
        data[o + 3] = g
        data[o + 4] = h
        data[o + 5] = k
        data[o + 6] = r * proj
        data[o + 7] = f * n * proj
        data[o + 8] = f * n * n * proj
        data[o + 9] = c * g + a * (h * w2 - k * w1) + bw * w0
        data[o + 10] = c * h + a * (k * w0 - g * w2) + bw * w1
        data[o + 11] = c * k + a * (g * w1 - h * w0) + bw * w2


@njit(cache=True, fastmath=True)
def bundle_fill(data, x, camera, point, split):
    for e in range(len(camera)):
        i, j = 9 * camera[e], split + 3 * point[e]
        square = x[i] * x[i] + x[i + 1] * x[i + 1] + x[i + 2] * x[i + 2]
        theta = sqrt(square)
        c = cos(theta)
        a, b = sin(theta) / theta, (1 - c) / square
        bundle_row(data, 24 * e, x, i, j, c, a, b, (c - a) / square, (a - 2 * b) / square)


@njit(cache=True, fastmath=True)
def bundle_fill_shared(data, x, camera, point, split, cameras):
    table = np.empty((cameras, 5))
    for k in range(cameras):
        i = 9 * k
        square = x[i] * x[i] + x[i + 1] * x[i + 1] + x[i + 2] * x[i + 2]
        theta = sqrt(square)
        c = cos(theta)
        a, b = sin(theta) / theta, (1 - c) / square
        table[k, 0] = c
        table[k, 1] = a
        table[k, 2] = b
        table[k, 3] = (c - a) / square
        table[k, 4] = (a - 2 * b) / square
    for e in range(len(camera)):
        k = camera[e]
        bundle_row(data, 24 * e, x, 9 * k, split + 3 * point[e], table[k, 0], table[k, 1], table[k, 2], table[k, 3], table[k, 4])


# ----- power flow: the lines of a grid as a list ----------------------------------------------------------------------
def grid(r: np.random.Generator) -> tuple[Any, Any]:
    """A tree, so that all buses are connected, and chords; each line once."""
    tree = np.stack([np.arange(1, BUSES), r.integers(np.maximum(0, np.arange(1, BUSES) - 30), np.arange(1, BUSES))], 1)
    a = r.integers(0, BUSES, BUSES // 2)
    chords = np.stack([a, (a + r.integers(1, 200, BUSES // 2)) % BUSES], 1)
    lines = np.unique(np.sort(np.concatenate([tree, chords]), axis=1), axis=0)
    return lines[:, 0], lines[:, 1]


def power_problem() -> Problem:
    r = rng(10)
    left, right = grid(r)
    order = np.lexsort((np.concatenate([right, left]), np.concatenate([left, right])))
    i, j = np.concatenate([left, right])[order], np.concatenate([right, left])[order]
    line = np.tile(np.arange(len(left)), 2)[order]
    conductance, susceptance = -r.uniform(0.5, 2, len(left)), r.uniform(4, 12, len(left))
    G, B = conductance[line], susceptance[line]
    g, b = -np.bincount(i, G, BUSES), -np.bincount(i, B, BUSES)
    wanted = r.normal(0, 1, 2 * BUSES)
    n = BUSES

    def power(x: Any, G: Any, B: Any, g: Any, b: Any) -> Any:
        """What flows out of each bus, P and Q, less what is wanted; G, B of the lines in both directions, g, b of the buses."""
        theta, V = x[:n], x[n:]
        d = theta[i] - theta[j]
        VV = V[i] * V[j]
        p = VV * (G * np.cos(d) + B * np.sin(d))
        q = VV * (G * np.sin(d) - B * np.cos(d))
        P = np.bincount(i, weights=p, minlength=n) + g * V**2
        Q = np.bincount(i, weights=q, minlength=n) - b * V**2
        return np.concatenate([P, Q]) - wanted

    bus = np.arange(n)
    first, second = np.concatenate([i, bus]), np.concatenate([j, bus])
    pattern, slots = csr(np.concatenate([first, first, n + first, n + first]), np.concatenate([second, n + second] * 2), (2 * n, 2 * n))
    many = len(i)
    places = slots.reshape(4, many + n)  # dP/dθ, dP/dV, dQ/dθ, dQ/dV
    forward = np.flatnonzero(i < j)  # of each line the direction with the smaller bus first, and the other one
    backward = np.lexsort((i, j))[forward]
    degree = np.bincount(i, minlength=n)
    first_place = 2 * (np.cumsum(degree + 1) - degree - 1)  # in the row of each bus
    nth = np.arange(many) - np.repeat(np.cumsum(degree) - degree, degree)
    place, width = first_place[i] + nth + (j > i), degree[i] + 1
    diagonal = first_place + np.bincount(i, j < i, n).astype(int)
    tables = [place[forward], place[backward], width[forward], width[backward], forward, backward, i[forward], j[forward], diagonal, degree + 1]
    tables = [t.astype(np.uint32) for t in tables]  # unsigned: Numba need not look for negative ones
    down = np.uint32(2 * (many + n))
    lines = len(forward)
    angle, sine, cosine, sums = np.empty(lines), np.empty(lines), np.empty(lines), np.empty((n, 2))

    def scalar(data: Any, x: Any, G: Any, B: Any, g: Any, b: Any) -> None:
        """Sine and cosine of each line once, by the mathematical library."""
        line_sines_scalar(x, tables[6], tables[7], sine, cosine)
        power_fill(data, x, G, B, g, b, sine, cosine, sums, down, *tables)

    def vectorized(data: Any, x: Any, G: Any, B: Any, g: Any, b: Any) -> None:
        """The same, vectorized."""
        line_sines(x, tables[6], tables[7], angle, sine, cosine)
        power_fill(data, x, G, B, g, b, sine, cosine, sums, down, *tables)

    def by_numpy(data: Any, x: Any, G: Any, B: Any, g: Any, b: Any) -> None:
        theta, V = x[:n], x[n:]
        d = theta[left] - theta[right]
        s, c = np.sin(d)[line] * np.where(i < j, 1.0, -1.0), np.cos(d)[line]
        Vi, Vj = V[i], V[j]
        p, q = G * c + B * s, G * s - B * c
        pv, qv = Vi * p, Vi * q  # by the other voltage
        pt, qt = pv * Vj, qv * Vj
        data[places[0, :many]], data[places[1, :many]], data[places[2, :many]], data[places[3, :many]] = qt, pv, -pt, qv
        data[places[0, many:]] = -np.bincount(i, qt, n)
        data[places[1, many:]] = np.bincount(i, Vj * p, n) + 2 * g * V
        data[places[2, many:]] = np.bincount(i, pt, n)
        data[places[3, many:]] = np.bincount(i, Vj * q, n) - 2 * b * V

    points = [np.concatenate([r.normal(0, 0.1, n), r.uniform(0.95, 1.05, n)]) for _ in range(8)]
    hands: dict[str, Callable[..., Any]] = {"NumPy": by_numpy, "Numba": scalar, "Numba, vectorized sines": vectorized}
    data = {"i": i, "j": j, "n": n, "wanted": wanted}
    return Problem(power, points, hands, (G, B, g, b), pattern, data=data)


@njit(cache=True, fastmath=True)
def line_sines_scalar(x, left, right, sine, cosine):
    for e in range(len(left)):
        d = x[left[e]] - x[right[e]]
        sine[e] = sin(d)
        cosine[e] = cos(d)


@njit(cache=True)
def line_sines(x, left, right, angle, sine, cosine):
    for e in range(len(left)):
        angle[e] = x[left[e]] - x[right[e]]
    for e in range(len(left)):
        sine[e], cosine[e] = sincos(angle[e])


@njit(cache=True, fastmath=True)
def power_fill(data, x, G, B, g, b, sine, cosine, sums, down, place, place_back, width, width_back, edge, edge_back, left, right, diagonal, widths):
    """Line by line, both directions at once; the buses gather what their diagonals get. The rows of Q lie `down` below those of P."""
    n = len(g)
    for i in range(n):
        sums[i, 0] = sums[i, 1] = 0.0
    for e in range(len(place)):
        i, j, s, c = left[e], right[e], sine[e], cosine[e]
        v, w = x[np.uint32(n) + i], x[np.uint32(n) + j]
        vw = v * w
        G1, B1, G2, B2 = G[edge[e]], B[edge[e]], G[edge_back[e]], B[edge_back[e]]
        p, q = G1 * c + B1 * s, G1 * s - B1 * c
        at, m = place[e], width[e]
        data[at] = vw * q
        data[at + m] = v * p
        data[at + down] = -vw * p
        data[at + down + m] = v * q
        sums[i, 0] += w * p
        sums[i, 1] += w * q
        p, q = G2 * c - B2 * s, -G2 * s - B2 * c
        at, m = place_back[e], width_back[e]
        data[at] = vw * q
        data[at + m] = w * p
        data[at + down] = -vw * p
        data[at + down + m] = w * q
        sums[j, 0] += v * p
        sums[j, 1] += v * q
    for i in range(n):
        v, at, m, p, q = x[n + i], diagonal[i], widths[i], sums[i, 0], sums[i, 1]
        data[at] = -v * q
        data[at + m] = p + 2 * g[i] * v
        data[at + down] = v * p
        data[at + down + m] = q - 2 * b[i] * v


CASES = [
    Case("bundle adjustment 1e4", "sparse", bundle_problem),
    Case("bundle adjustment 1e4 fresh", "sparse", bundle_problem, fresh=True),
    Case("power flow 3000", "sparse", power_problem),
    Case("power flow 3000 fresh", "sparse", power_problem, fresh=True),
]
