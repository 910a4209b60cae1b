"""What a traced array can do: ndarray's operators and methods, each by way of the NumPy function that it stands for."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from wrt.trace import creation, domain, memory, views  # noqa: F401  # creation and memory declare their functions to `call`
from wrt.trace.builtin import as_python
from wrt.trace.call import call, laid_out
from wrt.trace.creation import astype
from wrt.trace.extent import Extent
from wrt.trace.indexing import getitem, overwrite, setitem, writable
from wrt.trace.operand import as_node, is_operand
from wrt.trace.place import Root
from wrt.trace.refusal import refuse
from wrt.trace.traced import Traced
from wrt.trace.ufuncs import method as ufunc_method

_BINARY = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.divide, "floordiv": np.floor_divide, "mod": np.remainder,
    "pow": np.power, "matmul": np.matmul, "and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor, "lshift": np.left_shift,
    "rshift": np.right_shift,
}  # fmt: skip
_LOGICAL = {np.bitwise_and: np.logical_and, np.bitwise_or: np.logical_or, np.bitwise_xor: np.logical_xor}
_COMPARISON = {"lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal, "eq": np.equal, "ne": np.not_equal}
_UNARY = {"neg": np.negative, "pos": np.positive, "abs": np.absolute}

# Methods that take the function's own arguments after the array.
_SAME = (
    "sum", "mean", "prod", "max", "min", "std", "var", "argmax", "argmin", "cumsum", "cumprod", "all", "any", "clip", "trace",
    "diagonal", "repeat", "take", "argsort", "nonzero", "round", "squeeze", "swapaxes", "ravel", "dot", "searchsorted", "choose",
    "compress", "put", "argpartition",
)  # fmt: skip


def _binary(function: Any, own: Callable[[Any, Any], Any]) -> tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]:
    def chosen(a: Any, b: Any) -> Any:  # & | ^ of masks
        return _LOGICAL.get(function, function) if function in _LOGICAL and _is_mask(a) and _is_mask(b) else function

    def forward(self: Traced, other: Any) -> Any:
        if _is_python_int(self) and _is_python_int(other):
            return own(int(self), int(other))
        if self.is_scalar and _is_python(self) and _is_python(other):
            return _of_python(self.tracer, function, own, self, other)
        return call(self.tracer, chosen(self, other), (self, other), {}) if is_operand(other) else NotImplemented

    def reflected(self: Traced, other: Any) -> Any:
        if _is_python_int(self) and _is_python_int(other):
            return own(int(other), int(self))
        if self.is_scalar and _is_python(self) and _is_python(other):
            return _of_python(self.tracer, function, own, other, self)
        return call(self.tracer, chosen(other, self), (other, self), {}) if is_operand(other) else NotImplemented

    def in_place(self: Traced, other: Any) -> Any:
        if self.is_scalar or not is_operand(other):
            return forward(self, other)
        return call(self.tracer, chosen(self, other), (self, other), {"out": self})

    return forward, reflected, in_place


def _is_python_int(value: Any) -> bool:
    """An integer argument (a count, an order): arithmetic among such is Python's, and known at once."""
    if type(value) is Traced:
        known = value.tracer.numbers and not value.tracer.dependent(value.node)
        return known and value.is_scalar and value.node.weak and value.dtype.kind == "i"
    return type(value) is int


def _is_python(value: Any) -> bool:
    """A Python number: what float() and the math module give, or what came in as one."""
    if type(value) is Traced:
        return value.is_scalar and (value.python or value.node.weak)
    return type(value) in (float, int, bool)


def _of_python(tracer: Any, function: Any, own: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
    domain.arithmetic(tracer, own, a, b)
    return as_python(call(tracer, function, (a, b), {}))


def _is_mask(value: Any) -> bool:
    return isinstance(value, bool) or getattr(value, "dtype", None) == np.bool_


def _comparison(function: Any) -> Callable[..., Any]:
    def compare(self: Traced, other: Any) -> Any:
        return call(self.tracer, function, (self, other), {}) if is_operand(other) else NotImplemented

    return compare


def _unary(function: Any) -> Callable[..., Any]:
    def operate(self: Traced) -> Any:
        found = call(self.tracer, function, (self,), {})
        return as_python(found) if self.python else found

    return operate


def _invert(self: Traced) -> Any:
    return call(self.tracer, np.logical_not if self.dtype == np.bool_ else np.invert, (self,), {})


def _divmod(self: Traced, other: Any) -> Any:
    return self // other, self % other


def _rdivmod(self: Traced, other: Any) -> Any:
    return other // self, other % self


def _same(function: Any) -> Callable[..., Any]:
    return lambda self, *args, **kwargs: call(self.tracer, function, (self, *args), kwargs)


def _itself(self: Traced) -> Traced:
    return self


def _reshape(self: Traced, *shape: Any, **options: Any) -> Any:
    return call(self.tracer, np.reshape, (self, shape[0] if len(shape) == 1 else shape), options)


def _transpose(self: Traced, *axes: Any) -> Any:
    order = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes or None
    return call(self.tracer, np.transpose, (self, order), {})


def _copy(self: Traced, order: str = "C") -> Any:
    made = Traced(self.tracer, Root(self.node), is_scalar=self.is_scalar)
    if order != "C":
        laid_out(self.tracer, np.copy, (self, order), {}, made)
    return made


def _flatten(self: Traced, order: str = "C") -> Any:
    return call(self.tracer, np.ravel, (_copy(self), order), {})


def _astype(self: Traced, dtype: Any, order: str = "K", casting: str = "unsafe", subok: bool = True, copy: bool = True) -> Any:
    if not copy and np.dtype(dtype) == self.dtype:
        return self
    made = Traced(self.tracer, Root(astype(self.tracer, self.node, dtype)), is_scalar=self.is_scalar)
    laid_out(self.tracer, np.copy, (self, order), {}, made)
    return made


def _item(self: Traced, *index: Any) -> Any:
    if index:
        found = index[0] if len(index) == 1 else index
        return as_python(getitem(_flatten(self) if isinstance(found, int) and self.ndim != 1 else self, found))
    if self.size != 1:
        raise ValueError("can only convert an array of size 1 to a Python scalar")
    return as_python(getitem(call(self.tracer, np.reshape, (self, ()), {}), ()))


def _tolist(self: Traced) -> Any:
    return [_tolist(row) for row in self] if self.ndim else as_python(getitem(self, ()))


def _fill(self: Traced, value: Any) -> None:
    overwrite(self, as_node(self.tracer, value))


def _sort(self: Traced, axis: Any = -1, kind: Any = None, order: Any = None, **_: Any) -> None:
    writable(self)
    overwrite(self, as_node(self.tracer, call(self.tracer, np.sort, (self, axis), {})))


def _set_shape(self: Traced, shape: Any) -> None:
    made = _reshape(self, shape)
    if made.place.root is not self.place.root:
        raise AttributeError("Incompatible shape for in-place modification. Use `.reshape()` to make a copy with the desired shape.")
    self.place = made.place


def _flat(self: Traced) -> Any:
    return views.flat(self)


def _set_flat(self: Traced, value: Any) -> None:
    call(self.tracer, np.copyto, (self, call(self.tracer, np.resize, (value, self.sizes), {})), {})


def _resized(self: Traced, *shape: Any, **_: Any) -> None:
    advice = "Make a new array: np.resize(a, shape), or np.zeros and a slice."
    raise refuse("ndarray.resize changes memory in place and is not supported by wrt.", advice=advice)


def _array_ufunc(self: Traced, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
    out = kwargs.get("out")
    if isinstance(out, tuple):
        kwargs["out"] = out[0] if len(out) == 1 else out
    return ufunc_method(self.tracer, ufunc, method, inputs, kwargs)


def _array_function(self: Traced, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
    return call(self.tracer, function, args, kwargs)


def _give() -> None:
    given: dict[str, Any] = {}
    for name, function in _BINARY.items():
        given[f"__{name}__"], given[f"__r{name}__"], given[f"__i{name}__"] = _binary(function, getattr(operator, f"__{name}__"))
    given |= {f"__{name}__": _comparison(function) for name, function in _COMPARISON.items()}
    given |= {f"__{name}__": _unary(function) for name, function in _UNARY.items()}
    given |= {name: _same(getattr(np, name)) for name in _SAME}
    given |= {
        "__invert__": _invert, "__divmod__": _divmod, "__rdivmod__": _rdivmod, "__getitem__": getitem, "__setitem__": setitem,
        "__array_ufunc__": _array_ufunc, "__array_function__": _array_function,
        "reshape": _reshape, "transpose": _transpose, "copy": _copy, "flatten": _flatten, "astype": _astype, "item": _item,
        "tolist": _tolist, "fill": _fill, "sort": _sort, "resize": _resized, "conj": _itself, "conjugate": _itself,
        "T": property(_transpose), "mT": property(_same(np.matrix_transpose)), "real": property(_itself),
        "flat": property(_flat, _set_flat), "imag": property(_same(np.zeros_like)),
        "shape": property(vars(Traced)["shape"].fget, _set_shape),
        "is_integer": lambda self: self.number(float.is_integer), "bit_length": lambda self: self.number(int.bit_length),
    }  # fmt: skip
    for name, value in given.items():
        setattr(Traced, name, value)
    for name in ("add", "sub", "mul", "truediv", "pow", "mod", "floordiv"):
        for prefix in ("__", "__r"):
            method = f"{prefix}{name}__"
            setattr(Extent, method, _beyond_sizes(_BINARY[name], getattr(Extent, method, None), prefix == "__r"))


def _beyond_sizes(function: Any, within: Callable[..., Any] | None, reflected: bool) -> Callable[..., Any]:
    """1/n, n**0.5, n*x for a symbolic size n: no size, but a number of the graph."""

    def operate(self: Extent, other: Any) -> Any:
        size = NotImplemented if within is None else within(self, other)
        if size is not NotImplemented or not is_operand(other):
            return size
        number = Traced.of(self.tracer, self.node, scalar=True)
        return call(self.tracer, function, (other, number) if reflected else (number, other), {})

    return operate


_give()
