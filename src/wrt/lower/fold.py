"""What depends on arrays that cannot change is computed once, when the program is made: the Hessian A + Aᵀ of xᵀAx is then an array.

Arrays that can be written to are read again at every run, because their owner may have changed them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from wrt.graph.index import plain
from wrt.graph.nest import terms_of
from wrt.graph.node import Node, array_of, captured
from wrt.graph.term import summed
from wrt.graph.walk import topological, uses
from wrt.lower.evaluate import evaluate
from wrt.lower.merge import merged, rebuilt
from wrt.lower.tune import tuned

LEAVES = ("constant", "size", "frozen", "captured", "variable", "tri")  # `tri` is never made: products with it are running sums


def folded(outputs: Sequence[Node], inputs: Collection[Node] = (), watched: Sequence[Node] = ()) -> list[Node]:
    """The same outputs, with everything that cannot change as an array; `inputs` and `watched` as `tune.tuned` takes them."""
    order = topological(outputs)
    if not any(node.op == "frozen" or (node.op == "captured" and is_fixed(array_of(node))) for node in order):
        return list(outputs)
    if any(node.op == "captured" for node in order):  # s·A + s·Aᵀ is s·(A + Aᵀ), of which the sum can be kept
        outputs, _ = tuned(merged(outputs, {}, inputs, watched)[0], {}, inputs, watched, helpers=())
        order = topological(outputs)
    fixed: set[Node] = set()
    for node in order:
        if is_fixed(array_of(node)) if node.op == "captured" else node.op != "variable" and all(child in fixed for child in node.inputs):
            fixed.add(node)
    readers, wanted = uses(order), set(outputs)
    tops = [node for node in order if node in fixed and _is_work(node) and (node in wanted or any(reader not in fixed for reader in readers[node]))]
    if not tops:
        return list(outputs)
    instead = {node: captured(_read_only(array, node)) for node, array in zip(tops, evaluate(tops, {}), strict=True)}
    for node in order:
        if node not in instead:
            made = rebuilt(node, instead)
            if made is not node:
                instead[node] = made
    return [instead.get(node, node) for node in outputs]


def is_fixed(array: Any) -> bool:
    """Whether nobody can write to the array: neither it nor what it is a view of is writeable."""
    while isinstance(array, np.ndarray):
        if array.flags.writeable:
            return False
        array = array.base
    return array is None or isinstance(array, bytes)


def _read_only(array: Any, node: Node) -> Any:
    array = np.asarray(array, node.dtype)
    array.setflags(write=False)
    return array


def _is_work(node: Node) -> bool:
    """Whether the node costs more than a view: arithmetic, sums, copies."""
    if node.op in LEAVES or not node.inputs or node.ndim == 0 or not all(isinstance(n, int) for n in node.shape):
        return False
    if node.op != "nest" or len(terms_of(node)) != 1:
        return True
    (term,) = terms_of(node)
    plain_view = len(term.factors) == 1 and term.scale == 1 and not summed(term) and all(plain(index) is not None for index in term.out)
    return not plain_view
