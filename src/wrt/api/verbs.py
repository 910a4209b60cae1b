"""The verbs: jacobian, gradient, hessian, jvp, vjp. One object each, the same options everywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wrt.api.jacobian import Differentiated, Jacobian
from wrt.api.prepared import Kind, own
from wrt.differentiate.accumulate import Order
from wrt.errors import ArgumentError, ShapeError
from wrt.graph.shape import show
from wrt.notation.layout import Layout, View, arrange
from wrt.notation.layout import Order as Flattening
from wrt.trace import arguments as bound

By = int | str | Sequence[int | str]


class Gradient(Jacobian):
    """The derivative of a scalar function, in the shape of its input; made by `wrt.gradient`."""

    def _check(self) -> None:
        shape = self._require().node.shape
        if shape != ():
            raise ShapeError(
                f"The gradient is of a scalar function; {self.name} returns shape {show(shape)}.",
                advice="Write wrt.jacobian for functions of more than one output.",
            )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """∂f/∂x at these arguments, in the shape of x (numerator layout, tensor view)."""
        result = super().__call__(*args, **kwargs)
        self._check()
        return result


class Hessian(Differentiated):
    """The second derivatives, shape f + shape x + shape x; made by `wrt.hessian`."""

    kind: Kind = "hessian"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """∂²f/∂x∂x at these arguments; for several inputs a tuple of rows of blocks, block [a][b] of shape f + shape a + shape b."""
        prepared, result, leaves = self._run("hessian", args, kwargs)
        n = len(self.wrt)
        flat = list(result) if isinstance(result, tuple) else [result]
        held = list(prepared.source("hessian").held.values())
        blocks = [arrange(own(r, [*leaves.arrays, *held]), prepared.node.ndim + prepared.variables[k // n].ndim, "numerator", self.view, self.order) for k, r in enumerate(flat)]
        rows = tuple(tuple(blocks[n * a : n * a + n]) for a in range(n))
        return rows[0][0] if self.single else rows


class Product(Differentiated):
    """J v or wᵀ J without the matrix; made by `wrt.jvp` and `wrt.vjp`."""

    def __init__(self, function: Callable[..., Any], wrt: By, kind: Kind) -> None:
        super().__init__(function, wrt)
        self.kind = kind

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The product; for several inputs `tangent` is a tuple, and wᵀ J gives one."""
        return self.value_and(*args, **kwargs)[1]

    def value_and(self, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """(f, product) in one pass."""
        word = "tangent" if self.kind == "jvp" else "cotangent"
        if word not in kwargs:
            raise ArgumentError(f"{self.kind} needs {word}=, an array of the shape of {'the input' if word == 'tangent' else 'the output'}.")
        seed = kwargs.pop(word)
        seeds = list(seed) if word == "tangent" and not self.single else [seed]
        if word == "tangent":
            arguments, _ = bound(self.function, args, kwargs)
            wanted = [np.shape(arguments[name]) for name in self.wrt]
            if len(seeds) != len(wanted):
                raise ArgumentError(f"jvp by {', '.join(self.wrt)} needs {len(wanted)} tangents, got {len(seeds)}.")
        else:
            wanted = [np.shape(self._run("value", args, kwargs)[1])]
        for seed, shape in zip(seeds, wanted, strict=True):
            if np.shape(seed) != shape:
                raise ShapeError(f"The {word} must have shape {show(shape)}, got {show(np.shape(seed))}.")
        _, result, leaves = self._run(self.kind, args, kwargs, [np.asarray(s, float) if np.asarray(s).dtype.kind != "f" else np.asarray(s) for s in seeds])
        value, *products = (own(r, [*leaves.arrays, *seeds]) for r in result)
        return value, products[0] if self.single or self.kind == "jvp" else tuple(products)


def jacobian(function: Callable[..., Any], wrt: By = 0, *, layout: Layout = "numerator", view: View = "tensor", order: Flattening = "C", mode: Order = "auto") -> Jacobian:
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

    Returns
    -------
    Jacobian
        Call it with the function's own arguments. `.value_and`, `.sparse`, `.operator`, `.pair()`, `.plan`, `.structure` and
        `.source` give the rest.

    Raises
    ------
    ArgumentError
        For an unknown name in `wrt`, or a function that cannot be called.
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
    return Jacobian(function, wrt, layout=layout, view=view, order=order, mode=mode)


def gradient(function: Callable[..., Any], wrt: By = 0, *, layout: Layout = "numerator", view: View = "tensor", order: Flattening = "C", mode: Order = "auto") -> Gradient:
    """The gradient of a scalar function, in the shape of its input.

    Options as for `jacobian`; a function of more outputs raises `ShapeError` at the call.

    Examples
    --------
    >>> import numpy as np, wrt
    >>> wrt.gradient(lambda x: np.sum(x**2))(np.array([1.0, 2.0]))
    array([2., 4.])
    """
    return Gradient(function, wrt, layout=layout, view=view, order=order, mode=mode)


def hessian(function: Callable[..., Any], wrt: By = 0, *, view: View = "tensor", order: Flattening = "C", mode: Order = "auto") -> Hessian:
    """The second derivatives: the Jacobian of the Jacobian, shape f + shape x + shape x.

    Examples
    --------
    >>> import numpy as np, wrt
    >>> wrt.hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 2.0]))
    array([[4., 2.],
           [2., 0.]])
    """
    return Hessian(function, wrt, view=view, order=order, mode=mode)


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
