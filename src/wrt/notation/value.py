"""The numbers that a formula stands for: what was printed, evaluated, so that every printed line can be checked.

Columns are arrays of shape (n, 1), rows (1, n), scalars 0-d: exactly what the formula says, nothing broadcast but scalars.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from wrt.graph.node import Node, make
from wrt.graph.size import Size, as_int, bind
from wrt.notation.expression import (
    Array,
    Blocks,
    Bracket,
    Call,
    Commutation,
    Delta,
    Diag,
    DiagPart,
    Entry,
    Expr,
    Hadamard,
    Identity,
    Indexed,
    Inverse,
    Kronecker,
    LowerHalf,
    Norm,
    Number,
    Ones,
    Part,
    Power,
    Product,
    Quotient,
    Subscript,
    Sum,
    Summation,
    Symbol,
    Trace,
    Transpose,
    Vec,
    Zero,
    form,
    is_scalar,
)
from wrt.notation.operation import is_elementwise
from wrt.ops.catalog import OPERATIONS

if TYPE_CHECKING:
    from numpy.typing import NDArray


def value(e: Expr, known: Mapping[str, Any], sizes: Mapping[str, Size] | None = None) -> NDArray[Any]:
    """The array of e as NumPy shapes it: (), (n,) for columns and rows, (n, m).

    Parameters
    ----------
    known
        The arrays of the symbols, 1-D for vectors.
    sizes
        The numbers that size symbols stand for.
    """
    result = _Value(known, sizes or {}).of(e)
    kind = form(e)
    return result.reshape(()) if kind == "scalar" else result.reshape(-1) if kind in ("column", "row") else result


def entries(
    e: Expr, letters: Sequence[str], shape: Sequence[int], known: Mapping[str, Any], sizes: Mapping[str, Size] | None = None
) -> NDArray[Any]:
    """The array whose entry at (i, j, …) is the scalar e with letters i, j, … at these positions."""
    values = _Value(known, sizes or {})
    result = np.zeros(tuple(shape))
    for spot in np.ndindex(*shape):
        values.letters = dict(zip(letters, spot, strict=True))
        result[spot] = values.of(e)
    return result


class _Value:
    def __init__(self, known: Mapping[str, Any], sizes: Mapping[str, Size]) -> None:
        self.known, self.sizes = known, sizes
        self.letters: dict[str, int] = {}

    def size(self, size: Size) -> int:
        return as_int(bind(size, self.sizes), "The value of a formula")

    def of(self, e: Expr) -> NDArray[Any]:
        result = np.asarray(self._of(e))
        return result.reshape(()) if result.ndim == 2 and is_scalar(e) else result

    def _of(self, e: Expr) -> Any:
        match e:
            case Symbol(name, kind):
                array = np.asarray(self.known[name] if name in self.known else self.size(self.sizes[name]))
                return array.reshape(-1, 1) if kind == "column" else array
            case Number(number):
                return number
            case Product(number, scalars, matrices):
                result = np.asarray(number)
                for scalar in scalars:
                    result = result * self.of(scalar)
                arrays = [self.of(m) for m in matrices]
                if len(arrays) == 1:
                    return result * arrays[0]
                return result * np.linalg.multi_dot(arrays) if arrays else result
            case Sum(terms):
                return self._aligned("sum", [self.of(t) for t in terms])
            case Hadamard(factors):
                return self._aligned("product", [self.of(f) for f in factors])
            case Quotient(top, bottom):
                return self.of(top) / self.of(bottom)
            case Power(base, exponent):
                return np.power(self.of(base), self.of(exponent))
            case Call(op, arguments, _, node):
                return self._call(op, [self.of(a) for a in arguments], node)
            case Array(rows, _):
                return np.array([[self.of(item) for item in row] for row in rows])
            case Bracket(of):
                return self.of(of) * 1.0
            case LowerHalf(of):
                return np.tril(self.of(of)) - np.diag(np.diag(self.of(of))) / 2
            case Blocks(rows):
                return np.block([[self.of(item) for item in row] for row in rows])
        return self._matrix(e)

    def _matrix(self, e: Expr) -> Any:
        match e:
            case Transpose(of):
                return self.of(of).T
            case Inverse(of):
                return np.linalg.inv(self.of(of))
            case Diag(of):
                return np.diag(self.of(of)[:, 0])
            case DiagPart(of):
                return np.diag(self.of(of))[:, None]
            case Trace(of):
                return np.trace(self.of(of))
            case Norm(of):
                return np.sqrt(np.sum(self.of(of) ** 2))
            case Kronecker(left, right):
                return np.kron(self.of(left), self.of(right))
            case Commutation(rows, columns, order):
                m, n = self.size(rows), self.size(columns)
                before = np.arange(m * n).reshape((m, n), order=order)
                return np.eye(m * n)[before.T.reshape(-1, order=order)]
            case Vec(of, order):
                return self.of(of).reshape((-1, 1), order=order)
            case Ones(size):
                return np.ones((self.size(size), 1))
            case Identity(size):
                return np.eye(self.size(size))
            case Zero(shape):
                return np.zeros([*map(self.size, shape), *([1] if len(shape) == 1 else [])])
        return self._entry(e)

    def _entry(self, e: Expr) -> Any:
        match e:
            case Entry(of, position):
                array = self.of(of)
                array = array[:, 0] if len(position) == 1 else array
                picked = array[tuple(slice(None) if p is None else self.size(p) for p in position)]
                return picked.reshape(-1, 1) if picked.ndim == 1 else picked
            case Part(of, ranges):
                array = self.of(of)
                for axis, part in enumerate(ranges):
                    if part is not None:
                        start = self.size(part[0])
                        array = array.take(range(start, start + self.size(part[1])), axis)
                return array
            case Indexed(of, index):
                array = self.of(of)
                array = array[:, 0] if len(index) == 1 else array
                return array[tuple(map(self.subscript, index))]
            case Delta(left, right):
                return int(self.subscript(left) == self.subscript(right))
            case Summation(letters, sizes, body):
                total = np.zeros(())
                for spot in np.ndindex(*map(self.size, sizes)):
                    self.letters.update(zip(letters, spot, strict=True))
                    total = total + self.of(body)
                return total
        raise TypeError(f"{e!r} is no expression.")

    def subscript(self, s: Subscript) -> int:
        if s.table is not None:
            return int(np.asarray(self.known[s.table])[tuple(map(self.subscript, s.inner))])
        total = self.size(s.offset) + sum(self.letters[letter] * self.size(c) for letter, c in s.parts)
        return total if s.modulus is None else total % self.size(s.modulus)

    def _aligned(self, operation: str, arrays: list[NDArray[Any]]) -> Any:
        """Only scalars spread: a column and a row never meet entry by entry."""
        shapes = {a.shape for a in arrays if a.ndim}
        if len(shapes) > 1:
            raise ValueError(f"A {operation} of shapes {sorted(shapes)} is no formula.")
        result = arrays[0]
        for a in arrays[1:]:
            result = result + a if operation == "sum" else result * a
        return result

    def _call(self, op: str, arrays: list[NDArray[Any]], node: Node | None) -> Any:
        if node is None or is_elementwise(node):
            return OPERATIONS[op].value(node, *arrays)
        if not node.inputs:
            node = make(op, (), node.attrs, tuple(map(self.size, node.shape)), node.dtype)
        shaped = [a.reshape(-1) if child.ndim == 1 else a for a, child in zip(arrays, node.inputs, strict=True)]
        result = np.asarray(OPERATIONS[op].value(node, *shaped))
        return result.reshape(-1, 1) if result.ndim == 1 else result
