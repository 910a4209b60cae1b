"""Small dense Jacobians, where a call is a microsecond and most of it is dispatch."""

from __future__ import annotations

from math import cos, exp, sin
from typing import Any

import numpy as np
from numba import njit

from cases.case import Case, Problem, rng

MANY = 64  # points, so that x is new at each call


# ----- polar coordinates, R² -> R² ------------------------------------------------------------------------------------
def polar(x: Any) -> Any:
    return np.array([x[0] * np.cos(x[1]), x[0] * np.sin(x[1])])


def polar_numpy(x: Any) -> Any:
    r, t = x.tolist()
    c, s = cos(t), sin(t)
    return np.array(((c, -r * s), (s, r * c)))


@njit(cache=True)
def polar_numba(x):
    J = np.empty((2, 2))
    r, c, s = x[0], cos(x[1]), sin(x[1])
    J[0, 0] = c
    J[0, 1] = -r * s
    J[1, 0] = s
    J[1, 1] = r * c
    return J


# ----- spherical coordinates, R³ -> R³ --------------------------------------------------------------------------------
def spherical(x: Any) -> Any:
    r, theta, phi = x[0], x[1], x[2]
    return np.array([r * np.sin(theta) * np.cos(phi), r * np.sin(theta) * np.sin(phi), r * np.cos(theta)])


def spherical_numpy(x: Any) -> Any:
    r, t, p = x.tolist()
    st, ct, sp, cp = sin(t), cos(t), sin(p), cos(p)
    rst, rct = r * st, r * ct
    return np.array(((st * cp, rct * cp, -rst * sp), (st * sp, rct * sp, rst * cp), (ct, -rst, 0.0)))


@njit(cache=True)
def spherical_numba(x):
    J = np.empty((3, 3))
    r, st, ct, sp, cp = x[0], sin(x[1]), cos(x[1]), sin(x[2]), cos(x[2])
    rst, rct = r * st, r * ct
    J[0, 0] = st * cp
    J[0, 1] = rct * cp
    J[0, 2] = -rst * sp
    J[1, 0] = st * sp
    J[1, 1] = rct * sp
    J[1, 2] = rst * cp
    J[2, 0] = ct
    J[2, 1] = -rst
    J[2, 2] = 0.0
    return J


# ----- a mixed 3 -> 3 map ---------------------------------------------------------------------------------------------
def mixed(x: Any) -> Any:
    return np.array([x[0] * np.sin(x[1]), x[1] * x[2], np.exp(x[0])])


def mixed_numpy(x: Any) -> Any:
    a, b, c = x.tolist()
    return np.array(((sin(b), a * cos(b), 0.0), (0.0, c, b), (exp(a), 0.0, 0.0)))


@njit(cache=True)
def mixed_numba(x):
    J = np.zeros((3, 3))
    J[0, 0] = sin(x[1])
    J[0, 1] = x[0] * cos(x[1])
    J[1, 1] = x[2]
    J[1, 2] = x[1]
    J[2, 0] = exp(x[0])
    return J


# ----- the six joints of a robot arm, R⁶ -> R¹⁸ -----------------------------------------------------------------------
LENGTH = (0.0, -0.425, -0.392, 0.0, 0.0, 0.0)  # Denavit–Hartenberg parameters of a UR5-like arm
OFFSET = (0.089, 0.0, 0.0, 0.109, 0.095, 0.082)
TWIST = ((0.0, 1.0), (1.0, 0.0), (1.0, 0.0), (0.0, 1.0), (0.0, -1.0), (1.0, 0.0))  # cosine and sine of the twist of each link


def link(q: Any, a: float, d: float, ca: float, sa: float) -> Any:
    """From one joint's frame to the next."""
    c, s = np.cos(q), np.sin(q)
    return np.array([[c, -s * ca, s * sa, a * c], [s, c * ca, -c * sa, a * s], [0.0, sa, ca, d], [0.0, 0.0, 0.0, 1.0]])


def arm(q: Any) -> Any:
    frame = np.eye(4)
    places = []
    for k in range(6):
        frame = frame @ link(q[k], LENGTH[k], OFFSET[k], *TWIST[k])
        places.append(frame[:3, 3])
    return np.concatenate(places)


def arm_numpy(q: Any) -> Any:
    """Column j at place k >= j is the cross product of the j-th axis and the way from the j-th joint to the place."""
    rows, places, axes = [], [(0.0, 0.0, 0.0)], []
    x0, x1, x2, y0, y1, y2, z0, z1, z2 = 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0
    p0 = p1 = p2 = 0.0
    for k, angle in enumerate(q.tolist()):
        axes.append((z0, z1, z2))
        c, s, a, d, (ca, sa) = cos(angle), sin(angle), LENGTH[k], OFFSET[k], TWIST[k]
        u0, u1, u2 = c * x0 + s * y0, c * x1 + s * y1, c * x2 + s * y2
        v0, v1, v2 = c * y0 - s * x0, c * y1 - s * x1, c * y2 - s * x2
        p0, p1, p2 = p0 + a * u0 + d * z0, p1 + a * u1 + d * z1, p2 + a * u2 + d * z2
        x0, x1, x2 = u0, u1, u2
        y0, y1, y2 = ca * v0 + sa * z0, ca * v1 + sa * z1, ca * v2 + sa * z2
        z0, z1, z2 = ca * z0 - sa * v0, ca * z1 - sa * v1, ca * z2 - sa * v2
        places.append((p0, p1, p2))
        first, second, third = [0.0] * 6, [0.0] * 6, [0.0] * 6
        for j, ((a0, a1, a2), (w0, w1, w2)) in enumerate(zip(axes, places, strict=False)):
            first[j] = a1 * (p2 - w2) - a2 * (p1 - w1)
            second[j] = a2 * (p0 - w0) - a0 * (p2 - w2)
            third[j] = a0 * (p1 - w1) - a1 * (p0 - w0)
        rows += first, second, third
    return np.array(rows)


@njit(cache=True, fastmath=True, inline="always")
def joint(frame, place, angle, a, d, ca, sa):
    """The next frame and place: the numbers of a link are constants where this is inlined."""
    (x0, x1, x2), (y0, y1, y2), (z0, z1, z2) = frame
    c, s = cos(angle), sin(angle)
    u0, u1, u2 = c * x0 + s * y0, c * x1 + s * y1, c * x2 + s * y2
    v0, v1, v2 = c * y0 - s * x0, c * y1 - s * x1, c * y2 - s * x2
    place = (place[0] + a * u0 + d * z0, place[1] + a * u1 + d * z1, place[2] + a * u2 + d * z2)
    y = (ca * v0 + sa * z0, ca * v1 + sa * z1, ca * v2 + sa * z2)
    return ((u0, u1, u2), y, (ca * z0 - sa * v0, ca * z1 - sa * v1, ca * z2 - sa * v2)), place


@njit(cache=True, fastmath=True)
def arm_numba(q):
    J = np.empty((18, 6))
    start = (0.0, 0.0, 0.0)
    frame = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    a, p = joint(frame, start, q[0], 0.0, 0.089, 0.0, 1.0)
    b, r = joint(a, p, q[1], -0.425, 0.0, 1.0, 0.0)
    c, s = joint(b, r, q[2], -0.392, 0.0, 1.0, 0.0)
    d, t = joint(c, s, q[3], 0.0, 0.109, 0.0, 1.0)
    e, u = joint(d, t, q[4], 0.0, 0.095, 0.0, -1.0)
    _, v = joint(e, u, q[5], 0.0, 0.082, 1.0, 0.0)
    axes, places = (frame[2], a[2], b[2], c[2], d[2], e[2]), (start, p, r, s, t, u, v)
    for k in range(6):
        for j in range(6):
            if j <= k:
                a0, a1, a2 = axes[j]
                w0, w1, w2 = places[k + 1][0] - places[j][0], places[k + 1][1] - places[j][1], places[k + 1][2] - places[j][2]
                J[3 * k, j] = a1 * w2 - a2 * w1
                J[3 * k + 1, j] = a2 * w0 - a0 * w2
                J[3 * k + 2, j] = a0 * w1 - a1 * w0
            else:
                J[3 * k, j] = J[3 * k + 1, j] = J[3 * k + 2, j] = 0.0
    return J


# ----- HIRES, a stiff reaction of eight substances --------------------------------------------------------------------
def hires(y: Any) -> Any:
    return np.array([
        -1.71 * y[0] + 0.43 * y[1] + 8.32 * y[2] + 0.0007,
        1.71 * y[0] - 8.75 * y[1],
        -10.03 * y[2] + 0.43 * y[3] + 0.035 * y[4],
        8.32 * y[1] + 1.71 * y[2] - 1.12 * y[3],
        -1.745 * y[4] + 0.43 * y[5] + 0.43 * y[6],
        -280.0 * y[5] * y[7] + 0.69 * y[3] + 1.71 * y[4] - 0.43 * y[5] + 0.69 * y[6],
        280.0 * y[5] * y[7] - 1.81 * y[6],
        -280.0 * y[5] * y[7] + 1.81 * y[6],
    ])  # fmt: skip


_RATES = np.zeros((8, 8))
_RATES[0, :3] = -1.71, 0.43, 8.32
_RATES[1, :2] = 1.71, -8.75
_RATES[2, 2:5] = -10.03, 0.43, 0.035
_RATES[3, 1:4] = 8.32, 1.71, -1.12
_RATES[4, 4:7] = -1.745, 0.43, 0.43
_RATES[5, 3:7] = 0.69, 1.71, -0.43, 0.69
_RATES[6, 6], _RATES[7, 6] = -1.81, 1.81


def hires_numpy(y: Any) -> Any:
    J = _RATES.copy()
    a, b = 280.0 * y.item(7), 280.0 * y.item(5)
    J[5, 5] = -0.43 - a
    J[5, 7] = J[7, 7] = -b
    J[6, 5], J[6, 7] = a, b
    J[7, 5] = -a
    return J


@njit(cache=True)
def hires_numba(y):
    J = np.empty((8, 8))
    for i in range(8):
        for j in range(8):
            J[i, j] = _RATES[i, j]
    a, b = 280.0 * y[7], 280.0 * y[5]
    J[5, 5] -= a
    J[5, 7] = -b
    J[6, 5] = a
    J[6, 7] = b
    J[7, 5] = -a
    J[7, 7] = -b
    return J


# ----- chained Rosenbrock, R¹⁰ -> R¹⁸ ---------------------------------------------------------------------------------
def rosenbrock(x: Any) -> Any:
    return np.concatenate([10 * (x[1:] - x[:-1] ** 2), 1 - x[:-1]])


_ROSENBROCK = np.zeros((18, 10))
_ROSENBROCK[np.arange(9), np.arange(1, 10)] = 10.0
_ROSENBROCK[np.arange(9, 18), np.arange(9)] = -1.0


def rosenbrock_numpy(x: Any) -> Any:
    J = _ROSENBROCK.copy()
    J.ravel()[:99:11] = -20.0 * x[:-1]
    return J


@njit(cache=True)
def rosenbrock_numba(x):
    J = np.zeros((18, 10))
    for i in range(9):
        J[i, i] = -20.0 * x[i]
        J[i, i + 1] = 10.0
        J[9 + i, i] = -1.0
    return J


def _case(name: str, f: Any, numpy: Any, numba: Any, n: int, low: float = 0.1, high: float = 1.4) -> Case:
    def make() -> Problem:
        points = list(rng(n).uniform(low, high, (MANY, n)))
        return Problem(f, points, {"NumPy": numpy, "Numba": numba})

    return Case(name, "jacobian", make)


CASES = [
    _case("polar", polar, polar_numpy, polar_numba, 2),
    _case("mixed 3-3", mixed, mixed_numpy, mixed_numba, 3),
    _case("spherical 3-3", spherical, spherical_numpy, spherical_numba, 3),
    _case("arm 6-18", arm, arm_numpy, arm_numba, 6),
    _case("HIRES 8-8", hires, hires_numpy, hires_numba, 8, 0.0, 1.0),
    _case("Rosenbrock 10-18", rosenbrock, rosenbrock_numpy, rosenbrock_numba, 10, -1.5, 1.5),
]
