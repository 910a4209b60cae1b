"""The verbs: jacobian, gradient, hessian, jvp, vjp. One object each, the same options everywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wrt.api.arguments import real_array
from wrt.api.jacobian import Differentiated, Jacobian
from wrt.api.prepared import Kind, Prepared, apart, own
from wrt.differentiate.accumulate import Order
from wrt.errors import ArgumentError, ShapeError
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


class Hessian(Differentiated):
    """The second derivatives, shape f + shape x + shape x; made by `wrt.hessian`."""

    kind: Kind = "hessian"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """∂²f/∂x∂x at these arguments; for several inputs a tuple of rows of blocks, block [a][b] of shape f + shape a + shape b."""
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

    def _maps(self, prepared: Prepared) -> list[tuple[Node, LinearMap, Node]]:
        return prepared.second_of

    def _called(self, prepared: Prepared, k: int) -> str:
        return f"∂{self.name}/∂{prepared.inputs[prepared.variables[k // len(self.wrt)]]}"


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
            arguments, _ = self._bound(args, kwargs)
            like = [real_array(arguments[name], name) if name in arguments else np.zeros(()) for name in self.wrt]
            if len(seeds) != len(like):
                raise ArgumentError(f"jvp by {', '.join(self.wrt)} needs {len(like)} tangents, got {len(seeds)}.")
        else:
            like = [self._run("value", args, kwargs)[1]]
        seeds = [_seed(given, word, np.asarray(x)) for given, x in zip(seeds, like, strict=True)]
        prepared, (value, *products), leaves = self._run(self.kind, args, kwargs, seeds)
        given = [*leaves.arrays, *seeds, *prepared.arrays(self.kind)]
        made = [own(value, given)]
        for r, dtype in zip(products, [np.result_type(*prepared.dtypes)] if self.kind == "jvp" else prepared.dtypes, strict=True):
            made.append(apart(own(r, given, dtype), made))
        value, *products = made
        return value, products[0] if self.single or self.kind == "jvp" else tuple(products)


def _seed(given: Any, word: str, like: Any) -> Any:
    """A tangent or cotangent as an array of the shape and precision of what it belongs to."""
    seed = np.asarray(given)
    if seed.dtype.kind not in "fiub":
        raise ArgumentError(f"The {word} is of dtype {seed.dtype}; expected real numbers.")
    if seed.shape != like.shape:
        raise ShapeError(f"The {word} must have shape {show(like.shape)}, got {show(seed.shape)}.")
    return seed.astype(like.dtype if like.dtype.kind == "f" else float, copy=False)


def jacobian(
    function: Callable[..., Any],
    wrt: By = 0,
    *,
    layout: Layout = "numerator",
    view: View = "tensor",
    order: Flattening = "C",
    mode: Order = "auto",
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


def gradient(
    function: Callable[..., Any],
    wrt: By = 0,
    *,
    layout: Layout = "numerator",
    view: View = "tensor",
    order: Flattening = "C",
    mode: Order = "auto",
) -> Gradient:
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
