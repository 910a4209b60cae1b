"""Matrix decompositions: Cholesky, symmetric eigenvalues, singular values, QR.

    A = L Lᵀ           dL = L Φ(L⁻¹ dA L⁻ᵀ), Φ the lower triangle with half the diagonal
    A = V diag(w) Vᵀ   dw[i] = (Vᵀ dA V)[i, i],   dV = V (F ∘ Vᵀ dA V),   F[i, j] = 1/(w[j] − w[i]), 0 on the diagonal
    A = U diag(s) Wᵀ   ds[i] = (Uᵀ dA W)[i, i]; dU and dW alike, with F[i, j] = 1/(s[j]² − s[i]²)
    A = Q R            dQ = Q Ω + (I − Q Qᵀ) dA R⁻¹,   dR = (C − Ω) R,   C = Qᵀ dA R⁻¹,   Ω = tril(C, −1) − tril(C, −1)ᵀ

Cholesky and eigh read one triangle of A only, and the derivative is that of the function which they are: the lines above hold
with dA = Φ(dA) + Φ(dA)ᵀ where the lower triangle is read, Φ(dAᵀ) + Φ(dAᵀ)ᵀ for the upper one. An entry that is read stands for
itself and for its mirror image; by an entry that is not, the derivative is 0. (JAX differentiates at (A + Aᵀ)/2 instead.) Of a
matrix that is symmetric by the way it is made, as X Xᵀ is, dA is symmetric and the lines hold as they stand; see
`wrt.ops.symmetric`. Leading axes are batches.
Example: the eigenvalues of [[a, b], [c, a]] are a ± |c|, with the slope 0 by b. Source: the pages of np.linalg.cholesky and
np.linalg.eigh for the triangles; M. Giles, Collected matrix derivative results (2008); I. Murray, arXiv:1602.07527; Walter &
Lehmann, arXiv:1009.6112.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from wrt.errors import ArgumentError, ShapeError, Unsupported
from wrt.graph.arithmetic import divide, power, subtract
from wrt.graph.index import Affine, at, ats
from wrt.graph.nest import nest, view
from wrt.graph.node import Node, Shape, make
from wrt.graph.size import as_int
from wrt.graph.term import Factor, Term
from wrt.linear.linear_map import LinearMap
from wrt.ops.accumulation import triangle
from wrt.ops.catalog import Operation, implements, operation
from wrt.ops.contraction import case, identity_matrix, matmul, said
from wrt.ops.elementwise import real
from wrt.ops.factorization import STACK, TALL, Rule, by_letters, inv, square, turned
from wrt.ops.symmetric import is_symmetric

Local = Callable[[Node], list[LinearMap | None]]


class Read(NamedTuple):
    """Which triangle of its matrix an operation reads, "L" or "U", and whether the matrix is symmetric by the way it is made."""

    triangle: str
    symmetric: bool


def _part(name: str, function: str, position: int | None, local: Local, text: str, latex: str, kinks: str, option: str = "") -> None:
    """One result of a NumPy decomposition as an operation; its attribute, if it has an option, is the value of `option`, or a `Read`."""
    compute = getattr(np.linalg, function)
    pick = "" if position is None else f"[{position}]"

    def value(node: Node, a: Any) -> Any:
        result = compute(a, **({option: given(node)} if option else {}))
        return result if position is None else result[position]

    def code(node: Node, texts: Sequence[str]) -> str:
        default = not option or given(node) == "L"
        return f"np.linalg.{function}({texts[0]}{'' if default else f', {option}={given(node)!r}'}){pick}"

    def given(node: Node) -> Any:
        return node.attrs.triangle if isinstance(node.attrs, Read) else node.attrs

    operation(Operation(name, value, local, code, text, latex, kinks))


def _matrix(a: Node, what: str) -> tuple[Any, Any, Shape]:
    if a.ndim < 2:
        raise ShapeError(f"{said(a, 0, 1)}; {what} needs a matrix.")
    return a.shape[-2], a.shape[-1], a.shape[:-2]


def _half(n: Any, dtype: Any) -> Node:
    """Φ as a mask: 1 below the diagonal, ½ on it."""
    return 0.5 * (triangle(n, 0, dtype) + triangle(n, 1, dtype))


def _read(node: Node) -> Read:
    assert isinstance(node.attrs, Read)
    return node.attrs


def _by_triangle(node: Node, row: str, factors: tuple[tuple[Node, str], ...]) -> LinearMap:
    """The line with column kl, for a matrix of which one triangle is read."""
    triangle_read, symmetric = _read(node)
    a = node.inputs[0]
    if symmetric:
        return by_letters(node, a, (row, "kl", factors, 1))
    phi = _half(a.shape[-1], node.dtype)
    rules: list[Rule] = [(row, col, (*factors, (phi, col if triangle_read == "L" else col[::-1])), 1) for col in ("kl", "lk")]
    return by_letters(node, a, *rules)


def _gaps(w: Node) -> Node:
    """F[i, j] = 1/(w[j] − w[i]), 0 on the diagonal."""
    batch, n = w.ndim - 1, w.shape[-1]
    shape = (*w.shape, n)
    rows, columns = (view(w, shape, [*ats(range(batch)), at(batch + i)]) for i in (0, 1))
    gap = subtract(columns, rows)
    eye = identity_matrix(gap)
    return subtract(divide(1, gap + eye), eye)


_S = np.array([[2.0, 0.5, -0.25], [0.5, 1.25, 0.75], [-0.25, 0.75, 3.0]])
_LOWER, _UPPER = np.array([[2.0, 0.0], [0.5, 1.25]]), np.array([[2.0, -0.5], [0.0, 1.25]])
_UNLIKE = np.array([[2.0, 1.0, -0.25], [0.5, 1.25, 0.25], [-1.0, 0.75, 3.0]])  # either triangle alone is that of a positive definite matrix
_STACK = np.array([_S[:2, :2], [[1.0, 0.5], [-0.25, 0.5]]])
_TRIANGLES = (case(_S), case(_LOWER), case(_UPPER), case(_UNLIKE), case(_STACK), case(np.array([[0.5]])))
_TWICE = "where eigenvalues coincide: single ones have no derivative there, sums over all of them have; eigenvectors have none and are NaN"
_ONE = "one triangle only is read"


# ----- Cholesky -------------------------------------------------------------------------------------------------------
def _local_cholesky(u: Node) -> list[LinearMap | None]:
    n, inverse = u.shape[-1], inv(u)
    return [_by_triangle(u, "ij", ((u, "im"), (_half(n, u.dtype), "mj"), (inverse, "mk"), (inverse, "jl")))]


_part("cholesky", "cholesky", None, _local_cholesky, "chol({0})", r"\operatorname{{chol}}({0})", _ONE)


@implements(np.linalg.cholesky, cases=(*_TRIANGLES, case(_S, upper=True), case(_STACK, upper=True)))
def cholesky(a: Node, upper: bool = False) -> Node:
    square(a, "a Cholesky factor")
    lower = make("cholesky", (turned(a) if upper else a,), Read("L", is_symmetric(a)), a.shape, real(a))
    return turned(lower) if upper else lower


@implements("scipy.linalg.cholesky", cases=tuple(case(a, lower=lower) for a in (_S, _LOWER, _UPPER, _UNLIKE) for lower in (False, True)))
def cholesky_by_scipy(a: Node, lower: bool = False) -> Node:
    return cholesky(a, upper=not lower)


# ----- symmetric eigenvalues ------------------------------------------------------------------------------------------
class EighResult(NamedTuple):
    """As NumPy returns it."""

    eigenvalues: Node
    eigenvectors: Node


def _eigenvalues(a: Node, triangle_read: str) -> Node:
    return make("eigvalsh", (square(a, "an eigenvalue"),), Read(triangle_read, is_symmetric(a)), a.shape[:-1], real(a))


def _eigenvectors(a: Node, triangle_read: str) -> Node:
    return make("eigenvectors", (square(a, "an eigenvector"),), Read(triangle_read, is_symmetric(a)), a.shape, real(a))


def _local_eigenvalues(w: Node) -> list[LinearMap | None]:
    v = make("eigenvectors", w.inputs, w.attrs, w.inputs[0].shape, w.dtype)
    if _read(w).symmetric:
        return [by_letters(w, w.inputs[0], ("i", "kl", ((v, "ki"), (v, "li")), 1))]
    phi = _half(v.shape[-1], w.dtype), "kl" if _read(w).triangle == "L" else "lk"
    return [by_letters(w, w.inputs[0], ("i", "kl", ((v, "ki"), (v, "li"), phi), 2))]  # both lines are the same


def _local_eigenvectors(v: Node) -> list[LinearMap | None]:
    gaps = _gaps(make("eigvalsh", v.inputs, v.attrs, v.shape[:-1], v.dtype))
    return [_by_triangle(v, "aj", ((v, "ai"), (gaps, "ij"), (v, "ki"), (v, "lj")))]


_part("eigvalsh", "eigvalsh", None, _local_eigenvalues, "eigvalsh({0})", r"\lambda({0})", f"{_TWICE}; {_ONE}", "UPLO")
_part("eigenvectors", "eigh", 1, _local_eigenvectors, "eigvecsh({0})", r"\operatorname{{eigvecs}}({0})", f"{_TWICE}; {_ONE}", "UPLO")


@implements(np.linalg.eigvalsh, cases=(*_TRIANGLES, *(case(a, UPLO="U") for a in (_S, _LOWER, _UPPER, _UNLIKE, _STACK))))
def eigvalsh(a: Node, UPLO: str = "L") -> Node:
    return _eigenvalues(a, UPLO.upper())


@implements(np.linalg.eigh, cases=(*(case(a) for a in (_S, _LOWER, _UNLIKE, _STACK)), *(case(a, UPLO="U") for a in (_S, _UPPER, _UNLIKE, _STACK))))
def eigh(a: Node, UPLO: str = "L") -> EighResult:
    return EighResult(_eigenvalues(a, UPLO.upper()), _eigenvectors(a, UPLO.upper()))


@implements("scipy.linalg.eigh", cases=tuple(case(a, lower=lower, eigvals_only=True) for a in (_S, _UNLIKE) for lower in (True, False)))
def eigh_by_scipy(a: Node, lower: bool = True, eigvals_only: bool = False) -> Any:
    """SciPy's eigenvectors may have other signs than NumPy's, so that a value would differ: only eigenvalues here."""
    if not eigvals_only:
        raise Unsupported("The eigenvectors of scipy.linalg.eigh have no derivative rule in wrt.", advice="Write np.linalg.eigh.")
    return eigvalsh_by_scipy(a, lower)


@implements("scipy.linalg.eigvalsh", cases=tuple(case(a, lower=lower) for a in (_S, _LOWER, _UPPER, _UNLIKE) for lower in (True, False)))
def eigvalsh_by_scipy(a: Node, lower: bool = True) -> Node:
    return _eigenvalues(a, "L" if lower else "U")


# ----- singular values ------------------------------------------------------------------------------------------------
class SVDResult(NamedTuple):
    """As NumPy returns it."""

    U: Node
    S: Node
    Vh: Node


_ZERO = "where singular values coincide or are 0"


def _thin(a: Node) -> tuple[Node, Node, Node]:
    m, n, batch = _matrix(a, "a singular value decomposition")
    k = m if m == n else min(as_int(m, "A singular value decomposition"), as_int(n, "A singular value decomposition"))
    shapes = ("svd_left", (m, k)), ("svdvals", (k,)), ("svd_right", (k, n))
    u, s, w = (make(name, (a,), None if name == "svdvals" else False, (*batch, *shape), real(a)) for name, shape in shapes)
    return u, s, w


def _local_values(node: Node) -> list[LinearMap | None]:
    u, s, w = _thin(node.inputs[0])
    return [by_letters(s, s.inputs[0], ("i", "kl", ((u, "ki"), (w, "il")), 1))]


def _local_left(node: Node) -> list[LinearMap | None]:
    u, s, w = _thin(node.inputs[0])
    if node.shape != u.shape:
        raise Unsupported(_FULL, advice=_THIN)
    gaps, inverse = _gaps(power(s, 2)), divide(1, s)
    rules: list[Rule] = [("aj", "kl", ((u, "ai"), (gaps, "ij"), (u, "ki"), (w, "jl"), (s, "j")), 1)]
    rules.append(("aj", "kl", ((u, "ai"), (gaps, "ij"), (s, "i"), (u, "kj"), (w, "il")), 1))
    if u.shape[-2] != u.shape[-1]:  # the columns of U do not span everything
        rules.append(("aj", "al", ((w, "jl"), (inverse, "j")), 1))
        rules.append(("aj", "kl", ((u, "ai"), (u, "ki"), (w, "jl"), (inverse, "j")), -1))
    return [by_letters(node, node.inputs[0], *rules)]


def _local_right(node: Node) -> list[LinearMap | None]:
    u, s, w = _thin(node.inputs[0])
    if node.shape != w.shape:
        raise Unsupported(_FULL, advice=_THIN)
    gaps, inverse = _gaps(power(s, 2)), divide(1, s)
    rules: list[Rule] = [("jb", "kl", ((w, "ib"), (gaps, "ij"), (s, "i"), (u, "ki"), (w, "jl")), 1)]
    rules.append(("jb", "kl", ((w, "ib"), (gaps, "ij"), (s, "j"), (u, "kj"), (w, "il")), 1))
    if w.shape[-2] != w.shape[-1]:
        rules.append(("jb", "kb", ((u, "kj"), (inverse, "j")), 1))
        rules.append(("jb", "kl", ((w, "ib"), (w, "il"), (u, "kj"), (inverse, "j")), -1))
    return [by_letters(node, node.inputs[0], *rules)]


_FULL = "The singular vectors beyond the smaller side of the matrix are not unique, so they have no derivative."
_THIN = "Write np.linalg.svd(A, full_matrices=False)."
_part("svd_left", "svd", 0, _local_left, "U({0})", "U({0})", _ZERO, "full_matrices")
_part("svd_right", "svd", 2, _local_right, "Vᵀ({0})", r"V^\top({0})", _ZERO, "full_matrices")
_part("svdvals", "svdvals", None, _local_values, "σ({0})", r"\sigma({0})", _ZERO)

_RECTANGLES = (case(TALL), case(TALL.T.copy()), case(STACK))


@implements(np.linalg.svdvals, cases=_RECTANGLES)
def svdvals(x: Node) -> Node:
    return _thin(x)[1]


@implements("scipy.linalg.svdvals", cases=_RECTANGLES[:2])
def svdvals_by_scipy(a: Node) -> Node:
    return svdvals(a)


_OPTIONS = (case(TALL, compute_uv=False), case(TALL, full_matrices=False), case(TALL.T.copy(), full_matrices=False))


@implements(np.linalg.svd, "scipy.linalg.svd", cases=(*_OPTIONS, case(STACK)))
def svd(a: Node, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    u, s, w = _thin(a)
    if not compute_uv:
        return s
    if full_matrices:
        m, n, batch = _matrix(a, "a singular value decomposition")
        u = u if u.shape[-1] == m else make("svd_left", (a,), True, (*batch, m, m), u.dtype)
        w = w if w.shape[-2] == n else make("svd_right", (a,), True, (*batch, n, n), w.dtype)
    return SVDResult(u, s, w)


# ----- QR -------------------------------------------------------------------------------------------------------------
class QRResult(NamedTuple):
    """As NumPy returns it."""

    Q: Node
    R: Node


def _factors(a: Node) -> tuple[Node, Node]:
    m, n, batch = _matrix(a, "a QR factorization")
    return make("qr_q", (a,), None, (*batch, m, n), real(a)), make("qr_r", (a,), None, (*batch, n, n), real(a))


def _local_q(node: Node) -> list[LinearMap | None]:
    q, r = _factors(node.inputs[0])
    inverse, below = inv(r), triangle(r.shape[-1], 1, q.dtype)
    first: Rule = ("ab", "kl", ((q, "ai"), (below, "ib"), (q, "ki"), (inverse, "lb")), 1)
    second: Rule = ("ab", "kl", ((q, "ai"), (below, "bi"), (q, "kb"), (inverse, "li")), -1)
    rules = [first, second]
    if q.shape[-2] != q.shape[-1]:  # the columns of Q do not span everything
        rules.append(("ab", "al", ((inverse, "lb"),), 1))
        rules.append(("ab", "kl", ((q, "ai"), (q, "ki"), (inverse, "lb")), -1))
    return [by_letters(q, q.inputs[0], *rules)]


def _local_r(node: Node) -> list[LinearMap | None]:
    q, r = _factors(node.inputs[0])
    inverse, n = inv(r), r.shape[-1]
    first: Rule = ("ab", "kl", ((triangle(n, 0, r.dtype), "ja"), (q, "ka"), (inverse, "lj"), (r, "jb")), 1)
    second: Rule = ("ab", "kl", ((triangle(n, 1, r.dtype), "ja"), (q, "kj"), (inverse, "la"), (r, "jb")), 1)
    return [by_letters(r, r.inputs[0], first, second)]


_DEPENDENT = "where the columns are linearly dependent"
_part("qr_q", "qr", 0, _local_q, "Q({0})", "Q({0})", _DEPENDENT)
_part("qr_r", "qr", 1, _local_r, "R({0})", "R({0})", _DEPENDENT)


@implements(np.linalg.qr, cases=(*_RECTANGLES, case(STACK[0], mode="r"), case(TALL, mode="r")))
def qr(a: Node, mode: str = "reduced") -> Any:
    """Of a wide matrix [A₁ A₂] the factors are Q and [R₁, Qᵀ A₂], with Q R₁ = A₁ square."""
    m, n, batch = _matrix(a, "a QR factorization")
    square_or_tall = m == n or as_int(m, "A QR factorization") >= as_int(n, "A QR factorization")
    if mode not in ("reduced", "r") and not (mode == "complete" and m == n):
        if mode in ("complete", "raw"):
            raise Unsupported(f"np.linalg.qr with mode={mode!r} has no derivative rule in wrt.", advice="Write np.linalg.qr(A).")
        raise ArgumentError(f"The mode of np.linalg.qr is reduced, complete, r or raw, not {mode!r}.")
    labels = ats(range(a.ndim))
    if square_or_tall:
        q, r = _factors(a)
    else:
        q, left = _factors(view(a, (*batch, m, m), labels))
        last = (*labels[:-1], Affine(((a.ndim - 1, 1),), m))
        rest = matmul(turned(q), view(a, (*batch, m, n - m), last))
        parts = [Term(left.shape, labels, (Factor(left, labels),)), Term(rest.shape, last, (Factor(rest, labels),))]
        r = nest((*batch, m, n), parts, a.dtype)
    return r if mode == "r" else QRResult(q, r)
