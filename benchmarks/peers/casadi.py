"""CasADi: SX expressions, called through a buffer. The functions are written again in its own 2-D words where the plain ones cannot run."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import casadi as ca
import numpy as np
from cases import Case, Problem
from cases.stencil import NU

from peers.peer import NotAble, Ready, read_in

KINDS = ("jacobian", "hessian", "sparse", "sparse hessian")


def version() -> str:
    return str(ca.__version__)


def array(values: Any) -> Any:
    return ca.vertcat(*[ca.horzcat(*v) if isinstance(v, list | tuple) else v for v in values])


NUMPY = SimpleNamespace(
    **{name: getattr(ca, name) for name in ("sin", "cos", "exp", "log", "tanh", "sqrt")},
    array=array,
    eye=ca.DM.eye,
    concatenate=lambda parts: ca.vertcat(*parts),
)


def burgers(u: Any, data: dict[str, Any]) -> Any:
    h = data["h"]
    left, here, right = u[:-2], u[1:-1], u[2:]
    return ca.vertcat(u[0], NU * (right - 2 * here + left) / h**2 - here * (right - left) / (2 * h), u[-1])


def brusselator(y: Any, data: dict[str, Any]) -> Any:
    n, a = data["n"], data["a"]
    cell = np.arange(n * n).reshape(n, n)
    near = [np.roll(cell, s, axis).ravel().tolist() for axis in (0, 1) for s in (1, -1)]
    u, v = y[: n * n], y[n * n :]

    def laplacian(w: Any) -> Any:
        return w[near[0]] + w[near[1]] + w[near[2]] + w[near[3]] - 4 * w

    return ca.vertcat(1.0 + u**2 * v - 4.4 * u + a * laplacian(u), 3.4 * u - u**2 * v + a * laplacian(v))


def rosenbrock(x: Any, data: dict[str, Any]) -> Any:
    return ca.vertcat(10 * (x[1:] - x[:-1] ** 2), 1 - x[:-1])


def rosenbrock_sum(x: Any, data: dict[str, Any]) -> Any:
    return ca.sum1(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def factorization(U: Any, data: dict[str, Any], V: Any, T: Any) -> Any:
    m, k = V.shape
    return ca.sumsqr(ca.DM(T) - ca.reshape(U, k, m).T @ ca.DM(V).T)


def bundle(x: Any, data: dict[str, Any], seen: Any) -> Any:
    split = data["split"]
    cameras = [x[(9 * data["camera"] + k).tolist()] for k in range(9)]
    p0, p1, p2 = (x[(split + 3 * data["point"] + k).tolist()] for k in range(3))
    w0, w1, w2, t0, t1, t2, f, k1, k2 = cameras
    theta = ca.sqrt(w0**2 + w1**2 + w2**2)
    a0, a1, a2 = w0 / theta, w1 / theta, w2 / theta
    c, s = ca.cos(theta), ca.sin(theta)
    dot = (1 - c) * (a0 * p0 + a1 * p1 + a2 * p2)
    q0 = c * p0 + s * (a1 * p2 - a2 * p1) + dot * a0 + t0
    q1 = c * p1 + s * (a2 * p0 - a0 * p2) + dot * a1 + t1
    q2 = c * p2 + s * (a0 * p1 - a1 * p0) + dot * a2 + t2
    u, v = -q0 / q2, -q1 / q2
    n = u**2 + v**2
    scale = f * (1 + k1 * n + k2 * n**2)
    return ca.vec(ca.horzcat(u * scale, v * scale).T) - ca.DM(seen.ravel())


def power(x: Any, data: dict[str, Any], G: Any, B: Any, g: Any, b: Any) -> Any:
    n, i, j = data["n"], data["i"], data["j"]
    theta, V = x[:n], x[n:]
    d = theta[i.tolist()] - theta[j.tolist()]
    VV = V[i.tolist()] * V[j.tolist()]
    p = VV * (ca.DM(G) * ca.cos(d) + ca.DM(B) * ca.sin(d))
    q = VV * (ca.DM(G) * ca.sin(d) - ca.DM(B) * ca.cos(d))
    gather = ca.DM.triplet(i.tolist(), list(range(len(i))), ca.DM.ones(len(i)), n, len(i))
    return ca.vertcat(gather @ p + ca.DM(g) * V**2, gather @ q - ca.DM(b) * V**2) - ca.DM(data["wanted"])


OWN = {
    "burgers": burgers, "brusselator": brusselator, "rosenbrock": rosenbrock, "rosenbrock_sum": rosenbrock_sum,
    "factorization": factorization, "bundle": bundle, "power": power,
}  # fmt: skip
PLAIN = ("polar", "mixed", "spherical", "arm", "hires")


def prepare(case: Case, problem: Problem) -> Ready:
    name = problem.f.__name__
    if name not in (*OWN, *PLAIN):
        raise NotAble("not written: dense linear algebra is not what it is for")
    shape = np.shape(problem.points[0])
    x = ca.SX.sym("x", int(np.prod(shape)))
    y = OWN[name](x, problem.data, *problem.args) if name in OWN else read_in(problem.f, NUMPY)(x)
    J = ca.jacobian(y, x) if case.kind in ("jacobian", "sparse") else ca.hessian(y, x)[0]
    if not case.sparse:
        J = ca.densify(J.T)  # stored by columns: so its transpose is by rows
    function = ca.Function("derivative", [x], [J])
    buffer, evaluate = function.buffer()
    given, out = np.empty(shape), np.empty(J.nnz())
    buffer.set_arg(0, memoryview(given.reshape(-1)))
    buffer.set_res(0, memoryview(out))
    dense = tuple(J.T.shape) if case.kind != "hessian" else 2 * shape

    def run(x: Any, *args: Any) -> Any:
        given[...] = x
        evaluate()
        return out if case.sparse else out.copy()

    def value(found: Any) -> Any:
        if not case.sparse:
            return found.reshape(dense)
        from scipy.sparse import csc_array

        columns, rows = J.sparsity().get_ccs()
        return csc_array((found.copy(), rows, columns), shape=J.shape).tocsr()

    run.keeps = function, buffer  # type: ignore[attr-defined]  # else CasADi frees what `evaluate` points to
    return Ready(run, value)
