"""Compiled programs run by themselves: what the tests of the loops share."""

import numpy as np

from wrt.graph.node import array_of
from wrt.lower.kernel import machine
from wrt.lower.kernel.build import build, output
from wrt.lower.kernel.entry import Given, Made, Relied, Signature, entry
from wrt.lower.kernel.llvm_text import module
from wrt.lower.kernel.program import code
from wrt.lower.kernel.variants import variants
from wrt.lower.numpy_source import source

NUMPY = {"f8": np.float64, "f4": np.float32, "i8": np.int64, "i4": np.int32, "b1": np.bool_}


def numpy(inputs, arrays, nodes):
    """The nodes' arrays by the NumPy source."""
    found = source("value", inputs, nodes).compile()(*arrays)
    return [np.asarray(a) for a in (found if len(nodes) > 1 else [found])]


def llvm(inputs, arrays, nodes):
    """The same by compiled loops."""
    built = build(inputs, lambda small: [output(node, f"out{k}", node.dtype, small) for k, node in enumerate(nodes)], nodes)
    before = numpy(inputs, arrays, list(built.before.values())) if built.before else []
    given = [*arrays, *(np.asarray(a, n.dtype, order="C") for a, n in zip(before, built.before.values(), strict=True))]
    position = {name: k for k, name in enumerate([*built.inputs, *built.before])}
    slots = []
    for name, array in built.program.arrays.items():
        if name in position:
            slots.append(Given("array", position[name], given[position[name]].shape, given[position[name]].dtype.str[1:]))
        elif name in built.captured:
            slots.append(array_of(built.captured[name]))
        elif array.role == "output":
            node = nodes[int(name.removeprefix("out"))]
            slots.append(Made(node.shape, code(node.dtype)))
        else:
            slots.append(built.program.tables[name] if array.role == "table" else np.empty(array.size, NUMPY[array.dtype]))
    run, _ = entry(module(built.program, variants()), Signature(len(given), tuple(slots), single=len(nodes) == 1), Relied())
    found = run(*given)
    assert found is not None
    return list(found) if len(nodes) > 1 else [found]


__all__ = ["llvm", "machine", "numpy"]
