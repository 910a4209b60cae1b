# one problem, one line
"""Problems of the literature's kinds that are not in the corpus, and what JAX says (in float64, kept in unseen.json).

A line is `expression | variables | wrt`. Variables are `name shape domain`, separated by semicolons: sizes are capitals or numbers (a
scalar has none), a domain of `data.points` may follow (standard normal if none does). Two names in `wrt` give a second derivative.

    PYTHONPATH=src:tests JAX_ENABLE_X64=1 python tests/oracle/unseen.py    adds what unseen.json lacks; JAX takes minutes for all of it

Where JAX lacks a function, wrt.numeric answers.
"""

import json
import types
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.linalg
import scipy.special

from data.points import dims, sample

ANSWERS = Path(__file__).with_suffix(".json")

GROUPS = {}


@dataclass(frozen=True)
class Problem:
    """One derivative to take."""

    group: str
    expr: str
    shapes: dict
    domain: dict
    wrt: tuple

    @property
    def id(self):
        return f"{self.expr} by {', '.join(self.wrt)}"


GROUPS["matrix cookbook: determinants"] = """
np.linalg.det(A @ X @ B) | A N N inv; X N N inv; B N N inv | X
np.linalg.det(X)**3 | X N N inv | X
np.linalg.det(X.T @ A @ X) | X N D; A N N spd | X
np.linalg.det(X.T @ X) | X N D | X
np.log(np.linalg.det(X.T @ A @ X)) | X N D; A N N spd | X
np.linalg.slogdet(X.T @ A @ X)[1] | X N D; A N N spd | A
np.linalg.slogdet(A + B @ C @ B.T)[1] | A N N spd; B N D; C D D spd | C
np.linalg.slogdet(A + B @ C @ B.T)[1] | A N N spd; B N D; C D D spd | B
np.linalg.det(np.eye(N) + x[:, None] * y[None, :]) | x N; y N | x
np.linalg.det(np.diag(x)) | x N pos | x
np.linalg.det(np.kron(A, X)) | A D D inv; X K K inv | X
np.linalg.slogdet(np.kron(A, X))[1] | A D D inv; X K K inv | A
np.sqrt(np.linalg.det(X @ X.T)) | X D N | X
np.log(np.abs(np.linalg.det(A @ X))) | A N N inv; X N N inv | X
np.linalg.det(A - t * np.eye(N)) | A N N; t | t
np.linalg.det(np.exp(t) * A) | A N N inv; t | t
np.linalg.slogdet(np.eye(D) + X.T @ X)[1] | X N D | X
np.linalg.slogdet(np.block([[A, B], [B.T, C]]))[1] | A N N spd; B N D tiny; C D D spd | B
1 / np.linalg.det(X) | X N N inv | X
np.linalg.det(X) * np.trace(X) | X N N inv | X
scipy.linalg.det(X) | X N N inv | X
np.linalg.slogdet(X)[1] * np.linalg.slogdet(X)[0] | X N N inv | X
logdet(X @ X.T) | X D N | X
"""

GROUPS["matrix cookbook: inverses"] = """
np.linalg.inv(X) @ a | X N N inv; a N | X
a @ np.linalg.inv(X).T @ b | X N N inv; a N; b N | X
np.trace(A @ np.linalg.inv(X) @ B) | X N N inv; A D N; B N D | X
np.trace(np.linalg.inv(X + A)) | X N N spd; A N N spd | A
np.linalg.inv(A + t * B) | A N N spd; B N N; t tiny | t
np.linalg.inv(A @ X) | A N N inv; X N N inv | X
np.linalg.inv(X) @ np.linalg.inv(X) | X N N inv | X
np.linalg.inv(X.T @ X) @ X.T | X N D | X
np.linalg.inv(x[:, None] * x[None, :] + np.eye(N)) | x N | x
np.linalg.inv(np.diag(x) + A) | x N pos; A N N spd | x
np.sum(np.linalg.inv(X)) | X N N inv | X
np.linalg.matrix_power(X, -2) | X D D inv | X
np.linalg.pinv(X) | X N D | X
np.trace(np.linalg.inv(X.T @ C @ X) @ A) | X N D; C N N spd; A D D | X
np.trace(np.linalg.inv(X.T @ C @ X) @ (X.T @ B @ X)) | X N D; C N N spd; B N N sym | X
np.linalg.solve(A + t * np.eye(N), b) | A N N spd; t pos; b N | t
np.linalg.solve(A, B) | A N N inv; B N D | A
np.linalg.solve(A, B) | A N N inv; B N D | B
np.linalg.solve(A @ A.T + np.eye(N), b) | A N D; b N | A
b @ np.linalg.solve(A, b) | A N N spd; b N | b
scipy.linalg.solve(A, b) | A N N inv; b N | A
scipy.linalg.inv(X) | X D D inv | X
scipy.linalg.solve_triangular(A, b, lower=True) | A N N inv; b N | b
scipy.linalg.solve_triangular(A, b, lower=True) | A N N inv; b N | A
np.linalg.lstsq(X, y, rcond=None)[0] | X N D; y N | y
np.linalg.lstsq(X, y, rcond=None)[0] | X N D; y N | X
"""

GROUPS["matrix cookbook: traces"] = """
np.trace(X) | X N N | X
np.trace(A @ X @ B) | A D N; X N M; B M D | X
np.trace(A @ X.T @ B) | A D M; X N M; B N D | X
np.trace(X.T @ A) | X N M; A N M | X
np.trace(X @ X) | X N N | X
np.trace(X @ X @ B) | X N N; B N N | X
np.trace(X.T @ B @ X) | X N M; B N N | X
np.trace(X @ B @ X.T) | X N M; B M M | X
np.trace(A @ X @ B @ X) | A N N; X N N; B N N | X
np.trace(X @ X.T) | X N M | X
np.trace(B.T @ X.T @ C @ X @ B) | B M D; X N M; C N N | X
np.trace(X.T @ B @ X @ C) | X N M; B N N; C M M | X
np.trace(A @ X @ B @ X.T @ C) | A D N; X N M; B M M; C N D | X
np.trace((A @ X @ B + C) @ (A @ X @ B + C).T) | A D N; X N M; B M K; C D K | X
np.trace(np.kron(X, X)) | X N N | X
np.trace(np.linalg.matrix_power(X, 4)) | X N N unit | X
np.trace(A @ np.linalg.matrix_power(X, 3)) | A N N; X N N | X
np.trace(B.T @ X.T @ C @ X @ X.T @ C @ X @ B) | B M D; X N M; C N N tiny | B
np.trace(A @ X.T @ B @ X @ C) | A K M; X N M; B N N; C M K | B
np.trace(X.T @ X) / np.trace(X.T @ A @ X) | X N M; A N N spd | X
np.trace(np.linalg.inv(A) @ X.T @ X) | A M M spd; X N M | A
np.trace(X)**2 | X N N | X
np.exp(np.trace(A @ X)) | A M N tiny; X N M tiny | X
np.log(np.trace(X.T @ X)) | X N M | X
np.sin(np.trace(X @ A)) | X N M; A M N | X
np.trace(np.sin(X)) | X N N | X
np.trace(scipy.linalg.expm(X)) | X D D unit | X
np.trace(A @ scipy.linalg.expm(X)) | A D D; X D D unit | X
np.trace(X.T @ X - A) | X N M; A M M | A
np.sum(A * (X @ B)) | A N K; X N M; B M K | X
np.einsum('ij,ji->', X, A) | X N M; A M N | X
np.trace(X @ Y @ X.T @ Z) | X N M; Y M M; Z N N | Y
np.trace(np.diag(x) @ A) | x N; A N N | x
"""

GROUPS["matrix cookbook: forms and norms"] = """
b.T @ X.T @ X @ c | X N M; b M; c M | X
(B @ x + b) @ C @ (D @ x + d) | B N K; x K; b N; C N M; D M K; d M | x
(X @ b + c) @ D @ (X @ b + c) | X N M; b M; c N; D N N | X
(x - A @ s) @ W @ (x - A @ s) | x N; A N M; s M; W N N sym | s
(x - s) @ W @ (x - s) | x N; s N; W N N | x
x @ A @ y | x N; A N M; y M | A
a @ X @ X.T @ a | a N; X N M | X
np.linalg.norm(x - a) | x N; a N | x
(x - a) / np.linalg.norm(x - a) | x N; a N | x
np.linalg.norm(x)**2 | x N | x
np.linalg.norm(X) | X N M | X
np.linalg.norm(X, 'fro') | X N M | X
np.linalg.norm(X, 'nuc') | X N M | X
np.linalg.norm(X, 2) | X N M | X
np.linalg.norm(X, 1) | X N M | X
np.linalg.norm(X, np.inf) | X N M | X
np.linalg.norm(x, 1) | x N | x
np.linalg.norm(x, np.inf) | x N | x
np.linalg.norm(x, 3) | x N | x
np.linalg.norm(x, 4)**4 | x N | x
np.linalg.norm(X, axis=1) | X N M | X
np.linalg.norm(X, axis=0, keepdims=True) | X N M | X
np.linalg.norm(X, ord=1, axis=1) | X N M | X
X / np.linalg.norm(X, axis=1, keepdims=True) | X N M | X
X / np.sum(1 + X**2, axis=1, keepdims=True) * z | X N M; z M | z
X / np.sum(1 + X**2, axis=1, keepdims=True) * x | X N N; x N | x
X / np.sum(X**2, axis=0) * y[:, None] | X N N; y N | y
np.sum(np.linalg.norm(X, axis=0)) | X N M | X
np.sum(np.abs(x)**p) | x N nonzero; p gt1 | x
np.sum(np.abs(x)**p)**(1/p) | x N nonzero; p gt1 | x
np.sum(np.abs(x)**p)**(1/p) | x N nonzero; p gt1 | p
np.linalg.norm(A @ x - b) | A N M; x M; b N | x
np.linalg.norm(A @ x - b) | A N M; x M; b N | A
np.linalg.norm(A @ X - B)**2 | A N M; X M K; B N K | X
np.sqrt((x - y) @ np.linalg.inv(S) @ (x - y)) | x N; y N; S N N spd | x
np.sqrt((x - y) @ np.linalg.inv(S) @ (x - y)) | x N; y N; S N N spd | S
np.linalg.cond(X) | X D D inv | X
"""

GROUPS["matrix cookbook: structured"] = """
np.trace(A @ (X + X.T)) | A N N; X N N | X
np.trace(A @ np.diag(np.diag(X))) | A N N; X N N | X
np.trace(A @ np.tril(X)) | A N N; X N N | X
np.sum(np.triu(X, 1)**2) | X N N | X
np.linalg.slogdet((X + X.T) / 2 + N * np.eye(N))[1] | X N N unit | X
np.tril(X) @ np.tril(X).T | X N N | X
np.linalg.inv(np.diag(x)) | x N pos | x
a @ (np.diag(x) + x[:, None] * x[None, :]) @ a | a N; x N | x
np.trace((X - X.T) @ A) | X N N; A N N | X
np.linalg.slogdet(np.diag(np.exp(x)) + u[:, None] * u)[1] | x N; u N | u
np.diag(A @ B) | A N M; B M N | A
np.diag(A @ np.diag(x) @ A.T) | A N M; x M | x
np.diagonal(X) | X N N | X
np.diag(x, 1) | x 3 | x
np.diag(X, -1) | X 4 4 | X
np.diag(np.diag(X) * x) | X N N; x N | X
"""

GROUPS["magnus and neudecker"] = """
np.kron(X, X) | X D K | X
np.kron(A, X) @ b | A D K; X M N; b K*N | X
np.kron(x, y) | x N; y M | y
np.kron(np.eye(2), X) | X M N | X
X.ravel() | X N M | X
X.T.ravel() | X N M | X
X.reshape(-1) @ a | X 3 4; a 12 | X
np.ravel(A @ X @ B) | A D N; X N M; B M K | X
np.ravel(X, order='F') | X N M | X
X * X | X N M | X
A * X | A N M; X N M | X
X * (A @ X) | A N N; X N M | X
X @ X.T | X N M | X
X @ A @ X | X N N; A N N | X
X.T @ A @ X | X N M; A N N | X
np.linalg.inv(X).T | X D D inv | X
np.linalg.det(X) * np.linalg.inv(X).T | X D D inv | X
A @ np.linalg.inv(X) @ B | A M N; X N N inv; B N K | X
X @ np.linalg.inv(X.T @ X) @ X.T | X N D | X
np.eye(N) - X @ np.linalg.pinv(X) | X N D | X
np.exp(X) @ A | X N M; A M K | X
np.outer(x, A @ x) | x N; A N N | x
np.outer(A @ x, y) | A N M; x M; y K | A
np.outer(x, x) @ b | x N; b N | x
(x @ x) * A | x N; A K M | x
x @ np.outer(x, y) | x N; y M | x
np.vdot(X, A @ X) | X N M; A N N | X
np.inner(X, A) | X N M; A K M | X
np.tensordot(X, A, axes=1) | X N M; A M K | X
np.tensordot(X, A, axes=([0], [0])) | X N M; A N K | X
np.dot(X, x) | X N M; x M | X
np.dot(x, X) | X N M; x N | x
np.cross(x, y) | x 3; y 3 | y
np.linalg.multi_dot([A, X, B]) | A D N; X N M; B M K | X
np.matmul(X, A) | X N M; A M K | A
np.linalg.matrix_power(A + t * np.eye(N), 3) | A N N; t | t
np.linalg.matrix_power(X, 2) | X N N | X
np.linalg.matrix_power(X, 0) + X | X N N | X
"""

GROUPS["mathematics for machine learning, chapter 5"] = """
np.log(x**4) * np.sin(x**3) | x pos | x
1 / (1 + np.exp(-x)) | x | x
np.exp(-(x - mu)**2 / (2 * sigma**2)) | x; mu; sigma pos | sigma
np.sqrt(x**2 + np.exp(x**2)) + np.cos(x**2 + np.exp(x**2)) | x | x
np.sin(np.log(x @ x)) | x N | x
np.trace(A @ X @ B) | A D N; X N M; B M D | B
np.exp(-0.5 * (x - mu) @ np.linalg.inv(S) @ (x - mu)) | x N; mu N; S N N spd | x
np.exp(-0.5 * (x - mu) @ np.linalg.inv(S) @ (x - mu)) | x N; mu N; S N N spd | S
np.trace(x[:, None] * x[None, :] + s**2 * np.eye(N)) | x N; s | x
np.tanh(A @ x + b) | A M N; x N; b M | A
np.tanh(A @ x + b) | A M N; x N; b M | b
0.5 * np.sum((x - np.tanh(W @ z))**2) | x M; W M N; z N | W
np.array([x[0]**2 + x[1], x[1] * np.exp(x[0])]) | x 2 | x
np.array([r * np.cos(t), r * np.sin(t)]) | r; t | t
np.cos(x[0] + 2 * x[1]**3) | x 2 | x
x * np.sin(x @ x) | x N | x
(x[0] + 2*x[1]**3)**2 | x 2 | x
np.sum(x) * np.mean(x**2) | x N | x
"""

GROUPS["gaussian processes"] = """
-0.5 * y @ np.linalg.solve(K_, y) - 0.5 * np.linalg.slogdet(K_)[1] - 0.5 * N * np.log(2 * np.pi) | y N; K_ N N spd | K_
-0.5 * y @ np.linalg.solve(v * np.exp(-R / (2 * l**2)) + s**2 * np.eye(N), y) - 0.5 * np.linalg.slogdet(v * np.exp(-R / (2 * l**2)) + s**2 * np.eye(N))[1] | y N; R N N sqdist; v pos; l pos; s pos | l
-0.5 * y @ np.linalg.solve(v * np.exp(-R / (2 * l**2)) + s**2 * np.eye(N), y) - 0.5 * np.linalg.slogdet(v * np.exp(-R / (2 * l**2)) + s**2 * np.eye(N))[1] | y N; R N N sqdist; v pos; l pos; s pos | s
-0.5 * y @ np.linalg.solve(v * np.exp(-R / (2 * l**2)) + s**2 * np.eye(N), y) - 0.5 * np.linalg.slogdet(v * np.exp(-R / (2 * l**2)) + s**2 * np.eye(N))[1] | y N; R N N sqdist; v pos; l pos; s pos | v
v * np.exp(-0.5 * np.sum(((X[:, None, :] - X[None, :, :]) / l)**2, axis=2)) | v pos; X N D; l D pos | l
v * np.exp(-0.5 * np.sum(((X[:, None, :] - Z[None, :, :]) / l)**2, axis=-1)) | v pos; X N D; Z M D; l D pos | Z
np.exp(-0.5 * np.sum((X[:, None] - X[None, :])**2, axis=-1)) | X N D | X
v * (1 + np.sqrt(3) * R / l) * np.exp(-np.sqrt(3) * R / l) | v pos; R N N pos; l pos | l
v * (1 + R**2 / (2 * a * l**2))**(-a) | v pos; R N N sqdist; a pos; l pos | a
v * np.exp(-2 * np.sin(np.pi * (x[:, None] - x[None, :]) / p)**2 / l**2) | v pos; x N; p pos; l pos | p
k @ np.linalg.solve(K_ + s**2 * np.eye(N), y) | k N; K_ N N spd; s pos; y N | s
c - k @ np.linalg.solve(K_ + s**2 * np.eye(N), k) | c pos; k N; K_ N N spd; s pos | k
np.diag(A) - np.sum(B * np.linalg.solve(K_, B), axis=0) | A M M; B N M; K_ N N spd | K_
-0.5 * np.sum(np.linalg.solve(np.linalg.cholesky(K_ + s * np.eye(N)), y)**2) - np.sum(np.log(np.diag(np.linalg.cholesky(K_ + s * np.eye(N))))) | y N; K_ N N spd; s pos | s
s**2 + X @ X.T | s; X N D | X
(X @ np.diag(a) @ X.T + c)**3 | X N D; a D pos; c pos | a
v * np.exp(-R / (2 * l**2)) + s**2 * np.eye(N) | v pos; R N N sqdist; l pos; s pos | s
np.exp(-0.5 * (x - z)**2 / l**2) | x N; z N; l pos | l
"""

GROUPS["kalman and control"] = """
F @ P @ F.T + Q | F N N; P N N spd; Q N N spd | F
F @ P @ F.T + Q | F N N; P N N spd; Q N N spd | P
(np.eye(N) - K_ @ H) @ P @ (np.eye(N) - K_ @ H).T + K_ @ R @ K_.T | K_ N M; H M N; P N N spd; R M M spd | K_
P - P @ H.T @ np.linalg.inv(H @ P @ H.T + R) @ H @ P | P N N spd; H M N; R M M spd | P
P - P @ H.T @ np.linalg.inv(H @ P @ H.T + R) @ H @ P | P N N spd; H M N; R M M spd | R
P - P @ H.T @ np.linalg.solve(H @ P @ H.T + R, H @ P) | P 3 3 spd; H 2 3; R 2 2 spd | H
x + P @ H.T @ np.linalg.solve(H @ P @ H.T + R, y - H @ x) | x N; P N N spd; H M N; R M M spd; y M | x
x + P @ H.T @ np.linalg.solve(H @ P @ H.T + R, y - H @ x) | x N; P N N spd; H M N; R M M spd; y M | R
0.5 * (y - H @ x) @ np.linalg.solve(S, y - H @ x) + 0.5 * np.linalg.slogdet(S)[1] | y M; H M N; x N; S M M spd | S
x @ Q @ x + u @ R @ u + (A @ x + B @ u) @ P @ (A @ x + B @ u) | x N; Q N N spd; u M; R M M spd; A N N; B N M; P N N spd | u
Q + A.T @ P @ A - A.T @ P @ B @ np.linalg.solve(R + B.T @ P @ B, B.T @ P @ A) | Q 3 3 spd; A 3 3; P 3 3 spd; B 3 2; R 2 2 spd | P
A @ X + X @ A.T + Q | A N N; X N N; Q N N | X
np.trace(np.linalg.inv(np.linalg.inv(P) + H.T @ np.linalg.inv(R) @ H)) | P N N spd; H M N; R M M spd | R
"""

GROUPS["regressions"] = """
np.sum(np.log(1 + np.exp(-y * (X @ w)))) + 0.5 * lam * w @ w | y N pm1; X N D; w D; lam pos | w
-np.sum(y * np.log(scipy.special.expit(X @ w)) + (1 - y) * np.log(1 - scipy.special.expit(X @ w))) | y N bin; X N D; w D | w
np.mean(np.logaddexp(0, -y * (X @ w + b))) | y N pm1; X N D; w D; b | b
-np.sum(Y * scipy.special.log_softmax(X @ W, axis=1)) | Y N K onehot; X N D; W D K | W
np.sum(scipy.special.logsumexp(X @ W, axis=1)) - np.sum(Y * (X @ W)) | Y N K onehot; X N D; W D K | W
-np.mean(np.sum(Y * np.log(scipy.special.softmax(X @ W + b, axis=1)), axis=1)) | Y N K onehot; X N D; W D K; b K | b
np.sum(np.exp(X @ w) - y * (X @ w) + scipy.special.gammaln(y + 1)) | y N count; X N D; w D tiny | w
np.sum(scipy.special.gammaln(y + r) - scipy.special.gammaln(r) + r * np.log(r) + y * (X @ w) - (y + r) * np.log(r + np.exp(X @ w))) | y N count; r pos; X N D; w D tiny | r
np.sum(a * (X @ w) + a * y * np.exp(-X @ w)) | a pos; y N pos; X N D; w D tiny | w
N * (a * np.log(b) - scipy.special.gammaln(a)) + (a - 1) * np.sum(np.log(y)) - b * np.sum(y) | y N pos; a pos; b pos | a
np.sum((a - 1) * np.log(x) + (b - 1) * np.log(1 - x)) - N * scipy.special.betaln(a, b) | x N half; a pos; b pos | b
np.sum(scipy.special.gammaln(p) - scipy.special.gammaln(m * p) - scipy.special.gammaln((1 - m) * p) + (m * p - 1) * np.log(y) + ((1 - m) * p - 1) * np.log(1 - y)) | p pos; m N half; y N half | p
-np.sum(np.log(scipy.special.expit(c + d**2 - X @ w) - scipy.special.expit(c - X @ w))) | c; d gt1; X N D; w D | w
-np.sum(np.log(scipy.special.expit(c + d**2 - X @ w) - scipy.special.expit(c - X @ w))) | c; d gt1; X N D; w D | d
-np.sum(y * scipy.special.log_ndtr(X @ w) + (1 - y) * scipy.special.log_ndtr(-X @ w)) | y N bin; X N D; w D | w
-np.sum(np.log(scipy.special.ndtr(y * (X @ w)))) | y N pm1; X N D; w D | w
np.sum(np.log(1 + ((y - X @ w) / s)**2 / v)) * (v + 1) / 2 | y N; X N D; w D; s pos; v pos | w
np.sum(np.log(1 + ((y - X @ w) / s)**2 / v)) * (v + 1) / 2 | y N; X N D; w D; s pos; v pos | v
np.sum(np.where(np.abs(y - X @ w) < d, 0.5 * (y - X @ w)**2, d * np.abs(y - X @ w) - 0.5 * d**2)) | y N; X N D; w D; d pos | d
np.sum(scipy.special.huber(d, y - X @ w)) | y N; X N D; w D; d pos | w
np.sum(np.maximum(q * (y - X @ w), (q - 1) * (y - X @ w))) | y N; X N D; w D; q half | w
np.sum(np.where(np.abs(y - X @ w) <= c, c**2 / 6 * (1 - (1 - ((y - X @ w) / c)**2)**3), c**2 / 6)) | y N; X N D; w D; c pos | w
np.sum(np.maximum(0, 1 - y * (X @ w))) + 0.5 * lam * w @ w | y N pm1; X N D; w D; lam pos | w
np.mean(np.maximum(0, 1 - y * (X @ w))**2) | y N pm1; X N D; w D | w
0.5 * np.sum((y - X @ w)**2) + a * np.sum(np.abs(w)) + 0.5 * b * np.sum(w**2) | y N; X N D; w D; a pos; b pos | w
np.linalg.norm(y - X @ w)**2 / N + lam * np.linalg.norm(w, 1) | y N; X N D; w D; lam pos | w
np.sum(np.log(np.cosh(y - X @ w))) | y N; X N D; w D | w
np.sum(c * (y - X @ w)**2) | c N pos; y N; X N D; w D | w
(Y - X @ W).T @ (Y - X @ W) | Y N M; X N D; W D M | W
np.linalg.solve(X.T @ X + lam * np.eye(D), X.T @ y) | X N D; y N; lam pos | lam
np.linalg.solve(X.T @ X + lam * np.eye(D), X.T @ y) | X N D; y N; lam pos | y
np.linalg.solve(X.T @ np.diag(c) @ X, X.T @ (c * y)) | X N D; y N; c N pos | c
np.sum(lam * (np.exp(w) - w - 1)) | lam pos; w N | w
np.sum((y - a * np.exp(-b * x))**2) | y N; a; b; x N | b
np.sum((y - a / (1 + np.exp(-b * (x - c))))**2) | y N; a; b; x N; c | c
np.sum((y - np.polyval(w, x))**2) | y N; w 4; x N | w
X @ np.linalg.solve(X.T @ X, X.T @ y) | X N D; y N | y
1 - np.sum((y - X @ w)**2) / np.sum((y - np.mean(y))**2) | y N; X N D; w D | y
np.corrcoef(x, y)[0, 1] | x N; y N | x
np.sum((x - np.mean(x)) * (y - np.mean(y))) / np.sqrt(np.sum((x - np.mean(x))**2) * np.sum((y - np.mean(y))**2)) | x N; y N | y
np.var(x) + np.mean(x)**2 | x N | x
np.std(x) | x N | x
np.var(x, ddof=1) | x N | x
np.cov(X) | X M N | X
np.cov(X, rowvar=False) | X N D | X
(X - np.mean(X, axis=0)).T @ (X - np.mean(X, axis=0)) / (N - 1) | X N D | X
np.median(x) | x 5 | x
"""

GROUPS["factorizations"] = """
np.linalg.norm(X - W @ H)**2 | X N M; W N K; H K M | H
np.linalg.norm(X - W @ H)**2 | X N M; W N K; H K M | W
np.sum(X * np.log(X / (W @ H)) - X + W @ H) | X N M pos; W N K pos; H K M pos | H
np.sum(X / (W @ H) - np.log(X / (W @ H)) - 1) | X N M pos; W N K pos; H K M pos | W
np.sum(M_ * (X - U @ V.T)**2) + lam * (np.sum(U**2) + np.sum(V**2)) | M_ N M bin; X N M; U N K; V M K; lam pos | V
np.trace(W.T @ S @ W) | W N K; S N N spd | S
-0.5 * np.trace(np.linalg.solve(W.T @ W, W.T @ S @ W)) | W N K; S N N spd | W
np.linalg.slogdet(W @ W.T + s**2 * np.eye(N))[1] + np.trace(np.linalg.solve(W @ W.T + s**2 * np.eye(N), S)) | W N K; s pos; S N N spd | W
np.linalg.slogdet(W @ W.T + s**2 * np.eye(N))[1] + np.trace(np.linalg.solve(W @ W.T + s**2 * np.eye(N), S)) | W N K; s pos; S N N spd | s
a @ C @ b / np.sqrt((a @ A @ a) * (b @ B @ b)) | a N; C N M; b M; A N N spd; B M M spd | a
np.sum(np.log(np.cosh(W @ X))) - N * np.linalg.slogdet(W)[1] | W D D inv; X D N | W
np.mean(np.log(np.cosh(X @ w)))**2 | X N D; w D | w
0.5 * np.linalg.norm(X - D_ @ Z)**2 + lam * np.sum(np.abs(Z)) | X N M; D_ N K; Z K M; lam pos | Z
0.5 * np.linalg.norm(X - D_ @ Z)**2 + lam * np.sum(np.abs(Z)) | X N M; D_ N K; Z K M; lam pos | D_
np.linalg.norm(X - A @ np.linalg.pinv(A) @ X)**2 | X N M; A N K | A
np.sum((T - np.einsum('ir,jr,kr->ijk', A, B, C))**2) | T N M D; A N K; B M K; C D K | B
np.sum((T - np.einsum('abc,ia,jb,kc->ijk', G, A, B, C))**2) | T 3 4 2; G 2 2 2; A 3 2; B 4 2; C 2 2 | A
np.linalg.norm(X - U @ np.diag(s) @ V.T)**2 | X N M; U N K; s K; V M K | s
np.linalg.norm(X.T @ X - np.eye(K))**2 | X N K | X
np.sum((X @ X.T - S)**2) | X N K; S N N sym | X
np.linalg.norm(X - np.outer(u, v))**2 | X N M; u N; v M | u
np.sum((np.log(X) - W @ H - b[:, None])**2) | X N M pos; W N K; H K M; b N | b
"""

GROUPS["graphs and distances"] = """
np.trace(X.T @ (np.diag(np.sum(A, axis=1)) - A) @ X) | X N K; A N N sympos | X
np.trace(X.T @ (np.diag(np.sum(A, axis=1)) - A) @ X) | X N K; A N N sympos | A
np.diag(np.sum(A, axis=1)) - A | A N N sympos | A
np.diag(np.sum(A, axis=1)**-0.5) @ A @ np.diag(np.sum(A, axis=1)**-0.5) | A N N pos | A
0.5 * np.sum(A * (x[:, None] - x[None, :])**2) | A N N pos; x N | x
np.sum(A * np.sum((X[:, None, :] - X[None, :, :])**2, axis=-1)) | A N N pos; X N D | X
np.sum(X**2, axis=1)[:, None] + np.sum(Z**2, axis=1)[None, :] - 2 * X @ Z.T | X N D; Z M D | X
np.sqrt(np.sum((X[:, None, :] - Z[None, :, :])**2, axis=2)) | X N D; Z M D | Z
np.sum(np.abs(X[:, None, :] - Z[None, :, :]), axis=2) | X N D; Z M D | X
-np.sum(A * np.log(scipy.special.expit(Z @ Z.T))) | A N N bin; Z N K | Z
np.sum(np.abs(D_ @ x)) | D_ M N; x N | x
np.maximum(D_ @ X @ W, 0) | D_ N N; X N K; W K M | W
x @ (np.diag(A @ np.ones(N)) - A) @ x | x N; A N N sympos | A
np.sum(P * np.log(P / Q)) | P N N pos; Q N N pos | Q
1 / (1 + np.sum((X[:, None] - X)**2, axis=2)) / np.sum(1 / (1 + np.sum((X[:, None] - X)**2, axis=2))) | X 4 2 | X
"""

GROUPS["divergences and information"] = """
np.sum(p * np.log(p / q)) | p N prob; q N prob | p
np.sum(p * np.log(p / q)) | p N prob; q N prob | q
-np.sum(p * np.log(p)) | p N prob | p
np.sum(scipy.special.entr(p)) | p N prob | p
np.sum(scipy.special.rel_entr(p, q)) | p N prob; q N prob | q
np.sum(scipy.special.xlogy(p, q)) | p N prob; q N prob | p
0.5 * np.sum(p * np.log(2 * p / (p + q))) + 0.5 * np.sum(q * np.log(2 * q / (p + q))) | p N prob; q N prob | p
np.sum(p**a * q**(1 - a)) | p N prob; q N prob; a half | a
np.log(np.sum(p**a * q**(1 - a))) / (a - 1) | p N prob; q N prob; a half | p
np.sum((np.sqrt(p) - np.sqrt(q))**2) | p N prob; q N prob | q
0.5 * np.sum(np.abs(p - q)) | p N prob; q N prob | p
np.sum((p - q)**2 / q) | p N prob; q N prob | q
0.5 * (np.trace(np.linalg.solve(S, C)) + (m - mu) @ np.linalg.solve(S, m - mu) - N + np.linalg.slogdet(S)[1] - np.linalg.slogdet(C)[1]) | S N N spd; C N N spd; m N; mu N | C
0.5 * (np.trace(np.linalg.solve(S, C)) + (m - mu) @ np.linalg.solve(S, m - mu) - N + np.linalg.slogdet(S)[1] - np.linalg.slogdet(C)[1]) | S N N spd; C N N spd; m N; mu N | S
0.5 * np.sum(np.exp(s) + m**2 - 1 - s) | s N; m N | s
np.trace(X @ np.linalg.inv(Y)) - np.linalg.slogdet(X @ np.linalg.inv(Y))[1] - N | X N N spd; Y N N spd | Y
np.sum((m - mu)**2) + np.sum((np.sqrt(s) - np.sqrt(v))**2) | m N; mu N; s N pos; v N pos | s
np.sum(x * np.log(x / y) - x + y) | x N pos; y N pos | y
x @ A @ x - y @ A @ y - 2 * (A @ y) @ (x - y) | x N; A N N spd; y N | y
-e * np.sum(a * np.log(np.sum(np.exp((f[None, :] - C) / e) * b, axis=1))) | e pos; a M prob; f N; C M N; b N prob | f
np.exp(-C / e) @ v / u | C M N; e pos; v N pos; u M pos | e
np.diag(1 / p) + np.ones((N, N)) / (1 - np.sum(p)) | p N small | p
np.mean(K_) - 2 * np.mean(np.exp(-(x[:, None] - z[None, :])**2)) | K_ N N; x N; z M | x
np.sum(np.cumsum(p - q)**2) | p N prob; q N prob | p
np.sum(np.abs(np.cumsum(p - q))) | p N prob; q N prob | q
np.mean(np.abs(np.sort(x) - np.sort(y))) | x N; y N | x
"""

GROUPS["likelihoods"] = """
-0.5 * np.sum(((x - mu) / s)**2) - N * np.log(s) | x N; mu; s pos | s
-0.5 * (x - mu) @ np.linalg.inv(S) @ (x - mu) - 0.5 * np.linalg.slogdet(S)[1] | x N; mu N; S N N spd | S
-0.5 * np.sum((X - mu) @ np.linalg.inv(S) * (X - mu)) - 0.5 * N * np.linalg.slogdet(S)[1] | X N D; mu D; S D D spd | S
-0.5 * np.sum((X - mu) @ np.linalg.inv(S) * (X - mu)) - 0.5 * N * np.linalg.slogdet(S)[1] | X N D; mu D; S D D spd | mu
np.sum(np.log(np.sum(p * np.exp(-0.5 * ((x[:, None] - m) / s)**2) / (s * np.sqrt(2 * np.pi)), axis=1))) | x N; p K prob; m K; s K pos | m
np.sum(np.log(np.sum(p * np.exp(-0.5 * ((x[:, None] - m) / s)**2) / (s * np.sqrt(2 * np.pi)), axis=1))) | x N; p K prob; m K; s K pos | s
np.sum(scipy.special.logsumexp(np.log(p) - 0.5 * np.sum((X[:, None, :] - M_)**2, axis=2), axis=1)) | X N D; p K prob; M_ K D | M_
np.sum(scipy.special.logsumexp(np.log(p) - 0.5 * np.sum((X[:, None, :] - M_)**2, axis=2), axis=1)) | X N D; p K prob; M_ K D | p
scipy.special.softmax(np.log(p) - 0.5 * np.sum((x - M_)**2, axis=1)) | x D; p K prob; M_ K D | x
-0.5 * z @ (np.linalg.inv(R) - np.eye(N)) @ z - 0.5 * np.linalg.slogdet(R)[1] | z N; R N N spd | R
-0.5 * np.log(1 - r**2) - (r**2 * (x**2 + y**2) - 2 * r * x * y) / (2 * (1 - r**2)) | r half; x; y | r
(1 + t) * (u * v)**(-1 - t) * (u**(-t) + v**(-t) - 1)**(-2 - 1/t) | t pos; u half; v half | t
-np.log(np.exp(-t) + (np.exp(-t * u) - 1) * (np.exp(-t * v) - 1)) / t | t pos; u half; v half | t
scipy.special.gammaln((v + D) / 2) - scipy.special.gammaln(v / 2) - 0.5 * D * np.log(v * np.pi) - 0.5 * np.linalg.slogdet(S)[1] - 0.5 * (v + D) * np.log(1 + x @ np.linalg.solve(S, x) / v) | v pos; x D; S D D spd | v
scipy.special.gammaln((v + D) / 2) - scipy.special.gammaln(v / 2) - 0.5 * D * np.log(v * np.pi) - 0.5 * np.linalg.slogdet(S)[1] - 0.5 * (v + D) * np.log(1 + x @ np.linalg.solve(S, x) / v) | v pos; x D; S D D spd | S
scipy.special.gammaln(np.sum(a)) - np.sum(scipy.special.gammaln(a)) + np.sum((a - 1) * np.log(p)) | a N pos; p N prob | a
np.log(scipy.special.i0(k)) - k * np.cos(x) | k pos; x | k
N * np.log(k) - N * k * np.log(l) + (k - 1) * np.sum(np.log(x)) - np.sum((x / l)**k) | x N pos; k pos; l pos | k
-np.sum(np.abs(x - mu)) / b - N * np.log(2 * b) | x N; mu; b pos | mu
-np.sum(np.log(np.pi * g * (1 + ((x - m) / g)**2))) | x N; g pos; m | g
np.sum(x * np.log(l) - l - scipy.special.gammaln(x + 1)) | x N count; l pos | l
np.sum(-np.log(x * s) - 0.5 * (np.log(x) - m)**2 / s**2) | x N pos; s pos; m | s
0.5 * (v - D - 1) * np.linalg.slogdet(X)[1] - 0.5 * np.trace(np.linalg.solve(V, X)) | v bigpos; X D D spd; V D D spd | X
0.5 * (v - D - 1) * np.linalg.slogdet(X)[1] - 0.5 * np.trace(np.linalg.solve(V, X)) | v bigpos; X D D spd; V D D spd | V
np.sum(d * (X @ w)) - np.sum(d * np.log(A @ np.exp(X @ w))) | d N bin; X N D; w D; A N N pos | w
np.log(p) + (y - 1) * np.log(1 - p) | p half; y count | p
-0.5 * np.sum(np.log(h) + x**2 / h) | h N pos; x N | h
-0.5 * np.sum((x[1:] - a * x[:-1])**2) / s**2 - (N - 1) * np.log(s) | x N; a; s pos | a
-0.5 * np.sum((x[1:] - a * x[:-1])**2) / s**2 - (N - 1) * np.log(s) | x N; a; s pos | x
"""

GROUPS["neural networks"] = """
scipy.special.softmax(Q @ K_.T / np.sqrt(D), axis=-1) @ V | Q N D; K_ M D; V M K | Q
scipy.special.softmax(Q @ K_.T / np.sqrt(D) + M_, axis=-1) @ V | Q N D; K_ M D; M_ N M; V M K | M_
scipy.special.softmax(x) | x N | x
scipy.special.log_softmax(x) | x N | x
np.exp(x - np.max(x)) / np.sum(np.exp(x - np.max(x))) | x N | x
scipy.special.logsumexp(X, axis=0) | X N M | X
scipy.special.logsumexp(X, axis=1, keepdims=True) | X N M | X
(x - np.mean(x)) / np.sqrt(np.var(x) + 1e-5) * g + b | x N; g N; b N | x
(x - np.mean(x)) / np.sqrt(np.var(x) + 1e-5) * g + b | x N; g N; b N | g
(X - np.mean(X, axis=1, keepdims=True)) / np.std(X, axis=1, keepdims=True) | X N M | X
g * (X - np.mean(X, axis=0)) / np.sqrt(np.var(X, axis=0) + 1e-5) + b | g D; X N D; b D | X
(X.reshape(2, 3) - np.mean(X.reshape(2, 3), axis=1, keepdims=True)) / np.sqrt(np.var(X.reshape(2, 3), axis=1, keepdims=True) + 1e-5) | X 6 | X
X / np.sqrt(np.mean(X**2, axis=-1, keepdims=True) + 1e-6) * g | X N D; g D | X
0.5 * x * (1 + scipy.special.erf(x / np.sqrt(2))) | x N | x
0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))) | x N | x
x * scipy.special.expit(b * x) | x N; b | b
np.log(1 + np.exp(b * x)) / b | x N; b pos | b
np.logaddexp(0, x) | x N | x
x * np.tanh(np.logaddexp(0, x)) | x N | x
np.where(x > 0, x, a * (np.exp(x) - 1)) | x N; a pos | x
np.where(x > 0, x, a * (np.exp(x) - 1)) | x N; a pos | a
np.maximum(x, a * x) | x N; a half | x
np.clip(x, -1, 1) | x N | x
np.minimum(np.maximum(x, 0), 6) | x N | x
x / (1 + np.abs(x)) | x N | x
(A @ x + b) * scipy.special.expit(C @ x + d) | A M N; x N; b M; C M N; d M | C
scipy.special.expit(W @ x + U @ h + b) * c + scipy.special.expit(A @ x + B @ h) * np.tanh(C @ x + D @ h) | W M N; x N; U M M; h M; b M; c M; A M N; B M M; C M N; D M M | h
scipy.special.expit(W @ x + U @ h + b) * c + scipy.special.expit(A @ x + B @ h) * np.tanh(C @ x + D @ h) | W M N; x N; U M M; h M; b M; c M; A M N; B M M; C M N; D M M | U
(1 - z) * h + z * np.tanh(W @ x + U @ (r * h)) | z M; h M; W M N; x N; U M M; r M | h
(1 - z) * h + z * np.tanh(W @ x + U @ (r * h)) | z M; h M; W M N; x N; U M M; r M | U
np.convolve(x, w) | x N; w 3 | x
np.convolve(x, w, mode='same') | x 6; w 3 | w
np.convolve(x, w, mode='valid') | x N; w 2 | x
np.correlate(x, w, mode='valid') | x 6; w 3 | x
x[:-2] * w[0] + x[1:-1] * w[1] + x[2:] * w[2] | x N; w 3 | w
np.sum((np.convolve(x, w, mode='valid') - y)**2) | x 6; w 3; y 4 | w
-np.sum(t * np.log(scipy.special.softmax(z))) | t N prob; z N | z
-np.sum(Y * np.log(P)) / N | Y N K onehot; P N K prob | P
-np.sum(t * (1 - p)**g * np.log(p)) | t N bin; p N half; g pos | p
-np.sum(t * (1 - p)**g * np.log(p)) | t N bin; p N half; g pos | g
np.maximum(0, np.linalg.norm(a - p) - np.linalg.norm(a - n) + m) | a N; p N; n N; m bigpos | a
np.maximum(0, np.sum((a - p)**2) - np.sum((a - n)**2) + m) | a N; p N; n N; m bigpos | p
-np.mean(np.diag(S) - scipy.special.logsumexp(S, axis=1)) | S N N | S
-np.mean(np.diag(X @ Y.T / t) - scipy.special.logsumexp(X @ Y.T / t, axis=1)) | X N D; Y N D; t pos | X
-np.mean(np.diag(X @ Y.T / t) - scipy.special.logsumexp(X @ Y.T / t, axis=1)) | X N D; Y N D; t pos | t
W2 @ np.maximum(W1 @ x + b1, 0) + b2 | W2 K M; W1 M N; x N; b1 M; b2 K | W1
W2 @ np.maximum(W1 @ x + b1, 0) + b2 | W2 K M; W1 M N; x N; b1 M; b2 K | x
0.5 * np.sum((y - W2 @ np.tanh(W1 @ x + b1) - b2)**2) | y K; W2 K M; W1 M N; x N; b1 M; b2 K | W1
np.sum((Y - np.tanh(X @ A + a) @ B)**2) / N | Y N K; X N D; A D M; a M; B M K | a
g * V / np.linalg.norm(V, axis=1, keepdims=True) | g pos; V N M | V
W / np.linalg.norm(W, 2) | W N M | W
x + np.tanh(W @ x) | x N; W N N | x
np.mean((np.tanh(W.T @ np.tanh(W @ x)) - x)**2) | W M N; x N | W
np.stack([np.sin(x), np.cos(x)], axis=1) | x N | x
np.concatenate([np.sin(X @ w), np.cos(X @ w)]) | X N D; w D | w
np.prod(scipy.special.expit(X), axis=1) | X N M | X
np.einsum('bhid,bhjd->bhij', Q, K_) | Q 2 2 3 2; K_ 2 2 3 2 | Q
np.tril(np.exp(Q @ K_.T)) @ V | Q N D; K_ N D; V N M | K_
np.maximum(A @ x, B @ x) | A M N; x N; B M N | x
np.max(X @ W, axis=1) | X N D; W D K | W
np.sum(np.sort(X, axis=1)[:, -2:]) | X N M | X
np.mean(X, axis=(0, 1)) | X N M K | X
np.max(X.reshape(2, 2, 2, 2), axis=(1, 3)) | X 4 4 | X
np.linalg.norm(W @ x - t)**2 * np.sum(W**2) | W M N; x N; t M | W
(1 - a) * x + a * scipy.special.expit(x) | a half; x N | a
scipy.special.expit(x) * (1 - scipy.special.expit(x)) | x N | x
np.log(scipy.special.expit(x @ w)) | x N; w N | w
scipy.special.log_expit(x) | x N | x
"""

GROUPS["decompositions"] = """
np.linalg.cholesky(A @ A.T + np.eye(N)) | A N M | A
np.sum(np.log(np.diag(np.linalg.cholesky((S + S.T) / 2)))) | S N N spd | S
np.linalg.cholesky((S + S.T) / 2) @ x | S N N spd; x N | S
np.linalg.solve(np.linalg.cholesky((S + S.T) / 2), x) | S D D spd; x D | S
np.linalg.eigvalsh(A + t * B) | A N N sym; B N N sym; t | t
np.linalg.eigvalsh((X + X.T) / 2)[0] | X N N | X
np.sum(np.log(np.linalg.eigvalsh(X @ X.T))) | X D N | X
np.sum(np.exp(np.linalg.eigvalsh((X + X.T) / 2))) | X N N | X
np.linalg.eigvalsh((X + X.T) / 2)[-1] - np.linalg.eigvalsh((X + X.T) / 2)[0] | X N N | X
np.linalg.eigh((X + X.T) / 2)[1][:, -1]**2 | X D D | X
np.linalg.svd(X, compute_uv=False) | X D N | X
np.sum(np.linalg.svd(X, compute_uv=False)) | X N D | X
np.linalg.svd(X, compute_uv=False)[0] | X N D | X
np.sum(np.log(1 + np.linalg.svd(X, compute_uv=False)**2)) | X N D | X
np.linalg.svdvals(X)[-1] | X N D | X
np.abs(np.linalg.qr(X)[1]) | X N D | X
scipy.linalg.expm(t * A) | A D D unit; t half | t
scipy.linalg.expm(X) | X D D unit | X
scipy.linalg.expm(t * A) @ x | A D D unit; t half; x D | A
np.linalg.norm(scipy.linalg.expm(X - X.T))**2 | X D D unit | X
scipy.linalg.cholesky((S + S.T) / 2, lower=True) | S D D spd | S
"""

GROUPS["einsum"] = """
np.einsum('ij,jk->ik', A, X) | A N M; X M K | X
np.einsum('ij,jk,kl->il', A, X, B) | A N M; X M K; B K D | X
np.einsum('ij->ji', X) | X N M | X
np.einsum('ii', X) | X N N | X
np.einsum('ij->i', X) | X N M | X
np.einsum('ij,ij->i', X, A) | X N M; A N M | X
np.einsum('i,ij,j', x, A, x) | x N; A N N | x
np.einsum('bij,bjk->bik', A, B) | A B N M; B B M K | B
np.einsum('bij,jk->bik', A, X) | A B N M; X M K | X
np.einsum('...ij,...jk->...ik', A, X) | A B N M; X B M K | X
np.einsum('i,j,k->ijk', x, y, x) | x N; y M | x
np.einsum('ijk,jk->i', T, X) | T N M K; X M K | X
np.einsum('ijk,i,j,k->', T, x, x, x) | T N N N; x N | x
np.einsum('ij,kj->ik', X, X) | X N M | X
np.einsum('ij,ik->jk', X, X) | X N M | X
np.einsum('nd,nk,dk->n', X, Z, W) | X N D; Z N K; W D K | W
np.einsum('nd,de,ne->n', X, S, X) | X N D; S D D | X
np.einsum('nd,de,ne->n', X, S, X) | X N D; S D D | S
np.einsum('bhqd,bhkd->bhqk', Q, K_) | Q 2 2 3 2; K_ 2 2 4 2 | K_
np.einsum('ijkl,kl->ij', T, X) | T 3 2 3 2; X 3 2 | X
np.einsum('iij->j', T) | T N N M | T
np.einsum('i,i->i', x, y) | x N; y N | x
np.einsum('i->', x**2) | x N | x
np.einsum('ij,ji->i', A, X) | A N M; X M N | X
np.einsum('ij,j->ij', X, x) | X N M; x M | x
np.einsum('aij,ajk,akl->ail', A, B, C) | A 2 3 4; B 2 4 3; C 2 3 2 | B
np.matmul(A, X) | A B N M; X B M K | X
N @ x + K @ x | N N K; K N K; x K | N
A @ X | A B N M; X M K | X
np.sum(A @ X, axis=0) | A B N M; X M K | X
np.swapaxes(A, 0, 1) @ x | A N B M; x M | A
np.transpose(T, (2, 0, 1)) | T N M K | T
np.tensordot(T, X, axes=([1, 2], [0, 1])) | T N M K; X M K | X
"""

GROUPS["kinks and selections"] = """
np.abs(x) | x N nonzero | x
np.sum(np.abs(A @ x - b)) | A M N; x N; b M | x
np.max(np.abs(x)) | x N | x
np.min(A @ x) | A M N; x N | x
np.max(X) | X N M | X
np.max(X, axis=1, keepdims=True) - X | X N M | X
np.ptp(x) | x N | x
np.maximum(x, y) | x N; y N | x
np.minimum(X, 0.5) | X N M | X
np.where(x > t, x**2, x**3) | x N; t | x
np.where(x > t, x**2, x**3) | x N; t | t
np.where((x > 0) & (x < 1), x, 0) | x N | x
np.where(X > 0, X, 0.01 * X) @ a | X N M; a M | X
np.where(A > 0, X, Y) | A N M; X N M; Y N M | Y
np.sum((x > 0) * x**2) | x N | x
np.sign(x) * x**2 | x N | x
np.sum(np.maximum(np.abs(x) - e, 0)) | x N; e pos | e
np.sort(x) | x N | x
np.sort(x)[::-1] @ y | x N; y N | x
np.clip(A @ x, 0, 1) | A M N; x N | x
np.clip(x, a, b) | x N; a small; b pos | x
np.select([x < 0, x < 1], [-x, x**2], 2 * x - 1) | x N | x
np.heaviside(x, 0.5) * x | x N | x
np.floor(x) * x | x N | x
np.mod(x, 1.0) * x | x N | x
np.fmax(x, 0)**2 | x N | x
np.hypot(x, y) | x N; y N | x
np.arctan2(y, x) | x N; y N | x
np.percentile(x, 30) | x 5 | x
np.prod(x) | x N | x
np.cumprod(x) | x N | x
x[np.argmax(x)] | x 4 | x
np.take(x, [0, 2, 0]) | x 4 | x
"""

GROUPS["slices and assembly"] = """
x[1:] * x[:-1] | x N | x
np.sum(x[1:] - 2 * x[:-1]) | x N | x
x[2:] - 2 * x[1:-1] + x[:-2] | x N | x
np.sum((x[2:] - 2 * x[1:-1] + x[:-2])**2) | x N | x
x[::-1] | x N | x
x[::2] | x 7 | x
x[-1] * x[0] | x N | x
X[:, 0] | X N M | X
X[0] @ X[1] | X N M | X
X[1:, :] - X[:-1, :] | X N M | X
X[:, 1:] @ X[:, :-1].T | X N M | X
X[-1] | X N M | X
X[1, 2]**2 | X N M | X
X[:, ::-1] @ a | X N M; a M | X
X[[0, 2, 1]] @ a | X 3 M; a M | X
X[..., 0] | X N M K | X
T[:, 1, :] | T N M K | T
x[:, None] - z[None, :] | x N; z M | z
x[:, np.newaxis] * A | x N; A N M | x
X - np.mean(X, axis=0) | X N M | X
X - np.mean(X, axis=1, keepdims=True) | X N M | X
X - np.mean(X, axis=0) - np.mean(X, axis=1, keepdims=True) + np.mean(X) | X N M | X
np.cumsum(x) | x N | x
np.cumsum(X, axis=1) @ a | X N M; a M | X
np.cumsum(np.exp(x))**2 | x N | x
np.diff(x) | x N | x
np.diff(x, n=2) | x N | x
np.sum(np.diff(x)**2) | x N | x
np.sum(np.abs(np.diff(X, axis=0))) | X N M | X
np.concatenate([x, y, x]) | x N; y M | x
np.concatenate([x[:1], x[1:] - x[:-1]]) | x N | x
np.concatenate([X, A], axis=1) @ b | X N 2; A N 3; b 5 | X
np.hstack([x, t]) | x N; t | t
np.vstack([x, y]) | x N; y N | y
np.vstack([X, A]) | X N M; A K M | A
np.stack([x, x**2, x**3]) | x N | x
np.stack([x, y], axis=1) @ A | x N; y N; A 2 M | x
np.column_stack([np.ones(N), x]) @ w | x N; w 2 | x
np.block([[A, X], [X.T, C]]) | A N N; X N M; C M M | X
np.array([x @ x, np.sum(x), np.max(x)]) | x N | x
np.array([[a, b], [c, d]]) | a; b; c; d | c
np.array([a*x, b*x]) | a; b; x N | x
np.roll(x, 1) - x | x N | x
np.sum(np.roll(x, -1) * x) | x N | x
np.tile(x, 2) | x N | x
np.repeat(x, 2) | x N | x
np.flip(X, axis=0) * X | X N M | X
np.tril(X) | X N N | X
np.triu(X, 1) @ x | X N N; x N | X
np.reshape(x, (2, 3)) @ a | x 6; a 3 | x
np.reshape(X, (N * M,)) | X N M | X
np.squeeze(X[:, :1]) | X N M | X
np.expand_dims(x, 1) @ np.expand_dims(x, 0) | x N | x
np.broadcast_to(x, (M, N)) * A | x N; A M N | x
np.pad(x, 1) | x N | x
np.trapezoid(y, x) | y N; x N | x
np.gradient(x) | x 5 | x
np.interp(t, x, y) | t half; x 4; y 4 | y
np.vander(x, 3) | x N | x
np.outer(x, np.ones(M)) - A | x N; A N M | x
np.ones(N) @ X @ np.ones(M) | X N M | X
np.eye(N)[0] @ x | x N | x
np.arange(N) @ x | x N | x
np.linspace(0, 1, N) @ x | x N | x
np.full(N, t) @ x | t; x N | t
np.zeros(N) + x | x N | x
np.ones((N, 3)) * x[:, None] | x N | x
np.sum(X, axis=0) / N | X N M | X
np.sum(x) / x.shape[0] | x N | x
x.sum() * x.mean() | x N | x
X.T.dot(X) | X N M | X
X.sum(axis=1) @ X.mean(axis=1) | X N M | X
np.average(x, weights=w) | x N; w N pos | w
np.meshgrid(x, y)[0] * np.meshgrid(x, y)[1] | x N; y M | x
np.rot90(X) | X N M | X
np.moveaxis(T, 0, 2) | T N M K | T
"""

GROUPS["scalar functions"] = """
np.arcsin(x) | x unit | x
np.arccos(x) * np.arctan(x) | x unit | x
np.sinh(x) / np.cosh(x) | x | x
np.arcsinh(x) + np.arctanh(x / 4) | x unit | x
np.arccosh(x) | x gt1 | x
np.log1p(x**2) * np.expm1(x) | x | x
np.log2(x) + np.log10(x) | x pos | x
a**x | a pos; x | a
a**x | a pos; x | x
x**x | x pos | x
np.cbrt(x) | x pos | x
np.sqrt(np.sqrt(x)) | x pos | x
np.sinc(x) | x nonzero | x
np.tan(x)**2 | x unit | x
np.exp2(x) | x | x
1/x**3 | x nonzero | x
np.reciprocal(x) | x nonzero | x
np.square(x) * np.power(x, 3) | x | x
np.float_power(x, 2.5) | x pos | x
np.deg2rad(x) | x | x
scipy.special.gamma(x) | x pos | x
scipy.special.beta(a, b) | a pos; b pos | a
scipy.special.digamma(x) | x pos | x
scipy.special.erfc(x) * scipy.special.erfinv(x / 2) | x unit | x
scipy.special.ndtri(x) | x half | x
scipy.special.logit(x) | x half | x
scipy.special.gammainc(a, x) | a pos; x pos | x
scipy.special.betainc(a, b, x) | a pos; b pos; x half | x
scipy.special.j0(x) | x pos | x
scipy.special.jv(1, x) | x pos | x
scipy.special.iv(0, x) | x pos | x
scipy.special.polygamma(1, x) | x pos | x
scipy.special.xlog1py(x, y) | x pos; y pos | y
scipy.special.ellipk(x) | x half | x
scipy.special.expit(x)**2 | x | x
np.abs(x)**3 | x | x
np.log(np.abs(x)) | x nonzero | x
np.copysign(x, a) | x nonzero; a nonzero | x
"""

GROUPS["second derivatives"] = """
np.sum(np.log(1 + np.exp(-y * (X @ w)))) | y N pm1; X N D; w D | w w
-np.sum(Y * scipy.special.log_softmax(X @ W, axis=1)) | Y 4 3 onehot; X 4 2; W 2 3 | W W
scipy.special.logsumexp(A @ x) | A M N; x N | x x
scipy.special.softmax(x) | x 4 | x x
np.sum((y - X @ w)**2) + lam * np.sum(w**2) | y N; X N D; w D; lam | w lam
np.sum((y - X @ w)**2) | y N; X N D; w D | w X
np.sum((y - X @ w)**2) | y N; X N D; w D | X X
np.linalg.slogdet(X)[1] | X D D inv | X X
np.linalg.slogdet(A + t * B)[1] | A N N spd; B N N; t tiny | t t
np.linalg.det(A + t * B) | A N N inv; B N N; t tiny | t t
np.linalg.inv(X) | X D D inv | X X
np.trace(np.linalg.inv(X) @ A) | X D D inv; A D D | X A
np.trace(X @ A @ X.T @ B) | X N M; A M M; B N N | X X
np.trace(X @ A @ X.T @ B) | X N M; A M M; B N N | X A
x @ A @ x | x N; A N N | x A
x @ A @ y | x N; A N M; y M | x y
x @ A @ y | x N; A N M; y M | y A
np.linalg.norm(A @ x - b) | A M N; x N; b M | x x
np.linalg.norm(x)**3 | x N | x x
1 / np.linalg.norm(x) | x N | x x
(x @ y) / (np.linalg.norm(x) * np.linalg.norm(y)) | x N; y N | x y
x / np.linalg.norm(x) | x N | x x
np.linalg.norm(X - W @ H)**2 | X N M; W N K; H K M | W H
np.linalg.norm(X - W @ H)**2 | X N M; W N K; H K M | H H
np.sum(M_ * (X - U @ V.T)**2) | M_ N M bin; X N M; U N K; V M K | U V
-0.5 * (x - mu) @ np.linalg.solve(S, x - mu) - 0.5 * np.linalg.slogdet(S)[1] | x D; mu D; S D D spd | mu mu
-0.5 * (x - mu) @ np.linalg.solve(S, x - mu) - 0.5 * np.linalg.slogdet(S)[1] | x D; mu D; S D D spd | mu S
-0.5 * (x - mu) @ np.linalg.solve(S, x - mu) - 0.5 * np.linalg.slogdet(S)[1] | x D; mu D; S D D spd | S S
-0.5 * y @ np.linalg.solve(v * np.exp(-R / (2 * l**2)) + s**2 * np.eye(N), y) | y N; R N N sqdist; v pos; l pos; s pos | l s
-0.5 * y @ np.linalg.solve(v * np.exp(-R / (2 * l**2)) + s**2 * np.eye(N), y) | y N; R N N sqdist; v pos; l pos; s pos | l l
v * np.exp(-0.5 * np.sum((x - z)**2) / l**2) | v pos; x N; z N; l pos | x z
v * np.exp(-0.5 * np.sum((x - z)**2) / l**2) | v pos; x N; z N; l pos | x l
np.exp(-x @ x) | x N | x x
np.log(np.sum(np.exp(x))) | x N | x x
np.sum(np.exp(X @ w) - y * (X @ w)) | y N count; X N D; w D tiny | w X
np.prod(x) | x 4 | x x
np.sum(x)**3 | x N | x x
np.sum(np.tanh(W @ x)) | W M N; x N | W x
np.tanh(W @ x) | W M N; x N | W x
W2 @ np.tanh(W1 @ x) | W2 K M; W1 M N; x N | W1 W2
0.5 * np.sum((y - W2 @ np.tanh(W1 @ x))**2) | y K; W2 K M; W1 M N; x N | x x
0.5 * np.sum((y - W2 @ np.tanh(W1 @ x))**2) | y 2; W2 2 3; W1 3 2; x 2 | W1 W1
np.sum(np.maximum(A @ x - b, 0)**2) | A M N; x N; b M | x x
np.sum(np.where(np.abs(x) < d, 0.5 * x**2, d * np.abs(x) - 0.5 * d**2)) | x N; d pos | x x
np.sum(np.where(np.abs(x) < d, 0.5 * x**2, d * np.abs(x) - 0.5 * d**2)) | x N; d pos | x d
np.sum(np.abs(x)) | x N nonzero | x x
np.einsum('ijk,i,j,k->', T, x, x, x) | T N N N; x N | x x
np.einsum('ijk,i,j,k->', T, x, y, z) | T N M K; x N; y M; z K | x z
np.einsum('bij,bj->bi', A, x) | A B N M; x B M | A x
np.sum((T - np.einsum('ir,jr,kr->ijk', A, B, C))**2) | T 2 3 2; A 2 2; B 3 2; C 2 2 | A B
np.sum(np.diff(x)**2) | x N | x x
np.sum(x[1:] * x[:-1]**2) | x N | x x
np.sum((x[:, None] - z[None, :])**4) | x N; z M | x z
np.sum(X - np.mean(X, axis=0))**2 + np.sum((X - np.mean(X, axis=0))**2) | X N M | X X
np.var(x) | x N | x x
(x - np.mean(x)) / np.std(x) | x 4 | x x
np.cumsum(x) @ np.cumsum(x) | x N | x x
np.sum(np.convolve(x, w)**2) | x N; w 3 | x w
np.sum(p * np.log(p / q)) | p N prob; q N prob | p q
np.sum(p * np.log(p / q)) | p N prob; q N prob | q q
scipy.special.gammaln(np.sum(a)) - np.sum(scipy.special.gammaln(a)) | a N pos | a a
np.sum(scipy.special.gammaln(y + r) - scipy.special.gammaln(r)) | y N count; r pos | r r
x**a | x pos; a | x a
a**x | x; a pos | x x
np.sin(a * x) | x; a | a x
np.outer(x, x) | x N | x x
A * np.outer(x, x) | A N N; x N | x x
X @ X.T | X N M | X X
X.T @ A @ X | X N M; A N N | X A
np.kron(x, x) | x N | x x
np.linalg.matrix_power(X, 3) | X D D | X X
np.trace(np.linalg.matrix_power(X, 4)) | X D D | X X
np.trace(scipy.linalg.expm(X)) | X D D unit | X X
np.sum(np.linalg.eigvalsh((X + X.T) / 2)**3) | X D D | X X
np.linalg.eigvalsh((X + X.T) / 2)[-1] | X D D | X X
np.sum(np.linalg.svd(X, compute_uv=False)) | X 3 2 | X X
np.sum(np.log(np.diag(np.linalg.cholesky(A + t * np.eye(N))))) | A N N spd; t pos | t t
np.linalg.cholesky(A + t * np.eye(N)) | A N N spd; t pos | t t
np.linalg.solve(A + t * np.eye(N), b) | A N N spd; t pos; b N | t t
b @ np.linalg.solve(np.diag(x) + C, b) | b N; x N pos; C N N spd | x x
scipy.special.softmax(Q @ K_.T, axis=1) @ V | Q 2 2; K_ 3 2; V 3 2 | Q K_
np.sum(scipy.special.softmax(Q @ K_.T, axis=1) @ V) | Q N D; K_ M D; V M K | Q V
np.sqrt(x @ A @ x) | x N; A N N spd | x x
(x @ A @ x) / (x @ x) | x N; A N N sym | x x
np.log(x @ A @ x + c) | x N; A N N spd; c pos | x c
np.sum(np.sqrt(x**2 + e)) | x N; e pos | x x
a @ np.linalg.inv(X) @ b | a D; X D D inv; b D | a X
np.linalg.det(X.T @ X) | X 3 2 | X X
np.linalg.norm(X, 'nuc') | X 3 2 | X X
np.max(x) * np.sum(x) | x N | x x
np.linalg.norm(x, 3) | x N | x x
"""

SIZES = {"N": 5, "M": 4, "D": 3, "K": 2, "B": 6, "P": 7}


def _problem(group, line):
    expr, variables, wrt = (part.strip() for part in line.split(" | "))
    shapes, domain = {}, {}
    for variable in variables.split(";"):
        words = variable.split()
        if words:
            sizes = [word for word in words[1:] if word[0].isupper() or word[0].isdigit()]
            shapes[words[0]] = [int(size) if size.isdigit() else size for size in sizes]
            domain[words[0]] = next((word for word in words[1:] if word not in sizes), "generic")
    return Problem(group, expr, shapes, domain, tuple(wrt.split()))


def values(problem):
    """A point in the problem's domain."""
    rng = np.random.default_rng(zlib.crc32(problem.id.encode()))
    return {name: np.asarray(sample(rng, problem.domain[name], dims(shape, SIZES))) for name, shape in problem.shapes.items()}


def fingerprint(array):
    """Three numbers that tell arrays of one shape apart, and the scale of their rounding errors."""
    flat = np.asarray(array, float).ravel()
    k = np.arange(flat.size)
    return [float(flat @ np.cos(k + 1)), float(flat @ np.sin(1.7 * k)), float(flat.sum())], float(max(1, np.abs(flat).sum()))


def by_jax(problem, point):
    """The derivative of the same text, with np -> jax.numpy."""
    import jax
    import jax.numpy as jnp

    special, linalg = jax.scipy.special, types.SimpleNamespace(**vars(jax.scipy.linalg))
    linalg.cholesky = lambda a, lower: jnp.linalg.cholesky(a)  # at (A + Aᵀ)/2; the rows give it symmetric arguments
    names = {"np": jnp, "scipy": types.SimpleNamespace(special=special, linalg=linalg), "logdet": lambda x: jnp.linalg.slogdet(x)[1], **SIZES}
    names |= {name: jnp.asarray(value) for name, value in point.items()}
    f = lambda *at: jnp.asarray(eval(problem.expr, names | dict(zip(distinct, at, strict=True))))
    distinct = list(dict.fromkeys(problem.wrt))
    for name in problem.wrt:
        f = jax.jacfwd(f, distinct.index(name))
    return f(*(names[name] for name in distinct))


def by_differences(problem, point):
    from wrt import numeric

    modules = types.SimpleNamespace(special=scipy.special, linalg=scipy.linalg)
    names = {"np": np, "scipy": modules, **SIZES, **point}
    (x,) = problem.wrt
    return numeric.jacobian(lambda at: np.asarray(eval(problem.expr, names | {x: at}), float), point[x]).value


def answer(problem):
    """Shape, fingerprint, scale, and who says so."""
    point = values(problem)
    try:
        array, by = by_jax(problem, point), "jax"
    except (AttributeError, TypeError, NotImplementedError):
        array, by = by_differences(problem, point), "differences"
    numbers, scale = fingerprint(array)
    return {"shape": list(np.shape(array)), "numbers": numbers, "scale": scale, "by": by}


PROBLEMS = [_problem(group, line) for group, lines in GROUPS.items() for line in lines.strip().splitlines()]

if __name__ == "__main__":
    kept = json.loads(ANSWERS.read_text()) if ANSWERS.exists() else {}
    ANSWERS.write_text(json.dumps({problem.id: kept.get(problem.id) or answer(problem) for problem in PROBLEMS}, indent=0))
