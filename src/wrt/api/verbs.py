"""The verbs: jacobian, gradient, hessian, jvp, vjp, hvp. One object each, the same options everywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wrt.api.jacobian import Differentiated, Jacobian
from wrt.api.prepared import Kind, Prepared, apart, own
from wrt.api.sparse import Format, parts
from wrt.api.structured import Systems
from wrt.api.takeover import Backend, sparse
from wrt.differentiate.accumulate import Order
from wrt.errors import ShapeError
from wrt.graph.node import Node
from wrt.graph.shape import show
from wrt.linear.linear_map import LinearMap
from wrt.notation.layout import Layout, View, arrange
from wrt.notation.layout import Order as Flattening

By = int | str | Sequence[int | str]


class Gradient(Jacobian):
    """The derivative of a scalar function, in the shape of its input; made by `wrt.gradient`."""

    def _accept(self, prepared: Prepared) -> None:
        shape = prepared.node.shape
        if shape != ():
            raise ShapeError(
                f"The gradient is of a scalar function; {self.name} returns shape {show(shape)}.",
                advice="Write wrt.jacobian for functions of more than one output.",
            )


class Hessian(Systems, Differentiated):
    """The second derivatives, shape f + shape x + shape x; made by `wrt.hessian`."""

    kind: Kind = "hessian"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """∂²f/∂x∂x at these arguments; for several inputs a tuple of rows of blocks, block [a][b] of shape f + shape a + shape b."""
        if not kwargs:
            found = self._first(*args)
            if found is not None:
                return found
            for run in self._ready.get("hessian", ())[1:]:
                found = run(*args)
                if found is not None:
                    return found
        prepared, result, leaves = self._run("hessian", args, kwargs)
        n = len(self.wrt)
        flat = list(result) if isinstance(result, tuple) else [result]
        given = [*leaves.arrays, *prepared.arrays("hessian")]
        ndims = [prepared.node.ndim + prepared.variables[k // n].ndim for k in range(len(flat))]
        blocks: list[Any] = []
        for k, r in enumerate(flat):
            dtype = np.result_type(prepared.dtypes[k // n], prepared.variables[k % n].dtype)
            blocks.append(apart(own(r, given, dtype), blocks))
        blocks = [arrange(block, ndim, "numerator", self.view, self.order) for block, ndim in zip(blocks, ndims, strict=True)]
        rows = tuple(tuple(blocks[n * a : n * a + n]) for a in range(n))
        return rows[0][0] if self.single else rows

    def sparse(self, *args: Any, format: Format | None = None, out: Any = None, **kwargs: Any) -> Any:
        """The Hessian as a sparse matrix of SciPy, rows f and x, columns x, flattened in C order; as `Jacobian.sparse`.

        For several inputs a tuple of rows of blocks.
        """
        return sparse(self, "hessian_", format, out, args, kwargs)

    @property
    def pattern(self) -> Any:
        """Where the Hessian can be nonzero, as `Jacobian.pattern`; for several inputs a tuple of rows of blocks."""
        found = [part.pattern for part in parts(self._require(), "hessian_csr")]
        n = len(self.wrt)
        return found[0] if self.single else tuple(tuple(found[n * a : n * a + n]) for a in range(n))

    def batch(self, *args: Any, batched: Sequence[str] = (), threads: int | None = None, **kwargs: Any) -> Any:
        """One Hessian for each of many points, as `Jacobian.batch` has it: shape (N,) + f + x + x."""
        from wrt.api.batch import batch

        return batch(self, lambda: Jacobian(self.function, self.wrt, mode=self.mode), args, kwargs, batched, threads)

    def _maps(self, prepared: Prepared) -> list[tuple[Node, LinearMap, Node]]:
        return prepared.second_of

    def _called(self, prepared: Prepared, k: int) -> str:
        return f"∂{self.name}/∂{prepared.inputs[prepared.variables[k // len(self.wrt)]]}"


class Product(Differentiated):
    """J v, wᵀ J or H v without the matrix; made by `wrt.jvp`, `wrt.vjp` and `wrt.hvp`."""

    def __init__(self, function: Callable[..., Any], wrt: By, kind: Kind) -> None:
        super().__init__(function, wrt)
        self.kind = kind

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The product; for several inputs `tangent` is a tuple, and wᵀ J and H v give one."""
        return self.value_and(*args, **kwargs)[1]

    def value_and(self, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """(f, product) in one pass."""
        return self._product(self.kind, args, kwargs)


def jacobian(
    function: Callable[..., Any],
    wrt: By = 0,
    *,
    layout: Layout = "numerator",
    view: View = "tensor",
    order: Flattening = "C",
    mode: Order = "auto",
    max_bytes: int | None = None,
    backend: Backend = "auto",
) -> Jacobian:
    """The Jacobian of a plain NumPy function.

    Parameters
    ----------
    function
        Any Python function of arrays and numbers written with NumPy (or scipy.special, scipy.linalg, math). It is neither
        changed nor rewritten, and its arguments are never written to.
    wrt
        The input to differentiate by: a parameter's name or position, or several in a tuple. Default: the first.
    layout
        "numerator" (outputs along rows), "denominator" (inputs along rows) or "mixed".
    view, order
        "tensor": an array of shape f + shape x. "matrix": both flattened, in "C" or "F" (vec) order.
    mode
        The accumulation order: "forward", "reverse", or "auto", the cheaper one.
    max_bytes
        A dense Jacobian that would take more is refused before it is made. Default: no limit.

    backend
        Who computes. "auto": NumPy answers at once, and loops compiled by LLVM take over when they are ready and faster (they need
        the extra `fast`); "numpy"; "llvm" (or "numba", whose compiler it is): compiled at the first call. `.plan` says who it was, and why.

    Returns
    -------
    Jacobian
        Call it with the function's own arguments. `.value_and`, `.sparse`, `.operator`, `.blocks`, `.normal`, `.gauss_newton`,
        `.pair()`, `.plan`, `.structure` and `.source` give the rest.

    Raises
    ------
    ArgumentError
        For an unknown name in `wrt`, or a function that cannot be called; at the call, for a result beyond `max_bytes`.
    Unsupported
        At the call, for an operation without a derivative rule: with the line of the function that is to blame.

    Notes
    -----
    J[i, j] = ∂f_i/∂x_j: Deisenroth, Faisal & Ong, Mathematics for Machine Learning, section 5.3.

    Examples
    --------
    >>> import numpy as np, wrt
    >>> def f(x):
    ...     return np.array([x[0] * np.cos(x[1]), x[0] * np.sin(x[1])])
    >>> wrt.jacobian(f)(np.array([2.0, 0.0]))
    array([[ 1., -0.],
           [ 0.,  2.]])
    """
    return Jacobian(function, wrt, layout=layout, view=view, order=order, mode=mode, max_bytes=max_bytes, backend=backend)


def gradient(
    function: Callable[..., Any],
    wrt: By = 0,
    *,
    layout: Layout = "numerator",
    view: View = "tensor",
    order: Flattening = "C",
    mode: Order = "auto",
    backend: Backend = "auto",
) -> Gradient:
    """The gradient of a scalar function, in the shape of its input.

    Options as for `jacobian`; a function of more outputs raises `ShapeError` at the call.

    Examples
    --------
    >>> import numpy as np, wrt
    >>> wrt.gradient(lambda x: np.sum(x**2))(np.array([1.0, 2.0]))
    array([2., 4.])
    """
    return Gradient(function, wrt, layout=layout, view=view, order=order, mode=mode, backend=backend)


def hessian(
    function: Callable[..., Any],
    wrt: By = 0,
    *,
    view: View = "tensor",
    order: Flattening = "C",
    mode: Order = "auto",
    max_bytes: int | None = None,
    backend: Backend = "auto",
) -> Hessian:
    """The second derivatives: the Jacobian of the Jacobian, shape f + shape x + shape x.

    Options as for `jacobian`. Products with the Hessian, without the matrix, are `wrt.hvp`.

    Examples
    --------
    >>> import numpy as np, wrt
    >>> wrt.hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 2.0]))
    array([[4., 2.],
           [2., 0.]])
    """
    return Hessian(function, wrt, view=view, order=order, mode=mode, max_bytes=max_bytes, backend=backend)


def jvp(function: Callable[..., Any], wrt: By = 0) -> Product:
    """The Jacobian-vector product J v: the derivative of f along the tangent v, without the matrix.

    Examples
    --------
    >>> import numpy as np, wrt
    >>> wrt.jvp(np.sin)(np.array([0.0, 0.0]), tangent=np.array([1.0, 2.0]))
    array([1., 2.])
    """
    return Product(function, wrt, "jvp")


def vjp(function: Callable[..., Any], wrt: By = 0) -> Product:
    """The vector-Jacobian product wᵀ J: the gradient of w·f, without the matrix.

    Examples
    --------
    >>> import numpy as np, wrt
    >>> wrt.vjp(lambda x: x**2)(np.array([1.0, 3.0]), cotangent=np.array([1.0, 1.0]))
    array([2., 6.])
    """
    return Product(function, wrt, "vjp")


def hvp(function: Callable[..., Any], wrt: By = 0) -> Product:
    """The Hessian-vector product H v: the derivative of the gradient along the tangent v, without the Hessian.

    Its cost is that of a few gradients, whatever the number of inputs. For a function of more outputs it has the shape of
    f + x, one product for each output. For several inputs `tangent` is a tuple, and so is the product: Σ_b H[a][b] v[b].

    Examples
    --------
    >>> import numpy as np, wrt
    >>> wrt.hvp(lambda x: np.sum(x**3))(np.array([1.0, 2.0]), tangent=np.array([1.0, 1.0]))
    array([ 6., 12.])
    """
    return Product(function, wrt, "hvp")
