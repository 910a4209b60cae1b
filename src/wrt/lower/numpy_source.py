"""A graph as a NumPy function: one statement for each value that is used more than once, the rest as nested expressions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from wrt.graph.node import Held, Node, array_of, number
from wrt.graph.size import Size, symbols_in
from wrt.graph.walk import topological
from wrt.lower import nest_source
from wrt.lower.text import COMPARE, LEVEL, Code, binary, call, sign
from wrt.lower.text import number as number_code
from wrt.lower.text import size as size_code
from wrt.ops.catalog import OPERATIONS

_CHEAP = re.compile(r"-?[^\W\d]\w*(\[-?\d+(, -?\d+)*\])?(\.T)?|-?[\d.]+(e[-+]?\d+)?")
LONG = 72  # an expression of more characters gets a line of its own


class Guard(Protocol):
    """A choice that the traced function made: right where `holds` of the nodes' arrays is true; `value` is what was read."""

    @property
    def nodes(self) -> tuple[Node, ...]: ...
    @property
    def value(self) -> Any: ...
    def holds(self, arrays: Sequence[Any]) -> bool: ...


@dataclass(slots=True)
class Source:
    """Python text that defines one function, and the arrays that it refers to by name."""

    name: str
    text: str
    held: dict[str, Any] = field(default_factory=dict)

    @property
    def imports(self) -> str:
        """The import lines that the text needs."""
        modules = ["numpy as np", *sorted(set(re.findall(r"\bscipy\.[a-z]+(?=\.)", self.text)))]
        return "".join(f"import {module}\n" for module in modules)

    def __str__(self) -> str:
        """The whole module: imports, the arrays that the function refers to, the function. Long arrays are only described."""
        return "\n".join(filter(None, [self.imports + self._arrays(), self.text]))

    def standalone(self) -> str:
        """The whole module, to be run as it is."""
        return "\n".join([self.imports + self._arrays(longest=None), self.text])

    def _arrays(self, longest: int | None = 12) -> str:
        lines = []
        for name, held in self.held.items():
            if not isinstance(held, np.ndarray):
                lines.append(f"# {name}: whether a choice that the traced function made holds here")
            elif longest is None or held.size <= longest:
                lines.append(f"{name} = np.array({held.tolist()!r})")
            else:
                lines.append(f"# {name}: {held.dtype}{list(held.shape)}")
        return "".join(f"{line}\n" for line in lines)

    def compile(self) -> Any:
        """The function itself."""
        space: dict[str, Any] = dict(self.held)
        exec(compile(self.imports + self.text, f"<wrt {self.name}>", "exec"), space)  # our own text
        return space[self.name]


def source(
    name: str,
    inputs: Mapping[Node, str],
    outputs: Sequence[Node],
    guards: Sequence[Guard] = (),
    names: Mapping[Node, str] | None = None,
) -> Source:
    """The function `name(inputs…)` that returns the outputs (one, or a tuple).

    Where a guard does not hold, the function returns None at once. `names` are what the user calls some of the nodes.
    """
    writer = _Writer(inputs, [*(node for guard in guards for node in guard.nodes), *outputs], dict(names or {}))
    for guard in guards:
        writer.guard(guard)
    results = [writer.result(node) for node in outputs]
    body = [*writer.sizes(results), *writer.lines, "return " + (", ".join(results) or "()")]
    arguments = ", ".join(inputs.values())
    text = f"def {name}({arguments}):\n" + "".join(f"    {line}\n" for line in body)
    return Source(name, text, writer.held)


class _Writer:
    """Statements so far, and what each node is called."""

    def __init__(self, inputs: Mapping[Node, str], outputs: Sequence[Node], names: dict[Node, str]) -> None:
        self.inputs, self.wanted = inputs, names
        self.lines: list[str] = []
        self.held: dict[str, Any] = {}
        self.keys: dict[Any, Code] = {}
        self.last: dict[str, int] = {}
        self.codes: dict[Node, Code] = {node: Code(name) for node, name in inputs.items()}
        self.taken = {"np", *inputs.values()}
        self.count: dict[Node, int] = {}
        self.outputs = set(outputs)
        self.order = topological(outputs)
        for node in self.order:
            for child in set(node.inputs):
                self.count[child] = self.count.get(child, 0) + _reads(node, child)

    def result(self, node: Node) -> str:
        return self.ref(node).text

    def guard(self, guard: Guard) -> None:
        codes = [self.ref(node) for node in guard.nodes]
        (node, *others) = guard.nodes
        if not others and node.dtype.kind == "b" and node.shape == () and guard.value in (True, False):
            self.lines.append(f"if not {codes[0].inside(COMPARE)}:" if guard.value else f"if {codes[0].text}:")
        else:
            name = self._fresh("same")
            self.held[name] = guard.holds
            self.lines.append(f"if not {name}(({', '.join(code.text for code in codes)},)):")
        self.lines.append("    return None")

    def ref(self, node: Node) -> Code:
        """How the node is written here; what must come first is written first."""
        known = self.codes.get(node)
        if known is not None:
            return known
        for step in topological([node]):  # inputs first, without recursion
            if step not in self.codes:
                self.codes[step] = self._write(step)
        return self.codes[node]

    def _write(self, node: Node) -> Code:
        value = number(node)
        if value is not None:
            return number_code(value)
        if node.op == "size":
            return size_code(node.attrs)  # type: ignore[arg-type]
        if node.op in ("frozen", "captured"):
            return self.hold(array_of(node), node)
        if node.op == "variable":
            raise KeyError(f"The variable {node} is not among the inputs of the program.")
        if node.op == "nest":
            code = nest_source.expression(node, self.ref, self.hold)
            if code is None:
                name = self._name(node)
                self.lines += nest_source.statements(node, name, self.ref, self.hold)
                return Code(name)
        else:
            code = self._operation(node)
        reads = self.count.get(node, 0)
        shared = reads > 1 or (reads and node in self.outputs)
        if node in self.wanted or len(code.text) > LONG or (shared and not _is_cheap(code)):
            name = self._name(node)
            self.lines.append(f"{name} = {code.text}")
            return Code(name)
        return code

    def _operation(self, node: Node) -> Code:
        operation = OPERATIONS[node.op]
        codes = [self.codes[child] for child in node.inputs]
        if not isinstance(operation.code, str):
            return Code(operation.code(node, [code.text for code in codes]))
        if node.op == "negative":
            return sign(codes[0])
        if operation.code in LEVEL:
            return binary(operation.code, *codes)
        return call(operation.code, *(code.text for code in codes))

    def _name(self, node: Node) -> str:
        return self._fresh(self.wanted.get(node, "t"), numbered=node not in self.wanted)

    def _fresh(self, stem: str, *, numbered: bool = True) -> str:
        """A name that is not taken: stem, or stem1, stem2 and so on."""
        name = stem
        while numbered or name in self.taken:
            self.last[stem] = self.last.get(stem, 0) + 1
            name, numbered = f"{stem}{self.last[stem]}", False
        self.taken.add(name)
        return name

    def hold(self, array: Any, node: Node | None = None) -> Code:
        """The name of a constant array."""
        key = node.attrs.key if node is not None and isinstance(node.attrs, Held) else (array.dtype.str, array.shape, array.tobytes())
        if key in self.keys:
            return self.keys[key]
        name = self._fresh(self.wanted.get(node, "k") if node is not None else "k", numbered=False)
        self.held[name] = array
        self.keys[key] = Code(name)
        return self.keys[key]

    def sizes(self, results: Sequence[str]) -> list[str]:
        """Lines that read the named sizes off the inputs' shapes."""
        lines: list[str] = []
        symbols = {name for node in self.order for size in node.shape for name in symbols_in(size)}
        missing = symbols & set(re.findall(r"[^\W\d]\w*", " ".join([*self.lines, *results])))
        for node, name in self.inputs.items():
            mine = [_bare(size) for size in node.shape]
            if missing & set(mine):
                lines.append(f"{', '.join(m if m in missing else '_' for m in mine)}{',' * (len(mine) == 1)} = {name}.shape")
                missing -= set(mine)
        if missing:
            raise KeyError(f"No input shows the size {min(missing)}.")
        return lines


def _bare(size: Size) -> str:
    names = symbols_in(size)
    return next(iter(names)) if len(names) == 1 and str(size) in names else "_"


def _reads(node: Node, child: Node) -> int:
    """How often the node's expression writes its input."""
    if node.op == "nest":
        return sum(f.node is child for term in node.attrs for f in term.factors)  # type: ignore[attr-defined]
    return sum(c is child for c in node.inputs)


def _is_cheap(code: Code) -> bool:
    """Whether writing the expression again costs nothing: a name, a number, an entry or a transpose."""
    return _CHEAP.fullmatch(code.text) is not None
