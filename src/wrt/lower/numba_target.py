"""Numba: the part of NumPy that it compiles, and loops for everything else that is a nest."""

from __future__ import annotations

import ast

from wrt.errors import Unsupported
from wrt.graph.node import FLOAT, Node
from wrt.lower.loops import loops, uses_only
from wrt.lower.numpy_source import Writer
from wrt.lower.reduction_loops import REDUCED, reduction
from wrt.lower.statement import Statement
from wrt.lower.text import Code
from wrt.lower.translate import Call, Target, called, keyword, words
from wrt.ops.catalog import OPERATIONS

# What Numba compiles as it is.
_PLAIN = words(
    "exp exp2 expm1 log log2 log10 log1p sqrt cbrt sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh deg2rad rad2deg "
    "absolute maximum minimum arctan2 hypot logaddexp copysign fmod sign floor ceil trunc rint logical_and logical_or logical_xor logical_not "
    "isnan isinf isfinite signbit where sinc zeros full eye diag trace tri tril triu arange array argsort searchsorted"
)
_LINALG = words("inv solve cholesky det slogdet eigh eigvalsh qr svd pinv matrix_rank")


def _whole_array(function: str) -> Call:
    """A reduction that Numba has for whole arrays only."""

    def made(call: ast.Call) -> ast.expr:
        axis = keyword(call, "axis")
        if keyword(call, "keepdims") is not None or (axis is not None and not (isinstance(axis, ast.Constant) and axis.value is None)) or len(call.args) > 1:
            raise Unsupported(f"Numba has no {function} along an axis, which this derivative needs.", advice='Take the NumPy code: target="numpy".')
        return called(function, call.args[:1])

    return made


_FUNCTIONS: dict[str, str | Call | None] = {
    **{f"np.{function}": f"np.{function}" for function in (*_PLAIN, "int64", "float64", "bool_", "inf", "nan", "broadcast_to")},
    **{f"np.linalg.{function}": f"np.linalg.{function}" for function in _LINALG},
    **{f"np.{function}": _whole_array(f"np.{function}") for function in ("max", "min", "prod", "cumsum", "cumprod")},
    "np.linalg.norm": _whole_array("np.linalg.norm"),
}

NUMBA = Target("Numba", ("import numba", "import numpy as np"), _FUNCTIONS, decorator="@numba.njit")

_IN_NESTS = {f"np.{function}" for function in (*_PLAIN, "linalg.solve")} - {"np.array"} | {".sum", ".copy"}


class NumbaWriter(Writer):
    """Nests as NumPy where Numba knows all of it, else as loops."""

    def nest(self, node: Node) -> Code | None:
        if node.ndim > 2 or node.dtype != FLOAT or any(child.ndim > 2 or child.dtype != FLOAT for child in node.inputs):
            return None
        marks = len(self.lines), dict(self.codes), set(self.taken), dict(self.last)
        code = super().nest(node)
        if code is None or not uses_only(code.text, _compiles):
            del self.lines[marks[0] :]
            self.codes, self.taken, self.last = marks[1], marks[2], marks[3]
            return None
        return code._replace(loose=None)

    def _operation(self, node: Node) -> Code:
        if node.op in REDUCED and not (node.shape == () and node.op in ("max", "min", "prod", "norm")):
            name = self._name(node)
            self.lines += [Statement(text, name, node) for text in reduction(node, name, self.named(node.inputs[0]).text, len(node.inputs))]
            return Code(name)
        operation = OPERATIONS[node.op].code
        if isinstance(operation, str) and "linalg" in operation and any(child.ndim > 2 for child in node.inputs):
            raise Unsupported(f"Numba has no {operation} for stacks of matrices, which this derivative needs.", advice='Take the NumPy code: target="numpy".')
        return super()._operation(node)

    def buffer(self, node: Node) -> Code:
        name = self._name(node)
        lines = loops(node, name, self.named, self.taken)
        self.lines += [Statement(text, name, node) for text in lines]
        return Code(name)

    def named(self, node: Node) -> Code:
        """The node as a name, to be read in a loop."""
        code = self.ref(node)
        return code if code.text.isidentifier() or not node.shape else self._assigned(node)

    def _assigned(self, node: Node) -> Code:
        code = self.codes[node] = self._assign(node, self.codes[node])
        return code


def _compiles(function: str, call: ast.Call) -> bool:
    if function == ".sum":
        return not call.keywords or isinstance(call.keywords[0].value, ast.Constant)
    return function in _IN_NESTS
