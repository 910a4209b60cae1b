"""The one place where a NumPy or SciPy function meets traced arguments.

A function with a builder becomes nodes. One that is declared constant gives plain numbers and a guard. One that wrt has no
rule for is computed with plain numbers if nothing in it is differentiated, and refused by name otherwise.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from wrt.errors import Unsupported, WrtError
from wrt.graph.arithmetic import where as choose
from wrt.graph.nest import terms_of
from wrt.graph.node import Node, frozen
from wrt.graph.size import Polynomial
from wrt.trace.domain import factorization
from wrt.trace.extent import sizes
from wrt.trace.guards import Trace
from wrt.trace.indexing import overwrite
from wrt.trace.lookup import builder_of, is_constant, public_name, refused
from wrt.trace.operand import as_node, cast, numpy_scalar, traced_in
from wrt.trace.place import Root
from wrt.trace.refusal import at_user, attempt, blame, described, forget, numbers_instead, refuse
from wrt.trace.source import argument_text
from wrt.trace.traced import Traced

Handler = Callable[..., Any]
SPECIAL: dict[Any, Handler] = {}  # functions that are about memory (views, new arrays, writes) and not about mathematics

_IN_C_ORDER = frozenset({np.roll, np.where, np.clip, np.concatenate})  # like ufuncs: of arrays in C order they make one in C order
# Their result lies in memory in the same way whatever the numbers are.
_MOVES = frozenset({np.sum, np.mean, np.cross, np.concatenate, np.stack, np.einsum, np.dot, np.roll, np.diff, np.cumsum, np.where})

# Options that change nothing here: memory order, subclasses and the like.
_NEUTRAL = {"order", "subok", "casting", "like", "signature", "copy", "device", "check_finite", "overwrite_a", "overwrite_b"}
_GENERAL = {"out", "where", "dtype"}  # what all ufuncs and most reductions take


class Slot(NamedTuple):
    """A builder's parameter: its name and what it receives."""

    name: str
    role: str  # "node", "nodes" or "plain"
    many: bool  # *args


def special(*functions: Any) -> Callable[[Handler], Handler]:
    """Declare the handler below for these functions: it is called with the trace and the user's own arguments."""

    def declare(handler: Handler) -> Handler:
        for function in functions:
            SPECIAL[function] = handler
        return handler

    return declare


@lru_cache(maxsize=4096)
def slots_of(builder: Callable[..., Any]) -> tuple[inspect.Signature, dict[str, Slot], bool]:
    """The builder's parameters, and whether all of them are nodes (as of most ufuncs): then nothing needs to be sorted out."""
    signature = inspect.signature(builder)
    slots = {}
    for name, parameter in signature.parameters.items():
        text = str(getattr(parameter.annotation, "__name__", parameter.annotation))
        kinds = {part.strip() for part in text.replace("Operand", "Node").split("|")}
        role = "nodes" if "Nodes" in kinds else "node" if "Node" in kinds else "plain"
        slots[name] = Slot(name, role, parameter.kind is inspect.Parameter.VAR_POSITIONAL)
    return signature, slots, all(slot.role == "node" and not slot.many for slot in slots.values())


def call(tracer: Trace, function: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """function(*args, **kwargs), recorded."""
    handler = SPECIAL.get(function) if getattr(function, "__hash__", None) else None
    try:
        if handler is not None:
            return laid_out(tracer, function, args, kwargs, handler(tracer, *args, **kwargs))
        return laid_out(tracer, function, args, kwargs, by_rule(tracer, function, args, kwargs))
    except WrtError as error:
        raise at_user(error) from None


def laid_out(tracer: Trace, function: Any, args: Sequence[Any], kwargs: dict[str, Any], result: Any, part: int | None = None) -> Any:
    """The result, whose new memory will be laid out as NumPy lays out this function's, should anybody ask."""
    if type(result) is Traced:
        place = result.place
        if type(place) is Root and len(place.shape) > 1 and place.layout is None and not place.settled:
            shape = place.shape
            if all(leaf.place is not place for leaf in traced_in([args, kwargs])):
                place.layout = lambda: _layout(tracer, function, args, kwargs, shape, part)
    elif part is None and isinstance(result, tuple | list):
        for position, item in enumerate(result):
            laid_out(tracer, function, args, kwargs, item, position)
    return result


def _layout(tracer: Trace, function: Any, args: Sequence[Any], kwargs: dict[str, Any], shape: Any, part: int | None) -> Any:
    """NumPy's own result on arrays that lie as these do; None where it cannot be had."""
    leaves = list(traced_in([args, kwargs]))
    if not callable(function) or any(callable(value) for value in args if type(value) is not Traced):
        return None
    memories = [leaf.place.memory for leaf in leaves]
    if any(memory is None or leaf.place.root.unsure for leaf, memory in zip(leaves, memories, strict=True)):
        return None
    if part is None and not kwargs:
        known = _by_strides(function, args, memories, shape)
        if known is not None:
            return known
    try:
        numbers = tracer.numbers and function not in _MOVES
        arrays = [_lying_like(memory, tracer.value(leaf.node) if numbers else 1) for leaf, memory in zip(leaves, memories, strict=True)]
        with np.errstate(all="ignore"):
            found = _computed(function, args, kwargs, arrays)
    except Exception:  # noqa: BLE001  # whatever it is, the layout is not known then
        return None
    found = found if part is None else found[part]
    shared = any(np.may_share_memory(found, array) for array in arrays)
    return found if type(found) is np.ndarray and found.shape == shape and not shared else None


def _by_strides(function: Any, args: Sequence[Any], memories: Sequence[Any], shape: Any) -> Any:
    """Memory of the result's layout, where it follows from that of the arguments and nothing needs to be computed; else None."""
    elementwise = isinstance(function, np.ufunc) and function.signature is None and function.nout == 1 and len(args) == function.nin
    if not elementwise and function not in _IN_C_ORDER:
        return None
    items = [item for value in args for item in (value if isinstance(value, list | tuple) else (value,))]
    if any(isinstance(item, list | tuple) for item in items):
        return None
    plain = [item for item in items if type(item) is np.ndarray]
    if all(array.flags.c_contiguous for array in (*memories, *plain)):
        return np.empty(shape, np.int8)  # C order gives C order
    if not elementwise or any(isinstance(value, list | tuple) for value in args):
        return None
    remaining = iter(memories)
    operands = [next(remaining) if type(value) is Traced else np.asarray(value) for value in args]
    flags: list[Any] = [*[["readonly"]] * len(operands), ["writeonly", "allocate"]]
    made = np.nditer([*operands, None], ["zerosize_ok"], flags, order="K").operands[-1]  # as the ufunc itself allocates it
    return made if made.shape == shape else None


def _lying_like(memory: Any, value: Any) -> Any:
    """The values, their axes in the order of the memory's, and broadcast along those that it is broadcast along."""
    once = tuple(slice(0, 1 if stride == 0 else None) for stride in memory.strides)
    made = np.empty_like(memory[once], np.result_type(value))
    made[...] = value[once] if np.ndim(value) else value
    return np.broadcast_to(made, memory.shape) if made.shape != memory.shape else made


def by_rule(tracer: Trace, function: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """The function by its builder, or without one if nothing in it is differentiated."""
    builder = builder_of(function)
    if builder is None:
        return _without_rule(tracer, function, args, kwargs)
    if (getattr(function, "__module__", None) or "").partition(".")[2]:  # not NumPy's main namespace
        nodes = [leaf.node for leaf in traced_in([args, kwargs])]
        factorization(tracer, function, nodes, lambda *arrays: _computed(function, args, kwargs, arrays))
    return _with_rule(tracer, function, builder, args, kwargs)


def _with_rule(tracer: Trace, function: Any, builder: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    signature, slots, only_nodes = slots_of(builder)
    if only_nodes and not kwargs and len(args) == len(slots):
        return traced_result(tracer, builder(*[as_node(tracer, value) for value in args]))
    if isinstance(function, np.ufunc) and len(args) > function.nin:
        args, kwargs = args[: function.nin], {**kwargs, "out": args[function.nin :]}
    out, where, dtype = (None if name in slots else kwargs.get(name) for name in ("out", "where", "dtype"))
    own = {name: value for name, value in kwargs.items() if name in slots or name not in _NEUTRAL | _GENERAL}
    if isinstance(out, tuple):
        out = out[0] if len(out) == 1 else out
    try:
        bound = signature.bind(*args, **own)
    except TypeError as error:
        return _misfit(tracer, function, args, kwargs, error)
    try:
        bound.arguments = {name: _received(tracer, slots[name], value) for name, value in bound.arguments.items()}
        result = builder(*bound.args, **bound.kwargs)
    except Unsupported as error:
        if dependent_in(tracer, args, kwargs):
            error.known = error.known or _blame(tracer, args, kwargs)
            raise
        forget(error)
        return _numbers(tracer, function, args, kwargs)
    if dtype is not None and isinstance(result, Node):
        result = cast(tracer, result, np.dtype(dtype))
    if where is not None and where is not True:
        result = _masked(tracer, function, result, where, out)
    if out is not None:
        return _into(tracer, function, out, result)
    return traced_result(tracer, result)


def _received(tracer: Trace, slot: Slot, value: Any) -> Any:
    if slot.role == "plain":
        return tuple(plain_argument(tracer, item) for item in value) if slot.many else plain_argument(tracer, value)
    if slot.many:
        return tuple(as_node(tracer, item) for item in value)
    if slot.role == "nodes":
        return [as_node(tracer, item) for item in value]
    return None if value is None else as_node(tracer, value)


def plain_argument(tracer: Trace, value: Any) -> Any:
    """What the user wrote, traced integers and the like made known."""
    if type(value) is Traced:
        if value.dtype.kind == "f" and tracer.dependent(value.node):
            known = f"It depends on what is differentiated: {described(value.node)}."
            raise refuse("An option of this function must be known, and this one would lose its derivative.", known=known)
        array = tracer.concrete(value.node)
        return array.item() if not array.ndim else array
    if type(value) in (tuple, list):
        return type(value)(plain_argument(tracer, item) for item in value)
    return sizes(value)


def _masked(tracer: Trace, function: Any, result: Any, where: Any, out: Any) -> Any:
    """where= of a ufunc: the other entries stay what `out` holds."""
    if not isinstance(result, Node) or not isinstance(function, np.ufunc):
        advice = "Choose the entries first: a[mask], or np.where(mask, a, 0)."
        raise refuse(f"{public_name(function)} with where= is not supported by wrt.", advice=advice)
    if out is None:
        raise refuse(
            f"{public_name(function)} with where= and without out= leaves entries undefined.",
            advice="Pass out=, or write np.where(mask, value, other).",
        )
    return choose(as_node(tracer, where), result, as_node(tracer, out))


def _into(tracer: Trace, function: Any, out: Any, result: Any) -> Any:
    name = public_name(function)
    if type(out) is not Traced:
        if not isinstance(out, np.ndarray):
            raise refuse(f"{name} with several out= arrays is not supported by wrt.", advice="Assign the results.")
        advice = "wrt never writes to your arrays; give out= a new one: np.empty(shape)."
        raise refuse(f"{name} writes into an array of yours.", advice=advice)
    if isinstance(function, np.ufunc) and not np.can_cast(result.dtype, out.dtype, "same_kind"):
        raise TypeError(f"Cannot cast ufunc '{name}' output from {result.dtype!r} to {out.dtype!r} with casting rule 'same_kind'")
    overwrite(out, result)
    return out


def _misfit(tracer: Trace, function: Any, args: Sequence[Any], kwargs: dict[str, Any], error: TypeError) -> Any:
    """Arguments that the builder has no parameter for."""
    if not dependent_in(tracer, args, kwargs):
        return _numbers(tracer, function, args, kwargs)
    try:
        inspect.signature(function).bind(*args, **kwargs)
    except TypeError as wrong:
        raise TypeError(f"{public_name(function)}: {wrong}") from None
    except ValueError:
        pass
    fact = f"{public_name(function)} is not supported with these arguments: {error}."
    raise refuse(fact, known=_blame(tracer, args, kwargs), advice=numbers_instead(tracer.name))


# ----- functions without a builder ------------------------------------------------------------------------------------
def _without_rule(tracer: Trace, function: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    if is_constant(function):
        return by_value(tracer, function, args, kwargs)
    if not dependent_in(tracer, args, kwargs):
        return _numbers(tracer, function, args, kwargs)
    refusal = refused(function)
    python = None if refusal else tracer.through(function)
    if python is not None:
        with attempt():  # what is refused inside the library is not what the user wrote
            return python(*args, **kwargs)
    name = refusal.name if refusal else public_name(function)
    advice = (refusal.advice if refusal else "").replace("{0}", argument_text(0) or "A")
    raise refuse(f"{name} has no derivative rule in wrt.", known=_blame(tracer, args, kwargs), advice=numbers_instead(tracer.name, advice))


def by_value(tracer: Trace, function: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """A result that does not change with small changes of the input: computed now, guarded."""
    nodes = [leaf.node for leaf in traced_in([args, kwargs])]
    if not tracer.numbers and any(tracer.dependent(node) for node in nodes):
        fact = f"{public_name(function)} is piecewise constant: its derivative is zero wherever it exists, and its value is not known from shapes alone."
        raise refuse(fact, advice="Differentiate what is chosen (np.max, np.where), or ask for numbers: wrt.jacobian.")
    if kwargs.get("out") is not None:
        raise refuse(f"{public_name(function)} with out= is not supported by wrt.", advice="Assign the result.")

    def read(*arrays: Any) -> Any:
        return _computed(function, args, kwargs, arrays)

    return plain_result(tracer, tracer.depend_on(nodes, read))


def _computed(function: Any, args: Sequence[Any], kwargs: dict[str, Any], arrays: Sequence[Any]) -> Any:
    """The function itself, with these arrays in the place of the traced ones."""
    remaining = iter(arrays)
    return function(*_replaced(list(args), remaining), **_replaced(dict(kwargs), remaining))


def _replaced(value: Any, arrays: Iterator[Any]) -> Any:
    """The arguments with every traced array replaced by the next of the arrays (in the order of `traced_in`)."""
    if type(value) is Traced:
        array = next(arrays)
        return array[()] if value.is_scalar else array
    if isinstance(value, dict):
        return {name: _replaced(item, arrays) for name, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_replaced(item, arrays) for item in value)
    return value


def _numbers(tracer: Trace, function: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """The function itself, on numbers that the derivative does not depend on."""
    arrays = iter([tracer.concrete(leaf.node) for leaf in traced_in([args, kwargs])])
    return plain_result(tracer, function(*_replaced(list(args), arrays), **_replaced(dict(kwargs), arrays)))


# ----- results --------------------------------------------------------------------------------------------------------
def traced_result(tracer: Trace, result: Any) -> Any:
    """Nodes as traced arrays."""
    if isinstance(result, Node):
        return Traced.of(tracer, settled(tracer, result), scalar=not result.shape)
    if isinstance(result, tuple | list):
        items = [traced_result(tracer, item) for item in result]
        return getattr(type(result), "_make", type(result))(items)  # a namedtuple stays one
    return result


def settled(tracer: Trace, node: Node) -> Node:
    """Integers, booleans and single entries that are the same in every run become numbers at once."""
    if node.op in ("constant", "frozen") or node.variables or not tracer.fixed(node):
        return node
    if any(isinstance(size, Polynomial) for size in node.shape):
        return node
    entry = node.op == "nest" and not node.shape and not any(term.sizes for term in terms_of(node))
    if node.dtype.kind == "f" and not entry:
        return node
    array = np.array(tracer.value(node))
    return frozen(array) if array.ndim else numpy_scalar(tracer, array[()])


def plain_result(tracer: Trace, result: Any) -> Any:
    """What the real function gave: arrays become traced, so that they can be filled and used like any other."""
    if isinstance(result, np.ndarray) and type(result) is np.ndarray and result.dtype.kind in "fiub":
        return Traced.of(tracer, frozen(np.array(result)), memory=result)
    if type(result) in (tuple, list):
        return type(result)(plain_result(tracer, item) for item in result)
    return result


def dependent_in(tracer: Trace, args: Any, kwargs: Any) -> bool:
    return any(tracer.dependent(leaf.node) for leaf in traced_in([args, kwargs]))


def _blame(tracer: Trace, args: Sequence[Any], kwargs: dict[str, Any]) -> str:
    """Which argument is to blame: the first that depends on what we differentiate by; a mask only if there is no other."""
    found = [
        (leaf.dtype.kind == "b", position, leaf.node if type(value) is Traced else as_node(tracer, value))
        for position, value in enumerate((*args, *kwargs.values()))
        for leaf in traced_in(value)
        if tracer.dependent(leaf.node)
    ]
    if not found:
        return ""
    _, position, node = min(found, key=lambda item: item[:2])
    return blame(node, tracer.differentiated, position)
